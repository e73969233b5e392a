//! Rewrites a database without free pages.
//!
//! Version 0.1.0 did not overwrite deleted content, and its file never shrank. A copy is made beside the file
//! and takes its place by a rename, so that an interruption leaves one of the two. `VACUUM` in place would
//! need a temporary directory and a second copy in the log. The copy has `auto_vacuum`, which marks it as
//! rewritten.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use headcount_platform::{disk::private, joined::joined};
use sqlx::{Connection, SqliteConnection};
use tokio::task;

/// Whether a database was made or rewritten by a version that overwrites deleted content.
pub(super) async fn is_rewritten(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(connection).await?;
    Ok(mode != 0)
}

/// Rewrites the database at `path`. `connection` must be the only one to it, and is closed.
pub(super) async fn rewrite_file(path: &Path, mut connection: SqliteConnection) -> sqlx::Result<()> {
    let copy = copy_of(path);
    let made = copy.clone();
    blocking(move || private::touch(&made)).await?;
    let target = copy.to_str().ok_or_else(|| sqlx::Error::Protocol("the path is not UTF-8".to_owned()))?;
    // The copy gets the mode that the connection set.
    sqlx::query("VACUUM INTO ?").bind(target).execute(&mut connection).await?;
    connection.close().await?;
    let path = path.to_owned();
    blocking(move || replace(&path, &copy)).await
}

/// Removes a copy that was not finished.
pub(super) async fn remove_unfinished(path: &Path) {
    let copy = copy_of(path);
    // If this fails, making the copy fails, too, and reports why.
    blocking(move || fs::remove_file(copy)).await.ok();
}

fn copy_of(path: &Path) -> PathBuf {
    path.with_extension("sqlite.new")
}

/// Replaces the database with the copy, so that it survives a power cut.
fn replace(path: &Path, copy: &Path) -> io::Result<()> {
    let log = path.with_extension("sqlite-wal");
    if log.metadata().is_ok_and(|log| log.len() > 0) {
        // SQLite would take it for the log of the copy.
        return Err(io::Error::other("another program has the database open"));
    }
    File::open(copy)?.sync_all()?;
    fs::rename(copy, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> sqlx::Result<()> {
    Ok(joined(task::spawn_blocking(work)).await.flatten()?)
}
