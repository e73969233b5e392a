//! Measures the collector: intake, the computation of a day, answers, and what it stores.

#![expect(clippy::disallowed_methods, reason = "a measurement needs the real clock")]

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
};
use headcount_collector::{
    Collector, CollectorConfig, RetentionPolicy, report_headers::ReportHeaders, routes,
};
use headcount_fleet::{
    calendar_day::CalendarDay,
    installation_day::{InstallationDay, InstallationDays, InstallationHash},
};
use headcount_measures::{MeasureRun, SortedFigures};
use headcount_platform::{
    clock::{Clock, SystemClock},
    disk::free_space::FileSystemOf,
};
use headcount_simulated_fleet::{fleet_plan::FleetPlan, simulated_fleet::SimulatedFleet};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::{runtime::Runtime, task::JoinSet};
use tower::ServiceExt;

const PAIRS: usize = 5;

/// The reports of one run of intake, and how many are on their way at once.
const REPORTS: usize = 3000;
const AT_ONCE: usize = 64;

/// The installations whose day is computed; the figures are for ten times as many.
const INSTALLATIONS: u32 = 10_000;

/// The days and installations of the fleet that is asked.
const ASKED: (u32, u32) = (90, 2000);

/// How often each question is asked.
const QUESTIONS: usize = 30;

/// The installations of the days in which one is looked up.
const LARGE_DAY: u64 = 100_000;

/// A measurement of a collector.
type FleetMeasure = fn(&mut MeasureRun) -> anyhow::Result<()>;

/// The parts, which can be chosen by name.
pub(crate) const PARTS: [(&str, FleetMeasure); 3] = [
    ("fleet-intake", |measures| Runtime::new()?.block_on(intake(measures))),
    ("fleet-rollup", |measures| Runtime::new()?.block_on(rollup(measures))),
    ("fleet-answers", |measures| Runtime::new()?.block_on(answers(measures))),
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

/// CPU time of this process.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Durable intake of reports of the document's size, against raw batched inserts of the same bytes.
async fn intake(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nreports against raw inserts of the same bytes in SQLite, both durable");
    let fleet = SimulatedFleet::new(plan(REPORTS as u32, 1, 2))?;
    let day = fleet.days().next().context("the plan has a day")?;
    let reports: Vec<(String, Vec<u8>)> = fleet
        .reports_of_day(day)
        .take(REPORTS)
        .map(|report| Ok((report.id.to_string(), serde_json::to_vec(&report.payload)?)))
        .collect::<anyhow::Result<_>>()?;
    let bytes: usize = reports.iter().map(|(_, body)| body.len()).sum();
    println!("{} reports of {} bytes", reports.len(), bytes / reports.len());
    let mut ratios = Vec::new();
    for _ in 0..PAIRS {
        let ours = reports_a_second(&reports).await?;
        let raw = inserts_a_second(&reports).await?;
        println!("{ours:.0} reports a second, {raw:.0} raw inserts");
        ratios.push(ours / raw);
    }
    measures
        .record("reports: reports a second, collector / raw inserts in SQLite", SortedFigures::new(ratios))
}

async fn reports_a_second(reports: &[(String, Vec<u8>)]) -> anyhow::Result<f64> {
    let directory = tempfile::tempdir()?;
    let collector = open(directory.path()).await?;
    let (began, cpu) = (Instant::now(), cpu_time());
    let mut sending = JoinSet::new();
    for (id, body) in reports.iter().cloned() {
        if sending.len() >= AT_ONCE {
            sending.join_next().await.context("a report is on its way")???;
        }
        let collector = collector.clone();
        sending.spawn(async move {
            let headers = headers(id)?;
            anyhow::Ok(collector.take(headers, None, Body::from(body)).await?)
        });
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    let took = began.elapsed();
    println!("CPU a report: {:.0} µs", (cpu_time() - cpu).as_secs_f64() * 1e6 / reports.len() as f64);
    collector.close().await;
    Ok(reports.len() as f64 / took.as_secs_f64())
}

/// The headers of a report as the server sends it.
fn headers(id: String) -> anyhow::Result<ReportHeaders> {
    let mut map = HeaderMap::new();
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    map.insert("idempotency-key", HeaderValue::try_from(id)?);
    Ok(ReportHeaders::from_headers(&map)?)
}

async fn inserts_a_second(reports: &[(String, Vec<u8>)]) -> anyhow::Result<f64> {
    let directory = tempfile::tempdir()?;
    let options =
        SqliteConnectOptions::new().filename(directory.path().join("raw.sqlite")).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let mut database = options.connect().await?;
    sqlx::raw_sql("CREATE TABLE raw (id TEXT PRIMARY KEY, report BLOB NOT NULL)")
        .execute(&mut database)
        .await?;
    let began = Instant::now();
    for group in reports.chunks(AT_ONCE) {
        let mut transaction = database.begin().await?;
        for (id, body) in group {
            let insert = sqlx::query("INSERT INTO raw VALUES (?, ?)").bind(id).bind(body);
            insert.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
    }
    Ok(reports.len() as f64 / began.elapsed().as_secs_f64())
}

/// The computation of a whole day, again.
async fn rollup(measures: &mut MeasureRun) -> anyhow::Result<()> {
    let mut seconds = Vec::new();
    for installations in [INSTALLATIONS / 10, INSTALLATIONS] {
        println!("\na day of {installations} installations is computed");
        let fleet = Arc::new(SimulatedFleet::new(plan(installations, 1, 24))?);
        let day = fleet.days().next().context("the plan has a day")?;
        let directory = tempfile::tempdir()?;
        let collector = open(directory.path()).await?;
        let reports = collector.fill_day(&fleet, day, false).await?;
        let mut database = SqliteConnection::connect_with(
            &SqliteConnectOptions::new().filename(directory.path().join("collector.sqlite")),
        )
        .await?;
        let change = "INSERT INTO changed_day (product, day, changes) VALUES ('coroot', ?, 1)";
        sqlx::query(change).bind(day.days_since_epoch()).execute(&mut database).await?;
        let (cpu, began) = (cpu_time(), Instant::now());
        collector.compute_fleet().await?;
        let (cpu, took) = (cpu_time() - cpu, began.elapsed());
        println!("{reports} reports: {:.2} s of CPU, {:.2} s", cpu.as_secs_f64(), took.as_secs_f64());
        seconds.push(cpu.as_secs_f64() / f64::from(installations) * 100_000.0);
        if installations == INSTALLATIONS {
            print_sizes(&mut database, f64::from(installations), reports as f64).await?;
        }
        collector.close().await;
    }
    let [of_fewer, of_more] = seconds[..] else { anyhow::bail!("there are two fleets") };
    measures.record("fleet: CPU seconds for a day of 100,000 installations, from 10,000", of_more)?;
    measures.record("fleet: CPU time an installation, 10,000 / 1,000 installations", of_more / of_fewer)?;
    let memory = fs::read_to_string("/proc/self/status")?;
    let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default().trim();
    println!("peak memory of this process: {peak}");
    Ok(())
}

async fn print_sizes(
    database: &mut SqliteConnection,
    installations: f64,
    reports: f64,
) -> anyhow::Result<()> {
    let typed: f64 =
        sqlx::query_scalar("SELECT avg(length(report)) FROM typed").fetch_one(&mut *database).await?;
    println!(
        "a typed report: {typed:.0} bytes; {:.1} MB an installation and year",
        typed * reports / installations * 365.0 / 1e6
    );
    let blocks: Vec<(String, i64, i64)> =
        sqlx::query_as("SELECT layer, count(*), sum(length(block)) FROM block GROUP BY layer")
            .fetch_all(database)
            .await?;
    for (layer, blocks, bytes) in blocks {
        println!(
            "{layer}: {blocks} blocks, {bytes} bytes, {:.1} an installation",
            bytes as f64 / installations
        );
    }
    Ok(())
}

/// Every kind of answer about 90 days.
async fn answers(measures: &mut MeasureRun) -> anyhow::Result<()> {
    let (days, installations) = ASKED;
    println!("\nanswers about {days} days of {installations} installations");
    let fleet = Arc::new(SimulatedFleet::new(plan(installations, days, 1))?);
    let directory = tempfile::tempdir()?;
    let collector = open(directory.path()).await?;
    for day in fleet.days() {
        collector.fill_day(&fleet, day, false).await?;
    }
    let (from, to) = (fleet.plan().first_day, fleet.plan().first_day.plus_days(days - 1));
    let router = routes::private_routes(&collector);
    let versions = ask(&router, &format!("shares/versions?from={from}&to={to}")).await?;
    let versions: serde_json::Value = serde_json::from_slice(&versions)?;
    let version = |at: usize| versions["labels"][at]["label"].as_str().unwrap_or_default().to_owned();
    let compared = format!("before={}&after={}", version(0), version(1));
    let questions = [
        "activity?".to_owned(),
        "retention?".to_owned(),
        "shares/versions?".to_owned(),
        "shares/services?database=sqlite&size=4-10".to_owned(),
        "shares/flags?".to_owned(),
        "shares/pages?".to_owned(),
        "distributions/sizes?".to_owned(),
        "distributions/cpu?by=version".to_owned(),
        "distributions/queries?by=version".to_owned(),
        "profiles/graph?".to_owned(),
        format!("profiles/graph?version={}", version(0)),
        format!("profiles/difference?{compared}"),
        format!("profiles/functions?{compared}"),
    ];
    let mut worst = 0.0_f64;
    for question in questions {
        worst = worst.max(time_to_answer(&router, &format!("{question}&from={from}&to={to}")).await?);
    }
    enlarge_days(directory.path()).await?;
    println!("and about {days} days of {LARGE_DAY} installations");
    let one = format!("installations/{}?from={from}&to={to}", uuid::Uuid::from_u128(7));
    worst = worst.max(time_to_answer(&router, &one).await?);
    measures.record("fleet: CPU milliseconds of the slowest answer about 90 days, 99th percentile", worst)
}

/// Asks again and again. Returns the 99th percentile of the CPU time in milliseconds.
async fn time_to_answer(router: &axum::Router, question: &str) -> anyhow::Result<f64> {
    let (mut cpu_ms, mut wall_ms, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..QUESTIONS {
        let (cpu, began) = (cpu_time(), Instant::now());
        bytes = ask(router, question).await?.len();
        wall_ms.push(began.elapsed().as_secs_f64() * 1000.0);
        cpu_ms.push((cpu_time() - cpu).as_secs_f64() * 1000.0);
    }
    let (cpu_ms, wall_ms) = (SortedFigures::new(cpu_ms), SortedFigures::new(wall_ms));
    println!(
        "{question}: {bytes} bytes, CPU median {:.1} p99 {:.1} ms, wall p99 {:.1} ms",
        cpu_ms.median(),
        cpu_ms.percentile(99),
        wall_ms.percentile(99)
    );
    Ok(cpu_ms.percentile(99))
}

/// Gives every day as many installations as a large fleet has. Cells do not depend on their number.
async fn enlarge_days(data_dir: &Path) -> anyhow::Result<()> {
    let mut database = SqliteConnection::connect_with(
        &SqliteConnectOptions::new().filename(data_dir.join("collector.sqlite")),
    )
    .await?;
    let known = "SELECT block FROM block WHERE layer = 'installations' LIMIT 1";
    let known: Vec<u8> = sqlx::query_scalar(known).fetch_one(&mut database).await?;
    let mut days = InstallationDays::decode(&known)?;
    let rows = days.installations.clone();
    let spread = u64::MAX / LARGE_DAY;
    days.installations = (0..LARGE_DAY)
        .zip(rows.iter().cycle())
        .map(|(at, row)| InstallationDay { installation: InstallationHash(at * spread), ..row.clone() })
        .collect();
    let enlarge = sqlx::query("UPDATE block SET block = ? WHERE layer = 'installations'");
    enlarge.bind(days.encode()?).execute(&mut database).await?;
    Ok(())
}

async fn ask(router: &axum::Router, question: &str) -> anyhow::Result<Vec<u8>> {
    let request = axum::http::Request::get(format!("/api/fleet/{question}")).body(Body::empty())?;
    let answer = router.clone().oneshot(request).await?;
    anyhow::ensure!(answer.status().is_success(), "{question} is answered with {}", answer.status());
    Ok(axum::body::to_bytes(answer.into_body(), usize::MAX).await?.to_vec())
}
