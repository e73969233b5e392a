//! Helpers shared by the reports on databases.

use super::{Check, Report, checks::Name, subject::Subject};
use crate::world::{
    answers::{Row, Symbol},
    catalogue::Query,
    inspections::Inspection,
    model::{Database, DatabaseId, Engine, Id as _, Instance, InstanceId},
};

/// A database that should answer.
#[derive(Clone, Copy)]
pub(super) struct Monitored<'g> {
    pub(super) id: DatabaseId,
    pub(super) instance: &'g Instance,
    pub(super) database: &'g Database,
}

impl Monitored<'_> {
    /// Its name in messages.
    pub(super) const fn name(&self) -> Name {
        [self.instance.name, Symbol::EMPTY]
    }
}

/// The report on databases of one kind; `None` for an application without such a database. It has no checks
/// if no exporter monitors them.
pub(super) fn report<'g>(
    subject: &Subject<'g, '_>,
    (name, engine): (&'static str, Engine),
    checks: impl FnOnce(&[Monitored<'g>]) -> Vec<Check>,
) -> Option<Report> {
    if subject.instances().any(|(id, _)| of_instance(subject, id, engine).next().is_some()) {
        let databases: Vec<_> = monitored(subject, engine).collect();
        return Some(Report::new(name, checks(&databases)));
    }
    subject.is_database(engine).then(|| Report::new(name, Vec::new()))
}

fn monitored<'g>(subject: &Subject<'g, '_>, engine: Engine) -> impl Iterator<Item = Monitored<'g>> {
    subject.present().flat_map(move |(id, instance)| {
        let databases = of_instance(subject, id, engine);
        databases.map(move |(id, database)| Monitored { id, instance, database })
    })
}

pub(super) fn of_instance<'g>(
    subject: &Subject<'g, '_>,
    instance: InstanceId,
    engine: Engine,
) -> impl Iterator<Item = (DatabaseId, &'g Database)> {
    let world = subject.world;
    let databases = subject.ground.databases.of(instance).map(|id| (*id, &world.databases[*id]));
    databases.filter(move |(_, database)| database.engine == engine)
}

/// Checks that databases answer.
pub(super) fn availability(
    subject: &Subject<'_, '_>,
    inspection: Inspection,
    databases: &[Monitored<'_>],
) -> Check {
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
    subject: &Subject<'g, '_>,
    database: DatabaseId,
    query: &'static Query,
) -> impl Iterator<Item = Row<'g>> {
    let world = subject.world;
    let rows = world.database_series.of(database).filter(move |(other, _)| *other == query);
    rows.filter_map(move |(query, row)| world.answers.table(query).row(row.place()))
}

/// The current value of a database in the answer to a query: the largest of several, NaN if there is none.
pub(super) fn last(subject: &Subject<'_, '_>, database: DatabaseId, query: &'static Query) -> f32 {
    series(subject, database, query).filter_map(|row| row.last()).fold(f32::NAN, f32::max)
}
