//! The flags of `headcount collect`.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use bytesize::ByteSize;
use clap::Args;
use reqwest::Url;

use crate::http::forwarded::TrustedProxies;

use super::{
    AccessToken, LogFilter, LogFormat,
    values::{parse_disk_size, parse_interval, parse_listen, parse_public_url},
};

/// The flags of `headcount collect`.
#[derive(Clone, Args)]
pub struct Collect {
    /// The address to listen on; `:8080` for a port on all addresses.
    #[arg(long, default_value = "127.0.0.1:8081", value_parser = parse_listen)]
    pub listen: SocketAddr,

    /// The directory for everything that is kept; created if missing.
    #[arg(long, default_value = "./collector-data")]
    pub data_dir: PathBuf,

    /// A ClickHouse for the reports. This version keeps them in SQLite only and refuses the flag.
    #[arg(long)]
    pub clickhouse_url: Option<String>,

    /// The token that opens the fleet pages, of at least 16 characters. Without one, a token is made at the
    /// first start and kept in the file `admin-token` in the data directory.
    #[arg(long)]
    pub admin_token: Option<AccessToken>,

    /// Where browsers reach the fleet pages, such as `https://fleet.example.com`: for links, and to tell its
    /// own pages from those of other sites where a proxy changes the host name.
    #[arg(long, value_parser = parse_public_url)]
    pub public_url: Option<Url>,

    /// The reverse proxies in front of this collector, addresses and blocks such as `10.0.0.0/8` between
    /// commas. Their `X-Forwarded-For` tells senders apart, so that one of them cannot take the room and the
    /// quotas of all.
    #[arg(long, value_name = "LIST")]
    pub trusted_proxy: Vec<TrustedProxies>,

    /// How long counts and ids of reports are kept.
    #[arg(long, default_value = "400d", value_parser = parse_interval)]
    pub retention: Duration,

    /// How long reports are kept as they were sent, with their profiles; no longer than their counts.
    #[arg(long, default_value = "30d", value_parser = parse_interval)]
    pub raw_retention: Duration,

    /// How much of the disk the reports may take, such as `10GiB`; at least `1MiB`. When it is used up,
    /// reports as they were sent are dropped, oldest first, and when that is not enough new ones are refused.
    #[arg(long, value_parser = parse_disk_size)]
    pub max_disk: Option<ByteSize>,

    /// What is logged: off, error, warn, info, debug or trace, and after a comma more of a module:
    /// `info,headcount::world=debug`. Libraries log names of hosts, so each is silent unless it is named.
    #[arg(long, default_value = "info")]
    pub log: LogFilter,

    /// The form of a log line.
    #[arg(long, value_enum, default_value_t)]
    pub log_format: LogFormat,

    /// A TOML file with any of these flags, such as `report-interval = "1h"`. Flags and variables win over
    /// it.
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
