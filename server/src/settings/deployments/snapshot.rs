//! How is the snapshot of a rollout written? JSON with times in milliseconds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    settings::{
        document::{Document, object},
        times::seconds,
    },
    world::deployments::Snapshot,
};

/// A stored snapshot; `None` where there is none, and for one that cannot be read.
pub(super) fn read(json: &str) -> Option<Snapshot> {
    let Ok(Value::Object(stored)) = serde_json::from_str(json) else { return None };
    let whole = |name| stored.get(name).and_then(whole).unwrap_or_default();
    let single = |name| stored.get(name).and_then(single);
    Some(Snapshot {
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

/// What is stored. What is not a number is `null`, which every version of Coroot reads as nothing.
pub(super) fn json(snapshot: &Snapshot) -> Value {
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

fn latency(stored: &Document) -> BTreeMap<String, u64> {
    let buckets = object(stored, "latency").into_iter().flatten();
    buckets.filter_map(|(bound, requests)| Some((bound.clone(), whole(requests)?))).collect()
}

fn milliseconds(of: &Document, name: &str) -> u32 {
    let milliseconds = of.get(name).and_then(Value::as_i64).unwrap_or_default();
    seconds(milliseconds / 1000)
}

/// A count; also one that was written with a fraction.
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
