//! Reads and writes the snapshots of rollouts: JSON with times in milliseconds.

use std::collections::BTreeMap;

use headcount_health::rollouts::RolloutSnapshot;
use serde_json::{Value, json};

use crate::store::{
    json_column::{JsonObject, object},
    stored_time::seconds,
};

/// A stored snapshot; `None` if there is none or it is unreadable.
pub(super) fn read(json: &str) -> Option<RolloutSnapshot> {
    let Ok(Value::Object(stored)) = serde_json::from_str(json) else { return None };
    let whole = |name| stored.get(name).and_then(whole).unwrap_or_default();
    let single = |name| stored.get(name).and_then(single);
    Some(RolloutSnapshot {
        timestamp: milliseconds(&stored, "timestamp"),
        duration_s: milliseconds(&stored, "duration"),
        requests: whole("requests"),
        errors: whole("errors"),
        latency: latency(&stored),
        restarts: whole("restarts"),
        cpu_usage: single("cpu_usage").unwrap_or_default(),
        memory_leak_percent: single("memory_leak_percent").unwrap_or(f32::NAN),
        memory_usage: whole("memory_usage"),
        oom_kills: whole("oom_kills"),
        log_errors: whole("log_errors"),
        log_warnings: whole("log_warnings"),
    })
}

/// The JSON to store. Values that are not numbers become `null`, which every version of Coroot reads as
/// missing.
pub(super) fn json(snapshot: &RolloutSnapshot) -> Value {
    json!({
        "timestamp": u64::from(snapshot.timestamp) * 1000,
        "duration": u64::from(snapshot.duration_s) * 1000,
        "requests": snapshot.requests,
        "errors": snapshot.errors,
        "latency": snapshot.latency,
        "restarts": snapshot.restarts,
        "cpu_usage": snapshot.cpu_usage,
        "memory_leak_percent": snapshot.memory_leak_percent,
        "memory_usage": snapshot.memory_usage,
        "oom_kills": snapshot.oom_kills,
        "log_errors": snapshot.log_errors,
        "log_warnings": snapshot.log_warnings,
    })
}

fn latency(stored: &JsonObject) -> BTreeMap<String, u64> {
    let buckets = object(stored, "latency").into_iter().flatten();
    buckets.filter_map(|(bound, requests)| Some((bound.clone(), whole(requests)?))).collect()
}

fn milliseconds(of: &JsonObject, name: &str) -> u32 {
    let milliseconds = of.get(name).and_then(Value::as_i64).unwrap_or_default();
    seconds(milliseconds / 1000)
}

/// A count, even if it was written with a fraction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest count, and zero where it is less"
)]
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().map(|number| number as u64))
}

#[expect(clippy::cast_possible_truncation, reason = "Coroot has these numbers in single precision")]
fn single(value: &Value) -> Option<f32> {
    value.as_f64().map(|number| number as f32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_missing_is_zero_and_a_leak_that_is_not_known_is_no_number() {
        for json in ["{}", r#"{"requests":null,"latency":[],"cpu_usage":"x","memory_leak_percent":null}"#] {
            let snapshot = read(json).unwrap();
            assert!(snapshot.memory_leak_percent.is_nan());
            assert_eq!(
                RolloutSnapshot { memory_leak_percent: 0.0, ..snapshot },
                RolloutSnapshot::default(),
                "{json}"
            );
        }
        for json in ["", "null", "[]", "no json"] {
            assert_eq!(read(json), None, "{json}");
        }
        assert_eq!(read(r#"{"requests":12.7}"#).unwrap().requests, 12);
        let unknown = RolloutSnapshot { memory_leak_percent: f32::NAN, ..RolloutSnapshot::default() };
        assert!(read(&json(&unknown).to_string()).unwrap().memory_leak_percent.is_nan());
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_as_it_was(
            times in any::<(u32, u32)>(),
            counts in any::<[u64; 6]>(),
            latency in proptest::collection::btree_map("[0-9]\\.[0-9]{3}", any::<u64>(), 0..4),
            numbers in (-1e30_f32..1e30, -1e30_f32..1e30),
        ) {
            let [requests, errors, restarts, memory_usage, log_errors, log_warnings] = counts;
            let snapshot = RolloutSnapshot {
                timestamp: times.0,
                duration_s: times.1,
                requests,
                errors,
                latency,
                restarts,
                cpu_usage: numbers.0,
                memory_leak_percent: numbers.1,
                memory_usage,
                oom_kills: 0,
                log_errors,
                log_warnings,
            };
            prop_assert_eq!(read(&json(&snapshot).to_string()), Some(snapshot));
        }
    }
}
