//! Draws which part of the installations has something.

use headcount_charts::{
    BarChart, ChartBar, LineSeries, ShareSeries, TimeContext, ValueUnit, area_chart, bar_chart, line_chart,
};
use headcount_shared::api::{FleetShare, FleetSharesAnswer};
use maud::PreEscaped;

use crate::{
    answer_basis::{AnswerBasis, chart_day},
    page_filter::PageFilter,
};

/// The bars that are shown before the others are unfolded.
pub(crate) const SHOWN_BARS: usize = 12;

/// The lines of a chart.
const SHOWN_LINES: usize = 8;

/// What a chart of shares is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShareTitles<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
    /// What a label is: `Cloud`.
    pub(crate) label: &'a str,
}

/// The installations of a day by label.
pub(crate) fn share_bars(titles: ShareTitles<'_>, answer: &FleetSharesAnswer) -> PreEscaped<String> {
    let bars: Vec<_> = answer
        .labels
        .iter()
        .map(|label| ChartBar { label: &label.label, value: label.installations, share: Some(label.share) })
        .collect();
    let chart = BarChart {
        label_title: titles.label,
        value_title: "Installations a day",
        unit: ValueUnit::Count,
        shown: SHOWN_BARS,
        bars: &bars,
    };
    let basis = AnswerBasis::of_shares(answer);
    PreEscaped(bar_chart(&basis.caption(titles.id, titles.title, titles.description), &chart))
}

/// The parts of all installations over time, stacked. For labels of which an installation has one.
pub(crate) fn share_areas(
    titles: ShareTitles<'_>,
    filter: &PageFilter,
    answer: &FleetSharesAnswer,
) -> PreEscaped<String> {
    let values: Vec<_> = answer.labels.iter().map(|label| counts_by_day(filter, answer, label)).collect();
    let series: Vec<_> = answer
        .labels
        .iter()
        .zip(&values)
        .map(|(label, values)| ShareSeries { name: &label.label, values })
        .collect();
    let basis = AnswerBasis::of_shares(answer);
    let caption = basis.caption(titles.id, titles.title, titles.description);
    PreEscaped(area_chart(&caption, time_context(filter), &series))
}

/// The share of each of the most frequent labels over time.
pub(crate) fn share_lines(
    titles: ShareTitles<'_>,
    filter: &PageFilter,
    answer: &FleetSharesAnswer,
) -> PreEscaped<String> {
    let most_frequent = answer.labels.iter().take(SHOWN_LINES);
    let values: Vec<_> = most_frequent.clone().map(|label| shares_by_day(filter, answer, label)).collect();
    let series: Vec<_> =
        most_frequent.zip(&values).map(|(label, values)| LineSeries { name: &label.label, values }).collect();
    let basis = AnswerBasis::of_shares(answer);
    let caption = basis.caption(titles.id, titles.title, titles.description);
    PreEscaped(line_chart(
        &caption,
        "share of the installations of a day",
        ValueUnit::Share,
        time_context(filter),
        &series,
    ))
}

/// The days of a page.
pub(crate) fn time_context(filter: &PageFilter) -> TimeContext<'static> {
    TimeContext { first_day: chart_day(filter.first), marks: &[], missing: &[] }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn counts_by_day(filter: &PageFilter, answer: &FleetSharesAnswer, label: &FleetShare) -> Vec<Option<f64>> {
    let days = answer.days.iter().zip(&label.by_day);
    filter.by_day(days.map(|(day, count)| (day.day.as_str(), *count as f64)))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn shares_by_day(filter: &PageFilter, answer: &FleetSharesAnswer, label: &FleetShare) -> Vec<Option<f64>> {
    let days = answer.days.iter().zip(&label.by_day).filter(|(day, _)| day.installations > 0);
    filter.by_day(days.map(|(day, count)| (day.day.as_str(), *count as f64 / day.installations as f64)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer_basis::tests::shares, page_filter::tests::ten_days};

    fn answer() -> FleetSharesAnswer {
        let label = |label: &str, by_day: [u64; 2], share| FleetShare {
            label: label.to_owned(),
            share,
            installations: 1.0,
            value: 0,
            by_day: by_day.to_vec(),
            value_by_day: vec![0, 0],
        };
        FleetSharesAnswer {
            labels: vec![label("aws", [30, 10], 0.75), label("<gcp>", [10, 0], 0.25)],
            ..shares(&[("2026-11-02", 40), ("2026-11-04", 0)])
        }
    }

    #[test]
    fn shares_are_of_the_installations_of_their_day() {
        let (filter, answer) = (ten_days(), answer());
        let mut expected = vec![None; 10];
        expected[1] = Some(0.75);
        assert_eq!(shares_by_day(&filter, &answer, &answer.labels[0]), expected);
        expected[1] = Some(30.0);
        expected[3] = Some(10.0);
        assert_eq!(counts_by_day(&filter, &answer, &answer.labels[0]), expected);
    }

    #[test]
    fn all_charts_name_the_labels_escaped() {
        let (filter, answer) = (ten_days(), answer());
        let titles = ShareTitles { id: "clouds", title: "Clouds", description: "", label: "Cloud" };
        for chart in [
            share_bars(titles, &answer),
            share_areas(titles, &filter, &answer),
            share_lines(titles, &filter, &answer),
        ] {
            assert!(chart.0.contains("aws") && chart.0.contains("&lt;gcp&gt;"), "{}", chart.0);
            assert!(chart.0.contains("of 40 installations a day"), "{}", chart.0);
        }
    }
}
