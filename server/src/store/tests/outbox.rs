//! Tests of notifications, from the incident to the time stamp of sending.

use headcount_health::{
    health_status::HealthStatus,
    history_store::HistoryChanges,
    incidents::{ApplicationIncident, IncidentChange, IncidentReason, IncidentTransition},
};
use headcount_shared::{api::Secret, payload::AlertingIntegration};
use headcount_topology::application_key::ApplicationKey;

use super::*;
use crate::notifications::{
    IncidentNotification, NotificationOutbox, PagerdutyConfig, SlackConfig, WebhookConfig,
};

const NOW: u32 = 1_700_000_000;

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn slack() -> SlackConfig {
    SlackConfig { token: secret("t"), default_channel: "c".to_owned(), incidents: true }
}

async fn with_an_incident(place: &TestDatabase) -> SettingsStore {
    let settings = place.open().await;
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    let webhook = WebhookConfig { url: secret("http://hook/"), incidents: true, ..WebhookConfig::default() };
    let deaf = PagerdutyConfig { integration_key: secret("k"), incidents: false };
    for destination in [slack().into(), webhook.into(), deaf.into()] {
        settings.set_integration("aaaaaaaa", destination, |_, _| Ok(())).await.unwrap();
    }
    let incident = ApplicationIncident {
        application: ApplicationKey::parse("shop:Deployment:cart").unwrap(),
        key: "incident".to_owned(),
        opened_at: NOW,
        resolved_at: None,
        severity: HealthStatus::Critical,
    };
    let reason =
        IncidentReason { report: "SLO".to_owned(), check: "Latency".to_owned(), message: "slow".to_owned() };
    let change = IncidentChange { incident, what: IncidentTransition::Opened, reasons: vec![reason] };
    let findings = HistoryChanges { incidents: vec![change], ..HistoryChanges::default() };
    settings.remember("aaaaaaaa", &findings, NOW).await.unwrap();
    settings
}

fn destinations(notifications: &[IncidentNotification]) -> Vec<AlertingIntegration> {
    notifications.iter().map(|notification| notification.destination).collect()
}

on_both! {
    async fn those_who_are_told_about_incidents_are_told_what_why_and_since_when(place) {
        let settings = with_an_incident(&place).await;
        let waiting = settings.waiting(NOW).await.unwrap();
        assert_eq!(destinations(&waiting), [AlertingIntegration::Slack, AlertingIntegration::Webhook]);
        let IncidentNotification { project, application, incident_key, status, timestamp, details, .. } = &waiting[0];
        assert_eq!((project.as_str(), incident_key.as_str()), ("aaaaaaaa", "incident"));
        assert_eq!((application.to_string().as_str(), *status, *timestamp), ("shop:Deployment:cart", HealthStatus::Critical, NOW));
        assert_eq!(details.reports[0].message, "slow");
        assert!(settings.waiting(NOW + 1).await.unwrap().is_empty());
        let integrations = settings.integrations("aaaaaaaa").await.unwrap();
        assert_eq!(integrations.kinds().len(), 3);
        assert_eq!(integrations.get(AlertingIntegration::Slack), Some(&slack().into()));
        assert_eq!(settings.integrations("gone").await.unwrap(), Default::default());
    }

    async fn what_is_sent_is_stamped_counted_once_and_continues_its_conversation(place) {
        let settings = with_an_incident(&place).await;
        let waiting = settings.waiting(0).await.unwrap();
        assert_eq!(settings.conversation(&waiting[0]).await.unwrap(), "");
        for at in [NOW + 5, NOW + 9] {
            settings.sent(&waiting[0], at, "thread").await.unwrap();
        }
        assert_eq!(destinations(&settings.waiting(0).await.unwrap()), [AlertingIntegration::Webhook]);
        assert_eq!(settings.conversation(&waiting[0]).await.unwrap(), "thread");
        assert_eq!(settings.conversation(&waiting[1]).await.unwrap(), "");
        assert_eq!(place.texts("SELECT fact FROM headcount_ledger").await, [r#"{"notification":"slack"}"#]);
        let sent = settings.counted().await.unwrap().sent_notifications;
        assert_eq!(sent.into_iter().collect::<Vec<_>>(), [(AlertingIntegration::Slack, 1)]);
    }

    async fn what_is_dropped_is_neither_counted_nor_sent_any_more(place) {
        let settings = with_an_incident(&place).await;
        let waiting = settings.waiting(0).await.unwrap();
        settings.dropped(&waiting[0], NOW + 5).await.unwrap();
        settings.sent(&waiting[0], NOW + 9, "thread").await.unwrap();
        assert_eq!(settings.waiting(0).await.unwrap().len(), 1);
        assert_eq!(place.number("SELECT COUNT(*) FROM headcount_ledger").await, 0);
    }

    async fn channels_of_later_versions_are_one_destination_and_others_wait_for_nobody(place) {
        let settings = with_an_incident(&place).await;
        place
            .execute("DELETE FROM incident_notification;
                INSERT INTO incident_notification
                (project_id, application_id, incident_key, status, destination, timestamp, details) VALUES
                ('aaaaaaaa', 'aaaaaaaa:shop:Deployment:cart', 'i', 4, 'slack:#one', 7, NULL),
                ('aaaaaaaa', 'aaaaaaaa:shop:Deployment:cart', 'i', 4, 'slack:#two', 7, NULL),
                ('aaaaaaaa', 'aaaaaaaa:shop:Deployment:cart', 'i', 4, 'email', 7, NULL),
                ('aaaaaaaa', 'nothing', 'i', 4, 'slack', 7, NULL)")
            .await;
        let waiting = settings.waiting(0).await.unwrap();
        assert_eq!(destinations(&waiting), [AlertingIntegration::Slack]);
        settings.sent(&waiting[0], 9, "").await.unwrap();
        assert!(settings.waiting(0).await.unwrap().is_empty());
        assert_eq!(place.number("SELECT COUNT(*) FROM headcount_ledger").await, 1);
    }

    async fn what_waits_in_a_database_that_is_only_read_is_for_others_to_send(place) {
        with_an_incident(&place).await.close().await;
        let settings = place.read().await;
        assert!(settings.waiting(0).await.unwrap().is_empty());
        assert!(settings.integrations("aaaaaaaa").await.unwrap().get(AlertingIntegration::Slack).is_some());
    }
}
