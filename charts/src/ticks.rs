//! Round values and days for the marks of an axis.

use crate::{calendar_day::ChartDay, number_format::ValueUnit, scale::ValueRange};

/// The most ticks of an axis.
pub const MOST_TICKS: usize = 10;

/// Intervals of ticks that fit into a range at least.
const LEAST_INTERVALS: f64 = 3.0;

/// Which numbers are round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundSteps {
    /// 1, 2 and 5 times a power of ten.
    Decimal,
    /// A power of two, for bytes.
    Binary,
    /// What clocks are divided in, for durations in seconds: `15` and `30`, minutes, hours and days.
    Seconds,
    /// The same in microseconds.
    Microseconds,
}

/// Round durations from a second to a day. Between neighbours is a factor that leaves ten ticks at most.
const DURATION_STEPS: [f64; 18] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1800.0,
    3600.0,
    7200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    DAY_SECONDS,
];

const DAY_SECONDS: f64 = 86_400.0;

impl RoundSteps {
    /// Those of the values of a chart.
    #[must_use]
    pub const fn of_unit(unit: ValueUnit) -> Self {
        match unit {
            ValueUnit::Count | ValueUnit::Share | ValueUnit::Cores => Self::Decimal,
            ValueUnit::Bytes => Self::Binary,
            ValueUnit::Seconds => Self::Seconds,
            ValueUnit::Microseconds => Self::Microseconds,
        }
    }

    /// The largest round step that fits into a length at least three times.
    #[must_use]
    pub fn step_within(self, length: f64) -> f64 {
        let most = length / LEAST_INTERVALS;
        match self {
            Self::Binary => most.log2().floor().exp2(),
            Self::Decimal => decimal_step(most),
            Self::Seconds => duration_step(most),
            Self::Microseconds => duration_step(most / 1e6) * 1e6,
        }
    }
}

/// The largest product of a power of ten with 1, 2 or 5 that is not above `most`.
fn decimal_step(most: f64) -> f64 {
    let power = 10.0_f64.powf(most.log10().floor());
    let factor = [5.0, 2.0].into_iter().find(|factor| factor * power <= most);
    factor.unwrap_or(1.0) * power
}

/// The largest round duration in seconds that is not above `most`.
fn duration_step(most: f64) -> f64 {
    if most >= DAY_SECONDS {
        return decimal_step(most / DAY_SECONDS) * DAY_SECONDS;
    }
    let step = DURATION_STEPS.into_iter().rev().find(|step| *step <= most);
    step.unwrap_or_else(|| decimal_step(most))
}

/// The multiples of a round step in a range: 3 to 10.
#[must_use]
pub fn linear_ticks(range: ValueRange, steps: RoundSteps) -> Vec<f64> {
    let step = steps.step_within(range.length());
    // A multiple that is off by the last bit still counts as in the range.
    let first = (range.min() / step - 1e-6).ceil();
    let last = (range.max() / step + 1e-6).floor();
    let mut ticks = Vec::new();
    let mut multiple = first;
    while multiple <= last && ticks.len() < MOST_TICKS {
        ticks.push((multiple * step).clamp(range.min(), range.max()));
        multiple += 1.0;
    }
    ticks
}

/// The range that ends at round values, so that its first and last tick are its ends.
#[must_use]
pub fn rounded_out(range: ValueRange, steps: RoundSteps) -> ValueRange {
    let step = steps.step_within(range.length());
    ValueRange::between((range.min() / step + 1e-6).floor() * step, (range.max() / step - 1e-6).ceil() * step)
}

/// Round values between two positive ones for a logarithmic scale: powers of ten, and values between them
/// where powers alone are too few, or powers of two. 3 to 10, if the greatest value is at least 1 % above the
/// least; otherwise none.
#[must_use]
pub fn log_ticks(min: f64, max: f64, steps: RoundSteps) -> Vec<f64> {
    if !(min > 0.0 && max.is_finite() && max / min >= 1.01) {
        return Vec::new();
    }
    let factors: &[&[f64]] = &[&[1.0], &[1.0, 3.0], &[1.0, 2.0, 5.0]];
    let candidates: Vec<Vec<f64>> = match steps {
        RoundSteps::Binary => vec![powers_of_two(min, max)],
        _ => factors.iter().map(|factors| powers_of_ten(min, max, factors)).collect(),
    };
    let enough = candidates.into_iter().find(|ticks| ticks.len() >= 3);
    enough.map_or_else(|| linear_ticks(ValueRange::between(min, max), steps), |ticks| thinned(&ticks))
}

/// The powers of two that are in a range, in order.
fn powers_of_two(min: f64, max: f64) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "the exponent of a float is small")]
    let [first, last] = [min.log2().floor() as i32, max.log2().ceil() as i32];
    (first..=last).map(|power| 2.0_f64.powi(power)).filter(|value| (min..=max).contains(value)).collect()
}

/// The products of powers of ten with `factors` that are in a range, in order.
fn powers_of_ten(min: f64, max: f64, factors: &[f64]) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "the exponent of a float is small")]
    let [first, last] = [min.log10().floor() as i32, max.log10().ceil() as i32];
    let products = (first..=last).flat_map(|power| {
        factors.iter().map(move |factor| format!("{factor}e{power}").parse::<f64>().unwrap_or(f64::NAN))
    });
    products.filter(|value| (min..=max).contains(value)).collect()
}

/// At most ten of the ticks, evenly.
fn thinned(ticks: &[f64]) -> Vec<f64> {
    ticks.iter().copied().step_by(ticks.len().div_ceil(MOST_TICKS).max(1)).collect()
}

/// A day on an axis, with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayTick {
    /// The day.
    pub day: ChartDay,
    /// The day, month or year that begins.
    pub label: String,
}

/// How far ticks of days are apart.
#[derive(Debug, Clone, Copy)]
enum DayStep {
    Days(u32),
    Weeks(u32),
    Months(u32),
    Years(u32),
}

/// From the finest. Between neighbours is a factor that leaves three ticks whenever the finer step has more
/// than ten.
const DAY_STEPS: [DayStep; 17] = [
    DayStep::Days(1),
    DayStep::Days(2),
    DayStep::Weeks(1),
    DayStep::Weeks(2),
    DayStep::Months(1),
    DayStep::Months(2),
    DayStep::Months(6),
    DayStep::Years(1),
    DayStep::Years(2),
    DayStep::Years(5),
    DayStep::Years(10),
    DayStep::Years(20),
    DayStep::Years(50),
    DayStep::Years(100),
    DayStep::Years(200),
    DayStep::Years(500),
    DayStep::Years(1000),
];

impl DayStep {
    fn begins_at(self, day: ChartDay) -> bool {
        let (year, month, day_of_month) = day.date();
        match self {
            Self::Days(days) => day.days_since_epoch().is_multiple_of(days),
            Self::Weeks(weeks) => day.is_monday() && (day.days_since_epoch() / 7).is_multiple_of(weeks),
            Self::Months(months) => day_of_month == 1 && (month - 1).is_multiple_of(months),
            Self::Years(years) => day_of_month == 1 && month == 1 && year.is_multiple_of(years),
        }
    }

    fn label(self, day: ChartDay) -> String {
        match self {
            Self::Days(_) | Self::Weeks(_) => day.short_text(),
            Self::Months(_) => day.month_text(),
            Self::Years(_) => day.date().0.to_string(),
        }
    }
}

/// Days, Mondays, or first days of months or years between two days, both included: 3 to 10, or all days if
/// there are fewer.
#[must_use]
pub fn day_ticks(first: ChartDay, last: ChartDay) -> Vec<DayTick> {
    let days = last.days_since_epoch().saturating_sub(first.days_since_epoch());
    for step in DAY_STEPS {
        let all = (0..=days).map(|offset| first.plus_days(offset)).filter(|day| step.begins_at(*day));
        let begins: Vec<ChartDay> = all.take(MOST_TICKS + 1).collect();
        if begins.len() <= MOST_TICKS {
            return begins.into_iter().map(|day| DayTick { day, label: step.label(day) }).collect();
        }
    }
    Vec::new()
}

/// How far ticks within a day are apart, in seconds, from the finest.
const MOMENT_STEPS: [u32; 13] = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];

/// Round times between two, both included, in Unix seconds: at most 10. None if they are weeks apart.
#[must_use]
pub fn moment_ticks(first: u32, last: u32) -> Vec<u32> {
    let fits = |step: &u32| (last / step).saturating_sub(first / step) < MOST_TICKS as u32;
    let Some(step) = MOMENT_STEPS.into_iter().find(fits) else { return Vec::new() };
    (first.div_ceil(step)..=last / step).map(|number| number * step).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STEPS: [RoundSteps; 4] =
        [RoundSteps::Decimal, RoundSteps::Binary, RoundSteps::Seconds, RoundSteps::Microseconds];

    #[test]
    fn ticks_are_round() {
        let cases: [(f64, f64, RoundSteps, &[f64]); 6] = [
            (0.0, 100.0, RoundSteps::Decimal, &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0]),
            (0.0, 3.0, RoundSteps::Decimal, &[0.0, 1.0, 2.0, 3.0]),
            (-7.0, 8.0, RoundSteps::Decimal, &[-5.0, 0.0, 5.0]),
            (0.0, 5000.0, RoundSteps::Binary, &[0.0, 1024.0, 2048.0, 3072.0, 4096.0]),
            (0.0, 100.0, RoundSteps::Seconds, &[0.0, 30.0, 60.0, 90.0]),
            (0.0, 100.0, RoundSteps::Microseconds, &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0]),
        ];
        for (min, max, steps, ticks) in cases {
            assert_eq!(linear_ticks(ValueRange::between(min, max), steps), ticks, "{min} {max}");
        }
    }

    #[test]
    fn a_range_can_end_at_ticks() {
        let range = rounded_out(ValueRange::between(0.0, 1234.0), RoundSteps::Decimal);
        assert_eq!((range.min(), range.max()), (0.0, 1400.0));
        let same = ValueRange::between(0.0, 100.0);
        assert_eq!(rounded_out(same, RoundSteps::Decimal), same);
    }

    #[test]
    fn ticks_of_logarithms_are_powers_of_ten_where_possible() {
        let cases: [(f64, f64, &[f64]); 4] = [
            (1.0, 1000.0, &[1.0, 10.0, 100.0, 1000.0]),
            (0.5, 20.0, &[1.0, 3.0, 10.0]),
            (2.0, 11.0, &[2.0, 5.0, 10.0]),
            (2.0, 4.0, &[2.0, 2.5, 3.0, 3.5, 4.0]),
        ];
        for (min, max, ticks) in cases {
            assert_eq!(log_ticks(min, max, RoundSteps::Decimal), ticks, "{min} {max}");
        }
        let of_bytes = log_ticks(1000.0, 9000.0, RoundSteps::Binary);
        assert_eq!(of_bytes, [1024.0, 2048.0, 4096.0, 8192.0]);
        assert!(log_ticks(0.0, 4.0, RoundSteps::Decimal).is_empty());
    }

    #[test]
    fn ticks_of_days_are_where_weeks_months_or_years_begin() {
        // From 2026-11-28, a Saturday.
        let first = ChartDay::from_days_since_epoch(20_785);
        let labels = |days| {
            let ticks = day_ticks(first, first.plus_days(days));
            ticks.into_iter().map(|tick| tick.label.replace('\u{a0}', " ")).collect::<Vec<_>>()
        };
        assert_eq!(labels(0), ["28 Nov"]);
        assert_eq!(labels(2), ["28 Nov", "29 Nov", "30 Nov"]);
        assert_eq!(labels(27), ["30 Nov", "7 Dec", "14 Dec", "21 Dec"]);
        assert_eq!(labels(150), ["Dec", "Jan 2027", "Feb", "Mar", "Apr"]);
        assert_eq!(labels(2000), ["2027", "2028", "2029", "2030", "2031", "2032"]);
    }

    proptest! {
        #[test]
        fn ticks_are_three_to_ten_and_in_the_range(min in -1e12..1e12_f64, exponent in -2.0..12.0_f64) {
            let range = ValueRange::between(min, min + 10_f64.powf(exponent));
            for steps in STEPS {
                let ticks = linear_ticks(range, steps);
                prop_assert!((3..=MOST_TICKS).contains(&ticks.len()), "{range:?} {ticks:?}");
                prop_assert!(ticks.iter().all(|tick| (range.min()..=range.max()).contains(tick)));
                prop_assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]));
                let out = rounded_out(range, steps);
                prop_assert!(out.min() <= range.min() + 1e-5 * range.length());
                prop_assert!(out.max() >= range.max() - 1e-5 * range.length());
            }
        }

        #[test]
        fn ticks_of_logarithms_are_three_to_ten_and_in_the_range(
            min in -12.0..12.0_f64, decades in 0.01..20.0_f64,
        ) {
            let (min, max) = (10_f64.powf(min), 10_f64.powf(min + decades));
            for steps in STEPS {
                let ticks = log_ticks(min, max, steps);
                prop_assert!((3..=MOST_TICKS).contains(&ticks.len()), "{min} {max} {ticks:?}");
                prop_assert!(ticks.iter().all(|tick| (min..=max).contains(tick)));
                prop_assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]));
            }
        }

        #[test]
        fn ticks_of_days_are_three_to_ten_and_in_the_range(first in 0..200_000_u32, days in 2..20_000_u32) {
            let first = ChartDay::from_days_since_epoch(first);
            let last = first.plus_days(days);
            let ticks = day_ticks(first, last);
            prop_assert!((3..=MOST_TICKS).contains(&ticks.len()), "{first} {last} {ticks:?}");
            prop_assert!(ticks.iter().all(|tick| (first..=last).contains(&tick.day)));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].day < pair[1].day));
        }
    }
}
