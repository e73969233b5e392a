//! Runs the demo: a server that observes two simulated installations and reports to a collector, all on this
//! machine, until Ctrl-C. Without Prometheus it observes nothing.
//!
//! Usage: `demo [SERVER-ADDRESS COLLECTOR-ADDRESS DIRECTORY]`. The defaults are ports 8080 and 8081.

mod installations;
mod layout;

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, anyhow};
use headcount_harness::{
    processes::HeadcountProcess, prometheus, stop_signals::StopSignals, wait::eventually,
};
use tokio::select;

use self::{installations::DemoInstallations, layout::DemoLayout};

/// Longer than any demo runs.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is no other place to report this.
            writeln!(io::stderr(), "demo: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let layout = DemoLayout::from_arguments(&env::args_os().skip(1).collect::<Vec<_>>())?;
    let mut stop = StopSignals::listen()?;
    let installations = match prometheus::installed() {
        Ok(()) => select! {
            generated = generate(&layout) => Some(generated.context("there is nothing to observe")?),
            () = stop.asked() => return Ok(()),
        },
        Err(missing) => {
            say(&format!("Without Prometheus the server observes nothing: {missing:#}.\n"));
            None
        }
    };
    let mut collector = select! {
        started = layout.collector().start() => started.context("the collector does not start")?,
        () = stop.asked() => return Ok(()),
    };
    let server = layout.server(&collector, installations.as_ref().map(|them| &them.slack))?;
    let started = select! {
        started = server.start() => started.context("the server does not start"),
        () = stop.asked() => return collector.stop().await.map(drop),
    };
    let mut server = match started {
        Ok(server) => server,
        Err(error) => return collector.stop().await.and(Err(error)),
    };
    let links = SignInLinks::of(&server, &collector).await.context("no link for signing in can be made");
    let links = match links {
        Ok(links) => links,
        Err(error) => return finish(server, collector, None).await.and(Err(error)),
    };
    say(&introduction(&links, &server, &collector, installations.as_ref()));
    let ended = select! {
        () = stop.asked() => None,
        ended = one_ends(&mut server, &mut collector) => Some(ended?),
    };
    say("\nStopping.\n");
    finish(server, collector, ended).await
}

async fn generate(layout: &DemoLayout) -> anyhow::Result<DemoInstallations> {
    say("Filling Prometheus with the last hour of two simulated installations.\n");
    DemoInstallations::generate(layout).await
}

/// Links that open both interfaces signed in, each once and within five minutes.
struct SignInLinks {
    server: String,
    collector: String,
    /// The commands that print later ones, a line each.
    later: String,
}

impl SignInLinks {
    async fn of(server: &HeadcountProcess, collector: &HeadcountProcess) -> anyhow::Result<Self> {
        let command = |name: &str, of: &HeadcountProcess| {
            let (address, data_dir) = (of.address()?, of.data_dir().display());
            anyhow::Ok(format!("  headcount {name} --listen {address} --data-dir {data_dir}"))
        };
        let later = [command("sign-in", server)?, command("sign-in collect", collector)?].join("\n");
        Ok(Self { server: server.sign_in_link().await?, collector: collector.sign_in_link().await?, later })
    }
}

fn introduction(
    links: &SignInLinks,
    server: &HeadcountProcess,
    collector: &HeadcountProcess,
    installations: Option<&DemoInstallations>,
) -> String {
    let observed = installations.map_or(String::new(), |DemoInstallations { observed, slack }| {
        let prometheus = &observed.prometheus;
        format!(
            "
  prometheus {}  (`kill {}` ends it)
  slack      {}  (a stand-in that is told of incidents; nothing goes to the real one)",
            prometheus.url(""),
            prometheus.id(),
            slack.url()
        )
    });
    format!(
        "
  server     {}
  collector  {}{observed}

Each of these links signs a browser in, once and within five minutes:

  server     {}
  collector  {}

Later ones are printed by

{}

Sign in to the server and click through a few pages. A report goes to the collector once a minute;
the page {} shows what is in it.
Ctrl-C stops everything.

",
        server.url(""),
        collector.url(""),
        links.server,
        links.collector,
        links.later,
        server.url("usage-statistics"),
    )
}

/// Waits until one of the two ends, and returns which one.
async fn one_ends(server: &mut HeadcountProcess, collector: &mut HeadcountProcess) -> anyhow::Result<String> {
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
async fn finish(
    server: HeadcountProcess,
    collector: HeadcountProcess,
    ended: Option<String>,
) -> anyhow::Result<()> {
    for mut process in [server, collector] {
        if process.ended()?.is_none() {
            process.stop().await?;
        }
    }
    ended.map_or(Ok(()), |ended| Err(anyhow!(ended)))
}

fn say(text: &str) {
    // A closed standard output is no error.
    io::stdout().write_all(text.as_bytes()).ok();
}
