//! What it costs to know the world: the time that stages take, and what each query to Prometheus took.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The time that loads of a world took since the last cut.
#[derive(Debug, Default)]
pub struct LoadCosts(Mutex<LoadTimes>);

/// The times of some loads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadTimes {
    /// The longest time of each stage, by name.
    pub stages: BTreeMap<&'static str, Duration>,
    loads: u32,
    total: Duration,
    audits: Duration,
}

impl LoadCosts {
    /// Adds a load: its stages, all of it, and the audit of what was loaded.
    pub fn add(&self, stages: &[(&'static str, Duration)], total: Duration, audit: Duration) {
        let mut times = self.times();
        for (stage, took) in stages {
            let longest = times.stages.entry(stage).or_default();
            *longest = (*longest).max(*took);
        }
        times.loads += 1;
        times.total += total;
        times.audits += audit;
    }

    /// The times since the last cut. Changes nothing.
    #[must_use]
    pub fn peek(&self) -> LoadTimes {
        self.times().clone()
    }

    /// The times since the last cut; the next begins here.
    #[must_use]
    pub fn cut(&self) -> LoadTimes {
        std::mem::take(&mut self.times())
    }

    fn times(&self) -> MutexGuard<'_, LoadTimes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoadTimes {
    /// The mean time of a load; zero without one.
    #[must_use]
    pub fn mean(&self) -> Duration {
        self.total.checked_div(self.loads).unwrap_or_default()
    }

    /// The mean time of the audit of what was loaded; zero without a load.
    #[must_use]
    pub fn audit_mean(&self) -> Duration {
        self.audits.checked_div(self.loads).unwrap_or_default()
    }
}

/// What the queries of one project or of several cost, by name. A query that was not asked yet is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryCosts(pub BTreeMap<&'static str, QueryCost>);

/// What a query cost when it was last asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueryCost {
    /// Whether it failed.
    pub failed: bool,
    /// How long the request took that last filled the cache.
    pub latency: Duration,
    /// How many series that request returned.
    pub series: u64,
}

impl QueryCosts {
    /// Notes that a query was answered.
    pub fn answered(&mut self, query: &'static str, latency: Duration, series: u64) {
        self.0.insert(query, QueryCost { failed: false, latency, series });
    }

    /// Notes that a query failed; what it cost when it last succeeded is kept.
    pub fn failed(&mut self, query: &'static str) {
        self.0.entry(query).or_default().failed = true;
    }

    /// Notes that nothing of a query is missing.
    pub fn up_to_date(&mut self, query: &'static str) {
        if let Some(cost) = self.0.get_mut(query) {
            cost.failed = false;
        }
    }

    /// Adds those of another project: one failure is a failure, the longest latency counts, series add up.
    pub fn merge(&mut self, other: &Self) {
        for (query, cost) in &other.0 {
            let sum = self.0.entry(query).or_default();
            sum.failed |= cost.failed;
            sum.latency = sum.latency.max(cost.latency);
            sum.series += cost.series;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_longest_time_of_a_stage_and_the_means_of_the_loads_count_until_the_cut() {
        let costs = LoadCosts::default();
        assert_eq!((costs.peek().mean(), costs.peek().audit_mean()), (ms(0), ms(0)));
        costs.add(&[("query", ms(5)), ("load_nodes", ms(1))], ms(10), ms(2));
        costs.add(&[("query", ms(3)), ("load_nodes", ms(2))], ms(20), ms(6));
        let times = costs.peek();
        assert_eq!(times.stages, BTreeMap::from([("query", ms(5)), ("load_nodes", ms(2))]));
        assert_eq!((times.mean(), times.audit_mean()), (ms(15), ms(4)));
        assert_eq!(costs.cut(), times);
        assert_eq!(costs.peek(), LoadTimes::default());
    }

    #[test]
    fn over_projects_one_failure_the_longest_latency_and_the_sum_of_series_count() {
        let (mut one, mut other) = (QueryCosts::default(), QueryCosts::default());
        one.answered("up", ms(3), 4);
        one.answered("node_info", ms(1), 2);
        other.answered("up", ms(2), 5);
        other.failed("up");
        other.failed("node_info");
        one.merge(&other);
        let cost = |failed, latency, series| QueryCost { failed, latency: ms(latency), series };
        assert_eq!(one.0, BTreeMap::from([("up", cost(true, 3, 9)), ("node_info", cost(true, 1, 2))]));
    }

    #[test]
    fn a_query_that_fails_keeps_what_it_cost_and_one_that_works_again_has_not_failed() {
        let mut costs = QueryCosts::default();
        costs.answered("up", ms(3), 4);
        costs.failed("up");
        assert_eq!(costs.0["up"], QueryCost { failed: true, latency: ms(3), series: 4 });
        costs.answered("up", ms(1), 5);
        assert_eq!(costs.0["up"], QueryCost { failed: false, latency: ms(1), series: 5 });
    }
}
