//! Buckets of values whose widths grow with the value, so that percentiles have a bounded relative error.
//!
//! Bucket `n` has the values of `GROWTH^(n - 1)` exclusive to `GROWTH^n` inclusive. Histograms over such
//! buckets merge by addition, in any order and in any storage engine.

use serde::{Deserialize, Serialize};

/// The factor between the edges of a bucket. An estimate is within 5 % of the value.
pub const GROWTH: f64 = 1.1;

/// The index of the bucket of zero, of negative values and of what is no number.
const ZERO: i16 = i16::MIN;

/// The largest index of a bucket, on both sides: `1.1^400` is `3.6e16`.
const EDGE: f64 = 400.0;

/// A bucket. Orders by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogBucket(i16);

impl LogBucket {
    /// The bucket of zero.
    pub const ZERO: Self = Self(ZERO);

    /// The bucket of a value. Values below `1e-16` or above `3e16` are in the outermost buckets; negative values and NaN
    /// are in that of zero.
    #[must_use]
    pub fn containing(value: f64) -> Self {
        // A NaN is not greater either.
        if value > 0.0 {
            let index = (value.ln() / GROWTH.ln()).ceil().clamp(-EDGE, EDGE);
            #[expect(clippy::cast_possible_truncation, reason = "the value is within the edges")]
            Self(index as i16)
        } else {
            Self::ZERO
        }
    }

    /// The value that stands for the bucket: the geometric mean of its edges.
    #[must_use]
    pub fn estimate(self) -> f64 {
        if self == Self::ZERO { 0.0 } else { GROWTH.powf(f64::from(self.0) - 0.5) }
    }

    /// The natural logarithm of [`Self::estimate`]; negative infinity for the bucket of zero.
    #[must_use]
    pub fn logarithm(self) -> f64 {
        if self == Self::ZERO { f64::NEG_INFINITY } else { (f64::from(self.0) - 0.5) * GROWTH.ln() }
    }

    /// The upper edge of the bucket.
    #[must_use]
    pub fn upper_edge(self) -> f64 {
        if self == Self::ZERO { 0.0 } else { GROWTH.powi(i32::from(self.0)) }
    }

    /// The index, for storage.
    #[must_use]
    pub const fn index(self) -> i16 {
        self.0
    }

    /// The bucket with an index from storage.
    #[must_use]
    pub const fn from_index(index: i16) -> Self {
        Self(index)
    }
}

/// How many values are in each bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogHistogram {
    /// The buckets with values, sorted: there are few, and most are there already when a value is added.
    counts: Vec<(LogBucket, u64)>,
    total: u64,
}

impl LogHistogram {
    /// Adds `count` values of a bucket.
    pub fn add(&mut self, bucket: LogBucket, count: u64) {
        if count == 0 {
            return;
        }
        self.total += count;
        match self.counts.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => {
                if let Some((_, known)) = self.counts.get_mut(at) {
                    *known += count;
                }
            }
            Err(at) => self.counts.insert(at, (bucket, count)),
        }
    }

    /// The number of values.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The buckets with values, in the order of the values.
    pub fn buckets(&self) -> impl Iterator<Item = (LogBucket, u64)> {
        self.counts.iter().copied()
    }

    /// The bucket of the value below or at which a `share` (0 to 1) of the values is; `None` without values.
    #[must_use]
    pub fn percentile_bucket(&self, share: f64) -> Option<LogBucket> {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let rank = (self.total as f64 * share.clamp(0.0, 1.0)).ceil().max(1.0);
        let mut below = 0.0;
        for (bucket, count) in &self.counts {
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            {
                below += *count as f64;
            }
            if below >= rank {
                return Some(*bucket);
            }
        }
        None
    }

    /// The estimate of the value at a percentile; `None` without values.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Option<f64> {
        self.percentile_bucket(share).map(LogBucket::estimate)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_no_logarithm_is_in_the_bucket_of_zero() {
        for value in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(LogBucket::containing(value), LogBucket::ZERO);
        }
        assert_eq!(LogBucket::ZERO.estimate().to_bits(), 0.0_f64.to_bits());
        assert!(LogBucket::ZERO < LogBucket::containing(1e-300));
        assert_eq!(LogBucket::containing(f64::INFINITY), LogBucket::containing(1e300));
    }

    #[test]
    fn a_percentile_is_the_bucket_that_holds_its_rank() {
        let mut histogram = LogHistogram::default();
        assert_eq!(histogram.percentile(0.5), None);
        for value in 1..=100 {
            histogram.add(LogBucket::containing(f64::from(value)), 1);
        }
        for (share, value) in [(0.0, 1.0), (0.5, 50.0), (0.95, 95.0), (0.99, 99.0), (1.0, 100.0)] {
            assert_eq!(histogram.percentile_bucket(share), Some(LogBucket::containing(value)), "{share}");
        }
    }

    proptest! {
        #[test]
        fn an_estimate_is_within_five_percent(value in 1e-12_f64..1e15) {
            let estimate = LogBucket::containing(value).estimate();
            prop_assert!((estimate / value - 1.0).abs() < 0.05, "{estimate} for {value}");
        }

        #[test]
        fn a_bucket_is_found_again_by_its_estimate(index in -400_i16..=400) {
            let bucket = LogBucket::from_index(index);
            prop_assert_eq!(LogBucket::containing(bucket.estimate()), bucket);
            prop_assert!((bucket.logarithm() - bucket.estimate().ln()).abs() < 1e-9);
        }

        #[test]
        fn buckets_order_as_values(a in 1e-15_f64..1e15, b in 1e-15_f64..1e15) {
            let (a, b) = if a <= b { (a, b) } else { (b, a) };
            prop_assert!(LogBucket::containing(a) <= LogBucket::containing(b));
        }
    }
}
