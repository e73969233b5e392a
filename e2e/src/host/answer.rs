//! What does the site answer?

use std::{sync::Arc, time::Instant};

use axum::{
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::{PROGRAM, Site, built, page::WATCH};

/// The longest body that is read, in bytes.
const BODY: usize = 1 << 16;

pub(super) async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    site.memory().asked.push(path.clone());
    site.gates.pass(&path).await;
    if path == "/stats" {
        return hear(&site, request).await;
    }
    match path.as_str() {
        "/early.js" => {
            let page = request.uri().query().unwrap_or_default();
            script(site.page(page).first_script().to_owned())
        }
        "/watch.js" => script(WATCH.to_owned()),
        "/static/tracker.js" => script(built("tracker.js")),
        PROGRAM => match &site.setting.program {
            Some(bytes) => file("application/wasm", bytes.clone()),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        "/ping" => StatusCode::NO_CONTENT.into_response(),
        _ => page(&site, &path),
    }
}

fn page(site: &Site, path: &str) -> Response {
    let mut answer = Html(site.page(path).html(path)).into_response();
    for (name, value) in &site.setting.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

async fn hear(site: &Site, request: Request) -> Response {
    if request.method() != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY).await.unwrap_or_else(|_| Bytes::from_static(b"too long, or cut off"));
    site.hear(head.headers, &body, now());
    site.setting.heard.into_response()
}

#[expect(clippy::disallowed_methods, reason = "an arrival is measured")]
fn now() -> Instant {
    Instant::now()
}

fn script(text: impl Into<Vec<u8>>) -> Response {
    file("text/javascript", text.into())
}

/// A file that a page of another origin, a sandboxed one for example, may use too, and that is asked for every time.
fn file(kind: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, bytes).into_response()
}
