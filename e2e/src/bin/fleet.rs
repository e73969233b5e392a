//! A simulated fleet: serves what agents would say of it, writes down what they would have said, tells what is true.

use std::{
    io::{self, BufWriter, Write},
    net::SocketAddr,
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use headcount_e2e::{
    clock::now,
    fleet::{Fleet, endpoint::Endpoint, shape::Shape, write_openmetrics},
};

#[derive(Debug, Parser)]
#[command(name = "fleet", about = "A simulated fleet of servers for Prometheus")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve /metrics for Prometheus, which has to honor labels.
    Serve {
        #[command(flatten)]
        which: Which,
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1:9099")]
        listen: SocketAddr,
    },
    /// Write the last hour as OpenMetrics with timestamps, for `promtool tsdb create-blocks-from openmetrics`.
    Write {
        #[command(flatten)]
        which: Which,
        /// The seconds to look back.
        #[arg(long, default_value_t = 3900)]
        seconds: i64,
        /// The seconds between two scrapes.
        #[arg(long, default_value = "15", value_parser = seconds)]
        every: usize,
    },
    /// Print what a report on it has to say.
    Truth {
        #[command(flatten)]
        which: Which,
    },
}

/// Which fleet it is.
#[derive(Debug, Args)]
struct Which {
    /// What all else follows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// document-a, document-b, random, which follows from the seed, or `<nodes>x<containers>`, such as 10x50.
    #[arg(long, default_value = "random")]
    shape: String,
    /// The value of the label `fleet`.
    #[arg(long, default_value = "1")]
    name: String,
    /// The moment of invention in Unix seconds; now unless given.
    #[arg(long)]
    epoch: Option<i64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when that fails.
            writeln!(io::stderr(), "fleet: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve { which, listen } => {
            let endpoint = Endpoint::start(listen, vec![which.fleet()?]).await?;
            writeln!(io::stderr(), "fleet: serving on http://{}/metrics", endpoint.address()).ok();
            tokio::signal::ctrl_c().await.context("signals cannot be received")
        }
        Command::Write { which, seconds, every } => {
            let fleet = which.fleet()?;
            let now = now();
            let mut out = BufWriter::new(io::stdout().lock());
            let moments: Vec<i64> = (now - seconds..=now).step_by(every).collect();
            write_openmetrics(&[fleet], &moments, &mut out)
        }
        Command::Truth { which } => {
            let (fleet, now) = (which.fleet()?, now());
            let hour = now - 3600;
            writeln!(
                io::stdout(),
                "{:#?}\nrollouts in the last hour: {}\nchanges that became known: {:?}",
                fleet.truth(now),
                fleet.deployments_between(hour, now),
                fleet.summaries_between(hour, now, hour),
            )
            .context("nobody reads the truth")
        }
    }
}

impl Which {
    fn fleet(&self) -> anyhow::Result<Fleet> {
        let epoch = self.epoch.unwrap_or_else(now);
        Fleet::invent(&self.name, &self.shape()?, self.seed, epoch)
    }

    fn shape(&self) -> anyhow::Result<Shape> {
        match self.shape.as_str() {
            "document-a" => Ok(Shape::document_a()),
            "document-b" => Ok(Shape::document_b()),
            "random" => Ok(Shape::random(self.seed)),
            size => {
                let numbers = size.split_once('x').and_then(|(nodes, containers)| {
                    Some(Shape::sized(nodes.parse().ok()?, containers.parse().ok()?))
                });
                numbers.with_context(|| format!("there is no shape {size}"))
            }
        }
    }
}

/// At least a second.
fn seconds(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| "a whole number of seconds, at least 1".to_owned())
}
