//! When does an application begin and end to miss its objectives?

use std::collections::{HashMap, HashSet};

use super::{
    application_key::ApplicationKey,
    indicators::{Indicators, Source},
    inspections::Overrides,
    status::Status,
};

/// How long nothing may be known of an application before its incident is over, in seconds. Without such a
/// limit the incident of an application that was removed would never end. Only slots that Prometheus answered
/// count, so its silence ends nothing.
const FORGOTTEN_AFTER_S: u32 = 3600;

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

/// How well an application meets its objectives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// The application.
    pub application: ApplicationKey,
    /// The status of its report on SLOs; unknown without one.
    pub status: Status,
    /// The checks that fired.
    pub reasons: Vec<Reason>,
}

/// What says when an application was heard of last.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    /// What is known of requests.
    pub indicators: &'k Indicators,
    /// Where the operator wants them counted.
    pub overrides: &'k Overrides,
}

/// What happens to incidents at `now`, in Unix seconds, when `open` are not over and applications are on
/// these levels. One is opened when an application begins to miss an objective, and is over when it meets
/// them. While that is not known it stays; it is over too when an hour of slots passed in which nothing was
/// heard of the application, also when it is gone. While Prometheus says nothing, no slots pass. When these
/// changes are made, nothing else happens.
#[must_use]
pub fn changes(
    open: &[Incident],
    levels: &[Level],
    known: Known<'_>,
    now: u32,
    mut new_key: impl FnMut() -> String,
) -> Vec<Change> {
    let by_application: HashMap<_, _> = levels.iter().map(|level| (&level.application, level)).collect();
    let mut changes: Vec<Change> = open
        .iter()
        .filter_map(|incident| {
            let level = by_application.get(&incident.application).copied();
            change(incident, level, known.is_forgotten(incident), now)
        })
        .collect();
    let with_incident: HashSet<_> = open.iter().map(|incident| &incident.application).collect();
    let opened = levels.iter().filter(|level| level.is_bad() && !with_incident.contains(&level.application));
    changes.extend(opened.map(|level| level.opens(now, new_key())));
    changes
}

/// What happens to an incident.
fn change(incident: &Incident, level: Option<&Level>, is_forgotten: bool, now: u32) -> Option<Change> {
    let status = level.map_or(Status::Unknown, |level| level.status);
    match status {
        Status::Ok | Status::Info => Some(Change::resolved(incident, now)),
        Status::Unknown => is_forgotten.then(|| Change::resolved(incident, now)),
        severity if severity == incident.severity => None,
        severity => {
            let reasons = level.map(|level| level.reasons.clone()).unwrap_or_default();
            let incident = Incident { severity, ..incident.clone() };
            Some(Change { incident, what: What::Changed, reasons })
        }
    }
}

impl Known<'_> {
    /// Whether nothing was heard of the application of an incident for long.
    fn is_forgotten(self, incident: &Incident) -> bool {
        let Self { indicators, overrides } = self;
        let sources = Source::of(overrides, &incident.application);
        let last_heard = indicators.last_heard(&incident.application, sources).unwrap_or_default();
        let since = last_heard.max(incident.opened_at);
        indicators.newest().is_some_and(|newest| newest.saturating_sub(since) >= FORGOTTEN_AFTER_S)
    }
}

impl Level {
    fn is_bad(&self) -> bool {
        matches!(self.status, Status::Warning | Status::Critical)
    }

    fn opens(&self, now: u32, key: String) -> Change {
        let (application, severity) = (self.application.clone(), self.status);
        let incident = Incident { application, key, opened_at: now, resolved_at: None, severity };
        Change { incident, what: What::Opened, reasons: self.reasons.clone() }
    }
}

impl Change {
    fn resolved(incident: &Incident, now: u32) -> Self {
        // A clock that went backwards does not end something before it began.
        let resolved_at = Some(now.max(incident.opened_at));
        let incident = Incident { resolved_at, ..incident.clone() };
        Self { incident, what: What::Resolved, reasons: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
