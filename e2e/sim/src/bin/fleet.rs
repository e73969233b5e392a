//! Simulates a fleet: serves its metrics, writes its past as OpenMetrics, or prints the numbers that a report
//! on it has to have.

use std::{
    io::{self, BufWriter, Write},
    net::SocketAddr,
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use headcount_harness::clock::now;
use headcount_sim::{
    SimulatedInfrastructure, endpoint::MetricsEndpoint, shape::FleetShape, write_openmetrics,
};

#[derive(Debug, Parser)]
#[command(name = "fleet", about = "A simulated fleet of servers for Prometheus")]
struct FleetCli {
    #[command(subcommand)]
    command: FleetCommand,
}

#[derive(Debug, Subcommand)]
enum FleetCommand {
    /// Serve /metrics for Prometheus, which has to honor labels.
    Serve {
        #[command(flatten)]
        which: FleetChoice,
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1:9099")]
        listen: SocketAddr,
    },
    /// Write the last hour as OpenMetrics with timestamps, for `promtool tsdb create-blocks-from
    /// openmetrics`.
    Write {
        #[command(flatten)]
        which: FleetChoice,
        /// The seconds to look back.
        #[arg(long, default_value_t = 3900)]
        seconds: i64,
        /// The seconds between two scrapes.
        #[arg(long, default_value = "15", value_parser = seconds)]
        every: usize,
    },
    /// Print the numbers that a report on it has to have.
    Expected {
        #[command(flatten)]
        which: FleetChoice,
    },
}

/// The arguments that select a fleet.
#[derive(Debug, Args)]
struct FleetChoice {
    /// The seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// document-a, document-b, random (chosen by the seed), or `<nodes>x<containers>`, such as 10x50.
    #[arg(long, default_value = "random")]
    shape: String,
    /// The value of the label `fleet`.
    #[arg(long, default_value = "1")]
    name: String,
    /// The time of generation in Unix seconds; by default now.
    #[arg(long)]
    epoch: Option<i64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(FleetCli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is no other place to report this.
            writeln!(io::stderr(), "fleet: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn run(command: FleetCommand) -> anyhow::Result<()> {
    match command {
        FleetCommand::Serve { which, listen } => {
            let endpoint = MetricsEndpoint::start(listen, vec![which.fleet()?]).await?;
            writeln!(io::stderr(), "fleet: serving on http://{}/metrics", endpoint.address()).ok();
            tokio::signal::ctrl_c().await.context("signals cannot be received")
        }
        FleetCommand::Write { which, seconds, every } => {
            let fleet = which.fleet()?;
            let now = now();
            let mut out = BufWriter::new(io::stdout().lock());
            let moments: Vec<i64> = (now - seconds..=now).step_by(every).collect();
            write_openmetrics(&[fleet], &moments, &mut out)
        }
        FleetCommand::Expected { which } => {
            let (fleet, now) = (which.fleet()?, now());
            let hour = now - 3600;
            writeln!(
                io::stdout(),
                "{:#?}\nrollouts in the last hour: {}\nchanges that became known: {:?}",
                fleet.expected_counts(now),
                fleet.deployments_between(hour, now),
                fleet.summaries_between(hour, now, hour),
            )
            .context("cannot write to standard output")
        }
    }
}

impl FleetChoice {
    fn fleet(&self) -> anyhow::Result<SimulatedInfrastructure> {
        let epoch = self.epoch.unwrap_or_else(now);
        SimulatedInfrastructure::generate(&self.name, &self.shape()?, self.seed, epoch)
    }

    fn shape(&self) -> anyhow::Result<FleetShape> {
        match self.shape.as_str() {
            "document-a" => Ok(FleetShape::document_a()),
            "document-b" => Ok(FleetShape::document_b()),
            "random" => Ok(FleetShape::random(self.seed)),
            size => {
                let numbers = size.split_once('x').and_then(|(nodes, containers)| {
                    Some(FleetShape::sized(nodes.parse().ok()?, containers.parse().ok()?))
                });
                numbers.with_context(|| format!("unknown shape {size:?}"))
            }
        }
    }
}

/// Parses a whole number of seconds, at least 1.
fn seconds(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| "a whole number of seconds, at least 1".to_owned())
}
