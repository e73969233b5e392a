//! Writes times, counts and lists for people.

use headcount_charts::number_format::grouped;
use headcount_fleet::calendar_day::CalendarDay;
use maud::{Markup, html};

use crate::answer_basis::chart_day;

/// A Unix time in seconds as RFC 3339; a time after year 9999 as its last second.
pub(crate) fn utc(at: u64) -> String {
    let day = CalendarDay::from_unix_seconds(at);
    let second = at.saturating_sub(day.start()).min(24 * 60 * 60 - 1);
    format!("{day}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// The same to the minute, for people: `28 Nov 2026, 13:05 UTC`.
pub(crate) fn short_utc(at: u64) -> String {
    let day = chart_day(CalendarDay::from_unix_seconds(at));
    let utc = utc(at);
    format!("{day}, {} UTC", utc.get(11..16).unwrap_or_default())
}

/// A time, relative for people and absolute for certainty.
pub(crate) fn moment(at: u64, now: u64) -> Markup {
    html! { (relative(at, now)) " " small { time datetime=(utc(at)) { (short_utc(at)) } } }
}

/// How long ago a time was, in its largest unit.
pub(crate) fn relative(at: u64, now: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute")];
    let Some(ago) = now.checked_sub(at) else { return "in the future".to_owned() };
    let unit = UNITS.iter().find(|(seconds, _)| ago >= *seconds);
    unit.map_or_else(
        || "just now".to_owned(),
        |(seconds, unit)| format!("{} ago", counted(ago / seconds, unit)),
    )
}

/// A number with its noun.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// What is in a list, as a part of a sentence: `a, b and c`.
pub(crate) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let cases = [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (3600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (86_400, "1 day ago"),
            (400 * 86_400, "400 days ago"),
        ];
        for (ago, text) in cases {
            assert_eq!(relative(1_700_000_000 - ago, 1_700_000_000), text, "{ago}");
        }
        assert_eq!(relative(1, 0), "in the future");
    }

    #[test]
    fn a_list_is_a_part_of_a_sentence() {
        for (items, text) in
            [(vec![], ""), (vec!["a"], "a"), (vec!["a", "b"], "a and b"), (vec!["a", "b", "c"], "a, b and c")]
        {
            assert_eq!(listed(&items.into_iter().map(str::to_owned).collect::<Vec<_>>()), text);
        }
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(utc(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(utc(u64::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(short_utc(1_700_000_000), "14\u{a0}Nov\u{a0}2023, 22:13 UTC");
    }
}
