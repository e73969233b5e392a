//! Creates projects, in the settings before a server starts or with requests to a running server.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, bail};
use headcount_shared::api;
use reqwest::Method;
use serde_json::{Map, Value, json};
use sqlx::{ConnectOptions, Connection, SqliteConnection, query, sqlite::SqliteConnectOptions};

use headcount_harness::{http, processes::HeadcountProcess};

/// A project as Coroot stores it in its settings.
#[derive(Debug, Clone)]
pub struct CorootProject {
    /// Its id, and its name.
    pub name: String,
    /// The address of its Prometheus.
    pub prometheus: String,
    /// How often it is queried.
    pub refresh_interval: Duration,
    /// The label selector that is added to every query.
    pub extra_selector: String,
}

/// The table of Coroot, for a database that no server has opened yet.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS project (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    prometheus TEXT,
    settings TEXT
)";

/// Keeps the other settings of a project, and rows that refer to it.
const WRITE: &str = "INSERT INTO project (id, name, prometheus) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET prometheus = excluded.prometheus";

/// Opens the settings in a data directory.
pub(crate) async fn settings(data_dir: &Path) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(data_dir.join("db.sqlite")).create_if_missing(true);
    options.connect().await.context("the settings cannot be opened")
}

/// Replaces the integrations of a project in the settings in a data directory.
///
/// # Errors
/// The settings cannot be written.
pub async fn integrate(data_dir: &Path, name: &str, integrations: &[(&str, Value)]) -> anyhow::Result<()> {
    let named = integrations.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let integrations: Map<String, Value> = named.collect();
    let mut connection = settings(data_dir).await?;
    query("UPDATE project SET settings = ? WHERE name = ?")
        .bind(json!({ "integrations": integrations }).to_string())
        .bind(name)
        .execute(&mut connection)
        .await
        .context("the settings cannot be written")?;
    connection.close().await.context("the settings cannot be written")
}

/// Replaces the application categories of a project in the settings in a data directory. Each has one
/// pattern.
///
/// # Errors
/// The settings cannot be written.
pub async fn categorize(data_dir: &Path, name: &str, categories: &[(&str, &str)]) -> anyhow::Result<()> {
    let listed = categories.iter().map(|(category, pattern)| ((*category).to_owned(), json!([pattern])));
    let categories: Map<String, Value> = listed.collect();
    let statement = "UPDATE project
        SET settings = json_set(coalesce(settings, '{}'), '$.application_categories', json(?)) WHERE name = ?";
    let mut connection = settings(data_dir).await?;
    query(statement)
        .bind(Value::from(categories).to_string())
        .bind(name)
        .execute(&mut connection)
        .await
        .context("the settings cannot be written")?;
    connection.close().await.context("the settings cannot be written")
}

/// Writes projects into the settings in a data directory, where a server finds them within seconds. Existing
/// projects get the new Prometheus.
///
/// # Errors
/// The settings cannot be written.
pub async fn write(data_dir: &Path, projects: &[CorootProject]) -> anyhow::Result<()> {
    fs::create_dir_all(data_dir).with_context(|| format!("cannot create {}", data_dir.display()))?;
    let mut connection = settings(data_dir).await?;
    query(TABLE).execute(&mut connection).await.context("the settings cannot be written")?;
    for project in projects {
        let prometheus = json!({
            "url": project.prometheus,
            "refresh_interval": u64::try_from(project.refresh_interval.as_millis())?,
            "extra_selector": project.extra_selector,
        });
        query(WRITE)
            .bind(&project.name)
            .bind(&project.name)
            .bind(prometheus.to_string())
            .execute(&mut connection)
            .await
            .context("the settings cannot be written")?;
    }
    connection.close().await.context("the settings cannot be written")
}

/// Creates a project with its Prometheus in a running server, and returns its id.
///
/// # Errors
/// The server does not answer, or refuses.
pub async fn create(server: &HeadcountProcess, project: &CorootProject) -> anyhow::Result<String> {
    let named = json!({ "name": project.name });
    let created: api::Project =
        serde_json::from_slice(&ask(server, Method::POST, "api/projects", &named).await?)?;
    observe(server, &created.id, project).await?;
    Ok(created.id)
}

/// Sets the Prometheus of a project in a running server to that of `project`.
///
/// # Errors
/// The server does not answer, or refuses.
pub async fn observe(server: &HeadcountProcess, id: &str, project: &CorootProject) -> anyhow::Result<()> {
    let prometheus = json!({
        "url": project.prometheus,
        "refresh_interval_s": project.refresh_interval.as_secs(),
        "extra_selector": project.extra_selector,
    });
    ask(server, Method::PUT, &format!("api/projects/{id}/prometheus"), &prometheus).await.map(drop)
}

/// Deletes a project in a running server.
///
/// # Errors
/// The server does not answer, or refuses.
pub async fn delete(server: &HeadcountProcess, id: &str) -> anyhow::Result<()> {
    ask(server, Method::DELETE, &format!("api/projects/{id}"), &Value::Null).await.map(drop)
}

/// Sends a request for the settings and returns the body of the answer.
async fn ask(server: &HeadcountProcess, method: Method, path: &str, body: &Value) -> anyhow::Result<Vec<u8>> {
    let request = http::operator()?.request(method, server.url(path)).json(body);
    let answer = request.send().await.context("the server does not answer")?;
    let status = answer.status();
    let body = answer.bytes().await.context("the answer broke off")?;
    if !status.is_success() {
        bail!("the server refused with {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(body.into())
}
