//! Inserts the rows of many reports with one statement a table.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Sqlite, SqliteConnection, query_builder::Separated};

use super::{IncomingReport, report_periods::PeriodFindings, signed};
use crate::report_day::ReportMoment;

/// The most rows of one statement, which has at most 32,766 parameters.
pub(super) const ROWS_AT_ONCE: usize = 1000;

/// Binds the values of a row.
pub(super) type RowBinder<'a> = Separated<'a, Sqlite, &'static str>;

/// A report that is about to be inserted.
#[derive(Debug)]
pub(super) struct AcceptedReport<'a> {
    /// The report.
    pub(super) arrived: &'a IncomingReport,
    /// What it counts as.
    pub(super) product: String,
    /// When it was made.
    pub(super) moment: ReportMoment,
    /// What its time shows.
    pub(super) findings: PeriodFindings,
}

/// Inserts rows. `insert` is a statement up to its values, `ending` what comes after them.
pub(super) async fn insert_rows<T>(
    connection: &mut SqliteConnection,
    insert: &str,
    rows: &[T],
    bind: impl Fn(&mut RowBinder<'_>, &T),
    ending: &str,
) -> sqlx::Result<()> {
    for some in rows.chunks(ROWS_AT_ONCE) {
        // The text depends on the number of rows, so it is not worth keeping.
        statement(insert, some, &bind, ending).build().persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

fn statement<T>(
    insert: &str,
    rows: &[T],
    bind: impl Fn(&mut RowBinder<'_>, &T),
    ending: &str,
) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(format!("{insert} "));
    statement.push_values(rows, |mut row, values| bind(&mut row, values));
    statement.push(format_args!(" {ending}"));
    statement
}

const INSERT_REPORTS: &str =
    "INSERT INTO report (id, instance, received_at, bytes, set_aside, digest, replica,
    period_from, period_to, doubted, product, day)";

/// Inserts the rows of reports with different ids, in their order, at most [`ROWS_AT_ONCE`]. Returns the number
/// of each by its id.
pub(super) async fn insert_reports(
    connection: &mut SqliteConnection,
    reports: &[AcceptedReport<'_>],
) -> sqlx::Result<HashMap<String, i64>> {
    if reports.is_empty() {
        return Ok(HashMap::new());
    }
    let mut insert = statement(INSERT_REPORTS, reports, bind_report, "RETURNING id, seq");
    let rows: Vec<(String, i64)> = insert.build_query_as().persistent(false).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

fn bind_report(row: &mut RowBinder<'_>, accepted: &AcceptedReport<'_>) {
    let AcceptedReport { arrived, product, moment, findings: _ } = accepted;
    let IncomingReport { id, at, replica, report, .. } = arrived;
    row.push_bind(id.as_str())
        .push_bind(report.instance.to_string())
        .push_bind(signed(at.at))
        .push_bind(signed(report.bytes))
        .push_bind(signed(report.set_aside.total()))
        .push_bind(report.digest.as_slice())
        .push_bind(*replica)
        .push_bind(report.period.map(|period| period.from))
        .push_bind(report.period.map(|period| period.to))
        .push_bind(at.doubted)
        .push_bind(product.as_str())
        .push_bind(moment.day.days_since_epoch());
}

const INSERT_INSTANCES: &str = "INSERT INTO instance (instance, version, database_type, first_seen_at,
    last_seen_at, reports, users, page_views, set_aside, latest_seq, latest_id, overlaps, commitment)";

/// The first commitment stays.
const UPDATE_INSTANCES: &str = "ON CONFLICT (instance) DO UPDATE SET
    version = excluded.version, database_type = excluded.database_type,
    last_seen_at = excluded.last_seen_at, reports = reports + 1,
    users = excluded.users, page_views = excluded.page_views,
    set_aside = set_aside + excluded.set_aside,
    latest_seq = excluded.latest_seq, latest_id = excluded.latest_id,
    overlaps = overlaps + excluded.overlaps,
    commitment = coalesce(commitment, excluded.commitment)";

/// Counts inserted reports, each with its number, for their installations.
pub(super) async fn insert_instances(
    connection: &mut SqliteConnection,
    reports: &[(&AcceptedReport<'_>, i64)],
) -> sqlx::Result<()> {
    insert_rows(connection, INSERT_INSTANCES, reports, bind_instance, UPDATE_INSTANCES).await
}

fn bind_instance(row: &mut RowBinder<'_>, (accepted, seq): &(&AcceptedReport<'_>, i64)) {
    let IncomingReport { id, at, report, commitment, .. } = accepted.arrived;
    row.push_bind(report.instance.to_string())
        .push_bind(report.version.as_str())
        .push_bind(report.database_type)
        .push_bind(signed(at.at))
        .push_bind(signed(at.at))
        .push_bind(1)
        .push_bind(signed(report.browsers.len() as u64))
        .push_bind(signed(report.page_views))
        .push_bind(signed(report.set_aside.total()))
        .push_bind(*seq)
        .push_bind(id.as_str())
        .push_bind(i64::from(accepted.findings.overlaps))
        .push_bind(commitment.map(Vec::from));
}
