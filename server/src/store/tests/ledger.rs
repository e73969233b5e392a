//! Tests of events that are counted in exactly one report.

use headcount_health::history_store::{HistoryChanges, ReportEvent, ReportEventKind};
use uuid::Uuid;

use super::*;

const NOW: u32 = 1_700_000_000;
const INSTANCE: Uuid = Uuid::from_u128(1);
const PROJECT: &str = "aaaaaaaa";

fn countable(item: &str, fact: ReportEventKind) -> HistoryChanges {
    HistoryChanges {
        countable: vec![ReportEvent { item: item.to_owned(), fact }],
        ..HistoryChanges::default()
    }
}

async fn with_project(place: &TestDatabase) -> SettingsStore {
    let settings = place.open().await;
    settings.create_project(PROJECT, "one").await.unwrap();
    settings
}

async fn rollouts(settings: &SettingsStore, items: &[&str]) {
    for item in items {
        settings.remember(PROJECT, &countable(item, ReportEventKind::Deployment), NOW).await.unwrap();
    }
}

/// Takes the waiting events into a report, while the reports with the numbers `kept` exist.
async fn take(settings: &SettingsStore, report: u128, kept: &[u128]) -> u64 {
    let is_kept = |id: Uuid| kept.contains(&id.as_u128());
    settings.take(Uuid::from_u128(report), INSTANCE, NOW, is_kept).await.unwrap().deployments
}

on_both! {
    async fn a_fact_is_in_one_report_however_often_it_is_found(place) {
        let settings = with_project(&place).await;
        rollouts(&settings, &["a", "b", "a"]).await;
        settings.remember(PROJECT, &countable("s", ReportEventKind::Summary(vec!["-CPU", "+Logs"])), NOW).await.unwrap();
        settings.remember(PROJECT, &countable("t", ReportEventKind::Summary(vec!["-CPU"])), NOW).await.unwrap();
        let counted = settings.counted().await.unwrap();
        assert_eq!((counted.deployments, settings.counted().await.unwrap()), (2, counted.clone()));
        let changes: Vec<_> = counted.deployment_summaries.into_iter().collect();
        assert_eq!(changes, [("+Logs".to_owned(), 1), ("-CPU".to_owned(), 2)]);
        assert_eq!(take(&settings, 10, &[]).await, 2);
        rollouts(&settings, &["a", "b"]).await;
        assert_eq!(take(&settings, 11, &[10]).await, 0);
        assert_eq!(settings.counted().await.unwrap(), LedgerCounts::default());
    }

    async fn what_a_report_took_that_never_reached_the_disk_can_be_given_back(place) {
        let settings = with_project(&place).await;
        rollouts(&settings, &["a"]).await;
        assert_eq!(take(&settings, 10, &[]).await, 1);
        rollouts(&settings, &["b"]).await;
        assert_eq!(take(&settings, 11, &[10]).await, 1);
        settings.give_back(Uuid::from_u128(2), |_| false).await.unwrap();
        assert_eq!(settings.counted().await.unwrap().deployments, 0);
        settings.give_back(INSTANCE, |_| false).await.unwrap();
        assert_eq!(settings.counted().await.unwrap().deployments, 1);
    }

    async fn what_a_report_took_that_never_reached_the_disk_is_in_the_next(place) {
        let settings = with_project(&place).await;
        rollouts(&settings, &["a"]).await;
        assert_eq!(take(&settings, 10, &[]).await, 1);
        rollouts(&settings, &["b"]).await;
        assert_eq!(take(&settings, 11, &[]).await, 2);
        // Once a report was seen to exist, it keeps what it took, even after it is gone.
        assert_eq!(take(&settings, 12, &[11]).await, 0);
        assert_eq!(take(&settings, 13, &[]).await, 0);
    }

    async fn what_another_installation_took_is_not_touched(place) {
        let settings = with_project(&place).await;
        rollouts(&settings, &["a"]).await;
        let other = Uuid::from_u128(2);
        let taken = settings.take(Uuid::from_u128(20), other, NOW, |_| false).await.unwrap();
        assert_eq!((taken.deployments, take(&settings, 10, &[]).await), (1, 0));
    }

    async fn what_was_before_counting_began_is_in_no_report(place) {
        let settings = with_project(&place).await;
        assert_eq!(settings.counting_since(NOW).await.unwrap(), NOW - 3600);
        assert_eq!(settings.counting_since(NOW + 99).await.unwrap(), NOW - 3600);
        rollouts(&settings, &["a"]).await;
        settings.count_from(NOW + 100).await.unwrap();
        rollouts(&settings, &["a", "b"]).await;
        assert_eq!(settings.counting_since(NOW + 200).await.unwrap(), NOW + 100);
        assert_eq!(take(&settings, 10, &[]).await, 1);
    }

    async fn a_fact_that_cannot_be_read_hides_no_other_and_stays_for_a_version_that_can(place) {
        let settings = with_project(&place).await;
        rollouts(&settings, &["a", "b"]).await;
        let facts = ["'\"teleport\"'", "'{\"summary\":7}'", "'{\"notification\":\"pigeon\"}'", "'no json'", "''"];
        let anything = match place { TestDatabase::Sqlite(_) => &["x'ff00ff'", "7"][..], TestDatabase::Postgres(_) | TestDatabase::Pooled(_) => &[] };
        let strange: Vec<&str> = facts.iter().chain(anything).copied().collect();
        for (number, fact) in strange.iter().enumerate() {
            place.execute(&format!("INSERT INTO headcount_ledger (project_id, item, fact, noted_at)
                VALUES ('{PROJECT}', 'strange{number}', {fact}, {NOW})")).await;
        }
        if let TestDatabase::Sqlite(_) = place {
            place.execute(&format!("UPDATE headcount_ledger SET item = x'ff' WHERE item = 'strange0';
                INSERT INTO headcount_ledger (project_id, item, fact, noted_at)
                VALUES ('{PROJECT}', x'fe', '\"deployment\"', {NOW})")).await;
        }
        let known = if anything.is_empty() { 2 } else { 3 };
        assert_eq!(settings.counted().await.unwrap().deployments, known);
        assert_eq!(take(&settings, 10, &[]).await, known);
        assert_eq!(take(&settings, 11, &[10]).await, 0);
        let left = "SELECT COUNT(*) FROM headcount_ledger WHERE report_id IS NULL AND taken_by IS NULL AND settled = 0";
        assert_eq!(place.number(left).await, strange.len() as i64);
    }

    async fn where_the_settings_are_only_read_the_ledger_is_beside_them(place) {
        drop(with_project(&place).await);
        let before = place.everything();
        let beside = tempfile::tempdir().unwrap();
        let settings = place.read().await.with_ledger_in(beside.path().join("ledger.sqlite")).await.unwrap();
        rollouts(&settings, &["a", "a"]).await;
        assert_eq!(take(&settings, 10, &[]).await, 1);
        settings.count_from(NOW).await.unwrap();
        settings.close().await;
        assert_eq!(place.everything(), before);
    }
}
