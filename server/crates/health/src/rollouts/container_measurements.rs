//! Measures the resource usage of the containers of an application over time.
//!
//! A world has only the newest values. Its series are looked up by their labels in answers that have points.

use std::collections::BTreeMap;

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{InternedString, ResultTable},
};
use headcount_topology::{
    model::{AppId, ArenaIndex as _, Container, ContainerId, RowId, World},
    queries::{
        CONTAINER_CPU_USAGE, CONTAINER_LOG_MESSAGES, CONTAINER_MEMORY_RSS, CONTAINER_OOM_KILLS_TOTAL,
        CONTAINER_RESTARTS, FARGATE_CONTAINER_CPU_USAGE_SECONDS, FARGATE_CONTAINER_MEMORY_RSS,
        FARGATE_CONTAINER_OOM_EVENTS_TOTAL,
    },
};

use super::rollout_snapshot::SnapshotWindow;
use crate::{counter_increase::CounterIncreases, matching_row::MatchingRows};

/// The containers of an application, and answers with points.
pub(super) struct ContainerMeasurements<'m, 'a> {
    world: &'m World<'a>,
    rows: &'m MatchingRows<'m>,
    containers: Vec<(ContainerId, &'m Container)>,
}

/// The counters whose increase can be measured.
#[derive(Debug, Clone, Copy)]
pub(super) enum CounterKind<'l> {
    Restarts,
    OomKills,
    /// Log messages of these levels.
    Logs(&'l [&'l str]),
}

impl<'m, 'a> ContainerMeasurements<'m, 'a> {
    pub(super) fn of(world: &'m World<'a>, rows: &'m MatchingRows<'m>, app: AppId) -> Self {
        let is_of_app = |container: &Container| world.instances[container.instance].application == app;
        let containers = world.containers.iter().filter(|(_, container)| is_of_app(container)).collect();
        Self { world, rows, containers }
    }

    /// The memory in use in bytes at each moment of a window at which it is known.
    pub(super) fn memory(&self, window: SnapshotWindow) -> Vec<(u32, f64)> {
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

    /// Whether at least half of the moments of a window are known.
    pub(super) fn is_mostly_known(&self, values: &[(u32, f64)], window: SnapshotWindow) -> bool {
        let queries = [&CONTAINER_MEMORY_RSS, &FARGATE_CONTAINER_MEMORY_RSS];
        let step = queries
            .map(|query| self.rows.points().table(query).points.step)
            .into_iter()
            .max()
            .unwrap_or_default();
        let moments = (window.to - window.from).checked_div(step).unwrap_or_default();
        moments > 0 && values.len() * 2 >= moments as usize
    }

    /// The CPU time in a window, in seconds.
    pub(super) fn cpu_seconds(&self, window: SnapshotWindow) -> f64 {
        let of = |container: &Container| {
            let Container { cpu_usage: series, .. } = container;
            [(&CONTAINER_CPU_USAGE, series.agent), (&FARGATE_CONTAINER_CPU_USAGE_SECONDS, series.fargate)]
        };
        let series = self.used(of).map(|(table, row)| {
            let cores = table.points_of(row).filter(|(at, _)| window.contains(*at));
            cores.map(|(_, cores)| f64::from(cores)).sum::<f64>() * f64::from(table.points.step)
        });
        // With `sum()`, the sum of no values would be -0.
        series.fold(0.0, |sum, seconds| sum + seconds)
    }

    /// The increase of counters in a window.
    pub(super) fn increase(&self, growth: CounterKind<'_>, window: SnapshotWindow) -> f64 {
        match growth {
            CounterKind::Restarts => {
                self.grown(&CONTAINER_RESTARTS, |_, container| container.restarts, window)
            }
            CounterKind::OomKills => {
                self.grown(&CONTAINER_OOM_KILLS_TOTAL, |_, container| container.oom_kills.agent, window)
                    + self.grown(
                        &FARGATE_CONTAINER_OOM_EVENTS_TOTAL,
                        |_, container| container.oom_kills.fargate,
                        window,
                    )
            }
            CounterKind::Logs(levels) => {
                self.grown(&CONTAINER_LOG_MESSAGES, |container, _| self.logs(container, levels), window)
            }
        }
    }

    fn logs(&self, container: ContainerId, levels: &[&str]) -> impl Iterator<Item = RowId> {
        let [level] = CONTAINER_LOG_MESSAGES.columns([Label::Level]);
        let table = self.world.answers.table(&CONTAINER_LOG_MESSAGES);
        let is_meant = move |row: &RowId| {
            let level = labels(table, *row).get(level).copied().unwrap_or(InternedString::EMPTY);
            levels.contains(&self.world.text(level))
        };
        self.world.log_messages.of(container).copied().filter(is_meant)
    }

    /// The total increase of the counters of all containers; `rows` returns those of a container in the
    /// answer of the world.
    fn grown<R: IntoIterator<Item = RowId>>(
        &self,
        query: &'static PrometheusQuery,
        rows: impl Fn(ContainerId, &Container) -> R,
        window: SnapshotWindow,
    ) -> f64 {
        let increases = CounterIncreases::in_answers(self.rows.points(), query);
        let rows = self.containers.iter().flat_map(|(id, container)| rows(*id, container));
        let found = rows.filter_map(|row| Some(self.rows.find(self.world, query, row)?.1));
        let grown = found.flat_map(|place| increases.of_row(RowId::at(place)));
        grown.filter(|(at, _)| window.contains(*at)).map(|(_, grown)| f64::from(grown)).sum()
    }

    /// The rows with points of the resource usage of all containers.
    fn used<const N: usize>(
        &self,
        series: impl Fn(&Container) -> [(&'static PrometheusQuery, Option<RowId>); N],
    ) -> impl Iterator<Item = (&'m ResultTable, usize)> {
        let all = self.containers.iter().flat_map(move |(_, container)| series(container));
        all.filter_map(|(query, row)| self.rows.find(self.world, query, row?))
    }
}

impl SnapshotWindow {
    const fn contains(self, at: u32) -> bool {
        at > self.from && at <= self.to
    }
}

fn labels(table: &ResultTable, row: RowId) -> &[InternedString] {
    table.labels.chunks_exact(table.width.max(1)).nth(row.place()).unwrap_or_default()
}
