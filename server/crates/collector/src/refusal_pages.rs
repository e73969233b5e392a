//! Answers a refused request for a page with a page: the same sentence and status, in the frame of the
//! others, and the form again with what was entered.

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use headcount_fleet_pages::{EnteredForm, FormMethod, PageShell, error_page, render_shell};
use headcount_shared::api::Problem;
use headcount_web::access::AccessRole;

use super::{fleet_page_routes::reader_of, fleet_routes::bad_request, routes::page_headers};

/// The largest body of a form, in bytes.
const FORM_BYTES: usize = 4096;

/// The names and values of a form, in its order.
type EnteredFields = Vec<(String, String)>;

/// Keeps what was entered in a form for the page that refuses it. It belongs inside the guard of the form.
pub(super) async fn keep_entered(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, FORM_BYTES).await else {
        return bad_request("the form cannot be read").into_response();
    };
    let entered = read_fields(&body);
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    response.extensions_mut().insert(entered);
    response
}

/// The fields of a form as it is sent; none if it cannot be read.
fn read_fields(form: &[u8]) -> EnteredFields {
    serde_urlencoded::from_bytes(form).unwrap_or_default()
}

/// Makes pages of refusals. `role` is that of all requests without access control; with it, the answer names
/// the role. A request without a credential gets the answer that programs get.
pub(super) async fn refusals_as_pages(
    State(role): State<Option<AccessRole>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let filters = read_fields(request.uri().query().unwrap_or_default().as_bytes());
    let response = next.run(request).await;
    let role = response.extensions().get::<AccessRole>().copied().or(role);
    let (Some(role), Some(problem)) = (role, response.extensions().get::<Problem>()) else { return response };
    let (method, fields) = match response.extensions().get::<EnteredFields>() {
        Some(entered) => (FormMethod::Post, entered),
        None => (FormMethod::Get, &filters),
    };
    let entered = EnteredForm { method, action: last_part(&path), fields };
    // Nothing else is mended by other values. What another site sent is refused, and not offered again.
    let entered = Some(entered).filter(|_| response.status() == StatusCode::BAD_REQUEST);
    let page = refusal_page(problem, &way_up(&path), role, entered);
    with_page(response, page)
}

/// The address of a page from its own directory.
fn last_part(path: &str) -> &str {
    match path.rsplit('/').next() {
        None | Some("") => "./",
        Some(last) => last,
    }
}

/// From the directory of a path to the first one: `../` for every slash after the first one.
fn way_up(path: &str) -> String {
    "../".repeat(path.matches('/').count().saturating_sub(1))
}

fn refusal_page(problem: &Problem, root: &str, role: AccessRole, entered: Option<EnteredForm<'_>>) -> String {
    let reader = reader_of(Some(role));
    let shell = PageShell { title: &problem.title, root, reader, entry: None, filter: None };
    render_shell(shell, &error_page(&problem.detail, root, reader, entered))
}

/// The response with another content. Its other headers say when to ask again, and renew a session.
fn with_page(response: Response, page: String) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    for (name, value) in page_headers() {
        parts.headers.insert(name, HeaderValue::from_static(value));
    }
    (parts, page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_in_a_directory_leads_back_to_the_first_one() {
        for (path, root) in [("/", ""), ("/overview", ""), ("/installations/x", "../"), ("/a/b/c", "../../")]
        {
            assert_eq!(way_up(path), root, "{path}");
        }
    }

    #[test]
    fn a_form_is_sent_to_the_page_that_refused_it() {
        for (path, action) in [("/", "./"), ("/overview", "overview"), ("/installations/x", "x")] {
            assert_eq!(last_part(path), action, "{path}");
        }
    }
}
