//! The report on memory: OOM kills and leaks.

use std::iter::zip;

use headcount_prometheus::{query::QueryRetention, results::ResultTable};
use headcount_topology::{
    model::{ArenaIndex as _, ContainerSeries, RowId, World},
    queries::{
        CONTAINER_MEMORY_RSS_FOR_TREND, CONTAINER_OOM_KILLS_TOTAL, FARGATE_CONTAINER_MEMORY_RSS_FOR_TREND,
        FARGATE_CONTAINER_OOM_EVENTS_TOTAL,
    },
};

use super::{AuditReport, CheckMessage, audited_application::AuditedApplication};
use crate::{counter_increase::CounterIncreases, inspections::Inspection, trend_line::TrendLine};

/// Growth is measured over the last hour.
const HOUR_S: u32 = 3600;

/// The share of points that a trend requires.
const ENOUGH: f64 = 0.8;

/// The OOM kills of the last hour, by row of the counters.
pub(super) struct OomKills {
    agent: Vec<f64>,
    fargate: Vec<f64>,
}

impl OomKills {
    pub(super) fn of(world: &World<'_>) -> Self {
        let sums = |query| CounterIncreases::of(world, query).sums(0..=u32::MAX);
        Self { agent: sums(&CONTAINER_OOM_KILLS_TOTAL), fargate: sums(&FARGATE_CONTAINER_OOM_EVENTS_TOTAL) }
    }

    fn of_container(&self, series: ContainerSeries) -> f64 {
        let of = |sums: &[f64], row: Option<RowId>| row.and_then(|row| sums.get(row.place()).copied());
        of(&self.agent, series.agent).unwrap_or(0.0) + of(&self.fargate, series.fargate).unwrap_or(0.0)
    }
}

/// The report on memory.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let has_containers = subject.has_containers();
    let kills = if has_containers {
        let kills = subject.containers().map(|(_, container, _)| {
            let kills = &subject.ground.oom_kills;
            kills.of_container(container.oom_kills)
        });
        subject.events(Inspection::MemoryOOM, kills.sum(), "containers were killed for lack of memory")
    } else {
        subject.unknown(Inspection::MemoryOOM)
    };
    let leak = if has_containers && !subject.is_periodic() {
        let growth = growth_percent(subject).unwrap_or(f64::NAN);
        let message = CheckMessage::MemoryGrowth { percent: growth };
        subject.above(Inspection::MemoryLeakPercent, growth, message)
    } else {
        subject.unknown(Inspection::MemoryLeakPercent)
    };
    Some(AuditReport::new("Memory", vec![kills, leak]))
}

/// The growth of the memory of all containers within the last hour by their trend, in percent.
fn growth_percent(subject: &AuditedApplication<'_, '_>) -> Option<f64> {
    let trends = subject.ground.trends.as_ref()?;
    let mut sums = vec![0.0; trends.moments()];
    for (_, container, _) in subject.containers() {
        let ContainerSeries { agent, fargate } = container.memory_rss_trend;
        for (trend, row) in zip(&trends.of_agents, [agent, fargate]) {
            row.into_iter().for_each(|row| trend.add(row, &mut sums));
        }
    }
    trends.growth_percent(&sums)
}

/// The memory of all containers over four hours, in bytes.
pub(super) struct MemoryTrends<'a> {
    from: u32,
    to: u32,
    step: u32,
    /// The trends from the node agent, and those from Fargate.
    of_agents: [AgentTrend<'a>; 2],
}

/// The memory of containers that one agent reports.
struct AgentTrend<'a> {
    table: &'a ResultTable,
    /// The index of each of its moments among those of all agents.
    places: Vec<usize>,
}

impl<'a> MemoryTrends<'a> {
    /// The trends in the answers of a world; `None` without points.
    pub(super) fn of(world: &World<'a>) -> Option<Self> {
        let trends = [&CONTAINER_MEMORY_RSS_FOR_TREND, &FARGATE_CONTAINER_MEMORY_RSS_FOR_TREND];
        let tables = trends.map(|query| world.answers.table(query));
        let moments = |table: &&'a ResultTable| table.moments().map(|(at, _)| at).collect::<Vec<_>>();
        let known = tables.iter().filter(|table| table.points.step > 0);
        let (from, to) = (known.clone().flat_map(moments).min()?, known.clone().flat_map(moments).max()?);
        let step = known.map(|table| table.points.step).max()?;
        let of_agents = tables.map(|table| {
            let places = moments(&table).into_iter().map(|at| ((at - from) / step) as usize);
            AgentTrend { table, places: places.collect() }
        });
        Some(Self { from, to, step, of_agents })
    }

    /// The number of moments.
    const fn moments(&self) -> usize {
        ((self.to - self.from) / self.step) as usize + 1
    }

    /// The growth within the last hour by the trend, in percent; `sums` has the memory in use at each moment.
    fn growth_percent(&self, sums: &[f64]) -> Option<f64> {
        let QueryRetention::Range { keep, .. } = CONTAINER_MEMORY_RSS_FOR_TREND.kind else { return None };
        let moments = (self.from..=self.to).step_by(self.step as usize);
        let mut points = Vec::with_capacity(sums.len());
        // A sum of 0 means that nothing was observed.
        points.extend(moments.zip(sums.iter().copied()).filter(|(_, sum)| *sum > 0.0));
        if points.len() as f64 <= ENOUGH * keep.as_secs_f64() / f64::from(self.step) {
            return None;
        }
        let line = TrendLine::through(&points)?;
        let (before, now) = (line.at(self.to.checked_sub(HOUR_S)?), line.at(self.to));
        (before > 0.0 && now > 0.0).then(|| (now - before) / before * 100.0)
    }
}

impl AgentTrend<'_> {
    /// Adds the memory of one container to the sums.
    fn add(&self, row: RowId, sums: &mut [f64]) {
        for ((_, values), place) in self.table.moments().zip(&self.places) {
            let value = values.get(row.place()).copied().unwrap_or(f32::NAN);
            if let Some(sum) = sums.get_mut(*place).filter(|_| !value.is_nan()) {
                *sum += f64::from(value);
            }
        }
    }
}
