//! Example notifications and destinations for tests.

use headcount_health::health_status::HealthStatus;
use headcount_shared::payload::AlertingIntegration;
use headcount_topology::application_key::ApplicationKey;
use reqwest::Url;

use super::{
    IncidentNotification, NotificationDetails, OpsgenieConfig, PagerdutyConfig, ProjectIntegrations,
    ReportDetails, ServiceEndpoints, SlackConfig, TeamsConfig, WebhookConfig,
};
use crate::outgoing::TargetPolicy;

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

/// All destinations, all of which receive incidents.
pub(super) fn integrations() -> ProjectIntegrations {
    ProjectIntegrations {
        base_url: "https://coroot.example.com".to_owned(),
        slack: Some(SlackConfig {
            token: "xoxb-swordfish".to_owned(),
            default_channel: "alerts".to_owned(),
            incidents: true,
        }),
        teams: Some(TeamsConfig {
            webhook_url: "https://teams.example.com/hook".to_owned(),
            incidents: true,
        }),
        pagerduty: Some(PagerdutyConfig { integration_key: "swordfish".to_owned(), incidents: true }),
        opsgenie: Some(OpsgenieConfig {
            api_key: "swordfish".to_owned(),
            eu_instance: false,
            incidents: true,
        }),
        webhook: Some(WebhookConfig {
            url: "https://hook.example.com/in?token=swordfish".to_owned(),
            incidents: true,
            ..WebhookConfig::default()
        }),
    }
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
