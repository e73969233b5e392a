//! A collector that holds a simulated fleet, and a clock that is set.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, body::Bytes, http::Request};
use headcount_collector::{Collector, CollectorConfig, RetentionPolicy, routes::private_routes};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_platform::{clock::Clock, disk::free_space::FileSystemOf};
use headcount_simulated_fleet::{fleet_plan::FleetPlan, simulated_fleet::SimulatedFleet};
use http_body_util::BodyExt;
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tower::ServiceExt;

const DAY: u64 = 24 * 60 * 60;

/// The second Sunday of the fleets, and their last day.
pub(crate) const SUNDAY: &str = "2026-06-14";

/// A clock that stands still until it is set.
#[derive(Debug)]
pub(crate) struct TurnedClock(AtomicU64);

impl TurnedClock {
    pub(crate) fn turn_to(&self, day: CalendarDay) {
        self.0.store(day.start() + DAY / 2, Ordering::Relaxed);
    }
}

impl Clock for TurnedClock {
    fn wall(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.wall()
    }
}

/// A collector that holds a simulated fleet.
pub(crate) struct FilledCollector {
    pub(crate) directory: TempDir,
    pub(crate) clock: Arc<TurnedClock>,
    pub(crate) collector: Collector,
    pub(crate) routes: Router,
    pub(crate) fleet: Arc<SimulatedFleet>,
}

impl FilledCollector {
    /// A fleet of the 12 days until the Sunday, seen two days later.
    pub(crate) async fn new(installations: u32, has_profiles: bool) -> Self {
        Self::of_days(installations, 12, has_profiles).await
    }

    /// A fleet of the days until the Sunday, seen two days later.
    pub(crate) async fn of_days(installations: u32, days: u32, has_profiles: bool) -> Self {
        let filled = Self::without_reports(installations, days, has_profiles).await;
        for day in filled.fleet.days() {
            filled.collector.fill_day(&filled.fleet, day, false).await.unwrap();
        }
        filled
    }

    /// The same before its first day is filled.
    pub(crate) async fn without_reports(installations: u32, days: u32, has_profiles: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // The same noise in every run.
        let keys = ["installations", "noise", "signatures", "tokens"]
            .map(|name| format!("{name} = \"{}\"\n", "5a".repeat(32)));
        std::fs::write(directory.path().join("keys"), keys.concat()).unwrap();
        let last: CalendarDay = SUNDAY.parse().unwrap();
        let clock = Arc::new(TurnedClock(AtomicU64::new(0)));
        clock.turn_to(last.plus_days(2));
        let kept = |days| Duration::from_secs(days * DAY);
        let config = CollectorConfig {
            data_dir: directory.path().to_owned(),
            keys: None,
            retention: RetentionPolicy::new(kept(400), kept(60)),
            max_disk: None,
            free_space: Arc::new(FileSystemOf(directory.path().to_owned())),
            alert_webhook: None,
        };
        let collector = Collector::open(&config, Arc::<TurnedClock>::clone(&clock)).await.unwrap();
        let plan = FleetPlan {
            seed: 7,
            installations,
            first_day: last.minus_days(days - 1),
            days,
            reports_per_day: 1,
            product: None,
        };
        let fleet = SimulatedFleet::new(plan).unwrap();
        let fleet = Arc::new(if has_profiles { fleet } else { fleet.without_profiles() });
        let routes = private_routes(&collector);
        Self { directory, clock, collector, routes, fleet }
    }

    pub(crate) async fn body(&self, path: &str) -> (u16, Bytes) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        (answer.status().as_u16(), answer.into_body().collect().await.unwrap().to_bytes())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.body(path).await;
        let answer = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn table(&self, table: &str) -> Value {
        self.get(&format!("/api/fleet/published/tables/{table}")).await
    }

    /// The exact numbers of installations by label on a day.
    pub(crate) async fn exact(&self, table: &str, day: &str) -> BTreeMap<String, i64> {
        let answer = self.get(&format!("/api/fleet/shares/{table}?from={day}&to={day}")).await;
        let labels = answer["labels"].as_array().unwrap().iter();
        labels
            .map(|label| (label["label"].as_str().unwrap().to_owned(), label["by_day"][0].as_i64().unwrap()))
            .collect()
    }

    /// The numbers of blocks of a layer.
    pub(crate) async fn blocks(&self, layer: &str, day: &str) -> i64 {
        let day: CalendarDay = day.parse().unwrap();
        let file = self.directory.path().join("collector.sqlite");
        let mut connection = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
        let count = sqlx::query_scalar("SELECT count(*) FROM block WHERE layer = ? AND day = ?").bind(layer);
        count.bind(day.days_since_epoch()).fetch_one(&mut connection).await.unwrap()
    }
}
