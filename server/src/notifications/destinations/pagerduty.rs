//! PagerDuty: its settings and its requests. Answers are classified by their status alone.
//!
//! Uses the Events API v2. An incident is one alert: the same `dedup_key` opens it, changes its severity, and
//! resolves it.

use std::time::{Duration, UNIX_EPOCH};

use headcount_outbound::TargetPolicy;
use headcount_shared::api::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    DestinationSettings, NotificationDestination, RequestContext, known_or_incident,
    stored_settings::{InvalidDestination, SettingsMember, StoredSettings, check_key, notified},
};
use crate::notifications::{
    IncidentNotification,
    endpoints::below,
    message::{IncidentMessage, MessageState, clipped},
    notification_request::{NotificationRequest, UnusableConfig},
};

const INTEGRATION_KEY: SettingsMember =
    SettingsMember { name: "integration_key", called: "the integration key of PagerDuty" };

/// PagerDuty's limit for a summary, in characters.
const SUMMARY: usize = 1024;

/// The limit for the message of one check, in characters: a whole event may have 512 KB.
const DETAIL: usize = 2000;

/// A service of PagerDuty to set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SetPagerduty)]
#[serde(deny_unknown_fields)]
pub struct PagerdutyConfig {
    /// The integration key of the Events API v2. Omit it to keep the stored one; it is required the first
    /// time.
    #[serde(default)]
    pub integration_key: Secret,
    /// Whether it is notified about incidents.
    #[serde(default = "notified")]
    pub incidents: bool,
}

/// A service of PagerDuty.
#[derive(Serialize, ToSchema)]
#[schema(as = Pagerduty)]
pub(crate) struct ShownPagerduty {
    /// Whether an integration key is stored.
    integration_key_set: bool,
    /// Whether it is notified about incidents.
    incidents: bool,
}

impl DestinationSettings for PagerdutyConfig {
    type Shown = ShownPagerduty;

    fn shown(&self) -> ShownPagerduty {
        ShownPagerduty { integration_key_set: self.integration_key.is_set(), incidents: self.incidents }
    }

    fn keep_secrets(&mut self, stored: &Self) {
        self.integration_key.or_stored(&stored.integration_key);
    }
}

impl NotificationDestination for PagerdutyConfig {
    fn check(&self, stored: &StoredSettings, _: TargetPolicy) -> Result<(), InvalidDestination> {
        check_key(self.integration_key.expose(), INTEGRATION_KEY, stored)
    }

    /// The `dedup_key` of the alert.
    fn conversation(&self, known: &str, incident_key: &str) -> String {
        known_or_incident(known, incident_key)
    }

    /// Triggers or resolves the alert.
    fn request(&self, context: &RequestContext<'_>) -> Result<NotificationRequest, UnusableConfig> {
        let key = self.integration_key.expose().trim();
        let mut event = json!({"routing_key": key, "dedup_key": context.conversation});
        let severity = match context.message.state {
            MessageState::Critical => Some("critical"),
            MessageState::Warning => Some("warning"),
            MessageState::Resolved => None,
        };
        if let Some(severity) = severity {
            event["event_action"] = "trigger".into();
            event["client"] = "Headcount".into();
            event["payload"] = payload(&context.message, context.notification, severity);
            if let Some(link) = &context.message.link {
                event["client_url"] = link.as_str().into();
            }
        } else {
            event["event_action"] = "resolve".into();
        }
        Ok(NotificationRequest::json(below(&context.endpoints.pagerduty, &["v2", "enqueue"]), &event))
    }
}

fn payload(message: &IncidentMessage<'_>, notification: &IncidentNotification, severity: &str) -> Value {
    let at = UNIX_EPOCH + Duration::from_secs(notification.timestamp.into());
    let details: Map<String, Value> =
        message.checks().map(|(check, says)| (check, clipped(says, DETAIL).into())).collect();
    json!({
        "summary": clipped(&message.title(), SUMMARY),
        "source": notification.application.to_string(),
        "severity": severity,
        "timestamp": humantime::format_rfc3339_seconds(at).to_string(),
        "custom_details": details,
    })
}

#[cfg(test)]
mod tests {
    use headcount_health::health_status::HealthStatus;

    use super::*;
    use crate::notifications::example;

    fn event(status: HealthStatus) -> Value {
        let notification = IncidentNotification { status, ..example::notification() };
        let request = example::request(&example::pagerduty(), &notification, "k3y00001").unwrap();
        assert_eq!(request.url.as_str(), "https://events.pagerduty.com/v2/enqueue");
        assert_eq!(request.headers["content-type"], "application/json");
        serde_json::from_str(&request.body).unwrap()
    }

    fn trigger(severity: &str, summary: &str) -> Value {
        json!({
            "routing_key": "swordfish",
            "event_action": "trigger",
            "dedup_key": "k3y00001",
            "client": "Headcount",
            "client_url": "https://coroot.example.com/p/abc12345/app/shop:Deployment:cart/SLO",
            "payload": {
                "summary": summary,
                "source": "shop:Deployment:cart",
                "severity": severity,
                "timestamp": "2023-11-14T22:13:20Z",
                "custom_details": {"SLO / Availability": "error budget burn rate is 26x within 1 hour"},
            },
        })
    }

    #[test]
    fn an_incident_is_one_alert_that_changes_and_ends() {
        assert_eq!(
            event(HealthStatus::Critical),
            trigger("critical", "[CRITICAL] cart is not meeting its SLOs")
        );
        assert_eq!(
            event(HealthStatus::Warning),
            trigger("warning", "[WARNING] cart is not meeting its SLOs")
        );
        assert_eq!(
            event(HealthStatus::Ok),
            json!({"routing_key": "swordfish", "event_action": "resolve", "dedup_key": "k3y00001"})
        );
    }
}
