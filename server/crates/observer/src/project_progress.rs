//! Tells how far the observation of a project is, for an operator who waits for its first numbers.

use headcount_prometheus::{query_costs::QueryCosts, refresh::FillProgress};
use headcount_topology::facts::InfrastructureFacts;

/// How far the observation of a project is. It has numbers and no names, but for the text of a failure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectProgress {
    /// How many queries there are.
    pub queries: u64,
    /// How many were answered at their latest run.
    pub answered: u64,
    /// How many failed at their latest run.
    pub failed: u64,
    /// How much of the past is fetched in the present round, and how much of it is there.
    pub filled: FillProgress,
    /// How many worlds were built from answers since the observation began.
    pub loads: u64,
    /// The failure of the latest requests.
    pub failure: Option<String>,
    /// The numbers of the latest world.
    pub facts: InfrastructureFacts,
}

impl ProjectProgress {
    /// Counts the queries of `costs`, of `queries`.
    pub(super) fn with_queries(self, queries: usize, costs: &QueryCosts) -> Self {
        let failed = costs.0.values().filter(|cost| cost.failed).count();
        let [queries, answered, failed] =
            [queries, costs.0.len() - failed, failed].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        Self { queries, answered, failed, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_query_that_did_not_run_is_neither_answered_nor_failed() {
        let mut costs = QueryCosts::default();
        costs.answered("up", Duration::ZERO, 1);
        costs.answered("node_info", Duration::ZERO, 1);
        costs.failed("node_info");
        let progress = ProjectProgress::default().with_queries(5, &costs);
        assert_eq!((progress.queries, progress.answered, progress.failed), (5, 1, 1));
    }
}
