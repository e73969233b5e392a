//! The demo: a server that observes two simulated installations and reports to a collector, all on this machine, until
//! Ctrl-C. Without Prometheus it observes nothing.
//!
//! `demo [SERVER-ADDRESS COLLECTOR-ADDRESS DIRECTORY]`, for those whose ports 8080 and 8081 are taken.

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    net::SocketAddr,
    path::{self, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use headcount_e2e::{
    clock::now,
    fleet::{Fleet, prices, shape::Shape},
    observed::Observed,
    processes::Process,
    program::{Program, build_directory},
    projects::{self, Project},
    prometheus,
    wait::eventually,
};
use tokio::{
    select,
    signal::unix::{Signal, SignalKind, signal},
};

/// How often the installations are scraped, and Prometheus is asked.
const SCRAPES: Duration = Duration::from_secs(15);

/// Any free port of this machine.
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

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
    let observed = match prometheus::installed() {
        Ok(()) => select! {
            observed = observe(&setting) => Some(observed.context("there is nothing to observe")?),
            () = stop.asked() => return Ok(()),
        },
        Err(missing) => {
            say(&format!("Without Prometheus the server observes nothing: {missing:#}.\n"));
            None
        }
    };
    let mut collector = select! {
        started = collector(&setting).start() => started.context("the collector does not start")?,
        () = stop.asked() => return Ok(()),
    };
    let started = select! {
        started = server(&setting, &collector)?.start() => started.context("the server does not start"),
        () = stop.asked() => return collector.stop().await.map(drop),
    };
    let mut server = match started {
        Ok(server) => server,
        Err(error) => return collector.stop().await.and(Err(error)),
    };
    say(&introduction(&server, &collector, observed.as_ref()));
    let ended = select! {
        () = stop.asked() => None,
        ended = one_ends(&mut server, &mut collector) => Some(ended?),
    };
    say("\nStopping.\n");
    finish(server, collector, ended).await
}

/// Fills a Prometheus with the past of two installations, and tells the server's settings of both.
async fn observe(setting: &Setting) -> anyhow::Result<Observed> {
    say("Filling Prometheus with the last hour of two simulated installations.\n");
    let epoch = now();
    let fleets = vec![
        Fleet::invent("shop", &Shape::document_a(), 1, epoch)?,
        Fleet::invent("machines", &Shape::document_b(), 2, epoch)?,
    ];
    let selectors: Vec<(String, String)> =
        fleets.iter().map(|fleet| (fleet.name().to_owned(), fleet.selector())).collect();
    let every = i64::try_from(SCRAPES.as_secs())?;
    let observed =
        Observed::start(&setting.directory.join("prometheus"), ANY_PORT, fleets, every, SCRAPES).await?;
    let project = |(name, selector): &(String, String)| Project {
        name: name.clone(),
        prometheus: observed.prometheus.url(""),
        refresh_interval: SCRAPES,
        extra_selector: selector.clone(),
    };
    let of_both: Vec<Project> = selectors.iter().map(project).collect();
    projects::write(&setting.server_data(), &of_both).await?;
    prices::write(&setting.prices())?;
    Ok(observed)
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
                directory: path::absolute(directory).context("the directory")?,
            }),
            _ => bail!("give no argument, or three: SERVER-ADDRESS COLLECTOR-ADDRESS DIRECTORY"),
        }
    }
}

impl Setting {
    fn server_data(&self) -> PathBuf {
        self.directory.join("server")
    }

    fn prices(&self) -> PathBuf {
        self.directory.join("cloud-pricing.json.gz")
    }
}

fn collector(setting: &Setting) -> Program {
    Program::collect(setting.directory.join("collector"))
        .listen(setting.collector)
        .shown_as("collector |")
        .in_own_group()
}

fn server(setting: &Setting, collector: &Process) -> anyhow::Result<Program> {
    let program = Program::serve(setting.server_data())
        .listen(setting.server)
        .flag("--collector-url", collector.url("ce/usage-statistics"))
        .flag("--report-interval", "1m")
        .flag("--first-report-after", "1m")
        .flag("--process-sample-interval", "10s")
        .flag("--cloud-pricing-url", prices::url(&setting.prices())?)
        .shown_as("server    |")
        .in_own_group();
    Ok(program)
}

fn introduction(server: &Process, collector: &Process, observed: Option<&Observed>) -> String {
    let prometheus = observed.map_or(String::new(), |observed| {
        let prometheus = &observed.prometheus;
        format!("\n  prometheus {}  (`kill {}` ends it)", prometheus.url(""), prometheus.id())
    });
    format!(
        "
  server     {}
  collector  {}{prometheus}

Open the server and click through a few pages. A report goes to the collector once a minute;
the page {} shows what is in it.
Ctrl-C stops everything.

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
