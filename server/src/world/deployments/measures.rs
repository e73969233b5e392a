//! What did the containers of an application use over time?
//!
//! A world has only newest values; its series are found again, by their labels, in answers that have points.

use std::collections::BTreeMap;

use super::snapshot::Window;
use crate::world::{
    answers::{Answers, Symbol, Table},
    catalogue::{
        CONTAINER_CPU_USAGE, CONTAINER_LOG_MESSAGES, CONTAINER_MEMORY_RSS, CONTAINER_OOM_KILLS_TOTAL,
        CONTAINER_RESTARTS, FARGATE_CONTAINER_CPU_USAGE_SECONDS, FARGATE_CONTAINER_MEMORY_RSS,
        FARGATE_CONTAINER_OOM_EVENTS_TOTAL, Label, Query, UP,
    },
    model::{AppId, Container, ContainerId, Id as _, RowId, World},
};

/// A series: the query, and a row of its answer in the world.
type Series = (&'static Query, RowId);

/// The containers of an application, and answers with points.
pub(super) struct Measures<'m, 'a> {
    world: &'m World<'a>,
    points: &'m Answers,
    containers: Vec<(ContainerId, &'m Container)>,
}

/// What can grow.
#[derive(Debug, Clone, Copy)]
pub(super) enum Growth<'l> {
    Restarts,
    OomKills,
    /// Log messages of these levels.
    Logs(&'l [&'l str]),
}

impl<'m, 'a> Measures<'m, 'a> {
    pub(super) fn of(world: &'m World<'a>, points: &'m Answers, app: AppId) -> Self {
        let is_of_app = |container: &Container| world.instances[container.instance].application == app;
        let containers = world.containers.iter().filter(|(_, container)| is_of_app(container)).collect();
        Self { world, points, containers }
    }

    /// The memory in use at each moment of a window at which it is known, in bytes.
    pub(super) fn memory(&self, window: Window) -> Vec<(u32, f64)> {
        let of = |container: &Container| {
            let Container { memory_rss: series, .. } = container;
            [(&CONTAINER_MEMORY_RSS, series.agent), (&FARGATE_CONTAINER_MEMORY_RSS, series.fargate)]
        };
        let mut memory = BTreeMap::<u32, f64>::new();
        for (at, value) in self.used(of).flat_map(|(table, row)| table.points_of(row)) {
            if window.contains(at) {
                *memory.entry(at).or_default() += f64::from(value);
            }
        }
        memory.into_iter().collect()
    }

    /// Whether something is known of at least half of the moments of a window.
    pub(super) fn is_mostly_known(&self, values: &[(u32, f64)], window: Window) -> bool {
        let queries = [&CONTAINER_MEMORY_RSS, &FARGATE_CONTAINER_MEMORY_RSS];
        let step =
            queries.map(|query| self.points.table(query).points.step).into_iter().max().unwrap_or_default();
        let moments = (window.to - window.from).checked_div(step).unwrap_or_default();
        moments > 0 && values.len() * 2 >= moments as usize
    }

    /// The CPU time in a window, in seconds.
    pub(super) fn cpu_seconds(&self, window: Window) -> f64 {
        let of = |container: &Container| {
            let Container { cpu_usage: series, .. } = container;
            [(&CONTAINER_CPU_USAGE, series.agent), (&FARGATE_CONTAINER_CPU_USAGE_SECONDS, series.fargate)]
        };
        let series = self.used(of).map(|(table, row)| {
            let cores = table.points_of(row).filter(|(at, _)| window.contains(*at));
            cores.map(|(_, cores)| f64::from(cores)).sum::<f64>() * f64::from(table.points.step)
        });
        series.sum()
    }

    /// What counters grew by in a window.
    pub(super) fn increase(&self, growth: Growth<'_>, window: Window) -> f64 {
        let series: Vec<Series> = match growth {
            Growth::Restarts => self.rows(|container| [(&CONTAINER_RESTARTS, container.restarts)]).collect(),
            Growth::OomKills => self
                .rows(|container| {
                    let Container { oom_kills: series, .. } = container;
                    [
                        (&CONTAINER_OOM_KILLS_TOTAL, series.agent),
                        (&FARGATE_CONTAINER_OOM_EVENTS_TOTAL, series.fargate),
                    ]
                })
                .collect(),
            Growth::Logs(levels) => self.logs(levels),
        };
        series.into_iter().filter_map(|(query, row)| self.grown(query, row, window)).sum()
    }

    fn logs(&self, levels: &[&str]) -> Vec<Series> {
        let [level] = CONTAINER_LOG_MESSAGES.columns([Label::Level]);
        let table = self.world.answers.table(&CONTAINER_LOG_MESSAGES);
        let rows = self.containers.iter().flat_map(|(id, _)| self.world.log_messages.of(*id));
        let is_meant = |row: &&RowId| {
            let level = labels(table, **row).get(level).copied().unwrap_or(Symbol::EMPTY);
            levels.contains(&self.world.text(level))
        };
        rows.filter(is_meant).map(|row| (&CONTAINER_LOG_MESSAGES, *row)).collect()
    }

    /// What a counter grew by in a window; `None` when nothing is known of the target that it is scraped from.
    fn grown(&self, query: &'static Query, row: RowId, window: Window) -> Option<f64> {
        let (table, place) = self.find(query, row)?;
        let columns = query.columns([Label::Job, Label::Instance]);
        let target = columns.map(|column| labels(table, RowId::at(place)).get(column).copied());
        let up = self.points.table(&UP);
        let target = up.rows().find(|row| row.labels().iter().copied().map(Some).eq(target))?;
        let up: BTreeMap<u32, f32> = up.points_of(target.index()).collect();
        let was_up = |at: u32| up.get(&at).is_some_and(|up| *up > 0.0);
        let increases = increases(table.points_of(place), table.points.step, was_up);
        Some(increases.filter(|(at, _)| window.contains(*at)).map(|(_, grown)| f64::from(grown)).sum())
    }

    /// The rows with points of what containers use.
    fn used<const N: usize>(
        &self,
        series: impl Fn(&Container) -> [(&'static Query, Option<RowId>); N],
    ) -> impl Iterator<Item = (&'m Table, usize)> {
        self.rows(series).filter_map(|(query, row)| self.find(query, row))
    }

    fn rows<const N: usize>(
        &self,
        series: impl Fn(&Container) -> [(&'static Query, Option<RowId>); N],
    ) -> impl Iterator<Item = Series> {
        let all = self.containers.iter().flat_map(move |(_, container)| series(container));
        all.filter_map(|(query, row)| Some((query, row?)))
    }

    /// The row with points that has the labels of a row of the world.
    fn find(&self, query: &'static Query, row: RowId) -> Option<(&'m Table, usize)> {
        let texts = labels(self.world.answers.table(query), row).iter().map(|label| self.world.text(*label));
        let wanted = texts.map(|text| self.points.symbols().find(text)).collect::<Option<Vec<_>>>()?;
        let table = self.points.table(query);
        let place = table.labels.chunks_exact(table.width.max(1)).position(|labels| labels == wanted)?;
        Some((table, place))
    }
}

impl Window {
    const fn contains(self, at: u32) -> bool {
        at > self.from && at <= self.to
    }
}

fn labels(table: &Table, row: RowId) -> &[Symbol] {
    table.labels.chunks_exact(table.width.max(1)).nth(row.place()).unwrap_or_default()
}

/// What a counter grew by from one point to the next. One that begins, or begins anew, counts from 0; it begins where its
/// target was up one point before and did not have it.
fn increases(
    points: impl Iterator<Item = (u32, f32)>,
    step: u32,
    was_up: impl Fn(u32) -> bool,
) -> impl Iterator<Item = (u32, f32)> {
    let mut last: Option<(u32, f32)> = None;
    points.filter_map(move |(at, now)| {
        let before = last.replace((at, now)).filter(|(before, _)| before + step >= at);
        match before {
            Some((_, before)) if now >= before => Some((at, now - before)),
            Some(_) => Some((at, now)),
            None => was_up(at.saturating_sub(step)).then_some((at, now)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values at the moments 0, 15, …; `.` for one that is missing.
    fn points(text: &str) -> Vec<(u32, f32)> {
        let moments = (0..).map(|number| number * 15);
        moments.zip(text.split(' ')).filter_map(|(at, value)| Some((at, value.parse().ok()?))).collect()
    }

    #[test]
    fn a_counter_grows_begins_and_begins_anew() {
        for (up, counter, expected) in [
            ("1 1 1 1 1 1 1 . 1 1 0 1 1", ". 1 1 1 2 2 2 . . 10 . 11 12", ". 1 0 0 1 0 0 . . 10 . . 1"),
            ("1 1 1 1", "7 9 2 5", ". 2 2 3"),
            ("0 0 1 1", ". . 5 6", ". . . 1"),
        ] {
            let up: BTreeMap<u32, f32> = points(up).into_iter().collect();
            // Before the first moment nothing is known of the target.
            let was_up = |at: u32| {
                at > 0 && up.get(&at) == Some(&1.0) || at == 0 && counter.starts_with('.') && up[&0] > 0.0
            };
            let found: Vec<_> = increases(points(counter).into_iter(), 15, was_up).collect();
            assert_eq!(found, points(expected), "{counter}");
        }
    }
}
