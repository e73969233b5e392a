//! Changes the integrations of a project.

use reqwest::Url;
use serde_json::{Value, json};

use super::{INTEGRATIONS, teams_url};
use crate::{
    notifications::{Opsgenie, Pagerduty, Slack, Teams, Webhook},
    outgoing::{ForbiddenTarget, TargetPolicy},
    settings::{
        clickhouse::{self, Clickhouse},
        credentials::{basic_auth_json, given_or_stored, headers_json},
        document::{Document, object_mut, put},
        error::{Invalid, Member, Result},
    },
};

const BASE_URL: Member = member("base_url", "the address of the web interface");
const TOKEN: Member = member("token", "the token of Slack");
const CHANNEL: Member = member("default_channel", "a channel of Slack");
const TEAMS_URL: Member = member("webhook_url", "the address of the webhook of Teams");
const INTEGRATION_KEY: Member = member("integration_key", "the integration key of PagerDuty");
const API_KEY: Member = member("api_key", "the API key of Opsgenie");
const WEBHOOK_URL: Member = member("url", "the address of the webhook");

const fn member(name: &'static str, called: &'static str) -> Member {
    Member { name, called }
}

/// The new value of an integration; `None` removes it. For an empty secret, the stored one stays.
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

/// Applies a change to the column. Unknown members stay.
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
        check_url(url, BASE_URL)?;
    }
    put(object_mut(settings, INTEGRATIONS)?, [("base_url", json!(url))]);
    Ok(())
}

/// Removes the stored secrets of the integration that `change` sets, so that empty secrets in `change` do not
/// stand for them.
pub(in crate::settings) fn forget_secrets(
    settings: &mut Document,
    change: &mut IntegrationChange,
) -> Result<()> {
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
        IntegrationChange::Clickhouse(Some(_)) => (clickhouse::NAME, &["auth"]),
        _ => return Ok(()),
    };
    if let Some(stored) = all.get_mut(name).and_then(Value::as_object_mut) {
        stored.retain(|member, _| !secrets.contains(&member.as_str()));
    }
    Ok(())
}

/// Refuses a webhook at an address that is not allowed.
pub(in crate::settings) fn check_target(
    change: &IntegrationChange,
    targets: TargetPolicy,
) -> Result<(), Invalid> {
    let (url, member) = match change {
        IntegrationChange::Teams(Some(teams)) => (&teams.webhook_url, TEAMS_URL),
        IntegrationChange::Webhook(Some(webhook)) => (&webhook.url, WEBHOOK_URL),
        _ => return Ok(()),
    };
    match Url::parse(url.trim()).map(|url| targets.check(&url)) {
        Ok(Err(ForbiddenTarget)) => Err(Invalid::ForbiddenTarget(member)),
        _ => Ok(()),
    }
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
    let token = needed(given_or_stored(&slack.token, stored, TOKEN.name), TOKEN)?;
    let channel = needed(slack.default_channel.clone(), CHANNEL)?;
    let incidents = ("incidents", json!(slack.incidents));
    put(stored, [("token", json!(token)), ("default_channel", json!(channel)), incidents]);
    Ok(())
}

fn set_teams(stored: &mut Document, teams: &Teams) -> Result<(), Invalid> {
    let url = given_or_stored(&teams.webhook_url, stored, "webhook_url");
    // Without an address the one of a channel may be stored, which stays.
    if !url.is_empty() || !stored.contains_key("channels") {
        check_url(&url, TEAMS_URL)?;
        put(stored, [("webhook_url", json!(url))]);
    }
    put(stored, [("incidents", json!(teams.incidents))]);
    Ok(())
}

fn set_pagerduty(stored: &mut Document, pagerduty: &Pagerduty) -> Result<(), Invalid> {
    let key = given_or_stored(&pagerduty.integration_key, stored, INTEGRATION_KEY.name);
    let key = needed(key, INTEGRATION_KEY)?;
    put(stored, [("integration_key", json!(key)), ("incidents", json!(pagerduty.incidents))]);
    Ok(())
}

fn set_opsgenie(stored: &mut Document, opsgenie: &Opsgenie) -> Result<(), Invalid> {
    let key = needed(given_or_stored(&opsgenie.api_key, stored, API_KEY.name), API_KEY)?;
    let (eu_instance, incidents) = (json!(opsgenie.eu_instance), json!(opsgenie.incidents));
    put(stored, [("api_key", json!(key)), ("eu_instance", eu_instance), ("incidents", incidents)]);
    Ok(())
}

fn set_webhook(stored: &mut Document, webhook: &Webhook) -> Result<(), Invalid> {
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

fn needed(text: String, what: Member) -> Result<String, Invalid> {
    if text.trim().is_empty() { Err(Invalid::Missing(what)) } else { Ok(text) }
}

fn check_url(text: &str, what: Member) -> Result<(), Invalid> {
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if Url::parse(text).is_ok_and(|url| is_http(&url)) { Ok(()) } else { Err(Invalid::Url(what)) }
}
