//! Draws what charts over time have in common: axes, grid, marks, missing days, and readings of a day.

use std::fmt::Display;

use crate::{
    chart_frame::{ChartCaption, PictureRole, hovered_part, margin_class, picture},
    mark_labels::{LabelSide, PlacedLabel, SIGN_PIXELS, placed_labels},
    markup::{LABEL_CHARACTERS, MarkupText, PixelLength, WidthShare, name_with_end, shortened},
    number_format::ValueUnit,
    scale::{LinearScale, ValueRange},
    tick_labels::{axis_title, tick_labels},
    ticks::{RoundSteps, linear_ticks, rounded_out},
    time_context::{MarkKind, PlotGap, PlotMark, PlotTimes},
};

/// The height of the line that has the title of the axis, or the day whose reading is shown.
const HEAD: f64 = 20.0;
/// The height of the line that has the labels of marks.
const MARKS: f64 = 20.0;
const PLOT: f64 = 220.0;
/// The most characters of a name at the end of a line: as many as have a place there in a wide font.
const END_CHARACTERS: usize = 18;
/// The height of the labels below.
const FOOT: f64 = 24.0;

/// The width of the least plot on a wide screen, to decide where there is room for a word.
const WIDE_PIXELS: f64 = 380.0;
const WORD_PIXELS: f64 = 53.0;

/// Labels of days on a narrow screen.
const NARROW_TICKS: usize = 4;

/// The most readings in a plot; of more days, every second or third has one.
const MOST_READINGS: usize = 120;

/// The side of the square that lines are drawn in; it is stretched to the plot.
pub(crate) const CANVAS: f64 = 1000.0;

/// A value beside the line of a reading.
#[derive(Debug)]
pub(crate) struct ReadingPoint {
    /// Where the value is, in pixels from the top of the picture.
    pub(crate) y: f64,
    /// Where its text is.
    pub(crate) label_y: f64,
    pub(crate) class: String,
    pub(crate) text: String,
}

/// The values of a day.
#[derive(Debug)]
pub(crate) struct DayReading {
    pub(crate) place: usize,
    pub(crate) points: Vec<ReadingPoint>,
}

/// A label at the right end of the plot.
#[derive(Debug)]
pub(crate) struct EndLabel<'a> {
    pub(crate) y: f64,
    pub(crate) class: String,
    pub(crate) text: &'a str,
}

/// The axes of a plot over days.
#[derive(Debug)]
pub(crate) struct TimePlot<'a> {
    pub(crate) times: PlotTimes<'a>,
    unit: ValueUnit,
    ticks: Vec<f64>,
    /// From values to pixels from the top of the picture.
    pub(crate) scale: LinearScale,
    top: f64,
}

impl<'a> TimePlot<'a> {
    /// A plot whose values are in `range`, which is rounded out unless it is of shares of a whole.
    pub(crate) fn new(times: PlotTimes<'a>, unit: ValueUnit, range: ValueRange) -> Self {
        let steps = RoundSteps::of_unit(unit);
        let range = match unit {
            // There is no half of an installation.
            ValueUnit::Count => rounded_out(ValueRange::between(range.min(), range.max().max(3.0)), steps),
            ValueUnit::Share if range.max() <= 1.0 => {
                ValueRange::between(range.min(), rounded_out(range, steps).max().min(1.0))
            }
            _ => rounded_out(range, steps),
        };
        let top = HEAD + if times.marks.is_empty() { 0.0 } else { MARKS };
        let scale = LinearScale::new(range, top + PLOT, top);
        Self { times, unit, ticks: linear_ticks(range, steps), scale, top }
    }

    /// The least and the greatest position of a label.
    pub(crate) fn label_bounds(&self) -> (f64, f64) {
        (self.top + 4.0, self.top + PLOT)
    }

    /// The places that have a reading.
    pub(crate) fn reading_places(days: usize) -> impl Iterator<Item = usize> {
        let step = days.div_ceil(MOST_READINGS).max(1);
        // The last day is the one that people want to know.
        let first = days.saturating_sub(1) % step;
        (first..days).step_by(step)
    }

    /// A position in pixels on the canvas that lines are drawn on.
    pub(crate) fn canvas_y(&self, y: f64) -> f64 {
        (y - self.top) / PLOT * CANVAS
    }

    /// Draws the plot. `lines` are drawn on a canvas of [`CANVAS`] in both directions.
    pub(crate) fn write(
        &self,
        out: &mut MarkupText,
        caption: &ChartCaption<'_>,
        value_title: &str,
        lines: impl FnOnce(&mut MarkupText),
        ends: &[EndLabel<'_>],
        readings: &[DayReading],
    ) {
        let labels = tick_labels(self.unit, &self.ticks);
        let margin = margin_class(labels.iter().map(String::as_str));
        let classes = if ends.is_empty() { margin.to_owned() } else { format!("{margin} with-ends") };
        let title = axis_title(self.unit, &shortened(value_title, LABEL_CHARACTERS), &labels);
        picture(out, caption, PictureRole::Image, self.top + PLOT + FOOT, &classes, |out| {
            out.tag("text").class("axis-title").at("0", 12.0).holding(title);
            self.write_grid(out, &labels);
            self.times.gaps.iter().for_each(|gap| self.write_gap(out, gap));
            self.write_times(out);
            let canvas = out.tag("svg").class("canvas").at("0", self.top).size("100%", PLOT);
            let canvas = canvas.attr("viewBox", format!("0 0 {CANVAS} {CANVAS}"));
            canvas.attr("preserveAspectRatio", "none").attr("aria-hidden", "true").content(lines);
            self.write_ends(out, ends);
            self.write_readings(out, readings);
            self.write_marks(out);
        });
    }

    fn write_grid(&self, out: &mut MarkupText, labels: &[String]) {
        for (tick, label) in self.ticks.iter().zip(labels) {
            let y = self.scale.position(*tick);
            let class = if *tick == 0.0 { "base" } else { "grid" };
            horizontal_line(out, class, y);
            out.tag("text").class("tick left").at("-8", y + 4.0).holding(label);
        }
    }

    fn write_times(&self, out: &mut MarkupText) {
        let ticks = self.times.ticks();
        let step = ticks.len().div_ceil(NARROW_TICKS).max(1);
        let y = self.top + PLOT;
        for (place, (across, label)) in ticks.iter().enumerate() {
            let across = *across;
            let wide = if place % step == 0 { "" } else { " only-wide" };
            vertical_line(out, format!("tick-line{wide}"), across, y, y + 4.0);
            let class = format!("tick {}{wide}", anchor_class(across));
            out.tag("text").class(class).at(WidthShare(across), y + 18.0).holding(label);
        }
    }

    fn write_gap(&self, out: &mut MarkupText, gap: &PlotGap) {
        let (start, end) = (gap.start, gap.end);
        hovered_part(out, "missing").content(|out| {
            out.tag("title").holding(&gap.text);
            out.tag("rect").at(WidthShare(start), self.top).size(WidthShare(end - start), PLOT).empty();
            vertical_line(out, "edge", start, self.top, self.top + PLOT);
            vertical_line(out, "edge", end, self.top, self.top + PLOT);
            if (end - start) * WIDE_PIXELS > WORD_PIXELS {
                let text = out.tag("text").class("missing-label middle only-wide");
                text.at(WidthShare(f64::midpoint(start, end)), self.top + PLOT / 2.0).holding("no data");
            }
            let text = out.tag("text").class("reading halo").at("0", 12.0).attr("aria-hidden", "true");
            text.holding(&gap.text);
        });
    }

    /// Marks from left to right. A label that has no room is shown with the pointer only.
    fn write_marks(&self, out: &mut MarkupText) {
        let marks = &self.times.marks;
        let places: Vec<f64> = marks.iter().map(|mark| mark.across).collect();
        let texts: Vec<&str> = marks.iter().map(|mark| mark.label).collect();
        for (mark, labels) in marks.iter().zip(placed_labels(&places, &texts)) {
            self.write_mark(out, mark, &labels);
        }
    }

    fn write_mark(&self, out: &mut MarkupText, mark: &PlotMark<'_>, labels: &[PlacedLabel]) {
        let across = mark.across;
        let y = HEAD + MARKS - 6.0;
        hovered_part(out, mark.kind.class()).content(|out| {
            out.tag("title").holding(&mark.text);
            vertical_line(out, "mark-line", across, y, self.top + PLOT);
            write_mark_sign(out, mark.kind, across, y - 4.0);
            for PlacedLabel { text, side, screens } in labels {
                let (anchor, offset) = match side {
                    LabelSide::Left => ("right", -SIGN_PIXELS),
                    LabelSide::Right => ("after", SIGN_PIXELS),
                };
                let label_text = out.tag("text").class(format!("mark-label {anchor} {screens}"));
                label_text.at(WidthShare(across), y).attr("dx", PixelLength(offset)).holding(text);
            }
            let reading = out.tag("text").class("reading halo").at("0", 12.0).attr("aria-hidden", "true");
            reading.holding(&mark.text);
        });
    }

    fn write_ends(&self, out: &mut MarkupText, ends: &[EndLabel<'_>]) {
        for end in ends {
            let text = out.tag("text").class(format!("end only-wide {}", end.class)).at("100%", end.y + 4.0);
            text.attr("dx", 8).holding(name_with_end(end.text, END_CHARACTERS));
        }
    }

    fn write_readings(&self, out: &mut MarkupText, readings: &[DayReading]) {
        readings.iter().for_each(|reading| self.write_reading(out, reading, readings));
    }

    /// A strip of the plot that shows the values of its day while it has the pointer.
    fn write_reading(&self, out: &mut MarkupText, reading: &DayReading, all: &[DayReading]) {
        let day = self.times.text(reading.place);
        let across = self.times.place_across(reading.place as f64);
        let half = match all {
            [first, second, ..] => (second.place - first.place) as f64 / 2.0,
            _ => 0.5,
        };
        let start = self.times.place_across(reading.place as f64 - half);
        let end = self.times.place_across(reading.place as f64 + half);
        let (start, end) = if end > start { (start, end) } else { (0.0, 1.0) };
        let values: Vec<&str> = reading.points.iter().map(|point| point.text.as_str()).collect();
        hovered_part(out, "strip").content(|out| {
            out.tag("title").holding(format!("{day}: {}", values.join(", ")));
            out.tag("rect").at(WidthShare(start), self.top).size(WidthShare(end - start), PLOT).empty();
            out.tag("g").class("reading").attr("aria-hidden", "true").content(|out| {
                vertical_line(out, "rule", across, HEAD - 4.0, self.top + PLOT);
                let text = out.tag("text").class(format!("halo {}", anchor_class(across)));
                text.at(WidthShare(across), 12.0).holding(&day);
                let (anchor, offset) = if across > 0.5 { ("right", -8.0) } else { ("after", 8.0) };
                for point in &reading.points {
                    let circle = out.tag("circle").class(&point.class).attr("cx", WidthShare(across));
                    circle.attr("cy", PixelLength(point.y)).attr("r", "3.5").empty();
                    let text = out.tag("text").class(format!("halo {anchor}"));
                    text.at(WidthShare(across), point.label_y + 4.0).attr("dx", offset).holding(&point.text);
                }
            });
        });
    }
}

/// The sign of a mark: each kind has a shape of its own.
fn write_mark_sign(out: &mut MarkupText, kind: MarkKind, across: f64, y: f64) {
    let shape = match kind {
        MarkKind::Release => "M-4.5,-4h9l-4.5,8z",
        MarkKind::SchemaChange => "M-4,-4h8v8h-8z",
        MarkKind::Note => "M0,-5l5,5l-5,5l-5,-5z",
        MarkKind::Rollout => "M-4,-5l8,5l-8,5z",
        MarkKind::IncidentOpened => "M-4.5,4h9l-4.5,-8z",
        MarkKind::IncidentResolved => "M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0z",
    };
    let place = out.tag("svg").at(WidthShare(across), y).attr("class", "sign");
    place.content(|out| out.tag("path").attr("d", shape).empty());
}

/// How a text stands at its position, so that it stays in the picture.
pub(crate) fn anchor_class(across: f64) -> &'static str {
    match across {
        ..0.06 => "after",
        0.94.. => "right",
        _ => "middle",
    }
}

pub(crate) fn horizontal_line(out: &mut MarkupText, class: impl Display, y: f64) {
    let line = out.tag("line").class(class).attr("x1", 0).attr("x2", "100%");
    line.attr("y1", PixelLength(y)).attr("y2", PixelLength(y)).empty();
}

pub(crate) fn vertical_line(out: &mut MarkupText, class: impl Display, across: f64, top: f64, bottom: f64) {
    let line = out.tag("line").class(class).attr("x1", WidthShare(across)).attr("x2", WidthShare(across));
    line.attr("y1", PixelLength(top)).attr("y2", PixelLength(bottom)).empty();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_many_days_has_a_reading() {
        for days in [1, 2, 119, 120, 121, 365, 4000] {
            let places: Vec<usize> = TimePlot::reading_places(days).collect();
            assert!(places.len() <= MOST_READINGS, "{days}");
            assert_eq!(places.last(), Some(&(days - 1)));
        }
        assert_eq!(TimePlot::reading_places(0).count(), 0);
    }
}
