//! Reads and stores user names, passwords and headers of Prometheus and webhooks.
//!
//! Both have the same JSON form. Responses never contain a secret, so clients cannot send it back: an empty
//! secret in a change stands for the stored one.

use serde_json::{Value, json};

use crate::store::{
    json_column::{JsonObject, text},
    store_error::InvalidChange,
};

/// The stored secret if the given one is empty.
pub(super) fn given_or_stored(given: &str, stored: &JsonObject, name: &str) -> String {
    if given.is_empty() { text(stored, name) } else { given.to_owned() }
}

/// User name and password in `basic_auth`.
pub(super) fn basic_auth(of: &JsonObject) -> Option<(String, String)> {
    let auth = of.get("basic_auth")?.as_object()?;
    Some((text(auth, "user"), text(auth, "password")))
}

/// The `basic_auth` to store.
pub(super) fn basic_auth_json(given: Option<&(String, String)>, stored: &JsonObject) -> Value {
    let Some((user, password)) = given else { return Value::Null };
    let stored = basic_auth(stored).filter(|_| password.is_empty()).map(|(_, password)| password);
    json!({"user": user, "password": stored.as_ref().unwrap_or(password)})
}

/// Names and values in `custom_headers`.
pub(super) fn headers(of: &JsonObject) -> Vec<(String, String)> {
    let list = of.get("custom_headers").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_object).map(|header| (text(header, "key"), text(header, "value"))).collect()
}

/// The `custom_headers` to store.
pub(super) fn headers_json(given: &[(String, String)], stored: &JsonObject) -> Result<Value, InvalidChange> {
    if given.iter().any(|(name, _)| name.is_empty()) {
        return Err(InvalidChange::HeaderName);
    }
    let stored = headers(stored);
    let header = |(name, value): &(String, String)| {
        let kept = stored.iter().find(|(other, _)| value.is_empty() && other == name);
        json!({"key": name, "value": kept.map_or(value, |(_, value)| value)})
    };
    Ok(given.iter().map(header).collect())
}
