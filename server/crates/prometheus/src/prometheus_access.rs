//! The access to the Prometheus of a project.

use std::{fmt, time::Duration};

/// The access to a Prometheus.
#[derive(Clone, PartialEq, Eq)]
pub struct PrometheusAccess {
    /// Its address, with any path before `/api/v1`.
    pub url: String,
    /// How often it is queried.
    pub refresh_interval: Duration,
    /// Whether invalid certificates are accepted.
    pub tls_skip_verify: bool,
    /// User name and password.
    pub basic_auth: Option<(String, String)>,
    /// A label selector such as `{cluster="a"}` that is added to every query; empty for none.
    pub extra_selector: String,
    /// Names and values of additional headers.
    pub custom_headers: Vec<(String, String)>,
}

impl fmt::Debug for PrometheusAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Leaves out the address, the password and the headers, which must not be logged.
        formatter
            .debug_struct("PrometheusAccess")
            .field("refresh_interval", &self.refresh_interval)
            .finish_non_exhaustive()
    }
}
