//! What of a project is remembered for longer than its metrics? Declared here, kept by the settings.

use std::{fmt::Debug, pin::Pin};

use super::{deployments::Deployment, incidents, inspections::Overrides};

/// Something that is on its way.
pub type Future<'f, T> = Pin<Box<dyn std::future::Future<Output = Result<T, Unavailable>> + Send + 'f>>;

/// The records cannot be read or written now. Why is for whoever keeps them to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the records are not available")]
pub struct Unavailable;

/// Where records are kept.
pub trait Records: Debug + Send + Sync {
    /// What is known of a project.
    fn recall<'f>(&'f self, project: &'f str) -> Future<'f, Recalled>;

    /// Remembers what was found out; all of it or nothing. To remember the same again changes nothing.
    fn remember<'f>(&'f self, project: &'f str, findings: &'f Findings) -> Future<'f, ()>;
}

/// What is known of a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recalled {
    /// What its operator says of inspections.
    pub overrides: Overrides,
    /// Its rollouts, the newest 100 of each application: by application, the oldest first.
    pub deployments: Vec<Deployment>,
    /// The incidents that are not over.
    pub incidents: Vec<incidents::Incident>,
    /// Since when is counted, in Unix seconds by the clock of this machine: a rollout that started before is in no report.
    pub counting_since: u32,
    /// Whether somebody else keeps the records. Then what they have is counted, and nothing is added to them.
    pub only_read: bool,
}

/// What was found out about a project and is to be remembered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// The rollouts that are new, or of which more is known than before.
    pub deployments: Vec<Deployment>,
    /// What happened to incidents.
    pub incidents: Vec<incidents::Change>,
    /// What is to be in a report, once.
    pub countable: Vec<Countable>,
}

impl Findings {
    /// Whether this has more than what was remembered `before`: something to count does not become known anew.
    #[must_use]
    pub fn are_news(&self, before: &[Countable]) -> bool {
        !self.deployments.is_empty() || !self.incidents.is_empty() || self.countable != before
    }
}

/// Something that is counted in exactly one report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Countable {
    /// What tells it from all others of the project, for ever: that it is known is remembered by this.
    pub item: String,
    /// What it is.
    pub fact: Fact,
}

/// What can be counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// A rollout of a counted application.
    Deployment,
    /// What the rollout of a counted application changed: `+` or `-` and the name of a report, for each notable change.
    Summary(Vec<&'static str>),
}
