//! When does an application begin and end to miss its objectives?

use super::{application_key::ApplicationKey, status::Status};

/// A time during which an application misses an objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The application.
    pub application: ApplicationKey,
    /// Its name among the incidents of the project: eight random characters of `0-9a-z`.
    pub key: String,
    /// When it was opened, in Unix seconds.
    pub opened_at: u32,
    /// When it was over, in Unix seconds; `None` before.
    pub resolved_at: Option<u32>,
    /// How bad it is: a warning, or critical.
    pub severity: Status,
}

/// What happened to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The incident as it is now.
    pub incident: Incident,
    /// What happened.
    pub what: What,
    /// Why, for those who are told: the checks of the report on SLOs that fired.
    pub reasons: Vec<Reason>,
}

/// What can happen to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It was opened.
    Opened,
    /// It became better or worse.
    Changed,
    /// It is over.
    Resolved,
}

/// A check that fired, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The name of the report, such as `SLO`.
    pub report: String,
    /// The title of the check.
    pub check: String,
    /// What it says.
    pub message: String,
}
