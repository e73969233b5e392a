//! How does an operator change an integration?

use reqwest::Url;
use serde_json::{Value, json};

use super::INTEGRATIONS;
use crate::{
    notifications::{Opsgenie, Pagerduty, Slack, Teams, Webhook},
    settings::{
        clickhouse::{self, Clickhouse},
        credentials::{basic_auth_json, given_or_stored, headers_json},
        document::{Document, object_mut, put},
        error::{Invalid, Result},
    },
};

/// What an integration is to be; `None` removes it. A secret that is empty stays what it was.
#[derive(Debug, Clone)]
pub enum IntegrationChange {
    /// Slack.
    Slack(Option<Slack>),
    /// Microsoft Teams.
    Teams(Option<Teams>),
    /// PagerDuty.
    Pagerduty(Option<Pagerduty>),
    /// Opsgenie.
    Opsgenie(Option<Opsgenie>),
    /// A webhook.
    Webhook(Option<Webhook>),
    /// ClickHouse.
    Clickhouse(Option<Clickhouse>),
}

/// Makes a change in the column. Members that are not known here stay.
pub(in crate::settings) fn change(settings: &mut Document, change: &IntegrationChange) -> Result<()> {
    let all = object_mut(settings, INTEGRATIONS)?;
    match change {
        IntegrationChange::Slack(slack) => set(all, "slack", slack.as_ref(), set_slack),
        IntegrationChange::Teams(teams) => set(all, "teams", teams.as_ref(), set_teams),
        IntegrationChange::Pagerduty(pagerduty) => set(all, "pagerduty", pagerduty.as_ref(), set_pagerduty),
        IntegrationChange::Opsgenie(opsgenie) => set(all, "opsgenie", opsgenie.as_ref(), set_opsgenie),
        IntegrationChange::Webhook(webhook) => set(all, "webhook", webhook.as_ref(), set_webhook),
        IntegrationChange::Clickhouse(to) => set(all, clickhouse::NAME, to.as_ref(), clickhouse::change),
    }
}

/// Sets the address of the product's web interface; an empty one removes it.
pub(in crate::settings) fn set_base_url(settings: &mut Document, url: &str) -> Result<()> {
    if !url.is_empty() {
        check_url(url, "the address of the web interface")?;
    }
    put(object_mut(settings, INTEGRATIONS)?, [("base_url", json!(url))]);
    Ok(())
}

fn set<T>(
    all: &mut Document,
    name: &str,
    to: Option<&T>,
    change: impl FnOnce(&mut Document, &T) -> Result<(), Invalid>,
) -> Result<()> {
    match to {
        Some(to) => change(object_mut(all, name)?, to)?,
        None => put(all, [(name, Value::Null)]),
    }
    Ok(())
}

fn set_slack(stored: &mut Document, slack: &Slack) -> Result<(), Invalid> {
    let token = needed(given_or_stored(&slack.token, stored, "token"), "the token of Slack")?;
    let channel = needed(slack.default_channel.clone(), "a channel of Slack")?;
    let incidents = ("incidents", json!(slack.incidents));
    put(stored, [("token", json!(token)), ("default_channel", json!(channel)), incidents]);
    Ok(())
}

fn set_teams(stored: &mut Document, teams: &Teams) -> Result<(), Invalid> {
    let url = given_or_stored(&teams.webhook_url, stored, "webhook_url");
    // Where there is none the address of a channel may be stored, which stays.
    if !url.is_empty() || !stored.contains_key("channels") {
        check_url(&url, "the address of the webhook of Teams")?;
        put(stored, [("webhook_url", json!(url))]);
    }
    put(stored, [("incidents", json!(teams.incidents))]);
    Ok(())
}

fn set_pagerduty(stored: &mut Document, pagerduty: &Pagerduty) -> Result<(), Invalid> {
    let key = given_or_stored(&pagerduty.integration_key, stored, "integration_key");
    let key = needed(key, "the integration key of PagerDuty")?;
    put(stored, [("integration_key", json!(key)), ("incidents", json!(pagerduty.incidents))]);
    Ok(())
}

fn set_opsgenie(stored: &mut Document, opsgenie: &Opsgenie) -> Result<(), Invalid> {
    let key = needed(given_or_stored(&opsgenie.api_key, stored, "api_key"), "the API key of Opsgenie")?;
    let (eu_instance, incidents) = (json!(opsgenie.eu_instance), json!(opsgenie.incidents));
    put(stored, [("api_key", json!(key)), ("eu_instance", eu_instance), ("incidents", incidents)]);
    Ok(())
}

fn set_webhook(stored: &mut Document, webhook: &Webhook) -> Result<(), Invalid> {
    let url = given_or_stored(&webhook.url, stored, "url");
    check_url(&url, "the address of the webhook")?;
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

fn needed(text: String, what: &'static str) -> Result<String, Invalid> {
    if text.trim().is_empty() { Err(Invalid::Missing(what)) } else { Ok(text) }
}

fn check_url(text: &str, what: &'static str) -> Result<(), Invalid> {
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if Url::parse(text).is_ok_and(|url| is_http(&url)) { Ok(()) } else { Err(Invalid::Url(what)) }
}
