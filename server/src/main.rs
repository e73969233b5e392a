//! Runs the program `headcount`.

mod allocator;
mod panic_line;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use headcount::{
    app,
    config::{
        CollectCommand, CollectTask, CommandLine, HeadcountCommand, LogFilter, LogFormat, Serve, SignIn,
        process_variable,
    },
};
use headcount_platform::file_descriptors;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

/// The exit code of a start that failed.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    panic_line::install();
    file_descriptors::raise_limit();
    // Only the owner may access files that this process makes. The library sets modes itself; this is for
    // files of other code, such as the allocator's report.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    match CommandLine::read(std::env::args_os(), &process_variable) {
        Ok(CommandLine::Run(command)) => match run(*command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => refuse(&format!("{error:#}")),
        },
        Ok(CommandLine::Help(help)) => {
            // A failure here cannot be reported.
            help.print().ok();
            ExitCode::SUCCESS
        }
        Err(refused) => {
            let sentence = refused.to_string();
            refuse(&if sentence.ends_with('?') {
                sentence + " See --help"
            } else {
                sentence + "; see --help"
            })
        }
    }
}

fn refuse(why: &str) -> ExitCode {
    writeln!(io::stderr(), "headcount: {why}").ok();
    ExitCode::from(REFUSED)
}

#[tokio::main]
async fn run(command: HeadcountCommand) -> anyhow::Result<()> {
    match command {
        HeadcountCommand::Serve(config) => {
            log(&config.log, config.log_format);
            app::serve(*config, stop_on_signal()?).await
        }
        HeadcountCommand::Collect(command) => collect(*command).await,
        HeadcountCommand::Preview(config) => preview(*config).await,
        HeadcountCommand::SignIn(command) => print_sign_in_link(&command).await,
        HeadcountCommand::Health(check) => app::health(&check).await,
    }
}

async fn collect(command: CollectCommand) -> anyhow::Result<()> {
    let CollectCommand { task, collect } = command;
    log(&collect.log, collect.log_format);
    match task {
        None => app::collect(collect, stop_on_signal()?).await,
        Some(CollectTask::Init(init)) => {
            let said = app::init_keys(&init)?;
            writeln!(io::stdout(), "{said}").context("the outcome cannot be printed")
        }
        Some(CollectTask::Demo(demo)) => {
            let truth = app::fill_with_demo_fleet(&demo, |line| {
                writeln!(io::stderr(), "{line}").ok();
            });
            writeln!(io::stdout(), "{}", truth.await?).context("the truth cannot be printed")
        }
    }
}

async fn preview(config: Serve) -> anyhow::Result<()> {
    let report = app::preview(&config).await?;
    // Beside the report, so that standard output is JSON. Who does not see them still has the report.
    io::stderr().write_all(report.headers.as_bytes()).ok();
    let mut out = io::stdout();
    out.write_all(&report.bytes).and_then(|()| out.write_all(b"\n")).context("the report cannot be printed")
}

async fn print_sign_in_link(command: &SignIn) -> anyhow::Result<()> {
    let link = app::sign_in(command).await?;
    writeln!(io::stdout(), "{link}").context("the link cannot be printed")
}

fn log(filter: &LogFilter, format: LogFormat) {
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(false);
    let log = tracing_subscriber::registry().with(filter.targets());
    match format {
        LogFormat::Text => log.with(lines.with_ansi(io::stderr().is_terminal())).init(),
        LogFormat::Json => log.with(lines.json().flatten_event(true)).init(),
    }
}

fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    // Hangups are received and ignored, so that a closed terminal or a log rotation does not end a server.
    let mut hangups = signal(SignalKind::hangup()).context("signals cannot be received")?;
    tokio::spawn(async move { while hangups.recv().await.is_some() {} });
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
