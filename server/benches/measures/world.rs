//! Measures the load of a world from the cache, for installations of three sizes, and the refresh of that
//! cache.

mod audit;
mod installation;
mod prometheus;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use headcount_health::{history_store::ProjectHistory, sli::SlotBatch};
use headcount_measures::{MeasureRun, SortedFigures};
use headcount_observer::{
    CACHE_PLAN,
    observed_project::ObservedProject,
    sli_log::SliLog,
    world_load::{LoadContext, load},
};
use headcount_platform::{
    clock::{Clock, SystemClock},
    disk::DiskDirectory,
};
use headcount_prometheus::{
    cache::{IncomingSeries, SeriesCache},
    client::SeriesSink,
    prometheus_access::PrometheusAccess,
    query::QueryRetention,
};
use headcount_shared::payload::Payload;
use headcount_topology::{prices::CloudPrices, queries};

pub(crate) use self::audit::audit_of_what_was_loaded;
use self::installation::SyntheticInstallation;
use super::server::BenchServer;

/// The size that `docs/measures.md` requires, and two larger ones.
const SIZES: [SyntheticInstallation; 3] = [
    SyntheticInstallation { nodes: 10, containers: 50, pods: PODS },
    SyntheticInstallation { nodes: 100, containers: 2_000, pods: PODS },
    SyntheticInstallation { nodes: 1_000, containers: 20_000, pods: PODS },
];

/// The pods of a deployment.
const PODS: usize = 5;

/// The distance between two points, and between two rounds of queries, in seconds.
const STEP: u32 = 15;
const ROUND: u32 = 30;

/// The moment up to which the cache is filled.
const TO: u32 = 1_700_000_100;

/// Compares a load with merely reading and decompressing the same bytes.
pub(crate) fn load_from_the_cache(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nworld from the cache");
    let mut per_container = Vec::new();
    for size in SIZES {
        let directory = tempfile::tempdir()?;
        let store = fill(directory.path(), size)?;
        let (loads, raw, stages) = compare(&store, if size.containers > 10_000 { 7 } else { 31 })?;
        let load_ms: SortedFigures = loads.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        let ratios: SortedFigures =
            loads.iter().zip(&raw).map(|(load, raw)| load.as_secs_f64() / raw.as_secs_f64()).collect();
        per_container.push(load_ms.median() / size.containers as f64);
        measures.record(&format!("world of {} nodes: ms to load", size.nodes), load_ms)?;
        measures.record(&format!("world of {} nodes: load / read and decompress", size.nodes), ratios)?;
        println!("    longest stages: {}", longest(&stages));
    }
    if let [_, hundred, thousand] = *per_container {
        measures.record("world: load a container, 1000 nodes / 100 nodes", thousand / hundred)?;
    }
    Ok(())
}

/// Fills a cache as rounds of queries do.
fn fill(directory: &Path, installation: SyntheticInstallation) -> anyhow::Result<SeriesCache> {
    let store = SeriesCache::open(Arc::new(DiskDirectory::new(directory)), "cache".to_owned(), CACHE_PLAN)?;
    for query in queries::all() {
        for (from, to, step) in rounds(query.kind) {
            let mut incoming = IncomingSeries::new(query);
            let mut number = 0;
            let mut outcome = Ok(());
            installation.each(query, |texts| {
                number += 1;
                let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
                outcome = outcome.and(incoming.series(&texts)).and_then(|()| {
                    let mut moments = (from..=to).step_by(step as usize);
                    moments.try_for_each(|at| incoming.point(at, SyntheticInstallation::value(number, at)))
                });
            });
            outcome?;
            store.write(incoming, to, step)?;
        }
    }
    Ok(store)
}

/// The spans that were fetched for a query of a kind: one a round, as far back as its points are stored.
fn rounds(kind: QueryRetention) -> Vec<(u32, u32, u32)> {
    let QueryRetention::Range { keep, every } = kind else { return vec![(TO - ROUND, TO, STEP)] };
    let keep = u32::try_from(keep.as_secs()).unwrap_or(u32::MAX);
    let step = every.map_or(STEP, |every| u32::try_from(every.as_secs()).unwrap_or(STEP));
    let round = ROUND.max(step);
    let last = TO - TO % step;
    (0..keep / round).rev().map(|back| last - back * round).map(|to| (to + step - round, to, step)).collect()
}

/// The stages of a load, each with its time.
type BenchStageTimes = Vec<(&'static str, Duration)>;

/// Loads and mere reads in turn, and the stages of the last load.
fn compare(
    store: &SeriesCache,
    pairs: usize,
) -> anyhow::Result<(Vec<Duration>, Vec<Duration>, BenchStageTimes)> {
    let (clock, prices, project) =
        (SystemClock::new(), CloudPrices::default(), project("http://127.0.0.1:9/"));
    let (mut loads, mut raw, mut stages) = (Vec::new(), Vec::new(), Vec::new());
    let (no_answers, no_history) = (SlotBatch::default(), ProjectHistory::default());
    let directory = tempfile::tempdir()?;
    let disk = Arc::new(DiskDirectory::new(directory.path()));
    let mut recorded = SliLog::open(disk, "cache".to_owned());
    for _ in 0..=pairs {
        let start = clock.monotonic();
        store.read_raw()?;
        raw.push(clock.monotonic() - start);
        let context = LoadContext {
            recorded: &mut recorded,
            own: &no_answers,
            recalled: &no_history,
            counting_since: 0,
            step_s: STEP,
            new_key: String::new,
        };
        let loaded = load(store, &project, &prices, &clock, context)?;
        ensure!(loaded.facts.nodes > 0, "the world is empty");
        loads.push(loaded.total);
        stages = loaded.stages;
    }
    // The first pair warms up.
    Ok((loads.split_off(1), raw.split_off(1), stages))
}

/// The four longest stages of a load.
fn longest(stages: &[(&'static str, Duration)]) -> String {
    let mut stages = stages.to_vec();
    stages.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
    let text = |(name, took): &(&str, Duration)| format!("{name} {:.2} ms", took.as_secs_f64() * 1e3);
    stages.iter().take(4).map(text).collect::<Vec<_>>().join(", ")
}

fn project(url: &str) -> ObservedProject {
    ObservedProject {
        id: "bench".to_owned(),
        prometheus: PrometheusAccess {
            url: url.to_owned(),
            refresh_interval: Duration::from_secs(u64::from(ROUND)),
            tls_skip_verify: false,
            basic_auth: None,
            extra_selector: String::new(),
            custom_headers: Vec::new(),
        },
        application_categories: BTreeMap::new(),
        custom_applications: BTreeMap::new(),
    }
}

/// A server that observes the largest installation: its memory, and what it fetches once its cache is filled.
pub(crate) fn refresh_of_a_thousand_nodes(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nworld of 1,000 nodes, kept up to date");
    let [.., installation] = SIZES;
    let runtime = tokio::runtime::Runtime::new()?;
    let url = runtime.block_on(prometheus::serve(installation))?;
    let server = BenchServer::headcount(&[
        "--first-report-after=24h",
        &format!("--bootstrap-prometheus-url={url}"),
        &format!("--bootstrap-refresh-interval={ROUND}s"),
    ])?;
    let started = SystemClock::new();
    wait_for_worlds(&server, 2)?;
    let (seconds, bytes) = (started.monotonic().as_secs_f64(), counter(&server, FETCHED)?);
    println!("  fetched to fill the cache                {} MB in {seconds:.0} s", bytes / 1_000_000);
    let [series, failed] = queries(&server)?;
    println!("  series                                   {series} ({failed} queries failed)");
    std::thread::sleep(MEASURED);
    let minutes = MEASURED.as_secs_f64() / 60.0;
    let fetched = (counter(&server, FETCHED)? - bytes) as f64 / 1e6 / minutes;
    measures.record("world of 1000 nodes, observed: MB fetched a minute", fetched)?;
    measures.record("world of 1000 nodes, observed: MiB at its highest", server.peak_mib()?)?;
    measures.record("world of 1000 nodes, observed: MiB after two minutes", server.resident_mib()?)
}

/// A server that observes the smallest installation and is left alone.
pub(crate) fn idle_with_ten_nodes(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nidle, with a world of 10 nodes");
    let [installation, ..] = SIZES;
    let runtime = tokio::runtime::Runtime::new()?;
    let url = runtime.block_on(prometheus::serve(installation))?;
    let server = BenchServer::headcount(&[
        "--report-interval=15s",
        "--first-report-after=15s",
        &format!("--bootstrap-prometheus-url={url}"),
        "--bootstrap-refresh-interval=15s",
    ])?;
    wait_for_worlds(&server, 2)?;
    let before = server.cpu_time()?;
    std::thread::sleep(MEASURED);
    let used = (server.cpu_time()? - before).as_secs_f64() / MEASURED.as_secs_f64();
    measures.record("world of 10 nodes, observed: MiB", server.resident_mib()?)?;
    measures.record("world of 10 nodes, observed: percent of a core", 100.0 * used)
}

/// Waits until the server has loaded `worlds` worlds.
fn wait_for_worlds(server: &BenchServer, worlds: u64) -> anyhow::Result<()> {
    let started = SystemClock::new();
    while counter(server, "headcount_worlds_total")? < worlds {
        ensure!(started.monotonic() < Duration::from_secs(600), "the cache is not filled after ten minutes");
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

/// How many series the queries returned the last time, and how many queries failed.
fn queries(server: &BenchServer) -> anyhow::Result<[u64; 2]> {
    let answer = server.get("api/usage-statistics/preview")?;
    let body = answer.split_once("\r\n\r\n").context("no body")?.1;
    let report: Payload = serde_json::from_str(body)?;
    let queries = report.performance.constructor.queries.values();
    let series = queries.clone().map(|query| query.metrics_count).sum();
    Ok([series, queries.filter(|query| query.failed).count() as u64])
}

const FETCHED: &str = "headcount_fetched_bytes_total";

/// How long the steady state is watched.
const MEASURED: Duration = Duration::from_secs(120);

/// A counter of the server.
fn counter(server: &BenchServer, name: &str) -> anyhow::Result<u64> {
    let text = server.get("metrics")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(line.context("the server has no such counter")?.trim().parse()?)
}
