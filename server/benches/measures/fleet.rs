//! Measures the collector: intake, the computation of a day, answers, and what it stores.

mod answers;
mod intake;
mod rollup;

use std::{path::Path, sync::Arc, time::Duration};

use headcount_collector::{Collector, CollectorConfig, RetentionPolicy};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_measures::MeasureRun;
use headcount_platform::{
    clock::{Clock, SystemClock},
    disk::free_space::FileSystemOf,
};
use headcount_simulated_fleet::fleet_plan::FleetPlan;
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::runtime::Runtime;

/// A measurement of a collector.
type FleetMeasure = fn(&mut MeasureRun) -> anyhow::Result<()>;

/// The parts, which can be chosen by name.
pub(crate) const PARTS: [(&str, FleetMeasure); 3] = [
    ("fleet-intake", |measures| Runtime::new()?.block_on(intake::intake(measures))),
    ("fleet-rollup", |measures| Runtime::new()?.block_on(rollup::rollup(measures))),
    ("fleet-answers", |measures| Runtime::new()?.block_on(answers::answers(measures))),
];

fn plan(installations: u32, days: u32, reports_per_day: u32) -> FleetPlan {
    let today = CalendarDay::from_unix_seconds(SystemClock::new().wall().as_secs());
    FleetPlan {
        seed: 1,
        installations,
        first_day: today.minus_days(days),
        days,
        reports_per_day,
        product: None,
    }
}

async fn open(data_dir: &Path) -> anyhow::Result<Collector> {
    let retention = RetentionPolicy::new(Duration::from_secs(400 * 86_400), Duration::from_secs(30 * 86_400));
    let config = CollectorConfig {
        data_dir: data_dir.to_owned(),
        keys: None,
        retention,
        max_disk: None,
        free_space: Arc::new(FileSystemOf(data_dir.to_owned())),
        alert_webhook: None,
    };
    Ok(Collector::open(&config, Arc::new(SystemClock::new())).await?)
}

/// The database of a collector. References between its tables are not checked, so that rows can be added to
/// one.
async fn database_of(data_dir: &Path) -> sqlx::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(data_dir.join("collector.sqlite"));
    options.foreign_keys(false).connect().await
}

/// CPU time of this process.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
