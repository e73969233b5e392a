//! Writes and reads the thresholds of inspections, for applications and for projects.

use headcount_charts::number_format;
use headcount_shared::api::Unit;
use serde_json::Value;

/// What can be overridden of an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum OverrideKind {
    /// One number.
    Threshold,
    /// An objective: the share of requests that succeed.
    Availability,
    /// An objective: the share of requests that are quick, and what quick is.
    Latency,
}

impl OverrideKind {
    /// What can be overridden of the inspection with an id.
    pub(in crate::ui) fn of(inspection: &str) -> Self {
        match inspection {
            "SLOAvailability" => Self::Availability,
            "SLOLatency" => Self::Latency,
            _ => Self::Threshold,
        }
    }
}

/// The seconds that count as quick by default for an application that serves users.
pub(in crate::ui) const QUICK_S: f32 = 0.5;

/// A threshold in its unit, as it was set; a dash if it is unknown. Four decimals are all that a number of 32 bits
/// has near 100.
pub(in crate::ui) fn threshold_text(value: Option<f64>, unit: Unit) -> String {
    in_unit(value, unit, 4)
}

/// A measured value in the unit of its threshold; a dash if it is unknown. One that is almost a whole number has
/// more decimals, so that it is not taken for that.
pub(in crate::ui) fn measured_text(value: Option<f64>, unit: Unit) -> String {
    let is_almost_whole = value.is_some_and(|value| (value - value.round()).abs() < 0.01);
    in_unit(value, unit, if is_almost_whole { 4 } else { 2 })
}

fn in_unit(value: Option<f64>, unit: Unit, decimals: usize) -> String {
    let Some(value) = value else { return "–".to_owned() };
    let number = number_format::decimal(value, decimals);
    match unit {
        Unit::Count => number,
        Unit::Percent => format!("{number} %"),
        Unit::PercentPerHour => format!("{number} % an hour"),
        Unit::Seconds => number_format::duration(value),
        Unit::SecondsPerSecond => format!("{number} s a second"),
    }
}

/// The unit in which a threshold is typed; empty for a count.
pub(in crate::ui) const fn typed_unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "",
        Unit::Percent => "percent",
        Unit::PercentPerHour => "percent an hour",
        Unit::Seconds => "seconds",
        Unit::SecondsPerSecond => "seconds a second",
    }
}

/// The unit in an answer; a count if it is not known.
pub(in crate::ui) fn unit_of(unit: &Value) -> Unit {
    match unit.as_str() {
        Some("percent") => Unit::Percent,
        Some("percent_per_hour") => Unit::PercentPerHour,
        Some("seconds") => Unit::Seconds,
        Some("seconds_per_second") => Unit::SecondsPerSecond,
        _ => Unit::Count,
    }
}

/// A number in an answer, as it is typed: without a fraction of zero; empty for what is no number.
pub(in crate::ui) fn number_text(number: &Value) -> String {
    let Some(number) = number.as_number() else { return String::new() };
    let text = number.to_string();
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// The threshold that was typed, or what is wrong with it. `unit` is what its field says; seconds may be typed as
/// they are shown: `10 ms`, `3 min`.
pub(in crate::ui) fn typed_threshold(text: &str, unit: &str) -> Result<f32, &'static str> {
    let text = text.trim();
    let is_part = |character: char| character.is_alphabetic() || character == '%';
    let (number, own) = text.split_at(text.find(is_part).unwrap_or(text.len()));
    // A quotient of a decimal number is the nearest number to the decimal one; a product with 0.001 is not.
    let (factor, divisor) = match (own, unit) {
        ("", _) | ("s", "seconds") | ("%", "percent") => (1.0, 1.0),
        ("ms", "seconds") => (1.0, 1000.0),
        ("min", "seconds") => (60.0, 1.0),
        ("h", "seconds") => (3600.0, 1.0),
        _ => (f32::NAN, 1.0),
    };
    let number = number.trim().parse::<f32>().ok().map(|number| number * factor / divisor);
    // What is not finite would be `null` in a request.
    let number = number.filter(|number| number.is_finite());
    number.ok_or(if unit == "seconds" {
        "Type a duration, such as 0.5, 10 ms or 3 min."
    } else {
        "Type a number, such as 70 or 0.5."
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_threshold_is_written_in_its_unit() {
        for (threshold, unit, text) in [
            (81.25, Unit::Percent, "81.25 %"),
            (80.0, Unit::Percent, "80 %"),
            (0.01, Unit::Seconds, "10\u{202f}ms"),
            (5.0, Unit::Count, "5"),
            (10.0, Unit::PercentPerHour, "10 % an hour"),
            (0.5, Unit::SecondsPerSecond, "0.5 s a second"),
            (99.999_f32.into(), Unit::Percent, "99.999 %"),
            (99.9_f32.into(), Unit::Percent, "99.9 %"),
            (0.125, Unit::Count, "0.125"),
            (0.004_f32.into(), Unit::SecondsPerSecond, "0.004 s a second"),
        ] {
            assert_eq!(threshold_text(Some(threshold), unit), text);
        }
        assert_eq!(threshold_text(None, Unit::Count), "–");
    }

    #[test]
    fn a_measured_value_is_short_and_no_whole_number_that_it_is_not() {
        for (value, text) in [
            (100.0, "100 %"),
            (99.9985, "99.9985 %"),
            (80.001, "80.001 %"),
            (83.333_33, "83.33 %"),
            (0.004, "0.004 %"),
            (0.0, "0 %"),
        ] {
            assert_eq!(measured_text(Some(value), Unit::Percent), text);
        }
    }

    #[test]
    fn every_unit_of_an_answer_is_known() {
        let growth = [Unit::PercentPerHour, Unit::SecondsPerSecond];
        for unit in [Unit::Count, Unit::Percent, Unit::Seconds].into_iter().chain(growth) {
            assert_eq!(unit_of(&json!(unit)), unit);
        }
    }

    #[test]
    fn a_number_to_type_has_no_needless_fraction() {
        for (number, text) in [(json!(80.0), "80"), (json!(0.1), "0.1"), (json!(5), "5"), (Value::Null, "")] {
            assert_eq!(number_text(&number), text);
        }
    }

    #[test]
    fn a_threshold_is_a_finite_number() {
        for (text, unit, number) in [
            (" 70.5 ", "percent", 70.5),
            ("70 %", "percent", 70.0),
            ("20 ms", "seconds", 0.02),
            ("20\u{202f}ms", "seconds", 0.02),
            ("3min", "seconds", 180.0),
            ("2 h", "seconds", 7200.0),
            ("1.5 s", "seconds", 1.5),
            ("-1", "", -1.0),
        ] {
            assert_eq!(typed_threshold(text, unit), Ok(number), "{text}");
        }
        for (text, unit) in [("20 ms", "percent"), ("3 min", ""), ("5 %", "seconds"), ("2 d", "seconds")] {
            assert!(typed_threshold(text, unit).is_err(), "{text}");
        }
        for text in ["", "much", "70,5", "true", "[1]", "1e", "NaN", "nan", "inf", "-infinity", "1e39"] {
            assert!(typed_threshold(text, "seconds").is_err(), "{text}");
        }
    }
}
