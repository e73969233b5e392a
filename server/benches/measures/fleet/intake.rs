//! Measures intake.

#![expect(clippy::disallowed_methods, reason = "a measurement needs the real clock")]

use std::time::Instant;

use anyhow::Context;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
};
use headcount_collector::report_headers::ReportHeaders;
use headcount_measures::{MeasureRun, SortedFigures};
use headcount_simulated_fleet::simulated_fleet::SimulatedFleet;
use sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::task::JoinSet;

use super::{cpu_time, open, plan};

const PAIRS: usize = 5;

/// The reports of one run of intake, and how many are on their way at once.
const REPORTS: usize = 3000;
const AT_ONCE: usize = 64;

/// Durable intake of reports of the document's size, against raw batched inserts of the same bytes.
pub(super) async fn intake(measures: &mut MeasureRun) -> anyhow::Result<()> {
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
