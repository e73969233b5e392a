//! The location of the settings database.

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr};

use headcount_shared::payload::DatabaseType;

/// A settings database.
#[derive(Debug, Clone)]
pub enum DatabaseSource {
    /// A SQLite file.
    Sqlite {
        /// The file. Its directory must exist.
        file: PathBuf,
        /// Whether it is read-only; then it must exist.
        read_only: bool,
    },
    /// A database of PostgreSQL.
    Postgres {
        /// The connection string.
        address: ConnectionString,
        /// Whether it is read-only.
        read_only: bool,
    },
}

/// A connection string of PostgreSQL: a URL, or `key=value` words as in libpq. It may contain a password and
/// is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionString(String);

impl DatabaseSource {
    /// The kind of the database.
    #[must_use]
    pub const fn kind(&self) -> DatabaseType {
        match self {
            Self::Sqlite { .. } => DatabaseType::Sqlite,
            Self::Postgres { .. } => DatabaseType::Postgres,
        }
    }

    pub(super) const fn is_read_only(&self) -> bool {
        match self {
            Self::Sqlite { read_only, .. } | Self::Postgres { read_only, .. } => *read_only,
        }
    }
}

impl ConnectionString {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is empty, as an empty environment variable is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }
}

/// Parsing happens when the database is opened: an error here would be printed with the text.
impl FromStr for ConnectionString {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for ConnectionString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ConnectionString(…)")
    }
}
