//! The settings of this run: flags, and environment variables of the same names in capitals.

mod routes;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::{
    Args, Parser, Subcommand,
    builder::{PathBufValueParser, TypedValueParser},
};
use headcount_shared::routes::RouteTable;
use reqwest::Url;
use tracing_subscriber::filter::Targets;

use crate::{
    notifications::Endpoints,
    settings::{self, ConnectionString},
    world::prices::Source,
};

/// Counts how self-hosted software is used, without learning who uses it.
#[derive(Debug, Parser)]
#[command(name = "headcount", version, arg_required_else_help = false)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Count, and report once an hour; the default.
    Serve(Box<Serve>),
    /// Take the reports of installations.
    Collect(Collect),
    /// Print the report that a running server would send now. Takes the flags of that server.
    Preview(Box<Serve>),
}

impl Cli {
    /// Reads a command line; without a subcommand it is one for `serve`.
    ///
    /// # Errors
    /// The text for the user, also for `--help` and `--version`.
    pub fn parse_line(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut arguments: Vec<OsString> = arguments.into_iter().collect();
        let first = arguments.get(1).and_then(|first| first.to_str()).unwrap_or_default();
        let is_for_serve = match first {
            "" => true,
            "-h" | "--help" | "-V" | "--version" => false,
            first => first.starts_with('-'),
        };
        if is_for_serve {
            arguments.insert(arguments.len().min(1), "serve".into());
        }
        Self::try_parse_from(arguments)
    }
}

/// The flags of `headcount serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// The address to listen on.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// The path under which everything is served.
    #[arg(long, env = "URL_BASE_PATH", default_value = "/")]
    pub url_base_path: BasePath,

    /// The directory for everything that is kept; created if missing.
    #[arg(long, env = "DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,

    /// Count nothing and send nothing. `DO_NOT_TRACK=1` does the same.
    #[arg(long, env = "DISABLE_USAGE_STATISTICS", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = parse_switch, action = clap::ArgAction::Set)]
    pub disable_usage_statistics: bool,

    /// See <https://consoledonottrack.com>.
    #[arg(long, env = "DO_NOT_TRACK", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = parse_switch, action = clap::ArgAction::Set)]
    pub do_not_track: bool,

    /// Where reports go.
    #[arg(long, env = "COLLECTOR_URL", default_value = "https://coroot.com/ce/usage-statistics", value_parser = parse_http_url)]
    pub collector_url: Url,

    /// The time between two reports.
    #[arg(long, env = "REPORT_INTERVAL", default_value = "1h", value_parser = parse_interval)]
    pub report_interval: Duration,

    /// The time from the start to the first report; by default a random one between 1 and 10 minutes.
    #[arg(long, env = "FIRST_REPORT_AFTER", value_parser = humantime::parse_duration)]
    pub first_report_after: Option<Duration>,

    /// The time between two samples of what this process costs.
    #[arg(long, env = "PROCESS_SAMPLE_INTERVAL", default_value = "1m", value_parser = parse_interval)]
    pub process_sample_interval: Duration,

    /// Make no CPU and heap profiles; reports have empty ones then.
    #[arg(long, env = "DISABLE_PROFILING", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = parse_switch, action = clap::ArgAction::Set)]
    pub disable_profiling: bool,

    /// A PostgreSQL database for the settings, instead of SQLite in the data directory: a URL, or words such as
    /// `host=db user=coroot dbname=coroot`.
    #[arg(long, env = "PG_CONNECTION_STRING", hide_env_values = true)]
    pub pg_connection_string: Option<ConnectionString>,

    /// Read the settings database, and change nothing in it: for one that belongs to another program.
    #[arg(long, env = "READ_ONLY_SETTINGS", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = parse_switch, action = clap::ArgAction::Set)]
    pub read_only_settings: bool,

    /// The address of a Prometheus for the project `default`, if that has none.
    #[arg(long, env = "BOOTSTRAP_PROMETHEUS_URL", hide_env_values = true)]
    pub bootstrap_prometheus_url: Option<String>,

    /// How often that Prometheus is asked.
    #[arg(long, env = "BOOTSTRAP_REFRESH_INTERVAL", default_value = "30s", value_parser = parse_interval)]
    pub bootstrap_refresh_interval: Duration,

    /// A label selector added to every query to that Prometheus.
    #[arg(long, env = "BOOTSTRAP_PROMETHEUS_EXTRA_SELECTOR", hide_env_values = true)]
    pub bootstrap_prometheus_extra_selector: Option<String>,

    /// How long what Prometheus said is kept on disk without being brought up to date.
    #[arg(long, env = "CACHE_TTL", default_value = "720h", value_parser = parse_interval)]
    pub cache_ttl: Duration,

    /// Where prices of cloud machines come from, an http or a file URL. It is asked once a day, and only if a node in one of
    /// the clouds with prices was seen.
    #[arg(long, env = "CLOUD_PRICING_URL", default_value = "https://coroot.github.io/cloud-pricing/data/cloud-pricing.json.gz", value_parser = parse_pricing_url)]
    pub cloud_pricing_url: Url,

    /// Where Slack's Web API is, for a proxy or a compatible server.
    #[arg(long, env = "SLACK_URL", default_value = "https://slack.com/api/", value_parser = parse_http_url)]
    pub slack_url: Url,

    /// Where PagerDuty's Events API is, for a proxy or a compatible server.
    #[arg(long, env = "PAGERDUTY_URL", default_value = "https://events.pagerduty.com/", value_parser = parse_http_url)]
    pub pagerduty_url: Url,

    /// Where Opsgenie's Alert API is, for a proxy or a compatible server; by default that of the account's region.
    #[arg(long, env = "OPSGENIE_URL", value_parser = parse_http_url)]
    pub opsgenie_url: Option<Url>,

    /// A file with the routes of the product whose pages are counted, such as `/p/:id/:tab(cpu|memory)?`, one a line; `#`
    /// begins a comment. Without one, pages of the web interface are told apart, and all others are `(unmatched)`.
    #[arg(long, env = "ROUTES", value_name = "FILE", value_parser = PathBufValueParser::new().try_map(routes::read))]
    pub routes: Option<RouteTable>,

    /// The token that the web interface asks for. Without one it answers this machine only.
    #[arg(long, env = "ADMIN_TOKEN", hide_env_values = true)]
    pub admin_token: Option<AdminToken>,

    /// What is logged: off, error, warn, info, debug, trace, also by module.
    #[arg(long, env = "LOG", default_value = "info")]
    pub log: Targets,
}

impl Serve {
    /// Reads the flags of a server, and the environment, for a product that has no command line of this kind.
    ///
    /// # Errors
    /// The text for the user.
    pub fn from_flags(flags: &[&str]) -> Result<Self, clap::Error> {
        #[derive(Parser)]
        #[command(no_binary_name = true)]
        struct Flags {
            #[command(flatten)]
            serve: Serve,
        }
        Ok(Flags::try_parse_from(flags)?.serve)
    }

    /// The directory for what this program keeps: the data directory, or `headcount` in it where everything else in it is
    /// another program's.
    #[must_use]
    pub fn own_dir(&self) -> PathBuf {
        if self.read_only_settings { self.data_dir.join("headcount") } else { self.data_dir.clone() }
    }

    /// Which database holds the settings.
    #[must_use]
    pub fn settings_source(&self) -> settings::Source {
        let read_only = self.read_only_settings;
        match self.pg_connection_string.clone().filter(|address| !address.is_empty()) {
            Some(address) => settings::Source::Postgres { address, read_only },
            None => settings::Source::Sqlite { file: self.data_dir.join("db.sqlite"), read_only },
        }
    }

    /// Where the services are that notifications go to.
    #[must_use]
    pub fn notification_endpoints(&self) -> Endpoints {
        Endpoints {
            slack: self.slack_url.clone(),
            pagerduty: self.pagerduty_url.clone(),
            opsgenie: self.opsgenie_url.clone(),
        }
    }

    /// What on the command line or in the environment switches statistics off, if anything does.
    #[must_use]
    pub const fn switched_off_by(&self) -> Option<&'static str> {
        if self.disable_usage_statistics {
            Some("--disable-usage-statistics or DISABLE_USAGE_STATISTICS")
        } else if self.do_not_track {
            Some("DO_NOT_TRACK")
        } else {
            None
        }
    }
}

/// The flags of `headcount collect`.
#[derive(Debug, Clone, Args)]
pub struct Collect {
    /// The address to listen on.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8081")]
    pub listen: SocketAddr,

    /// The directory for everything that is kept; created if missing.
    #[arg(long, env = "DATA_DIR", default_value = "./collector-data")]
    pub data_dir: PathBuf,

    /// A ClickHouse for the reports. This version keeps them in SQLite only and refuses the flag.
    #[arg(long, env = "CLICKHOUSE_URL", hide_env_values = true)]
    pub clickhouse_url: Option<String>,

    /// The token that the fleet pages ask for. Without one they answer this machine only.
    #[arg(long, env = "ADMIN_TOKEN", hide_env_values = true)]
    pub admin_token: Option<AdminToken>,

    /// How long counts are kept; raw reports and profiles are kept for 30 days at most.
    #[arg(long, env = "RETENTION", default_value = "400d", value_parser = parse_interval)]
    pub retention: Duration,

    /// What is logged: off, error, warn, info, debug, trace, also by module.
    #[arg(long, env = "LOG", default_value = "info")]
    pub log: Targets,
}

/// A path that begins and ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// The path, `/` or `/coroot/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BasePath {
    type Err = String;

    fn from_str(path: &str) -> Result<Self, String> {
        let inner = path.trim_matches('/');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.~/".contains(c);
        if !inner.chars().all(is_plain)
            || inner.split('/').any(|part| matches!(part, "." | ".."))
            || inner.contains("//")
        {
            return Err("a path may have letters, digits and -_.~ between slashes".to_owned());
        }
        Ok(Self(if inner.is_empty() { "/".to_owned() } else { format!("/{inner}/") }))
    }
}

/// A secret that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(String);

impl AdminToken {
    /// The token, to compare with.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for AdminToken {
    type Err = String;

    fn from_str(token: &str) -> Result<Self, String> {
        if token.trim().is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a token needs at least one character, and only visible ASCII ones".to_owned());
        }
        Ok(Self(token.to_owned()))
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

fn parse_switch(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("give 1 or 0".to_owned()),
    }
}

fn parse_interval(value: &str) -> Result<Duration, String> {
    let interval = humantime::parse_duration(value).map_err(|error| error.to_string())?;
    if interval < Duration::from_secs(1) {
        return Err("at least one second is needed".to_owned());
    }
    Ok(interval)
}

fn parse_pricing_url(value: &str) -> Result<Url, String> {
    let url = Url::parse(value).map_err(|error| error.to_string())?;
    Source::new(&url).map_err(|error| error.to_string())?;
    Ok(url)
}

fn parse_http_url(value: &str) -> Result<Url, String> {
    let url = Url::parse(value).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err("an http or https address is needed".to_owned()),
    }
}

#[cfg(test)]
mod tests;
