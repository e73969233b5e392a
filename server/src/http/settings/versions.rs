//! Gives settings a version, so that nobody takes back what somebody else changed meanwhile.
//!
//! Secrets are not in it, because they are not in an answer: a change of a secret alone makes no other version, and
//! another change keeps it.

use std::convert::Infallible;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Response},
};
use headcount_platform::hex;
use headcount_web::problem::ProblemResponse;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::store::InvalidChange;

/// Settings in an answer, with their version as its `ETag`.
pub(super) struct Versioned<T>(pub(super) T);

/// Which version a change is made of, as its headers say.
pub(super) struct ChangeCondition(HeaderMap);

/// Describes the headers.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes the headers")]
pub(super) struct ConditionHeaders {
    /// The `ETag` of the settings that are changed. If they have another one by now, the answer is 412.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
    /// `*` for settings that there are not yet. If there are some by now, the answer is 412.
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}

impl ChangeCondition {
    /// Checks that the `stored` settings, which an answer has as `shown`, may be replaced with `changed`; each is
    /// `None` if there are none. What changes nothing is allowed under every condition: it may be sent again because
    /// its answer was lost (RFC 9110, 13.1.1).
    ///
    /// # Errors
    /// [`InvalidChange::Stale`]
    pub(super) fn check<S: PartialEq, T: Serialize>(
        &self,
        stored: Option<&S>,
        changed: Option<&S>,
        shown: impl Fn(&S) -> T,
    ) -> Result<(), InvalidChange> {
        if self.0.is_empty() || stored == changed {
            return Ok(());
        }
        let version = stored.and_then(|stored| version(&shown(stored)));
        if self.is_met_by(version.as_deref()) { Ok(()) } else { Err(InvalidChange::Stale) }
    }

    fn is_met_by(&self, version: Option<&str>) -> bool {
        let lists = |name| self.0.get_all(name).iter().map(|list| list.to_str().unwrap_or_default());
        let is_version =
            |tag: &str| tag.trim() == "*" || version.is_some_and(|version| digits(tag) == digits(version));
        let names_version = |list: &str| version.is_some() && list.split(',').any(is_version);
        let is_wanted = !self.0.contains_key(header::IF_MATCH) || lists(header::IF_MATCH).any(names_version);
        is_wanted && !lists(header::IF_NONE_MATCH).any(names_version)
    }
}

impl<S: Sync> FromRequestParts<S> for ChangeCondition {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut headers = HeaderMap::new();
        for name in [header::IF_MATCH, header::IF_NONE_MATCH] {
            for value in parts.headers.get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
        Ok(Self(headers))
    }
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        match version(&self.0) {
            Some(version) => (AppendHeaders([(header::ETAG, version)]), Json(self.0)).into_response(),
            None => ProblemResponse::internal(&"settings could not be written as JSON").into_response(),
        }
    }
}

/// The version of settings, from the bytes of an answer; `None` if they cannot be written as JSON.
fn version<T: Serialize>(settings: &T) -> Option<String> {
    let bytes = serde_json::to_vec(settings).ok()?;
    Some(format!("\"{}\"", hex::encode(Sha256::digest(&bytes))))
}

/// What identifies a version in its tag. Proxies that compress an answer weaken the tag or append the encoding.
fn digits(tag: &str) -> &str {
    let tag = tag.trim();
    let quoted = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    quoted.split_once('-').map_or(quoted, |(digits, _)| digits)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_condition_is_met_by_the_version_that_it_names() {
        for (name, condition, by_version, by_none) in [
            (header::IF_MATCH, "\"a\"", true, false),
            (header::IF_MATCH, "\"b\", \"a\"", true, false),
            (header::IF_MATCH, "\"b\"", false, false),
            (header::IF_MATCH, "*", true, false),
            (header::IF_MATCH, "W/\"a\"", true, false),
            (header::IF_MATCH, "\"a-gzip\"", true, false),
            (header::IF_MATCH, "W/\"b-zstd\"", false, false),
            (header::IF_MATCH, "", false, false),
            (header::IF_NONE_MATCH, "*", false, true),
            (header::IF_NONE_MATCH, "\"a\"", false, true),
            (header::IF_NONE_MATCH, "\"b\"", true, true),
        ] {
            let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(condition))]);
            let condition_of = ChangeCondition(headers);
            assert_eq!(condition_of.is_met_by(Some("\"a\"")), by_version, "{name}: {condition}");
            assert_eq!(condition_of.is_met_by(None), by_none, "{name}: {condition} of none");
        }
    }
}
