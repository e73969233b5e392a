//! Answers a refused request for a page with a page: the same sentence and status, in the frame of the others.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use headcount_fleet_pages::{PageShell, error_page, render_shell};
use headcount_shared::api::Problem;
use headcount_web::access::AccessRole;

use super::{fleet_page_routes::reader_of, routes::page_headers};

/// Makes pages of refusals. `role` is that of all requests without access control; with it, the answer names
/// the role. A request without a credential gets the answer that programs get.
pub(super) async fn refusals_as_pages(
    State(role): State<Option<AccessRole>>,
    request: Request,
    next: Next,
) -> Response {
    let root = way_up(request.uri().path());
    let response = next.run(request).await;
    let role = response.extensions().get::<AccessRole>().copied().or(role);
    match (role, response.extensions().get::<Problem>()) {
        (Some(role), Some(problem)) => {
            let page = refusal_page(problem, &root, role);
            with_page(response, page)
        }
        _ => response,
    }
}

/// From the directory of a path to the first one: `../` for every slash after the first one.
fn way_up(path: &str) -> String {
    "../".repeat(path.matches('/').count().saturating_sub(1))
}

fn refusal_page(problem: &Problem, root: &str, role: AccessRole) -> String {
    let reader = reader_of(Some(role));
    let shell = PageShell { title: &problem.title, root, reader, entry: None, filter: None };
    render_shell(shell, &error_page(&problem.detail, root, reader))
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
}
