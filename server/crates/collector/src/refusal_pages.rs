//! Answers a refused request for a page with a page: the same sentence and status, in the frame of the
//! others, and the form again with what was entered.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use headcount_fleet_pages::{EnteredForm, FormMethod, PageShell, error_page, render_shell};
use headcount_shared::api::Problem;
use headcount_web::access::AccessRole;

use super::{fleet_page_routes::reader_of, page_forms::EnteredFields, routes::page_headers};

/// Makes pages of refusals. `role` is that of all requests without access control; with it, the answer names
/// the role. A request without a credential gets the answer that programs get.
pub(super) async fn refusals_as_pages(
    State(role): State<Option<AccessRole>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let filters = EnteredFields::read(request.uri().query().unwrap_or_default().as_bytes());
    let response = next.run(request).await;
    let role = response.extensions().get::<AccessRole>().copied().or(role);
    let (Some(role), Some(problem)) = (role, response.extensions().get::<Problem>()) else { return response };
    let (method, fields) = match response.extensions().get::<EnteredFields>() {
        Some(entered) => (FormMethod::Post, entered),
        None => (FormMethod::Get, &filters),
    };
    let action = page_action(&path);
    let entered = EnteredForm { method, action: &action, fields: fields.all() };
    let entered = Some(entered).filter(|_| can_be_sent_again(response.status()));
    let page = refusal_page(problem, &way_up(&path), role, entered);
    with_page(response, page)
}

/// Whether a form may succeed with other values, or later. What another site sent is refused with another status,
/// and not offered again.
fn can_be_sent_again(status: StatusCode) -> bool {
    status == StatusCode::BAD_REQUEST || status.is_server_error()
}

/// The address of a page from its own directory. A name with a colon would be an address with a scheme, without
/// the `./`.
fn page_action(path: &str) -> String {
    format!("./{}", path.rsplit('/').next().unwrap_or_default())
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
        for (path, action) in [
            ("/", "./"),
            ("/overview", "./overview"),
            ("/installations/x", "./x"),
            ("/installations/javascript:alert(1)", "./javascript:alert(1)"),
            ("//other.example.org", "./other.example.org"),
        ] {
            assert_eq!(page_action(path), action, "{path}");
        }
    }

    #[test]
    fn a_form_that_other_values_or_time_can_mend_may_be_sent_again() {
        for (status, expected) in [
            (StatusCode::BAD_REQUEST, true),
            (StatusCode::SERVICE_UNAVAILABLE, true),
            (StatusCode::INTERNAL_SERVER_ERROR, true),
            (StatusCode::FORBIDDEN, false),
            (StatusCode::NOT_FOUND, false),
        ] {
            assert_eq!(can_be_sent_again(status), expected, "{status}");
        }
    }
}
