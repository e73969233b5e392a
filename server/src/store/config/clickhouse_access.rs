//! Reads and changes the ClickHouse of a project from the column `project.settings`.

use std::fmt;

use serde_json::{Value, json};

use super::{alerting_integrations::INTEGRATIONS, project_row::ProjectColumn};
use crate::store::{
    SettingsStore,
    json_column::{JsonObject, flag, object, object_mut, put, text},
    store_error::{InvalidChange, SettingsResult},
};

/// The name of its member in the integrations.
const NAME: &str = "clickhouse";

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
    let stored = object(object(settings, INTEGRATIONS)?, NAME)?;
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

impl SettingsStore {
    /// Sets the ClickHouse of a project to what `update` returns for the stored one. Returns what is stored then.
    ///
    /// # Errors
    /// [`InvalidChange`], or a failure of the database. Nothing changed.
    pub async fn set_clickhouse<U>(
        &self,
        project: &str,
        update: U,
    ) -> SettingsResult<Option<ClickhouseAccess>>
    where
        U: FnOnce(Option<ClickhouseAccess>) -> SettingsResult<ClickhouseAccess, InvalidChange> + Send,
    {
        self.change_column(project, ProjectColumn::Settings, |column| {
            let updated = update(read(column))?;
            if !is_host_and_port(&updated.addr) {
                return Err(InvalidChange::ClickhouseAddress.into());
            }
            write(object_mut(object_mut(column, INTEGRATIONS)?, NAME)?, &updated);
            Ok(read(column))
        })
        .await
    }

    /// Removes the ClickHouse of a project, if `check` allows it for the stored one.
    ///
    /// # Errors
    /// [`InvalidChange`], or a failure of the database. Nothing changed.
    pub async fn remove_clickhouse<C>(&self, project: &str, check: C) -> SettingsResult<()>
    where
        C: FnOnce(Option<&ClickhouseAccess>) -> SettingsResult<(), InvalidChange> + Send,
    {
        self.change_column(project, ProjectColumn::Settings, |column| {
            check(read(column).as_ref())?;
            put(object_mut(column, INTEGRATIONS)?, [(NAME, Value::Null)]);
            Ok(())
        })
        .await
    }
}

/// Whether a text is a host and a port, without a scheme, a login and a path. The colons of an IPv6 address are in
/// brackets.
fn is_host_and_port(addr: &str) -> bool {
    let (host, port) = addr.rsplit_once(':').unwrap_or_default();
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let (name, separators) = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => (address, "/\\?#@[]"),
        None => (host, "/\\?#@[]:"),
    };
    let is_in_names = |c: char| !(c.is_whitespace() || c.is_control() || separators.contains(c));
    is_port && !name.is_empty() && name.chars().all(is_in_names)
}

/// Replaces the stored access. Unknown members stay.
fn write(stored: &mut JsonObject, access: &ClickhouseAccess) {
    let protocol = match access.protocol {
        ClickhouseTransport::Native => "native",
        ClickhouseTransport::Http => "http",
    };
    put(
        stored,
        [
            ("protocol", json!(protocol)),
            ("addr", json!(access.addr)),
            ("auth", json!({"user": access.user, "password": access.password})),
            ("database", json!(access.database)),
            ("tls_enable", json!(access.tls_enable)),
            ("tls_skip_verify", json!(access.tls_skip_verify)),
        ],
    );
}

impl fmt::Debug for ClickhouseAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClickhouseAccess").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port_and_nothing_else() {
        for addr in ["clickhouse:9000", "c.shop.svc:1", "10.0.0.1:65535", "[::1]:9000", "straße:9000"] {
            assert!(is_host_and_port(addr), "{addr}");
        }
        for addr in [
            "",
            "clickhouse",
            ":9000",
            "c:",
            "c:port",
            "c:+9000",
            "c:65536",
            "user:hidden@c:9000",
            "@c:9000",
            "http://c:8123",
            "//c:8123",
            "c/path:9000",
            "c:9000/path",
            "c?a:9000",
            "c#a:9000",
            " c:9000",
            "c:9000\n",
            "c\u{7f}:9000",
            "c\u{a0}d:9000",
            "::1:9000",
            "[]:9000",
            "[::1:9000",
        ] {
            assert!(!is_host_and_port(addr), "{addr:?}");
        }
    }
}
