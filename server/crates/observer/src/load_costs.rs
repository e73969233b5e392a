//! Measures the cost of loading worlds: the time of each stage, and of each query to Prometheus.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use headcount_platform::lock::lock;
use headcount_prometheus::query_costs::{QueryCost, QueryCosts};
use headcount_topology::{constructor::STAGES, queries};
use serde::{Deserialize, Serialize};

/// The time of loads since the last cut.
#[derive(Debug, Default)]
pub struct LoadCosts(Mutex<LoadTimes>);

/// The accumulated times of loads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadTimes {
    /// The longest time of each stage, by name.
    pub stages: BTreeMap<&'static str, Duration>,
    loads: u32,
    total: Duration,
    audits: Duration,
}

/// The stages of a load besides those of the constructor.
const OTHER_STAGES: [&str; 5] =
    ["query", "load_app_sli", "load_app_deployments", "load_app_incidents", "get_check_configs"];

/// The longest time that is accepted from a file: a year. Sums of such times do not overflow.
const BELIEVABLE: Duration = Duration::from_secs(365 * 24 * 3600);

/// The measurements since the last report, in the form in which they survive a clean restart.
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

    /// The times of known stages; empty if the file has an impossible value.
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

    /// The costs of known queries.
    pub(super) fn query_costs(&self) -> QueryCosts {
        let costs = queries::all().filter_map(|query| Some((query.name, *self.queries.get(query.name)?)));
        QueryCosts(costs.filter(|(_, cost)| cost.latency <= BELIEVABLE).collect())
    }
}

impl LoadCosts {
    /// Adds the measurements from before a restart.
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

    /// Adds a load: its stages, its total time, and the time of the audit.
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

    /// The times since the last cut. Resets them.
    #[must_use]
    pub fn cut(&self) -> LoadTimes {
        std::mem::take(&mut self.times())
    }

    fn times(&self) -> MutexGuard<'_, LoadTimes> {
        lock(&self.0)
    }
}

impl LoadTimes {
    /// The mean time of a load; zero without loads.
    #[must_use]
    pub fn mean(&self) -> Duration {
        self.total.checked_div(self.loads).unwrap_or_default()
    }

    /// The mean time of an audit; zero without loads.
    #[must_use]
    pub fn audit_mean(&self) -> Duration {
        self.audits.checked_div(self.loads).unwrap_or_default()
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
}
