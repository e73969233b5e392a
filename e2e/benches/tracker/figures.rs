//! What are many figures in one line?

use std::fmt;

/// Figures of one kind, in ascending order.
#[derive(Debug)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn new(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// The smallest figure that so many of a hundred do not exceed. Not a number where there is none.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }
}

/// The median and the range, in whole numbers.
impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.0} ({:.0} to {:.0})", self.median(), self.percentile(0), self.percentile(100))
    }
}
