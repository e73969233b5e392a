//! Writes values of reports in the units of people: `13.2 MiB`, `8.0 % of a core`, `22 ms`.

use headcount_charts::number_format;
use headcount_shared::payload::FieldMeaning;
use serde_json::Value;

use super::texts::report_content;

/// The least number whose digits are grouped.
const GROUPED_FROM: u64 = 10_000;

/// The value at a path of names in the units of people. `None` where the exact value says the same.
pub(super) fn value_in_units(path: &[&str], value: &Value) -> Option<String> {
    let meaning = FieldMeaning::of_path(path);
    match value {
        Value::Number(number) if meaning == FieldMeaning::Seconds => {
            number.as_f64().map(number_format::duration)
        }
        Value::Number(number) => {
            number.as_u64().filter(|number| *number >= GROUPED_FROM).map(number_format::grouped)
        }
        Value::String(text) if meaning == FieldMeaning::Profile && !text.is_empty() => {
            Some(report_content::profile_value(&file_size(text.len() as u64)))
        }
        Value::Array(items) => samples(meaning, items),
        _ => None,
    }
}

/// What a list of measured samples or of browsers says; `None` for other lists.
pub(super) fn samples(meaning: FieldMeaning, items: &[Value]) -> Option<String> {
    let unit = match meaning {
        FieldMeaning::CoreSamples => number_format::cores,
        FieldMeaning::ByteSamples => number_format::bytes,
        FieldMeaning::Browsers => return Some(report_content::browsers(items.len())),
        _ => return None,
    };
    let values: Vec<f64> = items.iter().filter_map(Value::as_f64).collect();
    let Some(largest) = values.iter().copied().reduce(f64::max) else {
        return Some(report_content::samples(items.len(), None));
    };
    let mean = values.iter().sum::<f64>() / float(values.len() as u64);
    Some(report_content::samples(items.len(), Some((&unit(mean), &unit(largest)))))
}

/// The size of a file.
pub(super) fn file_size(bytes: u64) -> String {
    number_format::bytes(float(bytes))
}

#[expect(clippy::cast_precision_loss, reason = "sizes and counts that are shown need no last digit")]
const fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_have_the_units_of_people() {
        for (path, value, text) in [
            (
                "performance.memory_usage",
                json!([13_841_203, 13_841_203]),
                "2 samples: 13.2 MiB on average, at most 13.2 MiB",
            ),
            (
                "performance.cpu_usage",
                json!([0.08]),
                "1 sample: 8.0 % of a core on average, at most 8.0 % of a core",
            ),
            ("performance.cpu_usage", json!([]), "0 samples"),
            ("performance.constructor.stages.query", json!(0.022), "22 ms"),
            ("performance.constructor.queries.node_info.query_time", json!(1.5), "1.5 s"),
            ("ux.audit_time_avg", json!(0), "0 s"),
            ("ux.users", json!(["a"]), "1 browser"),
            ("profile.cpu", json!("...."), "a profile, 4 B in base64"),
            ("infra.instances", json!(12_345), "12 345"),
        ] {
            let names: Vec<&str> = path.split('.').collect();
            let said = value_in_units(&names, &value).map(|said| said.replace('\u{202f}', " "));
            assert_eq!(said.as_deref(), Some(text), "{path}");
        }
    }

    #[test]
    fn a_value_that_says_enough_stands_alone() {
        for (path, value) in [
            ("infra.nodes", json!(9_999)),
            ("instance.version", json!("0.20.0")),
            ("integration.kube_state_metrics", json!(null)),
            ("integration.logs", json!(true)),
            ("stack.clouds", json!(["aws"])),
            ("profile.memory", json!("")),
            ("ux.page_views", json!({"/": 1})),
        ] {
            let names: Vec<&str> = path.split('.').collect();
            assert_eq!(value_in_units(&names, &value), None, "{path}");
        }
    }
}
