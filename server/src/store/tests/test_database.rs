//! Creates a database for each test.

use std::{collections::BTreeMap, fs, path::PathBuf};

use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions};
use tempfile::TempDir;

use super::{
    super::database_pool::options, DatabaseSource, SettingsStore, pgbouncer::TestPgBouncer,
    postgres::TestPostgres,
};

/// Where a database is.
pub(super) enum TestDatabase {
    Sqlite(TempDir),
    Postgres(String),
    /// The same behind a pooler. The settings use the pooler; the test's own statements do not.
    Pooled(String),
}

/// Declares tests that run once for each kind of database.
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($place:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn check($place: TestDatabase) $body

            $(#[$attribute])*
            #[tokio::test]
            async fn sqlite() {
                check(TestDatabase::sqlite()).await;
            }

            $(#[$attribute])*
            #[tokio::test]
            async fn postgres() {
                check(TestDatabase::postgres()).await;
            }

            $(#[$attribute])*
            #[tokio::test]
            async fn pooled() {
                check(TestDatabase::pooled()).await;
            }
        }
    )*};
}
pub(super) use on_both;

impl TestDatabase {
    pub(super) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(super) fn postgres() -> Self {
        Self::Postgres(TestPostgres::shared().create_database())
    }

    pub(super) fn pooled() -> Self {
        Self::Pooled(TestPostgres::shared().create_database())
    }

    pub(super) fn source(&self, read_only: bool) -> DatabaseSource {
        match self {
            Self::Sqlite(dir) => DatabaseSource::Sqlite { file: dir.path().join("db.sqlite"), read_only },
            Self::Postgres(name) => DatabaseSource::Postgres {
                address: TestPostgres::shared().address(name).parse().unwrap(),
                read_only,
            },
            Self::Pooled(name) => DatabaseSource::Postgres {
                address: TestPgBouncer::shared().address(name).parse().unwrap(),
                read_only,
            },
        }
    }

    /// The database itself, without a pooler.
    fn direct(&self) -> DatabaseSource {
        match self {
            Self::Pooled(name) => Self::Postgres(name.clone()).source(false),
            Self::Sqlite(_) | Self::Postgres(_) => self.source(false),
        }
    }

    /// Opens the settings for reading and writing.
    pub(super) async fn open(&self) -> SettingsStore {
        SettingsStore::open(&self.source(false)).await.unwrap()
    }

    /// Opens the settings read-only.
    pub(super) async fn read(&self) -> SettingsStore {
        SettingsStore::open(&self.source(true)).await.unwrap()
    }

    pub(super) async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        options(&self.direct()).unwrap().0.connect().await.unwrap()
    }

    /// Connects in the same way as the settings.
    pub(super) async fn connect_as_settings_do(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        options(&self.source(false)).unwrap().0.connect().await.unwrap()
    }

    /// Runs statements without the settings.
    pub(super) async fn execute(&self, statements: &str) {
        let statements = match self {
            Self::Sqlite(_) => statements.replace("SERIAL PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"),
            Self::Postgres(_) | Self::Pooled(_) => statements.to_owned(),
        };
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut self.connect().await).await.unwrap();
    }

    /// The texts in the single column of a query.
    pub(super) async fn texts(&self, query: &str) -> Vec<String> {
        let query = sqlx::query_scalar(AssertSqlSafe(query.to_owned()));
        query.fetch_all(&mut self.connect().await).await.unwrap()
    }

    /// The JSON in the single column of a query. The order of members does not matter.
    pub(super) async fn json(&self, query: &str) -> Vec<serde_json::Value> {
        let texts = self.texts(query).await;
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    /// The single number that a query returns.
    pub(super) async fn number(&self, query: &str) -> i64 {
        let query = sqlx::query_scalar(AssertSqlSafe(query.to_owned()));
        query.fetch_one(&mut self.connect().await).await.unwrap()
    }

    /// The complete contents: the bytes of SQLite's files, or a dump of PostgreSQL.
    pub(super) fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        match self {
            Self::Sqlite(dir) => {
                let files = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
                files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
            }
            Self::Postgres(name) | Self::Pooled(name) => {
                BTreeMap::from([(PathBuf::from(name), TestPostgres::shared().dump(name).into_bytes())])
            }
        }
    }
}
