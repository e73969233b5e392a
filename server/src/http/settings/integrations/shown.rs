//! Converts integrations to responses without secrets.

use headcount_shared::{
    api::{ConfiguredIntegration, Integration, Integrations, Opsgenie, Pagerduty, Slack, Teams, Webhook},
    payload::AlertingIntegration,
};

use crate::{
    http::settings::{
        secrets::{shown_auth, shown_headers},
        shown_url::without_login,
    },
    notifications,
};

/// All that are configured.
pub(super) fn all(of: &notifications::ProjectIntegrations) -> Integrations {
    let told = |kind| Some(ConfiguredIntegration { kind, incidents: one(of, kind)?.incidents() });
    Integrations {
        base_url: without_login(&of.base_url),
        integrations: AlertingIntegration::ALL.into_iter().filter_map(told).collect(),
    }
}

/// The one of a kind; `None` when it is not configured.
pub(super) fn one(of: &notifications::ProjectIntegrations, kind: AlertingIntegration) -> Option<Integration> {
    match kind {
        AlertingIntegration::Slack => of.slack.as_ref().map(slack),
        AlertingIntegration::Teams => of.teams.as_ref().map(teams),
        AlertingIntegration::Pagerduty => of.pagerduty.as_ref().map(pagerduty),
        AlertingIntegration::Opsgenie => of.opsgenie.as_ref().map(opsgenie),
        AlertingIntegration::Webhook => of.webhook.as_ref().map(webhook),
    }
}

fn slack(of: &notifications::SlackConfig) -> Integration {
    Integration::Slack(Slack {
        token_set: !of.token.is_empty(),
        default_channel: of.default_channel.clone(),
        incidents: of.incidents,
    })
}

fn teams(of: &notifications::TeamsConfig) -> Integration {
    Integration::Teams(Teams { webhook_url_set: !of.webhook_url.is_empty(), incidents: of.incidents })
}

fn pagerduty(of: &notifications::PagerdutyConfig) -> Integration {
    Integration::Pagerduty(Pagerduty {
        integration_key_set: !of.integration_key.is_empty(),
        incidents: of.incidents,
    })
}

fn opsgenie(of: &notifications::OpsgenieConfig) -> Integration {
    Integration::Opsgenie(Opsgenie {
        api_key_set: !of.api_key.is_empty(),
        eu_instance: of.eu_instance,
        incidents: of.incidents,
    })
}

fn webhook(of: &notifications::WebhookConfig) -> Integration {
    Integration::Webhook(Webhook {
        url_set: !of.url.is_empty(),
        tls_skip_verify: of.tls_skip_verify,
        basic_auth: of.basic_auth.as_ref().map(shown_auth),
        custom_headers: shown_headers(&of.custom_headers),
        incidents: of.incidents,
        incident_template: of.incident_template.clone(),
    })
}
