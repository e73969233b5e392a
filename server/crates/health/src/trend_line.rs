//! Linear regression.

/// The straight line that fits some points best, by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TrendLine {
    /// The mean of the moments, in Unix seconds.
    middle: f64,
    /// The value there.
    value: f64,
    /// The slope per second.
    slope: f64,
}

impl TrendLine {
    /// The line through values at moments in Unix seconds; `None` for fewer than two different moments.
    #[must_use]
    pub(crate) fn through(points: &[(u32, f64)]) -> Option<Self> {
        let count = points.len() as f64;
        let mean = |of: fn(&(u32, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (middle, value) = (mean(|(at, _)| f64::from(*at)), mean(|(_, value)| *value));
        let (mut spread, mut together) = (0.0, 0.0);
        for (at, other) in points {
            let away = f64::from(*at) - middle;
            spread += away * away;
            together += away * (other - value);
        }
        (spread > 0.0).then(|| Self { middle, value, slope: together / spread })
    }

    /// The value of the line at a moment in Unix seconds.
    #[must_use]
    pub(crate) fn at(&self, moment: u32) -> f64 {
        self.value + self.slope * (f64::from(moment) - self.middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: u32 = 1_700_000_000;

    fn line(values: &[f64]) -> Option<TrendLine> {
        let moments = (FROM..).step_by(60);
        TrendLine::through(&moments.zip(values.iter().copied()).collect::<Vec<_>>())
    }

    #[test]
    fn a_line_is_found_again_wherever_its_points_are() {
        let line = TrendLine::through(&[(FROM, 5.0), (FROM + 30, 8.0), (FROM + 100, 15.0)]).unwrap();
        for (at, expected) in [(FROM, 5.0), (FROM + 50, 10.0), (FROM - 50, 0.0), (FROM + 3600, 365.0)] {
            assert!((line.at(at) - expected).abs() < 1e-6, "{at}");
        }
    }

    #[test]
    fn the_squares_of_what_the_points_are_off_are_least() {
        // Worked out by hand: the slope is 0.6 a step, and 2.2 at the start.
        let line = line(&[2.0, 4.0, 2.0, 4.0, 5.0]).unwrap();
        assert!((line.at(FROM) - 2.2).abs() < 1e-6);
        assert!((line.at(FROM + 240) - 4.6).abs() < 1e-6);
    }

    #[test]
    fn one_moment_is_no_line() {
        assert_eq!(line(&[]), None);
        assert_eq!(line(&[1.0]), None);
        assert_eq!(TrendLine::through(&[(FROM, 1.0), (FROM, 2.0)]), None);
    }
}
