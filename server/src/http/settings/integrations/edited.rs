//! Applies a submitted change to an integration; omitted secrets keep their stored values.

use headcount_shared::api::{SetOpsgenie, SetPagerduty, SetSlack, SetTeams, SetWebhook};

use crate::{
    http::settings::secrets::{edited_auth, edited_headers},
    notifications::{OpsgenieConfig, PagerdutyConfig, SlackConfig, TeamsConfig, WebhookConfig},
    store::IntegrationChange,
};

pub(super) fn slack(sent: SetSlack, stored: Option<SlackConfig>) -> IntegrationChange {
    IntegrationChange::Slack(Some(SlackConfig {
        token: sent.token.in_place_of(stored.unwrap_or_default().token),
        default_channel: sent.default_channel,
        incidents: sent.incidents,
    }))
}

pub(super) fn teams(sent: SetTeams, stored: Option<TeamsConfig>) -> IntegrationChange {
    IntegrationChange::Teams(Some(TeamsConfig {
        webhook_url: sent.webhook_url.in_place_of(stored.unwrap_or_default().webhook_url),
        incidents: sent.incidents,
    }))
}

pub(super) fn pagerduty(sent: SetPagerduty, stored: Option<PagerdutyConfig>) -> IntegrationChange {
    IntegrationChange::Pagerduty(Some(PagerdutyConfig {
        integration_key: sent.integration_key.in_place_of(stored.unwrap_or_default().integration_key),
        incidents: sent.incidents,
    }))
}

pub(super) fn opsgenie(sent: SetOpsgenie, stored: Option<OpsgenieConfig>) -> IntegrationChange {
    IntegrationChange::Opsgenie(Some(OpsgenieConfig {
        api_key: sent.api_key.in_place_of(stored.unwrap_or_default().api_key),
        eu_instance: sent.eu_instance,
        incidents: sent.incidents,
    }))
}

pub(super) fn webhook(sent: SetWebhook, stored: Option<WebhookConfig>) -> IntegrationChange {
    let WebhookConfig { url, basic_auth, custom_headers, .. } = stored.unwrap_or_default();
    IntegrationChange::Webhook(Some(WebhookConfig {
        url: sent.url.in_place_of(url),
        tls_skip_verify: sent.tls_skip_verify,
        basic_auth: sent.basic_auth.map(|set| edited_auth(set, basic_auth)),
        custom_headers: edited_headers(sent.custom_headers, &custom_headers),
        incidents: sent.incidents,
        incident_template: sent.incident_template,
    }))
}
