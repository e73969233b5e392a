//! The demo: a server that reports to a collector, both on this machine, until Ctrl-C.
//!
//! `demo [SERVER-ADDRESS COLLECTOR-ADDRESS DIRECTORY]`, for those whose ports 8080 and 8081 are taken.

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use headcount_e2e::{
    processes::Process,
    program::{Program, build_directory},
    wait::eventually,
};
use tokio::{
    select,
    signal::unix::{Signal, SignalKind, signal},
};

/// Longer than anybody lets it run.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when that fails.
            writeln!(io::stderr(), "demo: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Where everything is.
struct Setting {
    server: SocketAddr,
    collector: SocketAddr,
    directory: PathBuf,
}

async fn run() -> anyhow::Result<()> {
    let setting = Setting::from_arguments(&env::args_os().skip(1).collect::<Vec<_>>())?;
    let mut stop = Stop::listen()?;
    let mut collector = select! {
        started = collector(&setting).start() => started.context("the collector does not start")?,
        () = stop.asked() => return Ok(()),
    };
    let started = select! {
        started = server(&setting, &collector).start() => started.context("the server does not start"),
        () = stop.asked() => return collector.stop().await.map(drop),
    };
    let mut server = match started {
        Ok(server) => server,
        Err(error) => return collector.stop().await.and(Err(error)),
    };
    say(&introduction(&server, &collector));
    let ended = select! {
        () = stop.asked() => None,
        ended = one_ends(&mut server, &mut collector) => Some(ended?),
    };
    say("\nStopping.\n");
    finish(server, collector, ended).await
}

impl Setting {
    fn from_arguments(arguments: &[OsString]) -> anyhow::Result<Self> {
        let address = |text: &OsString| {
            let address = text.to_str().and_then(|text| text.parse().ok());
            address.with_context(|| format!("{} is no address like 127.0.0.1:8080", text.display()))
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
                directory: directory.into(),
            }),
            _ => bail!("give no argument, or three: SERVER-ADDRESS COLLECTOR-ADDRESS DIRECTORY"),
        }
    }
}

fn collector(setting: &Setting) -> Program {
    Program::collect(setting.directory.join("collector"))
        .listen(setting.collector)
        .shown_as("collector |")
        .in_own_group()
}

fn server(setting: &Setting, collector: &Process) -> Program {
    Program::serve(setting.directory.join("server"))
        .listen(setting.server)
        .flag("--collector-url", collector.url("ce/usage-statistics"))
        .flag("--report-interval", "1m")
        .flag("--first-report-after", "1m")
        .flag("--process-sample-interval", "10s")
        .shown_as("server    |")
        .in_own_group()
}

fn introduction(server: &Process, collector: &Process) -> String {
    format!(
        "
  server     {}
  collector  {}

Open the server and click through a few pages. A report goes to the collector once a minute;
the page {} shows what is in it.
Ctrl-C stops both.

",
        server.url(""),
        collector.url(""),
        server.url("usage-statistics"),
    )
}

/// Waits until one of the two ends, and says so.
async fn one_ends(server: &mut Process, collector: &mut Process) -> anyhow::Result<String> {
    eventually("a process ends", FOREVER, async || {
        for (name, process) in [("server", &mut *server), ("collector", &mut *collector)] {
            match process.ended() {
                Ok(None) => {}
                Ok(Some(status)) => return Some(Ok(format!("the {name} has ended by itself ({status})"))),
                Err(error) => return Some(Err(error)),
            }
        }
        None
    })
    .await?
}

/// Stops what still runs, the server first: it may have a report under way.
async fn finish(server: Process, collector: Process, ended: Option<String>) -> anyhow::Result<()> {
    for mut process in [server, collector] {
        if process.ended()?.is_none() {
            process.stop().await?;
        }
    }
    ended.map_or(Ok(()), |ended| Err(anyhow!(ended)))
}

fn say(text: &str) {
    // Whoever closed standard output does not want to know.
    io::stdout().write_all(text.as_bytes()).ok();
}

/// The signals by which a terminal or a supervisor asks to stop.
struct Stop([Signal; 3]);

impl Stop {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be received");
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    async fn asked(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
