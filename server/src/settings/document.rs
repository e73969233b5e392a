//! What is in a column of JSON?
//!
//! Members that this program does not know stay as they are; members that cannot be read cost only themselves.

use serde_json::{Map, Value};

use super::error::{Error, Result};

/// The members of a column.
pub(super) type Document = Map<String, Value>;

/// To look at. A column that cannot be read is as good as empty: the rest of the project counts.
pub(super) fn read(json: Option<&str>) -> Document {
    for_change(json).unwrap_or_default()
}

/// To change and store again.
///
/// # Errors
/// [`Error::Unreadable`]: to store it would lose what somebody wrote.
pub(super) fn for_change(json: Option<&str>) -> Result<Document> {
    match json.filter(|json| !json.trim().is_empty()).map(serde_json::from_str).transpose()? {
        None | Some(Value::Null) => Ok(Document::new()),
        Some(Value::Object(document)) => Ok(document),
        Some(_) => Err(Error::Unreadable),
    }
}

/// A member that is an object.
pub(super) fn object<'d>(of: &'d Document, name: &str) -> Option<&'d Document> {
    of.get(name)?.as_object()
}

/// A member that is an object, to change; an empty one is put in the place of anything else.
pub(super) fn object_mut<'d>(of: &'d mut Document, name: &str) -> Result<&'d mut Document> {
    let member = of.entry(name).or_insert(Value::Null);
    if !member.is_object() {
        *member = Value::Object(Document::new());
    }
    member.as_object_mut().ok_or(Error::Unreadable)
}

/// A member that is a text; empty for anything else.
pub(super) fn text(of: &Document, name: &str) -> String {
    of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A member that is true or false; false for anything else.
pub(super) fn flag(of: &Document, name: &str) -> bool {
    of.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// A member that is a list of texts; what in it is none is left out.
pub(super) fn texts(of: &Document, name: &str) -> Vec<String> {
    let list = of.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// Puts members into an object.
pub(super) fn put<const N: usize>(into: &mut Document, members: [(&str, Value); N]) {
    into.extend(members.map(|(name, value)| (name.to_owned(), value)));
}
