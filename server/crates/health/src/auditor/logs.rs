//! The report on errors in logs.

use headcount_prometheus::query::{Label, PrometheusQuery};
use headcount_topology::{
    model::{ArenaIndex as _, RowId, World},
    queries::{AWS_RDS_LOG_MESSAGES_TOTAL, CONTAINER_LOG_MESSAGES},
};

use super::{AuditReport, audited_application::AuditedApplication};
use crate::{counter_increase::CounterIncreases, inspections::Inspection};

/// The log levels that count as errors.
const LEVELS: [&str; 2] = ["error", "critical"];

/// The errors of the last hour, by row of the message counters; 0 for messages of other levels.
pub(super) struct LogErrorCounts {
    containers: Vec<f64>,
    managed: Vec<f64>,
}

impl LogErrorCounts {
    pub(super) fn of(world: &World<'_>) -> Self {
        let errors = |query| errors(world, query);
        Self { containers: errors(&CONTAINER_LOG_MESSAGES), managed: errors(&AWS_RDS_LOG_MESSAGES_TOTAL) }
    }
}

fn errors(world: &World<'_>, query: &'static PrometheusQuery) -> Vec<f64> {
    let [column] = query.columns([Label::Level]);
    let mut sums = CounterIncreases::of(world, query).sums(0..=u32::MAX);
    for (sum, row) in sums.iter_mut().zip(world.answers.table(query).rows()) {
        if !LEVELS.contains(&world.text(row.label(column))) {
            *sum = 0.0;
        }
    }
    sums
}

/// The report on logs.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let (world, errors) = (subject.world, &subject.ground.errors);
    let count = |sums: &[f64], row: &RowId| sums.get(row.place()).copied().unwrap_or(0.0);
    let containers = subject.containers().flat_map(|(id, ..)| world.log_messages.of(id));
    let of_containers: f64 = containers.map(|row| count(&errors.containers, row)).sum();
    let managed = subject.instances().filter_map(|(_, instance)| instance.managed);
    let mut managed = managed
        .flat_map(|managed| world.managed_series.of(managed))
        .filter(|(query, _)| *query == &AWS_RDS_LOG_MESSAGES_TOTAL)
        .peekable();
    let is_known = managed.peek().is_some() || subject.has_containers();
    let of_managed: f64 = managed.map(|(_, row)| count(&errors.managed, row)).sum();
    let check = if is_known {
        subject.events(Inspection::LogErrors, of_containers + of_managed, "errors in the logs")
    } else {
        subject.unknown(Inspection::LogErrors)
    };
    Some(AuditReport::new("Logs", vec![check]))
}
