//! Reads and writes rows of notifications.
//!
//! The table has no key. A notification is identified by its incident, status, destination and time. Later
//! versions of Coroot append a channel to the destination.

use headcount_health::health_status::HealthStatus;
use headcount_topology::application_key::ApplicationKey;
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use crate::{
    notifications::{IncidentNotification, NotificationDetails},
    store::{
        history::{
            destination_name,
            ledger::{self, LedgerFact},
            written_rows::{self, WrittenKind, notification_record},
        },
        store_error::SettingsResult,
        stored_time::seconds,
        unnamed_statement::{query, query_as, query_scalar},
    },
};

/// The most notifications that are read at once. The rest follows when these are sent or expired.
const WAITING: i64 = 1000;

/// A stored row; `None` if it cannot be sent.
struct WaitingNotificationRow(Option<IncidentNotification>);

pub(in crate::store) async fn enqueue(
    transaction: &mut AnyConnection,
    notification: &IncidentNotification,
) -> SettingsResult<()> {
    let statement = "INSERT INTO incident_notification
        (project_id, application_id, incident_key, status, destination, timestamp, sent_at, external_key, details)
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)";
    query(statement)
        .bind(&notification.project)
        .bind(notification.application.to_string())
        .bind(&notification.incident_key)
        .bind(i64::from(notification.status.number()))
        .bind(notification.destination.name())
        .bind(i64::from(notification.timestamp))
        .bind(&notification.external_key)
        .bind(serde_json::to_string(&notification.details)?)
        .execute(&mut *transaction)
        .await?;
    let IncidentNotification { project, incident_key, status, destination, timestamp, .. } = notification;
    let record = notification_record(incident_key, destination.name(), i64::from(status.number()));
    let at = i64::from(*timestamp);
    written_rows::note_inserted(transaction, project, WrittenKind::Notification, &record, at).await
}

/// Unsent notifications, oldest first. Two that differ only in the channel count as one.
pub(super) async fn waiting(
    connection: &mut AnyConnection,
    since: u32,
) -> SettingsResult<Vec<IncidentNotification>> {
    let statement = "SELECT project_id, application_id, incident_key, status, destination, timestamp,
            external_key, details
        FROM incident_notification WHERE sent_at = 0 AND timestamp >= $1
        ORDER BY timestamp, project_id, incident_key, destination LIMIT $2";
    let rows = query_as(statement).bind(i64::from(since)).bind(WAITING);
    let rows: Vec<WaitingNotificationRow> = rows.fetch_all(connection).await?;
    let mut waiting: Vec<IncidentNotification> =
        rows.into_iter().filter_map(|WaitingNotificationRow(row)| row).collect();
    waiting.dedup();
    Ok(waiting)
}

impl<'r> FromRow<'r, AnyRow> for WaitingNotificationRow {
    fn from_row(row: &'r AnyRow) -> sqlx::Result<Self> {
        let (application, to): (String, String) =
            (row.try_get("application_id")?, row.try_get("destination")?);
        let (application, kind) = (ApplicationKey::parse(&application), destination_name::kind(&to));
        let (Some(application), Some(destination)) = (application, kind) else { return Ok(Self(None)) };
        let details: Option<String> = row.try_get("details")?;
        Ok(Self(Some(IncidentNotification {
            project: row.try_get("project_id")?,
            application,
            incident_key: row.try_get("incident_key")?,
            status: HealthStatus::of_number(row.try_get("status")?),
            destination,
            timestamp: seconds(row.try_get("timestamp")?),
            external_key: row.try_get::<Option<String>, _>("external_key")?.unwrap_or_default(),
            details: details.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        })))
    }
}

/// The destination's id of the conversation, from the last notification that was sent to it about this
/// incident; empty without one.
pub(super) async fn conversation(
    connection: &mut AnyConnection,
    notification: &IncidentNotification,
) -> SettingsResult<String> {
    let statement = "SELECT external_key FROM incident_notification
        WHERE project_id = $1 AND incident_key = $2 AND (destination = $3 OR destination LIKE $4)
            AND sent_at > 0 AND external_key <> ''
        ORDER BY timestamp DESC, sent_at DESC LIMIT 1";
    let to = notification.destination.name();
    let found: Option<String> = query_scalar(statement)
        .bind(&notification.project)
        .bind(&notification.incident_key)
        .bind(to)
        .bind(format!("{to}:%"))
        .fetch_optional(connection)
        .await?;
    Ok(found.unwrap_or_default())
}

/// Marks a notification as done. Returns false if it is already done, or gone.
pub(super) async fn stamp(
    transaction: &mut AnyConnection,
    notification: &IncidentNotification,
    at: u32,
    external_key: &str,
) -> SettingsResult<bool> {
    let statement = "UPDATE incident_notification SET sent_at = $1, external_key = $2
        WHERE project_id = $3 AND incident_key = $4 AND (destination = $5 OR destination LIKE $6)
            AND status = $7 AND timestamp = $8 AND sent_at = 0";
    let to = notification.destination.name();
    let stamped = query(statement)
        .bind(i64::from(at))
        .bind(external_key)
        .bind(&notification.project)
        .bind(&notification.incident_key)
        .bind(to)
        .bind(format!("{to}:%"))
        .bind(i64::from(notification.status.number()))
        .bind(i64::from(notification.timestamp))
        .execute(transaction)
        .await?;
    Ok(stamped.rows_affected() > 0)
}

/// Adds a sent notification to the ledger.
pub(super) async fn note(
    transaction: &mut AnyConnection,
    notification: &IncidentNotification,
    at: u32,
) -> SettingsResult<()> {
    let IncidentNotification { project, incident_key, status, destination, timestamp, .. } = notification;
    let to = destination.name();
    let item = format!("notification/{incident_key}/{to}/{}/{timestamp}", status.number());
    ledger::note(transaction, project, &item, &LedgerFact::Notification(*destination), at).await
}

/// Notifications that were sent at a time or later, with their times.
pub(super) async fn sent_since(
    connection: &mut AnyConnection,
    since: u32,
) -> SettingsResult<Vec<(IncidentNotification, u32)>> {
    let statement = "SELECT project_id, incident_key, status, destination, timestamp, sent_at
        FROM incident_notification WHERE sent_at > 0 AND sent_at >= $1";
    let rows: Vec<(String, String, i64, String, i64, i64)> =
        query_as(statement).bind(i64::from(since)).fetch_all(connection).await?;
    let sent = rows.into_iter().filter_map(|(project, incident_key, status, to, timestamp, sent_at)| {
        let notification = IncidentNotification {
            project,
            application: ApplicationKey::default(),
            incident_key,
            status: HealthStatus::of_number(status),
            destination: destination_name::kind(&to)?,
            timestamp: seconds(timestamp),
            external_key: String::new(),
            details: NotificationDetails::default(),
        };
        Some((notification, seconds(sent_at)))
    });
    Ok(sent.collect())
}
