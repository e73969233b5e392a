//! Tests whether a difference is more than chance, and estimates its size.
//!
//! All tests compare installations that took a release with installations that did not, on the same days.
//! They assume that without a change in the release both would have changed alike since before the release
//! (parallel trends; Angrist and Pischke, "Mostly Harmless Econometrics", 2009, chapter 5). They do not
//! assume that both are alike.

use serde::{Deserialize, Serialize};

use crate::student_t::{two_sided_p_value, two_sided_quantile};

/// The installations that each side of a comparison has at least.
pub(super) const FEWEST_COMPARED: usize = 20;

/// The probability that an interval does not have the true size in it.
const OUTSIDE_INTERVAL: f64 = 0.05;

/// How much a field changed, with an interval that has the true size in it with a probability of 95 %. Only
/// large differences are found, so that the size on the first day is rather too large; later days correct it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSize {
    /// By which factor the value is another one, less 1: 0.1 for a tenth more.
    Relative {
        /// The most likely size.
        size: f64,
        /// The lower end of the interval.
        low: f64,
        /// The upper end of the interval.
        high: f64,
    },
    /// By how much the share of installations is another one: 0.1 for ten of a hundred more.
    Share {
        /// The most likely size.
        size: f64,
        /// The lower end of the interval.
        low: f64,
        /// The upper end of the interval.
        high: f64,
    },
}

impl ChangeSize {
    /// The most likely size; below 0 for a decrease.
    #[must_use]
    pub const fn size(self) -> f64 {
        match self {
            Self::Relative { size, .. } | Self::Share { size, .. } => size,
        }
    }
}

/// What a test says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TestedChange {
    /// The probability of such a difference or a larger one, up or down, if nothing had changed.
    pub(super) p_value: f64,
    measured: MeasuredChange,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum MeasuredChange {
    Logarithm(LogDifference),
    /// A difference of shares and its standard error.
    Share(f64, f64),
}

impl TestedChange {
    /// The same test with the size that another one measured.
    pub(super) const fn with_size_of(self, other: Self) -> Self {
        Self { measured: other.measured, ..self }
    }

    pub(super) fn size(&self) -> ChangeSize {
        match self.measured {
            MeasuredChange::Logarithm(LogDifference { difference, error, degrees }) => {
                let reach = error * two_sided_quantile(OUTSIDE_INTERVAL, degrees);
                let [size, low, high] = [0.0, -reach, reach].map(|by| (difference + by).exp_m1());
                ChangeSize::Relative { size, low, high }
            }
            MeasuredChange::Share(size, error) => {
                let reach = 1.96 * error;
                ChangeSize::Share { size, low: (size - reach).max(-1.0), high: (size + reach).min(1.0) }
            }
        }
    }
}

/// The difference of two means of logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogDifference {
    pub(super) difference: f64,
    /// Its standard error.
    pub(super) error: f64,
    /// The degrees of freedom of the error.
    pub(super) degrees: f64,
}

impl LogDifference {
    /// The difference in standard errors; 0 for none.
    pub(super) fn t(self) -> f64 {
        if self.difference == 0.0 { 0.0 } else { self.difference / self.error }
    }

    /// Student's t-test.
    pub(super) fn tested(self) -> TestedChange {
        let p_value = two_sided_p_value(self.t(), self.degrees);
        TestedChange { p_value, measured: MeasuredChange::Logarithm(self) }
    }
}

/// No mean of installations is known better, in logarithms: a change of less than a hundredth is not worth an
/// alarm, and where nothing varies, rounding would be one.
const LEAST_ERROR: f64 = 0.0025;

/// A value of one installation and the weight that it has.
pub(super) type Weighted = (f64, f64);

/// Compares the means of two groups of installations, by the weights of these.
///
/// The statistic is a t with the larger one of two errors: that of Welch, which each group has a variance of
/// its own for, and that of Student, which has one for both. Under no change both are right. Rare large
/// values, such as an infrastructure that doubled, make Welch's too small if one group has none of them, and
/// Student's if the small group has them. The degrees of freedom are those of the group with fewer. One value
/// per installation: the days of an installation are not independent.
///
/// `None` if a group is smaller than [`FEWEST_COMPARED`].
pub(super) fn compare_means(treated: &[Weighted], control: &[Weighted]) -> Option<TestedChange> {
    if treated.len() < FEWEST_COMPARED || control.len() < FEWEST_COMPARED {
        return None;
    }
    let (treated, control) = (WeightedSample::new(treated), WeightedSample::new(control));
    let common = (treated.deviation + control.deviation) / (treated.count + control.count - 2.0);
    let student = common * (1.0 / treated.weight + 1.0 / control.weight);
    let welch = treated.squared_error + control.squared_error;
    let degrees = (treated.effective_count().min(control.effective_count()) - 1.0).max(1.0);
    let difference = treated.mean - control.mean;
    let error = (student.max(welch) + LEAST_ERROR * LEAST_ERROR).sqrt();
    Some(LogDifference { difference, error, degrees }.tested())
}

struct WeightedSample {
    count: f64,
    weight: f64,
    squared_weight: f64,
    mean: f64,
    /// The weighted sum of squared deviations.
    deviation: f64,
    squared_error: f64,
}

impl WeightedSample {
    fn new(values: &[Weighted]) -> Self {
        let count = values.len() as f64;
        let weight: f64 = values.iter().map(|(_, weight)| weight).sum();
        let mean = values.iter().map(|(value, weight)| value * weight).sum::<f64>() / weight;
        let squared = |power: i32| {
            values.iter().map(|(value, weight)| weight.powi(power) * (value - mean).powi(2)).sum::<f64>()
        };
        Self {
            count,
            weight,
            squared_weight: values.iter().map(|(_, weight)| weight * weight).sum(),
            mean,
            deviation: squared(1),
            squared_error: squared(2) / (weight * weight) * count / (count - 1.0),
        }
    }

    /// How many installations of equal weight would say as much.
    fn effective_count(&self) -> f64 {
        self.weight * self.weight / self.squared_weight
    }
}

/// How many installations switched a flag in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SwitchCounts {
    /// The installations that could have switched.
    pub(super) all: u64,
    /// Those that did.
    pub(super) switched: u64,
}

/// Switches in both directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FlagSwitches {
    pub(super) on: SwitchCounts,
    pub(super) off: SwitchCounts,
}

impl FlagSwitches {
    const fn all(self) -> u64 {
        self.on.all + self.off.all
    }

    /// Adds the switches of others.
    pub(super) const fn add(&mut self, other: Self) {
        self.on.all += other.on.all;
        self.on.switched += other.on.switched;
        self.off.all += other.off.all;
        self.off.switched += other.off.switched;
    }

    /// The change of the share of installations with the flag, and its variance.
    fn net_change(self) -> (f64, f64) {
        let all = self.all().max(1) as f64;
        let mean = (self.on.switched as f64 - self.off.switched as f64) / all;
        // One more of each keeps the variance of no switch at all above 0.
        let squares = (self.on.switched + self.off.switched + 1) as f64 / all;
        (mean, (squares - mean * mean).max(0.0) / all)
    }
}

/// Compares how often a flag was switched on and off in two groups of installations.
///
/// Each direction has Fisher's exact test ("Statistical Methods for Research Workers", 1934, §21.02): whether
/// those that took the release switched more often than the others. The p-value is twice the smaller one. It
/// is exact under no change, however few switches there are.
///
/// `None` if a group is smaller than [`FEWEST_COMPARED`].
pub(super) fn compare_switches(
    treated: FlagSwitches,
    control: FlagSwitches,
    factorials: &LogFactorials,
) -> Option<TestedChange> {
    let fewest = FEWEST_COMPARED as u64;
    if treated.all() < fewest || control.all() < fewest {
        return None;
    }
    let on = factorials.more_switched(treated.on, control.on);
    let off = factorials.more_switched(treated.off, control.off);
    let ((mean, variance), (control_mean, control_variance)) = (treated.net_change(), control.net_change());
    let measured = MeasuredChange::Share(mean - control_mean, (variance + control_variance).sqrt());
    Some(TestedChange { p_value: (2.0 * on.min(off)).min(1.0), measured })
}

/// The logarithms of factorials.
#[derive(Debug, Clone)]
pub(super) struct LogFactorials(Vec<f64>);

impl LogFactorials {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Makes all up to one known.
    pub(super) fn extend_to(&mut self, number: u64) {
        let mut last = self.0.last().copied().unwrap_or(0.0);
        for next in self.0.len() as u64..=number {
            last += (next.max(1) as f64).ln();
            self.0.push(last);
        }
    }

    fn of(&self, number: u64) -> f64 {
        usize::try_from(number).ok().and_then(|at| self.0.get(at)).copied().unwrap_or(f64::INFINITY)
    }

    fn choose(&self, all: u64, chosen: u64) -> f64 {
        self.of(all) - self.of(chosen) - self.of(all.saturating_sub(chosen))
    }

    /// The probability that so many of all switches, or more, are of treated installations.
    fn more_switched(&self, treated: SwitchCounts, control: SwitchCounts) -> f64 {
        let switched = treated.switched + control.switched;
        if treated.switched == 0 {
            return 1.0;
        }
        let all = self.choose(treated.all + control.all, switched);
        let most = switched.min(treated.all);
        let probability = |count: u64| {
            let of_control = switched - count;
            if of_control > control.all {
                return 0.0;
            }
            (self.choose(treated.all, count) + self.choose(control.all, of_control) - all).exp()
        };
        (treated.switched..=most).map(probability).sum::<f64>().min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    use super::*;

    fn factorials() -> LogFactorials {
        let mut factorials = LogFactorials::new();
        factorials.extend_to(2_000);
        factorials
    }

    fn counts(all: u64, switched: u64) -> SwitchCounts {
        SwitchCounts { all, switched }
    }

    #[test]
    fn the_exact_test_has_the_probabilities_of_printed_examples() {
        let factorials = factorials();
        for (treated, control, probability) in [
            // Fisher's tea: three of four right.
            (counts(4, 3), counts(4, 1), 0.242_857),
            (counts(4, 4), counts(4, 0), 0.014_286),
            // Fisher's twins: convicted ones of 13 and 17.
            (counts(13, 10), counts(17, 2), 0.000_465),
            (counts(10, 0), counts(10, 5), 1.0),
        ] {
            let found = factorials.more_switched(treated, control);
            assert!((found - probability).abs() < 1e-6, "{treated:?} {control:?}: {found}");
        }
    }

    #[test]
    fn small_groups_are_not_compared() {
        let few = vec![(0.1, 1.0); FEWEST_COMPARED - 1];
        let enough = vec![(0.0, 1.0); FEWEST_COMPARED];
        assert_eq!(compare_means(&few, &enough), None);
        assert_eq!(compare_means(&enough, &few), None);
        assert!(compare_means(&enough, &enough).is_some_and(|tested| tested.p_value == 1.0));
        let few = FlagSwitches { on: counts(10, 0), off: counts(9, 0) };
        let enough = FlagSwitches { on: counts(10, 0), off: counts(10, 0) };
        assert_eq!(compare_switches(few, enough, &factorials()), None);
        assert!(compare_switches(enough, enough, &factorials()).is_some());
    }

    #[test]
    fn a_difference_of_means_is_found_with_its_size() {
        let mut chance = StdRng::seed_from_u64(1);
        let mut sample = |mean: f64, count: usize| -> Vec<Weighted> {
            (0..count).map(|_| (mean + chance.random_range(-0.2..0.2), 1.0)).collect()
        };
        let tested = compare_means(&sample(1.1_f64.ln(), 200), &sample(0.0, 400)).unwrap();
        let ChangeSize::Relative { size, low, high } = tested.size() else { panic!("{tested:?}") };
        assert!(tested.p_value < 1e-9 && low < 0.1 && 0.1 < high && high - low < 0.06, "{tested:?}");
        assert!(low < size && size < high);
    }

    #[test]
    fn a_few_large_values_of_either_group_alone_are_no_finding() {
        let with = |many: usize, large: usize| -> Vec<Weighted> {
            (0..many).map(|at| (f64::from(u8::from(at < large)), 1.0)).collect()
        };
        for (treated, control) in [(with(160, 3), with(700, 0)), (with(100, 0), with(700, 14))] {
            let tested = compare_means(&treated, &control).unwrap();
            assert!(tested.p_value > 1e-3, "{tested:?}");
        }
    }

    proptest! {
        #[test]
        fn probabilities_of_the_exact_test_add_up(
            treated in 1_u64..60,
            control in 1_u64..60,
            share in 0.0..1.0_f64,
        ) {
            let factorials = factorials();
            let switched = ((treated + control) as f64 * share) as u64;
            let least = switched.saturating_sub(control);
            let tail = |count: u64| {
                factorials.more_switched(counts(treated, count), counts(control, switched - count))
            };
            prop_assert!((tail(least) - 1.0).abs() < 1e-9);
            let mut before = 1.0 + 1e-9;
            for count in least..=switched.min(treated) {
                prop_assert!(tail(count) <= before + 1e-9);
                before = tail(count);
            }
        }
    }
}
