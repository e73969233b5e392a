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
    /// Sets the ClickHouse of a project to what `update` returns for the stored one.
    ///
    /// # Errors
    /// [`InvalidChange`], or a failure of the database. Nothing changed.
    pub async fn set_clickhouse<U>(&self, project: &str, update: U) -> SettingsResult<()>
    where
        U: FnOnce(Option<ClickhouseAccess>) -> ClickhouseAccess + Send,
    {
        self.change_column(project, ProjectColumn::Settings, |column| {
            let updated = update(read(column));
            let (host, port) = updated.addr.rsplit_once(':').unwrap_or_default();
            if host.is_empty() || host.contains('/') || port.parse::<u16>().is_err() {
                return Err(InvalidChange::ClickhouseAddress.into());
            }
            write(object_mut(object_mut(column, INTEGRATIONS)?, NAME)?, &updated);
            Ok(())
        })
        .await
    }

    /// Removes the ClickHouse of a project.
    ///
    /// # Errors
    /// [`InvalidChange::NoSuchProject`], or a failure of the database. Nothing changed.
    pub async fn remove_clickhouse(&self, project: &str) -> SettingsResult<()> {
        self.change_column(project, ProjectColumn::Settings, |column| {
            put(object_mut(column, INTEGRATIONS)?, [(NAME, Value::Null)]);
            Ok(())
        })
        .await
    }
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
