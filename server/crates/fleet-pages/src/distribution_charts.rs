//! Draws how sizes and times are distributed, and compares them between versions.

use headcount_charts::{
    CountedBucket, HistogramChart, PercentileMark, ValueUnit, histogram_chart,
    number_format::{grouped, percent},
};
use headcount_shared::api::{FleetDistribution, FleetDistributionsAnswer};
use maud::{Markup, PreEscaped, html};

use crate::{
    answer_basis::AnswerBasis, answer_files::AnswerFile, page_filter::PageFilter,
    share_charts::nothing_counted, shown_names::shown_label, time_text::counted,
};

/// The factor between the edges of a bucket of an answer.
const BUCKET_WIDTH: f64 = 1.1;

/// The rows of a table that are shown at once.
const SHOWN_ROWS: usize = 30;

/// What a histogram is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DistributionTitles<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
    /// What the values are: `nodes of an installation`.
    pub(crate) values: &'a str,
    pub(crate) unit: ValueUnit,
}

/// The distribution with a label, if the answer has it.
pub(crate) fn distribution_of<'a>(
    answer: &'a FleetDistributionsAnswer,
    label: &str,
) -> Option<&'a FleetDistribution> {
    answer.distributions.iter().find(|distribution| distribution.label == label)
}

/// A distribution as a histogram; an empty chart without one.
pub(crate) fn histogram(
    titles: DistributionTitles<'_>,
    filter: &PageFilter,
    answer: &FleetDistributionsAnswer,
    distribution: Option<&FleetDistribution>,
) -> Markup {
    let buckets: Vec<_> = distribution
        .into_iter()
        .flat_map(|distribution| &distribution.buckets)
        .filter(|bucket| bucket.up_to > 0.0)
        .map(|bucket| CountedBucket {
            from: bucket.up_to / BUCKET_WIDTH,
            to: bucket.up_to,
            count: bucket.count,
        })
        .collect();
    let percentiles = distribution.map(|distribution| {
        [("p50", distribution.p50), ("p90", distribution.p90), ("p99", distribution.p99)]
            .map(|(name, value)| PercentileMark { name, value })
    });
    let percentiles: Vec<_> =
        percentiles.into_iter().flatten().filter(|percentile| percentile.value > 0.0).collect();
    let (one, several) = (counted_thing(answer), counted_things(answer));
    let (all, none) = distribution.map_or((0, 0), |distribution| {
        let none = distribution.buckets.iter().filter(|bucket| bucket.up_to <= 0.0);
        (distribution.count, none.map(|bucket| bucket.count).sum())
    });
    let chart = HistogramChart {
        value_title: titles.values,
        counted: several,
        counted_one: one,
        unit: titles.unit,
        zeros: none,
        buckets: &buckets,
        percentiles: &percentiles,
    };
    let zero = if none == 0 { String::new() } else { format!(", {} of them with 0", grouped(none)) };
    let counted = if all == 1 { one } else { several };
    let basis = AnswerBasis::new(filter, &answer.scope, format!("of {} {counted}{zero}", grouped(all)));
    let path = distributions_path(answer);
    if all > 0 && all == none {
        let zero = nothing_counted(titles.id, titles.title, &basis, "All of them are 0.");
        return html! { (zero) (AnswerFile::table(&path).links(titles.title, &answer.scope)) };
    }
    let chart = histogram_chart(&basis.caption(titles.id, titles.title, titles.description), &chart);
    html! { (PreEscaped(chart)) (AnswerFile::table(&path).links(titles.title, &answer.scope)) }
}

/// What one value of an answer is of.
fn counted_thing(answer: &FleetDistributionsAnswer) -> &'static str {
    if answer.unit == "report" { "report" } else { "day of an installation" }
}

/// What the values of an answer are of.
pub(crate) fn counted_things(answer: &FleetDistributionsAnswer) -> &'static str {
    if answer.unit == "report" { "reports" } else { "days of an installation" }
}

/// The address of an answer below `api/fleet/`.
pub(crate) fn distributions_path(answer: &FleetDistributionsAnswer) -> String {
    format!("distributions/{}", answer.table)
}

/// What a table of distributions has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DistributionTable<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    /// What a label is: `Stage`.
    pub(crate) label: &'a str,
    pub(crate) unit: ValueUnit,
    /// The title of what the table sums beside: `Failed`; none if it sums nothing.
    pub(crate) sum: Option<&'a str>,
    /// The first rows.
    pub(crate) first: TableOrder,
}

/// Which rows of a table are the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableOrder {
    /// What takes longest, by its 95th percentile.
    Slowest,
    /// What fails most often. What never does has no row.
    MostFailures,
}

/// Percentiles by label, as a table. The answer has no groups.
pub(crate) fn percentile_table(
    table: DistributionTable<'_>,
    filter: &PageFilter,
    answer: &FleetDistributionsAnswer,
) -> Markup {
    let mut rows: Vec<_> = answer.distributions.iter().collect();
    match table.first {
        TableOrder::Slowest => {
            rows.sort_by(|one, other| {
                other.p95.total_cmp(&one.p95).then_with(|| one.label.cmp(&other.label))
            });
        }
        TableOrder::MostFailures => {
            rows.retain(|row| row.value > 0);
            rows.sort_by(|one, other| {
                share(other.value, other.count)
                    .total_cmp(&share(one.value, one.count))
                    .then_with(|| one.label.cmp(&other.label))
            });
        }
    }
    let values = answer.distributions.iter().map(|row| row.count).sum();
    let of = format!("of {} in {}", counted(values, "value"), counted_things(answer));
    let basis = AnswerBasis::new(filter, &answer.scope, of);
    let path = distributions_path(answer);
    html! {
        section.numbers aria-labelledby=(table.id) {
            h2 id=(table.id) { (table.title) }
            p.note { (basis.text()) }
            @if rows.is_empty() && table.first == TableOrder::MostFailures && values > 0 {
                p.note { "None of them failed." }
            } @else {
                (folded_rows(&rows, "There are no numbers yet.", |rows| rows_of(table, rows)))
            }
        }
        (AnswerFile::table(&path).links(table.title, &answer.scope))
    }
}

/// The first rows of a table, and the others folded. `none` is what is said without rows.
pub(crate) fn folded_rows<T>(rows: &[T], none: &str, table: impl Fn(&[T]) -> Markup) -> Markup {
    let (first, rest) = rows.split_at_checked(SHOWN_ROWS).unwrap_or((rows, &[]));
    html! {
        @if rows.is_empty() {
            p.note { (none) }
        } @else {
            (table(first))
            @if !rest.is_empty() {
                details { summary { (rest.len()) " more of " (rows.len()) } (table(rest)) }
            }
        }
    }
}

fn rows_of(table: DistributionTable<'_>, rows: &[&FleetDistribution]) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-labelledby=(table.id) {
            table {
                thead {
                    tr {
                        th scope="col" { (table.label) }
                        th.n scope="col" { "Values" }
                        th.n scope="col" { "Median" }
                        th.n scope="col" { "p95" }
                        th.n scope="col" { "p99" }
                        @if let Some(sum) = table.sum { th.n scope="col" { (sum) } }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (shown_label(&row.label)) }
                            td.n { (grouped(row.count)) }
                            @for value in [row.p50, row.p95, row.p99] {
                                td.n { (table.unit.value_text(value)) }
                            }
                            @if table.sum.is_some() { td.n { (percent(share(row.value, row.count))) } }
                        }
                    }
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
pub(crate) mod tests {
    use headcount_shared::api::FleetBucket;

    use super::*;
    use crate::{answer_basis::tests::scope, page_filter::tests::unfiltered};

    /// A distribution of 30 values, a third of them 0.
    pub(crate) fn distribution(label: &str, p50: f64) -> FleetDistribution {
        let bucket = |up_to, count| FleetBucket { up_to, count };
        FleetDistribution {
            label: label.to_owned(),
            group: None,
            count: 30,
            value: 3,
            p10: 0.0,
            p25: 0.0,
            p50,
            p75: p50,
            p90: p50,
            p95: p50,
            p99: 2.0 * p50,
            buckets: vec![bucket(0.0, 10), bucket(p50 * 1.05, 20)],
        }
    }

    /// An answer with these distributions.
    pub(crate) fn distributions(distributions: Vec<FleetDistribution>) -> FleetDistributionsAnswer {
        FleetDistributionsAnswer {
            scope: scope(),
            table: "stages".to_owned(),
            unit: "report".to_owned(),
            distributions,
            other_labels: 0,
        }
    }

    fn table(first: TableOrder) -> DistributionTable<'static> {
        let (id, title) = ("stages", "Stages");
        DistributionTable { id, title, label: "Stage", unit: ValueUnit::Seconds, sum: Some("Failed"), first }
    }

    #[test]
    fn a_table_begins_with_what_takes_longest_and_shows_shares_of_failures() {
        let answer = distributions(vec![distribution("short", 0.001), distribution("<long>", 2.0)]);
        let text = percentile_table(table(TableOrder::Slowest), &unfiltered(), &answer).into_string();
        assert!(text.find("&lt;long&gt;").unwrap() < text.find("short").unwrap(), "{text}");
        assert!(text.contains("10\u{202f}%"), "{text}");
        assert!(text.contains("of 60 values in reports"), "{text}");
        assert!(text.contains("api/fleet/distributions/stages?product=coroot"), "{text}");
    }

    #[test]
    fn what_fails_most_is_first_and_what_never_fails_has_no_row() {
        let failing = |label, value| FleetDistribution { value, ..distribution(label, 1.0) };
        let rows = vec![failing("never", 0), failing("seldom", 1), failing("often\u{202e}", 20)];
        let text = percentile_table(table(TableOrder::MostFailures), &unfiltered(), &distributions(rows));
        let text = text.into_string();
        assert!(text.find("often\u{fffd}").unwrap() < text.find("seldom").unwrap(), "{text}");
        assert!(!text.contains("never"), "{text}");
        let none = distributions(vec![failing("never", 0)]);
        let text = percentile_table(table(TableOrder::MostFailures), &unfiltered(), &none).into_string();
        assert!(text.contains("None of them failed."), "{text}");
    }

    #[test]
    fn a_long_table_says_how_much_of_it_is_folded() {
        let rows = (0..40).map(|number| distribution(&format!("stage {number}"), 1.0)).collect();
        let text = percentile_table(table(TableOrder::Slowest), &unfiltered(), &distributions(rows));
        assert!(text.into_string().contains("10 more of 40"));
    }

    #[test]
    fn one_value_is_told_in_the_singular() {
        let basis_of = |unit: &str, count| {
            let cpu = FleetDistribution { count, buckets: Vec::new(), ..distribution("mean", 0.5) };
            let answer = FleetDistributionsAnswer { unit: unit.to_owned(), ..distributions(vec![cpu]) };
            let titles = DistributionTitles {
                id: "cpu",
                title: "Processor",
                description: "",
                values: "mean",
                unit: ValueUnit::Cores,
            };
            let charts = histogram(titles, &unfiltered(), &answer, distribution_of(&answer, "mean"));
            charts.into_string()
                + &percentile_table(table(TableOrder::Slowest), &unfiltered(), &answer).into_string()
        };
        let told = [
            ("installation_day", 1, "of 1 day of an installation", "of 1 value in days of an installation"),
            ("installation_day", 2, "of 2 days of an installation", "of 2 values in days of an installation"),
            ("report", 1, "of 1 report ·", "of 1 value in reports"),
            ("report", 1000, "of 1\u{202f}000 reports ·", "of 1\u{202f}000 values in reports"),
        ];
        for (unit, count, of_chart, of_table) in told {
            let text = basis_of(unit, count);
            assert!(text.contains(of_chart) && text.contains(of_table), "{text}");
        }
    }

    #[test]
    fn values_of_zero_are_said_and_not_drawn() {
        let answer = distributions(vec![distribution("nodes", 4.0)]);
        let titles = DistributionTitles {
            id: "nodes",
            title: "Nodes",
            description: "",
            values: "nodes of an installation",
            unit: ValueUnit::Count,
        };
        let text = histogram(titles, &unfiltered(), &answer, distribution_of(&answer, "nodes")).into_string();
        assert!(text.contains("of 30 reports, 10 of them with 0"), "{text}");
        let zeros = FleetDistribution {
            buckets: vec![FleetBucket { up_to: 0.0, count: 30 }],
            ..distribution("projects", 0.0)
        };
        let all_zero = histogram(titles, &unfiltered(), &answer, Some(&zeros)).into_string();
        assert!(all_zero.contains("<p>All of them are 0.</p>"), "{all_zero}");
        let missing =
            histogram(titles, &unfiltered(), &answer, distribution_of(&answer, "absent")).into_string();
        assert!(missing.contains("There are no numbers yet."), "{missing}");
    }
}
