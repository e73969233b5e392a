//! Migrates the tables in one transaction.
//!
//! `sqlx`'s own runner needs a session: it uses an advisory lock of the session and named statements, and
//! neither works behind a pooler in transaction mode. This one writes the same table of applied migrations,
//! so that either can follow the other.

use std::sync::LazyLock;

use headcount_migrations::embedded_migrations;
use headcount_shared::payload::DatabaseType;
use sqlx::{
    AnyConnection, Transaction,
    migrate::{Migrate, MigrateError, Migration, Migrator},
};

use super::{
    database_schema::DatabaseSchema,
    history::written_rows::{EarlierRecords, note_earlier},
    unnamed_statement::{query, query_as, query_scalar},
};

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    embedded_migrations(&[
        (
            1,
            "projects and settings",
            include_str!("../../migrations/settings/0001_projects_and_settings.sql"),
        ),
        (2, "records", include_str!("../../migrations/settings/0002_records.sql")),
        (3, "ledger", include_str!("../../migrations/settings/0003_ledger.sql")),
        (4, "written", include_str!("../../migrations/settings/0004_written.sql")),
        (5, "leader", include_str!("../../migrations/settings/0005_leader.sql")),
    ])
});

/// Applies the missing migrations, and records what an earlier version wrote without a record. Nothing takes
/// effect unless the transaction is committed.
pub(super) async fn apply_missing(
    transaction: &mut Transaction<'static, sqlx::Any>,
    kind: DatabaseType,
) -> Result<(), MigrateError> {
    if kind == DatabaseType::Postgres {
        exclude_other_servers(transaction).await?;
    }
    let schema = DatabaseSchema::read(transaction, kind).await?;
    let earlier = EarlierRecords::look(transaction, &schema, kind).await?;
    transaction.ensure_migrations_table(&MIGRATIONS.table_name).await?;
    let statement = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
    let applied: Vec<(i64, Vec<u8>)> = query_as(statement).fetch_all(&mut **transaction).await?;
    for migration in missing(&applied, MIGRATIONS.iter())? {
        apply(transaction, migration).await?;
    }
    if let Some(earlier) = earlier {
        note_earlier(transaction, earlier).await?;
    }
    Ok(())
}

/// Waits until no other server migrates. SQLite needs no lock, since only one transaction can write.
async fn exclude_other_servers(connection: &mut AnyConnection) -> sqlx::Result<()> {
    // The number of the lock of versions with sqlx's runner.
    const SQLX: i64 = 0x3d32_ad9e;
    let database: String =
        query_scalar("SELECT CAST(current_database() AS TEXT)").fetch_one(&mut *connection).await?;
    let lock = SQLX * i64::from(crc32fast::hash(database.as_bytes()));
    query("SELECT pg_advisory_xact_lock($1)").bind(lock).execute(connection).await?;
    Ok(())
}

/// The migrations that have not been applied.
fn missing<'m>(
    applied: &[(i64, Vec<u8>)],
    known: impl Iterator<Item = &'m Migration>,
) -> Result<Vec<&'m Migration>, MigrateError> {
    let known: Vec<&Migration> = known.collect();
    for (version, checksum) in applied {
        let migration = known.iter().find(|migration| migration.version == *version);
        let migration = migration.ok_or(MigrateError::VersionMissing(*version))?;
        if *migration.checksum != **checksum {
            return Err(MigrateError::VersionMismatch(*version));
        }
    }
    let is_applied =
        |migration: &&Migration| applied.iter().any(|(version, _)| *version == migration.version);
    Ok(known.into_iter().filter(|migration| !is_applied(migration)).collect())
}

async fn apply(connection: &mut AnyConnection, migration: &Migration) -> Result<(), MigrateError> {
    sqlx::raw_sql(migration.sql.clone()).execute(&mut *connection).await?;
    let statement = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES ($1, $2, TRUE, $3, -1)";
    let insert = query(statement).bind(migration.version).bind(migration.description.to_string());
    insert.bind(migration.checksum.to_vec()).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use headcount_migrations::assert_complete;

    use super::*;

    #[tokio::test]
    async fn every_file_is_a_migration() {
        assert_complete(&MIGRATIONS, &Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/settings"))
            .await;
    }
}
