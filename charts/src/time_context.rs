//! The days of a chart over time, and what happened on them.

use crate::{
    calendar_day::ChartDay,
    markup::{TOOLTIP_CHARACTERS, shortened},
};

/// Something that happened on a day.
#[derive(Debug, Clone, Copy)]
pub struct TimeMark<'a> {
    /// When.
    pub day: ChartDay,
    /// What kind of event.
    pub kind: MarkKind,
    /// What happened, in a few words: `0.20.0`.
    pub label: &'a str,
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// A version was released.
    Release,
    /// Reports have other fields since.
    SchemaChange,
    /// A note that somebody wrote.
    Note,
}

impl MarkKind {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Release => "mark release",
            Self::SchemaChange => "mark schema-change",
            Self::Note => "mark note",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Release => "Release",
            Self::SchemaChange => "New numbers",
            Self::Note => "Note",
        }
    }
}

/// Days without data, both included.
#[derive(Debug, Clone, Copy)]
pub struct MissingSpan<'a> {
    /// The first of them.
    pub first: ChartDay,
    /// The last of them.
    pub last: ChartDay,
    /// Why, in a few words: `the collector was off`. May be empty.
    pub reason: &'a str,
}

impl MissingSpan<'_> {
    pub(crate) fn text(&self) -> String {
        let reason = shortened(self.reason, TOOLTIP_CHARACTERS);
        let reason = if reason.is_empty() { reason } else { format!(": {reason}") };
        if self.first == self.last {
            format!("No data on {}{reason}", self.first)
        } else {
            format!("No data from {} to {}{reason}", self.first, self.last)
        }
    }
}

/// The days of a chart, and what happened on them.
#[derive(Debug, Clone, Copy)]
pub struct TimeContext<'a> {
    /// The day of the first value of every series. Each following value is of the next day.
    pub first_day: ChartDay,
    /// Events. Those on other days are left out.
    pub marks: &'a [TimeMark<'a>],
    /// Days without data.
    pub missing: &'a [MissingSpan<'a>],
}

impl TimeContext<'_> {
    /// The notes of the table: marks and missing days, in order.
    pub(crate) fn notes(&self, days: usize) -> Vec<String> {
        let axis = DayAxis::new(self.first_day, days);
        let marks = self.marks.iter().filter(|mark| axis.has(mark.day));
        let marks = marks.map(|mark| (mark.day, mark_text(mark)));
        let missing = self.missing.iter().filter(|span| axis.clipped(span).is_some());
        let mut notes: Vec<(ChartDay, String)> =
            marks.chain(missing.map(|span| (span.first, span.text()))).collect();
        notes.sort_by_key(|(day, _)| *day);
        notes.into_iter().map(|(_, text)| text).collect()
    }
}

pub(crate) fn mark_text(mark: &TimeMark<'_>) -> String {
    format!("{} on {}: {}", mark.kind.text(), mark.day, shortened(mark.label, TOOLTIP_CHARACTERS))
}

/// Days from left to right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DayAxis {
    pub(crate) first: ChartDay,
    pub(crate) last: ChartDay,
}

impl DayAxis {
    pub(crate) fn new(first: ChartDay, days: usize) -> Self {
        let later = u32::try_from(days.saturating_sub(1)).unwrap_or(u32::MAX);
        Self { first, last: first.plus_days(later) }
    }

    /// Where a day is, from 0 to 1. The only day is in the middle.
    pub(crate) fn across(self, day: ChartDay) -> f64 {
        self.place_across(f64::from(day.days_since_epoch()) - f64::from(self.first.days_since_epoch()))
    }

    /// Where the place of a value is, which may be between days.
    pub(crate) fn place_across(self, place: f64) -> f64 {
        let later = f64::from(self.last.days_since_epoch() - self.first.days_since_epoch());
        if later > 0.0 { (place / later).clamp(0.0, 1.0) } else { 0.5 }
    }

    pub(crate) fn day(self, place: usize) -> ChartDay {
        self.first.plus_days(u32::try_from(place).unwrap_or(u32::MAX))
    }

    pub(crate) fn has(self, day: ChartDay) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// From where to where missing days reach: half a day around them.
    pub(crate) fn clipped(self, span: &MissingSpan<'_>) -> Option<(f64, f64)> {
        let (first, last) = (span.first.max(self.first), span.last.min(self.last));
        let place =
            |day: ChartDay| f64::from(day.days_since_epoch()) - f64::from(self.first.days_since_epoch());
        (first <= last).then(|| (self.place_across(place(first) - 0.5), self.place_across(place(last) + 0.5)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_days_reach_half_a_day_around_them() {
        let day = ChartDay::from_days_since_epoch;
        let axis = DayAxis::new(day(100), 11);
        let span =
            |first, last| axis.clipped(&MissingSpan { first: day(first), last: day(last), reason: "" });
        assert_eq!(span(102, 103), Some((0.15, 0.35)));
        assert_eq!(span(0, 100), Some((0.0, 0.05)));
        assert_eq!(span(0, 99), None);
        assert_eq!(span(105, 104), None);
    }
}
