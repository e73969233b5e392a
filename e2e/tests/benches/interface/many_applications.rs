//! Starts a server that observes a project with very many applications.

use std::time::Duration;

use headcount_harness::{
    http, processes::HeadcountProcess, program::HeadcountProgram, test_run, wait::eventually,
};
use headcount_sim::{
    constant_prometheus::{self, ConstantSeries, container_labels, node_labels},
    coroot_projects::{self, CorootProject},
};
use serde_json::Value;
use tempfile::TempDir;

/// How many.
pub(crate) const APPLICATIONS: usize = 10_000;

/// What runs in them, in turn.
const TYPES: [&str; 5] = ["java", "nodejs", "nginx", "postgres", "redis"];

/// Every application of this number does not run.
const DOWN: usize = 16;

/// Long enough to load the world on a busy machine.
const LOADED: Duration = Duration::from_secs(300);

/// A server with a project of many applications.
pub(crate) struct ManyApplications {
    pub(crate) process: HeadcountProcess,
    _directory: TempDir,
}

impl ManyApplications {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let directory = test_run::temporary_directory()?;
        let process = HeadcountProgram::serve(directory.path().join("server"))
            .flag("--collector-url", "http://127.0.0.1:9/")
            .flag("--first-report-after", "1h")
            .start()
            .await?;
        let project = CorootProject {
            name: "everything".to_owned(),
            prometheus: constant_prometheus::serve(series).await?,
            refresh_interval: Duration::from_secs(600),
            extra_selector: String::new(),
        };
        let project = coroot_projects::create(&process, &project).await?;
        let listed = process.url(&format!("api/projects/{project}/applications"));
        let client = http::operator()?;
        eventually("all applications are listed", LOADED, async || {
            let table: Value = client.get(&listed).send().await.ok()?.json().await.ok()?;
            let count = table["applications"].as_array()?.len();
            (count == APPLICATIONS && table["observation"]["state"] == "observed").then_some(())
        })
        .await?;
        Ok(Self { process, _directory: directory })
    }

    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.process.stop().await.map(drop)
    }
}

/// The series of a query, which is percent-encoded.
fn series(query: &str) -> Vec<ConstantSeries> {
    let of_containers = |more: fn(usize) -> Option<String>, value| {
        (0..APPLICATIONS)
            .filter_map(|number| Some(([labels(number), more(number)?].concat(), value)))
            .collect()
    };
    match query {
        "node_info" => vec![(node_labels(r#","hostname":"node-1""#), "1")],
        "container_info" => of_containers(|_| Some(String::new()), "1"),
        "container_application_type" => of_containers(
            |number| Some(format!(r#","application_type":"{}""#, TYPES.get(number % TYPES.len())?)),
            "1",
        ),
        "container_resources_memory_rss_bytes" => {
            of_containers(|number| (number % DOWN != 0).then(String::new), "1048576")
        }
        _ => Vec::new(),
    }
}

/// The labels of a container, which is an application of its own.
fn labels(number: usize) -> String {
    // Of many words, so that the order of the series is none of the orders of the table.
    let word = ["checkout", "cart", "billing", "search", "mail", "web", "ledger"].get(number % 7);
    let word = word.copied().unwrap_or_default();
    container_labels(&format!("/swarm/team-{}/{word}-service-{number:05}/1", number % 40))
}
