//! Renders what became of every report.

use std::collections::BTreeMap;

use headcount_charts::{
    BarChart, ChartBar, LineSeries, ValueUnit, bar_chart, line_chart, number_format::grouped,
};
use headcount_shared::api::{FleetScope, FleetTrustAnswer, FleetTrustCount, FleetTrustDay};
use maud::{Markup, PreEscaped, html};

use crate::{
    answer_basis::AnswerBasis, answer_files::AnswerFile, day_events::ChartDays, page_filter::PageFilter,
    share_charts::SHOWN_BARS,
};

/// A number of a day.
type TrustDayCount = fn(&FleetTrustDay) -> u64;

/// What is remarkable about stored reports: its number on a day, and what it is.
const REMARKS: [(TrustDayCount, &str); 5] = [
    (|day| day.late, "of a day before their arrival"),
    (|day| day.overlaps, "for a time that another report of the installation covers"),
    (|day| day.clones, "of an installation that committed itself to another secret before"),
    (|day| day.unreadable_profiles, "profiles that cannot be read"),
    (|day| day.without_raw_copy, "of which only the counts are stored"),
];

/// The page. Without an answer, the store keeps no ledger.
#[must_use]
pub fn trust_page(filter: &PageFilter, answer: Option<&FleetTrustAnswer>) -> Markup {
    let Some(answer) = answer else {
        return html! { p.lead { "A collector on ClickHouse keeps no ledger of what became of reports." } };
    };
    let whole = &answer.since_beginning;
    let not_stored = sums(answer, |day| &day.not_stored);
    let set_aside = sums(answer, |day| &day.set_aside);
    let dropped = sums(answer, |day| &day.dropped);
    html! {
        p.lead {
            "Since the beginning, " (grouped(whole.received)) " reports arrived: " (grouped(whole.stored))
            " were stored and " (grouped(whole.not_stored)) " were not. Of the stored ones, "
            (grouped(whole.kept)) " are kept and " (grouped(whole.dropped)) " are dropped."
        }
        (arrivals(filter, answer))
        (files("Reports by day of arrival", answer))
        (bars(filter, ("not-stored", "Reports that were not stored", "Reason"), answer, &not_stored))
        (bars(filter, ("set-aside", "Values that were set aside", "Field"), answer, &set_aside))
        (bars(filter, ("dropped", "What was dropped", "What and why"), answer, &dropped))
        section.numbers aria-labelledby="remarks" {
            h2 #remarks { "Remarkable about stored reports" }
            ul {
                @for (number, what) in REMARKS {
                    li { (grouped(answer.days.iter().map(number).sum())) " " (what) }
                }
                li { (grouped(open_gaps(answer))) " times of an installation without a report" }
            }
            p.note { (basis(filter, answer).text()) }
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
    AnswerBasis::new(filter, &scope(answer), format!("{} reports arrived", grouped(received)))
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
    use headcount_shared::api::FleetTrustTotals;

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
            "1\u{202f}400 are kept and 100 are dropped",
            "20 reports arrived",
            "api/fleet/trust?product=my+shop&amp;from=2026-11-01&amp;to=2026-11-10&amp;format=csv",
            "infra.nodes",
            "3 times of an installation without a report",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}
