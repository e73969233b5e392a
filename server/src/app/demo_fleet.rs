//! Fills a collector's data directory with a simulated fleet.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use headcount_collector::{Collector, CollectorConfig, RetentionPolicy};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_platform::{
    clock::{Clock, SystemClock},
    disk::free_space::FileSystemOf,
};
use headcount_simulated_fleet::{fleet_plan::FleetPlan, simulated_fleet::SimulatedFleet};

use crate::config::DemoFleet;

/// How long the numbers and ids of a simulated fleet are stored while it is made: longer than any has days.
const RETENTION: Duration = Duration::from_secs(4000 * 24 * 60 * 60);

/// Makes the fleet, calls `progress` with a line after each day, and returns what is true about the fleet, as JSON.
///
/// # Errors
/// One sentence: the plan is invalid, the data directory cannot be used, or the database fails.
pub async fn fill_with_demo_fleet(demo: &DemoFleet, progress: impl Fn(&str)) -> anyhow::Result<String> {
    let clock = Arc::new(SystemClock::new());
    let today = CalendarDay::from_unix_seconds(clock.wall().as_secs());
    let last = demo.until.unwrap_or_else(|| today.minus_days(1));
    anyhow::ensure!(last < today, "the last day must be before today, {today}, not {last}");
    let plan = FleetPlan {
        seed: demo.seed,
        installations: demo.installations,
        first_day: last.minus_days(demo.days.saturating_sub(1)),
        days: demo.days,
        reports_per_day: demo.reports_per_day,
        product: demo.product.as_ref().map(ToString::to_string),
    };
    let fleet = SimulatedFleet::new(plan)?;
    let fleet = Arc::new(if demo.without_profiles { fleet.without_profiles() } else { fleet });
    let config = CollectorConfig {
        data_dir: demo.data_dir.clone(),
        keys: None,
        retention: RetentionPolicy { counts: RETENTION, raw: RETENTION, readings: RETENTION },
        max_disk: None,
        free_space: Arc::new(FileSystemOf(demo.data_dir.clone())),
        alert_webhook: None,
    };
    let collector = Collector::open(&config, clock).await?;
    let filled = fill(&collector, &fleet, demo, &progress).await;
    collector.close().await;
    filled?;
    serde_json::to_string_pretty(&fleet.truth()).context("the truth cannot be written as JSON")
}

async fn fill(
    collector: &Collector,
    fleet: &Arc<SimulatedFleet>,
    demo: &DemoFleet,
    progress: &impl Fn(&str),
) -> anyhow::Result<()> {
    let (mut stored, first_raw) = (0, demo.days.saturating_sub(demo.raw_days));
    for (number, day) in (0..).zip(fleet.days()) {
        stored += collector.fill_day(fleet, day, number >= first_raw).await?;
        progress(&format!("{day}: {} of {} days, {stored} reports", number + 1, demo.days));
    }
    // Each call looks at some weeks.
    for _ in (0..demo.days).step_by(7) {
        collector.look_for_changes().await?;
    }
    Ok(())
}
