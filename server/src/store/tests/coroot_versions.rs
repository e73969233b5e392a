//! Tests with databases of several versions of Coroot, which are read without changing them.

use headcount_health::{
    health_status::HealthStatus,
    history_store::{HistoryChanges, ProjectHistory},
    inspections::Inspection,
};
use headcount_shared::{
    api::Secret,
    payload::AlertingIntegration::{Slack, Teams},
};
use headcount_topology::application_key::ApplicationKey;

use super::{postgres::TestPostgres, *};
use crate::notifications::{NotificationOutbox, SlackConfig, TeamsConfig};

const COROOT_1_6: &str = include_str!("coroot_1_6.sql");
const COROOT_1_24: &str = include_str!("coroot_1_24.sql");
const COROOT_0_9: &str = include_str!("coroot_0_9.sql");
const ALL: [&str; 3] = [COROOT_1_6, COROOT_1_24, COROOT_0_9];

const PROJECT: &str = "8f3k2j1x";

fn cart() -> ApplicationKey {
    ApplicationKey::parse("shop:Deployment:cart").unwrap()
}

async fn read_everything(settings: &SettingsStore) -> (ProjectHistory, ProjectConfiguration) {
    settings.facts().await.unwrap();
    settings.observed_projects().await.unwrap();
    settings.overview().await.unwrap();
    settings.waiting(0).await.unwrap();
    let recalled = settings.recall(PROJECT).await.unwrap();
    (recalled, settings.configuration(PROJECT).await.unwrap().unwrap())
}

/// Makes every possible change.
async fn change_everything(settings: &SettingsStore) -> Vec<SettingsResult<()>> {
    let threshold = InspectionChange::Threshold(Inspection::CPUNode, None);
    let bootstrap = BootstrapPrometheus {
        url: String::new(),
        refresh_interval: Duration::ZERO,
        extra_selector: String::new(),
    };
    vec![
        settings.create_project("aaaaaaaa", "new").await,
        settings.rename_project(PROJECT, "new").await,
        settings.delete_project(PROJECT).await,
        settings
            .set_prometheus(PROJECT, |stored| Ok(stored.unwrap_or_else(|| panic!("not called"))))
            .await
            .map(drop),
        settings.remove_prometheus(PROJECT, |_| Ok(())).await,
        settings.remove_clickhouse(PROJECT, |_| Ok(())).await,
        settings.set_integration(PROJECT, SlackConfig::default().into(), |_, _| Ok(())).await.map(drop),
        settings.remove_integration(PROJECT, Slack, |_| Ok(())).await,
        settings.set_base_url(PROJECT, |_| "".to_owned()).await.map(drop),
        settings.set_application_categories(PROJECT, &Default::default(), |_| Ok(())).await.map(drop),
        settings.set_override(PROJECT, &cart(), &threshold).await,
        settings.choose_statistics(false, 1).await.map(drop),
        settings.bootstrap(&bootstrap, "aaaaaaaa").await,
        settings.remember(PROJECT, &HistoryChanges::default(), 1).await,
    ]
}

on_both! {
    async fn of_1_6_everything_is_read(place) {
        place.execute(COROOT_1_6).await;
        let settings = place.read().await;
        let (integration, infra) = settings.facts().await.unwrap();
        assert!(integration.prometheus && integration.clickhouse);
        assert_eq!((integration.application_categories, infra.projects), (2, 2));
        assert_eq!(integration.alerting_integrations, [Slack]);
        let counts = &integration.inspection_overrides;
        assert_eq!((counts["CPUNode"].project_level, counts["CPUNode"].application_level), (1, 1));
        let (recalled, configured) = read_everything(&settings).await;
        assert_eq!(configured.clickhouse.unwrap().password, "p");
        assert_eq!(recalled.overrides.applications[&cart()].latency.as_ref().unwrap().bucket_s, 0.1);
        assert_eq!(recalled.incidents.len(), 1);
        assert_eq!((recalled.incidents[0].key.as_str(), recalled.incidents[0].severity), ("open0000", HealthStatus::Critical));
        let [first, second] = &recalled.deployments[..] else { panic!("{:?}", recalled.deployments) };
        assert_eq!((first.name.as_str(), first.finished_at, second.finished_at), ("cart-5d4f", Some(1_700_000_060), None));
        let snapshot = first.snapshot.as_ref().unwrap();
        assert_eq!((snapshot.timestamp, snapshot.duration_s, snapshot.requests), (1_700_001_860, 1200, 1000));
        assert_eq!((snapshot.latency["0.500"], snapshot.cpu_usage), (990, 12.5));
        assert!(settings.statistics_choice().await.unwrap().enabled);
        assert_eq!(settings.observed_projects().await.unwrap()[0].custom_applications["shop"], ["shop-*"]);
    }

    async fn of_1_24_everything_is_read_that_there_is_a_use_for(place) {
        place.execute(COROOT_1_24).await;
        let settings = place.read().await;
        let (integration, _) = settings.facts().await.unwrap();
        assert_eq!((integration.application_categories, integration.clickhouse), (1, false));
        assert_eq!(integration.alerting_integrations, [Slack, Teams]);
        let ids: Vec<&str> = integration.inspection_overrides.keys().map(String::as_str).collect();
        assert_eq!(ids, ["CPUNode", "MemoryOOM", "MemoryPressure", "SLOAvailability", "other"]);
        let (recalled, configured) = read_everything(&settings).await;
        let teams = TeamsConfig { webhook_url: Secret::new("https://ops/".to_owned()), incidents: true };
        assert_eq!(configured.integrations.get(Teams), Some(&teams.into()));
        assert_eq!(configured.prometheus.unwrap().refresh_interval, Duration::from_secs(60));
        assert_eq!(recalled.overrides.project.values[&Inspection::CPUNode], 70.0);
        assert_eq!(recalled.overrides.applications[&cart()].availability.as_ref().unwrap().percent, 99.9);
        assert_eq!(recalled.incidents[0].application, cart());
        let [first, second] = &recalled.deployments[..] else { panic!("{:?}", recalled.deployments) };
        assert_eq!((first.finished_at, second.finished_at), (Some(1_700_000_060), None));
        assert_eq!(first.container_images, ["cart:1"]);
        let beside = tempfile::tempdir().unwrap();
        let settings = settings.with_ledger_in(beside.path().join("ledger.sqlite")).await.unwrap();
        for since in [u32::MAX, 0, 0] {
            settings.note_sent_by_others(since).await.unwrap();
        }
        let sent = settings.counted().await.unwrap().sent_notifications;
        assert_eq!(sent.into_iter().collect::<Vec<_>>(), [(Slack, 1), (Teams, 1)]);
    }

    async fn of_an_early_version_the_projects_are_read(place) {
        place.execute(COROOT_0_9).await;
        let settings = place.read().await;
        let (recalled, configured) = read_everything(&settings).await;
        assert_eq!(recalled, ProjectHistory::default());
        assert_eq!(configured.integrations, Default::default());
        assert_eq!(settings.facts().await.unwrap().1.projects, 1);
        assert_eq!(settings.observed_projects().await.unwrap().len(), 1);
    }

    async fn what_is_only_read_is_the_same_afterwards_and_refuses_every_change(place) {
        for (era, statements) in ALL.into_iter().enumerate() {
            let place = match place { TestDatabase::Sqlite(_) => TestDatabase::sqlite(), TestDatabase::Postgres(_) => TestDatabase::postgres(), TestDatabase::Pooled(_) => TestDatabase::pooled() };
            place.execute(statements).await;
            let before = place.everything();
            let settings = place.read().await;
            read_everything(&settings).await;
            for refused in change_everything(&settings).await {
                assert!(matches!(refused, Err(SettingsError::ReadOnly)), "{refused:?}");
            }
            assert!(place.everything() == before, "while it is open: {era}");
            settings.close().await;
            assert!(place.everything() == before, "{era}");
        }
    }

    async fn a_database_of_1_6_or_1_24_can_be_taken_up_with_what_it_holds(place) {
        for statements in [COROOT_1_6, COROOT_1_24] {
            let place = match place { TestDatabase::Sqlite(_) => TestDatabase::sqlite(), TestDatabase::Postgres(_) => TestDatabase::postgres(), TestDatabase::Pooled(_) => TestDatabase::pooled() };
            place.execute(statements).await;
            let before = read_everything(&place.read().await).await;
            let settings = place.open().await;
            assert!(read_everything(&settings).await == before);
            let slack = |token| SlackConfig { token, default_channel: "d".to_owned(), incidents: true };
            settings.set_integration(PROJECT, slack(Secret::default()).into(), |_, _| Ok(())).await.unwrap();
            let (_, after) = read_everything(&settings).await;
            assert_eq!(after.integrations.get(Slack), Some(&slack(Secret::new("t".to_owned())).into()));
            settings.delete_project(PROJECT).await.unwrap();
        }
    }
}

#[tokio::test]
async fn somebody_without_the_right_to_write_can_read() {
    let (place, postgres) = (TestDatabase::postgres(), TestPostgres::shared());
    let TestDatabase::Postgres(database) = &place else { panic!() };
    place.execute(COROOT_1_6).await;
    let expected = read_everything(&place.read().await).await;
    postgres.psql(
        database,
        "CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
         REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    );
    let source = |read_only| DatabaseSource::Postgres {
        address: postgres.address_as("reader", database).parse().unwrap(),
        read_only,
    };
    let settings = SettingsStore::open(&source(true)).await.unwrap();
    assert!(read_everything(&settings).await == expected);
    let refused = SettingsStore::open(&source(false)).await.unwrap_err().to_string();
    assert!(refused.contains("permission denied"), "{refused}");
}
