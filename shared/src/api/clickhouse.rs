//! `<base>api/projects/{id}/clickhouse`: the ClickHouse connection of a project.

use serde::{Deserialize, Serialize};

use super::secrets::{Auth, SetAuth};

/// The ClickHouse of a project.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Clickhouse {
    /// The protocol of the connection.
    pub protocol: ClickhouseProtocol,
    /// Host and port.
    pub addr: String,
    /// The database; empty for the default one.
    pub database: String,
    /// Whether the connection is encrypted.
    pub tls_enable: bool,
    /// Whether certificates are not verified.
    pub tls_skip_verify: bool,
    /// The user; an empty name for the default user.
    pub auth: Auth,
}

/// A ClickHouse that replaces that of a project.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetClickhouse {
    /// The protocol of the connection.
    #[serde(default)]
    pub protocol: ClickhouseProtocol,
    /// Host and port, such as `clickhouse:9000`, without a scheme, a login and a path.
    pub addr: String,
    /// The database; empty for the default one.
    #[serde(default)]
    pub database: String,
    /// Whether the connection is encrypted.
    #[serde(default)]
    pub tls_enable: bool,
    /// Whether certificates are not verified.
    #[serde(default)]
    pub tls_skip_verify: bool,
    /// The user; an empty name for the default user.
    #[serde(default)]
    pub auth: SetAuth,
}

/// The protocol of a connection to ClickHouse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ClickhouseProtocol {
    /// Its own protocol.
    #[default]
    Native,
    /// HTTP.
    Http,
}

unprinted!(Clickhouse, SetClickhouse);
