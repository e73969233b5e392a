//! Upgrades a database before anything else uses it.

use std::{path::Path, sync::LazyLock};

use headcount_migrations::embedded_migrations;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    migrate::{MigrateError, Migrator},
    sqlite::SqliteConnectOptions,
};
use tokio::task;

use super::rewrite_file::{is_rewritten, remove_unfinished, rewrite_file};
use crate::{CollectorOpenError, prepared_report::encode_old_counts};

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    embedded_migrations(&[
        (1, "reports", include_str!("../../migrations/0001_reports.sql")),
        (2, "evidence", include_str!("../../migrations/0002_evidence.sql")),
    ])
});

/// Databases up to this size are checked completely at the start. Larger ones take too long, and damage in
/// them is found when the damaged part is used.
const CHECKED_BYTES: u64 = 256 * 1024 * 1024;

/// The number of rows of the first version that are converted in one transaction. Each has up to 8 MiB.
const CHANGED_AT_ONCE: i64 = 32;

const DAMAGED: &str = "the check found damage";

/// Creates the database at `path`, or upgrades one of an earlier version. If this is interrupted, the next
/// start continues.
///
/// # Errors
/// [`CollectorOpenError`], but never because of the directory.
pub(super) async fn bring_up_to_date(
    path: &Path,
    options: &SqliteConnectOptions,
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
    change_old_counts(&mut connection).await.map_err(refused)?;
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

/// Converts the counts of version 0.1.0 to the form of this version, a few rows at a time.
async fn change_old_counts(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let is_there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'old_counts')";
    let is_there: bool = sqlx::query_scalar(is_there).fetch_one(&mut *connection).await?;
    if !is_there {
        return Ok(());
    }
    loop {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("SELECT seq, payload FROM old_counts ORDER BY seq LIMIT ?")
                .bind(CHANGED_AT_ONCE)
                .fetch_all(&mut *connection)
                .await?;
        let Some(last) = rows.last().map(|(seq, _)| *seq) else { break };
        let changed = task::spawn_blocking(move || rows.into_iter().map(changed).collect::<Vec<_>>());
        let changed = changed.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        for (seq, counts) in changed {
            let insert = sqlx::query("INSERT INTO counts (seq, zstd) VALUES (?, ?)").bind(seq).bind(counts);
            insert.execute(&mut *transaction).await?;
        }
        let remove = sqlx::query("DELETE FROM old_counts WHERE seq <= ?").bind(last);
        remove.execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    sqlx::query("DROP TABLE old_counts").execute(connection).await?;
    Ok(())
}

/// The counts of a row in the form of this version; empty if they cannot be read.
fn changed((seq, payload): (i64, String)) -> (i64, Vec<u8>) {
    (seq, encode_old_counts(&payload).unwrap_or_default())
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
    async fn every_file_is_a_migration() {
        assert_complete(&MIGRATIONS, &Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations")).await;
    }
}
