//! Draws which part of the installations has something.

use headcount_charts::{
    BarChart, ChartBar, LineSeries, ShareSeries, ValueUnit, area_chart, bar_chart, line_chart,
    number_format::grouped,
};
use headcount_fleet::name_table::OTHER;
use headcount_shared::api::{FleetShare, FleetSharesAnswer};
use maud::{Markup, PreEscaped, html};

use crate::{
    answer_basis::{AnswerBasis, mean_installations},
    answer_files::AnswerFile,
    day_events::ChartDays,
    page_filter::PageFilter,
    shown_names::{shown_label, shown_version},
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
    /// The name of the shares in the API: `clouds`.
    pub(crate) table: &'a str,
}

impl ShareTitles<'_> {
    fn shown_label(&self, label: &str) -> String {
        if self.table == "versions" && label.is_empty() { shown_version(label) } else { shown_label(label) }
    }

    /// What follows a chart: what its last label stands for, and the answer as files.
    fn notes(&self, answer: &FleetSharesAnswer) -> Markup {
        let path = format!("shares/{}", self.table);
        html! {
            @if answer.labels.iter().any(|label| label.label == OTHER) && answer.other_labels > 0 {
                p.files {
                    "“" (shown_label(OTHER)) "” is up to " (grouped(answer.other_labels))
                    " labels that are too rare to be counted by themselves."
                }
            }
            (AnswerFile::table(&path).links(self.title, &answer.scope))
        }
    }
}

/// The labels that an installation has. An answer also has those that only replicas report, and others without
/// any.
fn counted_labels(answer: &FleetSharesAnswer) -> impl Iterator<Item = &FleetShare> + Clone {
    answer.labels.iter().filter(|label| label.by_day.iter().any(|count| *count > 0))
}

/// What is shown in place of a chart if nothing is counted: a sentence in which zero is the message.
pub(crate) fn nothing_counted(id: &str, title: &str, basis: &AnswerBasis, said: &str) -> Markup {
    html! {
        section.numbers aria-labelledby=(id) {
            h2 id=(id) { (title) }
            p.note { (basis.text()) }
            p { (said) }
        }
    }
}

/// The installations of a day by label.
pub(crate) fn share_bars(titles: ShareTitles<'_>, filter: &PageFilter, answer: &FleetSharesAnswer) -> Markup {
    if mean_installations(answer) > 0 && counted_labels(answer).next().is_none() {
        let basis = AnswerBasis::of_shares(filter, answer);
        let none = nothing_counted(titles.id, titles.title, &basis, "None of them on these days.");
        return html! { (none) (titles.notes(answer)) };
    }
    let labels: Vec<_> = counted_labels(answer).map(|label| titles.shown_label(&label.label)).collect();
    let bars: Vec<_> = counted_labels(answer)
        .zip(&labels)
        .map(|(share, label)| ChartBar { label, value: share.installations, share: Some(share.share) })
        .collect();
    let chart = BarChart {
        label_title: titles.label,
        value_title: "Installations a day",
        unit: ValueUnit::Count,
        shown: SHOWN_BARS,
        bars: &bars,
    };
    let basis = AnswerBasis::of_shares(filter, answer);
    let chart = bar_chart(&basis.caption(titles.id, titles.title, titles.description), &chart);
    html! { (PreEscaped(chart)) (titles.notes(answer)) }
}

/// The parts of all installations over time, stacked. For labels of which an installation has one.
pub(crate) fn share_areas(
    titles: ShareTitles<'_>,
    filter: &PageFilter,
    answer: &FleetSharesAnswer,
) -> Markup {
    // What is not told apart is last, so that it is a part of what the chart adds up.
    let mut shares: Vec<_> = counted_labels(answer).collect();
    shares.sort_by_key(|share| share.label == OTHER);
    let labels: Vec<_> = shares.iter().map(|share| titles.shown_label(&share.label)).collect();
    let values: Vec<_> = shares.iter().map(|share| counts_by_day(filter, answer, share)).collect();
    let series: Vec<_> =
        labels.iter().zip(&values).map(|(name, values)| ShareSeries { name, values }).collect();
    let basis = AnswerBasis::of_shares(filter, answer);
    let caption = basis.caption(titles.id, titles.title, titles.description);
    let chart = area_chart(&caption, ChartDays::new(filter).context(), &series);
    html! { (PreEscaped(chart)) (titles.notes(answer)) }
}

/// The share of each of the most frequent labels over time.
pub(crate) fn share_lines(
    titles: ShareTitles<'_>,
    filter: &PageFilter,
    answer: &FleetSharesAnswer,
) -> Markup {
    let told_apart = counted_labels(answer).filter(|label| label.label != OTHER);
    let all = told_apart.clone().count();
    let most_frequent: Vec<_> = told_apart.take(SHOWN_LINES).collect();
    let labels: Vec<_> = most_frequent.iter().map(|label| titles.shown_label(&label.label)).collect();
    let values: Vec<_> = most_frequent.iter().map(|label| shares_by_day(filter, answer, label)).collect();
    let series: Vec<_> =
        labels.iter().zip(&values).map(|(name, values)| LineSeries { name, values }).collect();
    let basis = AnswerBasis::of_shares(filter, answer);
    let left_out =
        if all > SHOWN_LINES { format!("The {SHOWN_LINES} most frequent of {all}.") } else { String::new() };
    let said = [titles.description, &left_out];
    let description = said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let caption = basis.caption(titles.id, titles.title, &description);
    let chart = line_chart(
        &caption,
        "share of the installations of a day",
        ValueUnit::Share,
        ChartDays::new(filter).context(),
        &series,
    );
    html! { (PreEscaped(chart)) (titles.notes(answer)) }
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

    fn clouds() -> ShareTitles<'static> {
        ShareTitles { id: "clouds", title: "Clouds", description: "", label: "Cloud", table: "clouds" }
    }

    #[test]
    fn all_charts_name_the_labels_escaped_and_are_files_too() {
        let (filter, answer) = (ten_days(), answer());
        for chart in [
            share_bars(clouds(), &filter, &answer),
            share_areas(clouds(), &filter, &answer),
            share_lines(clouds(), &filter, &answer),
        ] {
            let text = chart.into_string();
            assert!(text.contains("aws") && text.contains("&lt;gcp&gt;"), "{text}");
            assert!(text.contains("of 40 installations a day, not filtered by version"), "{text}");
            for format in ["", "&amp;format=csv"] {
                let address = "api/fleet/shares/clouds?product=coroot&amp;from=2026-11-01&amp;to=2026-11-10";
                assert!(text.contains(&format!("href=\"{address}{format}\"")), "{text}");
            }
        }
    }

    #[test]
    fn a_label_that_no_installation_has_is_not_shown() {
        let mut answer = answer();
        let nobody =
            FleetShare { label: "unknown".to_owned(), by_day: vec![0, 0], ..answer.labels[1].clone() };
        answer.labels.push(nobody);
        let filter = ten_days();
        for chart in [
            share_bars(clouds(), &filter, &answer),
            share_areas(clouds(), &filter, &answer),
            share_lines(clouds(), &filter, &answer),
        ] {
            let text = chart.into_string();
            assert!(text.contains("aws") && !text.contains("unknown"), "{text}");
        }
    }

    #[test]
    fn a_list_of_which_nobody_has_anything_is_said_to_be_empty() {
        let bars = |answer| share_bars(clouds(), &ten_days(), answer).into_string();
        let none = FleetSharesAnswer { labels: Vec::new(), ..answer() };
        assert!(bars(&none).contains("<p>None of them on these days.</p>"), "{}", bars(&none));
        assert!(bars(&none).contains("of 40 installations a day"), "{}", bars(&none));
        assert!(bars(&shares(&[])).contains("There are no numbers yet."));
    }

    #[test]
    fn what_is_left_out_is_said() {
        let label = |label: String| FleetShare {
            label,
            share: 0.1,
            installations: 1.0,
            value: 0,
            by_day: vec![1, 0],
            value_by_day: vec![0, 0],
        };
        let labels = (0..10).map(|number| number.to_string()).chain([OTHER.to_owned(), String::new()]);
        let answer =
            FleetSharesAnswer { labels: labels.map(label).collect(), other_labels: 1234, ..answer() };
        let versions = ShareTitles { table: "versions", ..clouds() };
        let lines = share_lines(versions, &ten_days(), &answer).into_string();
        assert!(lines.contains("The 8 most frequent of 11."), "{lines}");
        let bars = share_bars(versions, &ten_days(), &answer).into_string();
        for said in
            ["other, not told apart", "is up to 1\u{202f}234 labels that are too rare", "unknown version"]
        {
            assert!(bars.contains(said), "{said}: {bars}");
        }
        let areas = share_areas(versions, &ten_days(), &answer).into_string();
        assert!(areas.contains("the rest") && !areas.contains(">other, not told apart<"), "{areas}");
    }
}
