//! `<base>api/projects/{id}/prometheus`: the Prometheus of a project.

use serde::{Deserialize, Serialize};

use super::secrets::{Auth, Header, SetAuth, SetHeader};

/// The Prometheus of a project.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prometheus {
    /// Its address, with any path before `/api/v1`, without a name and a password.
    pub url: String,
    /// The refresh interval, in seconds.
    pub refresh_interval_s: u32,
    /// Whether certificates are not verified.
    pub tls_skip_verify: bool,
    /// The label selector in every query, such as `{cluster="a"}`; empty for none.
    pub extra_selector: String,
    /// The name and password of every request; `null` for none.
    pub basic_auth: Option<Auth>,
    /// The headers of every request.
    pub custom_headers: Vec<Header>,
}

/// A Prometheus that replaces that of a project.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetPrometheus {
    /// Its address: an http or https URL, with any path before `/api/v1`, without a name and a password.
    pub url: String,
    /// The refresh interval, in seconds: from 1 to 3600.
    #[serde(default = "refresh_interval_s")]
    pub refresh_interval_s: u32,
    /// Whether certificates are not verified.
    #[serde(default)]
    pub tls_skip_verify: bool,
    /// A label selector for every query, such as `{cluster="a"}`; empty for none.
    #[serde(default)]
    pub extra_selector: String,
    /// The name and password of every request; `null` for none.
    #[serde(default)]
    pub basic_auth: Option<SetAuth>,
    /// The headers of every request, all of them.
    #[serde(default)]
    pub custom_headers: Vec<SetHeader>,
}

/// The default refresh interval.
const fn refresh_interval_s() -> u32 {
    30
}

unprinted!(Prometheus, SetPrometheus);
