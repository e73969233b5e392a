//! Scales from values to positions, and back.

/// The largest magnitude on an axis: differences of such values are finite.
const LARGEST: f64 = 1e300;

/// The least length of a range as a fraction of its largest magnitude, so that ticks in it differ.
const LEAST_RELATIVE_LENGTH: f64 = 1e-9;

/// Values from a least to a greatest one. Both are finite and they differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueRange {
    min: f64,
    max: f64,
}

impl ValueRange {
    /// The range between two values, in any order. Values that are no numbers count as 0, and a range that is
    /// too short to be told apart is widened.
    #[must_use]
    pub fn between(one: f64, other: f64) -> Self {
        let [one, other] =
            [one, other].map(|value| if value.is_nan() { 0.0 } else { value.clamp(-LARGEST, LARGEST) });
        let (min, max) = (one.min(other), one.max(other));
        let magnitude = min.abs().max(max.abs());
        let least_length = if magnitude == 0.0 { 1.0 } else { magnitude * LEAST_RELATIVE_LENGTH };
        if max - min >= least_length {
            return Self { min, max };
        }
        // One value alone: zero is a good neighbour.
        if max > 0.0 { Self { min: 0.0, max } } else { Self { min, max: if min < 0.0 { 0.0 } else { 1.0 } } }
    }

    /// The range of all finite values and zero; 0 to 1 if there are none.
    #[must_use]
    pub fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let (min, max) =
            finite.fold((0.0_f64, 0.0_f64), |(min, max), value| (min.min(value), max.max(value)));
        Self::between(min, max)
    }

    /// The least value.
    #[must_use]
    pub const fn min(self) -> f64 {
        self.min
    }

    /// The greatest value.
    #[must_use]
    pub const fn max(self) -> f64 {
        self.max
    }

    /// The difference of the greatest and the least value.
    #[must_use]
    pub fn length(self) -> f64 {
        self.max - self.min
    }
}

/// A scale on which equal differences have equal lengths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearScale {
    values: ValueRange,
    start: f64,
    end: f64,
}

impl LinearScale {
    /// The scale that puts the least value at `start` and the greatest at `end`, which may be before it.
    #[must_use]
    pub const fn new(values: ValueRange, start: f64, end: f64) -> Self {
        Self { values, start, end }
    }

    /// The position of a value. Values outside the range are at its ends.
    #[must_use]
    pub fn position(&self, value: f64) -> f64 {
        let value = if value.is_nan() { self.values.min } else { value };
        let share = ((value - self.values.min) / self.values.length()).clamp(0.0, 1.0);
        self.start + share * (self.end - self.start)
    }

    /// The value at a position.
    #[must_use]
    pub fn value(&self, position: f64) -> f64 {
        let share = (position - self.start) / (self.end - self.start);
        self.values.min + share * self.values.length()
    }
}

/// A scale on which equal factors have equal lengths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogScale {
    logarithms: LinearScale,
}

impl LogScale {
    /// The scale from `min` at `start` to `max` at `end`; `None` unless both values are finite and above
    /// zero, and `max` is above `min`.
    #[must_use]
    pub fn new(min: f64, max: f64, start: f64, end: f64) -> Option<Self> {
        let is_range = min > 0.0 && max.is_finite() && max.ln() - min.ln() > LEAST_RELATIVE_LENGTH;
        if !is_range {
            return None;
        }
        let values = ValueRange { min: min.ln(), max: max.ln() };
        Some(Self { logarithms: LinearScale::new(values, start, end) })
    }

    /// The position of a value. Values outside the range, zero and negative ones too, are at its ends.
    #[must_use]
    pub fn position(&self, value: f64) -> f64 {
        self.logarithms.position(value.max(f64::MIN_POSITIVE).ln())
    }

    /// The value at a position.
    #[must_use]
    pub fn value(&self, position: f64) -> f64 {
        self.logarithms.value(position).exp()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_finite_and_not_empty() {
        let cases = [
            (0.0, 0.0, 0.0, 1.0),
            (5.0, 5.0, 0.0, 5.0),
            (-5.0, -5.0, -5.0, 0.0),
            (3.0, -1.0, -1.0, 3.0),
            (f64::NAN, 2.0, 0.0, 2.0),
            (f64::NEG_INFINITY, f64::INFINITY, -LARGEST, LARGEST),
        ];
        for (one, other, min, max) in cases {
            let range = ValueRange::between(one, other);
            assert_eq!((range.min(), range.max()), (min, max), "{one} {other}");
        }
        assert_eq!(ValueRange::from_zero([]), ValueRange { min: 0.0, max: 1.0 });
        assert_eq!(ValueRange::from_zero([2.0, f64::NAN, 7.0]), ValueRange { min: 0.0, max: 7.0 });
    }

    #[test]
    fn there_is_no_logarithm_of_zero() {
        for (min, max) in
            [(0.0, 1.0), (-1.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, f64::INFINITY), (f64::NAN, 1.0)]
        {
            assert_eq!(LogScale::new(min, max, 0.0, 1.0), None, "{min} {max}");
        }
    }

    proptest! {
        #[test]
        fn linear_scales_are_monotone_and_can_be_inverted(
            min in -1e9..1e9_f64, length in 1e-3..1e9_f64, one in 0.0..1.0_f64, other in 0.0..1.0_f64,
        ) {
            let range = ValueRange::between(min, min + length);
            for (start, end) in [(0.0, 1.0), (220.0, 10.0)] {
                let scale = LinearScale::new(range, start, end);
                let shares = [one.min(other), one.max(other)];
                let [low, high] = shares.map(|share| range.min() + share * range.length());
                let direction = f64::signum(end - start);
                prop_assert!(direction * scale.position(low) <= direction * scale.position(high));
                let back = scale.value(scale.position(low));
                prop_assert!((back - low).abs() <= 1e-6 * range.length().max(low.abs()));
            }
        }

        #[test]
        fn logarithmic_scales_are_monotone_and_can_be_inverted(
            min in 1e-9..1e9_f64, factor in 1.01..1e9_f64, one in 0.0..1.0_f64, other in 0.0..1.0_f64,
        ) {
            let scale = LogScale::new(min, min * factor, 0.0, 1.0).unwrap();
            let [low, high] = [one.min(other), one.max(other)].map(|share| min * factor.powf(share));
            prop_assert!(scale.position(low) <= scale.position(high));
            let back = scale.value(scale.position(low));
            prop_assert!((back / low - 1.0).abs() < 1e-6);
        }

        #[test]
        fn positions_never_leave_the_picture(
            value in prop::num::f64::ANY, one in prop::num::f64::ANY, other in prop::num::f64::ANY,
        ) {
            let scale = LinearScale::new(ValueRange::between(one, other), 200.0, 20.0);
            prop_assert!((20.0..=200.0).contains(&scale.position(value)));
            if let Some(scale) = LogScale::new(one, other, 0.0, 1.0) {
                prop_assert!((0.0..=1.0).contains(&scale.position(value)));
            }
        }
    }
}
