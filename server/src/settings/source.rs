//! Which database holds the settings?

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr};

use headcount_shared::payload::DatabaseType;

/// A settings database.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file of SQLite.
    Sqlite {
        /// The file. Its directory must exist.
        file: PathBuf,
        /// Whether it is only read; then it must exist.
        read_only: bool,
    },
    /// A database of PostgreSQL.
    Postgres {
        /// How to get there.
        address: ConnectionString,
        /// Whether it is only read.
        read_only: bool,
    },
}

/// How to get to a database of PostgreSQL: a URL, or `key=value` words as libpq reads them. It may hold a password and is
/// never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionString(String);

impl Source {
    /// Which kind of database it is.
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

    /// Whether it says nothing at all, as an empty environment variable does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }
}

/// It is looked at when the database is opened: an error here would be printed with the text.
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
