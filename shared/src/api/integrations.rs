//! `<base>api/projects/{id}/integrations`: the destinations of notifications about incidents.

use serde::{Deserialize, Serialize};

use super::secrets::{Auth, Header, Secret, SetAuth, SetHeader};
use crate::payload::AlertingIntegration;

/// `GET <base>api/projects/{id}/integrations`: the alerting integrations of a project.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Integrations {
    /// The address of the product's web interface, for links in messages; empty if it is not set.
    pub base_url: String,
    /// The configured integrations.
    pub integrations: Vec<ConfiguredIntegration>,
}

/// A configured alerting integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfiguredIntegration {
    /// Its kind.
    pub kind: AlertingIntegration,
    /// Whether it is notified about incidents.
    pub incidents: bool,
}

/// `PUT <base>api/projects/{id}/integrations`: the settings that all integrations share.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetIntegrations {
    /// The address of the product's web interface: an http or https URL, or empty for none.
    pub base_url: String,
}

/// `GET <base>api/projects/{id}/integrations/{kind}`: one integration, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Integration {
    /// Of the kind `slack`.
    Slack(Slack),
    /// Of the kind `teams`.
    Teams(Teams),
    /// Of the kind `pagerduty`.
    Pagerduty(Pagerduty),
    /// Of the kind `opsgenie`.
    Opsgenie(Opsgenie),
    /// Of the kind `webhook`.
    Webhook(Webhook),
}

impl Integration {
    /// Whether it is notified about incidents.
    #[must_use]
    pub const fn incidents(&self) -> bool {
        match self {
            Self::Slack(slack) => slack.incidents,
            Self::Teams(teams) => teams.incidents,
            Self::Pagerduty(pagerduty) => pagerduty.incidents,
            Self::Opsgenie(opsgenie) => opsgenie.incidents,
            Self::Webhook(webhook) => webhook.incidents,
        }
    }
}

/// A workspace of Slack.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Slack {
    /// Whether a bot token is stored.
    pub token_set: bool,
    /// The channel that gets the messages.
    pub default_channel: String,
    /// Whether it is notified about incidents.
    pub incidents: bool,
}

/// A workspace of Slack to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetSlack {
    /// The bot token. Omit it to keep the stored one; it is required the first time.
    #[serde(default)]
    pub token: Secret,
    /// The channel that gets the messages.
    pub default_channel: String,
    /// Whether it is notified about incidents.
    #[serde(default = "told")]
    pub incidents: bool,
}

/// A channel of Microsoft Teams.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Teams {
    /// Whether the address of an incoming webhook is stored.
    pub webhook_url_set: bool,
    /// Whether it is notified about incidents.
    pub incidents: bool,
}

/// A channel of Microsoft Teams to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetTeams {
    /// The address of the incoming webhook, which is a secret. Omit it to keep the stored one; it is required
    /// the first time.
    #[serde(default)]
    pub webhook_url: Secret,
    /// Whether it is notified about incidents.
    #[serde(default = "told")]
    pub incidents: bool,
}

/// A service of PagerDuty.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pagerduty {
    /// Whether an integration key is stored.
    pub integration_key_set: bool,
    /// Whether it is notified about incidents.
    pub incidents: bool,
}

/// A service of PagerDuty to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetPagerduty {
    /// The integration key of the Events API v2. Omit it to keep the stored one; it is required the first
    /// time.
    #[serde(default)]
    pub integration_key: Secret,
    /// Whether it is notified about incidents.
    #[serde(default = "told")]
    pub incidents: bool,
}

/// An account of Opsgenie.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opsgenie {
    /// Whether an integration key is stored.
    pub api_key_set: bool,
    /// Whether the account is in Europe.
    pub eu_instance: bool,
    /// Whether it is notified about incidents.
    pub incidents: bool,
}

/// An account of Opsgenie to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetOpsgenie {
    /// The integration key. Omit it to keep the stored one; it is required the first time.
    #[serde(default)]
    pub api_key: Secret,
    /// Whether the account is in Europe.
    #[serde(default)]
    pub eu_instance: bool,
    /// Whether it is notified about incidents.
    #[serde(default = "told")]
    pub incidents: bool,
}

/// A custom webhook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Whether its address is stored.
    pub url_set: bool,
    /// Whether certificates are not verified.
    pub tls_skip_verify: bool,
    /// The name and password of every request; `null` for none.
    pub basic_auth: Option<Auth>,
    /// The headers of every request.
    pub custom_headers: Vec<Header>,
    /// Whether it is notified about incidents.
    pub incidents: bool,
    /// The template of the request body; empty for JSON.
    pub incident_template: String,
}

/// A custom webhook to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetWebhook {
    /// Its address, an http or https URL, which is a secret. Omit it to keep the stored one; it is required
    /// the first time.
    #[serde(default)]
    pub url: Secret,
    /// Whether certificates are not verified.
    #[serde(default)]
    pub tls_skip_verify: bool,
    /// The name and password of every request; `null` for none.
    #[serde(default)]
    pub basic_auth: Option<SetAuth>,
    /// The headers of every request, all of them.
    #[serde(default)]
    pub custom_headers: Vec<SetHeader>,
    /// Whether it is notified about incidents.
    #[serde(default = "told")]
    pub incidents: bool,
    /// The template of the request body; empty for JSON.
    #[serde(default)]
    pub incident_template: String,
}

/// A configured integration is notified by default.
const fn told() -> bool {
    true
}

unprinted!(
    Integrations,
    SetIntegrations,
    Slack,
    SetSlack,
    Teams,
    SetTeams,
    Pagerduty,
    SetPagerduty,
    Opsgenie,
    SetOpsgenie,
    Webhook,
    SetWebhook
);
