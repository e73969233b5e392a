//! The destinations of a project.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use headcount_shared::payload::AlertingIntegration;

use super::destinations::{DestinationConfig, StoredSettings};

/// The destinations of one project.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProjectIntegrations {
    /// The address of the product's web interface, for links; empty if it is not configured.
    pub base_url: String,
    destinations: BTreeMap<AlertingIntegration, DestinationConfig>,
}

impl ProjectIntegrations {
    /// Reads what is stored. A destination is configured if there is an object for it, whatever its members.
    #[must_use]
    pub fn read(stored: &StoredSettings) -> Self {
        let destination = |kind: AlertingIntegration| {
            Some(DestinationConfig::read(kind, stored.get(kind.name())?.as_object()?))
        };
        let base_url = stored.get("base_url").and_then(|url| url.as_str()).unwrap_or_default();
        let destinations = AlertingIntegration::ALL.into_iter().filter_map(destination);
        Self { base_url: base_url.to_owned(), ..destinations.collect() }
    }

    /// The destination of a kind; `None` if it is not configured.
    #[must_use]
    pub fn get(&self, kind: AlertingIntegration) -> Option<&DestinationConfig> {
        self.destinations.get(&kind)
    }

    /// The configured destinations, ordered by kind.
    pub fn iter(&self) -> impl Iterator<Item = &DestinationConfig> {
        self.destinations.values()
    }

    /// The kinds of the configured destinations.
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<AlertingIntegration> {
        self.destinations.keys().copied().collect()
    }
}

/// Destinations without an address for links.
impl FromIterator<DestinationConfig> for ProjectIntegrations {
    fn from_iter<I: IntoIterator<Item = DestinationConfig>>(destinations: I) -> Self {
        let by_kind = destinations.into_iter().map(|destination| (destination.kind(), destination));
        Self { base_url: String::new(), destinations: by_kind.collect() }
    }
}

/// Leaves out the address.
impl fmt::Debug for ProjectIntegrations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let destinations = &self.destinations;
        formatter
            .debug_struct("ProjectIntegrations")
            .field("destinations", destinations)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integration_is_configured_when_there_is_an_object_for_it() {
        for (json, expected) in [
            (r#"{"slack":{}}"#, vec![AlertingIntegration::Slack]),
            (r#"{"slack":{"incidents":false,"token":7}}"#, vec![AlertingIntegration::Slack]),
            (
                r#"{"webhook":{},"opsgenie":{}}"#,
                vec![AlertingIntegration::Opsgenie, AlertingIntegration::Webhook],
            ),
            (r#"{"slack":null,"teams":true,"pagerduty":"x"}"#, vec![]),
            (r#"{"email":{}}"#, vec![]),
        ] {
            let integrations = ProjectIntegrations::read(&serde_json::from_str(json).unwrap());
            assert_eq!(integrations.kinds().into_iter().collect::<Vec<_>>(), expected, "{json}");
            assert!(!integrations.iter().any(DestinationConfig::incidents), "{json}");
        }
    }
}
