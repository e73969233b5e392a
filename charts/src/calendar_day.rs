//! Days of UTC, as they are written on axes.

use std::fmt;

/// 9999-12-31.
const LAST: u32 = 2_932_896;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day of UTC from 1970-01-01 to 9999-12-31. Orders by time. Displays as `28 Nov 2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChartDay(u32);

impl ChartDay {
    /// The day so many days after 1970-01-01; at most the last day of year 9999.
    #[must_use]
    pub const fn from_days_since_epoch(days: u32) -> Self {
        Self(if days < LAST { days } else { LAST })
    }

    /// The number of days since 1970-01-01.
    #[must_use]
    pub const fn days_since_epoch(self) -> u32 {
        self.0
    }

    /// The day `days` later; at most the last one.
    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        Self::from_days_since_epoch(self.0.saturating_add(days))
    }

    /// Whether a week begins.
    pub(crate) const fn is_monday(self) -> bool {
        // The epoch was a Thursday.
        self.0 % 7 == 4
    }

    /// Year, month from 1 to 12, and day of the month, from 1.
    ///
    /// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>
    pub(crate) fn date(self) -> (u32, u32, u32) {
        let days = self.0 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + u32::from(month <= 2);
        (year, month, day)
    }

    /// Day and month: `28 Nov`.
    pub(crate) fn short_text(self) -> String {
        let (_, month, day) = self.date();
        format!("{day}\u{a0}{}", month_name(month))
    }

    /// The month, with the year in January: `Nov`, `Jan 2027`.
    pub(crate) fn month_text(self) -> String {
        let (year, month, _) = self.date();
        let name = month_name(month);
        if month == 1 { format!("{name}\u{a0}{year}") } else { name.to_owned() }
    }
}

fn month_name(month: u32) -> &'static str {
    let position = usize::try_from(month).unwrap_or(0).wrapping_sub(1);
    MONTHS.get(position).copied().unwrap_or("")
}

impl fmt::Display for ChartDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{day}\u{a0}{}\u{a0}{year}", month_name(month))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_the_dates_of_the_calendar() {
        let cases = [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (20_785, (2026, 11, 28)),
            (20_819, (2027, 1, 1)),
            (LAST, (9999, 12, 31)),
            (u32::MAX, (9999, 12, 31)),
        ];
        for (days, date) in cases {
            assert_eq!(ChartDay::from_days_since_epoch(days).date(), date, "{days}");
        }
        assert_eq!(ChartDay::from_days_since_epoch(20_785).to_string(), "28\u{a0}Nov\u{a0}2026");
    }

    #[test]
    fn every_day_follows_the_day_before() {
        let mut before = ChartDay(0).date();
        for days in 1..=LAST {
            let date = ChartDay(days).date();
            let is_next = date == (before.0, before.1, before.2 + 1)
                || date == (before.0, before.1 + 1, 1)
                || date == (before.0 + 1, 1, 1);
            assert!(is_next, "{before:?} {date:?}");
            before = date;
        }
    }

    #[test]
    fn weeks_begin_on_mondays() {
        // 2026-11-30.
        assert!(ChartDay(20_787).is_monday());
        assert!(!ChartDay(20_786).is_monday());
    }
}
