//! Renders how many installations there are, over time, and how many stay.

use headcount_charts::{
    LineSeries, ValueUnit, line_chart,
    number_format::{grouped, percent},
};
use headcount_shared::api::{
    FleetActivityAnswer, FleetActivityDay, FleetRetentionAnswer, FleetRetentionWeek, FleetSharesAnswer,
};
use maud::{Markup, PreEscaped, html};

use crate::{
    answer_basis::{AnswerBasis, installations},
    page_filter::PageFilter,
    share_charts::{ShareTitles, share_bars, time_context},
};

/// The weeks of the table of retention.
const SHOWN_WEEKS: usize = 12;

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct OverviewAnswers<'a> {
    /// Active installations.
    pub activity: &'a FleetActivityAnswer,
    /// How many stay.
    pub retention: &'a FleetRetentionAnswer,
    /// Versions.
    pub versions: &'a FleetSharesAnswer,
}

/// The page.
#[must_use]
pub fn overview_page(filter: &PageFilter, answers: OverviewAnswers<'_>) -> Markup {
    let OverviewAnswers { activity, retention, versions } = answers;
    let titles = ShareTitles {
        id: "versions",
        title: "Versions in use",
        description: "Installations by the last version of the day.",
        label: "Version",
    };
    html! {
        (sentences(activity))
        (activity_chart(filter, activity))
        (movement_chart(filter, activity))
        (share_bars(titles, versions))
        (retention_table(retention))
    }
}

/// What a maker asks first, in sentences.
fn sentences(activity: &FleetActivityAnswer) -> Markup {
    let Some(last) = activity.days.last() else {
        return html! { p.lead { "No installation has reported in this time." } };
    };
    let sum = |count: fn(&FleetActivityDay) -> u64| activity.days.iter().map(count).sum::<u64>();
    html! {
        p.lead {
            strong { (installations(last.active_30d)) } " reported in the 30 days until the end, "
            (grouped(last.active_7d)) " in the last 7 days and " (grouped(last.active_1d)) " on the last day."
        }
        p {
            "In this time " (grouped(sum(|day| day.new))) " were new, "
            (grouped(sum(|day| day.returning))) " came back after 30 days or more, and "
            (grouped(sum(|day| day.gone))) " have been silent for 30 days."
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn counts(
    filter: &PageFilter,
    activity: &FleetActivityAnswer,
    count: fn(&FleetActivityDay) -> u64,
) -> Vec<Option<f64>> {
    filter.by_day(activity.days.iter().map(|day| (day.day.as_str(), count(day) as f64)))
}

fn activity_chart(filter: &PageFilter, activity: &FleetActivityAnswer) -> PreEscaped<String> {
    let (day, week, month) = (
        counts(filter, activity, |day| day.active_1d),
        counts(filter, activity, |day| day.active_7d),
        counts(filter, activity, |day| day.active_30d),
    );
    let series = [
        LineSeries { name: "in 30 days", values: &month },
        LineSeries { name: "in 7 days", values: &week },
        LineSeries { name: "on the day", values: &day },
    ];
    let basis = AnswerBasis::new(&activity.scope, "installations with a report".to_owned());
    let caption = basis.caption("active", "Active installations", "");
    PreEscaped(line_chart(&caption, "installations", ValueUnit::Count, time_context(filter), &series))
}

fn movement_chart(filter: &PageFilter, activity: &FleetActivityAnswer) -> PreEscaped<String> {
    let (new, gone) = (counts(filter, activity, |day| day.new), counts(filter, activity, |day| day.gone));
    let series = [LineSeries { name: "new", values: &new }, LineSeries { name: "gone", values: &gone }];
    let basis = AnswerBasis::new(&activity.scope, "installations of the day".to_owned());
    let description = "New: the first report. Gone: the last report was 30 days before.";
    let caption = basis.caption("movement", "New and gone", description);
    PreEscaped(line_chart(&caption, "installations a day", ValueUnit::Count, time_context(filter), &series))
}

fn retention_table(retention: &FleetRetentionAnswer) -> Markup {
    let skipped = retention.weeks.len().saturating_sub(SHOWN_WEEKS);
    let weeks: Vec<_> = retention.weeks.iter().skip(skipped).collect();
    let columns = weeks.iter().map(|week| week.active.len()).max().unwrap_or_default().min(SHOWN_WEEKS);
    html! {
        section.numbers aria-labelledby="retention" {
            h2 #retention { "How many stay" }
            p.note { "Installations by the week of their first report, and the share of them that reported in each week from then on." }
            @if weeks.is_empty() {
                p.note { "There are no numbers yet." }
            } @else {
                div.scroll tabindex="0" role="group" aria-labelledby="retention" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "First week" }
                                th.n scope="col" { "Installations" }
                                @for week in 0..columns { th.n scope="col" { "Week " (week) } }
                            }
                        }
                        tbody { @for week in weeks { (retention_row(week, columns)) } }
                    }
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn retention_row(week: &FleetRetentionWeek, columns: usize) -> Markup {
    let share = |active: &u64| percent(*active as f64 / week.installations.max(1) as f64);
    html! {
        tr {
            th scope="row" { (week.week) }
            td.n { (grouped(week.installations)) }
            @for column in 0..columns { td.n { (week.active.get(column).map(share).unwrap_or_default()) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answer_basis::tests::{scope, shares},
        page_filter::tests::ten_days,
    };

    fn page(days: Vec<FleetActivityDay>, weeks: Vec<FleetRetentionWeek>) -> String {
        let activity = FleetActivityAnswer { scope: scope(), days };
        let retention = FleetRetentionAnswer { scope: scope(), weeks };
        let answers = OverviewAnswers { activity: &activity, retention: &retention, versions: &shares(&[]) };
        overview_page(&ten_days(), answers).into_string()
    }

    #[test]
    fn an_overview_says_how_many_are_active_new_and_gone() {
        let day = |day: &str, active_30d, new| FleetActivityDay {
            day: day.to_owned(),
            active_1d: 3,
            active_7d: 20,
            active_30d,
            new,
            returning: 1,
            gone: 2,
        };
        let week = FleetRetentionWeek { week: "2026-11-02".to_owned(), installations: 8, active: vec![8, 6] };
        let text = page(vec![day("2026-11-09", 1999, 4), day("2026-11-10", 2000, 5)], vec![week]);
        for said in
            ["2\u{202f}000 installations", "9 were new", "2 came back", "4 have been silent", "75\u{202f}%"]
        {
            assert!(text.contains(said), "{said}: {text}");
        }
    }

    #[test]
    fn an_overview_without_reports_says_so() {
        assert!(page(Vec::new(), Vec::new()).contains("No installation has reported in this time."));
    }
}
