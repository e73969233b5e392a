//! Parses JSON from untrusted senders within bounds.

mod strict_json;

use std::{fmt, slice};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use thiserror::Error;

pub use self::strict_json::StrictJson;
use crate::limits::{JSON_DEPTH, JSON_VALUES};

/// Why a text is refused as JSON.
#[derive(Debug, Error)]
pub enum JsonError {
    /// The bytes are not UTF-8 (RFC 8259, section 8.1).
    #[error("not UTF-8")]
    NotUtf8,
    /// Arrays and objects nest deeper than [`JSON_DEPTH`].
    #[error("nested deeper than {JSON_DEPTH} levels")]
    TooDeep,
    /// There are more values than [`JSON_VALUES`].
    #[error("more than {JSON_VALUES} values")]
    TooMany,
    /// A syntax error, or an object with a duplicate member.
    #[error("not JSON: {0}")]
    Malformed(serde_json::Error),
}

/// Checks the encoding and the nesting of a JSON text, so that parsing it needs bounded stack.
///
/// # Errors
/// [`JsonError::NotUtf8`] and [`JsonError::TooDeep`]; syntax is left to the parser.
pub fn check_text(bytes: &[u8]) -> Result<&str, JsonError> {
    checked(bytes).map(|(text, _)| text)
}

fn checked(bytes: &[u8]) -> Result<(&str, JsonShape), JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    let shape = JsonShape::of(bytes);
    if shape.depth > JSON_DEPTH { Err(JsonError::TooDeep) } else { Ok((text, shape)) }
}

/// Parses a JSON text without duplicate members (RFC 8259, section 4, leaves their meaning open).
/// [`JSON_VALUES`] and the length of the text bound the memory that it needs.
///
/// # Errors
/// Any [`JsonError`].
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let (text, shape) = checked(bytes)?;
    if shape.values > JSON_VALUES {
        return Err(JsonError::TooMany);
    }
    serde_json::from_str::<DistinctJson>(text).map(|distinct| distinct.0).map_err(JsonError::Malformed)
}

/// The size of a JSON text once it is parsed.
struct JsonShape {
    /// The deepest nesting of brackets.
    depth: usize,
    /// An upper bound of the number of values: brackets and commas, plus one.
    values: usize,
}

impl JsonShape {
    /// Counts the brackets and commas outside of strings.
    fn of(bytes: &[u8]) -> Self {
        let mut shape = Self { depth: 0, values: 1 };
        let mut open = 0_usize;
        let mut rest = bytes.iter();
        while let Some(byte) = rest.next() {
            match byte {
                b'"' => skip_string(&mut rest),
                b',' => shape.values += 1,
                b'[' | b'{' => {
                    open += 1;
                    shape.values += 1;
                    shape.depth = shape.depth.max(open);
                }
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
        }
        shape
    }
}

/// Goes to the end of a string. Nearly all of a report is in its profiles, which are two strings.
fn skip_string(rest: &mut slice::Iter<'_, u8>) {
    while let Some(byte) = rest.find(|byte| matches!(byte, b'"' | b'\\')) {
        if *byte == b'"' {
            return;
        }
        rest.next();
    }
}

/// A JSON value whose objects have distinct member names.
struct DistinctJson(Value);

impl<'de> Deserialize<'de> for DistinctJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DistinctVisitor)
    }
}

struct DistinctVisitor;

impl<'de> Visitor<'de> for DistinctVisitor {
    type Value = DistinctJson;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<DistinctJson, E> {
        Ok(DistinctJson(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<DistinctJson, E> {
        Ok(DistinctJson(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<DistinctJson, E> {
        Ok(DistinctJson(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<DistinctJson, E> {
        Ok(DistinctJson(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<DistinctJson, E> {
        Ok(DistinctJson(value.into()))
    }

    fn visit_unit<E>(self) -> Result<DistinctJson, E> {
        Ok(DistinctJson(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<DistinctJson, A::Error> {
        let mut array = Vec::new();
        while let Some(DistinctJson(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(DistinctJson(array.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<DistinctJson, A::Error> {
        let mut object = Map::new();
        while let Some((name, DistinctJson(value))) = members.next_entry::<String, DistinctJson>()? {
            if object.contains_key(&name) {
                return Err(de::Error::custom("an object names a member twice"));
            }
            object.insert(name, value);
        }
        Ok(DistinctJson(object.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        "[".repeat(levels) + &"]".repeat(levels)
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        let cases = [
            ("", 0),
            ("1", 0),
            ("[]", 1),
            ("[[],[[]]]", 3),
            (r#"{"a":{"b":[1]}}"#, 3),
            (r#"["[[[\"[["]"#, 1),
            ("]]][", 1),
        ];
        for (text, levels) in cases {
            assert_eq!(JsonShape::of(text.as_bytes()).depth, levels, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(parse(nested(JSON_DEPTH).as_bytes()).is_ok());
        assert!(matches!(parse(nested(JSON_DEPTH + 1).as_bytes()), Err(JsonError::TooDeep)));
        assert!(matches!(parse(nested(1_000_000).as_bytes()), Err(JsonError::TooDeep)));
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let list = |items: usize| format!("[{}0]", "0,".repeat(items - 1));
        assert!(parse(list(JSON_VALUES - 1).as_bytes()).is_ok());
        assert!(matches!(parse(list(JSON_VALUES).as_bytes()), Err(JsonError::TooMany)));
        let commas_in_text = format!("[\"{}\"]", ",".repeat(2 * JSON_VALUES));
        assert!(parse(commas_in_text.as_bytes()).is_ok());
    }

    #[test]
    fn duplicate_members_are_refused_at_every_level() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"a":2}}]"#] {
            assert!(matches!(parse(text.as_bytes()), Err(JsonError::Malformed(_))), "{text}");
        }
        assert!(parse(br#"[{"a":1},{"a":1}]"#).is_ok());
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        assert!(matches!(parse(b"\"\xff\""), Err(JsonError::NotUtf8)));
    }
}
