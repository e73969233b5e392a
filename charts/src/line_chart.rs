//! Draws series over time as lines.

use crate::{
    chart_frame::{ChartCaption, DataTable, empty_figure, figure, legend, series_class},
    label_spread::spread_labels,
    line_thinning::{unbroken_parts, visible_points},
    markup::{LABEL_CHARACTERS, MarkupText, PixelLength, name_text},
    number_format::ValueUnit,
    scale::ValueRange,
    time_context::{MomentContext, PlotTimes, TimeContext},
    time_plot::{CANVAS, DayReading, EndLabel, ReadingPoint, TimePlot},
};

/// The height of a label.
pub(crate) const LABEL_DISTANCE: f64 = 15.0;

/// The most rows of a table of days.
const MOST_ROWS: usize = 400;

/// What a place without a value has in a table.
const NO_VALUE: &str = "no data";

/// A line.
#[derive(Debug, Clone, Copy)]
pub struct LineSeries<'a> {
    /// What the line is of.
    pub name: &'a str,
    /// A value a day, or a moment, from the first one on. `None` is a gap in the line.
    pub values: &'a [Option<f64>],
}

/// Series over days as lines from zero. `value_title` says what the values are: `installations a day`.
///
/// Colours repeat after eight series.
#[must_use]
pub fn line_chart(
    caption: &ChartCaption<'_>,
    value_title: &str,
    unit: ValueUnit,
    context: TimeContext<'_>,
    series: &[LineSeries<'_>],
) -> String {
    draw_lines(caption, value_title, unit, context.times(longest(series)), series)
}

/// Series over moments of a day as lines from zero.
///
/// Colours repeat after eight series.
#[must_use]
pub fn moment_chart(
    caption: &ChartCaption<'_>,
    value_title: &str,
    unit: ValueUnit,
    context: MomentContext<'_>,
    series: &[LineSeries<'_>],
) -> String {
    draw_lines(caption, value_title, unit, context.times(longest(series)), series)
}

/// The number of values of the longest series.
pub(crate) fn longest(series: &[LineSeries<'_>]) -> usize {
    series.iter().map(|series| series.values.len()).max().unwrap_or(0)
}

fn draw_lines(
    caption: &ChartCaption<'_>,
    value_title: &str,
    unit: ValueUnit,
    times: PlotTimes<'_>,
    series: &[LineSeries<'_>],
) -> String {
    let days = longest(series);
    let values = series.iter().flat_map(|series| series.values.iter().flatten().copied());
    let known: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    if known.is_empty() {
        return empty_figure(caption);
    }
    let numbers = time_table(&times, series, |value| unit.value_text(value));
    let plot = TimePlot::new(times, unit, ValueRange::from_zero(known));
    let ends = end_labels(&plot, series);
    let draw = |out: &mut MarkupText| {
        if series.len() > 1 {
            legend(out, series.iter().map(|series| series.name));
        }
        let readings = readings(&plot, unit, days, series);
        plot.write(out, caption, value_title, |out| write_lines(out, &plot, days, series), &ends, &readings);
    };
    figure(caption, draw, Some(&numbers))
}

fn write_lines(out: &mut MarkupText, plot: &TimePlot<'_>, days: usize, series: &[LineSeries<'_>]) {
    for (place, series) in series.iter().enumerate() {
        let (mut line, mut dots) = (String::new(), String::new());
        for part in unbroken_parts(series.values) {
            let points = visible_points(&part, days);
            let path = path_text('M', points.iter().map(|point| canvas_point(plot, *point)));
            if points.len() > 1 {
                line.push_str(&path);
            } else {
                // A line without length, whose round ends are a dot.
                dots.push_str(&path);
                dots.push_str("h0");
            }
        }
        let class = series_class(place);
        for (name, path) in [("line", line), ("line dots", dots)] {
            if !path.is_empty() {
                out.tag("path").class(format!("{name} {class}")).attr("d", path).empty();
            }
        }
    }
}

fn canvas_point(plot: &TimePlot<'_>, (place, value): (usize, f64)) -> (f64, f64) {
    let y = plot.scale.position(value);
    (plot.times.place_across(place as f64) * CANVAS, plot.canvas_y(y))
}

/// The text of a path through points that begins with a command.
pub(crate) fn path_text(command: char, points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut text = String::new();
    for (number, (x, y)) in points.enumerate() {
        text.push(if number == 0 { command } else { 'L' });
        text.push_str(&format!("{} {}", PixelLength(x), PixelLength(y)));
    }
    text
}

fn end_labels<'a>(plot: &TimePlot<'_>, series: &[LineSeries<'a>]) -> Vec<EndLabel<'a>> {
    if series.len() < 2 {
        return Vec::new();
    }
    let last_of =
        |values: &[Option<f64>]| values.iter().rev().flatten().copied().find(|value| value.is_finite());
    let with_end: Vec<(usize, &LineSeries<'a>, f64)> = series
        .iter()
        .enumerate()
        .filter_map(|(place, series)| Some((place, series, plot.scale.position(last_of(series.values)?))))
        .collect();
    let wanted: Vec<f64> = with_end.iter().map(|(.., y)| *y).collect();
    let (least, greatest) = plot.label_bounds();
    let placed = spread_labels(&wanted, LABEL_DISTANCE, least, greatest);
    let labels = with_end.into_iter().zip(placed);
    labels
        .map(|((place, series, _), y)| EndLabel { y, class: series_class(place), text: series.name })
        .collect()
}

fn readings(plot: &TimePlot<'_>, unit: ValueUnit, days: usize, series: &[LineSeries<'_>]) -> Vec<DayReading> {
    TimePlot::reading_places(days).map(|place| reading(plot, unit, place, series)).collect()
}

fn reading(plot: &TimePlot<'_>, unit: ValueUnit, place: usize, series: &[LineSeries<'_>]) -> DayReading {
    let values = series.iter().enumerate().filter_map(|(number, series)| {
        let value = series.values.get(place).copied().flatten().filter(|value| value.is_finite())?;
        Some((number, series.name, value))
    });
    let values: Vec<(usize, &str, f64)> = values.collect();
    let wanted: Vec<f64> = values.iter().map(|(.., value)| plot.scale.position(*value)).collect();
    let (least, greatest) = plot.label_bounds();
    let placed = spread_labels(&wanted, LABEL_DISTANCE, least, greatest);
    let points = values.into_iter().zip(wanted.into_iter().zip(placed));
    let points = points.map(|((number, name, value), (y, label_y))| {
        let value = unit.value_text(value);
        let text =
            if series.len() > 1 { format!("{} {value}", name_text(name, LABEL_CHARACTERS)) } else { value };
        ReadingPoint { y, label_y, class: series_class(number), text }
    });
    DayReading { place, points: points.collect() }
}

/// A row for each time, or for every second or third if there are many.
pub(crate) fn time_table(
    times: &PlotTimes<'_>,
    series: &[LineSeries<'_>],
    text: impl Fn(f64) -> String,
) -> DataTable {
    let places = longest(series);
    let step = places.div_ceil(MOST_ROWS).max(1);
    let rows = (0..places).step_by(step).map(|place| {
        let values = series.iter().map(|series| {
            let value = series.values.get(place).copied().flatten().filter(|value| value.is_finite());
            value.map_or_else(|| NO_VALUE.to_owned(), &text)
        });
        [times.text(place)].into_iter().chain(values).collect()
    });
    let mut notes = times.notes();
    if step > 1 {
        notes.push(format!("The table has one day of {step}."));
    }
    let names = series.iter().map(|series| series.name.to_owned());
    let columns = [times.column().to_owned()].into_iter().chain(names).collect();
    DataTable { columns, rows: rows.collect(), notes }
}
