//! Measures how long the computation of a day of a large fleet takes, and how much memory.

#![expect(clippy::disallowed_methods, reason = "a measurement needs the real clock")]

use std::{path::Path, sync::Arc, time::Instant};

use anyhow::Context;
use headcount_measures::MeasureRun;
use headcount_simulated_fleet::simulated_fleet::SimulatedFleet;
use procfs::process::{ClearRefs, Process};
use sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{cpu_time, database_of, open, plan};

/// The installations whose reports are made.
const MADE: u32 = 10_000;

/// How many installations there are for each one that is made, after its reports were copied.
const COPIES: u32 = 10;

/// The reports of a day and installation.
const REPORTS_A_DAY: u32 = 24;

const SIZES: &str = "SELECT layer, count(*), sum(length(block))
    + (SELECT coalesce(sum(length(bytes)), 0) FROM block_rest WHERE block_rest.layer = block.layer)
    FROM block GROUP BY layer";

/// What a computation took.
struct ComputedDay {
    cpu_seconds: f64,
    peak_mib: f64,
}

/// The computation of a whole day, again, of the fleet that was made and of one with its copies.
pub(super) async fn rollup(measures: &mut MeasureRun) -> anyhow::Result<()> {
    let fleet = Arc::new(SimulatedFleet::new(plan(MADE, 1, REPORTS_A_DAY))?);
    let day = fleet.days().next().context("the plan has a day")?;
    let directory = tempfile::tempdir()?;
    let collector = open(directory.path()).await?;
    let mut reports = collector.fill_day(&fleet, day, false).await?;
    collector.close().await;
    let mut seconds = Vec::new();
    for installations in [MADE, MADE * COPIES] {
        if installations > MADE {
            reports = copy_installations(directory.path()).await?;
        }
        println!("\na day of {installations} installations is computed, {reports} reports");
        let changed = "INSERT INTO changed_day (product, day, changes) VALUES ('coroot', ?, 1)";
        let changed = sqlx::query(changed).bind(day.days_since_epoch());
        changed.execute(&mut database_of(directory.path()).await?).await?;
        let ComputedDay { cpu_seconds, peak_mib } = compute(directory.path()).await?;
        seconds.push(cpu_seconds / f64::from(installations));
        if installations > MADE {
            print_sizes(directory.path(), f64::from(installations), reports as f64).await?;
            measures.record("fleet: CPU seconds for a day of 100,000 installations", cpu_seconds)?;
            measures.record("fleet: peak MiB of memory for a day of 100,000 installations", peak_mib)?;
        }
    }
    let [of_fewer, of_more] = seconds[..] else { anyhow::bail!("there are two fleets") };
    measures.record("fleet: CPU time an installation, 100,000 / 10,000 installations", of_more / of_fewer)
}

/// Computes the days that have changed. The peak of memory includes what this process needs beside the
/// collector.
async fn compute(data_dir: &Path) -> anyhow::Result<ComputedDay> {
    let collector = open(data_dir).await?;
    let process = Process::myself()?;
    process.clear_refs(ClearRefs::PeakRSS)?;
    let (cpu, began) = (cpu_time(), Instant::now());
    collector.compute_fleet().await?;
    let (cpu_seconds, took) = ((cpu_time() - cpu).as_secs_f64(), began.elapsed().as_secs_f64());
    let peak_kib = process.status()?.vmhwm.context("the kernel tells no peak of memory")?;
    let peak_mib = peak_kib as f64 / 1024.0;
    println!("{cpu_seconds:.2} s of CPU, {took:.2} s, peak memory {peak_mib:.0} MiB");
    collector.close().await;
    Ok(ComputedDay { cpu_seconds, peak_mib })
}

/// Copies the reports of every installation to others. As at a collector, the reports of an installation do
/// not follow each other: they are stored in the order of their times.
async fn copy_installations(data_dir: &Path) -> anyhow::Result<u64> {
    let options = SqliteConnectOptions::new().filename(data_dir.join("collector.sqlite")).foreign_keys(false);
    let options = options.journal_mode(SqliteJournalMode::Memory).synchronous(SqliteSynchronous::Off);
    let mut database = options.connect().await?;
    let ordered = "CREATE TEMP TABLE ordered AS SELECT seq AS of_report FROM typed ORDER BY made_at, seq";
    let copies = "CREATE TEMP TABLE copies AS WITH RECURSIVE copy (number) AS
        (SELECT 1 UNION ALL SELECT number + 1 FROM copy WHERE number < ?)
        SELECT number, random() AS mask FROM copy";
    // `a ^ b` is `(a | b) - (a & b)`.
    let reports = "INSERT INTO typed (seq, day, product, instance, made_at, replica, report)
        SELECT (SELECT max(seq) FROM typed) + ordered.rowid * ? + number, day, product,
            (instance | mask) - (instance & mask), made_at, replica, report
        FROM ordered CROSS JOIN typed ON seq = of_report CROSS JOIN copies ORDER BY ordered.rowid";
    let browsers = "INSERT INTO browser_day (day, seq, browsers)
        SELECT day, (SELECT max(of_report) FROM ordered) + ordered.rowid * ? + number, browsers
        FROM ordered CROSS JOIN browser_day ON seq = of_report CROSS JOIN copies";
    sqlx::query(ordered).execute(&mut database).await?;
    sqlx::query(copies).bind(COPIES - 1).execute(&mut database).await?;
    sqlx::query("DROP INDEX typed_by_day").execute(&mut database).await?;
    for copied in [reports, browsers] {
        sqlx::query(copied).bind(COPIES - 1).execute(&mut database).await?;
    }
    let index = "CREATE INDEX typed_by_day ON typed (day, product, instance, seq)";
    sqlx::query(index).execute(&mut database).await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM typed").fetch_one(&mut database).await?;
    database.close().await?;
    Ok(count.unsigned_abs())
}

async fn print_sizes(data_dir: &Path, installations: f64, reports: f64) -> anyhow::Result<()> {
    let mut database = database_of(data_dir).await?;
    let typed: f64 =
        sqlx::query_scalar("SELECT avg(length(report)) FROM typed").fetch_one(&mut database).await?;
    println!(
        "a typed report: {typed:.0} bytes; {:.1} MB an installation and year",
        typed * reports / installations * 365.0 / 1e6
    );
    let blocks: Vec<(String, i64, i64)> = sqlx::query_as(SIZES).fetch_all(&mut database).await?;
    for (layer, blocks, bytes) in blocks {
        println!(
            "{layer}: {blocks} blocks, {bytes} bytes, {:.1} an installation",
            bytes as f64 / installations
        );
    }
    Ok(())
}
