//! `<base>api/projects/{id}/clickhouse`: how is the ClickHouse of a project reached?

use serde::{Deserialize, Serialize};

use super::secrets::{Auth, SetAuth};

/// The ClickHouse of a project.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Clickhouse {
    /// What it is spoken to with.
    pub protocol: ClickhouseProtocol,
    /// Host and port.
    pub addr: String,
    /// The database; empty for the default one.
    pub database: String,
    /// Whether the connection is encrypted.
    pub tls_enable: bool,
    /// Whether any certificate will do.
    pub tls_skip_verify: bool,
    /// Who logs in; an empty name for the default user.
    pub auth: Auth,
}

/// A ClickHouse in the place of the one that a project has.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetClickhouse {
    /// What it is spoken to with.
    #[serde(default)]
    pub protocol: ClickhouseProtocol,
    /// Host and port, such as `clickhouse:9000`.
    pub addr: String,
    /// The database; empty for the default one.
    #[serde(default)]
    pub database: String,
    /// Whether the connection is encrypted.
    #[serde(default)]
    pub tls_enable: bool,
    /// Whether any certificate will do.
    #[serde(default)]
    pub tls_skip_verify: bool,
    /// Who logs in; an empty name for the default user.
    #[serde(default)]
    pub auth: SetAuth,
}

/// What ClickHouse is spoken to with.
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
