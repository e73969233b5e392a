//! Compares the mean of a whole fleet with the share of it that has a release.
//!
//! Of times, pages and functions only sums by version are known. Installations that upgrade early differ from
//! the others, so versions are not compared with each other. But the fleet is the same before and after: if a
//! release changes a value by `b`, the mean of the fleet moves by `b` times the share of readings with the
//! release. So the mean of every day is explained by
//!
//! * a level that wanders: installations come and go,
//! * the day of the week,
//! * the share of the release, and of the ones before that are still being taken,
//! * and noise of the day.
//!
//! This is the intervention analysis of Box and Tiao ("Intervention Analysis with Applications to Economic
//! and Environmental Problems", 1975) with the local level model of Harvey and Durbin ("The Effects of Seat
//! Belt Legislation on British Road Casualties: A Case Study in Structural Time Series Modelling", 1986):
//! generalized least squares by the Kalman filter. The noise is estimated from the days, not from the number
//! of readings: readings of one installation are not independent of each other, and this way need not be. How
//! far the level wanders is not known well; of all values that the likelihood allows for, the one counts that
//! gives the largest p-value.
//!
//! It assumes that nothing else moved the whole fleet just when the release came, and that noise is normal.

use std::collections::BTreeMap;

use super::{
    change_test::{LogDifference, TestedChange},
    changed_field::{ChangedField, FieldKind},
};
use crate::{
    calendar_day::CalendarDay,
    cells::{cell_block::CellBlock, cell_table::CellTable},
    log_bucket::LogBucket,
    profiles::{ProfiledResource, StackDictionary, VersionProfile, WHOLE_SHARE},
};

/// The days of a series that are kept.
pub(super) const SERIES_DAYS: u32 = 56;

/// A shorter history before a release says too little.
const FEWEST_DAYS_BEFORE: usize = 21;

/// A function with a smaller mean share is not compared.
const SMALLEST_FUNCTION: f64 = 0.002;

/// A page with views in a smaller share of installations is not compared.
const SMALLEST_PAGE: f64 = 0.01;

/// The variances of a step of the level that are tried, in parts of the variance of the noise.
const WANDERINGS: [f64; 6] = [0.0, 0.01, 0.04, 0.15, 0.6, 3.0];

/// By how much the logarithm of the likelihood may be below the best one: two standard deviations.
const PLAUSIBLE: f64 = 2.0;

/// Another release is explained apart if its share moves by more.
const MOVING_SHARE: f64 = 0.02;

/// The shares that functions have in the profiles of one version on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionShares {
    /// The version.
    pub version: String,
    /// What was measured.
    pub resource: ProfiledResource,
    /// The installations with a profile.
    pub observations: u64,
    /// The functions with the sums of their own shares over the installations, each 0 to 1.
    pub functions: Vec<(String, f64)>,
}

impl FunctionShares {
    /// Those of a day's profile. Functions that the dictionary does not know are left out.
    #[must_use]
    pub fn of_profile(profile: &VersionProfile, dictionary: &StackDictionary) -> Self {
        let functions = profile.profile.functions().iter().filter(|function| function.own.sum > 0);
        let named = functions.filter_map(|function| {
            let name = dictionary.name_of_function(function.id)?;
            Some((name.to_owned(), function.own.sum as f64 / WHOLE_SHARE as f64))
        });
        Self {
            version: profile.version.clone(),
            resource: profile.resource,
            observations: profile.profile.observations,
            functions: named.collect(),
        }
    }
}

/// A day of a series.
#[derive(Debug, Clone)]
struct SeriesDay {
    day: CalendarDay,
    /// The logarithm of the fleet's mean.
    value: f64,
    /// The variance of the noise, in parts of that of other days.
    noise: f64,
    /// Readings by version.
    counts: Vec<(u32, f64)>,
}

/// The series of a fleet, by field.
#[derive(Debug, Clone, Default)]
pub(super) struct FleetSeries(BTreeMap<ChangedField, Vec<SeriesDay>>);

/// Sums of readings by version.
type ReadingSums = BTreeMap<u32, (f64, f64)>;

impl FleetSeries {
    /// Adds a day.
    pub(super) fn add_day(
        &mut self,
        day: CalendarDay,
        tables: &[(CellTable, CellBlock)],
        functions: &[FunctionShares],
        mut version_number: impl FnMut(&str) -> u32,
    ) {
        for (table, block) in tables {
            let kind = match table {
                CellTable::Stages => FieldKind::Stage,
                CellTable::Queries => FieldKind::Query,
                CellTable::WorldTimes => FieldKind::WorldTime,
                _ => continue,
            };
            let versions: Vec<_> = block.versions.iter().map(|version| version_number(version)).collect();
            for (name, sums) in time_sums(block, &versions) {
                let value = sums.values().map(|(sum, _)| sum).sum::<f64>() / readings(&sums);
                self.push(kind, &name, SeriesDay { day, value, noise: 1.0, counts: counts(&sums) });
            }
        }
        self.add_pages(day, tables, &mut version_number);
        self.add_functions(day, functions, &mut version_number);
        for series in self.0.values_mut() {
            series.retain(|one| day.days_since(one.day) <= SERIES_DAYS);
        }
        self.0.retain(|_, series| !series.is_empty());
    }

    fn push(&mut self, kind: FieldKind, name: &str, day: SeriesDay) {
        if day.value.is_finite() {
            self.0.entry(ChangedField::new(kind, name)).or_default().push(day);
        }
    }

    /// The share of installations with views, by page. Few installations have noisier shares than many.
    fn add_pages(
        &mut self,
        day: CalendarDay,
        tables: &[(CellTable, CellBlock)],
        version_number: &mut impl FnMut(&str) -> u32,
    ) {
        let find =
            |wanted: CellTable| tables.iter().find(|(table, _)| *table == wanted).map(|(_, block)| block);
        let (Some(pages), Some(installations)) = (find(CellTable::Pages), find(CellTable::Installations))
        else {
            return;
        };
        let mut all = ReadingSums::new();
        for (key, sums) in &installations.cells {
            let entry = all.entry(version_number(installations.version(*key))).or_default();
            entry.1 += sums.count as f64;
        }
        let total = readings(&all);
        let mut with_page = BTreeMap::<&str, f64>::new();
        for (key, sums) in &pages.cells {
            *with_page.entry(pages.label(*key)).or_default() += sums.count as f64;
        }
        for (name, count) in with_page {
            if count >= total * SMALLEST_PAGE {
                let share = count / total;
                let noise = (1.0 - share + 1.0 / total) / share;
                let value = share.ln();
                self.push(FieldKind::Page, name, SeriesDay { day, value, noise, counts: counts(&all) });
            }
        }
    }

    fn add_functions(
        &mut self,
        day: CalendarDay,
        functions: &[FunctionShares],
        version_number: &mut impl FnMut(&str) -> u32,
    ) {
        for (resource, kind) in [
            (ProfiledResource::Cpu, FieldKind::CpuFunction),
            (ProfiledResource::Heap, FieldKind::HeapFunction),
        ] {
            let mut all = ReadingSums::new();
            let mut shares = BTreeMap::<&str, f64>::new();
            for version in functions.iter().filter(|version| version.resource == resource) {
                all.entry(version_number(&version.version)).or_default().1 += version.observations as f64;
                for (name, sum) in &version.functions {
                    *shares.entry(name).or_default() += sum;
                }
            }
            for (name, sum) in shares {
                let share = sum / readings(&all);
                if share >= SMALLEST_FUNCTION {
                    let value = share.ln();
                    self.push(kind, name, SeriesDay { day, value, noise: 1.0, counts: counts(&all) });
                }
            }
        }
    }

    /// Tests the release that came on a day. `is_release` says of a version whether it is that release or a
    /// later one, and `is_earlier` the same of each of the releases before.
    pub(super) fn test(
        &self,
        released_on: CalendarDay,
        is_release: impl Fn(u32) -> bool,
        is_earlier: &[impl Fn(u32) -> bool],
    ) -> Vec<(ChangedField, TestedChange)> {
        let mut tested = Vec::new();
        for (field, series) in &self.0 {
            let before = series.iter().filter(|one| one.day < released_on).count();
            if before < FEWEST_DAYS_BEFORE || series.len() == before {
                continue;
            }
            let mut columns = weekdays(series);
            for earlier in is_earlier {
                columns.extend(Some(shares(series, earlier)).filter(|share| is_moving(share)));
            }
            columns.push(shares(series, &is_release));
            tested.extend(test_last_column(series, &columns).map(|change| (field.clone(), change)));
        }
        tested
    }
}

fn time_sums(block: &CellBlock, versions: &[u32]) -> BTreeMap<String, ReadingSums> {
    let mut sums = vec![ReadingSums::new(); block.labels.len()];
    for (key, cell) in block.cells.iter().filter(|(key, _)| key.bucket != LogBucket::ZERO) {
        let version = versions.get(key.version as usize).copied().unwrap_or_default();
        if let Some(of_label) = sums.get_mut(key.label as usize) {
            let (sum, count) = of_label.entry(version).or_default();
            *sum += cell.count as f64 * key.bucket.estimate().ln();
            *count += cell.count as f64;
        }
    }
    let labels = block.labels.iter().cloned().zip(sums);
    labels.filter(|(_, sums)| !sums.is_empty()).collect()
}

fn readings(sums: &ReadingSums) -> f64 {
    sums.values().map(|(_, count)| count).sum()
}

fn counts(sums: &ReadingSums) -> Vec<(u32, f64)> {
    sums.iter().map(|(version, (_, count))| (*version, *count)).collect()
}

/// The share of readings of some versions, by day.
fn shares(series: &[SeriesDay], is_of: impl Fn(u32) -> bool) -> Vec<f64> {
    let share = |one: &SeriesDay| {
        let all: f64 = one.counts.iter().map(|(_, count)| count).sum();
        one.counts.iter().filter(|(version, _)| is_of(*version)).map(|(_, count)| count).sum::<f64>() / all
    };
    series.iter().map(share).collect()
}

fn is_moving(share: &[f64]) -> bool {
    let (low, high) =
        share.iter().fold((1.0_f64, 0.0_f64), |(low, high), one| (low.min(*one), high.max(*one)));
    high - low > MOVING_SHARE
}

/// A column for each day of the week but one.
fn weekdays(series: &[SeriesDay]) -> Vec<Vec<f64>> {
    let is_weekday =
        |one: &SeriesDay, weekday| f64::from(u8::from(one.day.days_since(one.day.week_start()) == weekday));
    (1..7).map(|weekday| series.iter().map(|one| is_weekday(one, weekday)).collect()).collect()
}

/// What generalized least squares says of the last column, for one variance of the level.
#[derive(Debug, Clone, Copy)]
struct Fit {
    log_likelihood: f64,
    last: LogDifference,
}

fn test_last_column(series: &[SeriesDay], columns: &[Vec<f64>]) -> Option<TestedChange> {
    let fits: Vec<_> = WANDERINGS.iter().filter_map(|wandering| fit(series, columns, *wandering)).collect();
    let best = fits.iter().map(|fit| fit.log_likelihood).fold(f64::NEG_INFINITY, f64::max);
    let plausible = fits.iter().filter(|fit| fit.log_likelihood >= best - PLAUSIBLE);
    let least = plausible.min_by(|left, right| left.last.t().abs().total_cmp(&right.last.t().abs()))?;
    Some(least.last.tested())
}

fn fit(series: &[SeriesDay], columns: &[Vec<f64>], wandering: f64) -> Option<Fit> {
    let mut filter = LevelFilter::new(series, columns, wandering)?;
    let mut normal = NormalEquations::new(columns.len());
    let mut log_variances = 0.0;
    for at in 1..series.len() {
        let variance = filter.step(series, columns, at)?;
        log_variances += variance.ln();
        normal.add(&filter.innovations, filter.innovation);
    }
    let degrees = series.len() as f64 - 1.0 - columns.len() as f64;
    let solved = normal.solve().filter(|_| degrees >= 5.0)?;
    let variance = solved.residual / degrees;
    let error = (variance * solved.last_variance).sqrt();
    let log_likelihood = -0.5 * (degrees * variance.ln() + log_variances + solved.log_determinant);
    Some(Fit { log_likelihood, last: LogDifference { difference: solved.last, error, degrees } })
}

/// The Kalman filter of the local level, over the values and all columns at once: it is linear.
struct LevelFilter {
    wandering: f64,
    variance: f64,
    level: f64,
    levels: Vec<f64>,
    /// By how much the values are not what the days before say, in standard deviations; and the columns.
    innovation: f64,
    innovations: Vec<f64>,
}

impl LevelFilter {
    /// After the first day, before which nothing is known.
    fn new(series: &[SeriesDay], columns: &[Vec<f64>], wandering: f64) -> Option<Self> {
        let first = series.first()?;
        let levels = columns.iter().map(|column| column.first().copied()).collect::<Option<Vec<_>>>()?;
        Some(Self {
            wandering,
            variance: first.noise,
            level: first.value,
            innovation: 0.0,
            innovations: vec![0.0; levels.len()],
            levels,
        })
    }

    /// Goes on to a day; answers the variance of its innovation.
    fn step(&mut self, series: &[SeriesDay], columns: &[Vec<f64>], at: usize) -> Option<f64> {
        let (today, before) = (series.get(at)?, series.get(at.checked_sub(1)?)?);
        let predicted = self.variance + self.wandering * f64::from(today.day.days_since(before.day));
        let variance = predicted + today.noise;
        let (gain, deviation) = (predicted / variance, variance.sqrt());
        let follow = |level: &mut f64, value: f64| {
            let innovation = value - *level;
            *level += gain * innovation;
            innovation / deviation
        };
        self.innovation = follow(&mut self.level, today.value);
        for ((level, innovation), column) in self.levels.iter_mut().zip(&mut self.innovations).zip(columns) {
            *innovation = follow(level, *column.get(at)?);
        }
        self.variance = predicted * (1.0 - gain);
        Some(variance)
    }
}

/// The sums of products from which least squares follow.
struct NormalEquations {
    columns: usize,
    /// The lower half of the products of columns, row by row.
    products: Vec<f64>,
    with_value: Vec<f64>,
    value_squares: f64,
}

/// What least squares say of the last column, and of all.
struct LastColumn {
    last: f64,
    /// The variance of it, for noise of variance 1.
    last_variance: f64,
    /// The sum of squares that is not explained.
    residual: f64,
    /// The logarithm of the determinant of the products.
    log_determinant: f64,
}

impl NormalEquations {
    fn new(columns: usize) -> Self {
        let products = vec![0.0; columns * (columns + 1) / 2];
        Self { columns, products, with_value: vec![0.0; columns], value_squares: 0.0 }
    }

    fn add(&mut self, row: &[f64], value: f64) {
        let mut products = self.products.iter_mut();
        for (at, one) in row.iter().enumerate() {
            for (other, product) in row.iter().take(at + 1).zip(&mut products) {
                *product += one * other;
            }
        }
        self.with_value.iter_mut().zip(row).for_each(|(sum, one)| *sum += one * value);
        self.value_squares += value * value;
    }

    /// By Cholesky's decomposition. `None` if the last column says nothing that the others do not.
    fn solve(&self) -> Option<LastColumn> {
        const SAME: f64 = 1e-9;
        let mut lower = vec![vec![0.0; self.columns]; self.columns];
        let mut right = vec![0.0; self.columns];
        let (mut explained, mut log_determinant) = (0.0, 0.0);
        let mut last = None;
        let mut products = self.products.iter();
        for row in 0..self.columns {
            let mut of_row = vec![0.0; self.columns];
            let mut diagonal = 0.0;
            let mut whole = 0.0;
            for column in 0..=row {
                let product = *products.next()?;
                let of_column = lower.get(column)?;
                let sum: f64 = of_row.iter().zip(of_column).take(column).map(|(a, b)| a * b).sum();
                if column == row {
                    (diagonal, whole) = (product - of_row.iter().map(|one| one * one).sum::<f64>(), product);
                } else {
                    let divisor = *of_column.get(column)?;
                    *of_row.get_mut(column)? = if divisor > 0.0 { (product - sum) / divisor } else { 0.0 };
                }
            }
            let known: f64 = of_row.iter().zip(&right).map(|(a, b)| a * b).sum();
            last = None;
            // A column that is explained by those before, such as a weekday without days, is left out.
            if diagonal > SAME * whole && diagonal > 0.0 {
                let root = diagonal.sqrt();
                let solved = (self.with_value.get(row)? - known) / root;
                *of_row.get_mut(row)? = root;
                *right.get_mut(row)? = solved;
                explained += solved * solved;
                log_determinant += diagonal.ln();
                last = Some((solved / root, 1.0 / diagonal));
            }
            *lower.get_mut(row)? = of_row;
        }
        let (last, last_variance) = last?;
        let residual = (self.value_squares - explained).max(f64::MIN_POSITIVE);
        Some(LastColumn { last, last_variance, residual, log_determinant })
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    use super::*;

    /// A release that everybody has after ten days, in a series of 56 days before and some days since.
    struct Series {
        wandering: f64,
        change: f64,
        days_since: u32,
    }

    impl Series {
        fn days(&self, chance: &mut StdRng) -> Vec<SeriesDay> {
            let mut normal = || (0..12).map(|_| chance.random_range(-0.5..0.5)).sum::<f64>();
            let mut level = 0.0;
            let first = CalendarDay::try_from(20_000).unwrap();
            (0..56 + self.days_since)
                .map(|at| {
                    level += self.wandering.sqrt() * 0.01 * normal();
                    let share = f64::from(at.saturating_sub(55).min(10)) / 10.0;
                    let weekend = if at % 7 >= 5 { -0.2 } else { 0.0 };
                    let value = level + weekend + self.change * share + 0.01 * normal();
                    let counts = vec![(0, 1000.0 * (1.0 - share)), (1, 1000.0 * share)];
                    SeriesDay { day: first.plus_days(at), value, noise: 1.0, counts }
                })
                .collect()
        }

        fn test(&self, chance: &mut StdRng) -> TestedChange {
            let field = ChangedField::new(FieldKind::Query, "up");
            let series = FleetSeries(BTreeMap::from([(field, self.days(chance))]));
            let released_on = CalendarDay::try_from(20_056).unwrap();
            let earlier: [fn(u32) -> bool; 0] = [];
            let mut tested = series.test(released_on, |version| version == 1, &earlier);
            assert_eq!(tested.len(), 1);
            tested.remove(0).1
        }
    }

    #[test]
    fn without_a_change_small_p_values_are_as_rare_as_they_say() {
        for wandering in [0.0, 0.1, 1.0] {
            for days_since in [2, 14] {
                let mut chance = StdRng::seed_from_u64(1);
                let series = Series { wandering, change: 0.0, days_since };
                let p_values: Vec<_> = (0..1000).map(|_| series.test(&mut chance).p_value).collect();
                for bound in [0.05, 0.01] {
                    let below = p_values.iter().filter(|p_value| **p_value < bound).count() as f64 / 1000.0;
                    assert!(below <= bound * 1.5, "{wandering} {days_since}: {below} below {bound}");
                }
            }
        }
    }

    #[test]
    fn a_change_is_found_with_its_size_whatever_the_day_of_the_week() {
        let mut chance = StdRng::seed_from_u64(2);
        for days_since in 5..12 {
            let tested = Series { wandering: 0.02, change: 1.5_f64.ln(), days_since }.test(&mut chance);
            let size = tested.size().size();
            assert!(tested.p_value < 1e-4 && (0.35..0.65).contains(&size), "{days_since}: {tested:?}");
        }
    }

    #[test]
    fn a_short_history_says_nothing() {
        let mut chance = StdRng::seed_from_u64(3);
        let mut days = Series { wandering: 0.0, change: 1.0, days_since: 5 }.days(&mut chance);
        days.drain(..56 - (FEWEST_DAYS_BEFORE - 1));
        let series = FleetSeries(BTreeMap::from([(ChangedField::new(FieldKind::Query, "up"), days)]));
        let earlier: [fn(u32) -> bool; 0] = [];
        assert!(
            series.test(CalendarDay::try_from(20_056).unwrap(), |version| version == 1, &earlier).is_empty()
        );
    }

    #[test]
    fn least_squares_solve_a_known_system() {
        // y = 2 a + 3 b, and a column that says nothing new.
        let mut normal = NormalEquations::new(3);
        for (a, b) in [(1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (1.0, 5.0)] {
            normal.add(&[a, 2.0 * a, b], 2.0 * a + 3.0 * b);
        }
        let solved = normal.solve().unwrap();
        assert!((solved.last - 3.0).abs() < 1e-9 && solved.residual < 1e-9);
        // The variance of a slope: 1 by the sum of squares around the mean.
        assert!((solved.last_variance - 1.0 / 14.0).abs() < 1e-9);
    }

    #[test]
    fn pages_and_times_of_a_day_are_means_over_all_versions() {
        let time = |seconds: f64| LogBucket::containing(seconds);
        let key = |version, label, bucket| crate::cells::cell_block::CellKey {
            version,
            label,
            bucket,
            ..Default::default()
        };
        let sums = |count| crate::cells::cell_block::CellSums { count, value: 0 };
        let block = |labels: &[&str], cells| CellBlock {
            versions: vec!["1.0".to_owned(), "1.1".to_owned()],
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            cells,
            ..CellBlock::default()
        };
        let zero = LogBucket::ZERO;
        let tables = [
            (
                CellTable::Installations,
                block(&[""], vec![(key(0, 0, zero), sums(60)), (key(1, 0, zero), sums(40))]),
            ),
            (
                CellTable::Pages,
                block(&["/", "/rare"], vec![(key(0, 0, zero), sums(20)), (key(1, 0, zero), sums(5))]),
            ),
            (
                CellTable::Queries,
                block(
                    &["up"],
                    vec![
                        (key(0, 0, time(1.0)), sums(3)),
                        (key(1, 0, time(16.0)), sums(1)),
                        (key(1, 0, zero), sums(9)),
                    ],
                ),
            ),
        ];
        let functions = [FunctionShares {
            version: "1.1".to_owned(),
            resource: ProfiledResource::Heap,
            observations: 10,
            functions: vec![("f".to_owned(), 2.0), ("small".to_owned(), 0.001)],
        }];
        let mut series = FleetSeries::default();
        let day = CalendarDay::try_from(20_000).unwrap();
        series.add_day(day, &tables, &functions, |version| u32::from(version == "1.1"));
        let values: Vec<_> = series
            .0
            .iter()
            .map(|(field, days)| (field.kind, days[0].value.exp(), shares(days, |version| version == 1)[0]))
            .collect();
        let [query, page, function] = values[..] else { panic!("{values:?}") };
        assert_eq!(
            (query.0, page.0, function.0),
            (FieldKind::Query, FieldKind::Page, FieldKind::HeapFunction)
        );
        assert!((query.1 - 2.0).abs() < 0.1 && (query.2 - 0.25).abs() < 1e-9, "{query:?}");
        assert!((page.1 - 0.25).abs() < 1e-9 && (page.2 - 0.4).abs() < 1e-9, "{page:?}");
        assert!((function.1 - 0.2).abs() < 1e-9 && (function.2 - 1.0).abs() < 1e-9, "{function:?}");
    }
}
