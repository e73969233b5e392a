//! Tests of what can be opened, and of the errors for the rest.

use super::{postgres::TestPostgres, *};

on_both! {
    async fn a_database_of_a_newer_program_is_refused(place) {
        place.open().await.close().await;
        place
            .execute("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                SELECT 9999, 'future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1")
            .await;
        assert!(matches!(SettingsStore::open(&place.source(false)).await, Err(DatabaseOpenError::Newer(_))));
    }

    async fn a_database_of_a_coroot_that_cannot_be_written_to_is_refused_with_a_way_out(place) {
        place.execute("CREATE TABLE project (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, prometheus TEXT)").await;
        let error = SettingsStore::open(&place.source(false)).await.unwrap_err().to_string();
        assert!(error.contains("--read-only-settings") && error.contains("project.settings"), "{error}");
        assert_eq!(place.read().await.overview().await.unwrap(), []);
    }

    async fn nothing_that_is_printed_says_where_the_database_is(place) {
        let settings = place.open().await;
        let printed = format!("{settings:?} {:?}", settings.configuration("x").await);
        assert!(!printed.contains("/tmp") && !printed.contains("host="), "{printed}");
    }

    async fn an_empty_database_can_be_opened_twice(place) {
        let (one, other) = (place.open().await, place.open().await);
        one.create_project("aaaaaaaa", "one").await.unwrap();
        assert_eq!(other.overview().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let place = TestDatabase::sqlite();
    let DatabaseSource::Sqlite { file, .. } = place.source(false) else { panic!() };
    std::fs::write(file, "not a database, but long enough to be read as one. ".repeat(100)).unwrap();
    for read_only in [false, true] {
        let error = SettingsStore::open(&place.source(read_only)).await.unwrap_err().to_string();
        assert!(error.contains("db.sqlite in the data directory cannot be used"), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_created_to_be_read() {
    let place = TestDatabase::sqlite();
    assert!(matches!(SettingsStore::open(&place.source(true)).await, Err(DatabaseOpenError::Missing(_))));
    assert!(place.everything().is_empty());
}

#[tokio::test]
async fn a_file_with_a_write_ahead_log_is_not_only_read() {
    let place = TestDatabase::sqlite();
    place.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (x INT)").await;
    assert!(matches!(
        SettingsStore::open(&place.source(true)).await,
        Err(DatabaseOpenError::WriteAheadLog(_))
    ));
}

#[tokio::test]
async fn a_server_that_cannot_be_used_is_named_with_a_reason_and_without_the_password() {
    let postgres = TestPostgres::shared();
    let database = postgres.create_database();
    postgres.psql(&database, "CREATE ROLE locked LOGIN PASSWORD 'right'");
    for (address, reason) in [
        (postgres.address_as("locked", &database) + " password=swordfish", "password authentication failed"),
        (postgres.address("nowhere") + " password=swordfish", "does not exist"),
        ("host=/nonexistent password=swordfish user=x".to_owned(), "No such file"),
        ("postgres://x:swordfish@localhost:1/x".to_owned(), "refused"),
        ("swordfish".to_owned(), "neither a postgres:// URL nor"),
    ] {
        let source = DatabaseSource::Postgres { address: address.parse().unwrap(), read_only: false };
        let error = SettingsStore::open(&source).await.unwrap_err();
        let said = format!("{error} {error:?} {source:?}");
        assert!(said.contains("--pg-connection-string") && said.contains(reason), "{said}");
        assert!(!said.contains("swordfish"), "{said}");
        // Printing the chain of errors contains the reason once.
        assert!(std::error::Error::source(&error).is_none());
    }
    let right = postgres.address_as("locked", &database) + " password=right";
    SettingsStore::open(&DatabaseSource::Postgres { address: right.parse().unwrap(), read_only: true })
        .await
        .unwrap();
}
