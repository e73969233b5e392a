//! Example notifications and destinations for tests.

use headcount_health::health_status::HealthStatus;
use headcount_outbound::TargetPolicy;
use headcount_shared::{api::Secret, payload::AlertingIntegration};
use headcount_topology::application_key::ApplicationKey;
use reqwest::Url;

use super::{
    DestinationConfig, IncidentNotification, NotificationDetails, OpsgenieConfig, PagerdutyConfig,
    ProjectIntegrations, ReportDetails, ServiceEndpoints, SlackConfig, TeamsConfig, WebhookConfig,
    destinations::{NotificationDestination, RequestContext},
    message::IncidentMessage,
    notification_request::{NotificationRequest, UnusableConfig},
};

/// The time of the example, in Unix seconds: 2023-11-14 22:13:20 UTC.
pub(super) const AT: u32 = 1_700_000_000;

/// A critical notification with one reason, for Slack.
pub(super) fn notification() -> IncidentNotification {
    let reason = ReportDetails {
        name: "SLO".to_owned(),
        check: "Availability".to_owned(),
        message: "error budget burn rate is 26x within 1 hour".to_owned(),
    };
    IncidentNotification {
        project: "abc12345".to_owned(),
        application: ApplicationKey::parse("shop:Deployment:cart").unwrap(),
        incident_key: "k3y00001".to_owned(),
        status: HealthStatus::Critical,
        destination: AlertingIntegration::Slack,
        timestamp: AT,
        external_key: String::new(),
        details: NotificationDetails { reports: vec![reason] },
    }
}

/// The address of the product's web interface.
pub(super) const BASE_URL: &str = "https://coroot.example.com";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

pub(super) fn slack() -> SlackConfig {
    SlackConfig { token: secret("xoxb-swordfish"), default_channel: "alerts".to_owned(), incidents: true }
}

pub(super) fn teams() -> TeamsConfig {
    TeamsConfig { webhook_url: secret("https://teams.example.com/hook"), incidents: true }
}

pub(super) fn pagerduty() -> PagerdutyConfig {
    PagerdutyConfig { integration_key: secret("swordfish"), incidents: true }
}

pub(super) fn opsgenie() -> OpsgenieConfig {
    OpsgenieConfig { api_key: secret("swordfish"), eu_instance: false, incidents: true }
}

pub(super) fn webhook() -> WebhookConfig {
    let url = secret("https://hook.example.com/in?token=swordfish");
    WebhookConfig { url, incidents: true, ..WebhookConfig::default() }
}

/// All destinations, all of which receive incidents.
pub(super) fn integrations() -> ProjectIntegrations {
    integrations_with(webhook())
}

/// The same with another webhook.
pub(super) fn integrations_with(webhook: WebhookConfig) -> ProjectIntegrations {
    let all: [DestinationConfig; 5] =
        [slack().into(), teams().into(), pagerduty().into(), opsgenie().into(), webhook.into()];
    let mut integrations: ProjectIntegrations = all.into_iter().collect();
    BASE_URL.clone_into(&mut integrations.base_url);
    integrations
}

/// The request to a destination.
pub(super) fn request(
    destination: &dyn NotificationDestination,
    notification: &IncidentNotification,
    conversation: &str,
) -> Result<NotificationRequest, UnusableConfig> {
    request_with_links(destination, notification, conversation, BASE_URL)
}

/// The request to a destination, with links to an address.
pub(super) fn request_with_links(
    destination: &dyn NotificationDestination,
    notification: &IncidentNotification,
    conversation: &str,
    base_url: &str,
) -> Result<NotificationRequest, UnusableConfig> {
    destination.request(&RequestContext {
        notification,
        message: IncidentMessage::new(notification, base_url),
        endpoints: &endpoints(),
        conversation,
    })
}

/// The public addresses of the services.
pub(super) fn endpoints() -> ServiceEndpoints {
    ServiceEndpoints {
        targets: TargetPolicy::default(),
        slack: Url::parse("https://slack.com/api/").unwrap(),
        pagerduty: Url::parse("https://events.pagerduty.com/").unwrap(),
        opsgenie: None,
    }
}
