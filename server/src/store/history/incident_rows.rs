//! Stores incidents in the table `incident`.

use headcount_health::{
    health_status::HealthStatus,
    incidents::{ApplicationIncident, IncidentChange, IncidentTransition},
};
use headcount_topology::application_key::ApplicationKey;
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{
    deployment_rows::spellings,
    written_rows::{self, WrittenKind},
};
use crate::store::{
    database_schema::DatabaseSchema,
    store_error::SettingsResult,
    stored_time::{seconds, seconds_if_any},
    unnamed_statement::{query, query_as, query_scalar},
};

/// A row as it is stored.
struct IncidentRow(Option<ApplicationIncident>);

/// The open incidents of a project, oldest first; empty without such a table.
pub(super) async fn open(
    connection: &mut AnyConnection,
    schema: &DatabaseSchema,
    project: &str,
) -> SettingsResult<Vec<ApplicationIncident>> {
    if !schema.has("incident", "severity") {
        return Ok(Vec::new());
    }
    let statement = "SELECT application_id, key, opened_at, resolved_at, severity FROM incident
        WHERE project_id = $1 AND resolved_at = 0 ORDER BY opened_at, key";
    let rows: Vec<IncidentRow> = query_as(statement).bind(project).fetch_all(connection).await?;
    Ok(rows.into_iter().filter_map(|IncidentRow(incident)| incident).collect())
}

/// The last `count` incidents of a project, newest first; empty without such a table.
pub(super) async fn newest(
    connection: &mut AnyConnection,
    schema: &DatabaseSchema,
    project: &str,
    count: usize,
) -> SettingsResult<Vec<ApplicationIncident>> {
    if !schema.has("incident", "severity") {
        return Ok(Vec::new());
    }
    let statement = "SELECT application_id, key, opened_at, resolved_at, severity FROM incident
        WHERE project_id = $1 ORDER BY opened_at DESC, key LIMIT $2";
    let rows = query_as(statement).bind(project).bind(i64::try_from(count).unwrap_or(i64::MAX));
    let rows: Vec<IncidentRow> = rows.fetch_all(connection).await?;
    Ok(rows.into_iter().filter_map(|IncidentRow(incident)| incident).collect())
}

impl<'r> FromRow<'r, AnyRow> for IncidentRow {
    fn from_row(row: &'r AnyRow) -> sqlx::Result<Self> {
        let id: String = row.try_get("application_id")?;
        let Some(application) = ApplicationKey::parse(&id) else { return Ok(Self(None)) };
        Ok(Self(Some(ApplicationIncident {
            application,
            key: row.try_get("key")?,
            opened_at: seconds(row.try_get("opened_at")?),
            resolved_at: seconds_if_any(row.try_get("resolved_at")?),
            severity: HealthStatus::of_number(row.try_get("severity")?),
        })))
    }
}

/// Stores a change of an incident. Returns false if it is already stored, or impossible: a resolved incident
/// stays resolved, and an application has at most one open incident.
pub(super) async fn remember(
    transaction: &mut AnyConnection,
    project: &str,
    change: &IncidentChange,
    now: u32,
) -> SettingsResult<bool> {
    match change.what {
        IncidentTransition::Opened => insert(transaction, project, &change.incident).await,
        IncidentTransition::Changed => {
            let statement = "UPDATE incident SET severity = $1
                WHERE project_id = $2 AND key = $3 AND resolved_at = 0 AND severity <> $1";
            let severity = i64::from(change.incident.severity.number());
            update(transaction, statement, severity, project, &change.incident.key).await
        }
        IncidentTransition::Resolved => {
            let statement = "UPDATE incident SET resolved_at = $1
                WHERE project_id = $2 AND key = $3 AND resolved_at = 0";
            let resolved_at = i64::from(change.incident.resolved_at.unwrap_or(now));
            update(transaction, statement, resolved_at, project, &change.incident.key).await
        }
    }
}

async fn update(
    transaction: &mut AnyConnection,
    statement: &'static str,
    to: i64,
    project: &str,
    key: &str,
) -> SettingsResult<bool> {
    let update = query(statement).bind(to).bind(project).bind(key);
    Ok(update.execute(transaction).await?.rows_affected() > 0)
}

async fn insert(
    transaction: &mut AnyConnection,
    project: &str,
    incident: &ApplicationIncident,
) -> SettingsResult<bool> {
    let (earlier, later) = spellings(project, &incident.application);
    let open = "SELECT COUNT(*) FROM incident
        WHERE project_id = $1 AND application_id IN ($2, $3) AND resolved_at = 0";
    let open = query_scalar(open).bind(project).bind(&earlier).bind(&later);
    let open: i64 = open.fetch_one(&mut *transaction).await?;
    if open > 0 {
        return Ok(false);
    }
    let statement = "INSERT INTO incident (project_id, application_id, key, opened_at, resolved_at, severity)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let inserted = query(statement)
        .bind(project)
        .bind(&earlier)
        .bind(&incident.key)
        .bind(i64::from(incident.opened_at))
        .bind(i64::from(incident.resolved_at.unwrap_or_default()))
        .bind(i64::from(incident.severity.number()))
        .execute(&mut *transaction)
        .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    let opened_at = i64::from(incident.opened_at);
    written_rows::note_inserted(transaction, project, WrittenKind::Incident, &incident.key, opened_at)
        .await?;
    Ok(true)
}
