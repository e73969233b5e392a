//! Audits every application: runs all inspections, and groups their results in reports. Each report has a
//! file.
//!
//! A pure function of a world, the recorded requests, and the operator's thresholds. The order of series does
//! not matter.

// Shared by the reports.
mod audit_context;
mod audited_application;
mod audited_database;
mod check_message;
mod flagged_items;

// The reports.
mod cpu;
mod dns;
mod dotnet;
mod instances;
mod jvm;
mod logs;
mod memcached;
mod memory;
mod mongodb;
mod mysql;
mod network;
mod postgres;
mod python;
mod redis;
pub mod rollout;
pub mod slo;
mod storage;

#[cfg(test)]
mod tests;

use std::fmt;

use headcount_prometheus::query::PrometheusQuery;
use headcount_topology::{
    model::{AppId, World},
    queries::{
        AWS_RDS_LOG_MESSAGES_TOTAL, CONTAINER_DNS_REQUESTS_TOTAL, CONTAINER_LOG_MESSAGES,
        CONTAINER_MEMORY_RSS_FOR_TREND, CONTAINER_OOM_KILLS_TOTAL, CONTAINER_RESTARTS,
        FARGATE_CONTAINER_MEMORY_RSS_FOR_TREND, FARGATE_CONTAINER_OOM_EVENTS_TOTAL, PG_WAL_CURRENT_LSN, UP,
    },
};

pub use self::check_message::CheckMessage;
use self::{audit_context::AuditContext, audited_application::AuditedApplication};
use super::{
    health_status::HealthStatus,
    inspections::{Inspection, ProjectThresholds},
    rollouts::DeploymentRollout,
    sli::ServiceLevelIndicators,
};

/// The queries whose values over time the auditor needs. For all others except [`SUMS_OF`] the newest values
/// are enough.
pub const POINTS_OF: &[&PrometheusQuery] = &[
    &UP,
    &CONTAINER_RESTARTS,
    &CONTAINER_OOM_KILLS_TOTAL,
    &FARGATE_CONTAINER_OOM_EVENTS_TOTAL,
    &CONTAINER_LOG_MESSAGES,
    &AWS_RDS_LOG_MESSAGES_TOTAL,
    &CONTAINER_MEMORY_RSS_FOR_TREND,
    &FARGATE_CONTAINER_MEMORY_RSS_FOR_TREND,
    &PG_WAL_CURRENT_LSN,
];

/// The queries for which the auditor needs the sum of the values over time.
pub const SUMS_OF: &[&PrometheusQuery] = &[&CONTAINER_DNS_REQUESTS_TOTAL];

/// Makes one report on an application; `None` if the report does not apply to it.
type ReportFunction = fn(&AuditedApplication<'_, '_>) -> Option<AuditReport>;

/// The reports in the order in which they are shown.
const REPORTS: &[ReportFunction] = &[
    slo::report,
    instances::report,
    cpu::report,
    memory::report,
    storage::report,
    network::report,
    dns::report,
    logs::report,
    rollout::report,
    postgres::report,
    redis::report,
    mysql::report,
    mongodb::report,
    memcached::report,
    jvm::report,
    dotnet::report,
    python::report,
];

/// The reports that determine the status of an application as a whole.
pub const DECISIVE: [&str; 4] = ["SLO", "Instances", "Postgres", "Redis"];

/// The input of an audit.
#[derive(Debug, Clone, Copy)]
pub struct AuditInput<'w, 'a> {
    /// The world. Its answers have the points of [`POINTS_OF`] and the sums of [`SUMS_OF`].
    pub world: &'w World<'a>,
    /// The recorded requests.
    pub indicators: &'w ServiceLevelIndicators,
    /// The thresholds and objectives that the operator set.
    pub overrides: &'w ProjectThresholds,
    /// The stored rollouts of the project, grouped by application, the oldest first.
    pub deployments: &'w [DeploymentRollout],
}

/// The result of the audit of one application.
#[derive(Debug, Clone, PartialEq)]
pub struct ApplicationAudit {
    /// The application.
    pub application: AppId,
    /// The greatest status of the reports on SLOs, instances, PostgreSQL and Redis.
    pub status: HealthStatus,
    /// The reports that apply to it.
    pub reports: Vec<AuditReport>,
}

/// The results of the inspections of one aspect of an application.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditReport {
    /// Its name, the same as in Coroot: `SLO`, `Instances`, `CPU`, `Memory`, `Storage`, `Net`, `DNS`, `Logs`,
    /// `Deployments`, `Postgres`, `Redis`, `Mysql`, `Mongodb`, `Memcached`, `JVM`, `.NET`, `Python`.
    pub name: &'static str,
    /// The greatest status of the checks.
    pub status: HealthStatus,
    /// The results of the inspections.
    pub checks: Vec<AuditCheck>,
}

/// The result of one inspection.
#[derive(Clone, PartialEq)]
pub struct AuditCheck {
    /// The inspection.
    pub inspection: Inspection,
    /// The status.
    pub status: HealthStatus,
    /// The threshold that was applied.
    pub threshold: f32,
    /// The value that was compared with the threshold, the worst of several; the number of flagged items if
    /// only those are known. `None` if unknown.
    pub value: Option<f32>,
    /// Why it fired.
    pub message: CheckMessage,
}

impl fmt::Debug for AuditCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the message, which contains names of the operator's applications.
        let Self { inspection, status, threshold, value: _, message: _ } = self;
        write!(formatter, "{inspection:?}: {status:?} at {threshold}")
    }
}

impl AuditReport {
    /// A report with that name and these checks.
    fn new(name: &'static str, checks: Vec<AuditCheck>) -> Self {
        let status = checks.iter().map(|check| check.status).max().unwrap_or_default();
        Self { name, status, checks }
    }
}

/// Audits all applications of a world, in the order of their ids.
#[must_use]
pub fn audit(evidence: AuditInput<'_, '_>) -> Vec<ApplicationAudit> {
    let ground = AuditContext::of(evidence);
    let applications = evidence.world.applications();
    // Shared by all applications, so that the list of reports of each has no spare capacity.
    let mut reports = Vec::with_capacity(REPORTS.len());
    let mut audit = |id| audit_application(&AuditedApplication::new(&ground, id), &mut reports);
    applications.map(|(id, _)| audit(id)).collect()
}

/// Audits an application, with a list of reports that is empty before and after.
#[expect(clippy::drain_collect, reason = "the list is used again, and the copy has no room to spare")]
fn audit_application(
    subject: &AuditedApplication<'_, '_>,
    reports: &mut Vec<AuditReport>,
) -> ApplicationAudit {
    reports.extend(REPORTS.iter().filter_map(|report| report(subject)));
    let decisive = reports.iter().filter(|report| DECISIVE.contains(&report.name));
    let status = decisive.map(|report| report.status).max().unwrap_or_default();
    ApplicationAudit { application: subject.id, status, reports: reports.drain(..).collect() }
}
