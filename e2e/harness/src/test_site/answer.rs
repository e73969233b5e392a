//! Answers the requests to the site.

use std::{sync::Arc, time::Instant};

use axum::{
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};

use headcount_shared::browser_storage::OFF_SCRIPT;

use super::{
    SiteState, built,
    installation::{InstallationAnswers, InstallationPath, at},
    packaged,
    page::WATCH,
};

/// The longest body that is read, in bytes.
const BODY: usize = 1 << 16;

pub(super) async fn answer(State(site): State<Arc<SiteState>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    site.memory().asked.push((request.method().clone(), path.clone()));
    site.gates.pass(&path).await;
    if let Some(to) = site.setting.redirects.get(&path) {
        return Redirect::temporary(to).into_response();
    }
    if let Some((base, owned)) = at(&path) {
        return of_an_installation(&site, owned, site.installations.of(base), request).await;
    }
    match path.as_str() {
        "/early.js" => {
            let page = request.uri().query().unwrap_or_default();
            script(site.page(page).first_script().to_owned())
        }
        "/watch.js" => script(WATCH.to_owned()),
        "/ping" => StatusCode::NO_CONTENT.into_response(),
        _ => page(&site, &path),
    }
}

async fn of_an_installation(
    site: &SiteState,
    owned: InstallationPath,
    answers: InstallationAnswers,
    request: Request,
) -> Response {
    match owned {
        InstallationPath::Stats => stats(site, answers, request).await,
        InstallationPath::Script if answers.is_off => script(OFF_SCRIPT),
        InstallationPath::Script => script(built("tracker.js")),
        InstallationPath::Packaged(file) => script(packaged(file)),
        InstallationPath::Program => match &site.setting.program {
            Some(bytes) => file("application/wasm", bytes.clone()),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

fn page(site: &SiteState, path: &str) -> Response {
    let mut answer = Html(site.page(path).html(path)).into_response();
    for (name, value) in &site.setting.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

/// The answer of a server at `stats`, readable for other origins too.
async fn stats(site: &SiteState, answers: InstallationAnswers, request: Request) -> Response {
    let status = match *request.method() {
        Method::GET => {
            site.memory().questions.push(request.into_parts().0.headers);
            answers.question
        }
        Method::POST => {
            let (head, body) = request.into_parts();
            let body =
                to_bytes(body, BODY).await.unwrap_or_else(|_| Bytes::from_static(b"too long, or cut off"));
            site.hear(head.headers, &body, now());
            answers.view
        }
        _ => StatusCode::METHOD_NOT_ALLOWED,
    };
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (status, headers).into_response()
}

#[expect(clippy::disallowed_methods, reason = "an arrival is measured")]
fn now() -> Instant {
    Instant::now()
}

fn script(text: impl Into<Vec<u8>>) -> Response {
    file("text/javascript", text.into())
}

/// Serves a file that pages of other origins, such as sandboxed ones, may use too, and that is never cached.
fn file(kind: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, bytes).into_response()
}
