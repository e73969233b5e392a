//! Microsoft Teams: its settings, its requests, and the meaning of its answers.
//!
//! An incoming webhook, of a connector or of a workflow, accepts a message with an Adaptive Card. It has no
//! conversations.

use std::time::Duration;

use headcount_outbound::TargetPolicy;
use headcount_shared::api::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    DestinationSettings, NotificationDestination, RequestContext,
    stored_settings::{
        InvalidDestination, SettingsMember, StoredSettings, check_target, check_url, notified, read_members,
        stored_text, write_members,
    },
};
use crate::notifications::{
    message::{IncidentMessage, MessageState, clipped},
    notification_outcome::{NotificationOutcome, classify_status},
    notification_request::{NotificationAnswer, NotificationRequest, UnusableConfig, http_url},
};

const WEBHOOK_URL: SettingsMember =
    SettingsMember { name: "webhook_url", called: "the address of the webhook of Teams" };

/// The member in which later versions of Coroot have several channels, each with an address.
const CHANNELS: &str = "channels";

/// The limit for the reasons, in characters: Teams accepts 28 KB in total.
const REASONS: usize = 6000;

/// What a connector answers, with status 200, if Teams itself did not accept the message.
const NOT_DELIVERED: &[u8] = b"Webhook message delivery failed";

/// A channel of Microsoft Teams to set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SetTeams)]
#[serde(deny_unknown_fields)]
pub struct TeamsConfig {
    /// The address of the incoming webhook, which is a secret. Omit it to keep the stored one; it is required
    /// the first time.
    #[serde(default)]
    pub webhook_url: Secret,
    /// Whether it is notified about incidents.
    #[serde(default = "notified")]
    pub incidents: bool,
}

/// A channel of Microsoft Teams.
#[derive(Serialize, ToSchema)]
#[schema(as = Teams)]
pub(crate) struct ShownTeams {
    /// Whether the address of an incoming webhook is stored.
    webhook_url_set: bool,
    /// Whether it is notified about incidents.
    incidents: bool,
}

impl DestinationSettings for TeamsConfig {
    type Shown = ShownTeams;

    fn read(stored: &StoredSettings) -> Self {
        Self { webhook_url: Secret::new(address(stored)), ..read_members(stored) }
    }

    fn shown(&self) -> ShownTeams {
        ShownTeams { webhook_url_set: self.webhook_url.is_set(), incidents: self.incidents }
    }

    fn keep_secrets(&mut self, stored: &Self) {
        self.webhook_url.or_stored(&stored.webhook_url);
    }

    /// An address that is stored for a channel stays there.
    fn write(&self, stored: &mut StoredSettings) -> serde_json::Result<()> {
        let before = stored.get(WEBHOOK_URL.name).cloned();
        let is_unchanged = self.webhook_url.expose() == address(stored);
        write_members(self, stored)?;
        match before {
            Some(before) if is_unchanged => drop(stored.insert(WEBHOOK_URL.name.to_owned(), before)),
            _ if is_unchanged || !self.webhook_url.is_set() => drop(stored.remove(WEBHOOK_URL.name)),
            _ => {}
        }
        Ok(())
    }
}

impl NotificationDestination for TeamsConfig {
    fn check(&self, stored: &StoredSettings, targets: TargetPolicy) -> Result<(), InvalidDestination> {
        let given = self.webhook_url.expose();
        check_target(given, WEBHOOK_URL, targets)?;
        let own = stored_text(stored, WEBHOOK_URL.name);
        let url = if given == address(stored) { own } else { given };
        // Without an address that of a channel counts.
        if url.is_empty() && stored.contains_key(CHANNELS) { Ok(()) } else { check_url(url, WEBHOOK_URL) }
    }

    /// Posts a message in the channel.
    fn request(&self, context: &RequestContext<'_>) -> Result<NotificationRequest, UnusableConfig> {
        let body = json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": card(&context.message),
            }],
        });
        Ok(NotificationRequest::json(http_url(self.webhook_url.expose())?, &body))
    }

    fn classify(&self, answer: &NotificationAnswer, _: &str, now: Duration) -> NotificationOutcome {
        let not_delivered = answer.body.windows(NOT_DELIVERED.len()).any(|part| part == NOT_DELIVERED);
        match classify_status(answer, "", now) {
            NotificationOutcome::Sent { .. } if not_delivered => NotificationOutcome::Later { after: None },
            outcome => outcome,
        }
    }
}

/// The stored address: its own, else that of the default channel, else that of the first channel.
fn address(stored: &StoredSettings) -> String {
    let own = stored_text(stored, WEBHOOK_URL.name);
    if !own.is_empty() {
        return own.to_owned();
    }
    let channels = stored.get(CHANNELS).and_then(Value::as_array).into_iter().flatten();
    let channels: Vec<&StoredSettings> = channels.filter_map(Value::as_object).collect();
    let default = stored_text(stored, "default_channel");
    let chosen = channels.iter().find(|channel| stored_text(channel, "name") == default).or(channels.first());
    chosen.map(|channel| stored_text(channel, WEBHOOK_URL.name).to_owned()).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use headcount_health::health_status::HealthStatus;

    use super::*;
    use crate::notifications::{IncidentNotification, example};

    fn sent(notification: &IncidentNotification, base_url: &str) -> Value {
        let request = example::request_with_links(&example::teams(), notification, "", base_url).unwrap();
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
            assert_eq!(sent(&notification, example::BASE_URL), expected);
        }
    }

    #[test]
    fn without_reasons_and_address_there_is_only_the_title() {
        let notification = IncidentNotification { details: Default::default(), ..example::notification() };
        let card = &sent(&notification, "")["attachments"][0]["content"];
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
            assert_eq!(example::teams().classify(&answer, "", Duration::ZERO), outcome, "{status} {body}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_said_so() {
        for webhook_url in ["", "teams", "ftp://teams.example.com/"] {
            let teams = TeamsConfig { webhook_url: Secret::new(webhook_url.to_owned()), incidents: true };
            assert!(example::request(&teams, &example::notification(), "").is_err(), "{webhook_url}");
        }
    }

    #[test]
    fn the_address_of_teams_is_its_own_or_that_of_the_default_channel_or_of_the_first() {
        let channels = r#""channels":[{"name":"a","webhook_url":"A"},{"name":"b","webhook_url":"B"}]"#;
        for (json, expected) in [
            (format!(r#"{{"webhook_url":"own",{channels}}}"#), "own"),
            (format!(r#"{{"default_channel":"b",{channels}}}"#), "B"),
            (format!(r#"{{"default_channel":"gone",{channels}}}"#), "A"),
            (r#"{"channels":7}"#.to_owned(), ""),
        ] {
            assert_eq!(address(&serde_json::from_str(&json).unwrap()), expected, "{json}");
        }
    }

    #[test]
    fn an_address_of_a_channel_stays_there_and_a_new_one_is_stored_beside_it() {
        let channels = r#""channels":[{"webhook_url":"https://a/"}]"#;
        let own = r#""webhook_url":"https://own/""#;
        for (stored, given, expected) in [
            (format!("{{{channels}}}"), "https://a/", Ok(format!(r#"{{{channels},"incidents":true}}"#))),
            (format!("{{{channels}}}"), "", Ok(format!(r#"{{{channels},"incidents":true}}"#))),
            (
                format!("{{{channels}}}"),
                "https://own/",
                Ok(format!(r#"{{{channels},"incidents":true,{own}}}"#)),
            ),
            (format!("{{{channels},{own}}}"), "", Ok(format!(r#"{{{channels},"incidents":true}}"#))),
            (format!("{{{own}}}"), "https://own/", Ok(format!(r#"{{"incidents":true,{own}}}"#))),
            (format!("{{{own}}}"), "", Err(InvalidDestination::Url(WEBHOOK_URL))),
            ("{}".to_owned(), "", Err(InvalidDestination::Url(WEBHOOK_URL))),
            ("{}".to_owned(), "teams", Err(InvalidDestination::Url(WEBHOOK_URL))),
            (
                "{}".to_owned(),
                "http://169.254.169.254/",
                Err(InvalidDestination::ForbiddenTarget(WEBHOOK_URL)),
            ),
        ] {
            let mut settings: StoredSettings = serde_json::from_str(&stored).unwrap();
            let teams = TeamsConfig { webhook_url: Secret::new(given.to_owned()), incidents: true };
            let written = teams.check(&settings, TargetPolicy::default()).map(|()| {
                teams.write(&mut settings).unwrap();
                serde_json::to_value(&settings).unwrap()
            });
            let expected = expected.map(|text: String| serde_json::from_str(&text).unwrap());
            assert_eq!(written, expected, "{stored} {given}");
        }
    }
}
