//! Declares the stored history of a project, which lasts longer than its metrics. The server implements it
//! with its database.

use std::{fmt::Debug, pin::Pin};

use super::{incidents, inspections::ProjectThresholds, rollouts::DeploymentRollout};

/// The future of an operation on the history.
pub type HistoryFuture<'f, T> =
    Pin<Box<dyn std::future::Future<Output = Result<T, HistoryUnavailable>> + Send + 'f>>;

/// The history cannot be read or written at the moment. The implementation logs the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the records are not available")]
pub struct HistoryUnavailable;

/// Stores the history of projects.
pub trait HistoryStore: Debug + Send + Sync {
    /// Reads the history of a project.
    fn recall<'f>(&'f self, project: &'f str) -> HistoryFuture<'f, ProjectHistory>;

    /// Reads what views show of the history of a project: the overrides, the open incidents, and of the rollouts
    /// the newest one of each application and those that started at `since` (Unix seconds) or later, without
    /// their images and snapshots.
    fn glance<'f>(&'f self, project: &'f str, since: u32) -> HistoryFuture<'f, ProjectHistory>;

    /// Stores changes, all of them or none. Storing the same again changes nothing.
    fn remember<'f>(&'f self, project: &'f str, findings: &'f HistoryChanges) -> HistoryFuture<'f, ()>;
}

/// The history of a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProjectHistory {
    /// The operator's overrides of inspections.
    pub overrides: ProjectThresholds,
    /// Its rollouts, the newest 100 of each application: by application, oldest first.
    pub deployments: Vec<DeploymentRollout>,
    /// The open incidents.
    pub incidents: Vec<incidents::ApplicationIncident>,
    /// The start of counting, in Unix seconds by this machine's clock. Rollouts that started earlier are in
    /// no report.
    pub counting_since: u32,
    /// Whether another program maintains the history. Then its contents are counted, and nothing is added.
    pub only_read: bool,
}

/// The changes to a project's history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryChanges {
    /// The rollouts that are new, or about which more is known than before.
    pub deployments: Vec<DeploymentRollout>,
    /// The changes of incidents.
    pub incidents: Vec<incidents::IncidentChange>,
    /// Events that must be in one report.
    pub countable: Vec<ReportEvent>,
}

impl HistoryChanges {
    /// Whether there is anything besides events that are in `before` already.
    #[must_use]
    pub fn are_news(&self, before: &[ReportEvent]) -> bool {
        !self.deployments.is_empty() || !self.incidents.is_empty() || self.countable != before
    }
}

/// An event that is counted in exactly one report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportEvent {
    /// The permanent id of the event within the project, by which it is recognized.
    pub item: String,
    /// The kind of the event.
    pub fact: ReportEventKind,
}

/// The kind of a counted event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportEventKind {
    /// A rollout of a counted application.
    Deployment,
    /// The summary of a rollout of a counted application: `+` or `-` and the name of a report, for each
    /// notable change.
    Summary(Vec<&'static str>),
}
