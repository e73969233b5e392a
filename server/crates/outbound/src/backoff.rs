//! Computes the pause before another attempt.

use std::time::Duration;

/// The pause after `failures` failures in a row: `first` after one, twice as long after each further one, at
/// most `longest`.
#[must_use]
pub fn pause_after(failures: u32, first: Duration, longest: Duration) -> Duration {
    let doublings = failures.saturating_sub(1).min(u32::BITS - 1);
    first.saturating_mul(1 << doublings).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        for (first, longest, expected) in [
            (60, 3600, [60, 60, 120, 240, 480, 960, 1920, 3600, 3600]),
            (30, 3600, [30, 30, 60, 120, 240, 480, 960, 1920, 3600]),
            (10, 10, [10; 9]),
            (10, 5, [5; 9]),
            (0, 3600, [0; 9]),
        ] {
            let seconds = Duration::from_secs;
            let pause = |failures| pause_after(failures, seconds(first), seconds(longest));
            let found: Vec<u64> = (0..9).map(|failures| pause(failures).as_secs()).collect();
            assert_eq!(found, expected, "{first} {longest}");
        }
        assert_eq!(
            pause_after(u32::MAX, Duration::from_secs(1), Duration::MAX),
            Duration::from_secs(1 << 31)
        );
        assert_eq!(pause_after(u32::MAX, Duration::MAX, Duration::MAX), Duration::MAX);
    }
}
