//! Renders tables that compare medians and tails of two versions, with how certain each difference is.

use headcount_charts::{
    ValueUnit,
    number_format::{grouped, percent},
};
use headcount_fleet::{
    percentile_change::{PercentileChange, PercentileSample},
    size_class::SizeClass,
};
use headcount_shared::api::{FleetDistribution, FleetDistributionsAnswer, FleetScope};
use maud::{Markup, html};

use crate::{
    answer_basis::AnswerBasis,
    answer_files::{AnswerFile, file_links},
    compared_releases::{ComparedReleases, ObservedRelease},
    distribution_charts::{counted_things, distribution_of, distributions_path, folded_rows, share},
    page_filter::PageFilter,
    page_list::FleetPage,
    shown_names::{shown_label, shown_version},
};

/// The probability that an interval of a table does not have the true change in it.
const OUTSIDE_INTERVALS: f64 = 0.05;

/// The percentiles that are compared.
const PERCENTILES: [ComparedPercentile; 2] = [
    ComparedPercentile { title: "Median", share: 0.5, value: |one| one.p50 },
    ComparedPercentile { title: "p95", share: 0.95, value: |one| one.p95 },
];

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
pub(crate) struct ComparisonTable<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    /// What a row is: `Stage`.
    pub(crate) label: &'a str,
    pub(crate) unit: ValueUnit,
    pub(crate) has_failures: bool,
}

/// The versions of a comparison, and the answers about a table of each, the older version first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ComparedAnswers<'a> {
    pub(crate) releases: &'a ComparedReleases,
    pub(crate) answers: &'a [ReleaseDistributions; 2],
}

/// A percentile with its column.
struct ComparedPercentile {
    title: &'static str,
    share: f64,
    value: fn(&FleetDistribution) -> f64,
}

/// A row of a comparison: the same of two versions.
struct ComparedRow<'a> {
    label: String,
    before: Option<&'a FleetDistribution>,
    after: Option<&'a FleetDistribution>,
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

/// How all comparisons of a page are to be read.
pub(crate) fn comparison_notes(filter: &PageFilter) -> Markup {
    html! {
        p.note {
            "A change is more than chance if its interval does not contain 0. With a probability of 95\u{a0}% "
            "all intervals of a table contain the true change. Values are counted in buckets that are 10\u{a0}% wide. "
            "Therefore medians and tails change in steps of about 10\u{a0}%, and one step may be none. "
            "Where a value is that of a report, there is no interval: one installation may send many of the reports, and \
             how many is not known."
        }
        p.note {
            "A change that is more than chance need not come from the version, because the installations and the days of \
             the two versions differ. The page "
            a href=(filter.address(FleetPage::Changes)) { (FleetPage::Changes.title()) }
            " compares installations with themselves, before and after they took a version, and finds smaller changes."
        }
    }
}

/// Medians and tails of two versions, of all installations and by size class.
pub(crate) fn size_comparison(
    filter: &PageFilter,
    table: ComparisonTable<'_>,
    compared: ComparedAnswers<'_>,
    label: &str,
) -> Markup {
    let [before, after] = compared.answers;
    let all = ComparedRow {
        label: "all sizes".to_owned(),
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
    let note = "The row “all sizes” is a mix. If larger installations took a version first, its values look \
                larger there than they are. Compare rows of one size.";
    comparison_table(filter, table, compared, note, &rows, &files)
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
pub(crate) fn label_comparison(
    filter: &PageFilter,
    table: ComparisonTable<'_>,
    compared: ComparedAnswers<'_>,
) -> Markup {
    let [before, after] = compared.answers;
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
    let note = "These numbers are not known by size. If larger installations took a version first, its times look \
                longer than they are.";
    comparison_table(filter, table, compared, note, &rows, &files)
}

fn comparison_table(
    filter: &PageFilter,
    table: ComparisonTable<'_>,
    compared: ComparedAnswers<'_>,
    note: &str,
    rows: &[ComparedRow<'_>],
    files: &[(&str, AnswerFile<'_>, &FleetScope)],
) -> Markup {
    let [before, after] = compared.releases.versions().map(shown_version);
    let [_, answer] = compared.answers;
    let of = format!("{before} and {after}, in {}", counted_things(&answer.all));
    let basis = AnswerBasis::of_comparison(filter, &answer.all.scope, of);
    let tested = rows.iter().filter(|row| row.before.is_some() && row.after.is_some()).count();
    let certainty = ChangeCertainty {
        releases: compared.releases,
        outside: OUTSIDE_INTERVALS / share_count(tested * PERCENTILES.len()),
    };
    let certainty = (answer.all.unit != "report").then_some(certainty);
    html! {
        section.numbers aria-labelledby=(table.id) {
            h2 id=(table.id) { (table.title) }
            p.note { (basis.text()) ". " (note) }
            (folded_rows(rows, "There are no numbers of these versions yet.", |rows| comparison_rows(table, certainty, rows)))
        }
        (file_links(table.title, files))
    }
}

/// The rows, with intervals if there is a certainty.
fn comparison_rows(
    table: ComparisonTable<'_>,
    certainty: Option<ChangeCertainty<'_>>,
    rows: &[ComparedRow<'_>],
) -> Markup {
    let value = |one: Option<&FleetDistribution>, of: fn(&FleetDistribution) -> f64| {
        one.map_or_else(|| "–".to_owned(), |one| table.unit.value_text(of(one)))
    };
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
                        @for percentile in &PERCENTILES {
                            th.n scope="col" { (percentile.title) " before" }
                            th.n scope="col" { "after" }
                            th.n scope="col" { "change" }
                            @if certainty.is_some() { th scope="col" { "interval" } }
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
                            @for percentile in &PERCENTILES {
                                @let of = percentile.value;
                                td.n { (value(row.before, of)) }
                                td.n { (value(row.after, of)) }
                                td.n { (change_text(row.before.map(of), row.after.map(of))) }
                                @if let Some(certainty) = certainty { td { (certainty_cell(&certainty.text(row, percentile))) } }
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

/// An interval above what it means, so that a table is not wider than the page.
fn certainty_cell(text: &str) -> Markup {
    let Some((interval, meaning)) = text.split_once(": ") else { return html! { (text) } };
    html! { (interval) " " small { (meaning) } }
}

/// How much larger or smaller a value became. Percentiles are accurate to 5 %, so less than that is no
/// change.
fn change_text(before: Option<f64>, after: Option<f64>) -> String {
    let (Some(before), Some(after)) = (before, after) else { return "–".to_owned() };
    if before <= 0.0 {
        return if after <= 0.0 { "same".to_owned() } else { "–".to_owned() };
    }
    match after / before - 1.0 {
        change if change.abs() < 0.05 => "same".to_owned(),
        change => signed_percent(change),
    }
}

fn signed_percent(change: f64) -> String {
    let sign = if change < 0.0 { "\u{2212}" } else { "+" };
    format!("{sign}{}", percent(change.abs()))
}

/// What the certainty of the rows of a table depends on, whose values are those of an installation on a day.
///
/// Values of reports have none: an installation that sends many reports has as many values, and cells do not tell
/// installations apart.
#[derive(Debug, Clone, Copy)]
struct ChangeCertainty<'a> {
    releases: &'a ComparedReleases,
    /// The probability that the interval of a row does not have the true change in it.
    outside: f64,
}

impl ChangeCertainty<'_> {
    /// The interval of a change, and whether the change is more than chance.
    fn text(self, row: &ComparedRow<'_>, percentile: &ComparedPercentile) -> String {
        let (Some(before), Some(after)) = (row.before, row.after) else { return "–".to_owned() };
        let is_zero = |one: &FleetDistribution| (percentile.value)(one) <= 0.0;
        if is_zero(before) || is_zero(after) {
            return "–".to_owned();
        }
        let ComparedReleases { before: older, after: newer } = self.releases;
        let (Some(before), Some(after)) = (sample(before, older), sample(after, newer)) else {
            return "not known".to_owned();
        };
        match PercentileChange::between(before, after, percentile.share, self.outside) {
            Some(change) if change.is_more_than_chance() => {
                format!("{}: more than chance", interval_text(change))
            }
            Some(change) if change.low > -1.0 && change.high.is_finite() => {
                format!("{}: may be chance", interval_text(change))
            }
            Some(_) | None => "too few installations".to_owned(),
        }
    }
}

fn interval_text(change: PercentileChange) -> String {
    let (low, high) = (signed_percent(change.low), signed_percent(change.high));
    if change.low <= -1.0 {
        return format!("at most {high}");
    }
    if change.high.is_finite() { format!("{low} to {high}") } else { format!("at least {low}") }
}

/// The values of a distribution; `None` if it is not known how many installations they are of.
fn sample<'a>(one: &'a FleetDistribution, release: &ObservedRelease) -> Option<PercentileSample<'a>> {
    let installations = release.installations(one.count)?;
    Some(PercentileSample { buckets: &one.buckets, installations })
}

/// A number of comparisons, to share a probability among them.
#[expect(clippy::cast_precision_loss, reason = "a table has few rows")]
fn share_count(comparisons: usize) -> f64 {
    comparisons.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answer_basis::tests::shares,
        compared_releases::{ReleaseChoice, tests::compared_releases},
        distribution_charts::tests::{distribution, distributions},
        page_filter::tests::unfiltered,
    };

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

    #[test]
    fn an_interval_without_an_end_names_the_other_one() {
        for (low, high, text) in [
            (-0.1, 0.25, "\u{2212}10\u{202f}% to +25\u{202f}%"),
            (0.1, f64::INFINITY, "at least +10\u{202f}%"),
            (-1.0, 0.5, "at most +50\u{202f}%"),
        ] {
            assert_eq!(interval_text(PercentileChange { low, high }), text);
        }
    }

    #[test]
    fn a_difference_is_more_than_chance_only_among_enough_installations() {
        let of = |p50, days| {
            let mut one = distribution("mean", p50);
            one.buckets.retain(|bucket| bucket.up_to > 0.0);
            one.buckets[0].count = days;
            one.count = days;
            one
        };
        let text = |installations: u64, after: f64| {
            let (before, after) = (of(1.0, 10 * installations), of(after, 10 * installations));
            let row = ComparedRow { label: String::new(), before: Some(&before), after: Some(&after) };
            let releases = compared_releases(installations);
            ChangeCertainty { releases: &releases, outside: 0.05 }.text(&row, &PERCENTILES[0])
        };
        assert_eq!(text(100, 1.5), "+36\u{202f}% to +65\u{202f}%: more than chance");
        assert!(text(100, 1.1).ends_with(": may be chance"));
        assert_eq!(text(5, 9.0), "too few installations");
    }

    #[test]
    fn the_certainty_of_a_version_without_a_name_in_the_answer_is_not_known() {
        let one = distribution("mean", 1.0);
        let row = ComparedRow { label: String::new(), before: Some(&one), after: Some(&one) };
        let mut versions = shares(&[]);
        versions.other_labels = 2;
        let chosen = ReleaseChoice { before: Some("0.1".to_owned()), after: Some("0.2".to_owned()) };
        let releases = chosen.resolve(&versions).unwrap();
        let text = ChangeCertainty { releases: &releases, outside: 0.05 }.text(&row, &PERCENTILES[0]);
        assert_eq!(text, "not known");
    }

    #[test]
    fn values_of_reports_have_no_interval_however_many_there_are() {
        let text = |unit: &str| {
            let mut one = distribution("load", 1.0);
            one.count = 1_000_000;
            let all = FleetDistributionsAnswer { unit: unit.to_owned(), ..distributions(vec![one]) };
            let answers = [1, 2].map(|_| ReleaseDistributions { all: all.clone(), by_size: None });
            let unit = ValueUnit::Seconds;
            let table =
                ComparisonTable { id: "stages", title: "Stages", label: "Stage", unit, has_failures: false };
            let releases = compared_releases(1000);
            let compared = ComparedAnswers { releases: &releases, answers: &answers };
            label_comparison(&unfiltered(), table, compared).into_string()
        };
        assert!(text("installation").contains("interval") && text("installation").contains("chance"));
        assert!(!text("report").contains("interval") && !text("report").contains("chance"));
    }
}
