//! Draws how values are distributed over logarithmic buckets, with marks of percentiles.

use crate::{
    chart_frame::{
        ChartCaption, DataTable, PictureRole, empty_figure, figure, hovered_part, margin_class, picture,
    },
    markup::{LABEL_CHARACTERS, MarkupText, PixelLength, WidthShare, shortened},
    number_format::{ValueUnit, count, percent},
    scale::{LinearScale, LogScale, ValueRange},
    tick_labels::{axis_title, tick_labels},
    ticks::{RoundSteps, linear_ticks, log_ticks, rounded_out},
    time_plot::{anchor_class, horizontal_line, vertical_line},
};

/// The height of the line of the title and of readings.
const HEAD: f64 = 20.0;
/// The height of the label of a percentile. Each has a line of its own, so that they never meet.
const MARK: f64 = 16.0;
const PLOT: f64 = 180.0;
const FOOT: f64 = 40.0;

/// Labels of values on a narrow screen.
const NARROW_TICKS: usize = 4;

/// The values above `from` up to `to`.
#[derive(Debug, Clone, Copy)]
pub struct CountedBucket {
    /// The lower edge; 0 for the bucket of what is smaller than anything that can be told apart.
    pub from: f64,
    /// The upper edge, above the lower one. A bucket with another one is left out.
    pub to: f64,
    /// How many values are in it.
    pub count: u64,
}

/// A percentile.
#[derive(Debug, Clone, Copy)]
pub struct PercentileMark<'a> {
    /// Its name: `p90`.
    pub name: &'a str,
    /// So large are the values at it.
    pub value: f64,
}

/// What a histogram is of.
#[derive(Debug, Clone, Copy)]
pub struct HistogramChart<'a> {
    /// What the values are: `page views of an installation a day`.
    pub value_title: &'a str,
    /// What is counted: `installations`.
    pub counted: &'a str,
    /// What one of them is: `installation`.
    pub counted_one: &'a str,
    /// The unit of the values.
    pub unit: ValueUnit,
    /// How many values are 0. They are part of the whole and have no place on the axis.
    pub zeros: u64,
    /// Buckets in the order of their values.
    pub buckets: &'a [CountedBucket],
    /// Percentiles, the least first.
    pub percentiles: &'a [PercentileMark<'a>],
}

/// A histogram over a logarithmic axis. A bucket that begins at 0 is drawn at the left end.
#[must_use]
pub fn histogram_chart(caption: &ChartCaption<'_>, chart: &HistogramChart<'_>) -> String {
    let buckets: Vec<&CountedBucket> =
        chart.buckets.iter().filter(|bucket| bucket.from >= 0.0 && bucket.to > bucket.from).collect();
    let Some(axis) = ValueAxis::of(&buckets) else { return empty_figure(caption) };
    let total: u64 = buckets.iter().map(|bucket| bucket.count).fold(chart.zeros, u64::saturating_add);
    let numbers = table(chart, &buckets, total);
    figure(caption, |out| write_plot(out, caption, chart, &buckets, &axis, total), Some(&numbers))
}

/// Values from left to right.
struct ValueAxis {
    min: f64,
    max: f64,
    scale: LogScale,
}

impl ValueAxis {
    /// The axis of buckets, some of which have values.
    fn of(buckets: &[&CountedBucket]) -> Option<Self> {
        let filled = || buckets.iter().filter(|bucket| bucket.count > 0 && bucket.to.is_finite());
        let max = filled().map(|bucket| bucket.to).reduce(f64::max)?;
        // The bucket from zero is as wide as one with the factor two.
        let edge = |bucket: &&&CountedBucket| if bucket.from > 0.0 { bucket.from } else { bucket.to / 2.0 };
        let min = filled().map(|bucket| edge(&bucket)).reduce(f64::min)?;
        Some(Self { min, max, scale: LogScale::new(min, max, 0.0, 1.0)? })
    }
}

fn write_plot(
    out: &mut MarkupText,
    caption: &ChartCaption<'_>,
    chart: &HistogramChart<'_>,
    buckets: &[&CountedBucket],
    axis: &ValueAxis,
    total: u64,
) {
    let greatest = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0);
    let counts = rounded_out(ValueRange::between(0.0, (greatest as f64).max(3.0)), RoundSteps::Decimal);
    let top = HEAD + MARK * chart.percentiles.len() as f64 + 4.0;
    let bottom = top + PLOT;
    let heights = LinearScale::new(counts, bottom, top);
    let ticks = linear_ticks(counts, RoundSteps::Decimal);
    let labels = tick_labels(ValueUnit::Count, &ticks);
    let margin = margin_class(labels.iter().map(String::as_str));
    picture(out, caption, PictureRole::Image, bottom + FOOT, margin, |out| {
        out.tag("text").class("axis-title").at("0", 12.0).holding(shortened(chart.counted, LABEL_CHARACTERS));
        for (tick, label) in ticks.iter().zip(&labels) {
            let y = heights.position(*tick);
            horizontal_line(out, if *tick == 0.0 { "base" } else { "grid" }, y);
            out.tag("text").class("tick left").at("-8", y + 4.0).holding(label);
        }
        for bucket in buckets.iter().filter(|bucket| bucket.count > 0) {
            let part = hovered_part(out, "bucket");
            part.content(|out| write_bucket(out, chart, bucket, axis, &heights, total));
        }
        write_values(out, chart, axis, bottom);
        // The greatest is the highest: no line of a lesser one goes through its label, which is on the left.
        for (number, mark) in chart.percentiles.iter().rev().enumerate() {
            let y = HEAD + MARK * (number as f64 + 1.0) - 4.0;
            write_percentile(out, chart.unit, mark, axis, y, bottom);
        }
    });
}

fn write_bucket(
    out: &mut MarkupText,
    chart: &HistogramChart<'_>,
    bucket: &CountedBucket,
    axis: &ValueAxis,
    heights: &LinearScale,
    total: u64,
) {
    let (start, end) = (axis.scale.position(bucket.from), axis.scale.position(bucket.to));
    let (top, bottom) = (heights.position(bucket.count as f64), heights.position(0.0));
    let counted = if bucket.count == 1 { chart.counted_one } else { chart.counted };
    let text = format!(
        "{}: {} {} ({})",
        bucket_text(chart.unit, bucket),
        count(bucket.count as f64),
        shortened(counted, LABEL_CHARACTERS),
        percent(bucket.count as f64 / total as f64)
    );
    out.tag("title").holding(&text);
    // The whole column takes the pointer, so that short bars are hit too.
    let plot_top = heights.position(f64::INFINITY);
    let reach = out.tag("rect").class("reach").at(WidthShare(start), plot_top);
    reach.size(WidthShare(end - start), bottom - plot_top).empty();
    let fill = out.tag("rect").class("bucket-fill").at(WidthShare(start), top);
    fill.size(WidthShare(end - start), bottom - top).empty();
    out.tag("text").class("reading halo").at("0", 12.0).attr("aria-hidden", "true").holding(&text);
}

fn write_values(out: &mut MarkupText, chart: &HistogramChart<'_>, axis: &ValueAxis, y: f64) {
    let ticks = log_ticks(axis.min, axis.max, RoundSteps::of_unit(chart.unit));
    let labels = tick_labels(chart.unit, &ticks);
    let step = ticks.len().div_ceil(NARROW_TICKS).max(1);
    for (place, (tick, label)) in ticks.iter().zip(&labels).enumerate() {
        let across = axis.scale.position(*tick);
        let wide = if place % step == 0 { "" } else { " only-wide" };
        vertical_line(out, format!("tick-line{wide}"), across, y, y + 4.0);
        let text = out.tag("text").class(format!("tick {}{wide}", anchor_class(across)));
        text.at(WidthShare(across), y + 18.0).holding(label);
    }
    let title = out.tag("text").class("value-title right").at("100%", y + 35.0);
    title.holding(axis_title(chart.unit, &shortened(chart.value_title, LABEL_CHARACTERS), &labels));
}

fn write_percentile(
    out: &mut MarkupText,
    unit: ValueUnit,
    mark: &PercentileMark<'_>,
    axis: &ValueAxis,
    y: f64,
    bottom: f64,
) {
    let across = axis.scale.position(mark.value);
    vertical_line(out, "percentile", across, y - 8.0, bottom);
    let (anchor, offset) = if across > 0.3 { ("right", -5.0) } else { ("after", 5.0) };
    let text = out.tag("text").class(format!("percentile-label halo {anchor}")).at(WidthShare(across), y);
    text.attr("dx", PixelLength(offset)).holding(format!(
        "{} {}",
        shortened(mark.name, 24),
        unit.value_text(mark.value)
    ));
}

fn bucket_text(unit: ValueUnit, bucket: &CountedBucket) -> String {
    if unit == ValueUnit::Count
        && let Some((first, last)) = whole_numbers(bucket)
    {
        let (first, last) = (unit.value_text(first), unit.value_text(last));
        return if first == last { first } else { format!("{first} to {last}") };
    }
    if bucket.from > 0.0 {
        format!("{} to {}", unit.value_text(bucket.from), unit.value_text(bucket.to))
    } else {
        format!("up to {}", unit.value_text(bucket.to))
    }
}

/// The first and the last whole number in a bucket. The edges are not exact.
fn whole_numbers(bucket: &CountedBucket) -> Option<(f64, f64)> {
    let (first, last) = ((bucket.from * (1.0 + 1e-9)).floor() + 1.0, (bucket.to * (1.0 + 1e-9)).floor());
    (first <= last).then_some((first, last))
}

fn table(chart: &HistogramChart<'_>, buckets: &[&CountedBucket], total: u64) -> DataTable {
    let row =
        |values, counted: u64| vec![values, count(counted as f64), percent(counted as f64 / total as f64)];
    let zeros = (chart.zeros > 0).then(|| row(chart.unit.value_text(0.0), chart.zeros));
    let filled = buckets.iter().filter(|bucket| bucket.count > 0);
    let rows = filled.map(|bucket| row(bucket_text(chart.unit, bucket), bucket.count));
    let percentiles = chart.percentiles.iter();
    DataTable {
        columns: [chart.value_title, chart.counted, "share"].map(str::to_owned).to_vec(),
        rows: zeros.into_iter().chain(rows).collect(),
        notes: percentiles
            .map(|mark| format!("{}: {}", mark.name, chart.unit.value_text(mark.value)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_of_counts_are_told_in_whole_numbers() {
        let bucket = |number: i32| {
            let to = 1.1_f64.powi(number);
            CountedBucket { from: to / 1.1, to, count: 1 }
        };
        // The bucket of 1 ends at 1; others have the whole numbers between their edges.
        for (number, text) in [(0, "1"), (8, "2"), (24, "9"), (25, "10"), (32, "20 to 21"), (49, "98 to 106")]
        {
            assert_eq!(bucket_text(ValueUnit::Count, &bucket(number)), text, "{number}");
        }
        assert_eq!(bucket_text(ValueUnit::Bytes, &bucket(0)).split(" to ").count(), 2);
    }

    #[test]
    fn zeros_are_a_row_and_a_part_of_the_whole() {
        let bucket = CountedBucket { from: 1.0 / 1.1, to: 1.0, count: 3 };
        let chart = HistogramChart {
            value_title: "nodes",
            counted: "installations",
            counted_one: "installation",
            unit: ValueUnit::Count,
            zeros: 1,
            buckets: &[bucket],
            percentiles: &[],
        };
        let rows = table(&chart, &[&bucket], 4).rows;
        let shares: Vec<_> = rows.iter().map(|row| (row[0].as_str(), row[2].as_str())).collect();
        assert_eq!(shares, [("0", percent(0.25).as_str()), ("1", percent(0.75).as_str())]);
    }
}
