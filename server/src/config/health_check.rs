//! Defines the flags of `headcount health`.

use std::net::SocketAddr;

use clap::Args;

use super::{BasePath, values::parse_listen};

/// The flags of `headcount health`: those of the server or collector to check.
#[derive(Debug, Clone, Args)]
pub struct HealthCheck {
    /// The address that it listens on.
    #[arg(long, default_value = "127.0.0.1:8080", value_parser = parse_listen)]
    pub listen: SocketAddr,

    /// The path under which everything is served.
    #[arg(long, default_value = "/")]
    pub url_base_path: BasePath,
}
