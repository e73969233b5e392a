//! Makes the migrations that are part of the program.
//!
//! `sqlx::migrate!` would do the same. It needs all macros of `sqlx`, and with them both drivers and SQLite
//! are built a second time, for the compiler.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Returns the migrations of a database, each given by its version, its description and its statements.
pub(crate) fn embedded_migrations(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |&(version, description, statements): &(i64, &'static str, &'static str)| {
        Migration::new(version, description.into(), MigrationType::Simple, statements.into_sql_str(), false)
    };
    Migrator::with_migrations(files.iter().map(migration).collect())
}

/// The text of a file below `migrations`.
macro_rules! migration_file {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $path))
    };
}
pub(crate) use migration_file;

/// Checks that a migrator has every file of a directory below `migrations` under the name of the file, which
/// has the version and the description.
#[cfg(test)]
pub(crate) async fn assert_complete(migrator: &Migrator, directory: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(directory);
    let files = Migrator::new(path).await.unwrap();
    let told = |migrator: &Migrator| -> Vec<(i64, String, Vec<u8>)> {
        let told = |one: &Migration| (one.version, one.description.to_string(), one.checksum.to_vec());
        migrator.iter().map(told).collect()
    };
    assert_eq!(told(migrator), told(&files));
}
