//! The program `headcount`.

mod allocator;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use headcount::{
    app,
    config::{Cli, Command, Serve},
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// The exit code of a start that failed.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::parse_line(std::env::args_os()) {
        Ok(cli) => cli,
        Err(refusal) if refusal.use_stderr() => return refuse(&sentence(&refusal)),
        Err(help) => {
            // Nobody is left to tell when that fails.
            help.print().ok();
            return ExitCode::SUCCESS;
        }
    };
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("{error:#}")),
    }
}

fn refuse(why: &str) -> ExitCode {
    writeln!(io::stderr(), "headcount: {why}").ok();
    ExitCode::from(REFUSED)
}

/// What is wrong with a command line, without the usage that follows it.
fn sentence(refusal: &clap::Error) -> String {
    let text = refusal.to_string();
    let first = text.lines().next().unwrap_or_default();
    format!("{}; see --help", first.strip_prefix("error: ").unwrap_or(first))
}

#[tokio::main]
async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(config) => {
            log(config.log.clone());
            app::serve(*config, stop_on_signal()?).await
        }
        Command::Collect(config) => {
            log(config.log.clone());
            app::collect(config, stop_on_signal()?).await
        }
        Command::Preview(config) => preview(*config).await,
    }
}

async fn preview(config: Serve) -> anyhow::Result<()> {
    let report = app::preview(&config).await?;
    let mut out = io::stdout();
    out.write_all(&report).and_then(|()| out.write_all(b"\n")).context("the report cannot be printed")
}

fn log(targets: Targets) {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    tracing_subscriber::registry().with(without_drivers(targets)).with(lines).init();
}

/// What drivers of databases say is said by who uses them, once and without a name, unless somebody asks for it.
fn without_drivers(targets: Targets) -> Targets {
    const DRIVERS: &str = "sqlx";
    if targets.iter().any(|(target, _)| target.starts_with(DRIVERS)) {
        return targets;
    }
    targets.with_target(DRIVERS, LevelFilter::OFF)
}

fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind).context("signals cannot be received")?;
        let stop = stop.clone();
        tokio::spawn(async move {
            signals.recv().await;
            stop.cancel();
        });
    }
    Ok(stop)
}
