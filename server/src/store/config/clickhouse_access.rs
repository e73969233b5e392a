//! Reads the ClickHouse of a project from the column `project.settings`.

use std::fmt;

use serde_json::json;

use super::stored_credentials::given_or_stored;
use crate::store::{
    json_column::{JsonObject, flag, object, put, text},
    store_error::InvalidChange,
};

/// The name of its member in the integrations.
pub(super) const NAME: &str = "clickhouse";

/// The configuration of a ClickHouse.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ClickhouseAccess {
    /// The protocol.
    pub protocol: ClickhouseTransport,
    /// Host and port.
    pub addr: String,
    /// The name of the user; empty for the default user.
    pub user: String,
    /// The password.
    pub password: String,
    /// The database; empty for the default database.
    pub database: String,
    /// Whether the connection is encrypted.
    pub tls_enable: bool,
    /// Whether invalid certificates are accepted.
    pub tls_skip_verify: bool,
}

/// The protocol of ClickHouse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClickhouseTransport {
    /// ClickHouse's native protocol.
    #[default]
    Native,
    /// HTTP.
    Http,
}

/// The ClickHouse in the integrations; `None` without an address.
pub(super) fn read(settings: &JsonObject) -> Option<ClickhouseAccess> {
    let stored = object(object(settings, "integrations")?, NAME)?;
    let addr = Some(text(stored, "addr")).filter(|addr| !addr.is_empty())?;
    let auth = object(stored, "auth").cloned().unwrap_or_default();
    Some(ClickhouseAccess {
        protocol: if text(stored, "protocol") == "http" {
            ClickhouseTransport::Http
        } else {
            ClickhouseTransport::Native
        },
        addr,
        user: text(&auth, "user"),
        password: text(&auth, "password"),
        database: text(stored, "database"),
        tls_enable: flag(stored, "tls_enable"),
        tls_skip_verify: flag(stored, "tls_skip_verify"),
    })
}

pub(super) fn change(stored: &mut JsonObject, to: &ClickhouseAccess) -> Result<(), InvalidChange> {
    let (host, port) = to.addr.rsplit_once(':').unwrap_or_default();
    if host.is_empty() || host.contains('/') || port.parse::<u16>().is_err() {
        return Err(InvalidChange::ClickhouseAddress);
    }
    let auth = object(stored, "auth").cloned().unwrap_or_default();
    let password = given_or_stored(&to.password, &auth, "password");
    let protocol = match to.protocol {
        ClickhouseTransport::Native => "native",
        ClickhouseTransport::Http => "http",
    };
    put(
        stored,
        [
            ("protocol", json!(protocol)),
            ("addr", json!(to.addr)),
            ("auth", json!({"user": to.user, "password": password})),
            ("database", json!(to.database)),
            ("tls_enable", json!(to.tls_enable)),
            ("tls_skip_verify", json!(to.tls_skip_verify)),
        ],
    );
    Ok(())
}

impl fmt::Debug for ClickhouseAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClickhouseAccess").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}
