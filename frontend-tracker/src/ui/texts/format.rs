//! Formats values: times, durations, sizes.

/// A duration in its two largest units: `59 s`, `12 min 04 s`, `1 h 03 min`, `5 d 02 h`.
pub(in crate::ui) fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {:02} s", seconds % 60),
        3600..86_400 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {:02} h", hours % 24),
    }
}

/// How long ago `then` was.
pub(in crate::ui) fn ago(then: u64, now: u64) -> String {
    match now.saturating_sub(then) {
        0..5 => "just now".to_owned(),
        seconds => format!("{} ago", duration(seconds)),
    }
}

/// How long ago `then` was, without the seconds, for texts that do not change each second.
pub(in crate::ui) fn age(then: u64, now: u64) -> String {
    match now.saturating_sub(then) {
        0..60 => "less than a minute ago".to_owned(),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        _ => ago(then, now),
    }
}

/// How long it is until `then`.
pub(in crate::ui) fn until(then: u64, now: u64) -> String {
    match then.saturating_sub(now) {
        0 => "any moment now".to_owned(),
        seconds => format!("in {}", duration(seconds)),
    }
}

/// A count with its noun: `1 entry`, `2 entries`.
pub(in crate::ui) fn count(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A part of an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) enum TextPiece {
    /// Words.
    Words(String),
    /// A name or value of the program.
    Code(String),
    /// A web address.
    Address(String),
}

/// Splits a doc comment into words, code between backticks, and addresses between angle brackets.
pub(in crate::ui) fn pieces(text: &str) -> Vec<TextPiece> {
    let mut pieces = Vec::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            pieces.push(TextPiece::Code(part.to_owned()));
        } else {
            push_words(part, &mut pieces);
        }
    }
    pieces
}

fn push_words(text: &str, pieces: &mut Vec<TextPiece>) {
    let mut rest = text;
    while let Some((words, address, after)) = first_address(rest) {
        pieces.push(TextPiece::Words(words.to_owned()));
        pieces.push(TextPiece::Address(address.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(TextPiece::Words(rest.to_owned()));
    }
}

/// The text before the first `<https:…>`, the address, and the text after it.
fn first_address(text: &str) -> Option<(&str, &str, &str)> {
    let (words, bracketed) = text.split_once('<')?;
    let (address, after) = bracketed.split_once('>')?;
    address.starts_with("https:").then_some((words, address, after))
}

/// A point in time for people: `6 Mar 2023, 14:44:37 UTC`.
pub(in crate::ui) fn time(unix_seconds: u64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let time = CivilTime::at(unix_seconds);
    let month = MONTHS.get(time.month.saturating_sub(1)).unwrap_or(&"");
    format!("{} {month} {}, {:02}:{:02}:{:02} UTC", time.day, time.year, time.hour, time.minute, time.second)
}

/// A point in time for programs: `2023-03-06T14:44:37Z`.
pub(in crate::ui) fn timestamp(unix_seconds: u64) -> String {
    let CivilTime { year, month, day, hour, minute, second } = CivilTime::at(unix_seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A point in time by the calendar, in UTC.
struct CivilTime {
    year: u64,
    month: usize,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl CivilTime {
    /// The Gregorian date, counted in years that begin in March, so that the leap day is a year's last
    /// (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
    fn at(unix_seconds: u64) -> Self {
        const DAYS_TO_1970: u64 = 719_468;
        const DAYS_OF_400_YEARS: u64 = 146_097;

        let days = unix_seconds / 86_400 + DAYS_TO_1970;
        let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let second = unix_seconds % 86_400;
        Self {
            year: 400 * era + year_of_era + u64::from(month <= 2),
            month: usize::try_from(month).unwrap_or_default(),
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_in_their_two_largest_units() {
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 00 s"),
            (724, "12 min 04 s"),
            (3599, "59 min 59 s"),
            (3600, "1 h 00 min"),
            (3780, "1 h 03 min"),
            (86_400, "1 d 00 h"),
            (441_000, "5 d 02 h"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn a_countdown_ends_at_its_moment() {
        let cases = [
            (1000, 940, "in 1 min 00 s"),
            (1000, 999, "in 1 s"),
            (1000, 1000, "any moment now"),
            (1000, 2000, "any moment now"),
        ];
        for (then, now, text) in cases {
            assert_eq!(until(then, now), text);
        }
    }

    #[test]
    fn the_past_is_never_negative() {
        let cases = [
            (100, 100, "just now"),
            (100, 90, "just now"),
            (100, 104, "just now"),
            (100, 164, "1 min 04 s ago"),
        ];
        for (then, now, text) in cases {
            assert_eq!(ago(then, now), text);
        }
    }

    #[test]
    fn an_age_is_without_seconds() {
        let cases = [
            (100, 90, "less than a minute ago"),
            (100, 159, "less than a minute ago"),
            (100, 160, "1 min ago"),
            (100, 219, "1 min ago"),
            (100, 3699, "59 min ago"),
            (100, 3700, "1 h 00 min ago"),
        ];
        for (then, now, text) in cases {
            assert_eq!(age(then, now), text);
        }
    }

    #[test]
    fn an_explanation_falls_into_words_code_and_addresses() {
        let words = |text: &str| TextPiece::Words(text.to_owned());
        let code = |text: &str| TextPiece::Code(text.to_owned());
        let cases = [
            ("", vec![]),
            ("Plain words.", vec![words("Plain words.")]),
            (
                "From `from` to `to`.",
                vec![words("From "), code("from"), words(" to "), code("to"), words(".")],
            ),
            (
                "See (<https://a.example/>).",
                vec![words("See ("), TextPiece::Address("https://a.example/".to_owned()), words(").")],
            ),
            ("a < b > c", vec![words("a < b > c")]),
        ];
        for (text, expected) in cases {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(count(1, "entry", "entries"), "1 entry");
        assert_eq!(count(0, "entry", "entries"), "0 entries");
    }

    #[test]
    fn times_are_calendar_dates_in_utc() {
        let cases = [
            (0, "1 Jan 1970, 00:00:00 UTC", "1970-01-01T00:00:00Z"),
            (951_782_400, "29 Feb 2000, 00:00:00 UTC", "2000-02-29T00:00:00Z"),
            (1_678_113_877, "6 Mar 2023, 14:44:37 UTC", "2023-03-06T14:44:37Z"),
            (1_735_689_599, "31 Dec 2024, 23:59:59 UTC", "2024-12-31T23:59:59Z"),
            (4_107_542_400, "1 Mar 2100, 00:00:00 UTC", "2100-03-01T00:00:00Z"),
        ];
        for (seconds, text, stamp) in cases {
            assert_eq!((time(seconds).as_str(), timestamp(seconds).as_str()), (text, stamp));
        }
    }
}
