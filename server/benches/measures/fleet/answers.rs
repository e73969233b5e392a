//! Measures the answers and the pages about 90 days of a large fleet.

#![expect(clippy::disallowed_methods, reason = "a measurement needs the real clock")]

use std::{path::Path, sync::Arc, time::Instant};

use anyhow::Context;
use axum::{Router, body::Body, http::header};
use headcount_collector::{Collector, routes};
use headcount_fleet::{
    calendar_day::CalendarDay,
    installation_day::{InstallationDay, InstallationDays, InstallationHash},
};
use headcount_measures::{MeasureRun, SortedFigures};
use headcount_simulated_fleet::simulated_fleet::SimulatedFleet;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::Value;
use tower::ServiceExt;

use super::{cpu_time, database_of, open, plan};

/// The days that are asked about.
const DAYS: u32 = 90;

/// The installations whose reports are added up to cells and profiles. Those of a larger fleet are hardly
/// larger.
const ADDED_UP: u32 = 10_000;

/// The installations of the days in which one is looked up.
const LARGE_DAY: u64 = 100_000;

/// How often each question is asked. With fewer than a hundred, the percentile is the slowest.
const QUESTIONS: usize = 30;

/// The pages about the whole fleet.
const PAGES: [&str; 11] = [
    "overview",
    "changes",
    "versions",
    "features",
    "environment",
    "usage",
    "performance",
    "profiles",
    "trust",
    "published",
    "installations",
];

/// Every kind of answer, and every page.
pub(super) async fn answers(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nanswers about {DAYS} days of {LARGE_DAY} installations");
    let fleet = Arc::new(SimulatedFleet::new(plan(ADDED_UP, DAYS, 1))?);
    let directory = tempfile::tempdir()?;
    let collector = open(directory.path()).await?;
    fill_weeks(&collector, &fleet, directory.path()).await?;
    enlarge_days(&collector, &fleet, directory.path()).await?;
    print_cells(directory.path()).await?;
    let router = routes::private_routes(&collector);
    let (from, to) = (fleet.plan().first_day, fleet.plan().first_day.plus_days(DAYS - 1));
    let period = format!("from={from}&to={to}");
    let versions = read_json(&router, &format!("/api/fleet/shares/versions?{period}")).await?;
    let version = |at: usize| versions["labels"][at]["label"].as_str().unwrap_or_default().to_owned();
    let compared = format!("before={}&after={}", version(0), version(1));
    let installations = read_json(&router, "/api/fleet").await?;
    let installation = installations["instances"][0]["instance"].as_str().context("there is one")?;
    let questions = [
        "activity?".to_owned(),
        "retention?".to_owned(),
        "shares/versions?".to_owned(),
        "shares/services?database=sqlite&size=4-10&".to_owned(),
        "shares/flags?".to_owned(),
        "shares/pages?".to_owned(),
        "distributions/sizes?".to_owned(),
        "distributions/cpu?by=version&".to_owned(),
        "distributions/queries?by=version&".to_owned(),
        "profiles/graph?".to_owned(),
        format!("profiles/graph?version={}&", version(0)),
        format!("profiles/difference?{compared}&"),
        format!("profiles/functions?{compared}&"),
        format!("installations/{installation}?"),
    ];
    let questions = questions.map(|question| format!("/api/fleet/{question}{period}"));
    let slowest = slowest(&router, &questions).await?;
    measures
        .record("fleet: CPU milliseconds of the slowest answer about 90 days, 99th percentile", slowest)?;
    let mut pages: Vec<_> = PAGES.iter().map(|page| format!("/{page}?{period}")).collect();
    pages.push(format!("/profiles?{compared}&{period}"));
    pages.push(format!("/performance?{compared}&{period}"));
    pages.push(format!("/installations/{installation}?{period}"));
    let slowest = self::slowest(&router, &pages).await?;
    measures.record("fleet: CPU milliseconds of the slowest page about 90 days, 99th percentile", slowest)
}

/// Fills the first and the last day of each week. The days between them get what was computed of the first.
async fn fill_weeks(
    collector: &Collector,
    fleet: &Arc<SimulatedFleet>,
    data_dir: &Path,
) -> anyhow::Result<()> {
    let copies = [
        "INSERT INTO block (layer, product, day, name, made_at, block)
            SELECT layer, product, ?, name, made_at, block FROM block
            WHERE day = ? AND layer IN ('installations', 'cells', 'profiles')",
        "INSERT INTO block_rest (layer, product, day, name, part, bytes)
            SELECT layer, product, ?, name, part, bytes FROM block_rest WHERE day = ?",
    ];
    let days: Vec<_> = fleet.days().collect();
    for week in days.chunk_by(|day, next| day.week_start() == next.week_start()) {
        let [first, between @ .., last] = week else {
            for day in week {
                collector.fill_day(fleet, *day, false).await?;
            }
            continue;
        };
        collector.fill_day(fleet, *first, false).await?;
        let mut database = database_of(data_dir).await?;
        for day in between {
            for copy in copies {
                let copied = sqlx::query(copy).bind(day.days_since_epoch()).bind(first.days_since_epoch());
                copied.execute(&mut database).await?;
            }
        }
        // The week is merged with its last day.
        collector.fill_day(fleet, *last, false).await?;
    }
    Ok(())
}

/// Gives every day as many installations as a large fleet has. Cells do not depend on their number.
async fn enlarge_days(collector: &Collector, fleet: &SimulatedFleet, data_dir: &Path) -> anyhow::Result<()> {
    let last: CalendarDay = fleet.days().last().context("the plan has days")?;
    let parts = "SELECT block, 0 AS part FROM block WHERE layer = 'installations' AND day = ?1
        UNION ALL SELECT bytes, part FROM block_rest WHERE layer = 'installations' AND day = ?1
        ORDER BY part";
    let parts = sqlx::query_scalar(parts).bind(last.days_since_epoch());
    let parts: Vec<Vec<u8>> = parts.fetch_all(&mut database_of(data_dir).await?).await?;
    let mut days = InstallationDays::decode(&parts.concat())?;
    let known = days.installations.clone();
    let missing = LARGE_DAY - known.len() as u64;
    // Random hashes and an order at random, as those of a real day: regular ones would be compressed away.
    let mut chance = StdRng::seed_from_u64(1);
    let more = (0..missing).filter_map(|_| {
        let row = known.choose(&mut chance)?.clone();
        Some(InstallationDay { installation: InstallationHash(chance.random()), ..row })
    });
    days.installations.extend(more);
    days.installations.sort_unstable_by_key(|row| row.installation);
    Ok(collector.replace_installations(fleet.days(), &days).await?)
}

async fn print_cells(data_dir: &Path) -> anyhow::Result<()> {
    let bytes = "SELECT sum(length(block)) / count(DISTINCT day) FROM block WHERE layer = 'cells'";
    let bytes: i64 = sqlx::query_scalar(bytes).fetch_one(&mut database_of(data_dir).await?).await?;
    println!("cells of {ADDED_UP} installations: {bytes} bytes a day");
    Ok(())
}

/// The largest 99th percentile of the CPU time of these addresses, in milliseconds.
async fn slowest(router: &Router, addresses: &[String]) -> anyhow::Result<f64> {
    let mut slowest = 0.0_f64;
    for address in addresses {
        slowest = slowest.max(time_to_answer(router, address).await?);
    }
    Ok(slowest)
}

/// Asks again and again. Returns the 99th percentile of the CPU time in milliseconds.
async fn time_to_answer(router: &Router, address: &str) -> anyhow::Result<f64> {
    let (mut cpu_ms, mut wall_ms, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..QUESTIONS {
        let (cpu, began) = (cpu_time(), Instant::now());
        bytes = ask(router, address, "gzip").await?.len();
        wall_ms.push(began.elapsed().as_secs_f64() * 1000.0);
        cpu_ms.push((cpu_time() - cpu).as_secs_f64() * 1000.0);
    }
    let (cpu_ms, wall_ms) = (SortedFigures::new(cpu_ms), SortedFigures::new(wall_ms));
    println!(
        "{address}: {bytes} bytes, CPU median {:.1} p99 {:.1} ms, wall p99 {:.1} ms",
        cpu_ms.median(),
        cpu_ms.percentile(99),
        wall_ms.percentile(99)
    );
    Ok(cpu_ms.percentile(99))
}

async fn ask(router: &Router, address: &str, accepted: &str) -> anyhow::Result<Vec<u8>> {
    let request = axum::http::Request::get(address).header(header::ACCEPT_ENCODING, accepted);
    let answer = router.clone().oneshot(request.body(Body::empty())?).await?;
    anyhow::ensure!(answer.status().is_success(), "{address} is answered with {}", answer.status());
    Ok(axum::body::to_bytes(answer.into_body(), usize::MAX).await?.to_vec())
}

async fn read_json(router: &Router, address: &str) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&ask(router, address, "identity").await?)?)
}
