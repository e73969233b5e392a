//! Tests of what is stored about a project whose cart is rolled out and fails.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use headcount_health::{
    health_status::HealthStatus,
    history_store::{
        HistoryChanges, HistoryFuture, HistoryUnavailable, ProjectHistory, ReportEvent, ReportEventKind,
    },
    incidents::{ApplicationIncident, IncidentTransition},
    inspections::{AvailabilityObjective, InspectionThresholds, ProjectThresholds},
    rollouts::DeploymentRollout,
};
use headcount_platform::disk::simulated::SimulatedDisk;
use headcount_prometheus::mock_prometheus::MockSeries;
use headcount_topology::application_key::ApplicationKey;

use super::*;

const NOW: u32 = 1_700_000_400;

/// When one replica set was last seen, and the next first seen: full minutes, which are fetched first.
const BEFORE: u32 = 1_699_999_560;
const AFTER: u32 = 1_699_999_620;

/// The time of all queries.
#[derive(Debug)]
struct FrozenClock(SystemClock);

impl Clock for FrozenClock {
    fn wall(&self) -> Duration {
        Duration::from_secs(NOW.into())
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

/// A history in memory.
#[derive(Debug, Default)]
struct MemoryHistory {
    is_open: AtomicBool,
    recalls: AtomicUsize,
    /// The time of the last glance for a view.
    glanced_since: Mutex<Option<u32>>,
    recalled: Mutex<ProjectHistory>,
    remembered: Mutex<Vec<HistoryChanges>>,
}

impl HistoryStore for MemoryHistory {
    fn recall<'f>(&'f self, _: &'f str) -> HistoryFuture<'f, ProjectHistory> {
        self.recalls.fetch_add(1, Ordering::SeqCst);
        let recalled = self.recalled.lock().unwrap().clone();
        let is_open = self.is_open.load(Ordering::SeqCst);
        Box::pin(async move { if is_open { Ok(recalled) } else { Err(HistoryUnavailable) } })
    }

    fn glance<'f>(&'f self, _: &'f str, since: u32) -> HistoryFuture<'f, ProjectHistory> {
        *self.glanced_since.lock().unwrap() = Some(since);
        let recalled = self.recalled.lock().unwrap().clone();
        Box::pin(async move { Ok(recalled) })
    }

    fn remember<'f>(&'f self, _: &'f str, findings: &'f HistoryChanges) -> HistoryFuture<'f, ()> {
        let mut recalled = self.recalled.lock().unwrap();
        recalled.deployments.extend(findings.deployments.iter().cloned());
        recalled.incidents.extend(findings.incidents.iter().map(|change| change.incident.clone()));
        self.remembered.lock().unwrap().push(findings.clone());
        Box::pin(async { Ok(()) })
    }
}

const fn shown(labels: &'static str, from: u32, to: u32, value: &'static str) -> MockSeries {
    MockSeries { labels, during: [from, to], value }
}

/// The series of Prometheus, by the beginning of the expression.
const KNOWN: &[(&str, &[MockSeries])] = &[
    (
        "kube_pod_info",
        &[
            shown(
                r#""uid":"1","namespace":"shop","pod":"cart-5d9c7b6f4-a","created_by_kind":"ReplicaSet","created_by_name":"cart-5d9c7b6f4""#,
                0,
                BEFORE,
                "1",
            ),
            shown(
                r#""uid":"2","namespace":"shop","pod":"cart-6f8b5c7d9-a","created_by_kind":"ReplicaSet","created_by_name":"cart-6f8b5c7d9","pod_ip":"10.1.0.2""#,
                AFTER,
                NOW,
                "1",
            ),
        ],
    ),
    (
        "kube_pod_status_phase",
        &[
            shown(r#""uid":"1","phase":"Running""#, 0, BEFORE, "1"),
            shown(r#""uid":"2","phase":"Running""#, AFTER, NOW, "1"),
        ],
    ),
    (
        "rate(container_http_requests_total",
        &[shown(
            r#""machine_id":"m","system_uuid":"s","container_id":"/docker/web","destination":"10.1.0.2:80","actual_destination":"10.1.0.2:80","status":"500""#,
            0,
            NOW,
            "10",
        )],
    ),
    (
        "sum by (destination, actual_destination, status)",
        &[shown(
            r#""destination":"10.1.0.2:80","actual_destination":"10.1.0.2:80","status":"500""#,
            0,
            NOW,
            "10",
        )],
    ),
];

fn behaviour(query: &str) -> MockAnswer {
    let known = KNOWN.iter().find(|(begin, _)| query.starts_with(begin));
    MockAnswer::These(known.map_or(&[], |(_, shown)| shown))
}

fn cart() -> ApplicationKey {
    ApplicationKey::parse("shop:Deployment:cart").unwrap()
}

/// The web has custom queries.
fn overrides() -> ProjectThresholds {
    let custom = Some(["own_total".to_owned(), "own_failed".to_owned()]);
    let availability = Some(AvailabilityObjective { percent: 99.0, custom });
    let web = ApplicationKey::parse("_:Unknown:web").unwrap();
    let applications =
        HashMap::from([(web, InspectionThresholds { availability, ..InspectionThresholds::default() })]);
    ProjectThresholds { applications, ..ProjectThresholds::default() }
}

#[tokio::test]
async fn what_an_observation_finds_is_remembered_once_and_as_soon_as_that_is_possible() {
    let disk: Arc<dyn DataDisk> = Arc::new(SimulatedDisk::default());
    let (url, stand_in) = MockPrometheus::serve(behaviour).await;
    let notebook = Arc::new(MemoryHistory::default());
    notebook.recalled.lock().unwrap().overrides = overrides();
    let world = world_with(
        &disk,
        Arc::new(FrozenClock(SystemClock::new())),
        Some(Arc::clone(&notebook) as Arc<dyn HistoryStore>),
    );
    world.configure(vec![project("a", &url, 1)]);
    let recalls = || notebook.recalls.load(Ordering::SeqCst);
    until("something is known", || world.peek().facts.applications == 2).await;
    let before = recalls();
    until("it is looked at again", || recalls() > before + 1).await;
    assert_eq!(*notebook.remembered.lock().unwrap(), []);

    notebook.is_open.store(true, Ordering::SeqCst);
    until("it is remembered", || !notebook.remembered.lock().unwrap().is_empty()).await;
    let before = recalls();
    until("it is looked at again", || recalls() > before + 1).await;
    let remembered = notebook.remembered.lock().unwrap().clone();
    let [HistoryChanges { deployments, incidents, countable }] = &*remembered else {
        panic!("{remembered:?}")
    };
    let rollout = DeploymentRollout {
        application: cart(),
        name: "cart-6f8b5c7d9".to_owned(),
        started_at: AFTER,
        finished_at: Some(AFTER),
        container_images: Vec::new(),
        snapshot: None,
    };
    assert_eq!(*deployments, [rollout]);
    let item = format!("deployment/shop:Deployment:cart/cart-6f8b5c7d9/{AFTER}");
    assert_eq!(*countable, [ReportEvent { item, fact: ReportEventKind::Deployment }]);
    let [change] = &**incidents else { panic!("{incidents:?}") };
    let ApplicationIncident { application, key, opened_at, resolved_at, severity } = change.incident.clone();
    assert_eq!(
        (change.what, application, severity),
        (IncidentTransition::Opened, cart(), HealthStatus::Critical)
    );
    assert_eq!((opened_at, resolved_at), (NOW, None));
    assert!(key.len() == 8 && key.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()));

    for stage in ["get_check_configs", "load_app_sli", "load_app_deployments", "load_app_incidents"] {
        assert!(world.peek().loads.stages.contains_key(stage), "{stage}");
    }
    assert_eq!(stand_in.spans("sum(rate(own_total[5m]))").len(), 1);
    world.stop().await;
    // A new process reads the slots from the file.
    let cache = project("a", &url, 1).cache_name();
    let recorded = crate::sli_log::SliLog::open(disk, format!("{CACHE}/{cache}"));
    assert_eq!(
        recorded.indicators().last_heard(&cart(), [headcount_health::sli::SlotSource::Seen; 2]),
        Some(NOW / 300 * 300 - 300)
    );
}
