//! Starts a server that observes a simulated fleet of 100 nodes through a real Prometheus.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use headcount_harness::{
    browser::Browser, clock::now, http, processes::HeadcountProcess, program::HeadcountProgram, test_run,
    wait::eventually,
};
use headcount_sim::{
    SimulatedInfrastructure,
    coroot_projects::{self, CorootProject},
    observed_fleets::ObservedFleets,
    shape::FleetShape,
};
use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;

/// The fleet: as many nodes and containers as the middle size of the measures of the server.
const NODES: u32 = 100;
const CONTAINERS: u32 = 2_000;

/// What is in the fleet, for pages about one thing.
const APPLICATION: &str = "team-0:Deployment:service-0";

/// The distance between two samples of the past, and between two scrapes.
const PAST_EVERY_S: i64 = 60;
const SCRAPES: Duration = Duration::from_secs(15);

/// Long enough for the server to fill its cache on a busy machine.
const FILLED: Duration = Duration::from_secs(600);

/// A server with a project, and what it observes. All of it ends when this is dropped.
pub(crate) struct ObservedServer {
    pub(crate) process: HeadcountProcess,
    /// The id of the project.
    pub(crate) project: String,
    /// A node of it.
    pub(crate) node: String,
    pub(crate) client: Client,
    access: CorootProject,
    _fleets: ObservedFleets,
    _directory: TempDir,
}

impl ObservedServer {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let directory = test_run::temporary_directory()?;
        let began = tokio::time::Instant::now();
        let shape = FleetShape::sized(NODES, CONTAINERS);
        let fleet = SimulatedInfrastructure::generate("fleet", &shape, 1, now() - 1200)?;
        println!("\n{NODES} nodes, {CONTAINERS} containers, {} series", fleet.series_at(now()));
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let past = directory.path().join("prometheus");
        let fleets = ObservedFleets::start(&past, listen, vec![fleet], PAST_EVERY_S, SCRAPES).await?;
        println!("their past was written within {} s", began.elapsed().as_secs());
        let process = HeadcountProgram::serve(directory.path().join("server"))
            .flag("--collector-url", "http://127.0.0.1:9/")
            .flag("--first-report-after", "1s")
            .start()
            .await?;
        let access = CorootProject {
            name: "shop".to_owned(),
            prometheus: fleets.prometheus.url(""),
            refresh_interval: Duration::from_secs(30),
            extra_selector: String::new(),
        };
        let project = coroot_projects::create(&process, &access).await?;
        let (client, node) = (http::operator()?, String::new());
        let mut server =
            Self { process, project, node, client, access, _fleets: fleets, _directory: directory };
        eventually("the project is observed", FILLED, async || {
            (server.observation().await.ok()?["state"] == "observed").then_some(())
        })
        .await?;
        println!("the project was observed within {} s", began.elapsed().as_secs());
        let nodes = server.get(&format!("api/projects/{}/nodes", server.project)).await?;
        server.node = nodes["nodes"][0]["name"].as_str().context("the project has nodes")?.to_owned();
        Ok(server)
    }

    /// The pages of the interface.
    pub(crate) fn pages(&self) -> Vec<String> {
        let project = format!("p/{}", self.project);
        let application = format!("{project}/app/{APPLICATION}");
        vec![
            String::new(),
            "welcome".to_owned(),
            "usage-statistics".to_owned(),
            "p/new/prometheus".to_owned(),
            project.clone(),
            application.clone(),
            format!("{application}/CPU"),
            format!("{application}/Net"),
            format!("{project}/node/{}", self.node),
            format!("{project}/settings"),
            format!("{project}/settings/inspections"),
        ]
    }

    /// Opens a page, and waits for its heading.
    pub(crate) async fn show(&self, browser: &Browser, page: &str) {
        browser.visit(&self.process, page).await;
        browser.wait_for("return document.querySelector('main h1') !== null").await;
    }

    /// Sets how often Prometheus is asked.
    pub(crate) async fn refresh_every(&self, refresh_interval: Duration) -> anyhow::Result<()> {
        let access = CorootProject { refresh_interval, ..self.access.clone() };
        coroot_projects::observe(&self.process, &self.project, &access).await
    }

    /// How the project is observed, as the API tells it.
    pub(crate) async fn observation(&self) -> anyhow::Result<Value> {
        let overview = self.get("api/overview").await?;
        Ok(overview["projects"][0]["observation"].clone())
    }

    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.process.stop().await.map(drop)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.client.get(self.process.url(path)).send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }
}
