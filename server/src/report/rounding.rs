//! Rounds the measured numbers of a report, so that they do not identify an installation.
//!
//! Times and CPU usage have three significant digits, memory is in steps of 64 KiB, and the sizes of result
//! sets are exact up to 99 and have two significant digits above. Counts of things in the installation stay
//! exact.

use headcount_shared::payload::{ConstructorPerformance, Payload};

/// The step of memory, in bytes.
const MEMORY_STEP: u64 = 64 * 1024;

/// Significant digits of times and CPU usage.
const TIME_DIGITS: i32 = 3;

/// The largest size of a result set that is exact: it has two digits.
const EXACT_COUNT: u64 = 99;

/// Rounds all measured numbers of a report. Rounding twice changes nothing.
pub fn round_report(report: &mut Payload) {
    let ux = &mut report.ux;
    for time in [&mut ux.world_load_time_avg, &mut ux.audit_time_avg] {
        *time = round_time(*time);
    }
    let performance = &mut report.performance;
    round_constructor(&mut performance.constructor);
    performance.cpu_usage.iter_mut().for_each(|cores| *cores = round_time(*cores));
    performance.memory_usage.iter_mut().for_each(|bytes| *bytes = round_memory(*bytes));
}

fn round_constructor(constructor: &mut ConstructorPerformance) {
    constructor.stages.values_mut().for_each(|time| *time = round_time(*time));
    for query in constructor.queries.values_mut() {
        query.query_time = round_time(query.query_time);
        query.metrics_count = round_count(query.metrics_count);
    }
}

/// A time in seconds, or a number of cores, to three significant digits.
#[must_use]
pub fn round_time(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // This goes through text, because scaling by powers of ten gives numbers with extra digits.
    let digits = usize::try_from(TIME_DIGITS - 1).unwrap_or_default();
    format!("{value:.digits$e}").parse().unwrap_or(value)
}

/// Bytes of memory to the nearest step.
#[must_use]
pub const fn round_memory(bytes: u64) -> u64 {
    (bytes / MEMORY_STEP + (bytes % MEMORY_STEP) / (MEMORY_STEP / 2)).saturating_mul(MEMORY_STEP)
}

/// A size of a result set: exact up to 99, above to two significant digits.
#[must_use]
pub const fn round_count(count: u64) -> u64 {
    if count <= EXACT_COUNT {
        return count;
    }
    let step = 10_u64.pow(count.ilog10() - 1);
    (count / step + (count % step) / step.div_ceil(2)).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_have_three_significant_digits() {
        for (exact, rounded) in [
            (0.0, 0.0),
            (0.022_014_374, 0.022),
            (0.000_004_882, 0.000_004_88),
            (0.017_349_9, 0.0173),
            (0.017_350_1, 0.0174),
            (1.0, 1.0),
            (12.345, 12.3),
            (1234.5, 1230.0),
            (0.999_6, 1.0),
            (99.96, 100.0),
        ] {
            assert_eq!(round_time(exact), rounded, "{exact}");
        }
        assert!(round_time(f64::NAN).is_nan());
    }

    #[test]
    fn memory_is_in_steps_of_64_kib() {
        for (exact, rounded) in [
            (0, 0),
            (32_767, 0),
            (32_768, 65_536),
            (65_536, 65_536),
            (27_086_848, 27_066_368),
            (27_131_904, 27_131_904),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(round_memory(exact), rounded, "{exact}");
        }
    }

    #[test]
    fn sizes_are_exact_up_to_99_and_have_two_digits_above() {
        for (exact, rounded) in [
            (0, 0),
            (7, 7),
            (99, 99),
            (100, 100),
            (104, 100),
            (105, 110),
            (130, 130),
            (994, 990),
            (995, 1000),
            (1249, 1200),
            (1250, 1300),
            (123_456, 120_000),
        ] {
            assert_eq!(round_count(exact), rounded, "{exact}");
        }
    }

    proptest! {
        #[test]
        fn rounding_twice_changes_nothing_and_once_not_much(time in 1e-9..1e6_f64, count in 0..10_000_000_u64, bytes in 0..1_u64 << 40) {
            let (time_once, count_once, bytes_once) = (round_time(time), round_count(count), round_memory(bytes));
            prop_assert_eq!(round_time(time_once), time_once);
            prop_assert_eq!(round_count(count_once), count_once);
            prop_assert_eq!(round_memory(bytes_once), bytes_once);
            prop_assert!((time_once - time).abs() <= time * 0.005_001, "{} {}", time, time_once);
            prop_assert!(count_once.abs_diff(count) * 20 <= count, "{} {}", count, count_once);
            prop_assert!(bytes_once.abs_diff(bytes) <= MEMORY_STEP / 2);
            prop_assert_eq!(bytes_once % MEMORY_STEP, 0);
        }

        #[test]
        fn a_rounded_time_has_few_digits_in_json(time in 1e-9..1e6_f64) {
            let text = serde_json::to_string(&round_time(time)).unwrap();
            let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
            let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
            prop_assert!(digits.trim_matches('0').len() <= 3, "{}", text);
        }
    }
}
