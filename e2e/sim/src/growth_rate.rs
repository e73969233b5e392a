//! Defines time ranges and the growth of counters.

/// A time range in Unix seconds, from its begin, included, to its end, excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeSpan {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

/// A constant growth rate, with another rate during one time range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GrowthRate {
    per_second: f64,
    meanwhile: Option<(TimeSpan, f64)>,
}

impl TimeSpan {
    pub(crate) fn seconds(self) -> i64 {
        (self.until - self.from).max(0)
    }

    /// The intersection of two time ranges.
    pub(crate) fn with(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }
}

impl GrowthRate {
    pub(crate) const fn even(per_second: f64) -> Self {
        Self { per_second, meanwhile: None }
    }

    /// Sets another rate for a time range.
    pub(crate) const fn meanwhile(self, span: TimeSpan, per_second: f64) -> Self {
        Self { meanwhile: Some((span, per_second)), ..self }
    }

    /// Whether both rates are 0.
    pub(crate) fn is_still(&self) -> bool {
        self.per_second == 0.0 && self.meanwhile.is_none_or(|(_, per_second)| per_second == 0.0)
    }

    /// Multiplies both rates.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            per_second: self.per_second * factor,
            meanwhile: self.meanwhile.map(|(span, per_second)| (span, per_second * factor)),
        }
    }

    /// The growth in a time range.
    pub(crate) fn grown(&self, within: TimeSpan) -> f64 {
        let base = self.per_second * within.seconds() as f64;
        let more = self
            .meanwhile
            .map(|(span, per_second)| (per_second - self.per_second) * within.with(span).seconds() as f64);
        base + more.unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_meanwhile_grows_only_then() {
        let rate = GrowthRate::even(2.0).meanwhile(TimeSpan { from: 100, until: 200 }, 5.0);
        for (from, until, grown) in
            [(0, 100, 200.0), (0, 150, 450.0), (120, 130, 50.0), (150, 300, 450.0), (300, 200, 0.0)]
        {
            assert_eq!(rate.grown(TimeSpan { from, until }), grown, "from {from} until {until}");
        }
        assert!(
            !rate.is_still()
                && !GrowthRate::even(0.0).meanwhile(TimeSpan { from: 0, until: 1 }, 1.0).is_still()
        );
        assert!(rate.times(0.0).is_still());
    }
}
