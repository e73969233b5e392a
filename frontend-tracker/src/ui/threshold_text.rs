//! Writes and reads the thresholds of inspections, for applications and for projects.

use headcount_charts::number_format;
use headcount_shared::api::Unit;
use serde_json::Value;

/// What can be overridden of an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OverrideKind {
    /// One number, for an application or a project.
    Threshold,
    /// The objective of an application for its availability.
    Availability,
    /// The objective of an application for its latency.
    Latency,
}

impl OverrideKind {
    /// What can be overridden of the inspection with an id.
    pub(super) fn of(inspection: &str) -> Self {
        match inspection {
            "SLOAvailability" => Self::Availability,
            "SLOLatency" => Self::Latency,
            _ => Self::Threshold,
        }
    }
}

/// A value in the unit of a threshold; a dash if it is unknown.
pub(super) fn threshold_text(value: Option<f64>, unit: Unit) -> String {
    let Some(value) = value else { return "–".to_owned() };
    let number = number_format::decimal(value, 2);
    match unit {
        Unit::Count => number,
        Unit::Percent => format!("{number} %"),
        Unit::PercentPerHour => format!("{number} % an hour"),
        Unit::Seconds => number_format::duration(value),
        Unit::SecondsPerSecond => format!("{number} s a second"),
    }
}

/// The unit in which a threshold is typed; empty for a count.
pub(super) const fn typed_unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "",
        Unit::Percent => "percent",
        Unit::PercentPerHour => "percent an hour",
        Unit::Seconds => "seconds",
        Unit::SecondsPerSecond => "seconds a second",
    }
}

/// The unit in an answer; a count if it is not known.
pub(super) fn unit_of(unit: &Value) -> Unit {
    match unit.as_str() {
        Some("percent") => Unit::Percent,
        Some("percent_per_hour") => Unit::PercentPerHour,
        Some("seconds") => Unit::Seconds,
        Some("seconds_per_second") => Unit::SecondsPerSecond,
        _ => Unit::Count,
    }
}

/// A number in an answer, as it is typed: without a fraction of zero; empty for what is no number.
pub(super) fn number_text(number: &Value) -> String {
    let Some(number) = number.as_number() else { return String::new() };
    let text = number.to_string();
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// The threshold that was typed, or what is wrong with it.
pub(super) fn typed_threshold(text: &str) -> Result<f32, &'static str> {
    // What is not finite would be `null` in a request.
    let number = text.trim().parse::<f32>().ok().filter(|number| number.is_finite());
    number.ok_or("Type a number, such as 70 or 0.5.")
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
        ] {
            assert_eq!(threshold_text(Some(threshold), unit), text);
        }
        assert_eq!(threshold_text(None, Unit::Count), "–");
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
        assert_eq!(typed_threshold(" 70.5 "), Ok(70.5));
        for text in ["", "much", "70,5", "true", "[1]", "1e", "NaN", "nan", "inf", "-infinity", "1e39"] {
            assert!(typed_threshold(text).is_err(), "{text}");
        }
    }
}
