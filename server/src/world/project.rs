//! A project as the world sees it: plain values from the settings.

use std::{collections::BTreeMap, time::Duration};

/// A project whose Prometheus is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id, which is safe as a file name: letters, digits, `-` and `_`.
    pub id: String,
    /// Its Prometheus.
    pub prometheus: PrometheusAccess,
    /// Patterns by application category, matched against `namespace/name`. Also those of built-in categories.
    pub application_categories: BTreeMap<String, Vec<String>>,
    /// Patterns of instance names by the name of the application that they make up.
    pub custom_applications: BTreeMap<String, Vec<String>>,
}

impl Project {
    /// The name of the directory that holds its cache. Another Prometheus and another selector have another one.
    #[must_use]
    pub fn cache_name(&self) -> String {
        let PrometheusAccess { url, extra_selector, .. } = &self.prometheus;
        format!("{}-{:08x}", self.id, crc32fast::hash(format!("{url}\n{extra_selector}").as_bytes()))
    }
}

/// How to reach a Prometheus.
#[derive(Clone, PartialEq, Eq)]
pub struct PrometheusAccess {
    /// Its address, with any path before `/api/v1`.
    pub url: String,
    /// How often it is asked.
    pub refresh_interval: Duration,
    /// Whether any certificate will do.
    pub tls_skip_verify: bool,
    /// Name and password.
    pub basic_auth: Option<(String, String)>,
    /// A label selector such as `{cluster="a"}` that is added to every query; empty for none.
    pub extra_selector: String,
    /// Headers, names and values.
    pub custom_headers: Vec<(String, String)>,
}

impl std::fmt::Debug for PrometheusAccess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the address, the password and the headers: they are nobody's business in a log.
        formatter
            .debug_struct("PrometheusAccess")
            .field("refresh_interval", &self.refresh_interval)
            .finish_non_exhaustive()
    }
}
