//! Labels of the ticks of an axis: in the units of readings, with as many digits as the ticks differ in.

use crate::number_format::{ValueUnit, number_with_unit};

/// How far a label may be from its tick, as a part of the distance to the next tick.
const LABEL_TOLERANCE: f64 = 0.01;

/// More decimals than the smallest number has in the unit of its label.
const MOST_DECIMALS: u16 = 330;

/// What the title of an axis says beside percentages of processor time.
const OF_A_CORE: &str = "% of a core";

/// A label for each tick of an axis. Labels of different ticks differ, and each is a number that is off by at
/// most a hundredth of the distance to the nearest other tick.
#[must_use]
pub(crate) fn tick_labels(unit: ValueUnit, ticks: &[f64]) -> Vec<String> {
    let label = |(place, tick): (usize, &f64)| {
        let (factor, name) = unit.tick_unit(*tick);
        let (value, distance) = (tick / factor, nearest_distance(ticks, place, *tick) / factor);
        let label = number_with_unit(value, usize::from(needed_decimals(value, distance)), name);
        // One core and several: the noun follows the number.
        if label == number_with_unit(1.0, 0, "cores") { number_with_unit(1.0, 0, "core") } else { label }
    };
    ticks.iter().enumerate().map(label).collect()
}

/// The title of an axis with these labels. Labels say percent where readings say percent of a core, and the
/// title says the rest.
#[must_use]
pub(crate) fn axis_title(unit: ValueUnit, title: &str, labels: &[String]) -> String {
    let has_percent = unit == ValueUnit::Cores && labels.iter().any(|label| label.ends_with('%'));
    match (has_percent, title) {
        (false, _) => title.to_owned(),
        (true, "") => OF_A_CORE.to_owned(),
        (true, _) => format!("{title} · {OF_A_CORE}"),
    }
}

/// The distance from a tick to the nearest other one; that from zero if it is alone.
fn nearest_distance(ticks: &[f64], place: usize, tick: f64) -> f64 {
    let others = ticks.iter().enumerate().filter(|(other, _)| *other != place);
    others.map(|(_, other)| (other - tick).abs()).reduce(f64::min).unwrap_or(tick.abs())
}

/// The fewest decimals that tell a value from those at a distance.
fn needed_decimals(value: f64, distance: f64) -> u16 {
    let most_off = distance * LABEL_TOLERANCE;
    let is_enough = |decimals: &u16| {
        let power = 10.0_f64.powi(i32::from(*decimals));
        ((value * power).round() / power - value).abs() <= most_off
    };
    (0..MOST_DECIMALS).find(is_enough).unwrap_or(MOST_DECIMALS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        scale::ValueRange,
        ticks::{RoundSteps, linear_ticks, log_ticks, rounded_out},
    };

    const UNITS: [ValueUnit; 6] = [
        ValueUnit::Count,
        ValueUnit::Share,
        ValueUnit::Bytes,
        ValueUnit::Seconds,
        ValueUnit::Microseconds,
        ValueUnit::Cores,
    ];

    fn plain(labels: Vec<String>) -> Vec<String> {
        labels.into_iter().map(|label| label.replace('\u{202f}', " ").replace('\u{2212}', "-")).collect()
    }

    /// The labels of an axis from `min` to `max`.
    fn linear_labels(unit: ValueUnit, min: f64, max: f64) -> Vec<String> {
        let ticks = linear_ticks(ValueRange::between(min, max), RoundSteps::of_unit(unit));
        plain(tick_labels(unit, &ticks))
    }

    /// The value that a label tells.
    fn told_value(unit: ValueUnit, label: &str) -> f64 {
        let label = label.replace('\u{202f}', "").replace('\u{2212}', "-");
        let end = label.find(|character: char| !"-.0123456789".contains(character)).unwrap_or(label.len());
        let (number, name) = label.split_at(end);
        let factor = match name {
            "" | "B" | "s" | "core" | "cores" => 1.0,
            "%" => 0.01,
            "KiB" => 1024.0,
            "MiB" => 1_048_576.0,
            "GiB" => 1_073_741_824.0,
            "TiB" => 1_099_511_627_776.0,
            "PiB" => 1_125_899_906_842_624.0,
            "µs" => 1e-6,
            "ms" => 1e-3,
            "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            other => panic!("{other:?} is no unit"),
        };
        let of_unit = if unit == ValueUnit::Microseconds { 1e6 } else { 1.0 };
        number.parse::<f64>().unwrap() * factor * of_unit
    }

    /// Labels tell ticks apart, and their values to within half of the distance to the next one.
    fn check(unit: ValueUnit, ticks: &[f64]) -> Result<(), TestCaseError> {
        let labels = tick_labels(unit, ticks);
        let different: BTreeSet<&String> = labels.iter().collect();
        prop_assert_eq!(different.len(), ticks.len(), "{:?}", labels);
        for (place, (tick, label)) in ticks.iter().zip(&labels).enumerate() {
            let off = (told_value(unit, label) - tick).abs();
            let half_step = nearest_distance(ticks, place, *tick) / 2.0;
            prop_assert!(off < half_step.max(f64::MIN_POSITIVE), "{label} for {tick} in {labels:?}");
        }
        Ok(())
    }

    #[test]
    fn labels_have_the_digits_of_their_step_and_the_units_of_readings() {
        let cases: [(ValueUnit, f64, f64, &[&str]); 14] = [
            (ValueUnit::Count, 0.0, 3000.0, &["0", "1 000", "2 000", "3 000"]),
            (ValueUnit::Count, -7.0, 8.0, &["-5", "0", "5"]),
            (ValueUnit::Count, 0.0, 0.001, &["0", "0.0002", "0.0004", "0.0006", "0.0008", "0.001"]),
            (ValueUnit::Share, 0.0, 0.08, &["0 %", "2 %", "4 %", "6 %", "8 %"]),
            (ValueUnit::Share, 0.0, 0.000_06, &["0 %", "0.002 %", "0.004 %", "0.006 %"]),
            (ValueUnit::Bytes, 0.0, 3072.0, &["0 B", "1 KiB", "2 KiB", "3 KiB"]),
            (ValueUnit::Bytes, 0.0, 1280.0, &["0 B", "256 B", "512 B", "768 B", "1 KiB", "1.25 KiB"]),
            (ValueUnit::Seconds, 0.0, 0.03, &["0 s", "10 ms", "20 ms", "30 ms"]),
            (ValueUnit::Seconds, 0.0, 120.0, &["0 s", "30 s", "1 min", "1.5 min", "2 min"]),
            (ValueUnit::Microseconds, 0.0, 1500.0, &["0 s", "500 µs", "1 ms", "1.5 ms"]),
            (ValueUnit::Cores, 0.0078, 0.0086, &["0.78 %", "0.8 %", "0.82 %", "0.84 %", "0.86 %"]),
            (ValueUnit::Cores, 0.0, 0.3, &["0", "10 %", "20 %", "30 %"]),
            (ValueUnit::Cores, 0.0, 2.0, &["0", "50 %", "1 core", "1.5 cores", "2 cores"]),
            (ValueUnit::Cores, 0.0, 0.0, &["0", "20 %", "40 %", "60 %", "80 %", "1 core"]),
        ];
        for (unit, min, max, labels) in cases {
            assert_eq!(linear_labels(unit, min, max), labels, "{unit:?} {min} {max}");
        }
    }

    #[test]
    fn labels_of_a_logarithmic_axis_have_the_digits_of_each_tick() {
        let labels =
            |unit, min, max| plain(tick_labels(unit, &log_ticks(min, max, RoundSteps::of_unit(unit))));
        assert_eq!(labels(ValueUnit::Cores, 0.005, 2.0), ["1 %", "10 %", "1 core"]);
        assert_eq!(labels(ValueUnit::Seconds, 0.0008, 1.5), ["1 ms", "10 ms", "100 ms", "1 s"]);
        assert_eq!(labels(ValueUnit::Bytes, 9e5, 9e6), ["1 MiB", "2 MiB", "4 MiB", "8 MiB"]);
    }

    #[test]
    fn a_title_says_what_percentages_of_processor_time_are_of() {
        let title = |unit, title, label: &str| axis_title(unit, title, &["0".to_owned(), label.to_owned()]);
        assert_eq!(title(ValueUnit::Cores, "mean", "10\u{202f}%"), "mean · % of a core");
        assert_eq!(title(ValueUnit::Cores, "", "10\u{202f}%"), "% of a core");
        assert_eq!(title(ValueUnit::Cores, "mean", "2\u{202f}cores"), "mean");
        assert_eq!(title(ValueUnit::Share, "share", "10\u{202f}%"), "share");
    }

    #[test]
    fn an_axis_may_have_one_tick_or_none() {
        for unit in UNITS {
            assert_eq!(tick_labels(unit, &[]), [""; 0]);
            check(unit, &[0.0]).unwrap();
            check(unit, &[0.123]).unwrap();
        }
    }

    proptest! {
        #[test]
        fn labels_tell_ticks_apart_on_every_axis(
            min in prop_oneof![Just(0.0), -1e12..1e12_f64], exponent in -15.0..18.0_f64,
        ) {
            let range = ValueRange::between(min, min + 10_f64.powf(exponent));
            for unit in UNITS {
                let steps = RoundSteps::of_unit(unit);
                check(unit, &linear_ticks(range, steps))?;
                check(unit, &linear_ticks(rounded_out(range, steps), steps))?;
            }
        }

        #[test]
        fn labels_tell_ticks_apart_on_every_logarithmic_axis(
            min in -12.0..12.0_f64, decades in 0.01..20.0_f64,
        ) {
            let (min, max) = (10_f64.powf(min), 10_f64.powf(min + decades));
            for unit in UNITS {
                check(unit, &log_ticks(min, max, RoundSteps::of_unit(unit)))?;
            }
        }
    }
}
