//! Computes the increase of counters, including across resets.

use std::ops::RangeInclusive;

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{InternedString, QueryResults, ResultTable},
};
use headcount_topology::{
    model::{ArenaIndex as _, FastMap, RowId, World},
    queries::UP,
};

/// The counters in the answer to a query, which has points and the labels `job` and `instance`, and the
/// scrape targets of the counters.
#[derive(Debug, Clone)]
pub struct CounterIncreases<'a> {
    counters: &'a ResultTable,
    up: &'a ResultTable,
    /// For each counter the row of its target in `up`.
    targets: Vec<Option<usize>>,
}

/// The increase of a counter from one point to the next; either value may be missing (NaN). A counter that
/// begins or was reset counts from 0. It begins if its target was up and did not have it. NaN if the increase
/// is unknown.
///
/// [`add_known_growth`] has this rule a second time, for all counters at once: calling this one there made it 1.5
/// times as slow. A change of the rule belongs in both; the tests compare them.
fn growth(before: f32, now: f32, was_up: impl FnOnce() -> bool) -> f32 {
    if before.is_nan() {
        if was_up() { now } else { f32::NAN }
    } else if now < before {
        now
    } else {
        now - before
    }
}

/// Whether a counter begins.
const fn is_beginning(before: f32, now: f32) -> bool {
    before.is_nan() & !now.is_nan()
}

/// Adds the increase of all counters that continue or were reset. Returns whether those were all. It has no
/// branches, so that the compiler vectorizes it: there are hundreds of moments and tens of thousands of
/// counters. For that reason it repeats the rule of [`growth`]: calling that made this 1.5 times as slow.
fn add_known_growth(sums: &mut [f64], before: &[f32], now: &[f32]) -> bool {
    // As wide as the values, so that it is vectorized too.
    let mut beginnings = 0_u32;
    for (sum, (before, now)) in sums.iter_mut().zip(before.iter().zip(now)) {
        let growth = if now < before { *now } else { now - before };
        *sum += f64::from(if growth.is_nan() { 0.0 } else { growth });
        beginnings |= u32::from(is_beginning(*before, *now));
    }
    beginnings == 0
}

impl<'a> CounterIncreases<'a> {
    /// The counters in an answer of a world.
    #[must_use]
    pub(crate) fn of(world: &World<'a>, query: &'static PrometheusQuery) -> Self {
        Self::with_targets(world.answers, query, &world.targets)
    }

    /// The counters in an answer without a world.
    #[must_use]
    pub fn in_answers(answers: &'a QueryResults, query: &'static PrometheusQuery) -> Self {
        let ([job, instance], up) = answers.rows(&UP, [Label::Job, Label::Instance]);
        let targets = up.map(|row| ((row.label(job), row.label(instance)), RowId::at(row.index())));
        Self::with_targets(answers, query, &targets.collect())
    }

    fn with_targets(
        answers: &'a QueryResults,
        query: &'static PrometheusQuery,
        targets: &FastMap<(InternedString, InternedString), RowId>,
    ) -> Self {
        let [job, instance] = query.columns([Label::Job, Label::Instance]);
        let target = |labels| targets.get(&labels).map(|row| row.place());
        let counters = answers.table(query);
        let targets = counters.rows().map(|row| target((row.label(job), row.label(instance)))).collect();
        Self { counters, up: answers.table(&UP), targets }
    }

    /// The total increase of each counter at the moments of a span, in Unix seconds; 0 if unknown.
    #[must_use]
    pub(crate) fn sums(&self, span: RangeInclusive<u32>) -> Vec<f64> {
        let mut sums = vec![0.0; self.counters.len()];
        // Moment by moment, which is the order in memory.
        for (at, before, now) in self.steps().filter(|(at, ..)| span.contains(at)) {
            let is_all = add_known_growth(&mut sums, before, now);
            if !is_all {
                self.add_beginnings(&mut sums, at, before, now);
            }
        }
        for (sum, _) in sums.iter_mut().zip(&self.targets).filter(|(_, target)| target.is_none()) {
            *sum = 0.0;
        }
        sums
    }

    /// Adds the values of counters that begin at a moment.
    fn add_beginnings(&self, sums: &mut [f64], at: u32, before: &[f32], now: &[f32]) {
        let up = self.up_before(at);
        for ((sum, target), (before, now)) in sums.iter_mut().zip(&self.targets).zip(before.iter().zip(now)) {
            if let Some(target) = target
                && is_beginning(*before, *now)
            {
                *sum += if is_up(up, *target) { f64::from(*now) } else { 0.0 };
            }
        }
    }

    /// The increase of one counter at each moment at which it is known, in Unix seconds.
    pub fn of_row(&self, row: RowId) -> impl Iterator<Item = (u32, f32)> {
        let target = self.targets.get(row.place()).copied().flatten();
        let growth = move |(at, before, now): (u32, &'a [f32], &'a [f32])| {
            let (before, now) = (before.get(row.place())?, now.get(row.place())?);
            Some((
                at,
                growth(*before, *now, || target.is_some_and(|target| is_up(self.up_before(at), target))),
            ))
        };
        let known = target.is_some();
        self.steps().filter_map(growth).filter(move |(_, growth)| known && !growth.is_nan())
    }

    /// Each moment except the first, with the values before it and at it.
    fn steps(&self) -> impl Iterator<Item = (u32, &'a [f32], &'a [f32])> {
        let moments = self.counters.moments();
        moments.zip(self.counters.moments().skip(1)).map(|((_, before), (at, now))| (at, before, now))
    }

    /// The values of `up` one point before a moment.
    fn up_before(&self, at: u32) -> Option<&'a [f32]> {
        self.up.moment(at.checked_sub(self.counters.points.step)?)
    }
}

fn is_up(up: Option<&[f32]>, target: usize) -> bool {
    up.and_then(|up| up.get(target)).is_some_and(|up| *up > 0.0)
}

#[cfg(test)]
mod tests {
    use headcount_topology::{
        fixture::{NOW, STEP, scene},
        queries::CONTAINER_RESTARTS,
    };

    use super::*;

    /// Points, of which the last is at `NOW`; `.` is a missing one.
    fn points(text: &str) -> Vec<(u32, f32)> {
        let values: Vec<_> = text.split(' ').rev().collect();
        let moments = (0..).map(|number| NOW - number * STEP);
        moments.zip(values).filter_map(|(at, value)| Some((at, value.parse().ok()?))).collect()
    }

    #[track_caller]
    fn check(up: &str, counter: &str, expected: &str) {
        let lines = format!(
            "up job=j instance=i ={}
             container_restarts job=j instance=i ={}",
            up.replace(' ', ","),
            counter.replace(' ', ",")
        );
        scene(&lines).look(|world| {
            let increases = CounterIncreases::of(world, &CONTAINER_RESTARTS);
            let mut found: Vec<_> = increases.of_row(RowId::at(0)).collect();
            found.reverse();
            let expected = points(expected);
            assert_eq!(found, expected);
            let sum: f32 = expected.iter().map(|(_, value)| value).sum();
            assert_eq!(increases.sums(0..=NOW), [f64::from(sum)]);
            let but_the_last: f32 = expected.iter().filter(|(at, _)| *at < NOW).map(|(_, value)| value).sum();
            assert_eq!(increases.sums(0..=NOW - 1), [f64::from(but_the_last)]);
        });
    }

    #[test]
    fn a_counter_grows_begins_and_begins_anew() {
        check("1 1 1 1 1 1 1 . 1 1 0 1 1", ". 1 1 1 2 2 2 . . 10 . 11 12", ". 1 0 0 1 0 0 . . 10 . . 1");
        check("1 1 1 1", "7 9 2 5", ". 2 2 3");
        // A value that existed while the target was down did not increase now.
        check("0 0 1 1", ". . 5 6", ". . . 1");
    }

    #[test]
    fn a_counter_without_its_target_says_nothing() {
        let lines = "up job=j instance=other =1,1,1
                     container_restarts job=j instance=i =1,2,3";
        scene(lines).look(|world| {
            let increases = CounterIncreases::of(world, &CONTAINER_RESTARTS);
            assert_eq!(increases.of_row(RowId::at(0)).count(), 0);
            assert_eq!(increases.sums(0..=NOW), [0.0]);
        });
    }
}
