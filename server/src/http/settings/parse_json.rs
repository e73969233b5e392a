//! Parses the JSON body of a request, and describes errors in it.
//!
//! A body may contain a misplaced secret, so no error quotes a value.

use axum::http::StatusCode;
use headcount_shared::json::StrictJson;
use headcount_web::problem::ProblemResponse;
use serde::de::DeserializeSeed;
use serde_json::{Deserializer, Error, error::Category};
use serde_path_to_error::Track;

/// The path of the whole body.
const WHOLE: &str = ".";

/// Parses JSON. A refusal names the invalid member.
pub(super) fn parse_json<'b, S: DeserializeSeed<'b>>(
    body: &'b [u8],
    seed: S,
) -> Result<S::Value, ProblemResponse> {
    let mut json = Deserializer::from_slice(body);
    let mut path = Track::new();
    let value = StrictJson(seed).deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut path));
    let value = value.map_err(|error| invalid_json(&path.path().to_string(), &error))?;
    json.end().map_err(|error| invalid_json(WHOLE, &error))?;
    Ok(value)
}

fn invalid_json(path: &str, error: &Error) -> ProblemResponse {
    if error.classify() != Category::Data {
        let (line, column) = (error.line(), error.column());
        let why = format!("the body is not JSON: line {line}, column {column}");
        return ProblemResponse::new(StatusCode::BAD_REQUEST, why);
    }
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(said, _)| said);
    let invalid = |why: String| ProblemResponse::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    if let Some(member) = member_named_in(message) {
        return invalid(message.to_owned()).about(joined(path, member));
    }
    let called = if path == WHOLE { "the body" } else { path };
    let refusal = invalid(match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{called} must be {}", in_words(expected)),
        None => format!("{called} is not valid"),
    });
    if path == WHOLE { refusal } else { refusal.about(path) }
}

/// What is expected, in the words of JSON and not of Rust.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" => "a whole number that is not negative",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}

/// The member that is missing, unknown or duplicate.
fn member_named_in(message: &str) -> Option<&str> {
    let kinds = ["missing field `", "unknown field `", "duplicate field `"];
    let rest = kinds.iter().find_map(|kind| message.strip_prefix(kind))?;
    rest.split('`').next()
}

/// The path of a member; some kinds of errors have the path of the member, others that of its parent.
fn joined(path: &str, member: &str) -> String {
    match path {
        WHOLE => member.to_owned(),
        path if path == member || path.ends_with(&format!(".{member}")) => path.to_owned(),
        path => format!("{path}.{member}"),
    }
}

#[cfg(test)]
mod tests {
    use std::marker::PhantomData;

    use headcount_shared::api::SetPrometheus;

    use super::*;

    #[test]
    fn a_refusal_names_the_member_and_repeats_no_value() {
        let invalid = |why: &str| ProblemResponse::new(StatusCode::UNPROCESSABLE_ENTITY, why);
        for (body, expected) in [
            (r#"{"url":7}"#, invalid("url must be a string").about("url")),
            (r#""hidden""#, invalid("the body must be an object")),
            (r#"["hidden",15]"#, invalid("the body must be an object")),
            ("[]", invalid("the body must be an object")),
            (
                r#"{"url":"u","basic_auth":["hidden"]}"#,
                invalid("basic_auth must be an object").about("basic_auth"),
            ),
            (
                r#"{"url":"u","custom_headers":[["hidden"]]}"#,
                invalid("custom_headers[0] must be an object").about("custom_headers[0]"),
            ),
            (
                r#"{"url":"hidden\u0000"}"#,
                invalid("url must be a text without the control character U+0000").about("url"),
            ),
            (
                r#"{"url":"u","basic_auth":{"password":"hidden\u0000"}}"#,
                invalid("basic_auth.password must be a text without the control character U+0000")
                    .about("basic_auth.password"),
            ),
            (
                r#"{"url":"u","refresh_interval_s":"a, expected hidden at line 1"}"#,
                invalid("refresh_interval_s must be a whole number that is not negative")
                    .about("refresh_interval_s"),
            ),
            (
                r#"{"url":"u","custom_headers":[{"name":"a"},{}]}"#,
                invalid("missing field `name`").about("custom_headers[1].name"),
            ),
            (r#"{"url":"u","url":"hidden"}"#, invalid("duplicate field `url`").about("url")),
        ] {
            assert_eq!(
                parse_json(body.as_bytes(), PhantomData::<SetPrometheus>).unwrap_err(),
                expected,
                "{body}"
            );
        }
    }
}
