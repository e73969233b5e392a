//! Finds how often Prometheus takes samples.

use crate::client::{AnswerTooLarge, SeriesSink};

/// Receives the answer to `timestamp(node_info) - <some time>`, whose values are the times of samples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SampleTimes {
    previous: Option<f32>,
    smallest: Option<f32>,
}

impl SampleTimes {
    /// The distance between the points to fetch, in seconds: the smallest distance between two samples of a
    /// series, rounded to a multiple of the refresh interval, but at least that interval, and at least a
    /// second.
    #[must_use]
    pub fn step(&self, refresh_interval: u32) -> u32 {
        let refresh_interval = refresh_interval.max(1);
        let multiples = f64::from(self.smallest.unwrap_or_default()) / f64::from(refresh_interval);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast ends at the bounds"
        )]
        let multiples = multiples.round() as u32;
        refresh_interval.saturating_mul(multiples.max(1))
    }

    /// Adds the time of a sample of the current series, in seconds. The same sample may occur repeatedly.
    fn add(&mut self, time: f32) {
        let distance = self.previous.replace(time).map(|previous| time - previous);
        let smallest = self.smallest.unwrap_or(f32::INFINITY);
        self.smallest =
            distance.filter(|distance| (f32::MIN_POSITIVE..smallest).contains(distance)).or(self.smallest);
    }
}

impl SeriesSink for SampleTimes {
    fn series(&mut self, _labels: &[&str]) -> Result<(), AnswerTooLarge> {
        self.previous = None;
        Ok(())
    }

    fn point(&mut self, _at: u32, value: f32) -> Result<(), AnswerTooLarge> {
        self.add(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(series: &[&[f32]], refresh_interval: u32) -> u32 {
        let mut times = SampleTimes::default();
        for samples in series {
            times.series(&[]).unwrap();
            for (at, sample) in (0..).zip(*samples) {
                times.point(at, *sample).unwrap();
            }
        }
        times.step(refresh_interval)
    }

    #[test]
    fn the_step_is_the_distance_of_samples_in_multiples_of_the_refresh_interval() {
        for (series, refresh_interval, expected) in [
            (&[][..], 15, 15),
            (&[], 0, 1),
            (&[&[3.0, 3.0, 3.0][..]], 30, 30),
            (&[&[0.0, 0.0, 30.0, 30.0, 60.0]], 15, 30),
            (&[&[0.0, 29.7, 60.1]], 15, 30),
            (&[&[0.0, 37.4]], 15, 30),
            (&[&[0.0, 37.6]], 15, 45),
            (&[&[0.0, 60.0, 120.0], &[7.0, 22.0]], 5, 15),
            (&[&[0.0, 5.0]], 15, 15),
            (&[&[0.0, 0.2]], 15, 15),
            (&[&[50.0], &[0.0], &[49.0]], 15, 15),
            (&[&[60.0, 30.0, 90.0]], 15, 60),
            (&[&[0.0, f32::INFINITY]], 15, 15),
            (&[&[0.0, 3e38]], 15, u32::MAX),
        ] {
            assert_eq!(step(series, refresh_interval), expected, "{series:?} at {refresh_interval}");
        }
    }
}
