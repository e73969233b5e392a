//! Renders processor and memory by version, stages and queries.

use headcount_charts::ValueUnit;
use headcount_shared::api::FleetDistributionsAnswer;
use maud::{Markup, html};

use crate::distribution_charts::{
    DistributionTable, DistributionTitles, distribution_of, histogram, percentile_table,
};

/// What the page is made of. The distributions of processor and memory are those of `mean` and `p95`.
#[derive(Debug, Clone, Copy)]
pub struct PerformanceAnswers<'a> {
    /// CPU usage in cores.
    pub cpu: &'a FleetDistributionsAnswer,
    /// The same by version.
    pub cpu_by_version: &'a FleetDistributionsAnswer,
    /// Resident memory in bytes.
    pub memory: &'a FleetDistributionsAnswer,
    /// The same by version.
    pub memory_by_version: &'a FleetDistributionsAnswer,
    /// Stages in seconds.
    pub stages: &'a FleetDistributionsAnswer,
    /// Queries in seconds, with the number of failures.
    pub queries: &'a FleetDistributionsAnswer,
    /// Loading and auditing the world, in seconds.
    pub world_times: &'a FleetDistributionsAnswer,
}

/// The page.
#[must_use]
pub fn performance_page(answers: PerformanceAnswers<'_>) -> Markup {
    let titles = |id, title, values, unit| DistributionTitles { id, title, description: "", values, unit };
    let table = |id, title, label, unit, sum| DistributionTable { id, title, label, unit, sum };
    let (cores, bytes, seconds) = (ValueUnit::Cores, ValueUnit::Bytes, ValueUnit::Seconds);
    html! {
        (histogram(titles("cpu", "Processor", "mean use of an installation on a day", cores), answers.cpu, distribution_of(answers.cpu, "mean")))
        (percentile_table(table("cpu-by-version", "Processor by version", "Of a day", cores, None), answers.cpu_by_version))
        (histogram(titles("memory", "Memory", "mean of an installation on a day", bytes), answers.memory, distribution_of(answers.memory, "mean")))
        (percentile_table(table("memory-by-version", "Memory by version", "Of a day", bytes, None), answers.memory_by_version))
        (percentile_table(table("world", "World", "Time", seconds, None), answers.world_times))
        (percentile_table(table("stages", "Stages", "Stage", seconds, None), answers.stages))
        (percentile_table(table("queries", "Queries", "Query", seconds, Some("Failed")), answers.queries))
    }
}
