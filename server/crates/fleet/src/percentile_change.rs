//! Tells how much a percentile differs between two groups of installations, with an interval.
//!
//! The interval has three parts:
//!
//! * The ranks of a percentile follow a binomial distribution, whatever the values are. The values between the
//!   ranks that it leaves open are the limits of a percentile (Conover, "Practical Nonparametric Statistics",
//!   1999, section 3.2).
//! * The limits of both percentiles become limits of their ratio (Zou and Donner, "Construction of confidence
//!   limits about effect measures", Statistics in Medicine 27, 2008).
//! * Both values are known to half a bucket each, so that a bucket is added on either side.
//!
//! The values of one installation are not independent of each other. A group counts as many values as it has
//! installations, however often each of them reported. The groups count as independent: that some
//! installations are in both makes the interval rather too wide.

use headcount_shared::api::FleetBucket;
use special::Beta as _;

use crate::log_bucket::GROWTH;

/// What is added to an interval, in buckets: a little more than one, so that rounding makes no step to the
/// next bucket a change.
const ADDED_BUCKETS: f64 = 1.000_001;

/// The values of a group.
#[derive(Debug, Clone, Copy)]
pub struct PercentileSample<'a> {
    /// Their buckets, in the order of the values.
    pub buckets: &'a [FleetBucket],
    /// How many installations they are of, or fewer.
    pub installations: f64,
}

/// By which factor a percentile is another one, less 1: 0.1 for a tenth more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PercentileChange {
    /// The lower end of the interval; at least -1.
    pub low: f64,
    /// The upper end of the interval; infinite if there is none.
    pub high: f64,
}

impl PercentileChange {
    /// The change from one group to another of the percentile with `share` (0 to 1) of the values below it.
    /// `outside` is the probability that the true change is not in the interval.
    ///
    /// `None` if a percentile is 0, or if the groups are too small for any interval.
    #[must_use]
    pub fn between(
        before: PercentileSample<'_>,
        after: PercentileSample<'_>,
        share: f64,
        outside: f64,
    ) -> Option<Self> {
        let (before, after) = (before.limits(share, outside)?, after.limits(share, outside)?);
        let difference = after.value - before.value;
        let bucket = ADDED_BUCKETS * GROWTH.ln();
        let down = (after.value - after.low).hypot(before.high - before.value) + bucket;
        let up = (after.high - after.value).hypot(before.value - before.low) + bucket;
        let change = Self { low: (difference - down).exp_m1(), high: (difference + up).exp_m1() };
        (change.low > -1.0 || change.high.is_finite()).then_some(change)
    }

    /// Whether there is a change at all, with the probability of the interval.
    #[must_use]
    pub const fn is_more_than_chance(self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// A percentile and its limits, as logarithms.
struct PercentileLimits {
    value: f64,
    low: f64,
    high: f64,
}

impl PercentileSample<'_> {
    fn limits(self, share: f64, outside: f64) -> Option<PercentileLimits> {
        let total: u64 = self.buckets.iter().map(|bucket| bucket.count).sum();
        if total == 0 || self.installations <= 0.0 {
            return None;
        }
        let mut sum = 0;
        let below: Vec<f64> = self
            .buckets
            .iter()
            .map(|bucket| {
                sum += bucket.count;
                part(sum, total)
            })
            .collect();
        let rank = BinomialRank { values: self.installations, share };
        let tail = outside / 2.0;
        let value = below.partition_point(|below| *below < share);
        let low = below.partition_point(|below| rank.at_most(*below) <= tail);
        let high = below.partition_point(|below| rank.at_least(*below) > tail);
        let value = self.logarithm(value)?;
        let low = if rank.at_most(0.0) > tail { f64::NEG_INFINITY } else { self.logarithm(low)? };
        let high = if rank.at_least(1.0) > tail { f64::INFINITY } else { self.logarithm(high)? };
        value.is_finite().then_some(PercentileLimits { value, low, high })
    }

    /// The logarithm of the value that stands for a bucket, the last one at most.
    fn logarithm(self, place: usize) -> Option<f64> {
        let bucket = self.buckets.get(place.min(self.buckets.len().checked_sub(1)?))?;
        Some(bucket.up_to.ln() - GROWTH.ln() / 2.0)
    }
}

/// How many of some values are below the percentile of all.
#[derive(Debug, Clone, Copy)]
struct BinomialRank {
    values: f64,
    share: f64,
}

impl BinomialRank {
    /// The probability that at most a part (0 to 1) of the values is below it.
    fn at_most(self, part: f64) -> f64 {
        let below = part * self.values;
        if part >= 1.0 {
            return 1.0;
        }
        incomplete_beta(1.0 - self.share, self.values - below, below + 1.0)
    }

    /// The probability that at least a part of the values is below it.
    fn at_least(self, part: f64) -> f64 {
        let below = part * self.values;
        if part <= 0.0 {
            return 1.0;
        }
        incomplete_beta(self.share, below, self.values - below + 1.0)
    }
}

fn incomplete_beta(x: f64, p: f64, q: f64) -> f64 {
    x.inc_beta(p, q, p.ln_beta(q))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn part(count: u64, all: u64) -> f64 {
    count as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    use super::*;
    use crate::log_bucket::{LogBucket, LogHistogram};

    const DAYS: u64 = 10;

    fn buckets(values: impl IntoIterator<Item = f64>) -> Vec<FleetBucket> {
        let mut histogram = LogHistogram::default();
        for value in values {
            histogram.add(LogBucket::containing(value), DAYS);
        }
        let bucket = |(bucket, count): (LogBucket, u64)| FleetBucket { up_to: bucket.upper_edge(), count };
        histogram.buckets().map(bucket).collect()
    }

    /// Installations whose values differ by a factor of about two, the same on each of their days.
    fn installations(random: &mut StdRng, number: u32, factor: f64) -> Vec<FleetBucket> {
        let mut logarithm = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        buckets((0..number).map(|_| factor * (0.7 * logarithm()).exp()))
    }

    fn change(before: &[FleetBucket], after: &[FleetBucket], number: u32) -> Option<PercentileChange> {
        let sample = |buckets| PercentileSample { buckets, installations: number.into() };
        PercentileChange::between(sample(before), sample(after), 0.5, 0.05)
    }

    #[test]
    fn groups_of_the_same_fleet_rarely_differ_by_more_than_chance_however_often_each_reported() {
        let mut random = StdRng::seed_from_u64(1);
        for number in [10, 60, 400] {
            let mut group = || installations(&mut random, number, 1.0);
            let found = (0..500).filter(|_| {
                let change = change(&group(), &group(), number);
                change.is_some_and(PercentileChange::is_more_than_chance)
            });
            let found = found.count();
            assert!(found <= 25, "{found} of 500 groups of {number}");
        }
    }

    #[test]
    fn a_change_that_is_large_for_so_many_installations_is_found_and_in_its_interval() {
        let mut random = StdRng::seed_from_u64(2);
        for (number, factor) in [(30, 4.0), (100, 2.0), (2000, 1.3)] {
            let [before, after] = [1.0, factor].map(|factor| installations(&mut random, number, factor));
            let change = change(&before, &after, number).unwrap();
            assert!(change.is_more_than_chance(), "{number} {change:?}");
            assert!((change.low..=change.high).contains(&(factor - 1.0)), "{number} {change:?}");
        }
    }

    #[test]
    fn a_step_to_the_next_bucket_is_no_change() {
        let of = |value| buckets(std::iter::repeat_n(value, 1000));
        let one_step = change(&of(1.05), &of(1.12), 1000).unwrap();
        assert!(!one_step.is_more_than_chance(), "{one_step:?}");
        assert!(change(&of(1.05), &of(1.4), 1000).unwrap().is_more_than_chance());
        assert!(change(&of(1.4), &of(1.05), 1000).unwrap().is_more_than_chance());
    }

    #[test]
    fn few_installations_and_values_of_zero_have_no_interval() {
        let of = |value| buckets(std::iter::repeat_n(value, 5));
        assert_eq!(change(&of(1.0), &of(9.0), 5), None);
        assert_eq!(change(&of(0.0), &of(9.0), 500), None);
        assert_eq!(change(&[], &of(9.0), 500), None);
        assert_eq!(change(&of(1.0), &of(9.0), 0), None);
        let rank = |values, share| BinomialRank { values, share };
        assert!((rank(10.0, 0.5).at_most(0.2) - 0.0547).abs() < 1e-4);
        assert!((rank(10.0, 0.5).at_least(0.8) - 0.0547).abs() < 1e-4);
        assert!((rank(20.0, 0.95).at_least(1.0) - 0.3585).abs() < 1e-4);
    }
}
