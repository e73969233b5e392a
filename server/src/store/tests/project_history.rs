//! Tests of rollouts, incidents and counted events.

use headcount_health::{
    health_status::HealthStatus,
    history_store::{HistoryChanges, ReportEvent, ReportEventKind},
    incidents::{ApplicationIncident, IncidentChange, IncidentReason, IncidentTransition},
    rollouts::{DeploymentRollout, RolloutSnapshot},
};
use headcount_shared::api::Secret;
use headcount_topology::application_key::ApplicationKey;

use super::*;
use crate::{
    notifications::PagerdutyConfig,
    store::history::deployment_rows::{self, RolloutChoice},
};

const NOW: u32 = 1_700_000_000;

fn cart() -> ApplicationKey {
    ApplicationKey::parse("shop:Deployment:cart").unwrap()
}

fn rollout(started_at: u32) -> DeploymentRollout {
    DeploymentRollout {
        application: cart(),
        name: format!("cart-{started_at}"),
        started_at,
        finished_at: None,
        container_images: vec!["cart:1".to_owned(), "proxy:2".to_owned()],
        snapshot: None,
    }
}

fn snapshot(requests: u64) -> RolloutSnapshot {
    RolloutSnapshot {
        timestamp: NOW,
        duration_s: 1200,
        requests,
        errors: 3,
        latency: [("0.500".to_owned(), 90), ("+Inf".to_owned(), 100)].into(),
        restarts: 1,
        cpu_usage: 0.25,
        memory_leak_percent: 1.5,
        memory_usage: 1 << 40,
        oom_kills: 2,
        log_errors: 4,
        log_warnings: 5,
    }
}

fn of_rollouts(deployments: Vec<DeploymentRollout>) -> HistoryChanges {
    HistoryChanges { deployments, ..HistoryChanges::default() }
}

fn change(what: IncidentTransition, severity: HealthStatus) -> HistoryChanges {
    let incident = ApplicationIncident {
        application: cart(),
        key: "incident".to_owned(),
        opened_at: NOW,
        resolved_at: (what == IncidentTransition::Resolved).then_some(NOW + 60),
        severity,
    };
    let reason =
        IncidentReason { report: "SLO".to_owned(), check: "Latency".to_owned(), message: "slow".to_owned() };
    HistoryChanges {
        incidents: vec![IncidentChange { incident, what, reasons: vec![reason] }],
        ..HistoryChanges::default()
    }
}

async fn with_project(place: &TestDatabase) -> SettingsStore {
    let settings = place.open().await;
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    settings
}

async fn rollouts(settings: &SettingsStore) -> Vec<DeploymentRollout> {
    settings.recall("aaaaaaaa").await.unwrap().deployments
}

on_both! {
    async fn a_rollout_is_remembered_once_and_its_end_and_snapshot_are_filled_in_once(place) {
        let settings = with_project(&place).await;
        let remember = async |deployment: &DeploymentRollout| {
            settings.remember("aaaaaaaa", &of_rollouts(vec![deployment.clone()]), NOW).await.unwrap();
            let [only] = <[DeploymentRollout; 1]>::try_from(rollouts(&settings).await).unwrap();
            only
        };
        let began = rollout(NOW);
        assert_eq!(remember(&began).await, began);
        let ended = DeploymentRollout { finished_at: Some(NOW + 60), name: "cart-b".to_owned(), ..began.clone() };
        assert_eq!(remember(&ended).await, ended);
        let later = DeploymentRollout { finished_at: Some(NOW + 90), name: "cart-c".to_owned(), ..ended.clone() };
        assert_eq!(remember(&later).await, ended);
        assert_eq!(remember(&began).await, ended);
        let judged = DeploymentRollout { snapshot: Some(snapshot(100)), ..ended };
        assert_eq!(remember(&judged).await, judged);
        let again = DeploymentRollout { snapshot: Some(snapshot(200)), ..judged.clone() };
        assert_eq!(remember(&again).await, judged);
    }

    async fn what_another_program_noted_on_a_rollout_stays(place) {
        let settings = with_project(&place).await;
        place
            .execute(&format!("INSERT INTO application_deployment
                (project_id, application_id, name, started_at, finished_at, details, notifications)
                VALUES ('aaaaaaaa', 'aaaaaaaa:shop:Deployment:cart', 'x', {NOW}, 0, NULL, '{{\"state\":1}}')"))
            .await;
        let ended = DeploymentRollout { finished_at: Some(NOW + 60), snapshot: Some(snapshot(1)), ..rollout(NOW) };
        settings.remember("aaaaaaaa", &of_rollouts(vec![ended]), NOW).await.unwrap();
        assert_eq!(
            place.texts("SELECT application_id || name || notifications FROM application_deployment").await,
            [format!("aaaaaaaa:shop:Deployment:cartcart-{NOW}{{\"state\":1}}")]
        );
    }

    async fn the_newest_hundred_rollouts_of_an_application_are_recalled_the_oldest_first(place) {
        let settings = with_project(&place).await;
        let all = (0..130).map(|place| rollout(NOW + place * 60)).collect();
        settings.remember("aaaaaaaa", &of_rollouts(all), NOW).await.unwrap();
        place
            .execute("UPDATE application_deployment SET application_id = 'aaaaaaaa:shop:Deployment:cart'
                WHERE name LIKE '%0'")
            .await;
        let started: Vec<u32> = rollouts(&settings).await.iter().map(|rollout| rollout.started_at).collect();
        assert_eq!(started, (30..130).map(|place| NOW + place * 60).collect::<Vec<_>>());
    }

    async fn views_see_the_newest_rollout_of_each_application_and_those_of_the_hour_without_snapshots(place) {
        let settings = with_project(&place).await;
        let web = |started_at| DeploymentRollout {
            application: ApplicationKey::parse("shop:Deployment:web").unwrap(),
            ..rollout(started_at)
        };
        let judged = DeploymentRollout { finished_at: Some(NOW), snapshot: Some(snapshot(1)), ..rollout(NOW - 50) };
        let all = vec![rollout(NOW - 9000), rollout(NOW - 60), judged.clone(), web(NOW - 9000), web(NOW - 8000)];
        settings.remember("aaaaaaaa", &of_rollouts(all), NOW).await.unwrap();
        settings
            .remember("aaaaaaaa", &change(IncidentTransition::Opened, HealthStatus::Warning), NOW)
            .await
            .unwrap();
        place
            .execute("UPDATE application_deployment SET application_id = 'aaaaaaaa:shop:Deployment:web'
                WHERE name LIKE '%92000'")
            .await;
        let glance = settings.glance("aaaaaaaa", NOW - 3600).await.unwrap();
        let bare = |of: DeploymentRollout| DeploymentRollout { container_images: Vec::new(), snapshot: None, ..of };
        // Both spellings of the web have a newest one.
        let expected = [rollout(NOW - 60), judged, web(NOW - 9000), web(NOW - 8000)].map(bare);
        assert_eq!(glance.deployments.iter().map(|of| of.started_at).collect::<Vec<_>>(), expected.each_ref().map(|of| of.started_at));
        assert_eq!(glance.deployments, expected);
        let recalled = settings.recall("aaaaaaaa").await.unwrap();
        assert_eq!((glance.incidents, glance.overrides), (recalled.incidents, recalled.overrides));
    }

    async fn the_list_of_rollouts_reads_the_last_ones_alone(place) {
        let settings = with_project(&place).await;
        let all = (0..300).map(|place| rollout(NOW + place * 60)).collect();
        settings.remember("aaaaaaaa", &of_rollouts(all), NOW).await.unwrap();
        place
            .execute("INSERT INTO application_deployment (project_id, application_id, name, started_at, finished_at)
                SELECT project_id, 'aaaaaaaa:' || application_id, name, started_at, finished_at
                FROM application_deployment")
            .await;
        let mut connection = settings.database.read().await.unwrap();
        let choice = RolloutChoice::Latest { count: 3 };
        let read = deployment_rows::of(&mut connection, settings.database.schema(), "aaaaaaaa", choice).await.unwrap();
        drop(connection);
        assert_eq!(read.iter().map(|of| of.started_at).collect::<Vec<_>>(), [297, 298, 299].map(|place| NOW + place * 60));
        let listed = settings.deployments("aaaaaaaa").await.unwrap();
        assert_eq!(listed.len(), 100);
        assert_eq!((listed[0].started_at, listed[99].started_at), (NOW + 299 * 60, NOW + 200 * 60));
    }

    async fn an_incident_is_opened_changed_and_resolved_and_nothing_happens_twice(place) {
        let settings = with_project(&place).await;
        let pagerduty = PagerdutyConfig { integration_key: Secret::new("key".to_owned()), incidents: true };
        settings.set_integration("aaaaaaaa", pagerduty.into(), |_, _| Ok(())).await.unwrap();
        let steps = [
            (IncidentTransition::Opened, HealthStatus::Warning),
            (IncidentTransition::Changed, HealthStatus::Critical),
            (IncidentTransition::Changed, HealthStatus::Warning),
            (IncidentTransition::Resolved, HealthStatus::Warning),
        ];
        for (told, (what, severity)) in steps.into_iter().enumerate() {
            for _ in 0..2 {
                settings.remember("aaaaaaaa", &change(what, severity), NOW).await.unwrap();
            }
            let open = settings.recall("aaaaaaaa").await.unwrap().incidents;
            let expected = (what != IncidentTransition::Resolved).then_some(severity);
            assert_eq!(open.first().map(|incident| incident.severity), expected);
            assert_eq!(place.number("SELECT COUNT(*) FROM incident_notification").await, told as i64 + 1);
        }
        // It is resolved, and late changes are ignored.
        settings.remember("aaaaaaaa", &change(IncidentTransition::Changed, HealthStatus::Critical), NOW).await.unwrap();
        assert_eq!(place.number("SELECT COUNT(*) FROM incident_notification").await, 4);
        assert_eq!(place.number("SELECT CAST(resolved_at AS BIGINT) FROM incident").await, i64::from(NOW) + 60);
        let statuses = place.texts("SELECT CAST(status AS TEXT) FROM incident_notification").await;
        assert_eq!(statuses, ["3", "4", "3", "1"]);
    }

    async fn an_application_has_one_open_incident_at_a_time(place) {
        let settings = with_project(&place).await;
        let first = change(IncidentTransition::Opened, HealthStatus::Warning);
        let mut second = first.clone();
        second.incidents[0].incident.key = "another".to_owned();
        second.incidents[0].incident.opened_at = NOW + 30;
        for findings in [&first, &second] {
            settings.remember("aaaaaaaa", findings, NOW).await.unwrap();
        }
        let open = settings.recall("aaaaaaaa").await.unwrap().incidents;
        assert_eq!(open, [first.incidents[0].incident.clone()]);
        settings.remember("aaaaaaaa", &change(IncidentTransition::Resolved, HealthStatus::Warning), NOW).await.unwrap();
        settings.remember("aaaaaaaa", &second, NOW).await.unwrap();
        assert_eq!(settings.recall("aaaaaaaa").await.unwrap().incidents.len(), 1);
    }

    async fn what_is_to_be_counted_is_noted_once_and_as_it_was_first(place) {
        let settings = with_project(&place).await;
        let countable = |fact| ReportEvent { item: "deployment/x".to_owned(), fact };
        let summary = ReportEvent { item: "summary/x".to_owned(), fact: ReportEventKind::Summary(vec!["-CPU", "+Memory"]) };
        let findings = |fact| HistoryChanges { countable: vec![countable(fact), summary.clone()], ..HistoryChanges::default() };
        settings.remember("aaaaaaaa", &findings(ReportEventKind::Deployment), NOW).await.unwrap();
        settings.remember("aaaaaaaa", &findings(ReportEventKind::Summary(Vec::new())), NOW + 60).await.unwrap();
        assert_eq!(
            place.texts("SELECT fact FROM headcount_ledger ORDER BY fact").await,
            ["\"deployment\"", r#"{"summary":["-CPU","+Memory"]}"#]
        );
        assert!(place.texts("SELECT item FROM headcount_ledger").await.iter().all(|item| !item.contains('x')));
        assert_eq!(place.number("SELECT MAX(noted_at) FROM headcount_ledger").await, i64::from(NOW));
        assert_eq!(place.number("SELECT MAX(CAST(settled AS BIGINT)) FROM headcount_ledger").await, 0);
    }

    async fn of_findings_all_are_remembered_or_nothing(place) {
        let settings = with_project(&place).await;
        place.execute("DROP TABLE headcount_ledger").await;
        let countable = vec![ReportEvent { item: "x".to_owned(), fact: ReportEventKind::Deployment }];
        let findings = HistoryChanges { countable, deployments: vec![rollout(NOW)], ..change(IncidentTransition::Opened, HealthStatus::Warning) };
        assert!(matches!(settings.remember("aaaaaaaa", &findings, NOW).await, Err(SettingsError::Unavailable(_))));
        assert_eq!(settings.recall("aaaaaaaa").await.unwrap(), Default::default());
    }

    async fn of_a_project_that_is_gone_nothing_is_remembered(place) {
        let settings = place.open().await;
        settings.remember("aaaaaaaa", &of_rollouts(vec![rollout(NOW)]), NOW).await.unwrap();
        assert_eq!(place.number("SELECT COUNT(*) FROM application_deployment").await, 0);
    }
}
