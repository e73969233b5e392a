//! Slack: its settings, its requests, and the meaning of its answers.
//!
//! Uses `chat.postMessage` of the Web API. The first message about an incident begins a thread, and the
//! others reply in it. The id of the conversation is `channel:ts`, as in Coroot, since a thread stays in its
//! channel if the configured channel changes.

use std::time::Duration;

use headcount_outbound::{TargetPolicy, answer_head::is_success};
use headcount_shared::api::Secret;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    DestinationSettings, NotificationDestination, RequestContext,
    stored_settings::{InvalidDestination, SettingsMember, StoredSettings, check_key, notified, required},
};
use crate::notifications::{
    endpoints::below,
    message::{IncidentMessage, MessageState, clipped},
    notification_outcome::{NotificationOutcome, classify_status, wait_asked_for},
    notification_request::{NotificationAnswer, NotificationRequest, UnusableConfig},
};

const TOKEN: SettingsMember = SettingsMember { name: "token", called: "the token of Slack" };
const CHANNEL: SettingsMember = SettingsMember { name: "default_channel", called: "a channel of Slack" };

/// Slack's limit for the text of a section, in characters.
const SECTION: usize = 3000;

/// A workspace of Slack to set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SetSlack)]
#[serde(deny_unknown_fields)]
pub struct SlackConfig {
    /// The bot token. Omit it to keep the stored one; it is required the first time.
    #[serde(default)]
    pub token: Secret,
    /// The channel that gets the messages.
    pub default_channel: String,
    /// Whether it is notified about incidents.
    #[serde(default = "notified")]
    pub incidents: bool,
}

/// A workspace of Slack.
#[derive(Serialize, ToSchema)]
#[schema(as = Slack)]
pub(crate) struct ShownSlack {
    /// Whether a bot token is stored.
    token_set: bool,
    /// The channel that gets the messages.
    default_channel: String,
    /// Whether it is notified about incidents.
    incidents: bool,
}

impl DestinationSettings for SlackConfig {
    type Shown = ShownSlack;

    fn shown(&self) -> ShownSlack {
        ShownSlack {
            token_set: self.token.is_set(),
            default_channel: self.default_channel.clone(),
            incidents: self.incidents,
        }
    }

    fn keep_secrets(&mut self, stored: &Self) {
        self.token.or_stored(&stored.token);
    }
}

impl NotificationDestination for SlackConfig {
    fn check(&self, stored: &StoredSettings, _: TargetPolicy) -> Result<(), InvalidDestination> {
        check_key(self.token.expose(), TOKEN, stored)?;
        required(&self.default_channel, CHANNEL)
    }

    /// The thread of the first message.
    fn conversation(&self, known: &str, _: &str) -> String {
        known.to_owned()
    }

    /// Posts a message in the channel.
    fn request(&self, context: &RequestContext<'_>) -> Result<NotificationRequest, UnusableConfig> {
        let message = &context.message;
        let mut body = json!({
            "channel": self.default_channel,
            "text": escaped(&message.title()),
            "blocks": blocks(message),
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if let Some(thread) = SlackThread::of(context.conversation, &self.default_channel) {
            body["channel"] = thread.channel.into();
            body["thread_ts"] = thread.ts.into();
            if message.state == MessageState::Resolved {
                body["reply_broadcast"] = true.into();
            }
        }
        let url = below(&context.endpoints.slack, &["chat.postMessage"]);
        let mut request = NotificationRequest::json(url, &body);
        // Without the charset, Slack adds a warning to its answer.
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        request.authorized("Bearer", self.token.expose())
    }

    /// Slack refuses with status 200 and `"ok": false`.
    fn classify(
        &self,
        answer: &NotificationAnswer,
        conversation: &str,
        now: Duration,
    ) -> NotificationOutcome {
        if !is_success(answer.status) {
            return classify_status(answer, conversation, now);
        }
        match serde_json::from_slice::<SlackAnswer>(&answer.body) {
            Ok(posted) if posted.ok => {
                NotificationOutcome::Sent { external_key: conversation_after(&posted, conversation) }
            }
            Ok(posted) => classify_error(&posted.error, answer, now),
            // The answer does not come from Slack.
            Err(_) => NotificationOutcome::Later { after: None },
        }
    }
}

/// The relevant members of an answer.
#[derive(Deserialize)]
struct SlackAnswer {
    ok: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    ts: String,
}

/// The channel and the first message of a conversation.
struct SlackThread<'c> {
    channel: &'c str,
    ts: &'c str,
}

impl<'c> SlackThread<'c> {
    /// Parses `channel:ts`; without a channel it is `default`. `None` for a conversation that has not begun.
    fn of(conversation: &'c str, default: &'c str) -> Option<Self> {
        let (channel, ts) = conversation.rsplit_once(':').unwrap_or((default, conversation));
        (!ts.is_empty()).then_some(Self { channel, ts })
    }
}

fn blocks(message: &IncidentMessage<'_>) -> Value {
    let name = format!("*{}*", escaped(message.name));
    let linked = match &message.link {
        Some(link) => format!("<{}|{name}>", escaped(link.as_str())),
        None => name,
    };
    let headline = format!("[{}] {linked} {}", message.state.text(), message.event());
    let reasons: Vec<String> =
        message.reasons().iter().map(|reason| format!("• {}", escaped(reason))).collect();
    let texts = [headline, reasons.join("\n")];
    texts.iter().filter(|text| !text.is_empty()).map(|text| section(text)).collect()
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": clipped(text, SECTION)}})
}

/// Escapes the three characters that are markup for Slack.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The id of the conversation after a message: unchanged, or that of the first message.
fn conversation_after(posted: &SlackAnswer, before: &str) -> String {
    match (before.is_empty(), posted.ts.is_empty()) {
        (true, false) => format!("{}:{}", posted.channel, posted.ts),
        _ => before.to_owned(),
    }
}

/// Classifies the errors of `chat.postMessage` that operators can cause.
fn classify_error(error: &str, answer: &NotificationAnswer, now: Duration) -> NotificationOutcome {
    NotificationOutcome::Refused(match error {
        "ratelimited"
        | "rate_limited"
        | "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout" => return NotificationOutcome::Later { after: wait_asked_for(answer, now) },
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" => {
            "the token is not valid"
        }
        "missing_scope" | "not_allowed_token_type" | "no_permission" => {
            "the token lacks the permission to write (chat:write)"
        }
        "channel_not_found" => "there is no such channel, or the bot may not see it",
        "not_in_channel" => "the bot is not in the channel",
        "is_archived" => "the channel is archived",
        "restricted_action" | "restricted_action_read_only_channel" => "the bot may not write to the channel",
        "msg_too_long" | "invalid_blocks" | "invalid_blocks_format" | "no_text" => {
            "it does not accept the message"
        }
        _ => "it says no for a reason that is not known here",
    })
}

#[cfg(test)]
mod tests {
    use headcount_health::health_status::HealthStatus;

    use super::*;
    use crate::notifications::{IncidentNotification, example};

    fn body(status: HealthStatus, conversation: &str) -> Value {
        let notification = IncidentNotification { status, ..example::notification() };
        let request = example::request(&example::slack(), &notification, conversation).unwrap();
        assert_eq!(request.url.as_str(), "https://slack.com/api/chat.postMessage");
        assert_eq!(request.headers["authorization"], "Bearer xoxb-swordfish");
        assert_eq!(request.headers["content-type"], "application/json; charset=utf-8");
        serde_json::from_str(&request.body).unwrap()
    }

    fn expected(status: &str, event: &str, channel: &str) -> Value {
        let link = "https://coroot.example.com/p/abc12345/app/shop:Deployment:cart/SLO";
        let reason = "• SLO / Availability: error budget burn rate is 26x within 1 hour";
        json!({
            "channel": channel,
            "text": format!("[{status}] cart {event}"),
            "blocks": [
                {"type": "section", "text":
                    {"type": "mrkdwn", "text": format!("[{status}] <{link}|*cart*> {event}")}},
                {"type": "section", "text": {"type": "mrkdwn", "text": reason}},
            ],
            "unfurl_links": false,
            "unfurl_media": false,
        })
    }

    #[test]
    fn the_first_message_begins_a_thread_and_others_reply_in_its_channel() {
        let failing = "is not meeting its SLOs";
        assert_eq!(body(HealthStatus::Critical, ""), expected("CRITICAL", failing, "alerts"));

        let mut reply = expected("WARNING", failing, "C0123");
        reply["thread_ts"] = "1700000000.000100".into();
        assert_eq!(body(HealthStatus::Warning, "C0123:1700000000.000100"), reply);

        let mut end = expected("OK", "is meeting its SLOs again", "alerts");
        end["thread_ts"] = "1700000000.000100".into();
        end["reply_broadcast"] = true.into();
        assert_eq!(body(HealthStatus::Ok, "1700000000.000100"), end);
    }

    #[test]
    fn names_and_reasons_are_no_markup() {
        let mut notification = example::notification();
        notification.application.name = "<!channel>&".to_owned();
        notification.details.reports[0].message = "a < b".to_owned();
        let message = IncidentMessage::new(&notification, "");
        let blocks = blocks(&message).to_string();
        assert!(blocks.contains("*&lt;!channel&gt;&amp;*") && blocks.contains("a &lt; b"), "{blocks}");
    }

    #[test]
    fn a_long_text_is_cut_to_what_a_section_takes() {
        let mut notification = example::notification();
        notification.details.reports[0].message = "x".repeat(5000);
        let blocks = blocks(&IncidentMessage::new(&notification, example::BASE_URL));
        assert_eq!(blocks[1]["text"]["text"].as_str().unwrap().chars().count(), 3000);
    }

    #[test]
    fn answers_mean_what_their_json_says() {
        let sent = |key: &str| NotificationOutcome::Sent { external_key: key.to_owned() };
        let later =
            |seconds: Option<u64>| NotificationOutcome::Later { after: seconds.map(Duration::from_secs) };
        let posted = r#"{"ok":true,"channel":"C0123","ts":"17.01","message":{"text":"…"}}"#;
        for (status, retry_after, body, conversation, outcome) in [
            (200, None, posted, "", sent("C0123:17.01")),
            (200, None, posted, "C9:16.00", sent("C9:16.00")),
            (200, None, r#"{"ok":true}"#, "", sent("")),
            (
                200,
                None,
                r#"{"ok":false,"error":"invalid_auth"}"#,
                "",
                NotificationOutcome::Refused("the token is not valid"),
            ),
            (
                200,
                None,
                r#"{"ok":false,"error":"not_in_channel"}"#,
                "",
                NotificationOutcome::Refused("the bot is not in the channel"),
            ),
            (
                200,
                None,
                r#"{"ok":false}"#,
                "",
                NotificationOutcome::Refused("it says no for a reason that is not known here"),
            ),
            (200, Some("30"), r#"{"ok":false,"error":"ratelimited"}"#, "", later(Some(30))),
            (200, None, r#"{"ok":false,"error":"internal_error"}"#, "", later(None)),
            (200, None, "<html>", "", later(None)),
            (200, None, "", "", later(None)),
            (429, Some("30"), r#"{"ok":false,"error":"ratelimited"}"#, "", later(Some(30))),
            (500, None, posted, "", later(None)),
        ] {
            let retry_after = retry_after.map(str::to_owned);
            let answer = NotificationAnswer { status, retry_after, body: body.into() };
            assert_eq!(
                example::slack().classify(&answer, conversation, Duration::ZERO),
                outcome,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_token_that_no_header_can_have_is_said_so() {
        let slack = SlackConfig { token: Secret::new("a\nb".to_owned()), ..SlackConfig::default() };
        assert!(example::request(&slack, &example::notification(), "").is_err());
    }
}
