//! Helpers shared by the reports on databases.

use headcount_prometheus::{
    query::PrometheusQuery,
    results::{InternedString, ResultRow},
};
use headcount_topology::model::{
    ApplicationInstance, ArenaIndex as _, DatabaseEngine, DatabaseId, InstanceId, MonitoredDatabase,
};

use super::{AuditCheck, AuditReport, audited_application::AuditedApplication, flagged_items::QualifiedName};
use crate::inspections::Inspection;

/// A database that should answer.
#[derive(Clone, Copy)]
pub(super) struct AuditedDatabase<'g> {
    pub(super) id: DatabaseId,
    pub(super) instance: &'g ApplicationInstance,
    pub(super) database: &'g MonitoredDatabase,
}

impl AuditedDatabase<'_> {
    /// Its name in messages.
    pub(super) const fn name(&self) -> QualifiedName {
        [self.instance.name, InternedString::EMPTY]
    }
}

/// The report on databases of one kind; `None` for an application without such a database. It has no checks
/// if no exporter monitors them.
pub(super) fn report<'g>(
    subject: &AuditedApplication<'g, '_>,
    (name, engine): (&'static str, DatabaseEngine),
    checks: impl FnOnce(&[AuditedDatabase<'g>]) -> Vec<AuditCheck>,
) -> Option<AuditReport> {
    if subject.instances().any(|(id, _)| of_instance(subject, id, engine).next().is_some()) {
        let databases: Vec<_> = monitored(subject, engine).collect();
        return Some(AuditReport::new(name, checks(&databases)));
    }
    subject.is_database(engine).then(|| AuditReport::new(name, Vec::new()))
}

fn monitored<'g>(
    subject: &AuditedApplication<'g, '_>,
    engine: DatabaseEngine,
) -> impl Iterator<Item = AuditedDatabase<'g>> {
    subject.present().flat_map(move |(id, instance)| {
        let databases = of_instance(subject, id, engine);
        databases.map(move |(id, database)| AuditedDatabase { id, instance, database })
    })
}

pub(super) fn of_instance<'g>(
    subject: &AuditedApplication<'g, '_>,
    instance: InstanceId,
    engine: DatabaseEngine,
) -> impl Iterator<Item = (DatabaseId, &'g MonitoredDatabase)> {
    let world = subject.world;
    let databases = subject.ground.databases.of(instance).map(|id| (*id, &world.databases[*id]));
    databases.filter(move |(_, database)| database.engine == engine)
}

/// Checks that databases answer.
pub(super) fn availability(
    subject: &AuditedApplication<'_, '_>,
    inspection: Inspection,
    databases: &[AuditedDatabase<'_>],
) -> AuditCheck {
    let mut items = subject.items(inspection);
    for monitored in databases {
        let is_up = monitored.database.up > 0.0;
        if !is_up {
            items.add(monitored.name());
        }
    }
    items.check("no answer")
}

/// The series of a database in the answer to a query.
pub(super) fn series<'g>(
    subject: &AuditedApplication<'g, '_>,
    database: DatabaseId,
    query: &'static PrometheusQuery,
) -> impl Iterator<Item = ResultRow<'g>> {
    let world = subject.world;
    let rows = world.database_series.of(database).filter(move |(other, _)| *other == query);
    rows.filter_map(move |(query, row)| world.answers.table(query).row(row.place()))
}

/// The current value of a database in the answer to a query: the largest of several, NaN if there is none.
pub(super) fn last(
    subject: &AuditedApplication<'_, '_>,
    database: DatabaseId,
    query: &'static PrometheusQuery,
) -> f32 {
    series(subject, database, query).filter_map(|row| row.last()).fold(f32::NAN, f32::max)
}
