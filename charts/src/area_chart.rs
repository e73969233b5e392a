//! Draws shares of a whole over days as stacked areas.

use crate::{
    chart_frame::{ChartCaption, SERIES_COLOURS, empty_figure, figure, legend, series_class},
    label_spread::spread_labels,
    line_chart::{LABEL_DISTANCE, LineSeries, path_text, time_table},
    line_thinning::unbroken_parts,
    markup::{LABEL_CHARACTERS, MarkupText, name_text},
    number_format::{ValueUnit, percent},
    scale::ValueRange,
    time_context::TimeContext,
    time_plot::{CANVAS, DayReading, EndLabel, ReadingPoint, TimePlot},
};

/// What the series that have no colour of their own are together. Data often has an `other` or `others` of its
/// own, which is something else.
const REST: &str = "the rest";

/// A part of a whole.
#[derive(Debug, Clone, Copy)]
pub struct ShareSeries<'a> {
    /// What the part is.
    pub name: &'a str,
    /// A value a day from the first one on, in any unit: a day is divided by its sum. Negative values count
    /// as 0. A day without a value of any series is a gap.
    pub values: &'a [Option<f64>],
}

/// The parts of a whole over days, stacked: the first series lies at the bottom. Of more than eight, the last
/// ones are added up.
#[must_use]
pub fn area_chart(
    caption: &ChartCaption<'_>,
    context: TimeContext<'_>,
    series: &[ShareSeries<'_>],
) -> String {
    let days = series.iter().map(|series| series.values.len()).max().unwrap_or(0);
    let bands = ShareBands::of(series, days);
    if bands.shares.iter().flatten().all(Option::is_none) {
        return empty_figure(caption);
    }
    let times = context.times(days);
    let lines: Vec<LineSeries<'_>> =
        bands.names.iter().zip(&bands.shares).map(|(name, values)| LineSeries { name, values }).collect();
    let numbers = time_table(&times, &lines, percent);
    let plot = TimePlot::new(times, ValueUnit::Share, ValueRange::between(0.0, 1.0));
    let draw = |out: &mut MarkupText| {
        legend(out, bands.names.iter().copied());
        let (ends, readings) = (bands.end_labels(&plot, days), bands.readings(&plot, days));
        plot.write(out, caption, "share", |out| bands.write_areas(out, &plot), &ends, &readings);
    };
    figure(caption, draw, Some(&numbers))
}

/// Shares in the order in which they are stacked.
struct ShareBands<'a> {
    names: Vec<&'a str>,
    /// Of each band, its share of each day. A day has all or none.
    shares: Vec<Vec<Option<f64>>>,
}

impl<'a> ShareBands<'a> {
    fn of(series: &[ShareSeries<'a>], days: usize) -> Self {
        let has_rest = series.len() > SERIES_COLOURS;
        let own = if has_rest { SERIES_COLOURS - 1 } else { series.len() };
        let mut names: Vec<&str> = series.iter().take(own).map(|series| series.name).collect();
        if has_rest {
            names.push(REST);
        }
        let mut shares = vec![vec![None; days]; names.len()];
        for day in 0..days {
            let value = |series: &ShareSeries<'_>| {
                let value = series.values.get(day).copied().flatten();
                value.filter(|value| value.is_finite()).map_or(0.0, |value| value.max(0.0))
            };
            let total: f64 = series.iter().map(value).sum();
            if !(total > 0.0 && total.is_finite()) {
                continue;
            }
            let singles = series.iter().take(own).map(|series| value(series) / total);
            let rest: f64 = series.iter().skip(own).map(value).sum();
            for (band, share) in shares.iter_mut().zip(singles.chain([rest / total])) {
                if let Some(place) = band.get_mut(day) {
                    *place = Some(share);
                }
            }
        }
        Self { names, shares }
    }

    /// The lower and the upper edge of each band on a day; none on a day without data.
    fn edges(&self, day: usize) -> Vec<(f64, f64)> {
        let mut sum = 0.0;
        let shares = self.shares.iter().filter_map(|band| band.get(day).copied().flatten());
        let edges = shares.map(|share| {
            let lower = sum;
            sum += share;
            (lower, sum)
        });
        edges.collect()
    }

    fn write_areas(&self, out: &mut MarkupText, plot: &TimePlot<'_>) {
        let days = self.shares.first().map_or(0, Vec::len);
        let edges: Vec<Vec<(f64, f64)>> = (0..days).map(|day| self.edges(day)).collect();
        let point = |day: f64, share: f64| {
            (plot.times.place_across(day) * CANVAS, plot.canvas_y(plot.scale.position(share)))
        };
        for (band, shares) in self.shares.iter().enumerate() {
            let sides = |day: usize| {
                let (lower, upper) =
                    edges.get(day).and_then(|edges| edges.get(band)).copied().unwrap_or_default();
                (day as f64, lower, upper)
            };
            let (mut area, mut edge) = (String::new(), String::new());
            for part in unbroken_parts(&with_share(shares)) {
                let mut sides: Vec<(f64, f64, f64)> = part.iter().map(|(day, _)| sides(*day)).collect();
                // A day alone is as wide as a day.
                if let [(day, lower, upper)] = sides.as_slice() {
                    sides = vec![(day - 0.5, *lower, *upper), (day + 0.5, *lower, *upper)];
                }
                let upper = || sides.iter().map(|(day, _, upper)| point(*day, *upper));
                edge.push_str(&path_text('M', upper()));
                area.push_str(&path_text('M', upper()));
                area.push_str(&path_text('L', sides.iter().rev().map(|(day, lower, _)| point(*day, *lower))));
                area.push('Z');
            }
            let class = series_class(band);
            out.tag("path").class(format!("area {class}")).attr("d", area).empty();
            out.tag("path").class(format!("line {class}")).attr("d", edge).empty();
        }
    }

    fn end_labels(&self, plot: &TimePlot<'_>, days: usize) -> Vec<EndLabel<'a>> {
        let last = (0..days).rev().find(|day| !self.edges(*day).is_empty()).unwrap_or(0);
        let labels = self.labels(plot, last).into_iter();
        let labels = labels.filter_map(|(band, _, _, y)| {
            Some(EndLabel { y, class: series_class(band), text: self.names.get(band)? })
        });
        labels.collect()
    }

    /// Of the bands that are there on a day, their position, share, middle, and the position of their label.
    fn labels(&self, plot: &TimePlot<'_>, day: usize) -> Vec<(usize, f64, f64, f64)> {
        let bands = self.edges(day).into_iter().enumerate().map(|(band, (lower, upper))| {
            (band, upper - lower, plot.scale.position(f64::midpoint(lower, upper)))
        });
        let bands: Vec<(usize, f64, f64)> = bands.filter(|(_, share, _)| *share > 0.0).collect();
        let wanted: Vec<f64> = bands.iter().map(|(.., y)| *y).collect();
        let (least, greatest) = plot.label_bounds();
        let placed = spread_labels(&wanted, LABEL_DISTANCE, least, greatest);
        bands.into_iter().zip(placed).map(|((band, share, y), label_y)| (band, share, y, label_y)).collect()
    }

    fn readings(&self, plot: &TimePlot<'_>, days: usize) -> Vec<DayReading> {
        let reading = |place| {
            let points = self.labels(plot, place).into_iter().map(|(band, share, y, label_y)| {
                let name = self.names.get(band).copied().unwrap_or_default();
                let text = format!("{} {}", name_text(name, LABEL_CHARACTERS), percent(share));
                ReadingPoint { y, label_y, class: series_class(band), text }
            });
            DayReading { place, points: points.collect() }
        };
        TimePlot::reading_places(days).map(reading).collect()
    }
}

/// The shares without those of days on which a band is not there, unless it is there the day before or after.
fn with_share(shares: &[Option<f64>]) -> Vec<Option<f64>> {
    let is_there = |day: Option<usize>| {
        day.and_then(|day| shares.get(day)).copied().flatten().is_some_and(|share| share > 0.0)
    };
    let is_drawn =
        |day: usize| is_there(Some(day)) || is_there(day.checked_sub(1)) || is_there(day.checked_add(1));
    shares.iter().enumerate().map(|(day, share)| share.filter(|_| is_drawn(day))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series<'a>(name: &'a str, values: &'a [Option<f64>]) -> ShareSeries<'a> {
        ShareSeries { name, values }
    }

    #[test]
    fn a_day_is_divided_by_its_sum() {
        let bands = ShareBands::of(
            &[series("a", &[Some(1.0), None, Some(-4.0)]), series("b", &[Some(3.0), None, Some(2.0)])],
            3,
        );
        assert_eq!(bands.shares, [[Some(0.25), None, Some(0.0)], [Some(0.75), None, Some(1.0)]]);
        assert_eq!(bands.edges(0), [(0.0, 0.25), (0.25, 1.0)]);
        assert!(bands.edges(1).is_empty());
    }

    #[test]
    fn a_band_is_drawn_from_the_day_before_it_is_there() {
        let share = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        let drawn = with_share(&share(&[0.0, 0.0, 0.2, 0.0, 0.0]));
        assert_eq!(drawn, [None, Some(0.0), Some(0.2), Some(0.0), None]);
        assert_eq!(with_share(&[None, Some(0.0), None]), [None, None, None]);
    }

    #[test]
    fn what_has_no_colour_is_added_up() {
        let values = [Some(1.0)];
        let all: Vec<_> = (0..10).map(|_| series("x", &values)).collect();
        let bands = ShareBands::of(&all, 1);
        assert_eq!(bands.names.len(), SERIES_COLOURS);
        assert_eq!(bands.names[7], REST);
        assert!((bands.shares[7][0].unwrap() - 0.3).abs() < 1e-9);
        let eight = ShareBands::of(&all[..8], 1);
        assert_eq!(eight.names[7], "x");
    }
}
