//! The times of the values of a chart, and what happened meanwhile.

use crate::{
    calendar_day::ChartDay,
    markup::{TOOLTIP_CHARACTERS, shortened},
    number_order::sort_by_value,
    ticks::{day_ticks, moment_ticks},
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
    /// A rollout began.
    Rollout,
    /// An incident was opened.
    IncidentOpened,
    /// An incident was resolved.
    IncidentResolved,
}

impl MarkKind {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Release => "mark release",
            Self::SchemaChange => "mark schema-change",
            Self::Note => "mark note",
            Self::Rollout => "mark rollout",
            Self::IncidentOpened => "mark incident",
            Self::IncidentResolved => "mark resolved",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Release => "Release",
            Self::SchemaChange => "New numbers",
            Self::Note => "Note",
            Self::Rollout => "Rollout",
            Self::IncidentOpened => "Incident began",
            Self::IncidentResolved => "Incident ended",
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

/// The moments of a chart within a day, and what happened at them. Times are Unix seconds.
#[derive(Debug, Clone, Copy)]
pub struct MomentContext<'a> {
    /// The time of the first value of every series.
    pub first: u32,
    /// The distance between two values, in seconds.
    pub step_s: u32,
    /// Events. Those at other times are left out.
    pub marks: &'a [MomentMark<'a>],
}

/// Something that happened at a moment.
#[derive(Debug, Clone, Copy)]
pub struct MomentMark<'a> {
    /// When, in Unix seconds.
    pub at: u32,
    /// What kind of event.
    pub kind: MarkKind,
    /// What happened, in a few words.
    pub label: &'a str,
}

impl<'a> TimeContext<'a> {
    /// The times of a plot of so many days.
    pub(crate) fn times(self, days: usize) -> PlotTimes<'a> {
        let mut times = PlotTimes::new(PlotGrid::Days(self.first_day), days);
        let place =
            |day: ChartDay| f64::from(day.days_since_epoch()) - f64::from(self.first_day.days_since_epoch());
        for TimeMark { day, kind, label } in self.marks {
            times.add_mark(place(*day), *kind, label, &format!("on {day}"));
        }
        for span in self.missing {
            times.add_gap(place(span.first), place(span.last), span.text());
        }
        times.sorted()
    }
}

impl<'a> MomentContext<'a> {
    /// The times of a plot of so many values.
    pub(crate) fn times(self, values: usize) -> PlotTimes<'a> {
        let Self { first, step_s, marks } = self;
        let grid = PlotGrid::Moments { first, step_s: step_s.max(1) };
        let mut times = PlotTimes::new(grid, values);
        for MomentMark { at, kind, label } in marks {
            let place = (f64::from(*at) - f64::from(first)) / f64::from(step_s.max(1));
            times.add_mark(place, *kind, label, &format!("at {}", moment_text(*at)));
        }
        times.sorted()
    }
}

/// The time of day in UTC: `14:05`, with seconds if there are any.
fn moment_text(at: u32) -> String {
    let (hours, minutes, seconds) = (at / 3600 % 24, at / 60 % 60, at % 60);
    if seconds == 0 {
        format!("{hours:02}:{minutes:02}")
    } else {
        format!("{hours:02}:{minutes:02}:{seconds:02}")
    }
}

/// What the values of a plot are apart.
#[derive(Debug, Clone, Copy)]
enum PlotGrid {
    /// Days.
    Days(ChartDay),
    /// Some seconds.
    Moments { first: u32, step_s: u32 },
}

/// The places of the values of a plot from left to right, and what happened meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct PlotTimes<'a> {
    grid: PlotGrid,
    /// The number of values.
    places: usize,
    /// From left to right.
    pub(crate) marks: Vec<PlotMark<'a>>,
    pub(crate) gaps: Vec<PlotGap>,
}

/// An event in a plot.
#[derive(Debug, Clone)]
pub(crate) struct PlotMark<'a> {
    place: f64,
    /// Where it is, from 0 to 1.
    pub(crate) across: f64,
    pub(crate) kind: MarkKind,
    pub(crate) label: &'a str,
    /// What happened and when.
    pub(crate) text: String,
}

/// A part of a plot without data.
#[derive(Debug, Clone)]
pub(crate) struct PlotGap {
    place: f64,
    /// From where to where it reaches: half a place around it.
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) text: String,
}

impl<'a> PlotTimes<'a> {
    fn new(grid: PlotGrid, places: usize) -> Self {
        Self { grid, places, marks: Vec::new(), gaps: Vec::new() }
    }

    /// Adds an event if it is within the plot.
    fn add_mark(&mut self, place: f64, kind: MarkKind, label: &'a str, when: &str) {
        if (0.0..=self.last()).contains(&place) {
            let text = format!("{} {when}: {}", kind.text(), shortened(label, TOOLTIP_CHARACTERS));
            self.marks.push(PlotMark { place, across: self.place_across(place), kind, label, text });
        }
    }

    fn add_gap(&mut self, first: f64, last: f64, text: String) {
        let (from, to) = (first.max(0.0), last.min(self.last()));
        if from <= to {
            let (start, end) = (self.place_across(from - 0.5), self.place_across(to + 0.5));
            self.gaps.push(PlotGap { place: first, start, end, text });
        }
    }

    fn sorted(mut self) -> Self {
        let mut order: Vec<_> = self.marks.iter().map(|mark| mark.place).enumerate().collect();
        sort_by_value(&mut order);
        let mut marks: Vec<_> = self.marks.into_iter().map(Some).collect();
        self.marks = order.into_iter().filter_map(|(number, _)| marks.get_mut(number)?.take()).collect();
        self
    }

    /// The place of the last value.
    fn last(&self) -> f64 {
        self.places.saturating_sub(1) as f64
    }

    /// Where the place of a value is, from 0 to 1, which may be between values. The only one is in the middle.
    pub(crate) fn place_across(&self, place: f64) -> f64 {
        let last = self.last();
        if last > 0.0 { (place / last).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// When a value is.
    pub(crate) fn text(&self, place: usize) -> String {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        match self.grid {
            PlotGrid::Days(first) => first.plus_days(place).to_string(),
            PlotGrid::Moments { first, step_s } => {
                moment_text(first.saturating_add(place.saturating_mul(step_s)))
            }
        }
    }

    /// What a column of times is called.
    pub(crate) fn column(&self) -> &'static str {
        match self.grid {
            PlotGrid::Days(_) => "Day",
            PlotGrid::Moments { .. } => "Time in UTC",
        }
    }

    /// Round times, with where they are and their labels.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        let last = u32::try_from(self.places.saturating_sub(1)).unwrap_or(u32::MAX);
        match self.grid {
            PlotGrid::Days(first) => {
                let across = |day: ChartDay| {
                    let place = day.days_since_epoch() - first.days_since_epoch();
                    self.place_across(f64::from(place))
                };
                let ticks = day_ticks(first, first.plus_days(last)).into_iter();
                ticks.map(|tick| (across(tick.day), tick.label)).collect()
            }
            PlotGrid::Moments { first, step_s } => {
                let across = |at: u32| self.place_across(f64::from(at - first) / f64::from(step_s));
                let ticks = moment_ticks(first, first.saturating_add(last.saturating_mul(step_s)));
                ticks.into_iter().map(|at| (across(at), moment_text(at))).collect()
            }
        }
    }

    /// The notes of the table: marks and gaps, in order.
    pub(crate) fn notes(&self) -> Vec<String> {
        let marks = self.marks.iter().map(|mark| (mark.place, &mark.text));
        let notes: Vec<_> = marks.chain(self.gaps.iter().map(|gap| (gap.place, &gap.text))).collect();
        let mut order: Vec<_> = notes.iter().map(|(place, _)| *place).enumerate().collect();
        sort_by_value(&mut order);
        let in_order = order.into_iter().filter_map(|(number, _)| notes.get(number));
        in_order.map(|(_, text)| text.as_str().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_days_reach_half_a_day_around_them() {
        let day = ChartDay::from_days_since_epoch;
        let span = |first, last| {
            let missing = [MissingSpan { first: day(first), last: day(last), reason: "" }];
            let times = TimeContext { first_day: day(100), marks: &[], missing: &missing }.times(11);
            times.gaps.first().map(|gap| (gap.start, gap.end))
        };
        assert_eq!(span(102, 103), Some((0.15, 0.35)));
        assert_eq!(span(0, 100), Some((0.0, 0.05)));
        assert_eq!(span(0, 99), None);
        assert_eq!(span(105, 104), None);
    }

    #[test]
    fn moments_are_times_of_the_day() {
        let mark = |at, kind, label| MomentMark { at, kind, label };
        let marks = [
            mark(50_730, MarkKind::IncidentOpened, "slow"),
            mark(47_100, MarkKind::Rollout, "cart-2"),
            mark(46_000, MarkKind::Rollout, "before"),
        ];
        let context = MomentContext { first: 46_830, step_s: 30, marks: &marks };
        let times = context.times(131);
        assert_eq!((times.text(0), times.text(1)), ("13:00:30".to_owned(), "13:01".to_owned()));
        let notes = ["Rollout at 13:05: cart-2", "Incident began at 14:05:30: slow"];
        assert_eq!(times.notes(), notes);
        let ticks: Vec<String> = times.ticks().into_iter().map(|(_, label)| label).collect();
        assert_eq!(ticks, ["13:10", "13:20", "13:30", "13:40", "13:50", "14:00"]);
    }
}
