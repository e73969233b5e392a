//! Days and weeks of UTC.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// The Unix epoch was a Thursday, the fourth day of a week.
const EPOCH_WEEKDAY: u32 = 3;

/// The last day that a text can name: 9999-12-31.
const LAST_DAY: u32 = 2_932_896;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day of UTC, from 1970-01-01 to 9999-12-31. Orders by time. Displays as `2026-11-28`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct CalendarDay(u32);

/// A text or number that is no day.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a day must be between 1970-01-01 and 9999-12-31, written as 2026-11-28")]
pub struct InvalidDay;

impl CalendarDay {
    /// The day of a Unix time in seconds; later than year 9999 is its last day.
    #[must_use]
    pub fn from_unix_seconds(seconds: u64) -> Self {
        let days = seconds / DAY_SECONDS;
        Self(u32::try_from(days).unwrap_or(LAST_DAY).min(LAST_DAY))
    }

    /// The first second of the day, as a Unix time.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.0 as u64 * DAY_SECONDS
    }

    /// The number of days since 1970-01-01.
    #[must_use]
    pub const fn days_since_epoch(self) -> u32 {
        self.0
    }

    /// The day `days` later; at most the last one.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(days).min(LAST_DAY))
    }

    /// The day `days` earlier; at least the first one.
    #[must_use]
    pub const fn minus_days(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// The number of days from `earlier` to this day; 0 if it is not later.
    #[must_use]
    pub const fn days_since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }

    /// The Monday of the week of the day; the first week has no Monday and begins on 1970-01-01.
    #[must_use]
    pub const fn week_start(self) -> Self {
        Self(self.0.saturating_sub((self.0 + EPOCH_WEEKDAY) % 7))
    }

    /// The day as people write it: `28 Nov 2026`.
    #[must_use]
    pub fn in_words(self) -> String {
        let written = self.to_string();
        let mut parts = written.split('-').map(|part| part.parse().unwrap_or(0_usize));
        let mut next = || parts.next().unwrap_or_default();
        let (year, month, day) = (next(), next(), next());
        format!("{day} {} {year}", MONTHS.get(month.wrapping_sub(1)).copied().unwrap_or_default())
    }

    /// All days from this one to `last`, both included; none if `last` is earlier.
    pub fn days_until(self, last: Self) -> impl DoubleEndedIterator<Item = Self> + use<> {
        (self.0..=last.0).map(Self)
    }
}

impl TryFrom<u32> for CalendarDay {
    type Error = InvalidDay;

    fn try_from(days: u32) -> Result<Self, InvalidDay> {
        if days <= LAST_DAY { Ok(Self(days)) } else { Err(InvalidDay) }
    }
}

impl From<CalendarDay> for u32 {
    fn from(day: CalendarDay) -> Self {
        day.0
    }
}

impl fmt::Display for CalendarDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time =
            humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(self.start())).to_string();
        formatter.write_str(time.split('T').next().unwrap_or_default())
    }
}

impl FromStr for CalendarDay {
    type Err = InvalidDay;

    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        if text.len() != "2026-11-28".len() {
            return Err(InvalidDay);
        }
        let time = humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).map_err(|_| InvalidDay)?;
        let since = time.duration_since(UNIX_EPOCH).map_err(|_| InvalidDay)?;
        Ok(Self::from_unix_seconds(since.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_written() {
        for (text, days) in
            [("1970-01-01", 0), ("2024-02-29", 19_782), ("2026-11-28", 20_785), ("9999-12-31", LAST_DAY)]
        {
            assert_eq!(text.parse(), Ok(CalendarDay(days)), "{text}");
            assert_eq!(CalendarDay(days).to_string(), text);
        }
        for text in [
            "",
            "2026-11",
            "2026-13-01",
            "2026-02-30",
            "1969-12-31",
            "2026-11-28 ",
            "20261128",
            "10000-01-01",
        ] {
            assert_eq!(text.parse::<CalendarDay>(), Err(InvalidDay), "{text}");
        }
    }

    #[test]
    fn a_day_is_written_for_people() {
        for (day, words) in
            [("1970-01-01", "1 Jan 1970"), ("2024-02-29", "29 Feb 2024"), ("9999-12-31", "31 Dec 9999")]
        {
            assert_eq!(day.parse::<CalendarDay>().unwrap().in_words(), words);
        }
    }

    #[test]
    fn a_week_begins_on_monday() {
        for (day, monday) in [
            ("2026-11-23", "2026-11-23"),
            ("2026-11-28", "2026-11-23"),
            ("2026-11-29", "2026-11-23"),
            ("2026-11-30", "2026-11-30"),
            ("1970-01-02", "1970-01-01"),
        ] {
            assert_eq!(day.parse::<CalendarDay>().unwrap().week_start().to_string(), monday, "{day}");
        }
    }

    #[test]
    fn a_time_is_in_the_day_that_holds_it() {
        for (seconds, day) in
            [(0, "1970-01-01"), (86_399, "1970-01-01"), (86_400, "1970-01-02"), (u64::MAX, "9999-12-31")]
        {
            assert_eq!(CalendarDay::from_unix_seconds(seconds).to_string(), day);
        }
    }

    proptest! {
        #[test]
        fn every_day_survives_its_text(days in 0..=LAST_DAY) {
            let day = CalendarDay(days);
            prop_assert_eq!(day.to_string().parse(), Ok(day));
        }
    }
}
