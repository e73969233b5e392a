//! Renders what became of every report.

use std::collections::BTreeMap;

use headcount_charts::{
    BarChart, ChartBar, LineSeries, ValueUnit, bar_chart, line_chart, number_format::grouped,
};
use headcount_shared::api::{FleetScope, FleetTrustAnswer, FleetTrustCount, FleetTrustDay, FleetTrustTotals};
use maud::{Markup, PreEscaped, html};

use crate::{
    answer_basis::AnswerBasis,
    answer_files::AnswerFile,
    day_events::ChartDays,
    page_filter::PageFilter,
    share_charts::{SHOWN_BARS, nothing_counted},
    time_text::counted,
};

/// A number of a day.
type TrustDayCount = fn(&FleetTrustDay) -> u64;

/// What is remarkable about stored reports: its number on a day, and what it is.
const REMARKS: [(TrustDayCount, &str); 5] = [
    (|day| day.late, "Reports that arrived on a later day than the one on which they were made"),
    (|day| day.overlaps, "Reports for a time that another report of the installation covers"),
    (
        |day| day.clones,
        "Reports with the UUID of an installation, but with another deletion secret: those of a copy",
    ),
    (|day| day.unreadable_profiles, "Profiles that cannot be read"),
    (|day| day.without_raw_copy, "Reports of which only the counts are stored"),
];

/// The page. Without an answer, the store keeps no ledger.
#[must_use]
pub fn trust_page(filter: &PageFilter, answer: Option<&FleetTrustAnswer>) -> Markup {
    let Some(answer) = answer else {
        return html! { p.lead { "A collector on ClickHouse keeps no ledger of what became of reports." } };
    };
    let not_stored = sums(answer, |day| &day.not_stored);
    let set_aside = sums(answer, |day| &day.set_aside);
    let dropped = sums(answer, |day| &day.dropped);
    html! {
        p.lead { (totals_text(&answer.since_beginning)) }
        (arrivals(filter, answer))
        (files("Reports by day of arrival", answer))
        (bars(filter, ("not-stored", "Reports that were not stored", "Reason"), answer, &not_stored))
        (bars(filter, ("set-aside", "Values that were set aside", "Field"), answer, &set_aside))
        (bars(filter, ("dropped", "What was dropped", "What and why"), answer, &dropped))
        (remarks(filter, answer))
    }
}

/// What became of all reports: what is zero is not counted.
fn totals_text(whole: &FleetTrustTotals) -> String {
    let FleetTrustTotals { received, stored, not_stored, dropped, kept } = *whole;
    if received == 0 {
        return "No report has arrived yet.".to_owned();
    }
    let arrived = format!("Since the beginning, {} arrived", counted(received, "report"));
    let was = |count: u64| if count == 1 { "was" } else { "were" };
    let stored_part = match (stored, not_stored) {
        (0, _) if received == 1 => return format!("{arrived}, and it was not stored."),
        (0, _) => return format!("{arrived}, and none of them was stored."),
        (1, 0) => ", and it was stored".to_owned(),
        (_, 0) => ", and all of them were stored".to_owned(),
        _ => format!(
            ": {} {} stored and {} {} not",
            grouped(stored),
            was(stored),
            grouped(not_stored),
            was(not_stored)
        ),
    };
    let kept_part = match (kept, dropped) {
        (1, 0) => "The stored one is kept.".to_owned(),
        (_, 0) => "All stored ones are kept.".to_owned(),
        (0, 1) => "The stored one was dropped since.".to_owned(),
        (0, _) => "All stored ones were dropped since.".to_owned(),
        _ => {
            let are = if kept == 1 { "is" } else { "are" };
            let (kept, was) = (grouped(kept), was(dropped));
            format!("Of the stored ones, {kept} {are} kept and {} {was} dropped since.", grouped(dropped))
        }
    };
    format!("{arrived}{stored_part}. {kept_part}")
}

fn remarks(filter: &PageFilter, answer: &FleetTrustAnswer) -> Markup {
    let remarks = REMARKS.map(|(number, what)| (answer.days.iter().map(number).sum::<u64>(), what));
    let gaps = (
        open_gaps(answer),
        "Times of half an hour or more between two reports of an installation that no report covers",
    );
    let number = |count: u64| if count == 0 { "none".to_owned() } else { grouped(count) };
    html! {
        section.numbers aria-labelledby="remarks" {
            h2 #remarks { "Remarkable about stored reports" }
            p.note { (basis(filter, answer).text()) }
            div.scroll tabindex="0" role="group" aria-labelledby="remarks" {
                table {
                    thead { tr { th scope="col" { "What" } th.n scope="col" { "Number" } } }
                    tbody {
                        @for (count, what) in remarks.into_iter().chain([gaps]) {
                            tr { th scope="row" { (what) } td.n { (number(count)) } }
                        }
                    }
                }
            }
        }
    }
}

/// The gaps that no later report has closed. A gap is often closed on another day than it is found on.
fn open_gaps(answer: &FleetTrustAnswer) -> u64 {
    let sum = |count: fn(&FleetTrustDay) -> u64| answer.days.iter().map(count).sum::<u64>();
    sum(|day| day.gaps).saturating_sub(sum(|day| day.gaps_closed))
}

/// The sums of named counts over all days.
fn sums(answer: &FleetTrustAnswer, counts: fn(&FleetTrustDay) -> &Vec<FleetTrustCount>) -> Vec<(&str, u64)> {
    let mut sums = BTreeMap::<&str, u64>::new();
    for FleetTrustCount { name, count } in answer.days.iter().flat_map(counts) {
        *sums.entry(name).or_default() += count;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by(|(one_name, one), (other_name, other)| other.cmp(one).then(one_name.cmp(other_name)));
    sums
}

fn scope(answer: &FleetTrustAnswer) -> FleetScope {
    FleetScope {
        product: answer.product.clone().unwrap_or_default(),
        from: answer.from.clone(),
        to: answer.to.clone(),
        version: None,
        database: None,
        size: None,
        computed_at: Some(answer.computed_at),
        rollup_lag: 0,
    }
}

fn basis(filter: &PageFilter, answer: &FleetTrustAnswer) -> AnswerBasis {
    let received: u64 = answer.days.iter().map(|day| day.received).sum();
    AnswerBasis::new(filter, &scope(answer), format!("{} arrived", counted(received, "report")))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn arrivals(filter: &PageFilter, answer: &FleetTrustAnswer) -> PreEscaped<String> {
    let counts = |count: fn(&FleetTrustDay) -> u64| {
        filter.by_day(answer.days.iter().map(|day| (day.day.as_str(), count(day) as f64)))
    };
    let (stored, others) =
        (counts(|day| day.stored), counts(|day| day.received - day.stored.min(day.received)));
    let series =
        [LineSeries { name: "stored", values: &stored }, LineSeries { name: "not stored", values: &others }];
    let basis = basis(filter, answer);
    let caption = basis.caption("arrivals", "Reports by day of arrival", "");
    PreEscaped(line_chart(
        &caption,
        "reports a day",
        ValueUnit::Count,
        ChartDays::new(filter).context(),
        &series,
    ))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn bars(
    filter: &PageFilter,
    (id, title, label_title): (&str, &str, &str),
    answer: &FleetTrustAnswer,
    counts: &[(&str, u64)],
) -> Markup {
    if counts.is_empty() {
        let none = nothing_counted(id, title, &basis(filter, answer), "None on these days.");
        return html! { (none) (files(title, answer)) };
    }
    let bars: Vec<_> =
        counts.iter().map(|(label, count)| ChartBar { label, value: *count as f64, share: None }).collect();
    let chart = BarChart {
        label_title,
        value_title: "Number",
        unit: ValueUnit::Count,
        shown: SHOWN_BARS,
        bars: &bars,
    };
    let chart = bar_chart(&basis(filter, answer).caption(id, title, ""), &chart);
    html! { (PreEscaped(chart)) (files(title, answer)) }
}

fn files(title: &str, answer: &FleetTrustAnswer) -> Markup {
    AnswerFile::table("trust").links(title, &scope(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page_filter::tests::ten_days;

    #[test]
    fn the_ledger_is_said_in_a_sentence_that_balances() {
        let count = |name: &str, count| FleetTrustCount { name: name.to_owned(), count };
        let day = |day: &str, gaps, gaps_closed| FleetTrustDay {
            day: day.to_owned(),
            received: 10,
            stored: 7,
            not_stored: vec![count("duplicate", 2), count("json", 1)],
            late: 1,
            overlaps: 0,
            gaps,
            gaps_closed,
            clones: 0,
            unreadable_profiles: 0,
            without_raw_copy: 0,
            set_aside: vec![count("infra.nodes", 5)],
            dropped: Vec::new(),
        };
        let since_beginning =
            FleetTrustTotals { received: 2000, stored: 1500, not_stored: 500, dropped: 100, kept: 1400 };
        let answer = FleetTrustAnswer {
            product: Some("my shop".to_owned()),
            from: "2026-11-01".to_owned(),
            to: "2026-11-10".to_owned(),
            computed_at: 1_800_000_000,
            days: vec![day("2026-11-01", 5, 0), day("2026-11-02", 1, 3)],
            since_beginning,
        };
        assert_eq!(sums(&answer, |day| &day.not_stored), [("duplicate", 4), ("json", 2)]);
        let text = trust_page(&ten_days(), Some(&answer)).into_string();
        for said in [
            "2\u{202f}000 reports arrived: 1\u{202f}500 were stored and 500 were not",
            "Of the stored ones, 1\u{202f}400 are kept and 100 were dropped since.",
            "20 reports arrived",
            "api/fleet/trust?product=my+shop&amp;from=2026-11-01&amp;to=2026-11-10&amp;format=csv",
            "infra.nodes",
            "no report covers</th><td class=\"n\">3</td>",
            "with another deletion secret: those of a copy</th><td class=\"n\">none</td>",
            "<h2 id=\"dropped\">What was dropped</h2>",
            "<p>None on these days.</p>",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(!text.contains("There are no numbers yet"), "{text}");
    }

    #[test]
    fn all_and_none_are_said_in_words() {
        let text = |received, stored, dropped| {
            let not_stored = received - stored;
            totals_text(&FleetTrustTotals { received, stored, not_stored, dropped, kept: stored - dropped })
        };
        for ((received, stored, dropped), said) in [
            ((0, 0, 0), "No report has arrived yet."),
            ((1, 0, 0), "Since the beginning, 1 report arrived, and it was not stored."),
            ((1, 1, 0), "Since the beginning, 1 report arrived, and it was stored. The stored one is kept."),
            (
                (9, 9, 0),
                "Since the beginning, 9 reports arrived, and all of them were stored. All stored ones are kept.",
            ),
            (
                (9, 8, 8),
                "Since the beginning, 9 reports arrived: 8 were stored and 1 was not. All stored ones were dropped \
                 since.",
            ),
            (
                (1, 1, 1),
                "Since the beginning, 1 report arrived, and it was stored. The stored one was dropped since.",
            ),
            (
                (9, 9, 8),
                "Since the beginning, 9 reports arrived, and all of them were stored. Of the stored ones, 1 is \
                 kept and 8 were dropped since.",
            ),
        ] {
            assert_eq!(text(received, stored, dropped), said);
        }
    }
}
