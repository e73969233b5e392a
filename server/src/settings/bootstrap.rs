//! Configures the project `default` from the command line.

use std::{fmt, time::Duration};

use serde_json::json;

use super::{
    Settings,
    document::put,
    error::Result,
    health::Doing,
    project::{Column, change_column},
    prometheus,
    statement::{query, query_scalar},
};

/// The project that the flags `--bootstrap-prometheus-…` fill.
const DEFAULT: &str = "default";

/// A Prometheus for the project `default`.
#[derive(Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// Its address.
    pub url: String,
    /// How often it is queried.
    pub refresh_interval: Duration,
    /// A label selector added to every query; empty for none.
    pub extra_selector: String,
}

impl Settings {
    /// Sets the Prometheus of the project `default` to `bootstrap` if it has none. Creates the project if it
    /// does not exist.
    ///
    /// # Errors
    /// The database failed or is read-only. Nothing changed.
    pub async fn bootstrap(&self, bootstrap: &Bootstrap, new_project_id: &str) -> Result<()> {
        self.attempt(Doing::Writing, async {
            let mut transaction = self.database.write().await?;
            let insert = query("INSERT INTO project (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING");
            insert.bind(new_project_id).bind(DEFAULT).execute(&mut *transaction).await?;
            let id: String = query_scalar("SELECT id FROM project WHERE name = $1")
                .bind(DEFAULT)
                .fetch_one(&mut *transaction)
                .await?;
            change_column(&mut transaction, &id, Column::Prometheus, |column| {
                if prometheus::access(column).is_none() {
                    let refresh_interval = prometheus::milliseconds(bootstrap.refresh_interval);
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

impl fmt::Debug for Bootstrap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bootstrap")
            .field("refresh_interval", &self.refresh_interval)
            .finish_non_exhaustive()
    }
}
