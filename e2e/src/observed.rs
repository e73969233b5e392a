//! What can a server observe? Fleets in a real Prometheus, with a past and a present.

use std::{
    fs::{self, File},
    io::BufWriter,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use anyhow::Context;

use crate::{
    clock::now,
    fleet::{Fleet, endpoint::Endpoint, write_openmetrics},
    prometheus::{Prometheus, Setting},
};

/// How much past there is, in seconds: the hour that a server looks back, and what its rates need before that.
const PAST: i64 = 3900;

/// Fleets and the Prometheus that has their metrics. Both end when this is dropped.
#[derive(Debug)]
pub struct Observed {
    /// The Prometheus.
    pub prometheus: Prometheus,
    /// Where it scrapes the fleets.
    pub endpoint: Endpoint,
}

impl Observed {
    /// Fills a new Prometheus with the last 65 minutes of fleets, a sample each time `every` seconds have passed, and has it
    /// scrape them from now on. What was in `directory` is removed.
    ///
    /// # Errors
    /// Prometheus is not installed, or refuses something.
    pub async fn start(
        directory: &Path,
        listen: SocketAddr,
        fleets: Vec<Fleet>,
        every: i64,
        scrape_interval: Duration,
    ) -> anyhow::Result<Self> {
        fs::remove_dir_all(directory).ok();
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let setting = Setting::new(directory).listen(listen);
        let past = directory.join("past.om");
        let file = File::create(&past).with_context(|| format!("cannot create {}", past.display()))?;
        let writing = tokio::task::spawn_blocking(move || {
            let now = now();
            write_openmetrics(&fleets, now - PAST..=now, every, &mut BufWriter::new(file))?;
            anyhow::Ok(fleets)
        });
        let fleets = writing.await.context("the past was not written")??;
        setting.backfill(&past).await?;
        fs::remove_file(&past).with_context(|| format!("cannot remove {}", past.display()))?;
        let endpoint = Endpoint::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), fleets).await?;
        let prometheus = setting.scraping(endpoint.address(), scrape_interval).start().await?;
        Ok(Self { prometheus, endpoint })
    }
}
