//! Starts a collector with a simulated fleet, and waits until it has nothing left to compute.

use std::{process::Command, time::Duration};

use anyhow::{Context, ensure};
use headcount_harness::{
    browser::Browser,
    command_output::output_within,
    http,
    processes::HeadcountProcess,
    program::{HeadcountProgram, binary},
    test_run,
    wait::eventually,
};
use headcount_simulated_fleet::fleet_truth::FleetTruth;
use serde_json::Value;
use tempfile::TempDir;

/// The fleet. Every installation reports once a day.
const INSTALLATIONS: u32 = 300;
const DAYS: u32 = 36;

/// Long enough to make the fleet, and to compute what releases changed.
const MADE: Duration = Duration::from_secs(600);

/// The pages about the fleet.
pub(crate) const PAGES: [&str; 9] = [
    "overview",
    "changes",
    "versions",
    "features",
    "environment",
    "usage",
    "performance",
    "profiles",
    "trust",
];

/// A collector with a simulated fleet.
pub(crate) struct FilledCollector {
    process: HeadcountProcess,
    /// The days of the fleet.
    pub(crate) days: Vec<String>,
    _directory: TempDir,
}

impl FilledCollector {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let directory = test_run::temporary_directory()?;
        let data = directory.path().join("collector");
        let mut demo = Command::new(binary()?);
        demo.args(["collect", "demo", "--reports-per-day", "1", "--seed", "4"]);
        demo.args(["--installations", &INSTALLATIONS.to_string(), "--days", &DAYS.to_string()]);
        demo.arg("--data-dir").arg(&data);
        let made = output_within(MADE, demo).await?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let truth: FleetTruth = serde_json::from_slice(&made.stdout)?;
        let process = HeadcountProgram::collect(data).start().await?;
        let days = truth.days.into_iter().map(|day| day.day.to_string()).collect();
        let collector = Self { process, days, _directory: directory };
        collector.looked_at_all_days().await?;
        Ok(collector)
    }

    /// Opens a page about all days, as the administrator.
    pub(crate) async fn show(&self, browser: &Browser, page: &str) -> anyhow::Result<()> {
        browser.visit(&self.process, &self.address(page)?).await;
        browser.wait_for("return document.querySelector('main h1') !== null").await;
        Ok(())
    }

    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.process.stop().await.map(drop)
    }

    fn address(&self, page: &str) -> anyhow::Result<String> {
        let (first, last) = self.days.first().zip(self.days.last()).context("a fleet has days")?;
        Ok(format!("{page}?from={first}&to={last}"))
    }

    async fn looked_at_all_days(&self) -> anyhow::Result<()> {
        let url = self.process.url(&format!("api/fleet/{}", self.address("changes")?));
        let client = http::operator()?;
        eventually("every day is looked at", MADE, async || {
            let answer: Value = client.get(&url).send().await.ok()?.json().await.ok()?;
            (answer["looked_at"].as_str() == self.days.last().map(String::as_str)).then_some(())
        })
        .await
    }
}
