//! Serves the example applications, each at an origin of its own, and one server that counts all of them,
//! until Ctrl-C.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use headcount_harness::{
    example_site::{self, ExampleSite},
    processes::HeadcountProcess,
    program::HeadcountProgram,
    stop_signals::StopSignals,
};

/// The applications by their names, in the order of their ports.
const EXAMPLES: [&str; 3] = ["vue2-vuetify2", "vue3-vuetify3", "react-router"];

#[derive(Debug, Parser)]
#[command(name = "showcase", about = "The example applications and one server that counts them")]
struct ShowcaseCli {
    /// The address of the server. The applications get the ports after it; with port 0, any free ones.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The data directory of the server; by default beside the built applications.
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(ShowcaseCli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is no other place to report this.
            writeln!(io::stderr(), "showcase: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: ShowcaseCli) -> anyhow::Result<()> {
    let mut stop = StopSignals::listen()?;
    let server = server(&cli)?.start().await.context("the server does not start")?;
    let sites = sites(cli.listen, &server).await?;
    say(&introduction(&server.sign_in_link().await?, &sites));
    stop.asked().await;
    say("\nStopping.\n");
    server.stop().await.map(drop)
}

/// The server, which has the route tables of all applications and delivers no reports.
fn server(cli: &ShowcaseCli) -> anyhow::Result<HeadcountProgram> {
    let examples = example_site::examples()?;
    let tables = examples.join("routes");
    fs::write(&tables, example_site::tables(&EXAMPLES)?)
        .with_context(|| format!("{} cannot be written", tables.display()))?;
    let data_dir = cli.data_dir.clone().unwrap_or_else(|| examples.join("server"));
    Ok(HeadcountProgram::serve(data_dir)
        .without_admin_token()
        .listen(cli.listen)
        .flag("--routes", tables)
        // Nothing listens on that port.
        .flag("--collector-url", "http://127.0.0.1:9/")
        .flag("--first-report-after", "365d")
        .shown_as("server |")
        .in_own_group())
}

async fn sites(
    first: SocketAddr,
    server: &HeadcountProcess,
) -> anyhow::Result<Vec<(&'static str, ExampleSite)>> {
    let mut sites = Vec::new();
    let mut address = first;
    for name in EXAMPLES {
        address.set_port(if first.port() == 0 { 0 } else { address.port().saturating_add(1) });
        sites.push((name, ExampleSite::passing_on(name, address, server).await?));
    }
    Ok(sites)
}

fn introduction(link: &str, sites: &[(&str, ExampleSite)]) -> String {
    let sites: String =
        sites.iter().map(|(name, site)| format!("  {name:<14} {}\n", site.url("/"))).collect();
    format!(
        "
{sites}
Click through a few pages of each, at several widths. What is counted is behind this link, which signs a browser in once and
within five minutes:
  {link}
Ctrl-C stops everything.

"
    )
}

fn say(text: &str) {
    // A closed standard output is no error.
    io::stdout().write_all(text.as_bytes()).ok();
}
