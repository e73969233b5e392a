//! Reads and changes columns with JSON.
//!
//! Unknown members stay as they are. An unreadable member does not affect the others.

use serde_json::{Map, Value};

use super::store_error::{SettingsError, SettingsResult};

/// The members of a column.
pub(super) type JsonObject = Map<String, Value>;

/// Parses a column for reading. An unreadable column counts as empty, so that the rest of the project is
/// still read.
pub(super) fn read(json: Option<&str>) -> JsonObject {
    for_change(json).unwrap_or_default()
}

/// Parses a column that will be changed and stored again.
///
/// # Errors
/// [`SettingsError::Unreadable`]: storing it would lose its contents.
pub(super) fn for_change(json: Option<&str>) -> SettingsResult<JsonObject> {
    match json.filter(|json| !json.trim().is_empty()).map(serde_json::from_str).transpose()? {
        None | Some(Value::Null) => Ok(JsonObject::new()),
        Some(Value::Object(document)) => Ok(document),
        Some(_) => Err(SettingsError::Unreadable),
    }
}

/// A member that is an object.
pub(super) fn object<'d>(of: &'d JsonObject, name: &str) -> Option<&'d JsonObject> {
    of.get(name)?.as_object()
}

/// A member that is an object, for changes. Anything else is replaced by an empty object.
pub(super) fn object_mut<'d>(of: &'d mut JsonObject, name: &str) -> SettingsResult<&'d mut JsonObject> {
    let member = of.entry(name).or_insert(Value::Null);
    if !member.is_object() {
        *member = Value::Object(JsonObject::new());
    }
    member.as_object_mut().ok_or(SettingsError::Unreadable)
}

/// A member that is a text; empty otherwise.
pub(super) fn text(of: &JsonObject, name: &str) -> String {
    of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A member that is a boolean; false otherwise.
pub(super) fn flag(of: &JsonObject, name: &str) -> bool {
    of.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// A member that is a list of texts; elements that are not texts are left out.
pub(super) fn texts(of: &JsonObject, name: &str) -> Vec<String> {
    let list = of.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// Puts members into an object.
pub(super) fn put<const N: usize>(into: &mut JsonObject, members: [(&str, Value); N]) {
    into.extend(members.map(|(name, value)| (name.to_owned(), value)));
}
