//! Reads the latest notifications of a project.

use headcount_health::health_status::HealthStatus;
use headcount_topology::application_key::ApplicationKey;
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use crate::store::{
    database_schema::DatabaseSchema,
    history::{destination_name, latest_records::PastNotification},
    store_error::SettingsResult,
    stored_time::{seconds, seconds_if_any},
    unnamed_statement::query_as,
};

/// A stored row; `None` if it is another program's and has no meaning here.
struct PastNotificationRow(Option<PastNotification>);

/// The last `count` notifications of a project, newest first; empty without such a table.
pub(in crate::store) async fn newest(
    connection: &mut AnyConnection,
    schema: &DatabaseSchema,
    project: &str,
    count: usize,
) -> SettingsResult<Vec<PastNotification>> {
    if !schema.has("incident_notification", "sent_at") {
        return Ok(Vec::new());
    }
    let statement = "SELECT application_id, incident_key, status, destination, timestamp, sent_at
        FROM incident_notification WHERE project_id = $1
        ORDER BY timestamp DESC, incident_key, destination LIMIT $2";
    let rows = query_as(statement).bind(project).bind(i64::try_from(count).unwrap_or(i64::MAX));
    let rows: Vec<PastNotificationRow> = rows.fetch_all(connection).await?;
    Ok(rows.into_iter().filter_map(|PastNotificationRow(row)| row).collect())
}

impl<'r> FromRow<'r, AnyRow> for PastNotificationRow {
    fn from_row(row: &'r AnyRow) -> sqlx::Result<Self> {
        let (application, to): (String, String) =
            (row.try_get("application_id")?, row.try_get("destination")?);
        let (application, kind) = (ApplicationKey::parse(&application), destination_name::kind(&to));
        let (Some(application), Some(destination)) = (application, kind) else { return Ok(Self(None)) };
        Ok(Self(Some(PastNotification {
            application,
            incident_key: row.try_get("incident_key")?,
            status: HealthStatus::of_number(row.try_get("status")?),
            destination,
            timestamp: seconds(row.try_get("timestamp")?),
            sent_at: seconds_if_any(row.try_get("sent_at")?),
        })))
    }
}
