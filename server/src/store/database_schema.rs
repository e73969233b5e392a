//! Detects which tables and columns the database has.
//!
//! Coroot's schema has no version number, so a reader has to inspect the database.

use std::collections::BTreeSet;

use headcount_shared::payload::DatabaseType;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::unnamed_statement::query_as;

/// The tables and columns at the time when the database was opened.
#[derive(Debug, Default)]
pub(super) struct DatabaseSchema(BTreeSet<(String, String)>);

const SQLITE: &str = "SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c
    WHERE t.type = 'table'";

const POSTGRES: &str =
    "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
    WHERE table_schema = ANY (current_schemas(false))";

/// The tables and columns that this program writes.
const WRITTEN: [(&str, &[&str]); 9] = [
    ("project", &["id", "name", "prometheus", "settings"]),
    ("settings", &["name", "value"]),
    ("check_configs", &["project_id", "application_id", "configs"]),
    ("incident", &["project_id", "application_id", "key", "opened_at", "resolved_at", "severity"]),
    (
        "incident_notification",
        &[
            "project_id",
            "application_id",
            "incident_key",
            "status",
            "destination",
            "timestamp",
            "sent_at",
            "external_key",
            "details",
        ],
    ),
    (
        "application_deployment",
        &[
            "project_id",
            "application_id",
            "name",
            "started_at",
            "finished_at",
            "details",
            "metrics_snapshot",
            "notifications",
        ],
    ),
    ("headcount_ledger", &["project_id", "item", "fact", "noted_at", "taken_by", "report_id", "settled"]),
    ("headcount_leader", &["id", "holder", "expires_at"]),
    ("headcount_written", &["project_id", "kind", "record", "record_at", "held_before"]),
];

impl DatabaseSchema {
    pub(super) async fn read(connection: &mut AnyConnection, kind: DatabaseType) -> sqlx::Result<Self> {
        let statement = match kind {
            DatabaseType::Sqlite => SQLITE,
            DatabaseType::Postgres => POSTGRES,
        };
        let columns = query_as(AssertSqlSafe(statement)).fetch_all(connection).await?;
        Ok(Self(columns.into_iter().collect()))
    }

    /// Whether a column exists.
    pub(super) fn has(&self, table: &str, column: &str) -> bool {
        // There are few tables, and a set of owned texts cannot be searched with a pair of borrowed ones.
        self.0.iter().any(|(name, of)| name == table && of == column)
    }

    /// The name of a text column, or, if it does not exist, an expression for a list of columns.
    pub(super) fn text(&self, table: &str, column: &'static str) -> &'static str {
        if self.has(table, column) { column } else { "CAST(NULL AS TEXT)" }
    }

    /// A required column that is missing, as `table.column`.
    pub(super) fn lacks(&self) -> Option<String> {
        let mut columns =
            WRITTEN.iter().flat_map(|(table, columns)| columns.iter().map(move |column| (*table, *column)));
        let (table, column) = columns.find(|(table, column)| !self.has(table, column))?;
        Some(format!("{table}.{column}"))
    }
}
