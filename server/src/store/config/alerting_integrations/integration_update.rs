//! Changes the integrations of a project.

use reqwest::Url;
use serde_json::{Value, json};

use super::{INTEGRATIONS, teams_url};
use crate::{
    notifications::{OpsgenieConfig, PagerdutyConfig, SlackConfig, TeamsConfig, WebhookConfig},
    outgoing::{ForbiddenTarget, TargetPolicy},
    store::{
        config::{
            clickhouse_access::{self, ClickhouseAccess},
            stored_credentials::{basic_auth_json, given_or_stored, headers_json},
        },
        json_column::{JsonObject, object_mut, put},
        store_error::{InvalidChange, SettingsMember, SettingsResult},
    },
};

const BASE_URL: SettingsMember = member("base_url", "the address of the web interface");
const TOKEN: SettingsMember = member("token", "the token of Slack");
const CHANNEL: SettingsMember = member("default_channel", "a channel of Slack");
const TEAMS_URL: SettingsMember = member("webhook_url", "the address of the webhook of Teams");
const INTEGRATION_KEY: SettingsMember = member("integration_key", "the integration key of PagerDuty");
const API_KEY: SettingsMember = member("api_key", "the API key of Opsgenie");
const WEBHOOK_URL: SettingsMember = member("url", "the address of the webhook");

const fn member(name: &'static str, called: &'static str) -> SettingsMember {
    SettingsMember { name, called }
}

/// The new value of an integration; `None` removes it. For an empty secret, the stored one stays.
#[derive(Debug, Clone)]
pub enum IntegrationChange {
    /// Slack.
    Slack(Option<SlackConfig>),
    /// Microsoft Teams.
    Teams(Option<TeamsConfig>),
    /// PagerDuty.
    Pagerduty(Option<PagerdutyConfig>),
    /// Opsgenie.
    Opsgenie(Option<OpsgenieConfig>),
    /// A webhook.
    Webhook(Option<WebhookConfig>),
    /// ClickHouse.
    Clickhouse(Option<ClickhouseAccess>),
}

/// Applies a change to the column. Unknown members stay.
pub(in crate::store) fn change(settings: &mut JsonObject, change: &IntegrationChange) -> SettingsResult<()> {
    let all = object_mut(settings, INTEGRATIONS)?;
    match change {
        IntegrationChange::Slack(slack) => set(all, "slack", slack.as_ref(), set_slack),
        IntegrationChange::Teams(teams) => set(all, "teams", teams.as_ref(), set_teams),
        IntegrationChange::Pagerduty(pagerduty) => set(all, "pagerduty", pagerduty.as_ref(), set_pagerduty),
        IntegrationChange::Opsgenie(opsgenie) => set(all, "opsgenie", opsgenie.as_ref(), set_opsgenie),
        IntegrationChange::Webhook(webhook) => set(all, "webhook", webhook.as_ref(), set_webhook),
        IntegrationChange::Clickhouse(to) => {
            set(all, clickhouse_access::NAME, to.as_ref(), clickhouse_access::change)
        }
    }
}

/// Sets the address of the product's web interface; an empty one removes it.
pub(in crate::store) fn set_base_url(settings: &mut JsonObject, url: &str) -> SettingsResult<()> {
    if !url.is_empty() {
        check_url(url, BASE_URL)?;
    }
    put(object_mut(settings, INTEGRATIONS)?, [("base_url", json!(url))]);
    Ok(())
}

/// Removes the stored secrets of the integration that `change` sets, so that empty secrets in `change` do not
/// stand for them.
pub(in crate::store) fn forget_secrets(
    settings: &mut JsonObject,
    change: &mut IntegrationChange,
) -> SettingsResult<()> {
    let all = object_mut(settings, INTEGRATIONS)?;
    let (name, secrets): (_, &[_]) = match change {
        IntegrationChange::Slack(Some(_)) => ("slack", &[TOKEN.name]),
        IntegrationChange::Teams(Some(teams)) => {
            let stored = all.get("teams").and_then(Value::as_object).map(teams_url).unwrap_or_default();
            if teams.webhook_url == stored {
                // The address may be that of a channel, which stays.
                teams.webhook_url.clear();
                return Ok(());
            }
            ("teams", &[TEAMS_URL.name])
        }
        IntegrationChange::Pagerduty(Some(_)) => ("pagerduty", &[INTEGRATION_KEY.name]),
        IntegrationChange::Opsgenie(Some(_)) => ("opsgenie", &[API_KEY.name]),
        IntegrationChange::Webhook(Some(_)) => {
            ("webhook", &[WEBHOOK_URL.name, "basic_auth", "custom_headers"])
        }
        IntegrationChange::Clickhouse(Some(_)) => (clickhouse_access::NAME, &["auth"]),
        _ => return Ok(()),
    };
    if let Some(stored) = all.get_mut(name).and_then(Value::as_object_mut) {
        stored.retain(|member, _| !secrets.contains(&member.as_str()));
    }
    Ok(())
}

/// Refuses a webhook at an address that is not allowed.
pub(in crate::store) fn check_target(
    change: &IntegrationChange,
    targets: TargetPolicy,
) -> SettingsResult<(), InvalidChange> {
    let (url, member) = match change {
        IntegrationChange::Teams(Some(teams)) => (&teams.webhook_url, TEAMS_URL),
        IntegrationChange::Webhook(Some(webhook)) => (&webhook.url, WEBHOOK_URL),
        _ => return Ok(()),
    };
    match Url::parse(url.trim()).map(|url| targets.check(&url)) {
        Ok(Err(ForbiddenTarget)) => Err(InvalidChange::ForbiddenTarget(member)),
        _ => Ok(()),
    }
}

fn set<T>(
    all: &mut JsonObject,
    name: &str,
    to: Option<&T>,
    change: impl FnOnce(&mut JsonObject, &T) -> SettingsResult<(), InvalidChange>,
) -> SettingsResult<()> {
    match to {
        Some(to) => change(object_mut(all, name)?, to)?,
        None => put(all, [(name, Value::Null)]),
    }
    Ok(())
}

fn set_slack(stored: &mut JsonObject, slack: &SlackConfig) -> SettingsResult<(), InvalidChange> {
    let token = needed(given_or_stored(&slack.token, stored, TOKEN.name), TOKEN)?;
    let channel = needed(slack.default_channel.clone(), CHANNEL)?;
    let incidents = ("incidents", json!(slack.incidents));
    put(stored, [("token", json!(token)), ("default_channel", json!(channel)), incidents]);
    Ok(())
}

fn set_teams(stored: &mut JsonObject, teams: &TeamsConfig) -> SettingsResult<(), InvalidChange> {
    let url = given_or_stored(&teams.webhook_url, stored, "webhook_url");
    // Without an address the one of a channel may be stored, which stays.
    if !url.is_empty() || !stored.contains_key("channels") {
        check_url(&url, TEAMS_URL)?;
        put(stored, [("webhook_url", json!(url))]);
    }
    put(stored, [("incidents", json!(teams.incidents))]);
    Ok(())
}

fn set_pagerduty(stored: &mut JsonObject, pagerduty: &PagerdutyConfig) -> SettingsResult<(), InvalidChange> {
    let key = given_or_stored(&pagerduty.integration_key, stored, INTEGRATION_KEY.name);
    let key = needed(key, INTEGRATION_KEY)?;
    put(stored, [("integration_key", json!(key)), ("incidents", json!(pagerduty.incidents))]);
    Ok(())
}

fn set_opsgenie(stored: &mut JsonObject, opsgenie: &OpsgenieConfig) -> SettingsResult<(), InvalidChange> {
    let key = needed(given_or_stored(&opsgenie.api_key, stored, API_KEY.name), API_KEY)?;
    let (eu_instance, incidents) = (json!(opsgenie.eu_instance), json!(opsgenie.incidents));
    put(stored, [("api_key", json!(key)), ("eu_instance", eu_instance), ("incidents", incidents)]);
    Ok(())
}

fn set_webhook(stored: &mut JsonObject, webhook: &WebhookConfig) -> SettingsResult<(), InvalidChange> {
    let url = given_or_stored(&webhook.url, stored, "url");
    check_url(&url, WEBHOOK_URL)?;
    let basic_auth = basic_auth_json(webhook.basic_auth.as_ref(), stored);
    let headers = headers_json(&webhook.custom_headers, stored)?;
    put(
        stored,
        [
            ("url", json!(url)),
            ("tls_skip_verify", json!(webhook.tls_skip_verify)),
            ("basic_auth", basic_auth),
            ("custom_headers", headers),
            ("incidents", json!(webhook.incidents)),
            ("incident_template", json!(webhook.incident_template)),
        ],
    );
    Ok(())
}

fn needed(text: String, what: SettingsMember) -> SettingsResult<String, InvalidChange> {
    if text.trim().is_empty() { Err(InvalidChange::Missing(what)) } else { Ok(text) }
}

fn check_url(text: &str, what: SettingsMember) -> SettingsResult<(), InvalidChange> {
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if Url::parse(text).is_ok_and(|url| is_http(&url)) { Ok(()) } else { Err(InvalidChange::Url(what)) }
}
