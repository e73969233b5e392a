//! Holds sorted figures of one measure and computes percentiles.

use std::fmt;

/// Figures of one measure, in ascending order.
#[derive(Debug, Clone)]
pub struct SortedFigures(Vec<f64>);

impl SortedFigures {
    /// Sorts figures.
    #[must_use]
    pub fn new(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }

    /// The median; NaN without figures.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// The figures with the greatest median, if there are any.
    #[must_use]
    pub fn slowest(of_all: Vec<Self>) -> Option<Self> {
        of_all.into_iter().max_by(|one, other| one.median().total_cmp(&other.median()))
    }

    /// A percentile: the smallest figure that this percentage does not exceed; NaN without figures.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> f64 {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }
}

impl FromIterator<f64> for SortedFigures {
    fn from_iter<I: IntoIterator<Item = f64>>(figures: I) -> Self {
        Self::new(figures.into_iter().collect())
    }
}

impl From<f64> for SortedFigures {
    fn from(figure: f64) -> Self {
        Self(vec![figure])
    }
}

/// Writes the median, and the range if there are several figures.
impl fmt::Display for SortedFigures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", RoundedFigure(self.median()))?;
        if self.0.len() > 1 {
            let (least, most) = (RoundedFigure(self.percentile(0)), RoundedFigure(self.percentile(100)));
            write!(formatter, " ({least} to {most} of {})", self.0.len())?;
        }
        Ok(())
    }
}

/// Writes a figure with about three significant digits.
struct RoundedFigure(f64);

impl fmt::Display for RoundedFigure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.0.abs() {
            large if large >= 100.0 => 0,
            large if large >= 10.0 => 1,
            large if large >= 1.0 => 2,
            _ => 3,
        };
        write!(formatter, "{:.digits$}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_printed_with_their_range() {
        for (figures, expected) in [
            (vec![], "NaN"),
            (vec![0.8], "0.800"),
            (vec![3.0, 1.0, 2.0], "2.00 (1.00 to 3.00 of 3)"),
            (vec![12.34, 1234.5], "12.3 (12.3 to 1234 of 2)"),
        ] {
            assert_eq!(SortedFigures::new(figures).to_string(), expected);
        }
        assert!(
            (SortedFigures::new((1..=100).map(f64::from).collect()).percentile(99) - 99.0).abs()
                < f64::EPSILON
        );
    }
}
