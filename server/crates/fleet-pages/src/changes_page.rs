//! Renders what releases changed, what happened in each week, and what the maker noted.

use headcount_charts::number_format::{grouped, percent};
use headcount_fleet::changes::weekly_summary::{MOST_WEEKS, certainty_text};
use headcount_shared::api::{
    FleetChange, FleetChangesAnswer, FleetChangesBefore, FleetDayNotes, FleetGap, FleetRelease, FleetWeek,
    FleetWeeksAnswer,
};
use maud::{Markup, html};

use crate::{
    answer_basis::day_text,
    page_filter::PageFilter,
    page_list::FleetPage,
    shown_names::{shown_sentence, shown_tables, shown_version},
    time_text::{counted, listed},
};

/// What the page is made of.
#[derive(Debug, Clone, Copy)]
pub struct ChangeAnswers<'a> {
    /// What happened in the period.
    pub changes: &'a FleetChangesAnswer,
    /// The weeks in sentences.
    pub weeks: &'a FleetWeeksAnswer,
}

/// The page.
#[must_use]
pub fn changes_page(filter: &PageFilter, answers: ChangeAnswers<'_>) -> Markup {
    let ChangeAnswers { changes, weeks } = answers;
    let (from, to) = (filter.first.to_string(), filter.last.to_string());
    let is_shown = |week: &&FleetWeek| from.as_str() <= week.week.as_str() && week.week <= to;
    let shown_weeks: Vec<_> = weeks.weeks.iter().filter(is_shown).collect();
    let (confirmed, unconfirmed): (Vec<_>, Vec<_>) =
        changes.changes.iter().partition(|change| change.confirmed);
    html! {
        (lead(changes, confirmed.len()))
        @if let Some(before) = &changes.before { (earlier_days(filter, before)) }
        (change_table(filter, ("found", "What releases changed", BOUNDS_NOTE), &confirmed))
        (change_table(filter, ("unconfirmed", "What later days do not confirm", UNCONFIRMED_NOTE), &unconfirmed))
        (release_table(changes))
        (week_sections(filter, &shown_weeks))
        (left_out_weeks(&from, &weeks.weeks))
        (interruptions(changes))
        (note_list(filter, &changes.notes))
        (links(filter))
    }
}

/// What was found, and how far was looked.
fn lead(changes: &FleetChangesAnswer, confirmed: usize) -> Markup {
    let Some(looked_at) = &changes.looked_at else {
        return html! {
            p.lead { "No day has been looked at yet. A day is looked at two hours after its end." }
        };
    };
    let found = match confirmed {
        0 if !changes.changes.is_empty() => "No change by a release is confirmed on these days".to_owned(),
        0 => "No change by a release was found on these days".to_owned(),
        1 => "One change was found that a release made".to_owned(),
        many => format!("{many} changes were found that releases made"),
    };
    html! {
        p.lead { (found) ", in the data until " (day_text(looked_at)) "." }
        p.note {
            "Each release is compared with the one before it for two weeks, within the installations that \
             took it where that is possible. Chance alone gives at most one false alarm a year for every \
             hundred numbers that are compared."
        }
    }
}

/// What is known of the days before those of the page.
fn earlier_days(filter: &PageFilter, before: &FleetChangesBefore) -> Markup {
    let FleetChangesBefore { from, releases, changes } = before;
    let changed = match changes {
        0 => None,
        1 => Some("1 change by a release".to_owned()),
        many => Some(format!("{} changes by releases", grouped(*many))),
    };
    let released = (*releases > 0).then(|| counted(*releases, "release"));
    let known: Vec<_> = released.into_iter().chain(changed).collect();
    html! {
        p.note {
            "Before these days, the collector has found " (listed(&known)) ". "
            @if let Ok(first) = from.parse() {
                a href=(filter.with_days(first, filter.last).address(FleetPage::Changes)) {
                    "Show all since " (day_text(from))
                }
                "."
            }
        }
    }
}

const BOUNDS_NOTE: &str = "The true size is between the two bounds with a probability of 95 %. The certainty is the \
    probability that chance alone would have shown nothing so clear. Points are those of a share in percent.";

const UNCONFIRMED_NOTE: &str = "On the day on which it was found, each of these was too clear for chance. With the days \
    since, its bounds contain 0.";

/// Changes below a heading with an id, and a note.
fn change_table(
    filter: &PageFilter,
    (id, heading, note): (&str, &str, &str),
    changes: &[&FleetChange],
) -> Markup {
    html! {
        @if !changes.is_empty() {
            section.numbers aria-labelledby=(id) {
                h2 id=(id) { (heading) }
                p.note { (note) }
                div.scroll tabindex="0" role="group" aria-labelledby=(id) {
                    table {
                        thead {
                            tr {
                                th scope="col" { "What" }
                                th scope="col" { "Release" }
                                th.n scope="col" { "Size" }
                                th.n scope="col" { "Bounds" }
                                th scope="col" { "Found on" }
                                th.n scope="col" { "Certainty" }
                            }
                        }
                        tbody { @for change in changes { (change_row(filter, change)) } }
                    }
                }
            }
        }
    }
}

fn change_row(filter: &PageFilter, change: &FleetChange) -> Markup {
    let FleetChange { field, release, released_on, previous, size, low, high, found_on, certainty, .. } =
        change;
    let page = page_of(&change.kind);
    html! {
        tr {
            th scope="row" { a href=(filter.address(page)) { (shown_sentence(field)) } }
            td {
                (shown_version(release)) " of " (day_text(released_on)) ", after " (shown_version(previous))
            }
            td.n { (signed_size(change, *size)) }
            td.n { (signed_size(change, *low)) " and " (signed_size(change, *high)) }
            td { (day_text(found_on)) }
            td.n { (certainty_text(*certainty)) }
        }
    }
}

/// The page with the numbers of a kind of field.
fn page_of(kind: &str) -> FleetPage {
    match kind {
        "flag" | "alerting" | "inspection_override" => FleetPage::Features,
        "cloud" | "service" | "instrumented_service" | "size" => FleetPage::Environment,
        "page" => FleetPage::Usage,
        "cpu_function" | "heap_function" => FleetPage::Profiles,
        _ => FleetPage::Performance,
    }
}

/// `+12 %`, or `+3 points` for shares of installations.
fn signed_size(change: &FleetChange, size: f64) -> String {
    let sign = if size < 0.0 { "\u{2212}" } else { "+" };
    let by = 100.0 * size.abs();
    let unit = if change.unit == "share" { "points" } else { "%" };
    format!("{sign}{by:.1}\u{202f}{unit}")
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn release_table(changes: &FleetChangesAnswer) -> Markup {
    let FleetChangesAnswer { releases, looked_at, to, .. } = changes;
    let counted_on = looked_at.as_ref().map(|looked_at| day_text(looked_at.min(to)));
    let share = |release: &FleetRelease| percent(release.installations as f64 / release.total.max(1) as f64);
    html! {
        @if !releases.is_empty() {
            section.numbers aria-labelledby="releases" {
                h2 #releases { "Releases" }
                p.note {
                    "A version is a release since the first day on which at least 5 installations and 0.5 % of \
                     all had it."
                    @if let Some(day) = counted_on { " The numbers of installations are those of " (day) "." }
                }
                div.scroll tabindex="0" role="group" aria-labelledby="releases" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Version" }
                                th scope="col" { "Release since" }
                                th.n scope="col" { "Installations" }
                                th.n scope="col" { "Of all" }
                                th.n scope="col" { "Days until half had it" }
                            }
                        }
                        tbody {
                            @for release in releases {
                                tr {
                                    th scope="row" { (shown_version(&release.version)) }
                                    td { (day_text(&release.released_on)) }
                                    td.n { (grouped(release.installations)) }
                                    td.n { (share(release)) }
                                    td.n { (release.days_to_half.map_or("not yet".to_owned(), |days| days.to_string())) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn week_sections(filter: &PageFilter, weeks: &[&FleetWeek]) -> Markup {
    let has_monday = filter.first <= filter.last.week_start();
    html! {
        section.numbers aria-labelledby="weeks" {
            h2 #weeks { "Week by week" }
            @if !has_monday {
                p.note { "No week begins on one of these days." }
            } @else if weeks.is_empty() {
                p.note { "There are no sentences about weeks that begin on these days." }
            }
            @for week in weeks {
                article id=(week.week) {
                    h3 { (week_title(week)) }
                    ul { @for sentence in &week.sentences { li { (shown_sentence(&sentence.text)) } } }
                }
            }
        }
    }
}

/// `The week from 2 Nov 2026 to 8 Nov 2026`. A week that is not over has `so far` before its last counted
/// day.
pub(crate) fn week_title(week: &FleetWeek) -> String {
    let to = if week.is_over { " to" } else { ", so far until" };
    format!("The week from {}{to} {}", day_text(&week.week), day_text(&week.last_day))
}

/// Says since when weeks are told, if these are as many as are told at most. Whether there are older ones is not
/// known here.
fn left_out_weeks(from: &str, weeks: &[FleetWeek]) -> Markup {
    let oldest = weeks.get(MOST_WEEKS as usize - 1).filter(|oldest| from < oldest.week.as_str());
    html! {
        @if let Some(oldest) = oldest {
            p.note { "At most the newest " (MOST_WEEKS) " weeks are told: none before " (day_text(&oldest.week)) "." }
        }
    }
}

fn interruptions(changes: &FleetChangesAnswer) -> Markup {
    html! {
        @if !changes.gaps.is_empty() || !changes.schema_changes.is_empty() {
            section.numbers aria-labelledby="interruptions" {
                h2 #interruptions { "Missing reports, and new kinds of numbers" }
                ul {
                    @for gap in &changes.gaps { li { (gap_text(gap)) } }
                    @for change in &changes.schema_changes {
                        li { "Since " (day_text(&change.day)) ", there are numbers of " (shown_tables(&change.tables)) "." }
                    }
                }
            }
        }
    }
}

/// What happened in a gap, in a sentence.
fn gap_text(gap: &FleetGap) -> String {
    let FleetGap { from, to, received, usual } = gap;
    let when = if from == to {
        format!("On {}", day_text(from))
    } else {
        format!("From {} to {}", day_text(from), day_text(to))
    };
    let received = if *received == 0 { "none".to_owned() } else { grouped(*received) };
    format!("{when}, the collector has {received} of about {} usual reports.", grouped(*usual))
}

fn note_list(filter: &PageFilter, notes: &[FleetDayNotes]) -> Markup {
    let over_time = FleetPage::ALL.into_iter().filter(|page| page.is_over_time()).map(FleetPage::title);
    let over_time: Vec<_> = over_time.map(str::to_owned).collect();
    html! {
        section.numbers aria-labelledby="notes" {
            h2 #notes { "Notes" }
            p.note {
                "The charts over time on the pages " (listed(&over_time))
                " mark a note on its day, for everybody who sees exact numbers."
            }
            ul {
                @for day in notes {
                    @for note in &day.notes {
                        li {
                            (day_text(&day.day)) ": " (shown_sentence(note)) " "
                            form.inline method="post" action="notes" {
                                (hidden_days(filter))
                                input type="hidden" name="day" value=(day.day);
                                input type="hidden" name="remove" value=(note);
                                button type="submit" { "Remove" }
                            }
                        }
                    }
                }
            }
            form.filters method="post" action="notes" {
                (hidden_days(filter))
                label { span { "Day" } input type="date" name="day" value=(filter.last) required; }
                label { span { "Note" } input type="text" name="note" maxlength="200" required; }
                button type="submit" { "Add" }
            }
        }
    }
}

/// What a form keeps of the page.
fn hidden_days(filter: &PageFilter) -> Markup {
    html! {
        input type="hidden" name="product" value=(filter.product);
        input type="hidden" name="from" value=(filter.first);
        input type="hidden" name="to" value=(filter.last);
    }
}

/// The same for programs.
fn links(filter: &PageFilter) -> Markup {
    let period = filter.period_query();
    let product = filter.product_query();
    html! {
        p.note {
            "The same as " a href={ "api/fleet/changes?" (period) } { "JSON" } " and "
            a href={ "api/fleet/changes?" (period) "&format=csv" } { "CSV" } "; the weeks as "
            a href={ "api/fleet/weeks.atom?" (product) } { "a feed" } " and "
            a href={ "api/fleet/weeks.txt?" (product) } { "the text of a mail" } ", each when it is over."
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_shared::api::{FleetSchemaChange, FleetSentence};

    use super::*;
    use crate::page_filter::tests::ten_days;

    fn changes() -> FleetChangesAnswer {
        FleetChangesAnswer {
            product: "my shop".to_owned(),
            from: "2026-11-01".to_owned(),
            to: "2026-11-10".to_owned(),
            looked_at: Some("2026-11-09".to_owned()),
            releases: vec![FleetRelease {
                version: "1.1".to_owned(),
                released_on: "2026-11-03".to_owned(),
                installations: 30,
                total: 120,
                days_to_half: None,
            }],
            changes: vec![FleetChange {
                release: "1.1".to_owned(),
                released_on: "2026-11-03".to_owned(),
                previous: "1.0".to_owned(),
                kind: "query".to_owned(),
                name: "<up>".to_owned(),
                field: "the time of the query <up>".to_owned(),
                unit: "relative".to_owned(),
                size: -0.123,
                low: -0.2,
                high: -0.05,
                found_on: "2026-11-05".to_owned(),
                certainty: 0.99995,
                confirmed: false,
                sentence: String::new(),
            }],
            before: Some(FleetChangesBefore { from: "2026-09-30".to_owned(), releases: 3, changes: 1 }),
            schema_changes: vec![FleetSchemaChange {
                day: "2026-11-04".to_owned(),
                tables: vec!["world_times".to_owned()],
            }],
            gaps: vec![FleetGap {
                from: "2026-11-06".to_owned(),
                to: "2026-11-07".to_owned(),
                received: 12,
                usual: 2000,
            }],
            notes: vec![FleetDayNotes {
                day: "2026-11-08".to_owned(),
                notes: vec!["a <b>fair</b>".to_owned()],
            }],
        }
    }

    fn weeks() -> FleetWeeksAnswer {
        let week = |week: &str| FleetWeek {
            week: week.to_owned(),
            last_day: "2026-11-08".to_owned(),
            is_over: week == "2026-11-02",
            sentences: vec![FleetSentence {
                topic: "activity".to_owned(),
                text: format!("In {week} & more."),
            }],
        };
        FleetWeeksAnswer {
            product: "my shop".to_owned(),
            weeks: vec![week("2026-11-02"), week("2026-10-26")],
        }
    }

    #[test]
    fn a_page_says_what_releases_changed_and_what_else_happened() {
        let answers = ChangeAnswers { changes: &changes(), weeks: &weeks() };
        let text = changes_page(&ten_days(), answers).into_string().replace(['\u{a0}', '\u{202f}'], " ");
        for said in [
            "No change by a release is confirmed on these days, in the data until 9 Nov 2026.",
            "What later days do not confirm",
            "the time of the query &lt;up&gt;",
            "−12.3 %",
            "−20.0 % and −5.0 %",
            "more than 99.99 %",
            "5 Nov 2026",
            "25 %",
            "not yet",
            "<article id=\"2026-11-02\">",
            "In 2026-11-02 &amp; more.",
            "The numbers of installations are those of 9 Nov 2026.",
            "The week from 2 Nov 2026 to 8 Nov 2026",
            "From 6 Nov 2026 to 7 Nov 2026, the collector has 12 of about 2 000 usual reports.",
            "Since 4 Nov 2026, there are numbers of times to load and audit telemetry.",
            "on the pages Overview, Versions and Trust mark a note on its day",
            "8 Nov 2026: a &lt;b&gt;fair&lt;/b&gt;",
            "name=\"remove\" value=\"a &lt;b&gt;fair&lt;/b&gt;\"",
            "api/fleet/weeks.atom?product=my+shop",
            "api/fleet/changes?product=my+shop&amp;from=2026-11-01&amp;to=2026-11-10",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(!text.contains("2026-10-26"), "a week of another period: {text}");
        assert!(!text.contains("What releases changed"), "{text}");

        let mut confirmed = changes();
        confirmed.changes[0].confirmed = true;
        let answers = ChangeAnswers { changes: &confirmed, weeks: &weeks() };
        let text = changes_page(&ten_days(), answers).into_string().replace(['\u{a0}', '\u{202f}'], " ");
        assert!(
            text.contains("One change was found that a release made, in the data until 9 Nov 2026."),
            "{text}"
        );
        assert!(text.contains("What releases changed") && !text.contains("do not confirm"), "{text}");
    }

    #[test]
    fn a_fleet_without_changes_says_so() {
        let empty = FleetChangesAnswer {
            looked_at: None,
            releases: Vec::new(),
            changes: Vec::new(),
            before: None,
            schema_changes: Vec::new(),
            gaps: Vec::new(),
            notes: Vec::new(),
            ..changes()
        };
        let weeks = FleetWeeksAnswer { product: String::new(), weeks: Vec::new() };
        let page = |changes: &FleetChangesAnswer| {
            changes_page(&ten_days(), ChangeAnswers { changes, weeks: &weeks }).into_string()
        };
        let text = page(&empty);
        assert!(text.contains("No day has been looked at yet") && !text.contains("<table"), "{text}");
        let looked_at = FleetChangesAnswer { looked_at: changes().looked_at, ..empty };
        assert!(page(&looked_at).contains("No change by a release was found on these days"));
    }

    #[test]
    fn what_is_known_of_the_days_before_is_counted_and_linked() {
        let said = |releases, changes| {
            let before = FleetChangesBefore { from: "2026-09-30".to_owned(), releases, changes };
            earlier_days(&ten_days(), &before).into_string().replace('\u{a0}', " ")
        };
        for ((releases, changes), text) in [
            ((3, 1), "Before these days, the collector has found 3 releases and 1 change by a release. "),
            ((1, 0), "Before these days, the collector has found 1 release. "),
            ((0, 2), "Before these days, the collector has found 2 changes by releases. "),
        ] {
            let link = "href=\"changes?product=my+shop&amp;from=2026-09-30&amp;to=2026-11-10&amp;";
            let said = said(releases, changes);
            assert!(said.contains(text) && said.contains(link), "{said}");
            assert!(said.contains(">Show all since 30 Sep 2026</a>."), "{said}");
        }
    }

    #[test]
    fn a_week_that_is_not_over_says_until_when_it_is_counted() {
        let week = FleetWeek {
            week: "2026-11-09".to_owned(),
            last_day: "2026-11-10".to_owned(),
            is_over: false,
            sentences: Vec::new(),
        };
        assert_eq!(
            week_title(&week).replace('\u{a0}', " "),
            "The week from 9 Nov 2026, so far until 10 Nov 2026"
        );
    }

    #[test]
    fn days_without_a_monday_have_no_week_that_could_be_looked_at() {
        let said = |first: &str, last: &str| {
            let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
            week_sections(&ten_days().with_days(first, last), &[]).into_string()
        };
        for (first, last) in [("2026-11-03", "2026-11-08"), ("2026-11-08", "2026-11-08")] {
            assert!(said(first, last).contains("No week begins on one of these days."), "{first}");
        }
        for (first, last) in [("2026-11-02", "2026-11-02"), ("2026-11-08", "2026-11-09")] {
            let said = said(first, last);
            assert!(said.contains("There are no sentences about weeks that begin on these days."), "{said}");
        }
    }

    #[test]
    fn weeks_that_are_not_told_are_named() {
        let week = weeks().weeks.remove(0);
        let said = |from, weeks| left_out_weeks(from, &vec![week.clone(); weeks]).into_string();
        assert_eq!((said("2026-11-01", 12), said("2026-11-03", 13)), (String::new(), String::new()));
        let text = said("2026-11-01", 13).replace('\u{a0}', " ");
        assert!(text.contains("At most the newest 13 weeks are told: none before 2 Nov 2026."), "{text}");
    }

    #[test]
    fn a_day_without_any_report_has_none() {
        let gap =
            FleetGap { from: "2026-11-06".to_owned(), to: "2026-11-06".to_owned(), received: 0, usual: 24 };
        let text = gap_text(&gap).replace('\u{a0}', " ");
        assert_eq!(text, "On 6 Nov 2026, the collector has none of about 24 usual reports.");
    }
}
