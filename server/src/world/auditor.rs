//! How well is every application? The auditor answers all inspections, a report a file.
//!
//! Pure over a world, what was recorded of requests, and the operator's thresholds: the same gives the same.

pub mod deployments;
pub mod slo;

use super::{
    deployments::Deployment,
    indicators::Indicators,
    inspections::{Inspection, Overrides},
    model::{AppId, World},
    status::Status,
};

/// What the auditor looks at.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'w, 'a> {
    /// What runs. Its answers have points for the queries of [`POINTS_OF`].
    pub world: &'w World<'a>,
    /// What is known of requests.
    pub indicators: &'w Indicators,
    /// What the operator says of inspections.
    pub overrides: &'w Overrides,
    /// The stored rollouts of the project, those of one application together, the oldest first.
    pub deployments: &'w [Deployment],
}

/// What was found out about one application.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// The application.
    pub application: AppId,
    /// The greatest of the reports on SLOs, instances, PostgreSQL and Redis.
    pub status: Status,
    /// The reports, those without anything to say left out.
    pub reports: Vec<Report>,
}

/// The answers to the inspections of one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Its name, as Coroot has it: `SLO`, `Instances`, `CPU`, `Memory`, `Storage`, `Net`, `DNS`, `Logs`, `Deployments`,
    /// `Postgres`, `Redis`, `Mysql`, `Mongodb`, `Memcached`, `JVM`, `.NET`, `Python`.
    pub name: &'static str,
    /// The greatest of the checks.
    pub status: Status,
    /// The answers.
    pub checks: Vec<Check>,
}

/// The answer to one inspection.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The inspection.
    pub inspection: Inspection,
    /// How well that is.
    pub status: Status,
    /// The threshold that was applied.
    pub threshold: f32,
    /// For people, when it fired; it may name what runs there. Empty otherwise.
    pub message: String,
}
