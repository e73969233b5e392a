//! Draws how sizes and times are distributed, and compares them between versions.

use headcount_charts::{
    CountedBucket, HistogramChart, PercentileMark, ValueUnit, histogram_chart,
    number_format::{grouped, percent},
};
use headcount_shared::api::{FleetDistribution, FleetDistributionsAnswer};
use maud::{Markup, PreEscaped, html};

use crate::answer_basis::AnswerBasis;

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
    answer: &FleetDistributionsAnswer,
    distribution: Option<&FleetDistribution>,
) -> PreEscaped<String> {
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
    let counted = counted_things(answer);
    let chart = HistogramChart {
        value_title: titles.values,
        counted,
        unit: titles.unit,
        buckets: &buckets,
        percentiles: &percentiles,
    };
    let (all, none) = distribution.map_or((0, 0), |distribution| {
        let none = distribution.buckets.iter().filter(|bucket| bucket.up_to <= 0.0);
        (distribution.count, none.map(|bucket| bucket.count).sum())
    });
    let zero = if none == 0 { String::new() } else { format!(", {} of them with 0", grouped(none)) };
    let basis = AnswerBasis::new(&answer.scope, format!("of {} {counted}{zero}", grouped(all)));
    PreEscaped(histogram_chart(&basis.caption(titles.id, titles.title, titles.description), &chart))
}

/// What the values of an answer are of.
fn counted_things(answer: &FleetDistributionsAnswer) -> &'static str {
    if answer.unit == "report" { "reports" } else { "days of an installation" }
}

/// What a table of distributions has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DistributionTable<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    /// What a label is: `Stage`.
    pub(crate) label: &'a str,
    pub(crate) unit: ValueUnit,
    /// The title of what the table sums beside: `failed`; none if it sums nothing.
    pub(crate) sum: Option<&'a str>,
}

/// Percentiles by label and group, as a table.
pub(crate) fn percentile_table(table: DistributionTable<'_>, answer: &FleetDistributionsAnswer) -> Markup {
    let mut rows: Vec<_> = answer.distributions.iter().collect();
    rows.sort_by(|one, other| {
        // Versions in use come first; without versions, what takes longest.
        let by_use = one.label.cmp(&other.label).then_with(|| other.count.cmp(&one.count));
        let by_time = other.p50.total_cmp(&one.p50).then_with(|| one.label.cmp(&other.label));
        if one.group.is_some() { by_use } else { by_time }
    });
    let (first, rest) = rows.split_at_checked(SHOWN_ROWS).unwrap_or((&rows, &[]));
    let basis = AnswerBasis::new(&answer.scope, format!("of {}", counted_things(answer)));
    let said = [basis.denominator, basis.period, basis.freshness];
    html! {
        section.numbers aria-labelledby=(table.id) {
            h2 id=(table.id) { (table.title) }
            p.note { (said.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" · ")) }
            @if rows.is_empty() {
                p.note { "There are no numbers yet." }
            } @else {
                (rows_of(table, first))
                @if !rest.is_empty() {
                    details { summary { (rest.len()) " more" } (rows_of(table, rest)) }
                }
            }
        }
    }
}

fn rows_of(table: DistributionTable<'_>, rows: &[&FleetDistribution]) -> Markup {
    let has_groups = rows.iter().any(|row| row.group.is_some());
    html! {
        div.scroll tabindex="0" role="group" aria-labelledby=(table.id) {
            table {
                thead {
                    tr {
                        th scope="col" { (table.label) }
                        @if has_groups { th scope="col" { "Version" } }
                        th.n scope="col" { "Values" }
                        th.n scope="col" { "p50" }
                        th.n scope="col" { "p95" }
                        th.n scope="col" { "p99" }
                        @if let Some(sum) = table.sum { th.n scope="col" { (sum) } }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (row.label) }
                            @if has_groups { td { (row.group.as_deref().unwrap_or("all")) } }
                            td.n { (grouped(row.count)) }
                            @for value in [row.p50, row.p95, row.p99] {
                                td.n { (table.unit.value_text(value)) }
                            }
                            @if table.sum.is_some() { td.n { (share_text(row.value, row.count)) } }
                        }
                    }
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share_text(part: u64, whole: u64) -> String {
    if whole == 0 { percent(0.0) } else { percent(part as f64 / whole as f64) }
}

#[cfg(test)]
pub(crate) mod tests {
    use headcount_shared::api::FleetBucket;

    use super::*;
    use crate::answer_basis::tests::scope;

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

    #[test]
    fn a_table_begins_with_what_takes_longest_and_shows_shares_of_failures() {
        let answer = distributions(vec![distribution("short", 0.001), distribution("<long>", 2.0)]);
        let table = DistributionTable {
            id: "stages",
            title: "Stages",
            label: "Stage",
            unit: ValueUnit::Seconds,
            sum: Some("Failed"),
        };
        let text = percentile_table(table, &answer).into_string();
        assert!(text.find("&lt;long&gt;").unwrap() < text.find("short").unwrap(), "{text}");
        assert!(text.contains("10\u{202f}%"), "{text}");
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
        let text = histogram(titles, &answer, distribution_of(&answer, "nodes")).0;
        assert!(text.contains("of 30 reports, 10 of them with 0"), "{text}");
        let missing = histogram(titles, &answer, distribution_of(&answer, "absent")).0;
        assert!(missing.contains("There are no numbers yet."), "{missing}");
    }
}
