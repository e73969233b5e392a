//! Reads the integrations of a project from `integrations` in the column `project.settings`.

mod integration_update;

use std::collections::BTreeSet;

use headcount_shared::payload::AlertingIntegration;
use serde_json::Value;

pub use self::integration_update::IntegrationChange;
pub(super) use self::integration_update::{change, check_target, forget_secrets, set_base_url};
use super::stored_credentials::{basic_auth, headers};
use crate::{
    notifications::{
        OpsgenieConfig, PagerdutyConfig, ProjectIntegrations, SlackConfig, TeamsConfig, WebhookConfig,
    },
    store::json_column::{JsonObject, flag, object, text},
};

/// The member of the column.
const INTEGRATIONS: &str = "integrations";

/// The destinations. One is configured if there is an object for it, whatever its members.
pub(in crate::store) fn read(settings: &JsonObject) -> ProjectIntegrations {
    let Some(all) = object(settings, INTEGRATIONS) else { return ProjectIntegrations::default() };
    ProjectIntegrations {
        base_url: text(all, "base_url"),
        slack: object(all, "slack").map(|slack| SlackConfig {
            token: text(slack, "token"),
            default_channel: text(slack, "default_channel"),
            incidents: flag(slack, "incidents"),
        }),
        teams: object(all, "teams")
            .map(|teams| TeamsConfig { webhook_url: teams_url(teams), incidents: flag(teams, "incidents") }),
        pagerduty: object(all, "pagerduty").map(|pagerduty| PagerdutyConfig {
            integration_key: text(pagerduty, "integration_key"),
            incidents: flag(pagerduty, "incidents"),
        }),
        opsgenie: object(all, "opsgenie").map(|opsgenie| OpsgenieConfig {
            api_key: text(opsgenie, "api_key"),
            eu_instance: flag(opsgenie, "eu_instance"),
            incidents: flag(opsgenie, "incidents"),
        }),
        webhook: object(all, "webhook").map(|webhook| WebhookConfig {
            url: text(webhook, "url"),
            tls_skip_verify: flag(webhook, "tls_skip_verify"),
            basic_auth: basic_auth(webhook),
            custom_headers: headers(webhook),
            incidents: flag(webhook, "incidents"),
            incident_template: text(webhook, "incident_template"),
        }),
    }
}

/// Later versions of Coroot have several channels, each with an address. The default channel counts, else the
/// first.
fn teams_url(teams: &JsonObject) -> String {
    let own = text(teams, "webhook_url");
    if !own.is_empty() {
        return own;
    }
    let channels = teams.get("channels").and_then(Value::as_array).into_iter().flatten();
    let channels: Vec<&JsonObject> = channels.filter_map(Value::as_object).collect();
    let default = text(teams, "default_channel");
    let chosen = channels.iter().find(|channel| text(channel, "name") == default).or(channels.first());
    chosen.map(|channel| text(channel, "webhook_url")).unwrap_or_default()
}

/// The configured kinds.
pub(super) fn configured(integrations: &ProjectIntegrations) -> BTreeSet<AlertingIntegration> {
    kinds(integrations).into_iter().filter_map(|(kind, told)| told.map(|_| kind)).collect()
}

/// The kinds that receive incidents.
pub(in crate::store) fn told_about_incidents(
    integrations: &ProjectIntegrations,
) -> BTreeSet<AlertingIntegration> {
    kinds(integrations).into_iter().filter_map(|(kind, told)| told?.then_some(kind)).collect()
}

/// For each kind whether it receives incidents; `None` if it is not configured.
fn kinds(of: &ProjectIntegrations) -> [(AlertingIntegration, Option<bool>); 5] {
    [
        (AlertingIntegration::Opsgenie, of.opsgenie.as_ref().map(|opsgenie| opsgenie.incidents)),
        (AlertingIntegration::Pagerduty, of.pagerduty.as_ref().map(|pagerduty| pagerduty.incidents)),
        (AlertingIntegration::Slack, of.slack.as_ref().map(|slack| slack.incidents)),
        (AlertingIntegration::Teams, of.teams.as_ref().map(|teams| teams.incidents)),
        (AlertingIntegration::Webhook, of.webhook.as_ref().map(|webhook| webhook.incidents)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::json_column;

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
            ("[]", vec![]),
        ] {
            let settings = json_column::read(Some(&format!(r#"{{"integrations":{json}}}"#)));
            let integrations = read(&settings);
            assert_eq!(configured(&integrations).into_iter().collect::<Vec<_>>(), expected, "{json}");
            assert!(told_about_incidents(&integrations).is_empty(), "{json}");
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
            assert_eq!(teams_url(&json_column::read(Some(&json))), expected, "{json}");
        }
    }
}
