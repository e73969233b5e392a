//! Renders processor, memory, stages and queries, and what a release changed about them.

use headcount_charts::{
    ValueUnit,
    number_format::{grouped, percent},
};
use headcount_fleet::size_class::SizeClass;
use headcount_shared::api::{FleetDistribution, FleetDistributionsAnswer, FleetScope};
use maud::{Markup, html};

use crate::{
    answer_basis::AnswerBasis,
    answer_files::{AnswerFile, file_links},
    distribution_charts::{
        DistributionTable, DistributionTitles, TableOrder, counted_things, distribution_of,
        distributions_path, folded_rows, histogram, percentile_table, share,
    },
    page_filter::PageFilter,
    page_frame::{all_filters, version_choice},
    page_list::FleetPage,
    shown_names::{shown_label, shown_version},
};

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct PerformanceAnswers<'a> {
    /// The versions that can be compared.
    pub versions: &'a [String],
    /// The two versions that are compared, the older one first; `None` if there are no two.
    pub compared: Option<&'a [String; 2]>,
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

/// The answers about a table and version.
#[derive(Debug, Clone)]
pub struct ReleaseDistributions {
    /// Of all sizes.
    pub all: FleetDistributionsAnswer,
    /// By size class; `None` if the table does not know it.
    pub by_size: Option<FleetDistributionsAnswer>,
}

/// What a table of a comparison has.
#[derive(Debug, Clone, Copy)]
struct ComparisonTable<'a> {
    id: &'a str,
    title: &'a str,
    /// What a row is: `Stage`.
    label: &'a str,
    unit: ValueUnit,
    has_failures: bool,
}

/// A row of a comparison: the same of two versions.
struct ComparedRow<'a> {
    label: String,
    before: Option<&'a FleetDistribution>,
    after: Option<&'a FleetDistribution>,
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
    let sizes = |id, title, unit, table, label| {
        size_comparison(filter, release(id, title, "Nodes", unit), compared, table, label)
    };
    let labels = |comparison, table| label_comparison(filter, comparison, compared, table);
    html! {
        (release_choice(filter, answers))
        (histogram(titles("cpu", "Processor", "mean use of an installation on a day", cores), filter, &cpu.all, distribution_of(&cpu.all, "mean")))
        (sizes("cpu-mean", "Processor before and after: mean of a day", cores, cpu, "mean"))
        (sizes("cpu-p95", "Processor before and after: 95th percentile of a day", cores, cpu, "p95"))
        (histogram(titles("memory", "Memory", "mean of an installation on a day", bytes), filter, &memory.all, distribution_of(&memory.all, "mean")))
        (sizes("memory-mean", "Memory before and after: mean of a day", bytes, memory, "mean"))
        (sizes("memory-p95", "Memory before and after: 95th percentile of a day", bytes, memory, "p95"))
        (percentile_table(slowest("world", "World", "Time"), filter, &world_times.all))
        (labels(release("world-releases", "World before and after", "Time", seconds), world_times))
        (percentile_table(slowest("stages", "Stages", "Stage"), filter, &stages.all))
        (labels(release("stages-releases", "Stages before and after", "Stage", seconds), stages))
        (percentile_table(of_queries, filter, &queries.all))
        (percentile_table(failing, filter, &queries.all))
        (labels(ComparisonTable { has_failures: true, ..release("queries-releases", "Queries before and after", "Query", seconds) }, queries))
    }
}

fn release_choice(filter: &PageFilter, answers: PerformanceAnswers<'_>) -> Markup {
    let [before, after] = match answers.compared {
        Some([before, after]) => [Some(before.as_str()), Some(after.as_str())],
        None => [None, None],
    };
    let days = [("from", filter.first.to_string()), ("to", filter.last.to_string())];
    let product = ("product", filter.product.clone());
    html! {
        form.filters method="get" action=(FleetPage::Performance.path()) {
            @for (name, value) in [product].into_iter().chain(days).chain(all_filters(filter)) {
                input type="hidden" name=(name) value=(value);
            }
            (version_choice("before", "Compare", answers.versions, before, "the one before"))
            (version_choice("after", "with", answers.versions, after, "the newest"))
            button type="submit" { "Compare" }
        }
        @if answers.compared.is_none() {
            p.note { "A comparison needs two versions that at least 10 installations, or a twentieth of them, had on a day." }
        }
    }
}

/// Medians and tails of two versions, of all installations and by size class.
fn size_comparison(
    filter: &PageFilter,
    comparison: ComparisonTable<'_>,
    compared: Option<&[String; 2]>,
    table: &PerformanceTable,
    label: &str,
) -> Markup {
    let (Some(versions), Some([before, after])) = (compared, &table.compared) else { return html! {} };
    let all = ComparedRow {
        label: "all".to_owned(),
        before: distribution_of(&before.all, label),
        after: distribution_of(&after.all, label),
    };
    let by_size = SizeClass::ALL.into_iter().map(|size| ComparedRow {
        label: size.label().to_owned(),
        before: of_size(before, label, size),
        after: of_size(after, label, size),
    });
    let rows: Vec<_> = [all].into_iter().chain(by_size).filter(ComparedRow::has_values).collect();
    let path = distributions_path(&before.all);
    let plain = AnswerFile::table(&path);
    let by_size = AnswerFile { more: &[("by", "size")], ..plain };
    let files = [
        ("before", plain, &before.all.scope),
        ("before, by size", by_size, &before.all.scope),
        ("after", plain, &after.all.scope),
        ("after, by size", by_size, &after.all.scope),
    ];
    comparison_table(filter, comparison, versions, &after.all, &rows, &files)
}

fn of_size<'a>(
    release: &'a ReleaseDistributions,
    label: &str,
    size: SizeClass,
) -> Option<&'a FleetDistribution> {
    let of_sizes = release.by_size.as_ref()?;
    of_sizes.distributions.iter().find(|one| one.label == label && one.group.as_deref() == Some(size.label()))
}

/// Medians and tails of two versions by label.
fn label_comparison(
    filter: &PageFilter,
    comparison: ComparisonTable<'_>,
    compared: Option<&[String; 2]>,
    table: &PerformanceTable,
) -> Markup {
    let (Some(versions), Some([before, after])) = (compared, &table.compared) else { return html! {} };
    let new = after.all.distributions.iter();
    let gone = before.all.distributions.iter();
    let gone = gone.filter(|one| distribution_of(&after.all, &one.label).is_none());
    let mut rows: Vec<_> = new
        .chain(gone)
        .map(|one| ComparedRow {
            label: shown_label(&one.label),
            before: distribution_of(&before.all, &one.label),
            after: distribution_of(&after.all, &one.label),
        })
        .collect();
    rows.sort_by(|one, other| other.tail().total_cmp(&one.tail()).then_with(|| one.label.cmp(&other.label)));
    let path = distributions_path(&before.all);
    let file = AnswerFile::table(&path);
    let files = [("before", file, &before.all.scope), ("after", file, &after.all.scope)];
    comparison_table(filter, comparison, versions, &after.all, &rows, &files)
}

impl ComparedRow<'_> {
    fn has_values(&self) -> bool {
        self.before.or(self.after).is_some()
    }

    /// The larger 95th percentile of both.
    fn tail(&self) -> f64 {
        self.before.map_or(0.0, |one| one.p95).max(self.after.map_or(0.0, |one| one.p95))
    }
}

fn comparison_table(
    filter: &PageFilter,
    table: ComparisonTable<'_>,
    [before, after]: &[String; 2],
    answer: &FleetDistributionsAnswer,
    rows: &[ComparedRow<'_>],
    files: &[(&str, AnswerFile<'_>, &FleetScope)],
) -> Markup {
    let of = format!("{} and {}, in {}", shown_version(before), shown_version(after), counted_things(answer));
    // The versions are those that are compared, whatever version the page is filtered by.
    let scope = FleetScope { version: None, ..answer.scope.clone() };
    let basis = AnswerBasis::new(&PageFilter { version: None, ..filter.clone() }, &scope, of);
    html! {
        section.numbers aria-labelledby=(table.id) {
            h2 id=(table.id) { (table.title) }
            p.note { (basis.text()) }
            (folded_rows(rows, "There are no numbers of these versions yet.", |rows| comparison_rows(table, rows)))
        }
        (file_links(table.title, files))
    }
}

fn comparison_rows(table: ComparisonTable<'_>, rows: &[ComparedRow<'_>]) -> Markup {
    let value = |one: Option<&FleetDistribution>, of: fn(&FleetDistribution) -> f64| {
        one.map_or_else(|| "–".to_owned(), |one| table.unit.value_text(of(one)))
    };
    let median_and_tail: [fn(&FleetDistribution) -> f64; 2] = [|one| one.p50, |one| one.p95];
    let failed = |one: Option<&FleetDistribution>| {
        one.map_or_else(|| "–".to_owned(), |one| percent(share(one.value, one.count)))
    };
    let count = |one: Option<&FleetDistribution>| grouped(one.map_or(0, |one| one.count));
    html! {
        div.scroll tabindex="0" role="group" aria-labelledby=(table.id) {
            table {
                thead {
                    tr {
                        th scope="col" { (table.label) }
                        @for title in ["Median before", "after", "change", "p95 before", "after", "change"] {
                            th.n scope="col" { (title) }
                        }
                        @if table.has_failures {
                            th.n scope="col" { "Failed before" }
                            th.n scope="col" { "after" }
                        }
                        th.n scope="col" { "Values before" }
                        th.n scope="col" { "after" }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (row.label) }
                            @for of in median_and_tail {
                                td.n { (value(row.before, of)) }
                                td.n { (value(row.after, of)) }
                                td.n { (change_text(row.before.map(of), row.after.map(of))) }
                            }
                            @if table.has_failures {
                                td.n { (failed(row.before)) }
                                td.n { (failed(row.after)) }
                            }
                            td.n { (count(row.before)) }
                            td.n { (count(row.after)) }
                        }
                    }
                }
            }
        }
    }
}

/// How much larger or smaller a value became. Percentiles are accurate to 5 %, so less than that is no
/// change.
fn change_text(before: Option<f64>, after: Option<f64>) -> String {
    let (Some(before), Some(after)) = (before, after) else { return "–".to_owned() };
    if before <= 0.0 {
        return if after <= 0.0 { "same".to_owned() } else { "–".to_owned() };
    }
    let change = after / before - 1.0;
    match change {
        change if change.abs() < 0.05 => "same".to_owned(),
        change if change > 0.0 => format!("+{}", percent(change)),
        change => format!("\u{2212}{}", percent(-change)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
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

    fn with_sizes(table: PerformanceTable) -> PerformanceTable {
        let by_size = |of: ReleaseDistributions| {
            let row =
                |label| FleetDistribution { group: Some("4-10".to_owned()), ..distribution(label, 3.0) };
            ReleaseDistributions { by_size: Some(distributions(vec![row("mean"), row("p95")])), ..of }
        };
        PerformanceTable { compared: table.compared.map(|both| both.map(by_size)), ..table }
    }

    fn page(compared: Option<&[String; 2]>) -> String {
        let usage = with_sizes(table(&[("mean", 1.0, 2.0), ("p95", 4.0, 4.1)]));
        let stages = table(&[("parse", 1.0, 0.5), ("<store>", 0.1, 0.1)]);
        let queries = table(&[("up", 1.0, 3.0)]);
        let answers = PerformanceAnswers {
            versions: &["1.0".to_owned(), "1.1".to_owned(), String::new()],
            compared,
            cpu: &usage,
            memory: &usage,
            world_times: &stages,
            stages: &stages,
            queries: &queries,
        };
        performance_page(&unfiltered(), answers).into_string()
    }

    fn section(text: &str, id: &str) -> String {
        let (_, rest) = text.split_once(&format!("aria-labelledby=\"{id}\"")).unwrap();
        rest.split_once("</section>").unwrap().0.to_owned()
    }

    #[test]
    fn a_release_is_compared_with_the_one_before_by_size_and_by_label() {
        let text = page(Some(&["1.0".to_owned(), "1.1".to_owned()]));
        let mean = section(&text, "cpu-mean");
        assert!(mean.contains("1.0 and 1.1, in reports") && mean.contains("+100\u{202f}%"), "{mean}");
        assert!(mean.contains(">all<") && mean.contains(">4-10<") && !mean.contains(">1-3<"), "{mean}");
        assert!(section(&text, "cpu-p95").contains("same"), "{text}");
        let stages = section(&text, "stages-releases");
        assert!(stages.contains("\u{2212}50\u{202f}%") && stages.contains("&lt;store&gt;"), "{stages}");
        assert!(section(&text, "queries-releases").contains("Failed before"), "{text}");
        assert!(section(&text, "failing-queries").contains("10\u{202f}%"), "{text}");
        assert!(text.contains("by=size&amp;format=csv"), "{text}");
    }

    #[test]
    fn versions_can_be_chosen_and_without_two_the_page_says_why() {
        let text = page(Some(&["1.0".to_owned(), "1.1".to_owned()]));
        assert!(text.contains("<option value=\"1.0\" selected>1.0</option>"), "{text}");
        assert!(text.contains("<option value=\"(unknown)\">unknown version</option>"), "{text}");
        let text = page(None);
        assert!(
            text.contains("A comparison needs two versions") && !text.contains("before and after"),
            "{text}"
        );
    }

    #[test]
    fn less_than_the_accuracy_of_a_percentile_is_no_change() {
        for (before, after, text) in [
            (Some(1.0), Some(1.04), "same"),
            (Some(1.0), Some(1.5), "+50\u{202f}%"),
            (Some(2.0), Some(1.0), "\u{2212}50\u{202f}%"),
            (Some(0.0), Some(0.0), "same"),
            (Some(0.0), Some(1.0), "–"),
            (None, Some(1.0), "–"),
        ] {
            assert_eq!(change_text(before, after), text, "{before:?} {after:?}");
        }
    }
}
