//! Upgrades a database before anything else uses it.

use std::{path::Path, sync::LazyLock};

use headcount_migrations::embedded_migrations;
use headcount_platform::joined::joined;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, FromRow, Row, SqliteConnection,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use tokio::task;
use uuid::Uuid;

use super::{
    place_old_raw::place_old_raw,
    raw_segments::RawSegments,
    rewrite_file::{is_rewritten, remove_unfinished, rewrite_file},
    typed_reports::{StoredTypedReport, insert_typed},
    unsigned,
};
use crate::{
    CollectorOpenError, collector_keys::CollectorKeys, prepared_report::encode_old_counts,
    report_day::ReportMoment,
};

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    embedded_migrations(&[
        (1, "reports", include_str!("../../migrations/0001_reports.sql")),
        (2, "evidence", include_str!("../../migrations/0002_evidence.sql")),
        (3, "deletion", include_str!("../../migrations/0003_deletion.sql")),
        (4, "fleet", include_str!("../../migrations/0004_fleet.sql")),
        (5, "raw segments", include_str!("../../migrations/0005_raw_segments.sql")),
        (6, "trust", include_str!("../../migrations/0006_trust.sql")),
        (7, "block rest", include_str!("../../migrations/0007_block_rest.sql")),
    ])
});

/// Databases up to this size are checked completely at the start. Larger ones take too long, and damage in
/// them is found when the damaged part is used.
const CHECKED_BYTES: u64 = 256 * 1024 * 1024;

/// The number of rows of an earlier version that are converted in one transaction. Each has up to 8 MiB.
const CHANGED_AT_ONCE: i64 = 32;

/// After how many converted rows to log the progress.
pub(super) const PROGRESS_EVERY: usize = 10_000;

const DAMAGED: &str = "the check found damage";

/// Creates the database at `path`, or upgrades one of an earlier version. If this is interrupted, the next
/// start continues.
///
/// # Errors
/// [`CollectorOpenError`], but never because of the directory.
pub(super) async fn bring_up_to_date(
    path: &Path,
    options: &SqliteConnectOptions,
    keys: &CollectorKeys,
    segments: &RawSegments,
) -> Result<(), CollectorOpenError> {
    let refused = |error: sqlx::Error| refused(path, &error);
    remove_unfinished(path).await;
    let mut connection = options.connect().await.map_err(refused)?;
    check(&mut connection, path).await.map_err(refused)?;
    MIGRATIONS.run(&mut connection).await.map_err(|error| match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
            CollectorOpenError::Newer { path: path.to_owned() }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => refused(error),
        error => CollectorOpenError::Database { path: path.to_owned(), reason: error.to_string() },
    })?;
    let is_rewritten = is_rewritten(&mut connection).await.map_err(refused)?;
    if !is_rewritten {
        tracing::info!(
            "rewriting the database of version 0.1.0 once, without dropped reports; this may take minutes"
        );
    }
    segments.reconcile(&mut connection).await.map_err(refused)?;
    place_old_raw(&mut connection, segments).await.map_err(refused)?;
    type_old_counts(&mut connection, keys).await.map_err(refused)?;
    // Closing the last connection removes the write-ahead log.
    if is_rewritten { connection.close().await.map_err(refused) } else { rewrite(path, connection).await }
}

/// Rewrites the file. The collector also runs if that fails.
async fn rewrite(path: &Path, connection: SqliteConnection) -> Result<(), CollectorOpenError> {
    if let Err(error) = rewrite_file(path, connection).await {
        tracing::error!(%error, "the database cannot be rewritten, so dropped reports may still be in the file; \
            the next start tries again");
        remove_unfinished(path).await;
    }
    Ok(())
}

/// Fails if the database is damaged or cannot be written.
async fn check(connection: &mut SqliteConnection, path: &Path) -> sqlx::Result<()> {
    connection.begin_with("BEGIN IMMEDIATE").await?.rollback().await?;
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    if bytes > CHECKED_BYTES {
        return Ok(());
    }
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await?;
    if verdict == "ok" { Ok(()) } else { Err(sqlx::Error::Protocol(DAMAGED.to_owned())) }
}

/// What earlier versions kept of reports: the table and its column, of version 0.1.0 and of 0.2.0.
const OLD_COUNTS: [(&str, &str); 2] = [("old_counts", "CAST(payload AS BLOB)"), ("untyped_counts", "zstd")];

/// A row of an earlier version, and what is known of its report.
struct OldCounts {
    seq: i64,
    counts: Vec<u8>,
    id: String,
    instance: String,
    received_at: i64,
    replica: bool,
    product: String,
}

impl FromRow<'_, SqliteRow> for OldCounts {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            seq: row.try_get("seq")?,
            counts: row.try_get("counts")?,
            id: row.try_get("id")?,
            instance: row.try_get("instance")?,
            received_at: row.try_get("received_at")?,
            replica: row.try_get("replica")?,
            product: row.try_get("product")?,
        })
    }
}

/// Converts the counts of earlier versions to typed reports, a few rows at a time.
async fn type_old_counts(connection: &mut SqliteConnection, keys: &CollectorKeys) -> sqlx::Result<()> {
    for (table, column) in OLD_COUNTS {
        if has_table(connection, table).await? {
            type_counts_of(connection, table, column, keys).await?;
        }
    }
    Ok(())
}

/// Whether the database has a table.
pub(super) async fn has_table(connection: &mut SqliteConnection, table: &str) -> sqlx::Result<bool> {
    let is_there = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?)");
    is_there.bind(table).fetch_one(connection).await
}

async fn type_counts_of(
    connection: &mut SqliteConnection,
    table: &str,
    column: &str,
    keys: &CollectorKeys,
) -> sqlx::Result<()> {
    let count = format!("SELECT count(*) FROM {table}");
    let all: i64 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut *connection).await?;
    if all > 0 {
        tracing::info!(
            reports = all,
            "converting reports of an earlier version; an interruption loses nothing"
        );
    }
    let select = format!(
        "SELECT seq, {column} AS counts, id, instance, received_at, replica, product
            FROM {table} JOIN report USING (seq) ORDER BY seq LIMIT {CHANGED_AT_ONCE}"
    );
    let mut done = 0;
    loop {
        let rows: Vec<OldCounts> =
            sqlx::query_as(AssertSqlSafe(select.clone())).fetch_all(&mut *connection).await?;
        let Some(last) = rows.last().map(|row| row.seq) else { break };
        let batch = rows.len();
        done += batch;
        let types = move || rows.into_iter().map(typed_counts).collect::<Vec<_>>();
        let typed = joined(task::spawn_blocking(types)).await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let reports: Vec<_> = typed
            .iter()
            .filter_map(|(row, typed)| {
                // Counts that cannot be read are damaged, and so is their report.
                Some(StoredTypedReport {
                    product: &row.product,
                    moment: ReportMoment::new(&row.id, unsigned(row.received_at)),
                    installation: keys.installation(Uuid::try_parse(&row.instance).ok()?),
                    seq: row.seq,
                    is_replica: row.replica,
                    typed: typed.as_ref()?,
                })
            })
            .collect();
        insert_typed(&mut transaction, &reports).await?;
        let remove = sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE seq <= ?"))).bind(last);
        remove.execute(&mut *transaction).await?;
        transaction.commit().await?;
        if (done / PROGRESS_EVERY) > (done - batch) / PROGRESS_EVERY {
            tracing::info!("{done} of {all} reports are converted");
        }
    }
    sqlx::query(AssertSqlSafe(format!("DROP TABLE {table}"))).execute(connection).await?;
    Ok(())
}

/// The typed form of a row; `None` if it cannot be read.
fn typed_counts(row: OldCounts) -> (OldCounts, Option<Vec<u8>>) {
    let json = match row.counts.first() {
        Some(b'{') => Some(row.counts.clone()),
        _ => zstd::decode_all(row.counts.as_slice()).ok(),
    };
    let typed =
        json.and_then(|json| String::from_utf8(json).ok()).and_then(|json| encode_old_counts(&json).ok());
    (row, typed)
}

/// Why a database cannot be opened.
pub(super) fn refused(path: &Path, error: &sqlx::Error) -> CollectorOpenError {
    let path = path.to_owned();
    // The low byte of an extended result code is the primary one: https://sqlite.org/rescode.html.
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        Some(11 | 26) => CollectorOpenError::Damaged { path },
        Some(8) => CollectorOpenError::ReadOnly { path },
        _ if matches!(error, sqlx::Error::Protocol(reason) if reason == DAMAGED) => {
            CollectorOpenError::Damaged { path }
        }
        _ => CollectorOpenError::Database { path, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headcount_migrations::assert_complete;

    #[tokio::test]
    async fn of_many_products_of_an_earlier_version_the_most_frequent_get_a_place() {
        const REPORTS: &str = "INSERT INTO report (id, instance, received_at, bytes, set_aside, product)
            WITH number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 100)
            SELECT product.n || '-' || report.n, '', 0, 0, 0, 'product-' || product.n
            FROM number AS product JOIN number AS report ON report.n <= product.n";
        let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        for migration in MIGRATIONS.iter() {
            if migration.description == "trust" {
                sqlx::query(REPORTS).execute(&mut database).await.unwrap();
            }
            sqlx::raw_sql(migration.sql.clone()).execute(&mut database).await.unwrap();
        }
        let mut numbers = Vec::new();
        for query in [
            "SELECT count(*) FROM product",
            "SELECT count(*) FROM product WHERE name IN ('coroot', 'product-100', 'product-38')",
            "SELECT count(*) FROM report WHERE product = 'other'",
            "SELECT count FROM ledger WHERE day = -1 AND product = 'other' AND entry = 'stored'",
            "SELECT count FROM ledger WHERE day = -1 AND product = 'product-38' AND entry = 'received'",
        ] {
            let number: i64 = sqlx::query_scalar(query).fetch_one(&mut database).await.unwrap();
            numbers.push(number);
        }
        let without_place = (1..=37).sum();
        assert_eq!(numbers, [64, 3, without_place, without_place, 38]);
    }

    #[tokio::test]
    async fn every_file_is_a_migration() {
        assert_complete(&MIGRATIONS, &Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations")).await;
    }
}
