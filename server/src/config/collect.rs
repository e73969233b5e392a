//! Defines the flags of `headcount collect`.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use bytesize::ByteSize;
use clap::Args;
use headcount_clickhouse::ClickHouseAddress;
use headcount_web::forwarded::TrustedProxies;
use reqwest::Url;

use super::{
    AccessToken, LogFilter, LogFormat,
    values::{parse_disk_size, parse_interval, parse_listen, parse_public_url, parse_webhook_url},
};

/// The flags of `headcount collect`.
#[derive(Clone, Args)]
pub struct Collect {
    /// The address to listen on; `:8080` for a port on all addresses.
    #[arg(long, default_value = "127.0.0.1:8081", value_parser = parse_listen)]
    pub listen: SocketAddr,

    /// The data directory; created if missing.
    #[arg(long, default_value = "./collector-data")]
    pub data_dir: PathBuf,

    /// The ClickHouse that stores the reports, with every node of its cluster, in place of SQLite in the data
    /// directory: `https://user:password@one:8443,two:8443/database?ca=/etc/ca.pem&cluster=fleet`. Any number
    /// of collectors may share it; each needs the same `--keys`.
    #[arg(long, value_name = "URL")]
    pub clickhouse_url: Option<ClickHouseAddress>,

    /// Accept a single ClickHouse that cannot sync inserts to its disk: with its power it loses reports that
    /// were acknowledged.
    #[arg(long)]
    pub accept_volatile: bool,

    /// The token that opens the fleet pages, of at least 16 characters. Without one, a token is made at the
    /// first start and stored in the file `admin-token` in the data directory.
    #[arg(long)]
    pub admin_token: Option<AccessToken>,

    /// The token of analysts, of at least 16 characters: exact numbers of the fleet, and the maker's notes,
    /// which they may change, but no report and no single installation.
    #[arg(long)]
    pub analyst_token: Option<AccessToken>,

    /// The token of viewers, of at least 16 characters: what is published of the fleet.
    #[arg(long)]
    pub viewer_token: Option<AccessToken>,

    /// The token that opens `metrics` and nothing else, of at least 16 characters. The admin token opens it
    /// too.
    #[arg(long)]
    pub metrics_token: Option<AccessToken>,

    /// Answer `/public/*` to everybody, without a token: what is published of the fleet.
    #[arg(long)]
    pub publish: bool,

    /// The file with the keys of the collector; by default `keys` in the data directory, which is made at the
    /// first start. A file that is named here has to exist: `headcount collect init` makes it.
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,

    /// The public address of the fleet pages, such as `https://fleet.example.com`: for links, and to
    /// distinguish them from pages of other sites if a proxy changes the host name.
    #[arg(long, value_parser = parse_public_url)]
    pub public_url: Option<Url>,

    /// The reverse proxies in front of this collector, addresses and blocks such as `10.0.0.0/8` between
    /// commas. Their `X-Forwarded-For` distinguishes senders, so that one of them cannot use up the memory
    /// and the quotas of all.
    #[arg(long, value_name = "LIST")]
    pub trusted_proxy: Vec<TrustedProxies>,

    /// How long counts and ids of reports are stored.
    #[arg(long, default_value = "400d", value_parser = parse_interval)]
    pub retention: Duration,

    /// How long reports are stored as they were sent, with their profiles; never longer than their
    /// counts, whatever is given.
    #[arg(long, default_value = "30d", value_parser = parse_interval)]
    pub raw_retention: Duration,

    /// The maximum size of all reports on disk, such as `10GiB`; at least `1MiB`. When it is reached, reports
    /// as they were sent are dropped, oldest first; if that is not enough, new ones are refused.
    #[arg(long, value_parser = parse_disk_size)]
    pub max_disk: Option<ByteSize>,

    /// The address that is told when an alert begins and ends, with a `POST` of JSON: https, or http on this
    /// machine.
    #[arg(long, value_name = "URL", value_parser = parse_webhook_url)]
    pub alert_webhook: Option<Url>,

    /// The log level: off, error, warn, info, debug or trace, and after a comma levels of modules:
    /// `info,headcount_observer=debug`. Libraries log names of hosts, so each is silent unless it is named.
    #[arg(long, default_value = "info")]
    pub log: LogFilter,

    /// The format of log lines.
    #[arg(long, value_enum, default_value_t)]
    pub log_format: LogFormat,

    /// A TOML file with any of these flags, such as `retention = "400d"`. Flags and variables take
    /// precedence.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Prints no address and no token: they may be secret.
impl fmt::Debug for Collect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Collect")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}
