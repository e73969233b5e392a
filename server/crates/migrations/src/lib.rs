//! Makes the migrations that are part of the program.
//!
//! `sqlx::migrate!` would do the same. It needs all macros of `sqlx`, and with them both drivers and SQLite
//! are built a second time, for the compiler.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Returns the migrations of a database, each given by its version, its description and its statements.
#[must_use]
pub fn embedded_migrations(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |&(version, description, statements): &(i64, &'static str, &'static str)| {
        Migration::new(version, description.into(), MigrationType::Simple, statements.into_sql_str(), false)
    };
    Migrator::with_migrations(files.iter().map(migration).collect())
}

/// Checks that a migrator has the version, the description and the statements of every file in a directory.
///
/// # Panics
/// A file is missing in the migrator, or differs.
#[cfg(feature = "test-support")]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
pub async fn assert_complete(migrator: &Migrator, directory: &std::path::Path) {
    let files = Migrator::new(directory).await.unwrap();
    let told = |migrator: &Migrator| -> Vec<(i64, String, Vec<u8>)> {
        let told = |one: &Migration| (one.version, one.description.to_string(), one.checksum.to_vec());
        migrator.iter().map(told).collect()
    };
    assert_eq!(told(migrator), told(&files));
}
