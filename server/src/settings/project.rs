//! Projects and their Prometheus.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;

/// The project that the flags `--bootstrap-prometheus-…` fill.
const DEFAULT: &str = "default";

/// A Prometheus for the project `default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// Its address.
    pub url: String,
    /// How often it is asked.
    pub refresh_interval: Duration,
    /// A label selector added to every query; empty for none.
    pub extra_selector: String,
}

/// The column `project.prometheus`. Members that are not listed are kept as they are.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Prometheus {
    #[serde(default)]
    url: String,
    /// In milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_interval: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra_selector: Option<String>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

impl Prometheus {
    /// Whether the column names a Prometheus.
    pub(super) fn is_configured(json: &str) -> bool {
        serde_json::from_str::<Self>(json).is_ok_and(|prometheus| !prometheus.url.is_empty())
    }
}

pub(super) async fn bootstrap(
    pool: &SqlitePool,
    bootstrap: &Bootstrap,
    new_project_id: &str,
) -> anyhow::Result<()> {
    let mut transaction = pool.begin().await?;
    let stored: Option<Option<String>> = sqlx::query_scalar("SELECT prometheus FROM project WHERE name = ?")
        .bind(DEFAULT)
        .fetch_optional(&mut *transaction)
        .await?;
    let is_new = stored.is_none();
    let mut prometheus: Prometheus = match stored.flatten() {
        Some(json) => serde_json::from_str(&json)?,
        None => Prometheus::default(),
    };
    if !prometheus.url.is_empty() {
        return Ok(());
    }
    prometheus.url.clone_from(&bootstrap.url);
    prometheus.refresh_interval = Some(u64::try_from(bootstrap.refresh_interval.as_millis())?.into());
    prometheus.extra_selector = Some(bootstrap.extra_selector.clone());
    let json = serde_json::to_string(&prometheus)?;
    let statement = if is_new {
        sqlx::query("INSERT INTO project (prometheus, name, id) VALUES (?, ?, ?)")
            .bind(json)
            .bind(DEFAULT)
            .bind(new_project_id)
    } else {
        sqlx::query("UPDATE project SET prometheus = ? WHERE name = ?").bind(json).bind(DEFAULT)
    };
    statement.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}
