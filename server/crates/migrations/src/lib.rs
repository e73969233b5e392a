//! Makes the migrations of a database that are part of the program.
//!
//! `sqlx::migrate!` would do the same. It needs all macros of `sqlx`, and with them both drivers and SQLite
//! are built a second time, for the compiler.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Returns the migrations of a database, each given by its version, its description and its statements. A
/// file has the first two in its name: `0001_projects_and_settings.sql`.
#[must_use]
pub fn embedded_migrations(files: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |&(version, description, statements): &(i64, &'static str, &'static str)| {
        Migration::new(version, description.into(), MigrationType::Simple, statements.into_sql_str(), false)
    };
    Migrator::with_migrations(files.iter().map(migration).collect())
}
