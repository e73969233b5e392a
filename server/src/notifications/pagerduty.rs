//! Builds requests to PagerDuty.
//!
//! Uses the Events API v2. An incident is one alert: the same `dedup_key` opens it, changes its severity, and
//! resolves it.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::{
    IncidentNotification, PagerdutyConfig, ServiceEndpoints,
    endpoints::below,
    message::{IncidentMessage, MessageState, clipped},
    request::NotificationRequest,
};

/// PagerDuty's limit for a summary, in characters.
const SUMMARY: usize = 1024;

/// The limit for the message of one check, in characters: a whole event may have 512 KB.
const DETAIL: usize = 2000;

/// The request to trigger or resolve an alert. `dedup_key` is the alert's id.
pub(super) fn request(
    message: &IncidentMessage<'_>,
    notification: &IncidentNotification,
    pagerduty: &PagerdutyConfig,
    endpoints: &ServiceEndpoints,
    dedup_key: &str,
) -> NotificationRequest {
    let mut event = json!({"routing_key": pagerduty.integration_key.trim(), "dedup_key": dedup_key});
    let severity = match message.state {
        MessageState::Critical => "critical",
        MessageState::Warning => "warning",
        MessageState::Resolved => {
            event["event_action"] = "resolve".into();
            return NotificationRequest::json(below(&endpoints.pagerduty, &["v2", "enqueue"]), &event);
        }
    };
    event["event_action"] = "trigger".into();
    event["client"] = "Headcount".into();
    event["payload"] = payload(message, notification, severity);
    if let Some(link) = &message.link {
        event["client_url"] = link.as_str().into();
    }
    NotificationRequest::json(below(&endpoints.pagerduty, &["v2", "enqueue"]), &event)
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
        let integrations = example::integrations();
        let message = IncidentMessage::new(&notification, &integrations);
        let pagerduty = integrations.pagerduty.as_ref().unwrap();
        let request = request(&message, &notification, pagerduty, &example::endpoints(), "k3y00001");
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
