//! Counts how far the queries of a project are, for an operator who waits for its first numbers.

use headcount_prometheus::{query::PrometheusQuery, query_costs::QueryCosts};
use headcount_topology::queries;

/// How far the queries of a project are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct QueryStandings {
    /// How many queries there are.
    pub(super) all: u32,
    /// How many have an answer in the cache.
    pub(super) answered: u32,
    /// How many have neither an answer nor failed.
    pub(super) waiting: u32,
    /// The names of those that failed at their latest run. They may have an answer from before.
    pub(super) failed: Vec<&'static str>,
    /// The time of the newest answer.
    pub(super) answered_at: Option<u32>,
}

impl QueryStandings {
    /// Counts all queries. `answered_at` gives the time of the newest answer to a query.
    pub(super) fn count(
        costs: &QueryCosts,
        answered_at: &dyn Fn(&'static PrometheusQuery) -> Option<u32>,
    ) -> Self {
        let mut found = Self::default();
        for query in queries::all() {
            let has_failed = costs.0.get(query.name).is_some_and(|cost| cost.failed);
            let newest = answered_at(query);
            found.all += 1;
            found.answered += u32::from(newest.is_some());
            found.waiting += u32::from(newest.is_none() && !has_failed);
            found.answered_at = found.answered_at.max(newest);
            if has_failed {
                found.failed.push(query.name);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use headcount_topology::queries::{NODE_CPU_CORES, NODE_CPU_USAGE_PERCENT};

    use super::*;

    #[test]
    fn a_query_is_answered_by_the_cache_and_may_have_failed_since() {
        let (old, new) = (&NODE_CPU_CORES, &NODE_CPU_USAGE_PERCENT);
        let mut costs = QueryCosts::default();
        costs.failed(old.name);
        costs.failed("no longer a query");
        costs.answered(new.name, Duration::ZERO, 1);
        let count = |answers: &[(&PrometheusQuery, u32)]| {
            let at = |query: &PrometheusQuery| {
                answers.iter().find(|(of, _)| of.name == query.name).map(|(_, at)| *at)
            };
            QueryStandings::count(&costs, &at)
        };
        let nothing = count(&[]);
        assert_eq!((nothing.answered, nothing.waiting, nothing.answered_at), (0, nothing.all - 1, None));
        let both = count(&[(old, 300), (new, 200)]);
        assert_eq!((both.answered, both.waiting, both.answered_at), (2, both.all - 2, Some(300)));
        assert_eq!(both.failed, [old.name]);
    }
}
