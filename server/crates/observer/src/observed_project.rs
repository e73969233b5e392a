//! A project as the observer needs it: plain values from the settings.

use std::{collections::BTreeMap, fmt};

use headcount_prometheus::prometheus_access::PrometheusAccess;
use headcount_topology::constructor::WorldSettings;

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

impl<'p> From<&'p ObservedProject> for WorldSettings<'p> {
    fn from(project: &'p ObservedProject) -> Self {
        Self {
            application_categories: &project.application_categories,
            custom_applications: &project.custom_applications,
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
