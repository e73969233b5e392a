//! Builds requests to Microsoft Teams and classifies its answers.
//!
//! An incoming webhook, of a connector or of a workflow, accepts a message with an Adaptive Card. It has no
//! conversations.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    TeamsConfig,
    message::{IncidentMessage, MessageState, clipped},
    outcome::{NotificationOutcome, judge},
    request::{NotificationAnswer, NotificationRequest, UnusableConfig, http_url},
};

/// The limit for the reasons, in characters: Teams accepts 28 KB in total.
const REASONS: usize = 6000;

/// What a connector answers, with status 200, if Teams itself did not accept the message.
const NOT_DELIVERED: &[u8] = b"Webhook message delivery failed";

/// The request to post a message in the channel.
pub(super) fn request(
    message: &IncidentMessage<'_>,
    teams: &TeamsConfig,
) -> Result<NotificationRequest, UnusableConfig> {
    let body = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card(message),
        }],
    });
    Ok(NotificationRequest::json(http_url(&teams.webhook_url)?, &body))
}

fn card(message: &IncidentMessage<'_>) -> Value {
    let color = match message.state {
        MessageState::Critical => "attention",
        MessageState::Warning => "warning",
        MessageState::Resolved => "good",
    };
    let mut body = vec![json!({
        "type": "TextBlock",
        "text": message.title(),
        "size": "large",
        "weight": "bolder",
        "color": color,
        "wrap": true,
    })];
    let reasons: Vec<String> = message.reasons().iter().map(|reason| format!("- {reason}")).collect();
    if !reasons.is_empty() {
        let text = clipped(&reasons.join("\n"), REASONS);
        body.push(json!({"type": "TextBlock", "text": text, "wrap": true}));
    }
    let actions: Vec<Value> = message
        .link
        .iter()
        .map(|link| json!({"type": "Action.OpenUrl", "title": "View the incident", "url": link.as_str()}))
        .collect();
    json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
    })
}

/// Classifies an answer.
pub(super) fn judged(answer: &NotificationAnswer, now: Duration) -> NotificationOutcome {
    let not_delivered = answer.body.windows(NOT_DELIVERED.len()).any(|part| part == NOT_DELIVERED);
    match judge(answer, "", now) {
        NotificationOutcome::Sent { .. } if not_delivered => NotificationOutcome::Later { after: None },
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use headcount_health::health_status::HealthStatus;

    use super::*;
    use crate::notifications::{IncidentNotification, ProjectIntegrations, example};

    fn sent(notification: &IncidentNotification, integrations: &ProjectIntegrations) -> Value {
        let message = IncidentMessage::new(notification, integrations);
        let teams = example::integrations().teams.unwrap();
        let request = request(&message, &teams).unwrap();
        assert_eq!(request.url.as_str(), "https://teams.example.com/hook");
        assert_eq!(request.headers["content-type"], "application/json");
        serde_json::from_str(&request.body).unwrap()
    }

    #[test]
    fn a_change_is_a_message_with_a_card() {
        let failing = "is not meeting its SLOs";
        for (status, color, title) in [
            (HealthStatus::Critical, "attention", format!("[CRITICAL] cart {failing}")),
            (HealthStatus::Warning, "warning", format!("[WARNING] cart {failing}")),
            (HealthStatus::Ok, "good", "[OK] cart is meeting its SLOs again".to_owned()),
        ] {
            let notification = IncidentNotification { status, ..example::notification() };
            let expected = json!({
                "type": "message",
                "attachments": [{
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": null,
                    "content": {
                        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                        "type": "AdaptiveCard",
                        "version": "1.4",
                        "body": [
                            {"type": "TextBlock", "text": title, "size": "large", "weight": "bolder",
                             "color": color, "wrap": true},
                            {"type": "TextBlock", "wrap": true, "text":
                             "- SLO / Availability: error budget burn rate is 26x within 1 hour"},
                        ],
                        "actions": [{
                            "type": "Action.OpenUrl",
                            "title": "View the incident",
                            "url": "https://coroot.example.com/p/abc12345/app/shop:Deployment:cart/SLO",
                        }],
                    },
                }],
            });
            assert_eq!(sent(&notification, &example::integrations()), expected);
        }
    }

    #[test]
    fn without_reasons_and_address_there_is_only_the_title() {
        let notification = IncidentNotification { details: Default::default(), ..example::notification() };
        let card = &sent(&notification, &ProjectIntegrations::default())["attachments"][0]["content"];
        assert_eq!(card["body"].as_array().unwrap().len(), 1);
        assert_eq!(card["actions"], json!([]));
    }

    #[test]
    fn a_connector_says_no_with_status_200() {
        let throttled =
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429";
        let sent = NotificationOutcome::Sent { external_key: String::new() };
        let later = NotificationOutcome::Later { after: None };
        for (status, body, outcome) in
            [(200, "1", sent.clone()), (202, "", sent), (200, throttled, later.clone()), (503, "", later)]
        {
            let answer = NotificationAnswer { status, retry_after: None, body: body.into() };
            assert_eq!(judged(&answer, Duration::ZERO), outcome, "{status} {body}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_said_so() {
        let (notification, integrations) = (example::notification(), example::integrations());
        let message = IncidentMessage::new(&notification, &integrations);
        for webhook_url in ["", "teams", "ftp://teams.example.com/"] {
            let teams = TeamsConfig { webhook_url: webhook_url.to_owned(), incidents: true };
            assert!(request(&message, &teams).is_err(), "{webhook_url}");
        }
    }
}
