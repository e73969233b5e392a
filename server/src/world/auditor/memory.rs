//! Do containers run out of memory, and do they need more and more of it?

use std::iter::zip;

use super::{Report, subject::Subject};
use crate::world::{
    answers::Table,
    catalogue::{
        CONTAINER_MEMORY_RSS_FOR_TREND, CONTAINER_OOM_KILLS_TOTAL, FARGATE_CONTAINER_MEMORY_RSS_FOR_TREND,
        FARGATE_CONTAINER_OOM_EVENTS_TOTAL, Kind,
    },
    increase::Increases,
    inspections::Inspection,
    model::{Id as _, RowId, Series, World},
    regression::Line,
};

/// The growth is that of the last hour.
const HOUR_S: u32 = 3600;

/// The share of points that must be there for a trend.
const ENOUGH: f64 = 0.8;

/// Kills for lack of memory in the last hour, by the rows of the counters.
pub(super) struct OomKills {
    agent: Vec<f64>,
    fargate: Vec<f64>,
}

impl OomKills {
    pub(super) fn of(world: &World<'_>) -> Self {
        let sums = |query| Increases::of(world, query).sums(0..=u32::MAX);
        Self { agent: sums(&CONTAINER_OOM_KILLS_TOTAL), fargate: sums(&FARGATE_CONTAINER_OOM_EVENTS_TOTAL) }
    }

    fn of_container(&self, series: Series) -> f64 {
        let of = |sums: &[f64], row: Option<RowId>| row.and_then(|row| sums.get(row.place()).copied());
        of(&self.agent, series.agent).unwrap_or(0.0) + of(&self.fargate, series.fargate).unwrap_or(0.0)
    }
}

/// The report on memory.
pub(super) fn report(subject: &Subject<'_, '_>) -> Option<Report> {
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
        subject.value(Inspection::MemoryLeakPercent, growth, |growth| {
            format!("the memory in use grew by {growth:.0} % within an hour")
        })
    } else {
        subject.unknown(Inspection::MemoryLeakPercent)
    };
    Some(Report::new("Memory", vec![kills, leak]))
}

/// How much more memory all containers use by their trend than an hour ago, in percent.
fn growth_percent(subject: &Subject<'_, '_>) -> Option<f64> {
    let trends = [&CONTAINER_MEMORY_RSS_FOR_TREND, &FARGATE_CONTAINER_MEMORY_RSS_FOR_TREND];
    let tables = trends.map(|query| subject.world.answers.table(query));
    let mut total = Total::of(tables)?;
    for (_, container, _) in subject.containers() {
        let Series { agent, fargate } = container.memory_rss_trend;
        for (table, row) in zip(tables, [agent, fargate]) {
            row.into_iter().for_each(|row| total.add(table, row));
        }
    }
    total.growth_percent()
}

/// The memory of several containers over four hours, in bytes.
struct Total {
    from: u32,
    to: u32,
    step: u32,
    values: Vec<f64>,
}

impl Total {
    /// Nothing, over the time for which there are points of any.
    fn of(tables: [&Table; 2]) -> Option<Self> {
        let moments =
            || tables.iter().filter(|table| table.points.step > 0).flat_map(|table| table.moments());
        let (from, to) = (moments().map(|(at, _)| at).min()?, moments().map(|(at, _)| at).max()?);
        let step = tables.iter().map(|table| table.points.step).max().filter(|step| *step > 0)?;
        Some(Self { from, to, step, values: vec![0.0; ((to - from) / step) as usize + 1] })
    }

    fn add(&mut self, table: &Table, row: RowId) {
        for (at, value) in table.points_of(row.place()) {
            if let Some(sum) = self.values.get_mut(((at - self.from) / self.step) as usize) {
                *sum += f64::from(value);
            }
        }
    }

    fn growth_percent(&self) -> Option<f64> {
        let Kind::Range { keep, .. } = CONTAINER_MEMORY_RSS_FOR_TREND.kind else { return None };
        let moments = (self.from..=self.to).step_by(self.step as usize);
        // Where nothing was in use nothing was seen.
        let points: Vec<_> = moments.zip(self.values.iter().copied()).filter(|(_, sum)| *sum > 0.0).collect();
        if points.len() as f64 <= ENOUGH * keep.as_secs_f64() / f64::from(self.step) {
            return None;
        }
        let line = Line::through(&points)?;
        let (before, now) = (line.at(self.to.checked_sub(HOUR_S)?), line.at(self.to));
        (before > 0.0 && now > 0.0).then(|| (now - before) / before * 100.0)
    }
}
