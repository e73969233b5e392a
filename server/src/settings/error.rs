//! Why can the settings not be read or changed?

use thiserror::Error;

use crate::{outgoing::ForbiddenTarget, world::prometheus::InvalidAccess};

/// What comes of reading or changing settings.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why settings were not read, or not changed: then nothing changed. No text names anything of the installation.
#[derive(Debug, Error)]
pub enum Error {
    /// They are only read.
    #[error("the settings are only read, because of --read-only-settings")]
    ReadOnly,
    /// The change asks for something that cannot be.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// What is stored is not what it should be, and is left as it is.
    #[error("the stored settings of this project cannot be read, so they are not changed")]
    Unreadable,
    /// The database cannot be used now. It may work again later.
    #[error("the settings database cannot be used now: {0}")]
    Unavailable(Cause),
}

/// Why a database cannot be used, without a name or an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Cause {
    /// Somebody else holds it.
    #[error("somebody else has locked it")]
    Locked,
    /// There is no connection to it.
    #[error("there is no connection to it")]
    Unreachable,
    /// It does not answer.
    #[error("it does not answer in time")]
    Slow,
    /// It refused, with a code of its own.
    #[error("it refused with code {0}")]
    Refused(String),
    /// It gave something else than was asked for.
    #[error("it holds something unexpected")]
    Unexpected,
}

/// Why a change is refused. The text is for whoever asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Invalid {
    /// Nobody has that id.
    #[error("there is no such project")]
    NoSuchProject,
    /// The id of a new project is not one.
    #[error("the id of a project has eight characters of 0-9 and a-z")]
    Id,
    /// The name of a project or a category is not one.
    #[error("a name has 3 to 64 characters of a-z, 0-9, - and _")]
    Name,
    /// Another project has the name.
    #[error("another project has that name")]
    NameTaken,
    /// The Prometheus cannot be asked in this way.
    #[error(transparent)]
    Prometheus(#[from] InvalidAccess),
    /// Prometheus would be asked too often or too seldom.
    #[error("the refresh interval is from one second to one hour")]
    RefreshInterval,
    /// Something that cannot be left out is neither given nor stored.
    #[error("{} is needed", .0.called)]
    Missing(Member),
    /// An address is none of HTTP.
    #[error("{} is not an http or https URL", .0.called)]
    Url(Member),
    /// Nothing is told at that address.
    #[error("{} is not taken: {}", .0.called, ForbiddenTarget::REASON)]
    ForbiddenTarget(Member),
    /// A header has no name.
    #[error("every header needs a name")]
    HeaderName,
    /// The address of ClickHouse is not one.
    #[error("the address of ClickHouse is a host and a port, such as clickhouse:9000")]
    ClickhouseAddress,
    /// A pattern cannot match anything.
    #[error("a pattern such as namespace/name* has one slash, no white space and at most 256 characters")]
    Pattern,
    /// A threshold is no number to compare with.
    #[error("a threshold is a number, not negative, and at most 100 where it is a percentage")]
    Threshold,
    /// An objective is not in the range of its unit.
    #[error("an objective is more than 0 % and less than 100 %, and a time more than 0 seconds")]
    Objective,
    /// An objective has one of two queries.
    #[error("an objective with queries of its own needs all of them")]
    Queries,
    /// The threshold of an inspection that has objectives.
    #[error("this inspection has an objective and no threshold")]
    NoThreshold,
    /// An objective for all applications.
    #[error("objectives are set for an application, not for a whole project")]
    ObjectiveOfProject,
    /// The application is not written as one.
    #[error("an application has a namespace, a kind and a name")]
    Application,
}

/// A member of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its name, as it is stored.
    pub name: &'static str,
    /// What a sentence calls it.
    pub called: &'static str,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(Cause::of(&error))
    }
}

impl From<serde_json::Error> for Error {
    fn from(_: serde_json::Error) -> Self {
        Self::Unreadable
    }
}

impl Cause {
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
            // SQLite: busy and locked, also in the extended forms; PostgreSQL: no lock in time, deadlock.
            "5" | "6" | "261" | "262" | "517" | "55P03" | "40P01" => Self::Locked,
            // PostgreSQL: a statement took too long.
            "57014" => Self::Slow,
            // PostgreSQL: it is stopping, has crashed or is starting.
            "57P01" | "57P02" | "57P03" => Self::Unreachable,
            code => Self::Refused(code.to_owned()),
        }
    }
}
