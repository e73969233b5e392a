//! The flags of `headcount serve`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{
    Args, Parser,
    builder::{PathBufValueParser, TypedValueParser},
};
use headcount_shared::routes::RouteTable;
use reqwest::Url;
use tracing_subscriber::filter::Targets;

use super::{
    AdminToken, BasePath, routes,
    values::{parse_http_url, parse_interval, parse_pricing_url, parse_switch},
};
use crate::{
    notifications::Endpoints,
    settings::{self, ConnectionString},
};

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
