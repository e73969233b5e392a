//! Finds the rows of version 0.1.0, which did not record them.

use headcount_shared::payload::DatabaseType;
use sqlx::AnyConnection;

use crate::store::{
    database_schema::DatabaseSchema,
    unnamed_statement::{query, query_as},
};

/// The migration that created the table of records of written rows.
const NOTES: i64 = 4;

/// The migration that created the tables for rollouts, incidents and notifications.
const RECORDS: i64 = 2;

/// Tables that Coroot creates and this program does not.
const COROOTS: [(&str, &str); 3] =
    [("application_settings", "project_id"), ("users", "id"), ("dashboards", "project_id")];

/// The rows that an earlier version of this program wrote: those that began at this time or later, in Unix
/// seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct EarlierRecords {
    since: i64,
}

impl EarlierRecords {
    /// Looks for rows of an earlier version, before the migration that records rows. `None` if that migration
    /// was applied already, or no earlier version used the database.
    ///
    /// A database without tables of Coroot is this program's, with all its rows. In any other, the rows that
    /// began before the first start of this program are Coroot's.
    pub(in crate::store) async fn look(
        connection: &mut AnyConnection,
        schema: &DatabaseSchema,
        kind: DatabaseType,
    ) -> sqlx::Result<Option<Self>> {
        if !schema.has("_sqlx_migrations", "version") {
            return Ok(None);
        }
        let statement = match kind {
            DatabaseType::Sqlite => {
                "SELECT version, CAST(strftime('%s', installed_on) AS INTEGER) FROM _sqlx_migrations"
            }
            DatabaseType::Postgres => {
                "SELECT version, CAST(EXTRACT(EPOCH FROM installed_on) AS BIGINT) FROM _sqlx_migrations"
            }
        };
        let migrations: Vec<(i64, i64)> = query_as(statement).fetch_all(connection).await?;
        let made = |version: i64| migrations.iter().find(|(made, _)| *made == version);
        let (Some((_, first_start)), None) = (made(RECORDS), made(NOTES)) else { return Ok(None) };
        let is_coroots = COROOTS.iter().any(|(table, column)| schema.has(table, column));
        Ok(Some(Self { since: if is_coroots { *first_start } else { 0 } }))
    }
}

/// Records the rows of an earlier version. Repeating it changes nothing.
pub(in crate::store) async fn note_earlier(
    transaction: &mut AnyConnection,
    earlier: EarlierRecords,
) -> sqlx::Result<()> {
    let rollouts = "INSERT INTO headcount_written (project_id, kind, record, record_at)
        SELECT project_id, 'rollout', application_id, started_at FROM application_deployment
        WHERE started_at >= $1 ON CONFLICT DO NOTHING";
    let incidents = "INSERT INTO headcount_written (project_id, kind, record, record_at)
        SELECT project_id, 'incident', key, opened_at FROM incident
        WHERE opened_at >= $1 ON CONFLICT DO NOTHING";
    let notifications = "INSERT INTO headcount_written (project_id, kind, record, record_at)
        SELECT DISTINCT project_id, 'notification',
            incident_key || '/' || destination || '/' || CAST(status AS TEXT), timestamp
        FROM incident_notification WHERE timestamp >= $1 ON CONFLICT DO NOTHING";
    for statement in [rollouts, incidents, notifications] {
        query(statement).bind(earlier.since).execute(&mut *transaction).await?;
    }
    Ok(())
}
