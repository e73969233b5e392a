//! Configures the project `default` from the command line.

use std::{fmt, time::Duration};

use serde_json::json;

use super::{
    project_row::{ProjectColumn, change_column},
    prometheus_access,
};
use crate::store::{
    SettingsStore,
    database_health::DatabaseOperation,
    json_column::put,
    store_error::SettingsResult,
    unnamed_statement::{query, query_scalar},
};

/// The project that the flags `--bootstrap-prometheus-…` fill.
const DEFAULT: &str = "default";

/// A Prometheus for the project `default`.
#[derive(Clone, PartialEq, Eq)]
pub struct BootstrapPrometheus {
    /// Its address.
    pub url: String,
    /// How often it is queried.
    pub refresh_interval: Duration,
    /// A label selector added to every query; empty for none.
    pub extra_selector: String,
}

impl SettingsStore {
    /// Sets the Prometheus of the project `default` to `bootstrap` if it has none. Creates the project if it
    /// does not exist.
    ///
    /// # Errors
    /// The database failed or is read-only. Nothing changed.
    pub async fn bootstrap(
        &self,
        bootstrap: &BootstrapPrometheus,
        new_project_id: &str,
    ) -> SettingsResult<()> {
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.database.write().await?;
            let insert = query("INSERT INTO project (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING");
            insert.bind(new_project_id).bind(DEFAULT).execute(&mut *transaction).await?;
            let id: String = query_scalar("SELECT id FROM project WHERE name = $1")
                .bind(DEFAULT)
                .fetch_one(&mut *transaction)
                .await?;
            change_column(&mut transaction, &id, ProjectColumn::Prometheus, |column| {
                if prometheus_access::access(column).is_none() {
                    let refresh_interval = prometheus_access::milliseconds(bootstrap.refresh_interval);
                    let url = ("url", json!(bootstrap.url));
                    let selector = ("extra_selector", json!(bootstrap.extra_selector));
                    put(column, [url, ("refresh_interval", refresh_interval), selector]);
                }
                Ok(())
            })
            .await?;
            Ok(transaction.commit().await?)
        })
        .await
    }
}

impl fmt::Debug for BootstrapPrometheus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BootstrapPrometheus")
            .field("refresh_interval", &self.refresh_interval)
            .finish_non_exhaustive()
    }
}
