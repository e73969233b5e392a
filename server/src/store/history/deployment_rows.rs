//! Stores rollouts in the table `application_deployment`.

mod snapshot_column;

use std::collections::BTreeMap;

use headcount_health::rollouts::DeploymentRollout;
use headcount_topology::application_key::ApplicationKey;
use serde_json::json;
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::written_rows::{self, RolloutBefore, WrittenKind};
use crate::store::{
    database_schema::DatabaseSchema,
    json_column,
    store_error::SettingsResult,
    stored_time::{seconds, seconds_if_any},
    unnamed_statement::{query, query_as},
};

/// How many rollouts of each application are read.
const NEWEST: i64 = 100;

/// In how many spellings a rollout may be stored.
const SPELLINGS: usize = 2;

/// Which rollouts of a project are read.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum RolloutChoice {
    /// The newest 100 of each application.
    OfEachApplication,
    /// Of these the newest one of each application, and those that started at `since` or later.
    /// Images and snapshots are not read.
    ForViews {
        /// In Unix seconds.
        since: u32,
    },
    /// The last `count` of the project, and those that may be the same in another spelling.
    Latest {
        /// How many.
        count: usize,
    },
}

/// The newest rollouts of each application. They are chosen by the key of the table, so that other rows are not
/// read.
const OF_EACH_APPLICATION: &str =
    "SELECT application_id, name, started_at, finished_at, details, metrics_snapshot
    FROM application_deployment WHERE project_id = $1 AND (application_id, started_at) IN (
        SELECT application_id, started_at FROM (
            SELECT application_id, started_at,
                ROW_NUMBER() OVER (PARTITION BY application_id ORDER BY started_at DESC) AS place
            FROM application_deployment WHERE project_id = $1
        ) AS placed WHERE place <= $2
    )";

const FOR_VIEWS: &str = "SELECT application_id, name, started_at, finished_at,
        CAST(NULL AS TEXT) AS details, CAST(NULL AS TEXT) AS metrics_snapshot
    FROM application_deployment WHERE project_id = $1 AND (application_id, started_at) IN (
        SELECT application_id, started_at FROM (
            SELECT application_id, started_at,
                ROW_NUMBER() OVER (PARTITION BY application_id ORDER BY started_at DESC) AS place
            FROM application_deployment WHERE project_id = $1
        ) AS placed WHERE place = 1 OR (place <= $2 AND started_at >= $3)
    )";

const LATEST: &str = "SELECT application_id, name, started_at, finished_at, details, metrics_snapshot
    FROM application_deployment WHERE project_id = $1 AND (application_id, started_at) IN (
        SELECT application_id, started_at FROM application_deployment WHERE project_id = $1
        ORDER BY started_at DESC, application_id LIMIT $2
    )";

/// A row as it is stored.
struct DeploymentRow {
    application_id: String,
    name: String,
    started_at: i64,
    finished_at: i64,
    details: Option<String>,
    metrics_snapshot: Option<String>,
}

/// The chosen rollouts of a project, by application, oldest first; empty without such a table.
pub(in crate::store) async fn of(
    connection: &mut AnyConnection,
    schema: &DatabaseSchema,
    project: &str,
    choice: RolloutChoice,
) -> SettingsResult<Vec<DeploymentRollout>> {
    if !schema.has("application_deployment", "metrics_snapshot") {
        return Ok(Vec::new());
    }
    let select = match choice {
        RolloutChoice::OfEachApplication => query_as(OF_EACH_APPLICATION).bind(project).bind(NEWEST),
        RolloutChoice::ForViews { since } => {
            query_as(FOR_VIEWS).bind(project).bind(NEWEST).bind(i64::from(since))
        }
        RolloutChoice::Latest { count } => {
            let rows = count.saturating_mul(SPELLINGS);
            query_as(LATEST).bind(project).bind(i64::try_from(rows).unwrap_or(i64::MAX))
        }
    };
    Ok(newest(select.fetch_all(connection).await?))
}

/// The newest rollouts of applications. Rows of different versions of Coroot spell the ids differently; the
/// same rollout in two spellings counts once.
fn newest(rows: Vec<DeploymentRow>) -> Vec<DeploymentRollout> {
    let mut applications: BTreeMap<ApplicationKey, BTreeMap<u32, DeploymentRollout>> = BTreeMap::new();
    for deployment in rows.into_iter().filter_map(DeploymentRow::read) {
        let known = applications.entry(deployment.application.clone()).or_default();
        let before = known.get(&deployment.started_at);
        if before.is_none_or(|before| is_more(&deployment, before)) {
            known.insert(deployment.started_at, deployment);
        }
    }
    applications.into_values().flat_map(last).collect()
}

fn is_more(one: &DeploymentRollout, other: &DeploymentRollout) -> bool {
    let known = |of: &DeploymentRollout| (of.snapshot.is_some(), of.finished_at.is_some());
    known(one) > known(other)
}

fn last(mut of: BTreeMap<u32, DeploymentRollout>) -> impl Iterator<Item = DeploymentRollout> {
    while of.len() > NEWEST.unsigned_abs().try_into().unwrap_or(usize::MAX) {
        of.pop_first();
    }
    of.into_values()
}

impl DeploymentRow {
    /// `None` if the id of the application is invalid.
    fn read(self) -> Option<DeploymentRollout> {
        let application = ApplicationKey::parse(&self.application_id)?;
        let details = json_column::read(self.details.as_deref());
        Some(DeploymentRollout {
            application,
            name: self.name,
            started_at: seconds(self.started_at),
            finished_at: seconds_if_any(self.finished_at),
            container_images: json_column::texts(&details, "container_images"),
            snapshot: self.metrics_snapshot.as_deref().and_then(snapshot_column::read),
        })
    }
}

impl<'r> FromRow<'r, AnyRow> for DeploymentRow {
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

/// Stores a rollout. A new one is stored completely; a known one gets its end and its snapshot, once each.
pub(super) async fn remember(
    transaction: &mut AnyConnection,
    project: &str,
    deployment: &DeploymentRollout,
) -> SettingsResult<()> {
    match RolloutRow::find(transaction, project, deployment).await? {
        Some(known) => fill_in(transaction, project, deployment, known).await,
        None => insert(transaction, project, deployment).await,
    }
}

/// The stored row of a rollout, with its spelling of the application.
struct RolloutRow {
    application_id: String,
    held: RolloutBefore,
}

impl RolloutRow {
    async fn find(
        transaction: &mut AnyConnection,
        project: &str,
        deployment: &DeploymentRollout,
    ) -> SettingsResult<Option<Self>> {
        let (earlier, later) = spellings(project, &deployment.application);
        let statement = "SELECT application_id, name, CAST(finished_at AS BIGINT), metrics_snapshot
            FROM application_deployment
            WHERE project_id = $1 AND started_at = $2 AND application_id IN ($3, $4) ORDER BY application_id";
        let find = query_as(statement).bind(project).bind(i64::from(deployment.started_at));
        let known: Option<(String, String, i64, Option<String>)> =
            find.bind(earlier).bind(later).fetch_optional(transaction).await?;
        Ok(known.map(|(application_id, name, finished_at, metrics_snapshot)| Self {
            application_id,
            held: RolloutBefore { name, finished_at, metrics_snapshot },
        }))
    }
}

/// Fills in the end and the snapshot if they are missing.
async fn fill_in(
    transaction: &mut AnyConnection,
    project: &str,
    deployment: &DeploymentRollout,
    RolloutRow { application_id, held }: RolloutRow,
) -> SettingsResult<()> {
    let mut holds = held.clone();
    if held.finished_at == 0 {
        holds.finished_at = i64::from(deployment.finished_at.unwrap_or_default());
        holds.name.clone_from(&deployment.name);
    }
    let has_snapshot = held.metrics_snapshot.as_deref().is_some_and(|json| !matches!(json, "" | "null"));
    if let Some(taken) = deployment.snapshot.as_ref().filter(|_| !has_snapshot) {
        holds.metrics_snapshot = Some(serde_json::to_string(&snapshot_column::json(taken))?);
    }
    if holds == held {
        return Ok(());
    }
    let started_at = i64::from(deployment.started_at);
    written_rows::note_filled_in(transaction, project, &application_id, started_at, &held).await?;
    // What another program filled in meanwhile stays.
    let statement = "UPDATE application_deployment SET name = $1, finished_at = $2, metrics_snapshot = $3
        WHERE project_id = $4 AND application_id = $5 AND started_at = $6
        AND finished_at = $7 AND COALESCE(metrics_snapshot, '') = $8";
    let update = query(statement).bind(holds.name).bind(holds.finished_at).bind(holds.metrics_snapshot);
    let update = update.bind(project).bind(application_id).bind(started_at);
    let held_snapshot = held.metrics_snapshot.unwrap_or_default();
    update.bind(held.finished_at).bind(held_snapshot).execute(transaction).await?;
    Ok(())
}

/// The spelling of an application, and the one of later versions of Coroot, which use the project's id for
/// its own cluster.
pub(super) fn spellings(project: &str, application: &ApplicationKey) -> (String, String) {
    (application.to_string(), format!("{project}:{application}"))
}

async fn insert(
    transaction: &mut AnyConnection,
    project: &str,
    deployment: &DeploymentRollout,
) -> SettingsResult<()> {
    let statement = "INSERT INTO application_deployment
        (project_id, application_id, name, started_at, finished_at, details, metrics_snapshot)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let details = json!({"container_images": deployment.container_images});
    let taken = deployment.snapshot.as_ref().map(snapshot_column::json);
    let (application, _) = spellings(project, &deployment.application);
    let started_at = i64::from(deployment.started_at);
    query(statement)
        .bind(project)
        .bind(&application)
        .bind(&deployment.name)
        .bind(started_at)
        .bind(i64::from(deployment.finished_at.unwrap_or_default()))
        .bind(details.to_string())
        .bind(taken.map(|taken| taken.to_string()))
        .execute(&mut *transaction)
        .await?;
    written_rows::note_inserted(transaction, project, WrittenKind::Rollout, &application, started_at).await
}
