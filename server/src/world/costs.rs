//! Measures what it costs to know the world: the time that stages take, and what each query to Prometheus took.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{catalogue, constructor::STAGES};

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

/// What a load of a world is made of beside the stages of the constructor.
const OTHER_STAGES: [&str; 5] =
    ["query", "load_app_sli", "load_app_deployments", "load_app_incidents", "get_check_configs"];

/// The longest time that a file is believed: a year. Sums of such times do not overflow.
const BELIEVABLE: Duration = Duration::from_secs(365 * 24 * 3600);

/// What was measured since the last report, in the form in which it survives a clean restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedWorldCosts {
    stages: BTreeMap<String, Duration>,
    loads: u32,
    total: Duration,
    audits: Duration,
    queries: BTreeMap<String, QueryCost>,
}

impl SavedWorldCosts {
    pub(super) fn new(times: LoadTimes, queries: &QueryCosts) -> Self {
        let LoadTimes { stages, loads, total, audits } = times;
        Self {
            stages: stages.into_iter().map(|(stage, time)| (stage.to_owned(), time)).collect(),
            loads,
            total,
            audits,
            queries: queries.0.iter().map(|(query, cost)| ((*query).to_owned(), *cost)).collect(),
        }
    }

    /// The times of the stages that there are. Nothing of a file that says what cannot be.
    pub(super) fn load_times(&self) -> LoadTimes {
        let stages = STAGES.iter().map(|stage| stage.name).chain(OTHER_STAGES);
        let stages = stages.filter_map(|stage| Some((stage, *self.stages.get(stage)?))).collect();
        let times = LoadTimes { stages, loads: self.loads, total: self.total, audits: self.audits };
        let longest = times.stages.values().copied().max().unwrap_or_default();
        if [longest, times.total, times.audits].iter().all(|time| *time <= BELIEVABLE) {
            times
        } else {
            LoadTimes::default()
        }
    }

    /// The costs of the queries that there are.
    pub(super) fn query_costs(&self) -> QueryCosts {
        let costs = catalogue::all().filter_map(|query| Some((query.name, *self.queries.get(query.name)?)));
        QueryCosts(costs.filter(|(_, cost)| cost.latency <= BELIEVABLE).collect())
    }
}

impl LoadCosts {
    /// Adds what was measured before a restart.
    pub(super) fn resume(&self, earlier: LoadTimes) {
        let mut times = self.times();
        for (stage, took) in earlier.stages {
            let longest = times.stages.entry(stage).or_default();
            *longest = (*longest).max(took);
        }
        times.loads = times.loads.saturating_add(earlier.loads);
        times.total = times.total.saturating_add(earlier.total);
        times.audits = times.audits.saturating_add(earlier.audits);
    }

    /// Adds a load: its stages, all of it, and the audit of what was loaded.
    pub fn add(&self, stages: &[(&'static str, Duration)], total: Duration, audit: Duration) {
        let mut times = self.times();
        for (stage, took) in stages {
            let longest = times.stages.entry(stage).or_default();
            *longest = (*longest).max(*took);
        }
        times.loads = times.loads.saturating_add(1);
        times.total = times.total.saturating_add(total);
        times.audits = times.audits.saturating_add(audit);
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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

    /// Adds those of `earlier` that are absent here.
    pub(super) fn complete(&mut self, earlier: &Self) {
        for (query, cost) in &earlier.0 {
            self.0.entry(query).or_insert(*cost);
        }
    }

    /// Adds those of another project: one failure is a failure, the longest latency counts, series add up.
    pub fn merge(&mut self, other: &Self) {
        for (query, cost) in &other.0 {
            let sum = self.0.entry(query).or_default();
            sum.failed |= cost.failed;
            sum.latency = sum.latency.max(cost.latency);
            sum.series = sum.series.saturating_add(cost.series);
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
    fn what_was_measured_before_a_restart_counts_with_what_comes_after_it() {
        let costs = LoadCosts::default();
        costs.add(&[("query", ms(5)), ("load_nodes", ms(1))], ms(10), ms(2));
        let mut queries = QueryCosts::default();
        queries.answered("node_info", ms(3), 4);
        let saved = SavedWorldCosts::new(costs.cut(), &queries);
        let saved: SavedWorldCosts = serde_json::from_slice(&serde_json::to_vec(&saved).unwrap()).unwrap();

        let costs = LoadCosts::default();
        costs.resume(saved.load_times());
        costs.add(&[("query", ms(3)), ("load_nodes", ms(2))], ms(20), ms(6));
        let times = costs.peek();
        assert_eq!(times.stages, BTreeMap::from([("query", ms(5)), ("load_nodes", ms(2))]));
        assert_eq!((times.mean(), times.audit_mean()), (ms(15), ms(4)));
        assert_eq!(saved.query_costs(), queries);
    }

    #[test]
    fn names_that_are_none_and_times_that_cannot_be_are_not_taken_from_a_file() {
        let named = |time| SavedWorldCosts {
            stages: [("of_jane".to_owned(), ms(1)), ("query".to_owned(), time)].into(),
            queries: [("of_jane".to_owned(), QueryCost::default())].into(),
            ..SavedWorldCosts::default()
        };
        assert_eq!(named(ms(1)).load_times().stages, BTreeMap::from([("query", ms(1))]));
        assert_eq!(named(Duration::MAX).load_times(), LoadTimes::default());
        assert_eq!(named(ms(1)).query_costs(), QueryCosts::default());
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
