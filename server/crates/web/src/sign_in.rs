//! Signs operators in and out: with the form that works without script, and with the requests of programs and
//! of the interface.

mod page;

use axum::{
    Json, Router,
    body::Body,
    extract::{FromRef, Query},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use headcount_shared::{
    api::{NewSession, Problem, SignInCode},
    json::StrictJson,
};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::page::SignInPage;
use super::{
    access::{AccessControl, AccessDenied},
    body::{BodyError, receive},
    described_refusals::GuardedResponses,
    page_files::page_file_routes,
    problem::ProblemResponse,
};

/// The largest body of a sign-in, in bytes.
const BODY_BYTES: usize = 4096;

/// What the sign-in page may do: show itself, send its form, and run its one script.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page, its form and its files, which are public.
pub fn page_routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    AccessControl: FromRef<S>,
{
    Router::new()
        .route("/sign-in", get(show).post(sign_in))
        .route("/sign-out", post(sign_out))
        .merge(page_file_routes())
}

/// The requests for sessions, which check access themselves.
pub fn session_routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    AccessControl: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(session, begin_session, end_session))
}

/// The request for a code, which is private.
pub fn code_routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    AccessControl: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(sign_in_code))
}

/// The fields of the form, which the address of the page can also have.
#[derive(Debug, Default, Deserialize)]
struct SignInForm {
    #[serde(default)]
    token: String,
    /// The address after the sign-in, under the base path.
    #[serde(default)]
    to: String,
}

/// The sign-in page instead of a page that requires a credential.
pub fn instead_of(access: &AccessControl, wanted: &Uri) -> Response {
    let inner = wanted.path_and_query().map_or("/", |path| path.as_str());
    let to = format!("{}{}", access.base_path().as_str().trim_end_matches('/'), inner);
    let page = SignInPage { base: access.base_path().as_str(), to: own_address(access, &to), message: None };
    let challenge = AccessDenied::NoCredential.refusal().into_response();
    let challenge = challenge.headers().get(header::WWW_AUTHENTICATE).cloned();
    let mut response = answer(StatusCode::UNAUTHORIZED, &page);
    response.headers_mut().extend(challenge.map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
    response
}

async fn show(access: AccessControl, Query(form): Query<SignInForm>) -> Response {
    let page =
        SignInPage { base: access.base_path().as_str(), to: own_address(&access, &form.to), message: None };
    answer(StatusCode::OK, &page)
}

/// Handles the form.
async fn sign_in(access: AccessControl, headers: HeaderMap, body: Body) -> Response {
    let form = match receive(body, BODY_BYTES).await {
        Ok(body) => serde_urlencoded::from_bytes::<SignInForm>(&body),
        Err(error) => return not_received(error).into_response(),
    };
    let Ok(form) = form else {
        return ProblemResponse::new(StatusCode::BAD_REQUEST, "send the field token as a form")
            .into_response();
    };
    let to = own_address(&access, &form.to);
    match access.sign_in_with_token(&form.token, &headers).await {
        Ok(cookie) => see_other(&to, Some(cookie)),
        Err(denied) => {
            let refusal = denied.refusal();
            let page = SignInPage { base: access.base_path().as_str(), to, message: Some(message(denied)) };
            let mut response = answer(denied.status(), &page);
            // The headers for a program apply to a browser, too.
            for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER] {
                let value = refusal.clone().into_response().headers().get(&name).cloned();
                response.headers_mut().extend(value.map(|value| (name, value)));
            }
            response
        }
    }
}

/// Handles the sign-out form. It does nothing else, so it needs no header that a form cannot set.
async fn sign_out(access: AccessControl, headers: HeaderMap) -> Response {
    if let Err(denied) = access.require_own_page(&headers) {
        return denied.refusal().into_response();
    }
    see_other(&format!("{}sign-in", access.base_path().as_str()), access.end_session(&headers))
}

/// Whether the request belongs to a session.
#[utoipa::path(get, path = "/api/session", tag = "session", security(()), responses(
    (status = 204, description = "The request has a valid session."),
    (status = 401, description = "The request has no valid session.", body = Problem, content_type = "application/problem+json")))]
async fn session(access: AccessControl, headers: HeaderMap) -> Result<StatusCode, ProblemResponse> {
    match access.session(&headers) {
        Some(_) => Ok(StatusCode::NO_CONTENT),
        None => Err(AccessDenied::NoCredential.refusal()),
    }
}

/// Signs a browser in with the token of a role, or with a code of an administrator that works once. The answer
/// sets the session cookie.
#[utoipa::path(post, path = "/api/session", tag = "session", security(()), request_body = NewSession, responses(
    (status = 204, description = "Signed in."),
    (status = 400, description = "The body is not valid.", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "The token or the code is wrong.", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The request comes from a page of another site.", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "There were too many wrong tokens.", body = Problem, content_type = "application/problem+json")))]
// Any content type is accepted: a page of another site could send a request, but does not know the token.
async fn begin_session(
    access: AccessControl,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ProblemResponse> {
    let body = receive(body, BODY_BYTES).await.map_err(not_received)?;
    // The answer omits the reason, which might quote a part of a token.
    let StrictJson(asked): StrictJson<NewSession> = serde_json::from_slice(&body).map_err(|_| {
        ProblemResponse::new(
            StatusCode::BAD_REQUEST,
            r#"send {"token":"<token>"} or {"code":"<sign-in code>"}"#,
        )
    })?;
    let begun = match asked {
        NewSession::Token(token) => access.sign_in_with_token(&token, &headers).await,
        NewSession::Code(code) => access.sign_in_with_code(&code, &headers).await,
    };
    let cookie = begun.map_err(AccessDenied::refusal)?;
    Ok(([(header::SET_COOKIE, cookie)], StatusCode::NO_CONTENT).into_response())
}

/// Signs out: the answer removes the session cookie.
#[utoipa::path(delete, path = "/api/session", tag = "session", security(()), responses(
    (status = 204, description = "Signed out."),
    (status = 403, description = "The header Headcount-Request: 1 is missing, or the request comes from a page of another site.", body = Problem, content_type = "application/problem+json")))]
async fn end_session(access: AccessControl, headers: HeaderMap) -> Result<Response, ProblemResponse> {
    if access.session(&headers).is_some() {
        access.require_own_change(&headers).map_err(AccessDenied::refusal)?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().extend(access.end_session(&headers).map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}

/// Makes a code that signs a browser in once, within five minutes.
#[utoipa::path(post, path = "/api/session/code", tag = "session", responses(
    (status = 200, description = "The code.", body = SignInCode), GuardedResponses))]
async fn sign_in_code(access: AccessControl) -> Json<SignInCode> {
    Json(SignInCode { code: access.issue_code(), public_url: access.public_url().map(ToString::to_string) })
}

fn not_received(error: BodyError) -> ProblemResponse {
    let status = match error {
        BodyError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::Unreadable => StatusCode::BAD_REQUEST,
    };
    ProblemResponse::new(status, error.to_string())
}

/// The message on the page after a failed sign-in.
const fn message(denied: AccessDenied) -> &'static str {
    match denied {
        AccessDenied::TooManyGuesses => "Too many wrong tokens were entered. Try again in a few seconds.",
        AccessDenied::OtherSite => {
            "The browser says that another site sent this form. Behind a proxy that changes the host name, the program \
             has to be started with --public-url."
        }
        AccessDenied::WrongCredential
        | AccessDenied::WrongRole(_)
        | AccessDenied::NoCredential
        | AccessDenied::NoRequestHeader => "This is not a token of this program.",
    }
}

/// The page with a status. It contains no secret and must not be cached. The browser sends its address along
/// with the form, which shows where the form comes from.
fn answer(status: StatusCode, page: &SignInPage<'_>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, page.html()).into_response()
}

fn see_other(to: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.extend(HeaderValue::from_str(to).ok().map(|to| (header::LOCATION, to)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    response
}

/// `to` if it is an address of this interface with visible characters; otherwise the base path.
fn own_address(access: &AccessControl, to: &str) -> String {
    let base = access.base_path().as_str();
    let is_visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let rest = to.strip_prefix(base);
    // Two leading slashes would lead to another host.
    let is_own = rest.is_some_and(|rest| !rest.starts_with('/') && is_visible(rest));
    let is_itself = rest.is_some_and(|rest| rest.starts_with("sign-in") || rest.starts_with("sign-out"));
    if is_own && !is_itself { to.to_owned() } else { base.to_owned() }
}

#[cfg(test)]
mod tests;
