//! Selects, by kind of destination, the request to send and the classification of its answer.

use std::time::Duration;

use headcount_shared::payload::AlertingIntegration;

use super::{
    IncidentNotification, ProjectIntegrations, ServiceEndpoints,
    message::IncidentMessage,
    opsgenie,
    outcome::{NotificationOutcome, judge},
    pagerduty,
    request::{NotificationAnswer, NotificationRequest, UnusableConfig},
    slack, teams, webhook,
};

/// The id of the conversation about an incident: the one used before, else the one in the notification, else,
/// where this program chooses the id, the key of the incident.
pub(super) fn conversation(notification: &IncidentNotification, before: &str) -> String {
    let known = if before.is_empty() { &notification.external_key } else { before };
    match notification.destination {
        AlertingIntegration::Pagerduty | AlertingIntegration::Opsgenie if known.is_empty() => {
            notification.incident_key.clone()
        }
        AlertingIntegration::Pagerduty | AlertingIntegration::Opsgenie | AlertingIntegration::Slack => {
            known.to_owned()
        }
        AlertingIntegration::Teams | AlertingIntegration::Webhook => String::new(),
    }
}

/// The request for the destination of a notification; `None` if the project no longer has it, or it does not
/// receive incidents.
pub(super) fn request(
    notification: &IncidentNotification,
    integrations: &ProjectIntegrations,
    endpoints: &ServiceEndpoints,
    conversation: &str,
) -> Option<Result<NotificationRequest, UnusableConfig>> {
    let message = IncidentMessage::new(notification, integrations);
    Some(match notification.destination {
        AlertingIntegration::Slack => {
            let slack = integrations.slack.as_ref().filter(|slack| slack.incidents)?;
            slack::request(&message, slack, endpoints, conversation)
        }
        AlertingIntegration::Teams => {
            let teams = integrations.teams.as_ref().filter(|teams| teams.incidents)?;
            teams::request(&message, teams)
        }
        AlertingIntegration::Pagerduty => {
            let pagerduty = integrations.pagerduty.as_ref().filter(|pagerduty| pagerduty.incidents)?;
            Ok(pagerduty::request(&message, notification, pagerduty, endpoints, conversation))
        }
        AlertingIntegration::Opsgenie => {
            let opsgenie = integrations.opsgenie.as_ref().filter(|opsgenie| opsgenie.incidents)?;
            opsgenie::request(&message, notification, opsgenie, endpoints, conversation)
        }
        AlertingIntegration::Webhook => {
            let webhook = integrations.webhook.as_ref().filter(|webhook| webhook.incidents)?;
            webhook::request(&message, notification, webhook)
        }
    })
}

/// Classifies an answer of the destination. `now` is the time since the Unix epoch.
pub(super) fn judged(
    destination: AlertingIntegration,
    answer: &NotificationAnswer,
    conversation: &str,
    now: Duration,
) -> NotificationOutcome {
    match destination {
        AlertingIntegration::Slack => slack::judged(answer, conversation, now),
        AlertingIntegration::Teams => teams::judged(answer, now),
        AlertingIntegration::Pagerduty | AlertingIntegration::Opsgenie | AlertingIntegration::Webhook => {
            judge(answer, conversation, now)
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_health::health_status::HealthStatus;
    use serde_json::Value;

    use super::*;
    use crate::notifications::example;

    const ALL: [AlertingIntegration; 5] = [
        AlertingIntegration::Opsgenie,
        AlertingIntegration::Pagerduty,
        AlertingIntegration::Slack,
        AlertingIntegration::Teams,
        AlertingIntegration::Webhook,
    ];

    fn to(destination: AlertingIntegration, status: HealthStatus) -> IncidentNotification {
        IncidentNotification { destination, status, ..example::notification() }
    }

    /// The members of the body, or the end of the address, that state what the destination has to do.
    fn asked(destination: AlertingIntegration, status: HealthStatus, before: &str) -> String {
        let notification = to(destination, status);
        let conversation = conversation(&notification, before);
        let integrations = example::integrations();
        let request =
            request(&notification, &integrations, &example::endpoints(), &conversation).unwrap().unwrap();
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let member = |pointer: &str| match body.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "-".to_owned(),
        };
        match destination {
            AlertingIntegration::Slack => {
                format!("{} {} {}", member("/channel"), member("/thread_ts"), member("/reply_broadcast"))
            }
            AlertingIntegration::Teams => member("/attachments/0/content/body/0/color"),
            AlertingIntegration::Pagerduty => {
                format!(
                    "{} {} {}",
                    member("/event_action"),
                    member("/dedup_key"),
                    member("/payload/severity")
                )
            }
            AlertingIntegration::Opsgenie => {
                format!("{} {} {}", request.url.path(), member("/alias"), member("/priority"))
            }
            AlertingIntegration::Webhook => format!("{} {}", member("/status"), member("/incident")),
        }
    }

    #[test]
    fn an_incident_that_opens_gets_better_and_ends_asks_for_this() {
        use AlertingIntegration::{Opsgenie, Pagerduty, Slack, Teams, Webhook};
        for (destination, before, critical, warning, resolved) in [
            (Slack, "C1:17.01", "C1 17.01 -", "C1 17.01 -", "C1 17.01 true"),
            (Slack, "", "alerts - -", "alerts - -", "alerts - -"),
            (Teams, "", "attention", "warning", "good"),
            (
                Pagerduty,
                "k3y00001",
                "trigger k3y00001 critical",
                "trigger k3y00001 warning",
                "resolve k3y00001 -",
            ),
            (
                Pagerduty,
                "p:k:critical",
                "trigger p:k:critical critical",
                "trigger p:k:critical warning",
                "resolve p:k:critical -",
            ),
            (
                Opsgenie,
                "k3y00001",
                "/v2/alerts k3y00001 P1",
                "/v2/alerts k3y00001 P3",
                "/v2/alerts/k3y00001/close - -",
            ),
            (Webhook, "", "CRITICAL k3y00001", "WARNING k3y00001", "OK k3y00001"),
        ] {
            let asked = |status| asked(destination, status, before);
            assert_eq!(asked(HealthStatus::Critical), critical);
            assert_eq!(asked(HealthStatus::Warning), warning);
            assert_eq!(asked(HealthStatus::Ok), resolved);
        }
    }

    #[test]
    fn the_name_of_a_conversation_is_the_one_it_began_with() {
        for (destination, before, own, expected) in [
            (AlertingIntegration::Slack, "", "", ""),
            (AlertingIntegration::Slack, "C1:17.01", "C2:18.01", "C1:17.01"),
            (AlertingIntegration::Slack, "", "C2:18.01", "C2:18.01"),
            (AlertingIntegration::Pagerduty, "", "", "k3y00001"),
            (AlertingIntegration::Opsgenie, "", "", "k3y00001"),
            (AlertingIntegration::Opsgenie, "", "p:k:critical", "p:k:critical"),
            (AlertingIntegration::Webhook, "x", "y", ""),
        ] {
            let notification = IncidentNotification {
                external_key: own.to_owned(),
                ..to(destination, HealthStatus::Critical)
            };
            assert_eq!(conversation(&notification, before), expected);
        }
    }

    #[test]
    fn who_is_gone_or_not_told_about_incidents_gets_no_request() {
        let on = example::integrations();
        let mut off = on.clone();
        off.slack.as_mut().unwrap().incidents = false;
        off.teams.as_mut().unwrap().incidents = false;
        off.pagerduty.as_mut().unwrap().incidents = false;
        off.opsgenie.as_mut().unwrap().incidents = false;
        off.webhook.as_mut().unwrap().incidents = false;
        for destination in ALL {
            let notification = to(destination, HealthStatus::Critical);
            let is_told = |integrations: &ProjectIntegrations| {
                request(&notification, integrations, &example::endpoints(), "").is_some()
            };
            assert!(is_told(&on) && !is_told(&off) && !is_told(&ProjectIntegrations::default()));
        }
    }

    #[test]
    fn nothing_that_is_printed_for_a_programmer_names_anybody() {
        let notification = to(AlertingIntegration::Webhook, HealthStatus::Critical);
        let integrations = example::integrations();
        let request = request(&notification, &integrations, &example::endpoints(), "").unwrap().unwrap();
        let printed = format!("{notification:?} {integrations:?} {request:?} {:?}", example::endpoints());
        for secret in ["swordfish", "abc12345", "cart", "shop", "example.com", "slack.com", "alerts"] {
            assert!(!printed.contains(secret), "{secret} in {printed}");
        }
    }
}
