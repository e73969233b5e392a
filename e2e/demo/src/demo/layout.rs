//! Holds the addresses and the data directories of the demo.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{self, PathBuf},
};

use anyhow::{Context, bail};
use headcount_harness::{
    destinations::MockDestination,
    processes::HeadcountProcess,
    program::{HeadcountProgram, build_directory},
};
use headcount_sim::prices;

/// The addresses of both programs, and the directory for all their data.
pub(crate) struct DemoLayout {
    server: SocketAddr,
    collector: SocketAddr,
    directory: PathBuf,
}

impl DemoLayout {
    /// Reads the arguments; the default is the usual ports and a directory beside the programs.
    pub(crate) fn from_arguments(arguments: &[OsString]) -> anyhow::Result<Self> {
        let address = |text: &OsString| {
            let address = text.to_str().and_then(|text| text.parse().ok());
            address.with_context(|| format!("{} is not an address like 127.0.0.1:8080", text.display()))
        };
        match arguments {
            [] => Ok(Self {
                server: SocketAddr::from(([127, 0, 0, 1], 8080)),
                collector: SocketAddr::from(([127, 0, 0, 1], 8081)),
                directory: build_directory()?.with_file_name("demo"),
            }),
            [server, collector, directory] => Ok(Self {
                server: address(server)?,
                collector: address(collector)?,
                directory: path::absolute(directory).context("the directory")?,
            }),
            _ => bail!("expected no arguments or three: SERVER-ADDRESS COLLECTOR-ADDRESS DIRECTORY"),
        }
    }

    /// The data directory of the server.
    pub(crate) fn server_data(&self) -> PathBuf {
        self.directory.join("server")
    }

    /// The directory of Prometheus.
    pub(crate) fn prometheus(&self) -> PathBuf {
        self.directory.join("prometheus")
    }

    /// The price file.
    pub(crate) fn prices(&self) -> PathBuf {
        self.directory.join("cloud-pricing.json.gz")
    }

    /// The collector that receives the reports of the demo.
    pub(crate) fn collector(&self) -> HeadcountProgram {
        HeadcountProgram::collect(self.directory.join("collector"))
            .without_admin_token()
            .listen(self.collector)
            .shown_as("collector |")
            .in_own_group()
    }

    /// The server, which uses the mock Slack as its Slack.
    pub(crate) fn server(
        &self,
        collector: &HeadcountProcess,
        slack: Option<&MockDestination>,
    ) -> anyhow::Result<HeadcountProgram> {
        let program = HeadcountProgram::serve(self.server_data())
            .without_admin_token()
            .listen(self.server)
            .flag("--collector-url", collector.url("ce/usage-statistics"))
            .flag("--report-interval", "1m")
            .flag("--first-report-after", "1m")
            .flag("--process-sample-interval", "10s")
            .flag("--cloud-pricing-url", prices::url(&self.prices())?)
            .shown_as("server    |")
            .in_own_group();
        Ok(match slack {
            Some(slack) => program.flag("--slack-url", slack.url()),
            None => program,
        })
    }
}
