//! Adds up series over the last hour, and selects what a chart shows.

use std::collections::BTreeMap;

use headcount_prometheus::{query::WINDOW, results::ResultTable};
use headcount_shared::api::{ChartUnit, ViewChart, ViewSeries};

use crate::world_sight::{bounded, known};

/// The most values of a series.
const MOST_VALUES: usize = 120;

/// The most series of a chart.
const MOST_SERIES: usize = 10;

/// The times of the values of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HourGrid {
    /// The time of the last value.
    to: u32,
    /// The distance between two values, in seconds.
    step_s: u32,
    /// The number of values.
    places: usize,
}

/// What a chart shows, in words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChartWords {
    /// What it shows.
    pub(crate) title: &'static str,
    /// What the values are.
    pub(crate) value_title: &'static str,
    pub(crate) unit: ChartUnit,
}

/// The values of a series.
#[derive(Debug, Clone)]
struct HourValues(Vec<Option<f64>>);

/// Series by name, on one grid.
#[derive(Debug, Clone)]
pub(crate) struct HourSeries {
    grid: HourGrid,
    series: BTreeMap<String, HourValues>,
}

impl HourGrid {
    /// The last hour of an answer with points; `None` without points. If there are more than 120, several
    /// points make one value.
    pub(crate) fn of(table: &ResultTable) -> Option<Self> {
        let (to, _) = table.moments().next_back()?;
        Self::with_step(to, table.points.step)
    }

    /// The hour that ends at `to`, with points that are `step_s` seconds apart.
    pub(crate) fn with_step(to: u32, step_s: u32) -> Option<Self> {
        let hour = u32::try_from(WINDOW.as_secs()).ok()?;
        let points = hour.checked_div(step_s)?.max(1) as usize;
        let points_of_value = points.div_ceil(MOST_VALUES).max(1);
        let step_s = step_s.checked_mul(u32::try_from(points_of_value).ok()?)?;
        Some(Self { to, step_s, places: points.div_ceil(points_of_value) })
    }

    /// The place of the value for a moment; `None` outside of the hour.
    fn place(self, at: u32) -> Option<usize> {
        let ago = (self.to.checked_sub(at)? / self.step_s) as usize;
        self.places.checked_sub(ago + 1)
    }
}

impl HourSeries {
    pub(crate) fn new(grid: HourGrid) -> Self {
        Self { grid, series: BTreeMap::new() }
    }

    /// Adds the levels of one thing, such as a container, to those of the same name. Of several points for
    /// one value, the mean counts.
    pub(crate) fn add_levels(&mut self, name: &str, points: impl Iterator<Item = (u32, f32)>) {
        let mut sums = vec![(0.0, 0_u32); self.grid.places];
        for (at, value) in points {
            if let Some((sum, count)) = self.grid.place(at).and_then(|place| sums.get_mut(place)) {
                *sum += f64::from(value);
                *count += 1;
            }
        }
        let means = sums.into_iter().map(|(sum, count)| (count > 0).then(|| sum / f64::from(count)));
        self.add(name, means);
    }

    /// Adds the numbers of events of one thing to those of the same name.
    pub(crate) fn add_events(&mut self, name: &str, points: impl Iterator<Item = (u32, f32)>) {
        let mut sums = vec![None; self.grid.places];
        for (at, value) in points {
            if let Some(sum) = self.grid.place(at).and_then(|place| sums.get_mut(place)) {
                *sum.get_or_insert(0.0) += f64::from(value);
            }
        }
        self.add(name, sums.into_iter());
    }

    fn add(&mut self, name: &str, values: impl Iterator<Item = Option<f64>>) {
        let empty = || HourValues(vec![None; self.grid.places]);
        let HourValues(sums) = self.series.entry(name.to_owned()).or_insert_with(empty);
        for (sum, value) in sums.iter_mut().zip(values) {
            if let Some(value) = value {
                *sum = Some(sum.unwrap_or(0.0) + value);
            }
        }
    }

    /// The chart of the ten series with the largest values, by their names; `None` without any value. Values
    /// are multiplied by `factor`.
    pub(crate) fn into_chart(self, words: &ChartWords, factor: f64) -> Option<ViewChart> {
        let HourGrid { to, step_s, places } = self.grid;
        let greatest = |values: &HourValues| values.0.iter().flatten().copied().reduce(f64::max);
        let with_values = self.series.into_iter();
        let mut ranked: Vec<(f64, String, HourValues)> =
            with_values.filter_map(|(name, values)| Some((greatest(&values)?, name, values))).collect();
        // Stable, so that equal ones stay in the order of their names.
        ranked.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
        let more_series = bounded(ranked.len().saturating_sub(MOST_SERIES));
        ranked.truncate(MOST_SERIES);
        // By name, so that a colour stays with its series when values change.
        ranked.sort_by(|(_, one, _), (_, other, _)| one.cmp(other));
        let value = |value: &Option<f64>| value.and_then(|value| known(short(value * factor)));
        let series = ranked.into_iter().map(|(_, name, HourValues(values))| ViewSeries {
            name,
            values: values.iter().map(value).collect(),
        });
        let series: Vec<ViewSeries> = series.collect();
        let span = step_s.saturating_mul(bounded(places.saturating_sub(1)));
        (!series.is_empty()).then(|| ViewChart {
            title: words.title.to_owned(),
            value_title: words.value_title.to_owned(),
            unit: words.unit,
            from: to.saturating_sub(span),
            step_s,
            series,
            more_series,
        })
    }
}

/// A value with four significant digits, which are few bytes in an answer.
fn short(value: f64) -> f32 {
    format!("{value:.3e}").parse().unwrap_or(f32::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: ChartWords = ChartWords { title: "CPU", value_title: "cores", unit: ChartUnit::Cores };

    #[test]
    fn an_hour_has_at_most_120_values_up_to_its_last_point() {
        for (step, expected_step, expected_places) in
            [(30, 30, 120), (60, 60, 60), (15, 30, 120), (14, 42, 86), (300, 300, 12), (7200, 7200, 1)]
        {
            let grid = HourGrid::with_step(10_000, step).unwrap();
            assert_eq!((grid.step_s, grid.places), (expected_step, expected_places), "{step}");
            assert_eq!(grid.place(10_000), Some(expected_places - 1));
            assert_eq!((grid.place(10_001), grid.place(10_000 - 7200)), (None, None));
        }
        assert_eq!(HourGrid::with_step(10_000, 0), None);
    }

    #[test]
    fn things_of_one_name_are_added_and_points_of_one_value_are_averaged() {
        let mut series = HourSeries::new(HourGrid::with_step(3600, 15).unwrap());
        series.add_levels("pod", [(3600, 1.0), (3585, 3.0)].into_iter());
        series.add_levels("pod", [(3600, 0.5), (3570, 4.0)].into_iter());
        let chart = series.into_chart(&WORDS, 2.0).unwrap();
        assert_eq!((chart.from, chart.step_s), (30, 30));
        let values = &chart.series[0].values;
        assert_eq!(values.len(), 120);
        assert_eq!(values[117..], [None, Some(8.0), Some(5.0)]);
    }

    #[test]
    fn events_are_added_and_silence_is_no_zero() {
        let mut series = HourSeries::new(HourGrid::with_step(3600, 30).unwrap());
        series.add_events("pod", [(3600, 1.0), (3600, 2.0), (3570, 0.0)].into_iter());
        let chart = series.into_chart(&WORDS, 1.0).unwrap();
        assert_eq!(chart.series[0].values[117..], [None, Some(0.0), Some(3.0)]);
    }

    #[test]
    fn of_many_series_the_ten_largest_are_shown_in_the_order_of_their_names() {
        let mut series = HourSeries::new(HourGrid::with_step(3600, 60).unwrap());
        for number in 0..13_u8 {
            series.add_levels(&format!("pod-{number:02}"), [(3600, f32::from(number))].into_iter());
        }
        series.add_levels("silent", [].into_iter());
        let chart = series.into_chart(&WORDS, 1.0).unwrap();
        let names: Vec<&str> = chart.series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!((names.len(), names[0], names[9], chart.more_series), (10, "pod-03", "pod-12", 3));
    }

    #[test]
    fn a_value_has_four_digits() {
        let digits: Vec<String> =
            [0.123_456, 123_456.0, 0.0, -2.5].iter().map(|value| short(*value).to_string()).collect();
        assert_eq!(digits, ["0.1235", "123500", "0", "-2.5"]);
    }
}
