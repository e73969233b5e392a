//! Which rollouts are remembered? The table `application_deployment`.

mod snapshot;

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{
    document,
    error::Result,
    schema::Schema,
    times::{seconds, seconds_if_any},
};
use crate::world::{application_key::ApplicationKey, deployments::Deployment};

/// How many rollouts of an application are read.
const NEWEST: i64 = 100;

/// A row as it is stored.
struct StoredRow {
    application_id: String,
    name: String,
    started_at: i64,
    finished_at: i64,
    details: Option<String>,
    metrics_snapshot: Option<String>,
}

/// The newest rollouts of each application of a project, by application, the oldest first; none where there is no such
/// table.
pub(super) async fn of(
    connection: &mut AnyConnection,
    schema: &Schema,
    project: &str,
) -> Result<Vec<Deployment>> {
    if !schema.has("application_deployment", "metrics_snapshot") {
        return Ok(Vec::new());
    }
    let statement = "SELECT application_id, name, started_at, finished_at, details, metrics_snapshot FROM (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY application_id ORDER BY started_at DESC) AS place
            FROM application_deployment WHERE project_id = $1
        ) AS newest WHERE place <= $2";
    let rows = sqlx::query_as(statement).bind(project).bind(NEWEST).fetch_all(connection).await?;
    Ok(newest(rows))
}

/// The newest rollouts of applications, whatever version of Coroot spelled their ids. The same one in two spellings is one.
fn newest(rows: Vec<StoredRow>) -> Vec<Deployment> {
    let mut applications: BTreeMap<ApplicationKey, BTreeMap<u32, Deployment>> = BTreeMap::new();
    for deployment in rows.into_iter().filter_map(StoredRow::read) {
        let known = applications.entry(deployment.application.clone()).or_default();
        let before = known.get(&deployment.started_at);
        if before.is_none_or(|before| is_more(&deployment, before)) {
            known.insert(deployment.started_at, deployment);
        }
    }
    applications.into_values().flat_map(last).collect()
}

fn is_more(one: &Deployment, other: &Deployment) -> bool {
    let known = |of: &Deployment| (of.snapshot.is_some(), of.finished_at.is_some());
    known(one) > known(other)
}

fn last(mut of: BTreeMap<u32, Deployment>) -> impl Iterator<Item = Deployment> {
    while of.len() > NEWEST.unsigned_abs().try_into().unwrap_or(usize::MAX) {
        of.pop_first();
    }
    of.into_values()
}

impl StoredRow {
    /// `None` for an application that is not spelled as one.
    fn read(self) -> Option<Deployment> {
        let application = ApplicationKey::parse(&self.application_id)?;
        let details = document::read(self.details.as_deref());
        Some(Deployment {
            application,
            name: self.name,
            started_at: seconds(self.started_at),
            finished_at: seconds_if_any(self.finished_at),
            container_images: document::texts(&details, "container_images"),
            snapshot: self.metrics_snapshot.as_deref().and_then(snapshot::read),
        })
    }
}

impl<'r> FromRow<'r, AnyRow> for StoredRow {
    fn from_row(row: &'r AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            application_id: row.try_get("application_id")?,
            name: row.try_get("name")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
            details: row.try_get("details")?,
            metrics_snapshot: row.try_get("metrics_snapshot")?,
        })
    }
}

/// Remembers a rollout: all of one that is new; of one that is known the end, and the snapshot, once each.
pub(super) async fn remember(
    transaction: &mut AnyConnection,
    project: &str,
    deployment: &Deployment,
) -> Result<()> {
    let key = Key::of(transaction, project, deployment).await?;
    if key.is_new {
        insert(transaction, &key, deployment).await?;
    } else {
        let finish = "UPDATE application_deployment SET finished_at = $1, name = $2
            WHERE project_id = $3 AND application_id = $4 AND started_at = $5 AND finished_at = 0";
        let finished_at = i64::from(deployment.finished_at.unwrap_or_default());
        let finish = sqlx::query(finish).bind(finished_at).bind(&deployment.name);
        finish
            .bind(project)
            .bind(&key.application_id)
            .bind(key.started_at)
            .execute(&mut *transaction)
            .await?;
    }
    let Some(taken) = &deployment.snapshot else { return Ok(()) };
    let take = "UPDATE application_deployment SET metrics_snapshot = $1
        WHERE project_id = $2 AND application_id = $3 AND started_at = $4
        AND (metrics_snapshot IS NULL OR metrics_snapshot IN ('', 'null'))";
    let take = sqlx::query(take).bind(serde_json::to_string(&snapshot::json(taken))?);
    take.bind(project).bind(&key.application_id).bind(key.started_at).execute(transaction).await?;
    Ok(())
}

/// The row of a rollout.
struct Key<'k> {
    project: &'k str,
    application_id: String,
    started_at: i64,
    is_new: bool,
}

impl<'k> Key<'k> {
    /// A row that is there keeps its spelling of the application.
    async fn of(transaction: &mut AnyConnection, project: &'k str, deployment: &Deployment) -> Result<Self> {
        let started_at = i64::from(deployment.started_at);
        let (earlier, later) = spellings(project, &deployment.application);
        let statement = "SELECT application_id FROM application_deployment
            WHERE project_id = $1 AND started_at = $2 AND application_id IN ($3, $4) ORDER BY application_id";
        let known: Option<String> = sqlx::query_scalar(statement)
            .bind(project)
            .bind(started_at)
            .bind(&earlier)
            .bind(&later)
            .fetch_optional(transaction)
            .await?;
        let is_new = known.is_none();
        Ok(Self { project, application_id: known.unwrap_or(earlier), started_at, is_new })
    }
}

/// How an application is spelled, and how later versions of Coroot spell it, which call a project's own cluster by its id.
pub(super) fn spellings(project: &str, application: &ApplicationKey) -> (String, String) {
    (application.to_string(), format!("{project}:{application}"))
}

async fn insert(transaction: &mut AnyConnection, key: &Key<'_>, deployment: &Deployment) -> Result<()> {
    let statement = "INSERT INTO application_deployment
        (project_id, application_id, name, started_at, finished_at, details) VALUES ($1, $2, $3, $4, $5, $6)";
    let details = json!({"container_images": deployment.container_images});
    sqlx::query(statement)
        .bind(key.project)
        .bind(&key.application_id)
        .bind(&deployment.name)
        .bind(key.started_at)
        .bind(i64::from(deployment.finished_at.unwrap_or_default()))
        .bind(details.to_string())
        .execute(transaction)
        .await?;
    Ok(())
}
