//! Renders processor, memory, stages and queries, and how two versions differ in them.

use headcount_charts::ValueUnit;
use headcount_shared::api::FleetDistributionsAnswer;
use maud::{Markup, html};

use crate::{
    compared_releases::{ComparedReleases, NoComparison, ReleaseChoice},
    distribution_charts::{
        DistributionTable, DistributionTitles, TableOrder, distribution_of, histogram, percentile_table,
    },
    page_filter::PageFilter,
    page_frame::{all_filters, version_choice},
    page_list::FleetPage,
    release_comparison::{
        ComparedAnswers, ComparisonTable, ReleaseDistributions, comparison_notes, label_comparison,
        size_comparison,
    },
};

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct PerformanceAnswers<'a> {
    /// The versions that can be compared.
    pub versions: &'a [String],
    /// The versions that were chosen.
    pub choice: &'a ReleaseChoice,
    /// The two versions that are compared, or why there are none.
    pub compared: Result<&'a ComparedReleases, &'a NoComparison>,
    /// CPU usage in cores: `mean` and `p95` of the days of installations.
    pub cpu: &'a PerformanceTable,
    /// Resident memory in bytes, in the same way.
    pub memory: &'a PerformanceTable,
    /// Loading and auditing the world, in seconds.
    pub world_times: &'a PerformanceTable,
    /// Stages in seconds.
    pub stages: &'a PerformanceTable,
    /// Queries in seconds, with the number of failures.
    pub queries: &'a PerformanceTable,
}

/// The answers about a table.
#[derive(Debug, Clone)]
pub struct PerformanceTable {
    /// Of all versions, or of the one that was chosen.
    pub all: FleetDistributionsAnswer,
    /// Of the two versions that are compared, the older one first.
    pub compared: Option<[ReleaseDistributions; 2]>,
}

/// The page.
#[must_use]
pub fn performance_page(filter: &PageFilter, answers: PerformanceAnswers<'_>) -> Markup {
    let PerformanceAnswers { cpu, memory, world_times, stages, queries, compared, .. } = answers;
    let titles = |id, title, values, unit| DistributionTitles { id, title, description: "", values, unit };
    let (cores, bytes, seconds) = (ValueUnit::Cores, ValueUnit::Bytes, ValueUnit::Seconds);
    let slowest = |id, title, label| DistributionTable {
        id,
        title,
        label,
        unit: seconds,
        sum: None,
        first: TableOrder::Slowest,
    };
    let of_queries = DistributionTable { sum: Some("Failed"), ..slowest("queries", "Slow queries", "Query") };
    let failing = DistributionTable {
        id: "failing-queries",
        title: "Failing queries",
        first: TableOrder::MostFailures,
        ..of_queries
    };
    let release = |id, title, label, unit| ComparisonTable { id, title, label, unit, has_failures: false };
    let both = |table: &'_ PerformanceTable, render: &dyn Fn(ComparedAnswers<'_>) -> Markup| {
        let answers = compared.ok().zip(table.compared.as_ref());
        answers.map(|(releases, answers)| render(ComparedAnswers { releases, answers })).unwrap_or_default()
    };
    let sizes = |id, title, unit, table, label| {
        let comparison = release(id, title, "Nodes", unit);
        both(table, &|compared| size_comparison(filter, comparison, compared, label))
    };
    let labels = |comparison, table| both(table, &|compared| label_comparison(filter, comparison, compared));
    html! {
        (release_choice(filter, answers))
        (histogram(titles("cpu", "Processor", "mean use of an installation on a day", cores), filter, &cpu.all, distribution_of(&cpu.all, "mean")))
        (sizes("cpu-mean", "Processor before and after: mean of a day", cores, cpu, "mean"))
        (sizes("cpu-p95", "Processor before and after: 95th percentile of a day", cores, cpu, "p95"))
        (histogram(titles("memory", "Memory", "mean of an installation on a day", bytes), filter, &memory.all, distribution_of(&memory.all, "mean")))
        (sizes("memory-mean", "Memory before and after: mean of a day", bytes, memory, "mean"))
        (sizes("memory-p95", "Memory before and after: 95th percentile of a day", bytes, memory, "p95"))
        (percentile_table(slowest("world", "Loading and auditing the world", "Time"), filter, &world_times.all))
        (labels(release("world-releases", "Loading and auditing the world before and after", "Time", seconds), world_times))
        (percentile_table(slowest("stages", "Stages", "Stage"), filter, &stages.all))
        (labels(release("stages-releases", "Stages before and after", "Stage", seconds), stages))
        (percentile_table(of_queries, filter, &queries.all))
        (percentile_table(failing, filter, &queries.all))
        (labels(ComparisonTable { has_failures: true, ..release("queries-releases", "Queries before and after", "Query", seconds) }, queries))
    }
}

fn release_choice(filter: &PageFilter, answers: PerformanceAnswers<'_>) -> Markup {
    let PerformanceAnswers { versions, choice, compared, .. } = answers;
    let [before, after] = match compared {
        Ok(compared) => compared.versions().map(Some),
        Err(_) => [choice.before.as_deref(), choice.after.as_deref()],
    };
    let days = [("from", filter.first.to_string()), ("to", filter.last.to_string())];
    let product = ("product", filter.product.clone());
    html! {
        form.filters method="get" action=(FleetPage::Performance.path()) {
            @for (name, value) in [product].into_iter().chain(days).chain(all_filters(filter)) {
                input type="hidden" name=(name) value=(value);
            }
            (version_choice("before", "Compare", versions, before, "the one before"))
            (version_choice("after", "with", versions, after, "the newest"))
            button type="submit" { "Compare" }
        }
        @match compared {
            Ok(_) => (comparison_notes(filter)),
            Err(why) => p.notice { (why.sentence()) },
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::FleetDistribution;

    use super::*;
    use crate::{
        compared_releases::tests::compared_releases,
        distribution_charts::tests::{distribution, distributions},
        page_filter::tests::unfiltered,
    };

    fn table(labels: &[(&str, f64, f64)]) -> PerformanceTable {
        let of = |value: fn(&(&str, f64, f64)) -> f64| ReleaseDistributions {
            all: distributions(labels.iter().map(|row| distribution(row.0, value(row))).collect()),
            by_size: None,
        };
        let all = distributions(labels.iter().map(|(label, _, after)| distribution(label, *after)).collect());
        PerformanceTable { all, compared: Some([of(|row| row.1), of(|row| row.2)]) }
    }

    /// With sizes, and with values that are those of an installation on a day.
    fn with_sizes(table: PerformanceTable) -> PerformanceTable {
        let of_days = |answer| FleetDistributionsAnswer { unit: "installation".to_owned(), ..answer };
        let by_size = |of: ReleaseDistributions| {
            let row =
                |label| FleetDistribution { group: Some("4-10".to_owned()), ..distribution(label, 3.0) };
            let by_size = Some(distributions(vec![row("mean"), row("p95")]));
            ReleaseDistributions { all: of_days(of.all), by_size }
        };
        PerformanceTable { compared: table.compared.map(|both| both.map(by_size)), ..table }
    }

    fn page(compared: Result<&ComparedReleases, &NoComparison>) -> String {
        filtered_page(&unfiltered(), compared)
    }

    fn filtered_page(filter: &PageFilter, compared: Result<&ComparedReleases, &NoComparison>) -> String {
        let usage = with_sizes(table(&[("mean", 1.0, 2.0), ("p95", 4.0, 4.1)]));
        let stages = table(&[("parse", 1.0, 0.5), ("<store>", 0.1, 0.1)]);
        let queries = table(&[("up", 1.0, 3.0)]);
        let answers = PerformanceAnswers {
            versions: &["1.0".to_owned(), "1.1".to_owned(), String::new()],
            choice: &ReleaseChoice { before: Some("1.1".to_owned()), after: Some("1.1".to_owned()) },
            compared,
            cpu: &usage,
            memory: &usage,
            world_times: &stages,
            stages: &stages,
            queries: &queries,
        };
        performance_page(filter, answers).into_string()
    }

    fn section(text: &str, id: &str) -> String {
        let (_, rest) = text.split_once(&format!("aria-labelledby=\"{id}\"")).unwrap();
        rest.split_once("</section>").unwrap().0.to_owned()
    }

    #[test]
    fn a_release_is_compared_with_the_one_before_by_size_and_by_label() {
        let text = page(Ok(&compared_releases(30)));
        let mean = section(&text, "cpu-mean");
        assert!(
            mean.contains("1.0 and 1.1, in days of an installation") && mean.contains("+100\u{202f}%"),
            "{mean}"
        );
        assert!(mean.contains(">all sizes<") && mean.contains(">4-10<") && !mean.contains(">1-3<"), "{mean}");
        assert!(section(&text, "cpu-p95").contains("same"), "{text}");
        let stages = section(&text, "stages-releases");
        assert!(stages.contains("\u{2212}50\u{202f}%") && stages.contains("&lt;store&gt;"), "{stages}");
        assert!(section(&text, "queries-releases").contains("Failed before"), "{text}");
        assert!(section(&text, "failing-queries").contains("10\u{202f}%"), "{text}");
        assert!(text.contains("by=size&amp;format=csv"), "{text}");
    }

    #[test]
    fn a_comparison_says_that_the_version_of_the_page_does_not_filter_it() {
        let filter = PageFilter { version: Some("1.1".to_owned()), ..unfiltered() };
        let text = filtered_page(&filter, Ok(&compared_releases(30)));
        for id in ["cpu-mean", "stages-releases"] {
            let comparison = section(&text, id);
            assert!(comparison.contains(", not filtered by version"), "{comparison}");
        }
    }

    #[test]
    fn versions_can_be_chosen_and_without_two_the_page_says_why() {
        let text = page(Ok(&compared_releases(30)));
        assert!(text.contains("<option value=\"1.0\" selected>1.0</option>"), "{text}");
        assert!(text.contains("<option value=\"(unknown)\">unknown version</option>"), "{text}");
        let text = page(Err(&NoComparison::SameVersion("1.1".to_owned())));
        assert!(
            text.contains("1.1 cannot be compared with itself.") && !text.contains("before and after:"),
            "{text}"
        );
        assert!(
            text.contains("<option value=\"1.1\" selected>1.1</option>") && text.contains("id=\"cpu-chart\"")
        );
    }

    #[test]
    fn a_comparison_says_how_certain_it_is_and_what_else_makes_a_difference() {
        let text = page(Ok(&compared_releases(30)));
        let has_interval = |id| section(&text, id).contains(">interval<");
        assert_eq!(["cpu-mean", "memory-p95"].map(has_interval), [true; 2]);
        assert_eq!(["world-releases", "stages-releases", "queries-releases"].map(has_interval), [false; 3]);
        for said in [
            "in steps of about 10\u{a0}%",
            "<td>too few installations</td>",
            "Where a value is that of a report, there is no interval",
            "The row “all sizes” is a mix.",
            "These numbers are not known by size.",
            "compares installations with themselves",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}
