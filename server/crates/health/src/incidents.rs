//! Opens and resolves incidents: times in which an application misses its objectives.

use std::collections::{HashMap, HashSet};

use headcount_topology::application_key::ApplicationKey;

use super::{
    health_status::HealthStatus,
    inspections::ProjectThresholds,
    sli::{ServiceLevelIndicators, SlotSource},
};

/// An incident is resolved after this time without data on its application, in seconds. Without such a limit
/// the incident of a removed application would never end. Only slots for which Prometheus answered count, so
/// an outage of Prometheus resolves nothing.
const FORGOTTEN_AFTER_S: u32 = 3600;

/// A time during which an application misses an objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationIncident {
    /// The application.
    pub application: ApplicationKey,
    /// Its key, which is unique in the project: eight random characters of `0-9a-z`.
    pub key: String,
    /// When it was opened, in Unix seconds.
    pub opened_at: u32,
    /// When it was resolved, in Unix seconds; `None` before.
    pub resolved_at: Option<u32>,
    /// Its severity: a warning, or critical.
    pub severity: HealthStatus,
}

/// A change of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentChange {
    /// The incident after the change.
    pub incident: ApplicationIncident,
    /// What happened.
    pub what: IncidentTransition,
    /// The reasons for notifications: the checks of the report on SLOs that fired.
    pub reasons: Vec<IncidentReason>,
}

/// The ways in which an incident changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentTransition {
    /// It was opened.
    Opened,
    /// Its severity changed.
    Changed,
    /// It was resolved.
    Resolved,
}

/// A check that fired, as texts for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentReason {
    /// The name of the report, such as `SLO`.
    pub report: String,
    /// The title of the check.
    pub check: String,
    /// The message of the check.
    pub message: String,
}

/// The status of an application with regard to its objectives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectiveStatus {
    /// The application.
    pub application: ApplicationKey,
    /// The status of its report on SLOs; unknown without a report.
    pub status: HealthStatus,
    /// The checks that fired.
    pub reasons: Vec<IncidentReason>,
}

/// The data that tells when requests to an application were last seen.
#[derive(Debug, Clone, Copy)]
pub struct RequestHistory<'k> {
    /// The recorded requests.
    pub indicators: &'k ServiceLevelIndicators,
    /// The objectives, which determine where requests are counted.
    pub overrides: &'k ProjectThresholds,
}

/// The changes of incidents at `now`, in Unix seconds, given the `open` incidents and the status of
/// applications. An incident is opened when an application begins to miss an objective, and resolved when it
/// meets its objectives. It stays open while that is unknown, until there was no data on the application in
/// an hour of slots, also if the application is gone. No slots pass while Prometheus does not answer. After
/// these changes are applied, the same input leads to no further changes.
#[must_use]
pub fn changes(
    open: &[ApplicationIncident],
    levels: &[ObjectiveStatus],
    known: RequestHistory<'_>,
    now: u32,
    mut new_key: impl FnMut() -> String,
) -> Vec<IncidentChange> {
    let by_application: HashMap<_, _> = levels.iter().map(|level| (&level.application, level)).collect();
    let mut changes: Vec<IncidentChange> = open
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

/// The change of an open incident.
fn change(
    incident: &ApplicationIncident,
    level: Option<&ObjectiveStatus>,
    is_forgotten: bool,
    now: u32,
) -> Option<IncidentChange> {
    let status = level.map_or(HealthStatus::Unknown, |level| level.status);
    match status {
        HealthStatus::Ok | HealthStatus::Info => Some(IncidentChange::resolved(incident, now)),
        HealthStatus::Unknown => is_forgotten.then(|| IncidentChange::resolved(incident, now)),
        severity if severity == incident.severity => None,
        severity => {
            let reasons = level.map(|level| level.reasons.clone()).unwrap_or_default();
            let incident = ApplicationIncident { severity, ..incident.clone() };
            Some(IncidentChange { incident, what: IncidentTransition::Changed, reasons })
        }
    }
}

impl RequestHistory<'_> {
    /// Whether there was no data on the application of an incident for an hour.
    fn is_forgotten(self, incident: &ApplicationIncident) -> bool {
        let Self { indicators, overrides } = self;
        let sources = SlotSource::of(overrides, &incident.application);
        let last_heard = indicators.last_heard(&incident.application, sources).unwrap_or_default();
        let since = last_heard.max(incident.opened_at);
        indicators.newest().is_some_and(|newest| newest.saturating_sub(since) >= FORGOTTEN_AFTER_S)
    }
}

impl ObjectiveStatus {
    fn is_bad(&self) -> bool {
        matches!(self.status, HealthStatus::Warning | HealthStatus::Critical)
    }

    fn opens(&self, now: u32, key: String) -> IncidentChange {
        let (application, severity) = (self.application.clone(), self.status);
        let incident = ApplicationIncident { application, key, opened_at: now, resolved_at: None, severity };
        IncidentChange { incident, what: IncidentTransition::Opened, reasons: self.reasons.clone() }
    }
}

impl IncidentChange {
    fn resolved(incident: &ApplicationIncident, now: u32) -> Self {
        // If the clock went backwards, an incident must not end before it began.
        let resolved_at = Some(now.max(incident.opened_at));
        let incident = ApplicationIncident { resolved_at, ..incident.clone() };
        Self { incident, what: IncidentTransition::Resolved, reasons: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
