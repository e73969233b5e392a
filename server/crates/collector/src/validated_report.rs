//! Reads the valid fields of a report, and sets the others aside.
//!
//! A report needs an instance; everything else in it may be missing, unknown or wrong. Invalid values are set
//! aside and counted one by one: one element of a list, one entry of a map, one field. A report that cannot
//! be read as a whole is split. Each part is read alone, in an otherwise empty report. An invalid part is
//! split further, down to the invalid value itself. For any input, a value is read at most twice on each of
//! its levels.

use headcount_shared::{
    json::StrictJson,
    limits::PAGE_KEY_BYTES,
    payload::{InstanceSection, Payload},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

use super::{intake_entry::SetAsideField, set_aside::SetAsideCounts};

/// A report as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidatedReport {
    /// The valid fields; missing and invalid ones have their defaults.
    pub payload: Payload,
    /// Whether the report names the settings database of the installation.
    pub names_database: bool,
    /// The numbers of values that were set aside, by known field. Their paths are not listed, because these
    /// can contain names that a sender invented.
    pub set_aside: SetAsideCounts,
}

/// Why a JSON text is not a report.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum InvalidReport {
    /// It is not an object.
    #[error("the report is not a JSON object")]
    NotAnObject,
    /// There is no text `instance.uuid`.
    #[error("the report has no text \"instance\".\"uuid\"")]
    NoInstance,
    /// `instance.uuid` is not a UUID.
    #[error("\"instance\".\"uuid\" is not a UUID")]
    NotAUuid,
    /// `instance.uuid` is the nil UUID.
    #[error("\"instance\".\"uuid\" is the nil UUID, which names no installation")]
    NilUuid,
}

/// Reads a report, and sets invalid values aside.
///
/// # Errors
/// Every [`InvalidReport`]: the installation is unknown.
pub fn validate(mut report: Value) -> Result<ValidatedReport, InvalidReport> {
    let instance = instance_of(&report)?;
    let mut set_aside = SetAsideCounts::default();
    set_aside.add(SetAsideField::of_members(INSTRUMENTED), drop_second_spelling(&mut report));
    if let Ok(StrictJson(payload)) = StrictJson::deserialize(&report) {
        return Ok(validated(payload, &report, set_aside));
    }
    let mut sieve = LenientReader { instance, path: Vec::new(), set_aside };
    sieve.sift_report(&mut report);
    let payload =
        StrictJson::deserialize(&report).map_or_else(|_| bare(instance), |StrictJson(payload)| payload);
    Ok(validated(payload, &report, sieve.set_aside))
}

fn validated(payload: Payload, report: &Value, set_aside: SetAsideCounts) -> ValidatedReport {
    let names_database = report.pointer("/instance/database_type").is_some();
    ValidatedReport { payload, names_database, set_aside }
}

/// The installation that a report is from.
fn instance_of(report: &Value) -> Result<Uuid, InvalidReport> {
    let report = report.as_object().ok_or(InvalidReport::NotAnObject)?;
    let uuid = report.get("instance").and_then(|instance| instance.get("uuid")?.as_str());
    let uuid =
        Uuid::try_parse(uuid.ok_or(InvalidReport::NoInstance)?).map_err(|_| InvalidReport::NotAUuid)?;
    if uuid.is_nil() { Err(InvalidReport::NilUuid) } else { Ok(uuid) }
}

/// The field that is sent in two spellings: its members.
const INSTRUMENTED: [&str; 2] = ["stack", "instrumented_service"];

/// A field that is sent in both spellings cannot be deserialized. Retains the documented one, unless only the
/// other has a value. Returns the number of dropped values.
fn drop_second_spelling(report: &mut Value) -> u64 {
    const DOCUMENTED: &str = "instrumented_service";
    let Some(stack) = report.get_mut("stack").and_then(Value::as_object_mut) else { return 0 };
    if !stack.contains_key(DOCUMENTED) {
        return 0;
    }
    let Some(other) = stack.remove("instrumented_services") else { return 0 };
    if stack[DOCUMENTED].is_null() {
        stack.insert(DOCUMENTED.to_owned(), other);
        return 0;
    }
    u64::from(!other.is_null())
}

/// A report without content but the installation's UUID.
fn bare(uuid: Uuid) -> Payload {
    Payload {
        instance: InstanceSection { uuid, version: String::new(), database_type: Default::default() },
        integration: Default::default(),
        stack: Default::default(),
        infra: Default::default(),
        ux: Default::default(),
        performance: Default::default(),
        profile: Default::default(),
    }
}

/// One step down into a JSON value.
enum JsonPathStep {
    Member(String),
    Item,
}

/// Splits a report, and removes invalid values.
struct LenientReader {
    instance: Uuid,
    /// The path of the current value.
    path: Vec<JsonPathStep>,
    set_aside: SetAsideCounts,
}

impl LenientReader {
    /// Removes invalid values from the report.
    fn sift_report(&mut self, report: &mut Value) {
        let Value::Object(sections) = report else { return };
        sections.retain(|name, section| match section {
            // The instance cannot be read without its UUID, which is valid.
            Value::Object(members) if name == "instance" => {
                self.path.push(JsonPathStep::Member(name.clone()));
                self.sift_members(members);
                self.path.pop();
                true
            }
            _ => self.sift_member(name, section),
        });
    }

    /// Removes invalid values from `value`, which is at the current path. Returns `false` if nothing is left.
    fn sift(&mut self, value: &mut Value) -> bool {
        if self.reads(value) {
            return true;
        }
        match value {
            Value::Object(members) if self.reads(&mut Value::Object(Map::new())) => {
                self.sift_members(members)
            }
            Value::Array(items) if self.reads(&mut Value::Array(Vec::new())) => self.sift_items(items),
            _ => return self.put_aside(),
        }
        self.reads(value) || self.put_aside()
    }

    fn sift_members(&mut self, members: &mut Map<String, Value>) {
        members.retain(|name, value| self.sift_member(name, value));
    }

    fn sift_member(&mut self, name: &str, value: &mut Value) -> bool {
        self.path.push(JsonPathStep::Member(name.to_owned()));
        // Descending copies the name for every value below it.
        let keep = match name.len() {
            ..=PAGE_KEY_BYTES => self.sift(value),
            _ => self.reads(value) || self.put_aside(),
        };
        self.path.pop();
        keep
    }

    fn sift_items(&mut self, items: &mut Vec<Value>) {
        self.path.push(JsonPathStep::Item);
        items.retain_mut(|item| self.sift(item));
        self.path.pop();
    }

    fn put_aside(&mut self) -> bool {
        let members = self.path.iter().map_while(|step| match step {
            JsonPathStep::Member(name) => Some(name.as_str()),
            JsonPathStep::Item => None,
        });
        self.set_aside.add(SetAsideField::of_members(members), 1);
        false
    }

    /// Whether a report with only `value`, at the current path, can be read. Does not change `value`.
    fn reads(&self, value: &mut Value) -> bool {
        let mut report = self.report_with(value.take());
        let reads = StrictJson::<Payload>::deserialize(&report).is_ok();
        let slot = self.path.iter().fold(&mut report, |inner, step| match step {
            JsonPathStep::Member(name) => &mut inner[name.as_str()],
            JsonPathStep::Item => &mut inner[0],
        });
        *value = slot.take();
        reads
    }

    fn report_with(&self, value: Value) -> Value {
        let mut report = self.path.iter().rev().fold(value, |inner, step| match step {
            JsonPathStep::Member(name) => Value::Object(Map::from_iter([(name.clone(), inner)])),
            JsonPathStep::Item => Value::Array(vec![inner]),
        });
        if let Value::Object(sections) = &mut report {
            let instance = sections.entry("instance").or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(members) = instance {
                members.entry("uuid").or_insert_with(|| self.instance.to_string().into());
            }
        }
        report
    }
}

#[cfg(test)]
mod tests;
