//! Tests that switching off deletes what this program recorded, and nothing else.

use headcount_health::{
    health_status::HealthStatus,
    history_store::{HistoryChanges, ReportEvent, ReportEventKind},
    incidents::{ApplicationIncident, IncidentChange, IncidentReason, IncidentTransition},
    rollouts::{DeploymentRollout, RolloutSnapshot},
};
use headcount_shared::{api::Secret, payload::AlertingIntegration};
use headcount_topology::application_key::ApplicationKey;

use super::*;
use crate::notifications::{NotificationOutbox, WebhookConfig};

const COROOT_1_6: &str = include_str!("coroot_1_6.sql");

/// The project in that database.
const COROOTS: &str = "8f3k2j1x";

const OWN: &str = "aaaaaaaa";

const NOW: u32 = 1_700_010_000;

/// Names that occur nowhere else.
const CANARIES: [&str; 5] = ["zqxns", "zqxapp", "zqxreplicaset", "zqximage", "zqxmessage"];

fn application() -> ApplicationKey {
    ApplicationKey::parse("zqxns:Deployment:zqxapp").unwrap()
}

fn rollout(application: ApplicationKey, started_at: u32) -> DeploymentRollout {
    DeploymentRollout {
        application,
        name: "zqxreplicaset".to_owned(),
        started_at,
        finished_at: Some(started_at + 60),
        container_images: vec!["zqximage:1".to_owned()],
        snapshot: Some(RolloutSnapshot { requests: 7, ..RolloutSnapshot::default() }),
    }
}

fn opened(application: ApplicationKey, opened_at: u32) -> IncidentChange {
    let incident = ApplicationIncident {
        application,
        key: format!("key{opened_at}"),
        opened_at,
        resolved_at: None,
        severity: HealthStatus::Critical,
    };
    let message = "zqxmessage".to_owned();
    let reason = IncidentReason { report: "SLO".to_owned(), check: "Latency".to_owned(), message };
    IncidentChange { incident, what: IncidentTransition::Opened, reasons: vec![reason] }
}

/// A rollout, an incident with a notification to a webhook, and a counted event.
fn findings(started_at: u32) -> HistoryChanges {
    HistoryChanges {
        deployments: vec![rollout(application(), started_at)],
        incidents: vec![opened(application(), started_at)],
        countable: vec![ReportEvent {
            item: format!("deployment/{started_at}"),
            fact: ReportEventKind::Deployment,
        }],
    }
}

async fn with_webhook(settings: &SettingsStore, project: &str) {
    let url = Secret::new("http://hook/".to_owned());
    let webhook = WebhookConfig { url, incidents: true, ..WebhookConfig::default() };
    settings.set_integration(project, webhook.into(), |_, _| Ok(())).await.unwrap();
}

async fn with_own_project(place: &TestDatabase) -> SettingsStore {
    let settings = place.open().await;
    settings.create_project(OWN, "own").await.unwrap();
    with_webhook(&settings, OWN).await;
    settings
}

/// All rows of the tables of records, as text.
async fn records(place: &TestDatabase) -> Vec<String> {
    let mut records = Vec::new();
    for (table, columns) in [
        (
            "application_deployment",
            "application_id || '|' || name || '|' || CAST(started_at AS TEXT) || '|' || CAST(finished_at AS TEXT)
            || '|' || COALESCE(details, '-') || '|' || COALESCE(metrics_snapshot, '-') || '|'
            || COALESCE(notifications, '-')",
        ),
        (
            "incident",
            "application_id || '|' || key || '|' || CAST(opened_at AS TEXT) || '|' || CAST(resolved_at AS TEXT)
            || '|' || CAST(severity AS TEXT)",
        ),
        (
            "incident_notification",
            "application_id || '|' || incident_key || '|' || CAST(status AS TEXT) || '|' || destination || '|'
            || CAST(timestamp AS TEXT) || '|' || CAST(sent_at AS TEXT) || '|' || external_key || '|'
            || COALESCE(details, '-')",
        ),
    ] {
        records.extend(place.texts(&format!("SELECT {columns} FROM {table} ORDER BY 1")).await);
    }
    records
}

async fn switch(settings: &SettingsStore, enabled: bool) -> StoredChoice {
    settings.choose_statistics(enabled, NOW).await.unwrap()
}

on_both! {
    async fn everything_that_was_remembered_is_said_before_and_gone_afterwards(place) {
        let settings = with_own_project(&place).await;
        for started_at in [NOW, NOW + 60] {
            settings.remember(OWN, &findings(started_at), NOW).await.unwrap();
        }
        // A second incident of the same application is not stored.
        let written = WrittenRows { rollouts: 2, incidents: 1, notifications: 1 };
        assert_eq!(settings.remembered().await.unwrap(), RememberedRows { written, facts: 2 });
        assert_eq!(switch(&settings, false).await, StoredChoice { enabled: false, times_off: 1 });
        assert_eq!(records(&place).await, [""; 0]);
        assert_eq!(settings.remembered().await.unwrap(), RememberedRows::default());
        for table in ["headcount_ledger", "headcount_written"] {
            assert_eq!(place.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
        }
        assert_eq!(settings.overview().await.unwrap().len(), 1);
        assert!(settings.integrations(OWN).await.unwrap().get(AlertingIntegration::Webhook).is_some());
    }

    async fn rows_of_coroot_stay_as_they_were(place) {
        place.execute(COROOT_1_6).await;
        let before = records(&place).await;
        let settings = place.open().await;
        with_webhook(&settings, COROOTS).await;
        let cart = ApplicationKey::parse("shop:Deployment:cart").unwrap();
        let own = HistoryChanges { incidents: vec![opened(application(), NOW)], ..findings(NOW) };
        // One that Coroot left unfinished, and one that began at the same time as one of Coroot.
        let filled_in = vec![rollout(cart.clone(), 1_700_003_600), rollout(application(), 1_700_000_000)];
        let of_coroot = HistoryChanges { deployments: filled_in, ..HistoryChanges::default() };
        for findings in [own, of_coroot] {
            settings.remember(COROOTS, &findings, NOW).await.unwrap();
        }
        let while_on = records(&place).await;
        assert!(while_on.iter().any(|row| row.starts_with("shop:Deployment:cart|zqxreplicaset|1700003600|1700003660")));
        assert_eq!(while_on.len(), before.len() + 5);
        assert_eq!(settings.remembered().await.unwrap().written.rollouts, 2);
        switch(&settings, false).await;
        assert_eq!(records(&place).await, before);
        assert_eq!(settings.overview().await.unwrap().len(), 2);
    }

    async fn what_was_told_about_an_incident_of_coroot_is_not_told_again(place) {
        place.execute(COROOT_1_6).await;
        let settings = place.open().await;
        let waiting = settings.waiting(0).await.unwrap();
        assert_eq!(waiting.len(), 1);
        settings.sent(&waiting[0], NOW, "key").await.unwrap();
        switch(&settings, false).await;
        switch(&settings, true).await;
        assert!(settings.waiting(0).await.unwrap().is_empty());
    }

    async fn while_off_nothing_is_remembered_also_by_a_server_that_has_not_heard_of_it(place) {
        let settings = with_own_project(&place).await;
        switch(&settings, false).await;
        settings.remember(OWN, &findings(NOW), NOW).await.unwrap();
        assert_eq!(records(&place).await, [""; 0]);
        assert_eq!(settings.remembered().await.unwrap(), RememberedRows::default());
        switch(&settings, true).await;
        settings.remember(OWN, &findings(NOW), NOW).await.unwrap();
        assert_eq!(settings.remembered().await.unwrap().written.rollouts, 1);
    }

    async fn what_is_told_while_off_is_not_counted(place) {
        place.execute(COROOT_1_6).await;
        let settings = place.open().await;
        let waiting = settings.waiting(0).await.unwrap();
        switch(&settings, false).await;
        settings.sent(&waiting[0], NOW, "").await.unwrap();
        assert_eq!(settings.remembered().await.unwrap().facts, 0);
    }

    async fn to_choose_what_is_chosen_loses_nothing_and_each_switching_off_is_counted(place) {
        let settings = with_own_project(&place).await;
        settings.remember(OWN, &findings(NOW), NOW).await.unwrap();
        assert_eq!(switch(&settings, true).await, StoredChoice::default());
        assert_eq!(settings.counted().await.unwrap().deployments, 1);
        for (enabled, times_off) in [(false, 1), (false, 1), (true, 1), (false, 2)] {
            assert_eq!(switch(&settings, enabled).await, StoredChoice { enabled, times_off });
        }
        settings.close().await;
        let choice = place.open().await.statistics_choice().await.unwrap();
        assert_eq!(choice, StoredChoice { enabled: false, times_off: 2 });
    }

    async fn what_an_earlier_version_wrote_into_a_database_of_its_own_is_known(place) {
        let settings = with_own_project(&place).await;
        settings.remember(OWN, &findings(NOW), NOW).await.unwrap();
        settings.close().await;
        as_of_an_earlier_version(&place).await;
        let settings = place.open().await;
        let written = WrittenRows { rollouts: 1, incidents: 1, notifications: 1 };
        assert_eq!(settings.remembered().await.unwrap().written, written);
        switch(&settings, false).await;
        assert_eq!(records(&place).await, [""; 0]);
    }

    async fn of_what_an_earlier_version_may_have_written_beside_coroot_what_began_after_its_first_start_is_known(place) {
        place.execute(COROOT_1_6).await;
        let before = records(&place).await;
        place.open().await.close().await;
        // Later than any first start of this test.
        place.execute(&format!("INSERT INTO application_deployment
            (project_id, application_id, name, started_at) VALUES ('{COROOTS}', 'x', 'x', 2100000000)")).await;
        as_of_an_earlier_version(&place).await;
        switch(&place.open().await, false).await;
        assert_eq!(records(&place).await, before);
    }

    async fn of_a_project_that_is_deleted_no_note_is_left(place) {
        let settings = with_own_project(&place).await;
        settings.remember(OWN, &findings(NOW), NOW).await.unwrap();
        settings.delete_project(OWN).await.unwrap();
        assert_eq!(place.number("SELECT COUNT(*) FROM headcount_written").await, 0);
    }

    async fn beside_settings_that_are_only_read_the_ledger_is_emptied_and_they_are_left_alone(place) {
        place.execute(COROOT_1_6).await;
        let before = place.everything();
        let beside = tempfile::tempdir().unwrap();
        let settings = place.read().await.with_ledger_in(beside.path().join("ledger.sqlite")).await.unwrap();
        settings.remember(COROOTS, &findings(NOW), NOW).await.unwrap();
        assert_eq!(settings.remembered().await.unwrap(), RememberedRows { facts: 1, ..Default::default() });
        settings.delete_own_ledger().await.unwrap();
        assert_eq!(settings.remembered().await.unwrap(), RememberedRows::default());
        settings.erase().await.unwrap();
        settings.close().await;
        assert!(place.everything() == before);
    }
}

/// Brings a database into the state of version 0.1.0, which did not record its own rows.
async fn as_of_an_earlier_version(place: &TestDatabase) {
    place.execute("DROP TABLE headcount_written; DELETE FROM _sqlx_migrations WHERE version > 3").await;
}

fn bytes(place: &TestDatabase) -> Vec<u8> {
    place.everything().into_values().flatten().collect()
}

fn finds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[tokio::test]
async fn nothing_that_was_deleted_can_be_read_in_the_file() {
    for write_ahead_log in [false, true] {
        let place = TestDatabase::sqlite();
        let settings = with_own_project(&place).await;
        if write_ahead_log {
            place.execute("PRAGMA journal_mode = WAL").await;
        }
        for number in 0..40 {
            settings.remember(OWN, &findings(NOW + number * 60), NOW).await.unwrap();
        }
        for canary in CANARIES {
            assert!(finds(&bytes(&place), canary), "{canary}");
        }
        switch(&settings, false).await;
        settings.erase().await.unwrap();
        for canary in CANARIES {
            assert!(!finds(&bytes(&place), canary), "{canary} while it is open");
        }
        settings.close().await;
        for canary in CANARIES {
            assert!(!finds(&bytes(&place), canary), "{canary} afterwards");
        }
    }
}

#[tokio::test]
async fn what_a_version_deleted_that_did_not_overwrite_it_goes_too() {
    let place = TestDatabase::sqlite();
    let settings = with_own_project(&place).await;
    settings.remember(OWN, &findings(NOW), NOW).await.unwrap();
    settings.close().await;
    place.execute("PRAGMA secure_delete = OFF; DELETE FROM application_deployment").await;
    assert!(finds(&bytes(&place), "zqximage"));
    let settings = place.open().await;
    switch(&settings, false).await;
    settings.erase().await.unwrap();
    assert!(!finds(&bytes(&place), "zqx"));
}

#[tokio::test]
async fn what_other_servers_write_at_the_moment_of_the_switch_is_gone_too() {
    let place = TestDatabase::postgres();
    let writers = [with_own_project(&place).await, place.open().await, place.open().await];
    for round in 0..8 {
        switch(&writers[0], true).await;
        let mut writing = tokio::task::JoinSet::new();
        for (number, settings) in writers.iter().cycle().take(9).enumerate() {
            let (settings, number) = (settings.clone(), u32::try_from(number).unwrap());
            writing.spawn(async move {
                settings.remember(OWN, &findings(NOW + round * 1000 + number * 60), NOW).await.unwrap();
            });
        }
        switch(&writers[1], false).await;
        writing.join_all().await;
        assert_eq!(records(&place).await, [""; 0]);
        assert_eq!(place.number("SELECT COUNT(*) FROM headcount_ledger").await, 0);
    }
}
