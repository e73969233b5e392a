//! The configured destinations of a project, as plain values from the settings.

use std::fmt;

/// The destinations of one project.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProjectIntegrations {
    /// The address of the product's web interface, for links; empty if it is not configured.
    pub base_url: String,
    /// Slack.
    pub slack: Option<SlackConfig>,
    /// Microsoft Teams.
    pub teams: Option<TeamsConfig>,
    /// PagerDuty.
    pub pagerduty: Option<PagerdutyConfig>,
    /// Opsgenie.
    pub opsgenie: Option<OpsgenieConfig>,
    /// The operator's webhook.
    pub webhook: Option<WebhookConfig>,
}

/// A workspace of Slack.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SlackConfig {
    /// The token of the bot.
    pub token: String,
    /// The channel for notifications.
    pub default_channel: String,
    /// Whether it receives incidents.
    pub incidents: bool,
}

/// A channel of Microsoft Teams.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TeamsConfig {
    /// The address of its incoming webhook, which is a secret.
    pub webhook_url: String,
    /// Whether it receives incidents.
    pub incidents: bool,
}

/// A service of PagerDuty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PagerdutyConfig {
    /// The key of its integration with the Events API v2.
    pub integration_key: String,
    /// Whether it receives incidents.
    pub incidents: bool,
}

/// An account of Opsgenie.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OpsgenieConfig {
    /// The key of its integration.
    pub api_key: String,
    /// Whether the account is in the EU region.
    pub eu_instance: bool,
    /// Whether it receives incidents.
    pub incidents: bool,
}

/// A webhook.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Its address, which may be a secret.
    pub url: String,
    /// Whether invalid certificates are accepted.
    pub tls_skip_verify: bool,
    /// User name and password.
    pub basic_auth: Option<(String, String)>,
    /// Names and values of additional headers.
    pub custom_headers: Vec<(String, String)>,
    /// Whether it receives incidents.
    pub incidents: bool,
    /// The template of the body; empty for the default JSON.
    pub incident_template: String,
}

/// Leaves out the address.
impl fmt::Debug for ProjectIntegrations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProjectIntegrations")
            .field("slack", &self.slack)
            .field("teams", &self.teams)
            .field("pagerduty", &self.pagerduty)
            .field("opsgenie", &self.opsgenie)
            .field("webhook", &self.webhook)
            .finish_non_exhaustive()
    }
}

/// Leaves out the secret members.
macro_rules! secret {
    ($($integration:ident),*) => {
        $(
            impl fmt::Debug for $integration {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    let name = stringify!($integration);
                    formatter.debug_struct(name).field("incidents", &self.incidents).finish_non_exhaustive()
                }
            }
        )*
    };
}

secret!(SlackConfig, TeamsConfig, PagerdutyConfig, OpsgenieConfig, WebhookConfig);
