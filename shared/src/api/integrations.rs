//! `<base>api/projects/{id}/integrations`: who is told about incidents?

use serde::{Deserialize, Serialize};

use super::secrets::{Auth, Header, Secret, SetAuth, SetHeader};
use crate::payload::AlertingIntegration;

/// `GET <base>api/projects/{id}/integrations`: the alerting integrations of a project.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Integrations {
    /// The address of the product's web interface, for links in messages; empty where nobody said it.
    pub base_url: String,
    /// Those that are configured.
    pub integrations: Vec<ConfiguredIntegration>,
}

/// An alerting integration that is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfiguredIntegration {
    /// Its kind.
    pub kind: AlertingIntegration,
    /// Whether it is told about incidents.
    pub incidents: bool,
}

/// `PUT <base>api/projects/{id}/integrations`: what all integrations share.
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
    /// Whether it is told about incidents.
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
    /// Whether the token of a bot is stored.
    pub token_set: bool,
    /// The channel that is told.
    pub default_channel: String,
    /// Whether it is told about incidents.
    pub incidents: bool,
}

/// A workspace of Slack to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetSlack {
    /// The token of a bot. It cannot be left out for good.
    #[serde(default)]
    pub token: Secret,
    /// The channel that is told.
    pub default_channel: String,
    /// Whether it is told about incidents.
    #[serde(default = "told")]
    pub incidents: bool,
}

/// A channel of Microsoft Teams.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Teams {
    /// Whether the address of an incoming webhook is stored.
    pub webhook_url_set: bool,
    /// Whether it is told about incidents.
    pub incidents: bool,
}

/// A channel of Microsoft Teams to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetTeams {
    /// The address of the incoming webhook, which is a secret. It cannot be left out for good.
    #[serde(default)]
    pub webhook_url: Secret,
    /// Whether it is told about incidents.
    #[serde(default = "told")]
    pub incidents: bool,
}

/// A service of PagerDuty.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pagerduty {
    /// Whether the key of an integration is stored.
    pub integration_key_set: bool,
    /// Whether it is told about incidents.
    pub incidents: bool,
}

/// A service of PagerDuty to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetPagerduty {
    /// The key of its integration with the Events API v2. It cannot be left out for good.
    #[serde(default)]
    pub integration_key: Secret,
    /// Whether it is told about incidents.
    #[serde(default = "told")]
    pub incidents: bool,
}

/// An account of Opsgenie.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opsgenie {
    /// Whether the key of an integration is stored.
    pub api_key_set: bool,
    /// Whether it is an account in Europe.
    pub eu_instance: bool,
    /// Whether it is told about incidents.
    pub incidents: bool,
}

/// An account of Opsgenie to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetOpsgenie {
    /// The key of its integration. It cannot be left out for good.
    #[serde(default)]
    pub api_key: Secret,
    /// Whether it is an account in Europe.
    #[serde(default)]
    pub eu_instance: bool,
    /// Whether it is told about incidents.
    #[serde(default = "told")]
    pub incidents: bool,
}

/// A webhook of the operator's own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Whether its address is stored.
    pub url_set: bool,
    /// Whether any certificate will do.
    pub tls_skip_verify: bool,
    /// The name and password of every request; `null` for none.
    pub basic_auth: Option<Auth>,
    /// The headers of every request.
    pub custom_headers: Vec<Header>,
    /// Whether it is told about incidents.
    pub incidents: bool,
    /// The body of what it is told, as a template; empty for JSON.
    pub incident_template: String,
}

/// A webhook of the operator's own to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetWebhook {
    /// Its address, an http or https URL, which is a secret. It cannot be left out for good.
    #[serde(default)]
    pub url: Secret,
    /// Whether any certificate will do.
    #[serde(default)]
    pub tls_skip_verify: bool,
    /// The name and password of every request; `null` for none.
    #[serde(default)]
    pub basic_auth: Option<SetAuth>,
    /// The headers of every request, all of them.
    #[serde(default)]
    pub custom_headers: Vec<SetHeader>,
    /// Whether it is told about incidents.
    #[serde(default = "told")]
    pub incidents: bool,
    /// The body of what it is told, as a template; empty for JSON.
    #[serde(default)]
    pub incident_template: String,
}

/// Who is configured is told, unless somebody says no.
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
