//! Renders how many installations there are, over time, and how many stay.

use headcount_charts::{
    LineSeries, ValueUnit, line_chart,
    number_format::{grouped, percent},
};
use headcount_shared::api::{
    FleetActivityAnswer, FleetActivityDay, FleetRetentionAnswer, FleetRetentionWeek, FleetSharesAnswer,
    FleetWeek,
};
use maud::{Markup, PreEscaped, html};

use crate::{
    answer_basis::{AnswerBasis, chart_day, day_text, installations},
    answer_files::AnswerFile,
    changes_page::week_title,
    day_events::ChartDays,
    page_filter::PageFilter,
    page_list::FleetPage,
    share_charts::{ShareTitles, share_bars},
    shown_names::shown_sentence,
    time_text::listed,
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
    /// The newest week that is over, or the first one before its end; `None` before any day was looked at.
    pub week: Option<&'a FleetWeek>,
}

/// The page.
#[must_use]
pub fn overview_page(filter: &PageFilter, answers: OverviewAnswers<'_>) -> Markup {
    let OverviewAnswers { activity, retention, versions, week } = answers;
    let titles = ShareTitles {
        id: "versions",
        title: "Versions in use",
        description: "Installations by the last version of the day.",
        label: "Version",
        table: "versions",
    };
    html! {
        (sentences(filter, activity))
        @if let Some(week) = week { (week_section(filter, week)) }
        (activity_chart(filter, activity))
        (movement_chart(filter, activity))
        (share_bars(titles, filter, versions))
        (retention_table(filter, retention))
    }
}

/// What happened in a week.
fn week_section(filter: &PageFilter, week: &FleetWeek) -> Markup {
    html! {
        section.numbers aria-labelledby="week" {
            h2 #week { (week_title(week)) }
            ul { @for sentence in &week.sentences { li { (shown_sentence(&sentence.text)) } } }
            p.note { a href=(filter.address(FleetPage::Changes)) { "What releases changed, and other weeks" } }
        }
    }
}

/// What a maker asks first, in sentences.
fn sentences(filter: &PageFilter, activity: &FleetActivityAnswer) -> Markup {
    // A day that is not over has too few installations: the sentence is about the day before, if there is
    // one.
    let is_over =
        |day: &&FleetActivityDay| filter.running_day.is_none_or(|today| day.day != today.to_string());
    let Some(last) = activity.days.iter().rfind(is_over).or(activity.days.last()) else {
        return html! { p.lead { "No installation has reported in this time." } };
    };
    let until = if is_over(&last) { "on that day" } else { "on that day, which is not over" };
    let number = |count: u64| if count == 0 { "none".to_owned() } else { grouped(count) };
    let sum = |count: fn(&FleetActivityDay) -> u64| activity.days.iter().map(count).sum::<u64>();
    html! {
        p.lead {
            strong { (installations(last.active_30d)) } " reported in the 30 days until " (day_text(&last.day)) ", "
            (number(last.active_7d)) " in the last 7 of them and " (number(last.active_1d)) " " (until) "."
        }
        p { (movement_text([sum(|day| day.new), sum(|day| day.returning), sum(|day| day.gone)])) }
    }
}

/// How many installations were new, came back and are gone: what is not zero.
fn movement_text(counts: [u64; 3]) -> String {
    let said = [
        ("was new", "were new"),
        ("came back after 30 days of silence or more", "came back after 30 days of silence or more"),
        ("reached 30 days of silence", "reached 30 days of silence"),
    ];
    let parts = counts.into_iter().zip(said).filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts
        .map(|(count, (one, many))| format!("{} {}", grouped(count), if count == 1 { one } else { many }))
        .collect();
    if parts.is_empty() {
        return "In this time no installation was new, came back or reached 30 days of silence.".to_owned();
    }
    format!("In this time {}.", listed(&parts))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn counts(
    filter: &PageFilter,
    activity: &FleetActivityAnswer,
    count: fn(&FleetActivityDay) -> u64,
) -> Vec<Option<f64>> {
    filter.by_day(activity.days.iter().map(|day| (day.day.as_str(), count(day) as f64)))
}

fn activity_chart(filter: &PageFilter, activity: &FleetActivityAnswer) -> Markup {
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
    let basis = AnswerBasis::new(filter, &activity.scope, "installations with a report".to_owned());
    let title = "Active installations";
    let description = running_day_text(filter);
    let caption = basis.caption("active", title, &description);
    let chart =
        line_chart(&caption, "installations", ValueUnit::Count, ChartDays::new(filter).context(), &series);
    html! { (PreEscaped(chart)) (AnswerFile::table("activity").links(title, &activity.scope)) }
}

fn movement_chart(filter: &PageFilter, activity: &FleetActivityAnswer) -> Markup {
    let (new, gone) = (counts(filter, activity, |day| day.new), counts(filter, activity, |day| day.gone));
    let series = [LineSeries { name: "new", values: &new }, LineSeries { name: "gone", values: &gone }];
    let basis = AnswerBasis::new(filter, &activity.scope, "installations of the day".to_owned());
    let title = "New and gone";
    let description = "New: the first report. Gone: the last report was 30 days before.";
    let caption = basis.caption("movement", title, description);
    let chart = line_chart(
        &caption,
        "installations a day",
        ValueUnit::Count,
        ChartDays::new(filter).context(),
        &series,
    );
    html! { (PreEscaped(chart)) (AnswerFile::table("activity").links(title, &activity.scope)) }
}

/// What is to be known of a line whose last day is not over.
fn running_day_text(filter: &PageFilter) -> String {
    let said = |today| format!("{} is not over: its point is of the reports until now.", chart_day(today));
    filter.running_day.map(said).unwrap_or_default()
}

fn retention_table(filter: &PageFilter, retention: &FleetRetentionAnswer) -> Markup {
    let skipped = retention.weeks.len().saturating_sub(SHOWN_WEEKS);
    let weeks: Vec<_> = retention.weeks.iter().skip(skipped).collect();
    let columns = weeks.iter().map(|week| week.active.len()).max().unwrap_or_default().min(SHOWN_WEEKS);
    let title = "How many stay";
    let all = weeks.iter().map(|week| week.installations).sum();
    let of = format!("of {} that came in these weeks", installations(all));
    let basis = AnswerBasis::new(filter, &retention.scope, of);
    html! {
        section.numbers aria-labelledby="retention" {
            h2 #retention { (title) }
            p.note { "Installations by the week of their first report, and the share of them that reported in each week from then on. The newest week of each row may not be over." }
            p.note {
                (basis.text())
                @if skipped > 0 { ". The last " (SHOWN_WEEKS) " of " (retention.weeks.len()) " weeks." }
            }
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
        (AnswerFile::table("retention").links(title, &retention.scope))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn retention_row(week: &FleetRetentionWeek, columns: usize) -> Markup {
    let share = |active: &u64| percent(*active as f64 / week.installations.max(1) as f64);
    html! {
        tr {
            th scope="row" { (day_text(&week.week)) }
            td.n { (grouped(week.installations)) }
            @for column in 0..columns { td.n { (week.active.get(column).map(share).unwrap_or_default()) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::FleetSentence;

    use super::*;
    use crate::{
        answer_basis::tests::{scope, shares},
        page_filter::tests::ten_days,
    };

    fn page(filter: &PageFilter, days: Vec<FleetActivityDay>, weeks: Vec<FleetRetentionWeek>) -> String {
        let activity = FleetActivityAnswer { scope: scope(), days };
        let retention = FleetRetentionAnswer { scope: scope(), weeks };
        let answers = OverviewAnswers {
            activity: &activity,
            retention: &retention,
            versions: &shares(&[]),
            week: Some(&FleetWeek {
                week: "2026-11-02".to_owned(),
                last_day: "2026-11-08".to_owned(),
                is_over: true,
                sentences: vec![FleetSentence {
                    topic: "changes".to_owned(),
                    text: "1.1 is <quick>.".to_owned(),
                }],
            }),
        };
        overview_page(filter, answers).into_string()
    }

    fn day(day: &str, active_30d: u64, new: u64) -> FleetActivityDay {
        FleetActivityDay {
            day: day.to_owned(),
            active_1d: active_30d / 10,
            active_7d: active_30d / 2,
            active_30d,
            new,
            returning: 1,
            gone: 2,
        }
    }

    #[test]
    fn an_overview_says_how_many_are_active_new_and_gone() {
        let week = FleetRetentionWeek { week: "2026-11-02".to_owned(), installations: 8, active: vec![8, 6] };
        let days = vec![day("2026-11-09", 1999, 4), day("2026-11-10", 2000, 5)];
        let text = page(&ten_days(), days, vec![week]);
        for said in [
            "2\u{202f}000 installations</strong> reported in the 30 days until 10\u{a0}Nov\u{a0}2026",
            "In this time 9 were new, 2 came back after 30 days of silence or more",
            "and 4 reached 30 days of silence.",
            "The week from 2\u{a0}Nov\u{a0}2026 to 8\u{a0}Nov\u{a0}2026",
            "<th scope=\"row\">2\u{a0}Nov\u{a0}2026</th>",
            "75\u{202f}%",
            "of 8 installations that came in these weeks, not filtered by version",
            "api/fleet/retention?product=coroot",
            "api/fleet/activity?product=coroot",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }

    #[test]
    fn what_nobody_did_is_not_counted() {
        for (counts, text) in [
            ([1, 0, 0], "In this time 1 was new."),
            ([1, 0, 1], "In this time 1 was new and 1 reached 30 days of silence."),
            ([0, 0, 0], "In this time no installation was new, came back or reached 30 days of silence."),
        ] {
            assert_eq!(movement_text(counts), text);
        }
    }

    #[test]
    fn a_day_that_is_not_over_is_not_what_an_overview_says_first() {
        let today = ten_days().on("2026-11-10".parse().unwrap());
        let text = page(&today, vec![day("2026-11-09", 1999, 4), day("2026-11-10", 2000, 5)], Vec::new());
        assert!(text.contains("1\u{202f}999 installations</strong>"), "{text}");
        assert!(text.contains("is not over: its point is of the reports until now"), "{text}");
        let text = page(&today, vec![day("2026-11-10", 2000, 5)], Vec::new());
        assert!(text.contains("200 on that day, which is not over."), "{text}");
    }

    #[test]
    fn an_overview_without_reports_says_so() {
        assert!(
            page(&ten_days(), Vec::new(), Vec::new()).contains("No installation has reported in this time.")
        );
    }
}
