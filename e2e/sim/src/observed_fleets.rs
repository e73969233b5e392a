//! Runs fleets and a real Prometheus that holds their past and scrapes their present.

use std::{
    fs::{self, File},
    io::BufWriter,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use tokio::task::JoinSet;

use crate::{SimulatedInfrastructure, endpoint::MetricsEndpoint, write_openmetrics};
use headcount_harness::{
    clock::now,
    prometheus::{RunningPrometheus, StoppedPrometheus},
};

/// The length of the past in seconds: the hour that a server looks back, and what its rates need before that.
const PAST: i64 = 3900;

/// How much of it is as dense as the present, in seconds: from that a server learns at its start how often
/// there are new samples.
const RECENT: i64 = 60;

/// How many parts of the past are written at a time. Each writer uses one core.
const PARTS: usize = 2;

/// Fleets and the Prometheus that has their metrics. Both end when this is dropped.
#[derive(Debug)]
pub struct ObservedFleets {
    /// The Prometheus.
    pub prometheus: RunningPrometheus,
    /// Where it scrapes the fleets.
    pub endpoint: MetricsEndpoint,
}

impl ObservedFleets {
    /// Fills a new Prometheus with the last 65 minutes of fleets, one sample in `every` seconds and more
    /// towards the end, and lets it scrape them from now on. Removes what was in `directory`.
    ///
    /// # Errors
    /// Prometheus is not installed, or refuses something.
    pub async fn start(
        directory: &Path,
        listen: SocketAddr,
        fleets: Vec<SimulatedInfrastructure>,
        every: i64,
        scrape_interval: Duration,
    ) -> anyhow::Result<Self> {
        let fleets: Arc<[SimulatedInfrastructure]> = fleets.into();
        let scrapes = i64::try_from(scrape_interval.as_secs())?;
        let moments = moments(now(), every, scrapes);
        let setting = filled(directory, listen, &fleets, moments).await?;
        let endpoint = MetricsEndpoint::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), fleets).await?;
        let prometheus = setting.scraping(endpoint.address(), scrape_interval).start().await?;
        Ok(Self { prometheus, endpoint })
    }
}

/// Starts a Prometheus with the 65 minutes of fleets before `until`, in Unix seconds, one sample in `every`
/// seconds. It scrapes nothing, so it answers the same at any time. Removes what was in `directory`.
///
/// # Errors
/// Prometheus is not installed, or refuses something.
pub async fn recorded(
    directory: &Path,
    listen: SocketAddr,
    fleets: Vec<SimulatedInfrastructure>,
    every: i64,
    until: i64,
) -> anyhow::Result<RunningPrometheus> {
    let moments = moments(until, every, every);
    filled(directory, listen, &fleets.into(), moments).await?.start().await
}

/// The times of all past scrapes.
fn moments(now: i64, every: i64, scrapes: i64) -> Vec<i64> {
    let (begin, recent) = (now - PAST, now - RECENT);
    let moments = (begin..=now).filter(|moment| match *moment < recent {
        true => (moment - begin) % every == 0,
        false => (now - moment) % every.min(scrapes.max(1)) == 0,
    });
    moments.collect()
}

/// A Prometheus with the metrics of fleets at these moments.
async fn filled(
    directory: &Path,
    listen: SocketAddr,
    fleets: &Arc<[SimulatedInfrastructure]>,
    moments: Vec<i64>,
) -> anyhow::Result<StoppedPrometheus> {
    fs::remove_dir_all(directory).ok();
    fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let setting = StoppedPrometheus::new(directory).listen(listen);
    fill(&setting, directory, fleets, moments.into()).await?;
    Ok(setting)
}

/// Fills a stopped Prometheus with the past of fleets, in parallel.
async fn fill(
    setting: &StoppedPrometheus,
    directory: &Path,
    fleets: &Arc<[SimulatedInfrastructure]>,
    moments: Arc<[i64]>,
) -> anyhow::Result<()> {
    let size = fleets.len().div_ceil(PARTS).max(1);
    let mut parts = JoinSet::new();
    for from in (0..fleets.len()).step_by(size) {
        let (setting, fleets, moments) = (setting.clone(), Arc::clone(fleets), Arc::clone(&moments));
        let past = directory.join(format!("past-{from}.om"));
        parts.spawn(async move {
            let file = past.clone();
            let write = move || write(&file, fleets.iter().skip(from).take(size), &moments);
            tokio::task::spawn_blocking(write).await.context("the past was not written")??;
            setting.backfill(&past).await?;
            fs::remove_file(&past).with_context(|| format!("cannot remove {}", past.display()))
        });
    }
    while let Some(filled) = parts.join_next().await {
        filled.context("the past was not filled in")??;
    }
    Ok(())
}

fn write<'a>(
    path: &Path,
    fleets: impl Iterator<Item = &'a SimulatedInfrastructure>,
    moments: &[i64],
) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    write_openmetrics(fleets, moments, &mut BufWriter::new(file))
}
