//! The flags of `headcount collect`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use tracing_subscriber::filter::Targets;

use super::{AdminToken, values::parse_interval};

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
