//! The errors of reading and changing settings.

use headcount_prometheus::client::InvalidAccess;
use headcount_shared::api::{KeptSecrets, UnclearHeaders};
use thiserror::Error;

use crate::notifications::InvalidDestination;

/// The result of an operation on settings.
pub type SettingsResult<T, E = SettingsError> = std::result::Result<T, E>;

/// Why settings were not read or not changed. If a change fails, nothing changed. No text contains names of
/// the installation.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The settings are read-only.
    #[error("the settings are read-only, because of --read-only-settings")]
    ReadOnly,
    /// The change is invalid.
    #[error(transparent)]
    Invalid(#[from] InvalidChange),
    /// The stored JSON is unreadable and is left as it is.
    #[error("the stored settings of this project cannot be read, so they are not changed")]
    Unreadable,
    /// The database is unavailable. It may work again later.
    #[error("the settings database cannot be used now: {0}")]
    Unavailable(UnavailableCause),
}

/// Why the database is unavailable, without names and addresses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnavailableCause {
    /// Another program holds a lock.
    #[error("another program has locked it")]
    Locked,
    /// There is no connection to it.
    #[error("there is no connection to it")]
    Unreachable,
    /// It does not answer.
    #[error("it does not answer in time")]
    Slow,
    /// It refused with this code.
    #[error("it refused with code {0}")]
    Refused(String),
    /// It returned unexpected data.
    #[error("it returned unexpected data")]
    Unexpected,
}

/// Why a change is refused. The text is for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidChange {
    /// There is no project with that id.
    #[error("there is no such project")]
    NoSuchProject,
    /// The id of a new project is invalid.
    #[error("the id of a project must have eight characters of 0-9 and a-z")]
    Id,
    /// The name of a project or a category is invalid.
    #[error("a name must have 3 to 64 characters of a-z, 0-9, - and _")]
    Name,
    /// Another project has the name.
    #[error("another project has that name")]
    NameTaken,
    /// The access to Prometheus is invalid.
    #[error(transparent)]
    Prometheus(#[from] InvalidAccess),
    /// Stored secrets would go to another origin than the one that they were given for.
    #[error("{0}")]
    OtherOrigin(KeptSecrets),
    /// The settings were changed since the version that the change is made of.
    #[error("these settings were changed since you loaded them; load them again, and make your change there")]
    Stale,
    /// It is not clear which stored value a header keeps.
    #[error(transparent)]
    UnclearHeaders(#[from] UnclearHeaders),
    /// The refresh interval is too short or too long.
    #[error("the refresh interval must be from one second to one hour")]
    RefreshInterval,
    /// The settings of a destination are invalid.
    #[error(transparent)]
    Destination(#[from] InvalidDestination),
    /// The address of ClickHouse is invalid.
    #[error(
        "the address of ClickHouse must be a host and a port, such as clickhouse:9000, without a scheme, a login and a path"
    )]
    ClickhouseAddress,
    /// A pattern cannot match anything.
    #[error(
        "a pattern must have one slash, no white space and at most 256 characters, such as namespace/name*"
    )]
    Pattern,
    /// A threshold is not a finite number in its range.
    #[error("a threshold must be a number, not negative, and at most 100 if it is a percentage")]
    Threshold,
    /// An objective is outside the range of its unit.
    #[error("an objective must be more than 0 % and less than 100 %, and a time more than 0 seconds")]
    Objective,
    /// An objective has only one of two queries.
    #[error("the custom queries of an objective are incomplete")]
    Queries,
    /// A threshold for an inspection that has objectives.
    #[error("this inspection has an objective instead of a threshold")]
    NoThreshold,
    /// Queries of an objective for all applications of a project.
    #[error("custom queries are set for an application, not for a whole project")]
    QueriesOfProject,
    /// The id of the application is invalid.
    #[error("an application must have a namespace, a kind and a name, without control characters")]
    Application,
}

impl From<sqlx::Error> for SettingsError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(UnavailableCause::of(&error))
    }
}

impl From<serde_json::Error> for SettingsError {
    fn from(_: serde_json::Error) -> Self {
        Self::Unreadable
    }
}

impl UnavailableCause {
    fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::of_code(error.code().as_deref().unwrap_or("none")),
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_) => Self::Unreachable,
            _ => Self::Unexpected,
        }
    }

    fn of_code(code: &str) -> Self {
        match code {
            // SQLite: busy and locked, also as extended codes; PostgreSQL: lock timeout, deadlock.
            "5" | "6" | "261" | "262" | "517" | "55P03" | "40P01" => Self::Locked,
            // PostgreSQL: statement timeout.
            "57014" => Self::Slow,
            // PostgreSQL: stopping, crashed or starting.
            "57P01" | "57P02" | "57P03" => Self::Unreachable,
            code => Self::Refused(code.to_owned()),
        }
    }
}
