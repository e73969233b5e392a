//! Defines the flags of `headcount serve`.

use std::{ffi::OsString, fmt, net::SocketAddr, path::PathBuf, sync::LazyLock, time::Duration};

use clap::{
    Args, Parser,
    builder::{PathBufValueParser, TypedValueParser},
};
use headcount_outbound::TargetPolicy;
use headcount_shared::{product::ProductName, routes::RouteTable};
use headcount_web::forwarded::TrustedProxies;
use reqwest::Url;

use super::{
    AccessToken, BadFlags, BasePath, EnvironmentScope, FlagParseError, LogFilter, LogFormat, ParsedFlags,
    opt_out::OptOuts,
    process_variable,
    product_version::ProductVersion,
    routes, sources,
    values::{
        parse_http_url, parse_interval, parse_listen, parse_pricing_url, parse_privacy_url,
        parse_prometheus_url, parse_public_url,
    },
};
use crate::{
    app::VERSION,
    notifications::ServiceEndpoints,
    report::spool::DeliveryHeaders,
    store::{self, ConnectionString},
};

/// The flags of `headcount serve`.
#[derive(Clone, Args)]
pub struct Serve {
    /// The address to listen on; `:8080` for a port on all addresses.
    #[arg(long, default_value = "127.0.0.1:8080", value_parser = parse_listen)]
    pub listen: SocketAddr,

    /// The path under which everything is served.
    #[arg(long, default_value = "/")]
    pub url_base_path: BasePath,

    /// The data directory; created if missing.
    #[arg(long, default_value = "./data")]
    pub data_dir: PathBuf,

    /// Count nothing and send nothing. `DO_NOT_TRACK=1` does the same.
    #[arg(long)]
    pub disable_usage_statistics: bool,

    /// See <https://consoledonottrack.com>.
    #[arg(long, hide = true)]
    pub do_not_track: bool,

    /// The collector that receives the reports; by default that of Coroot,
    /// `https://coroot.com/ce/usage-statistics`. A product with a name or a file of routes must set it, unless
    /// statistics are off for the whole run.
    #[arg(long, value_parser = parse_http_url)]
    pub collector_url: Option<Url>,

    /// The address of the privacy text of whoever receives the reports. The page about usage statistics links
    /// to it.
    #[arg(long, value_parser = parse_privacy_url)]
    pub privacy_url: Option<Url>,

    /// The time between two reports.
    #[arg(long, default_value = "1h", value_parser = parse_interval)]
    pub report_interval: Duration,

    /// The time from the start to the first report; by default a random one between 1 and 10 minutes.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub first_report_after: Option<Duration>,

    /// The time between two samples of CPU and memory of this process.
    #[arg(long, default_value = "1m", value_parser = parse_interval)]
    pub process_sample_interval: Duration,

    /// Make no CPU and heap profiles; reports have empty ones then.
    #[arg(long)]
    pub disable_profiling: bool,

    /// A PostgreSQL database for the settings, instead of SQLite in the data directory: a URL, or words such
    /// as `host=db user=coroot dbname=coroot`.
    #[arg(long)]
    pub pg_connection_string: Option<ConnectionString>,

    /// Read the settings database and change nothing in it, for one that belongs to another program.
    #[arg(long)]
    pub read_only_settings: bool,

    /// The address of a Prometheus for the project `default`, if that has none.
    #[arg(long, value_parser = parse_prometheus_url)]
    pub bootstrap_prometheus_url: Option<String>,

    /// How often that Prometheus is queried.
    #[arg(long, default_value = "30s", value_parser = parse_interval)]
    pub bootstrap_refresh_interval: Duration,

    /// A label selector added to every query to that Prometheus.
    #[arg(long)]
    pub bootstrap_prometheus_extra_selector: Option<String>,

    /// How long cached answers of Prometheus are stored without an update.
    #[arg(long, default_value = "720h", value_parser = parse_interval)]
    pub cache_ttl: Duration,

    /// The price list of cloud machines, an http or a file URL. It is fetched once a day, and only if there
    /// is a node in a cloud with prices.
    #[arg(long, default_value = "https://coroot.github.io/cloud-pricing/data/cloud-pricing.json.gz", value_parser = parse_pricing_url)]
    pub cloud_pricing_url: Url,

    /// The address of Slack's Web API, for a proxy or a compatible server.
    #[arg(long, default_value = "https://slack.com/api/", value_parser = parse_http_url)]
    pub slack_url: Url,

    /// The address of PagerDuty's Events API, for a proxy or a compatible server.
    #[arg(long, default_value = "https://events.pagerduty.com/", value_parser = parse_http_url)]
    pub pagerduty_url: Url,

    /// The address of Opsgenie's Alert API, for a proxy or a compatible server; by default that of the
    /// account's region.
    #[arg(long, value_parser = parse_http_url)]
    pub opsgenie_url: Option<Url>,

    /// A file with the routes of the product whose pages are counted, such as `/p/:id/:tab(cpu|memory)?`, one
    /// a line; `#` begins a comment. `coroot` stands for the pages of Coroot. Without one, only pages of the
    /// web interface have keys, and all others are `(unmatched)`.
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(routes::read))]
    pub routes: Option<RouteTable>,

    /// The name of the product that the reports are about, of small letters, digits and dashes. Reports have
    /// it in the header `Headcount-Product`. Without one, they are about Coroot.
    #[arg(long, value_name = "NAME")]
    pub product: Option<ProductName>,

    /// The version of that product, which reports have in `instance.version`; by default that of this
    /// program.
    #[arg(long, value_name = "VERSION")]
    pub product_version: Option<ProductVersion>,

    /// Allow link-local and cloud-metadata addresses for Prometheus servers, webhooks and the price list.
    #[arg(long)]
    pub allow_link_local_targets: bool,

    /// The reverse proxies in front of this server, addresses and blocks such as `10.0.0.0/8` between commas.
    /// Their `X-Forwarded-For` distinguishes the senders of events, so that one of them cannot take all
    /// places.
    #[arg(long, value_name = "LIST")]
    pub trusted_proxy: Vec<TrustedProxies>,

    /// The token that opens the web interface, of at least 16 characters. Without one, a token is made at the
    /// first start and stored in the file `admin-token` in the data directory.
    #[arg(long)]
    pub admin_token: Option<AccessToken>,

    /// A token that opens `metrics` and nothing else, of at least 16 characters.
    #[arg(long)]
    pub metrics_token: Option<AccessToken>,

    /// The public address of the web interface, such as `https://stats.example.com`: for links, and to
    /// distinguish it from pages of other sites if a proxy changes the host name.
    #[arg(long, value_parser = parse_public_url)]
    pub public_url: Option<Url>,

    /// The log level: off, error, warn, info, debug or trace, and after a comma levels of modules:
    /// `info,headcount_observer=debug`. Libraries log names of hosts, so each is silent unless it is named.
    #[arg(long, default_value = "info")]
    pub log: LogFilter,

    /// The format of log lines.
    #[arg(long, value_enum, default_value_t)]
    pub log_format: LogFormat,

    /// A TOML file with any of these flags, such as `report-interval = "1h"`. Flags and variables take
    /// precedence.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    #[arg(skip)]
    opt_outs: OptOuts,

    /// Whether a product that embeds the library gave the flags.
    #[arg(skip)]
    is_embedded: bool,
}

/// Prints no address, token or selector: they may be secret.
impl fmt::Debug for Serve {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Serve")
            .field("listen", &self.listen)
            .field("url_base_path", &self.url_base_path)
            .field("data_dir", &self.data_dir)
            .field("switched_off_by", &self.switched_off_by())
            .finish_non_exhaustive()
    }
}

/// The collector of Coroot.
static COROOTS_COLLECTOR: LazyLock<Url> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant")]
    "https://coroot.com/ce/usage-statistics".parse().expect("an address")
});

impl Serve {
    /// Reads the flags of a server, for a product that has no command line of this kind. Of the environment
    /// only the variables that switch usage statistics off are read: they are meant for the product, too.
    ///
    /// # Errors
    /// One sentence, which quotes no possible secret.
    pub fn from_flags(flags: &[&str]) -> Result<Self, BadFlags> {
        Self::read(flags, EnvironmentScope::OptOuts(&process_variable))
    }

    /// Like [`Self::from_flags`], but also reads the variables of `headcount serve`. Flags win over
    /// variables.
    ///
    /// # Errors
    /// As [`Self::from_flags`].
    pub fn from_flags_and_environment(flags: &[&str]) -> Result<Self, BadFlags> {
        Self::read(flags, EnvironmentScope::Whole(&process_variable))
    }

    pub(super) fn read(flags: &[&str], environment: EnvironmentScope<'_>) -> Result<Self, BadFlags> {
        #[derive(Parser)]
        #[command(no_binary_name = true, disable_help_flag = true)]
        struct EmbeddedFlags {
            #[command(flatten)]
            serve: Serve,
        }
        let flags: Vec<OsString> = flags.iter().map(OsString::from).collect();
        match sources::parse::<EmbeddedFlags>(&flags, environment) {
            Ok(ParsedFlags { flags: EmbeddedFlags { mut serve }, opt_outs }) => {
                serve.switch_off(opt_outs);
                serve.is_embedded = true;
                Ok(serve)
            }
            Err(FlagParseError::Refused(refused)) => Err(refused),
            Err(FlagParseError::Help(_)) => {
                Err(BadFlags::new("--help and --version are not supported here".to_owned()))
            }
        }
    }

    /// Switches statistics off for the whole run if any source does.
    pub(super) fn switch_off(&mut self, opt_outs: OptOuts) {
        self.disable_usage_statistics |= opt_outs.sentence().is_some();
        self.opt_outs = opt_outs;
    }

    /// The directory for the files of this program: the data directory, or `headcount` in it if everything
    /// else there belongs to another program.
    #[must_use]
    pub fn own_dir(&self) -> PathBuf {
        if self.read_only_settings { self.data_dir.join("headcount") } else { self.data_dir.clone() }
    }

    /// Which database holds the settings.
    #[must_use]
    pub fn settings_source(&self) -> store::DatabaseSource {
        let read_only = self.read_only_settings;
        match self.pg_connection_string.clone().filter(|address| !address.is_empty()) {
            Some(address) => store::DatabaseSource::Postgres { address, read_only },
            None => store::DatabaseSource::Sqlite { file: self.data_dir.join("db.sqlite"), read_only },
        }
    }

    /// Which addresses Prometheus servers, webhooks and the price list may have.
    #[must_use]
    pub const fn target_policy(&self) -> TargetPolicy {
        if self.allow_link_local_targets { TargetPolicy::Open } else { TargetPolicy::Guarded }
    }

    /// The collector that receives the reports.
    #[must_use]
    pub fn collector(&self) -> &Url {
        self.collector_url.as_ref().unwrap_or(&COROOTS_COLLECTOR)
    }

    /// Refuses to report about another product than Coroot to Coroot's collector, unless its address is given
    /// explicitly. Another product has a name, its own routes or its own source of facts, or embeds the
    /// library. Without this check, a forgotten flag would send reports of its operators to an unrelated
    /// company. Statistics that are off for the whole run need no address; those that an operator may switch
    /// on later need it at the start.
    ///
    /// # Errors
    /// One sentence that names the flag.
    pub fn check_collector(&self, has_own_installation: bool) -> Result<(), BadFlags> {
        let has_own_routes = self.routes.as_ref().is_some_and(|routes| *routes != RouteTable::of_coroot());
        let signs = [
            (self.product.is_some(), "with --product"),
            (has_own_routes, "with routes of its own"),
            (has_own_installation, "with an installation of its own"),
            (self.is_embedded, "that embeds this library"),
        ];
        match signs.into_iter().find(|(applies, _)| *applies) {
            Some((_, what)) if self.collector_url.is_none() => Err(BadFlags::new(format!(
                "--collector-url must be given: a product {what} does not report to {}",
                COROOTS_COLLECTOR.as_str()
            ))),
            _ => Ok(()),
        }
    }

    /// The version in reports: that of the product, or of this program.
    #[must_use]
    pub fn reported_version(&self) -> String {
        self.product_version.as_ref().map_or_else(|| VERSION.to_owned(), ToString::to_string)
    }

    /// The headers of the reports, as those of a server that is no replica.
    #[must_use]
    pub fn delivery_headers(&self) -> DeliveryHeaders {
        DeliveryHeaders {
            user_agent: Some(format!("headcount/{VERSION}")),
            product: self.product.clone(),
            ..DeliveryHeaders::default()
        }
    }

    /// Refuses addresses in flags to which the target policy forbids requests.
    ///
    /// # Errors
    /// One sentence that names the flag and does not quote the address.
    pub fn check_targets(&self) -> Result<(), BadFlags> {
        let prometheus = self.bootstrap_prometheus_url.as_ref().and_then(|url| url.trim().parse().ok());
        let targets = [
            ("--bootstrap-prometheus-url", prometheus.as_ref()),
            ("--cloud-pricing-url", Some(&self.cloud_pricing_url)),
            ("--slack-url", Some(&self.slack_url)),
            ("--pagerduty-url", Some(&self.pagerduty_url)),
            ("--opsgenie-url", self.opsgenie_url.as_ref()),
        ];
        for (flag, url) in targets {
            if let Some(Err(forbidden)) = url.map(|url| self.target_policy().check(url)) {
                return Err(BadFlags::new(format!("{flag} cannot be used: {forbidden}")));
            }
        }
        Ok(())
    }

    /// The addresses of the services that receive notifications.
    #[must_use]
    pub fn notification_endpoints(&self) -> ServiceEndpoints {
        ServiceEndpoints {
            slack: self.slack_url.clone(),
            pagerduty: self.pagerduty_url.clone(),
            opsgenie: self.opsgenie_url.clone(),
            targets: self.target_policy(),
        }
    }

    /// What switches statistics off for the whole run, such as `DO_NOT_TRACK and --disable-usage-statistics`,
    /// if anything does.
    #[must_use]
    pub fn switched_off_by(&self) -> Option<String> {
        let by_the_product = || {
            let is_off = self.disable_usage_statistics || self.do_not_track;
            is_off.then(|| "the program that embeds it".to_owned())
        };
        self.opt_outs.sentence().or_else(by_the_product)
    }
}
