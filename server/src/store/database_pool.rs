//! Opens the database and begins its transactions.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use headcount_outbound::OWN_AUTHORITY;
use headcount_platform::disk::private;
use headcount_shared::payload::DatabaseType;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use sqlx::{
    Any, AnyConnection, AnyPool, ConnectOptions, Connection, Executor, Transaction,
    any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers},
    error::DatabaseError,
    migrate::MigrateError,
};
use thiserror::Error;

use super::{
    LONGEST,
    connection_string::{BadConnectionString, PostgresAddress},
    database_schema::DatabaseSchema,
    database_source::DatabaseSource,
    migrations,
    store_error::{SettingsError, SettingsResult},
};

/// How long to wait for a connection to PostgreSQL, and for the opening of a SQLite file.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait for the only connection to a SQLite file. Operations take turns on it, and each of them
/// may wait for a slow disk or for the lock of another program. Those behind it have not failed: they end at
/// [`LONGEST`].
const TURN_TIMEOUT: Duration = LONGEST.saturating_mul(2);

/// The maximum number of connections to PostgreSQL: one to read or write, and one to renew the lease
/// meanwhile.
const CONNECTIONS: u32 = 2;

/// Begins a transaction of PostgreSQL. The limits prevent endless waits, and notices about expected
/// conditions are not logged. The limits are set for the transaction alone, since behind a pooler in
/// transaction mode the next one has another session.
const BEGIN_WRITING: &str = "BEGIN; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '20s';
    SET LOCAL client_min_messages = warning";

/// The same for a transaction that only reads.
const BEGIN_READING: &str =
    "BEGIN READ ONLY; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '20s';
    SET LOCAL client_min_messages = warning";

/// The same for a migration, which waits for other servers that migrate.
const BEGIN_MIGRATING: &str = "BEGIN; SET LOCAL lock_timeout = '20s'; SET LOCAL statement_timeout = '20s';
    SET LOCAL client_min_messages = warning";

/// The first statement of connections to SQLite. A lock of another program is waited for, in milliseconds: a
/// commit on a disk that is busy holds it for seconds.
const PATIENT: &str = "PRAGMA busy_timeout = 10000";

/// The first statement of those that write. Deleted data is overwritten, and temporary files contain none of
/// it.
const THOROUGH: &str = "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY";

/// The first statement of the connection that rewrites a SQLite file. The copy that it makes, of what is not
/// deleted, may be larger than the memory.
const ON_DISK: &str = "PRAGMA secure_delete = ON; PRAGMA temp_store = FILE";

/// SQLite's codes where it finds no directory for temporary files, as in a container that is read-only, or one that
/// is too small.
const NO_TEMPORARY_FILES: [&str; 3] = ["13", "14", "6410"];

/// The largest file that is copied in memory then, in bytes.
const LARGEST_IN_MEMORY: i64 = 256 << 20;

/// How PgBouncer refuses a parameter that every connection of the driver has, unless its configuration allows
/// it.
const POOLER_REFUSAL: &str = "unsupported startup parameter: extra_float_digits";

/// The remedy.
const POOLER_HINT: &str =
    "PgBouncer takes the connection with `ignore_startup_parameters = extra_float_digits`";

/// The remedy if the server's certificate is that of an authority, which is not accepted even if
/// `sslrootcert` lists it.
const OWN_AUTHORITY_HINT: &str = "the server's certificate is that of an authority (basicConstraints=CA:TRUE), which is no \
    server's: make it with CA:FALSE and list it in sslrootcert, or let it be signed by an authority that is listed there";

/// The characters of a URL's path that need no escape.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// Why the settings database cannot be used. The text is for the operator and complete: there is no source
/// below it, and no password in it.
#[derive(Debug, Error)]
pub enum DatabaseOpenError {
    /// The connection string is invalid.
    #[error("--pg-connection-string: {0}")]
    BadConnectionString(BadConnectionString),
    /// The file does not exist.
    #[error("{0} does not exist, and with --read-only-settings it is not created")]
    Missing(DatabaseLocation),
    /// It cannot be opened, or it is not a database.
    #[error("{0} cannot be used: {reason}", reason = reason(.1))]
    Unusable(DatabaseLocation, sqlx::Error),
    /// It does not answer.
    #[error("{0} cannot be used: it does not answer within {1:?}")]
    Silent(DatabaseLocation, Duration),
    /// A newer version of this program wrote it.
    #[error("{0} was written by a newer version of this program")]
    Newer(DatabaseLocation),
    /// Its tables cannot be migrated.
    #[error("the tables of {0} cannot be migrated: {1}")]
    Migration(DatabaseLocation, MigrateError),
    /// It belongs to a version of Coroot that lacks columns which this program writes.
    #[error(
        "{0} is of a version of Coroot without {1}; --read-only-settings reads it and leaves it as it is"
    )]
    Unsuitable(DatabaseLocation, String),
    /// SQLite would create files beside it.
    #[error(
        "{0} has a write-ahead log, which cannot be read without writing; without --read-only-settings it can"
    )]
    WriteAheadLog(DatabaseLocation),
}

/// Where the database is, for error texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseLocation {
    /// The file in the data directory.
    File,
    /// The server of the flag.
    Server,
}

/// The database.
pub(super) struct DatabasePool {
    pool: AnyPool,
    kind: DatabaseType,
    read_only: bool,
    schema: DatabaseSchema,
}

impl DatabasePool {
    /// Opens a database and migrates its tables, unless it is read-only.
    pub(super) async fn open(source: &DatabaseSource) -> SettingsResult<Self, DatabaseOpenError> {
        install_default_drivers();
        let place = DatabaseLocation::of(source);
        let unusable = |error| DatabaseOpenError::Unusable(place, error);
        let (options, connect_timeout) = options(source)?;
        // A pool would retry while no server listens; a start has to fail at once.
        let connecting = tokio::time::timeout(connect_timeout, options.connect());
        let first = connecting.await.map_err(|_| DatabaseOpenError::Silent(place, connect_timeout))?;
        first.map_err(unusable)?.close().await.map_err(unusable)?;
        let (kind, read_only) = (source.kind(), source.is_read_only());
        let pool = pool(kind, read_only, connect_timeout).connect_lazy_with(options);
        if !read_only {
            migrate(&pool, place, kind).await?;
        }
        let mut transaction = pool.begin_with(begin_reading(kind)).await.map_err(unusable)?;
        let schema = DatabaseSchema::read(&mut transaction, kind).await.map_err(unusable)?;
        drop(transaction);
        match schema.lacks() {
            Some(missing) if !read_only => Err(DatabaseOpenError::Unsuitable(place, missing)),
            _ => Ok(Self { pool, kind, read_only, schema }),
        }
    }

    pub(super) const fn kind(&self) -> DatabaseType {
        self.kind
    }

    pub(super) const fn is_read_only(&self) -> bool {
        self.read_only
    }

    pub(super) const fn schema(&self) -> &DatabaseSchema {
        &self.schema
    }

    /// Begins a transaction for reading. It ends when it is dropped.
    ///
    /// Reading always needs a transaction: the driver prepares and executes a statement in two steps, and a
    /// pooler in transaction mode may give each step another session.
    pub(super) async fn read(&self) -> SettingsResult<Transaction<'static, Any>> {
        Ok(self.pool.begin_with(begin_reading(self.kind)).await?)
    }

    /// Begins a transaction for writing. It takes effect when it is committed, and not at all if it is
    /// dropped.
    pub(super) async fn write(&self) -> SettingsResult<Transaction<'static, Any>> {
        if self.read_only {
            return Err(SettingsError::ReadOnly);
        }
        Ok(self.pool.begin_with(begin_writing(self.kind)).await?)
    }

    /// Removes all traces of deleted data from a SQLite file, including data that was deleted by a version
    /// that did not overwrite it.
    pub(super) async fn erase_deleted(&self) -> SettingsResult<()> {
        if self.read_only || self.kind == DatabaseType::Postgres {
            return Ok(());
        }
        // Other operations wait for their turn meanwhile, as always: SQLite lets nobody read.
        let _turn = self.pool.acquire().await?;
        let mut connection = self.pool.connect_options().connect().await?;
        connection.execute(PATIENT).await?;
        connection.execute(ON_DISK).await?;
        if let Err(error) = connection.execute("VACUUM").await {
            let code = error.as_database_error().and_then(DatabaseError::code);
            let has_no_place = code.is_some_and(|code| NO_TEMPORARY_FILES.contains(&&*code));
            if !has_no_place || file_size(&mut connection).await? > LARGEST_IN_MEMORY {
                return Err(error.into());
            }
            connection.execute(THOROUGH).await?;
            connection.execute("VACUUM").await?;
        }
        // A write-ahead log contains earlier pages until it is truncated.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        Ok(connection.close().await?)
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// The size of a SQLite file, in bytes.
async fn file_size(connection: &mut AnyConnection) -> SettingsResult<i64> {
    let size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    Ok(sqlx::query_scalar(size).fetch_one(connection).await?)
}

const fn begin_reading(kind: DatabaseType) -> &'static str {
    match kind {
        DatabaseType::Sqlite => "BEGIN",
        DatabaseType::Postgres => BEGIN_READING,
    }
}

const fn begin_writing(kind: DatabaseType) -> &'static str {
    match kind {
        // SQLite cannot wait for the lock in a transaction that has already read.
        DatabaseType::Sqlite => "BEGIN IMMEDIATE",
        DatabaseType::Postgres => BEGIN_WRITING,
    }
}

/// Migrates the tables.
async fn migrate(
    pool: &AnyPool,
    place: DatabaseLocation,
    kind: DatabaseType,
) -> SettingsResult<(), DatabaseOpenError> {
    let unusable = |error| DatabaseOpenError::Unusable(place, error);
    let begin = match kind {
        DatabaseType::Sqlite => begin_writing(kind),
        DatabaseType::Postgres => BEGIN_MIGRATING,
    };
    let mut transaction = pool.begin_with(begin).await.map_err(unusable)?;
    let migrated = migrations::apply_missing(&mut transaction, kind).await;
    migrated.map_err(|error| DatabaseOpenError::of_migration(place, error))?;
    transaction.commit().await.map_err(unusable)
}

/// SQLite rolls a transaction back by itself when the disk is full. The driver does not notice that, fails to
/// roll it back again, and then believes for ever that the transaction is open: such a connection is
/// replaced.
fn pool(kind: DatabaseType, read_only: bool, connect_timeout: Duration) -> AnyPoolOptions {
    let options = AnyPoolOptions::new();
    match kind {
        DatabaseType::Sqlite => options
            .acquire_timeout(TURN_TIMEOUT)
            .max_connections(1)
            .before_acquire(|connection, _| {
                let is_free = !connection.is_in_transaction();
                Box::pin(async move { Ok(is_free) })
            })
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    connection.execute(PATIENT).await?;
                    if !read_only {
                        connection.execute(THOROUGH).await?;
                    }
                    Ok(())
                })
            }),
        DatabaseType::Postgres => {
            options.acquire_timeout(ACQUIRE_TIMEOUT.min(connect_timeout)).max_connections(CONNECTIONS)
        }
    }
}

pub(super) fn options(
    source: &DatabaseSource,
) -> SettingsResult<(AnyConnectOptions, Duration), DatabaseOpenError> {
    let place = DatabaseLocation::of(source);
    let unusable = |error| DatabaseOpenError::Unusable(place, error);
    let (url, connect_timeout) = match source {
        DatabaseSource::Sqlite { file, read_only } => (file_url(file, *read_only)?, ACQUIRE_TIMEOUT),
        DatabaseSource::Postgres { address, .. } => {
            let address =
                PostgresAddress::parse(address.expose()).map_err(DatabaseOpenError::BadConnectionString)?;
            (address.url, address.connect_timeout)
        }
    };
    let options = AnyConnectOptions::from_url(&url).map_err(unusable)?;
    Ok((options.disable_statement_logging(), connect_timeout))
}

fn file_url(file: &Path, read_only: bool) -> SettingsResult<Url, DatabaseOpenError> {
    let unusable = |kind| {
        DatabaseOpenError::Unusable(DatabaseLocation::File, sqlx::Error::Io(std::io::Error::from(kind)))
    };
    if read_only {
        check_readable(file)?;
    }
    let path =
        absolute(file).map_err(|error| DatabaseOpenError::Unusable(DatabaseLocation::File, error.into()))?;
    if !read_only {
        // The files that SQLite creates beside it get the same mode. If the file cannot be created, SQLite
        // reports the reason.
        private::touch(&path).ok();
    }
    // The driver needs the path as text.
    let path = path.to_str().ok_or_else(|| unusable(std::io::ErrorKind::InvalidFilename))?;
    let mode = if read_only { "ro" } else { "rwc" };
    let url = format!("sqlite://{}?mode={mode}", utf8_percent_encode(path, PATH));
    Url::parse(&url).map_err(|_| unusable(std::io::ErrorKind::InvalidFilename))
}

/// Makes a path absolute. A URL would resolve dots without regard to symbolic links.
fn absolute(file: &Path) -> std::io::Result<PathBuf> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new(".")).canonicalize()?;
    Ok(file.file_name().map_or(directory.clone(), |name| directory.join(name)))
}

fn check_readable(file: &Path) -> SettingsResult<(), DatabaseOpenError> {
    /// The byte of the header with SQLite's write version, and its value with a write-ahead log.
    const WRITE_VERSION: (usize, u8) = (18, 2);
    let mut header = [0; 100];
    let read = std::fs::File::open(file).and_then(|mut file| std::io::Read::read(&mut file, &mut header));
    match read {
        Ok(_) if header.get(WRITE_VERSION.0) == Some(&WRITE_VERSION.1) => {
            Err(DatabaseOpenError::WriteAheadLog(DatabaseLocation::File))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(DatabaseOpenError::Missing(DatabaseLocation::File))
        }
        Err(error) => Err(DatabaseOpenError::Unusable(DatabaseLocation::File, error.into())),
    }
}

/// The message of the database or the operating system, without the driver's prefix.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) if error.message().contains(POOLER_REFUSAL) => {
            format!("{}; {POOLER_HINT}", error.message())
        }
        sqlx::Error::Database(error) => error.message().to_owned(),
        error if error.to_string().contains(OWN_AUTHORITY) => OWN_AUTHORITY_HINT.to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

impl DatabaseOpenError {
    fn of_migration(place: DatabaseLocation, error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) => Self::Newer(place),
            MigrateError::Execute(error) => Self::Unusable(place, error),
            other => Self::Migration(place, other),
        }
    }
}

impl DatabaseLocation {
    const fn of(source: &DatabaseSource) -> Self {
        match source {
            DatabaseSource::Sqlite { .. } => Self::File,
            DatabaseSource::Postgres { .. } => Self::Server,
        }
    }
}

impl fmt::Display for DatabaseLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::File => "the settings database db.sqlite in the data directory",
            Self::Server => "the settings database of --pg-connection-string",
        })
    }
}

impl fmt::Debug for DatabasePool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The pool contains the password.
        formatter.debug_struct("DatabasePool").field("kind", &self.kind).finish_non_exhaustive()
    }
}
