//! A project as the observer needs it: plain values from the settings.

use std::{collections::BTreeMap, fmt, time::Duration};

/// A project with a Prometheus.
#[derive(Clone, PartialEq, Eq)]
pub struct ObservedProject {
    /// Its id, which is safe as a file name: letters, digits, `-` and `_`.
    pub id: String,
    /// Its Prometheus.
    pub prometheus: PrometheusAccess,
    /// Patterns by application category, matched against `namespace/name`, including those of built-in
    /// categories.
    pub application_categories: BTreeMap<String, Vec<String>>,
    /// Patterns of instance names, by the name of the custom application.
    pub custom_applications: BTreeMap<String, Vec<String>>,
}

impl ObservedProject {
    /// The name of the directory of its cache. It is different for another Prometheus or another selector.
    #[must_use]
    pub fn cache_name(&self) -> String {
        let PrometheusAccess { url, extra_selector, .. } = &self.prometheus;
        format!("{}-{:08x}", self.id, crc32fast::hash(format!("{url}\n{extra_selector}").as_bytes()))
    }
}

/// Whether a directory name is that of a project's cache ([`ObservedProject::cache_name`]). Coroot's
/// directories have no hyphen.
#[must_use]
pub fn is_own_cache(name: &str) -> bool {
    let Some((id, hash)) = name.rsplit_once('-') else { return false };
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    !id.is_empty() && hash.len() == 8 && hash.bytes().all(is_hex)
}

impl fmt::Debug for ObservedProject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Leaves out the patterns, which contain names.
        formatter
            .debug_struct("ObservedProject")
            .field("id", &self.id)
            .field("prometheus", &self.prometheus)
            .field("application_categories", &self.application_categories.len())
            .field("custom_applications", &self.custom_applications.len())
            .finish()
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_printed_names_what_the_operator_wrote() {
        let secret = || "secret".to_owned();
        let patterns = BTreeMap::from([(secret(), vec![secret()])]);
        let project = ObservedProject {
            id: "a1".to_owned(),
            prometheus: PrometheusAccess {
                url: secret(),
                refresh_interval: Duration::from_secs(30),
                tls_skip_verify: false,
                basic_auth: Some((secret(), secret())),
                extra_selector: secret(),
                custom_headers: vec![(secret(), secret())],
            },
            application_categories: patterns.clone(),
            custom_applications: patterns,
        };
        let printed = format!("{project:?}");
        assert!(printed.contains("a1") && !printed.contains("secret"), "{printed}");
    }
}
