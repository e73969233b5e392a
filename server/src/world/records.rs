//! Declares the stored history of a project, which lasts longer than its metrics. The settings implement it.

use std::{fmt::Debug, pin::Pin};

use super::{deployments::Deployment, incidents, inspections::Overrides};

/// The future of an operation on the history.
pub type Future<'f, T> = Pin<Box<dyn std::future::Future<Output = Result<T, Unavailable>> + Send + 'f>>;

/// The history cannot be read or written at the moment. The implementation logs the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the records are not available")]
pub struct Unavailable;

/// Stores the history of projects.
pub trait Records: Debug + Send + Sync {
    /// Reads the history of a project.
    fn recall<'f>(&'f self, project: &'f str) -> Future<'f, Recalled>;

    /// Stores changes, all of them or none. Storing the same again changes nothing.
    fn remember<'f>(&'f self, project: &'f str, findings: &'f Findings) -> Future<'f, ()>;
}

/// The history of a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recalled {
    /// The operator's overrides of inspections.
    pub overrides: Overrides,
    /// Its rollouts, the newest 100 of each application: by application, oldest first.
    pub deployments: Vec<Deployment>,
    /// The open incidents.
    pub incidents: Vec<incidents::Incident>,
    /// The start of counting, in Unix seconds by this machine's clock. Rollouts that started earlier are in
    /// no report.
    pub counting_since: u32,
    /// Whether another program maintains the history. Then its contents are counted, and nothing is added.
    pub only_read: bool,
}

/// The changes to a project's history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// The rollouts that are new, or about which more is known than before.
    pub deployments: Vec<Deployment>,
    /// The changes of incidents.
    pub incidents: Vec<incidents::Change>,
    /// Events that must be in one report.
    pub countable: Vec<Countable>,
}

impl Findings {
    /// Whether there is anything besides events that are in `before` already.
    #[must_use]
    pub fn are_news(&self, before: &[Countable]) -> bool {
        !self.deployments.is_empty() || !self.incidents.is_empty() || self.countable != before
    }
}

/// An event that is counted in exactly one report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Countable {
    /// The permanent id of the event within the project, by which it is recognized.
    pub item: String,
    /// The kind of the event.
    pub fact: Fact,
}

/// The kind of a counted event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// A rollout of a counted application.
    Deployment,
    /// The summary of a rollout of a counted application: `+` or `-` and the name of a report, for each
    /// notable change.
    Summary(Vec<&'static str>),
}
