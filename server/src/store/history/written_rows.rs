//! Records in the table `headcount_written` which rows of Coroot's tables this program wrote.
//!
//! A database may contain rows of Coroot and of this program side by side. Each insertion into a table of
//! Coroot, and each column filled in there, is recorded in the same transaction, so that it can be deleted
//! while the rows of Coroot stay.

mod earlier_records;

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

pub(in crate::store) use self::earlier_records::{EarlierRecords, note_earlier};
use crate::store::{
    store_error::SettingsResult,
    unnamed_statement::{query, query_as},
};

/// The tables whose rows are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrittenKind {
    /// `application_deployment`, by application and start.
    Rollout,
    /// `incident`, by key and time of opening.
    Incident,
    /// `incident_notification`, by [`notification_record`] and time.
    Notification,
}

/// The number of rows in each table that this program wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WrittenRows {
    /// Rollouts, with their snapshots.
    pub rollouts: u64,
    /// Incidents.
    pub incidents: u64,
    /// Notifications, sent and waiting.
    pub notifications: u64,
}

/// The columns of a rollout of Coroot before this program filled them in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RolloutBefore {
    pub(super) name: String,
    pub(super) finished_at: i64,
    pub(super) metrics_snapshot: Option<String>,
}

const DELETE_ROLLOUTS: &str = "DELETE FROM application_deployment WHERE EXISTS (
    SELECT 1 FROM headcount_written AS written
    WHERE written.kind = 'rollout' AND written.held_before IS NULL
    AND written.project_id = application_deployment.project_id
    AND written.record = application_deployment.application_id
    AND written.record_at = application_deployment.started_at)";

const DELETE_INCIDENTS: &str = "DELETE FROM incident WHERE EXISTS (
    SELECT 1 FROM headcount_written AS written
    WHERE written.kind = 'incident' AND written.project_id = incident.project_id
    AND written.record = incident.key AND written.record_at = incident.opened_at)";

/// The record has the form of [`notification_record`].
const DELETE_NOTIFICATIONS: &str = "DELETE FROM incident_notification WHERE EXISTS (
    SELECT 1 FROM headcount_written AS written
    WHERE written.kind = 'notification' AND written.project_id = incident_notification.project_id
    AND written.record = incident_notification.incident_key || '/' || incident_notification.destination
        || '/' || CAST(incident_notification.status AS TEXT)
    AND written.record_at = incident_notification.timestamp)";

impl WrittenKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Rollout => "rollout",
            Self::Incident => "incident",
            Self::Notification => "notification",
        }
    }
}

/// Identifies a notification, which has no key.
pub(super) fn notification_record(incident_key: &str, destination: &str, status: i64) -> String {
    format!("{incident_key}/{destination}/{status}")
}

/// Records that this program inserted a row.
pub(super) async fn note_inserted(
    transaction: &mut AnyConnection,
    project: &str,
    kind: WrittenKind,
    record: &str,
    at: i64,
) -> SettingsResult<()> {
    note(transaction, project, kind, record, at, None).await
}

/// Records that this program fills in a rollout, which contained `before`. A row that this program inserted
/// needs no second record, and of several changes the first one counts.
pub(super) async fn note_filled_in(
    transaction: &mut AnyConnection,
    project: &str,
    application: &str,
    started_at: i64,
    before: &RolloutBefore,
) -> SettingsResult<()> {
    let before = serde_json::to_string(before)?;
    note(transaction, project, WrittenKind::Rollout, application, started_at, Some(before)).await
}

async fn note(
    transaction: &mut AnyConnection,
    project: &str,
    kind: WrittenKind,
    record: &str,
    at: i64,
    before: Option<String>,
) -> SettingsResult<()> {
    let statement = "INSERT INTO headcount_written (project_id, kind, record, record_at, held_before)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let insert = query(statement).bind(project).bind(kind.name()).bind(record).bind(at).bind(before);
    insert.execute(transaction).await?;
    Ok(())
}

/// The number of rows that [`delete_all`] would delete.
pub(super) async fn count(connection: &mut AnyConnection) -> SettingsResult<WrittenRows> {
    let statement = "SELECT kind, COUNT(*) FROM headcount_written WHERE held_before IS NULL GROUP BY kind";
    let counts: Vec<(String, i64)> = query_as(statement).fetch_all(connection).await?;
    let of = |kind: WrittenKind| {
        let count = counts.iter().find(|(name, _)| name == kind.name()).map(|(_, count)| *count);
        count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default()
    };
    Ok(WrittenRows {
        rollouts: of(WrittenKind::Rollout),
        incidents: of(WrittenKind::Incident),
        notifications: of(WrittenKind::Notification),
    })
}

/// Deletes every row that this program inserted, and restores the rollouts of Coroot. What was sent about an
/// incident of Coroot stays marked as sent; it would be sent again otherwise.
pub(in crate::store) async fn delete_all(transaction: &mut AnyConnection) -> SettingsResult<()> {
    for statement in [DELETE_NOTIFICATIONS, DELETE_INCIDENTS, DELETE_ROLLOUTS] {
        query(statement).execute(&mut *transaction).await?;
    }
    give_back(transaction).await?;
    query("DELETE FROM headcount_written").execute(transaction).await?;
    Ok(())
}

async fn give_back(transaction: &mut AnyConnection) -> SettingsResult<()> {
    let filled_in = "SELECT project_id, record, record_at, held_before FROM headcount_written
        WHERE kind = 'rollout' AND held_before IS NOT NULL";
    let filled_in: Vec<(String, String, i64, String)> =
        query_as(filled_in).fetch_all(&mut *transaction).await?;
    for (project, application, started_at, before) in filled_in {
        // A row whose record is unreadable stays as it is.
        let Ok(before) = serde_json::from_str::<RolloutBefore>(&before) else { continue };
        let statement = "UPDATE application_deployment SET name = $1, finished_at = $2, metrics_snapshot = $3
            WHERE project_id = $4 AND application_id = $5 AND started_at = $6";
        let update =
            query(statement).bind(before.name).bind(before.finished_at).bind(before.metrics_snapshot);
        update.bind(project).bind(application).bind(started_at).execute(&mut *transaction).await?;
    }
    Ok(())
}
