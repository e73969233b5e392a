//! Mocks the operator's own webhook.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::mock_server::{CheckedRequest, DestinationAnswer, MockRequest, RefusedMessage};

/// Its path.
pub(super) const PATH: &str = "/hooks/incidents";

const USER: &str = "headcount";

const PASSWORD: &str = "only in tests";

/// The two in a header, in Base64.
const BASIC: &str = "Basic aGVhZGNvdW50Om9ubHkgaW4gdGVzdHM=";

/// A header that it requires, and its value.
const HEADER: [&str; 2] = ["X-Team", "platform"];

pub(super) fn integration(url: &str) -> Value {
    let [key, value] = HEADER;
    json!({
        "url": url,
        "tls_skip_verify": false,
        "basic_auth": { "user": USER, "password": PASSWORD },
        "custom_headers": [{ "key": key, "value": value }],
        "incidents": true,
        "deployments": false,
        "incident_template": "",
        "deployment_template": "",
    })
}

pub(super) fn check(asked: &MockRequest<'_>) -> CheckedRequest {
    let [name, value] = HEADER;
    // The operator's template determines the body, so any body will do.
    let (status, why) = match () {
        () if asked.path != PATH => (StatusCode::NOT_FOUND, format!("there is no {}", asked.path)),
        () if asked.method != Method::POST => {
            (StatusCode::METHOD_NOT_ALLOWED, format!("{} instead of POST", asked.method))
        }
        () if asked.header("authorization") != BASIC => (StatusCode::UNAUTHORIZED, "no password".to_owned()),
        () if asked.header(name) != value => (StatusCode::FORBIDDEN, format!("no header {name}")),
        () if asked.body == json!("") => (StatusCode::BAD_REQUEST, "nothing is said".to_owned()),
        () => return Ok((asked.received("call", ""), DestinationAnswer(StatusCode::OK, json!("ok")))),
    };
    Err(RefusedMessage { answer: DestinationAnswer(status, json!(why)), why })
}
