//! Writes and reads the thresholds of inspections.

use serde_json::Value;

/// A threshold with its unit, such as `80 %`.
pub(super) fn threshold_text(threshold: &Value, unit: &Value) -> String {
    let number = number_text(threshold);
    match unit_text(unit) {
        "" => number,
        unit => format!("{number} {unit}"),
    }
}

/// A number without a fraction of zero; empty for what is no number.
pub(super) fn number_text(number: &Value) -> String {
    let Some(number) = number.as_number() else { return String::new() };
    let text = number.to_string();
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// The unit of a threshold; empty for a count.
pub(super) fn unit_text(unit: &Value) -> &'static str {
    match unit.as_str() {
        Some("percent") => "%",
        Some("percent_per_hour") => "% per hour",
        Some("seconds") => "s",
        Some("seconds_per_second") => "s per second",
        _ => "",
    }
}

/// The threshold that was typed, or what is wrong with it.
pub(super) fn typed_threshold(text: &str) -> Result<Value, &'static str> {
    const WRONG: &str = "Type a number, such as 70 or 0.5.";
    let number: Value = serde_json::from_str(text.trim()).map_err(|_| WRONG)?;
    if number.is_number() { Ok(number) } else { Err(WRONG) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_threshold_has_its_unit_and_no_needless_fraction() {
        for (threshold, unit, text) in [
            (json!(80.0), "percent", "80 %"),
            (json!(0.1), "seconds", "0.1 s"),
            (json!(5), "count", "5"),
            (json!(10.0), "percent_per_hour", "10 % per hour"),
            (json!(0.5), "seconds_per_second", "0.5 s per second"),
            (Value::Null, "percent", " %"),
        ] {
            assert_eq!(threshold_text(&threshold, &json!(unit)), text);
        }
    }

    #[test]
    fn a_threshold_is_a_number() {
        assert_eq!(typed_threshold(" 70.5 "), Ok(json!(70.5)));
        for text in ["", "much", "70,5", "true", "[1]", "1e", "NaN"] {
            assert!(typed_threshold(text).is_err(), "{text}");
        }
    }
}
