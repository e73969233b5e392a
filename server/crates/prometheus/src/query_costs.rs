//! Records the cost of each query to Prometheus.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

/// The costs of the queries of one or more projects, by name, without those that did not run yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryCosts(pub BTreeMap<&'static str, QueryCost>);

/// The cost of the latest run of a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryCost {
    /// Whether it failed.
    pub failed: bool,
    /// How long the latest successful request took.
    pub latency: Duration,
    /// How many series that request returned.
    pub series: u64,
}

impl QueryCosts {
    /// Records an answer to a query.
    pub fn answered(&mut self, query: &'static str, latency: Duration, series: u64) {
        self.0.insert(query, QueryCost { failed: false, latency, series });
    }

    /// Records the failure of a query. The cost of its latest success stays.
    pub fn failed(&mut self, query: &'static str) {
        self.0.entry(query).or_default().failed = true;
    }

    /// Records that a query is up to date.
    pub fn up_to_date(&mut self, query: &'static str) {
        if let Some(cost) = self.0.get_mut(query) {
            cost.failed = false;
        }
    }

    /// Adds those of `earlier` that are missing here.
    pub fn complete(&mut self, earlier: &Self) {
        for (query, cost) in &earlier.0 {
            self.0.entry(query).or_insert(*cost);
        }
    }

    /// Adds the costs of another project: a failure in either counts, the longer latency counts, series are
    /// added.
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
