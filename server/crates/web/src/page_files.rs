//! Serves what pages of both programs load: the style sheet that they share, the mark, and the files of the
//! sign-in page.

use std::sync::LazyLock;

use axum::{
    Router,
    http::HeaderMap,
    response::Response,
    routing::{MethodRouter, get},
};

use crate::{
    problem::ProblemResponse,
    static_files::{StaticFiles, send},
};

/// The names of the files, which are public and below `static/`.
pub const PAGE_FILES: [&str; 4] = [SHARED_STYLE, MARK, "sign-in.css", "sign-in.js"];

/// The style sheet of all pages.
pub const SHARED_STYLE: &str = "visual-style.css";

/// The mark, which is also the icon of pages.
pub const MARK: &str = "mark.svg";

static FILES: LazyLock<StaticFiles> = LazyLock::new(|| {
    StaticFiles::of(&[
        (SHARED_STYLE, headcount_visual_style::STYLE.as_bytes()),
        (MARK, headcount_visual_style::MARK.as_bytes()),
        ("sign-in.css", include_bytes!("sign_in/sign-in.css")),
        ("sign-in.js", include_bytes!("sign_in/sign-in.js")),
    ])
});

/// The routes of the files.
pub fn page_file_routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    PAGE_FILES
        .into_iter()
        .fold(Router::new(), |router, name| router.route(&format!("/static/{name}"), file_route(name)))
}

fn file_route<S: Clone + Send + Sync + 'static>(name: &'static str) -> MethodRouter<S> {
    let answer = async move |headers: HeaderMap| -> Result<Response, ProblemResponse> {
        send(FILES.find(name), &headers)
    };
    get(answer)
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Request, StatusCode, header},
    };
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn every_file_has_its_type_and_is_not_sent_twice() {
        let types = [
            "text/css; charset=utf-8",
            "image/svg+xml",
            "text/css; charset=utf-8",
            "text/javascript; charset=utf-8",
        ];
        for (name, content_type) in PAGE_FILES.into_iter().zip(types) {
            let get = |tag: &str| {
                let request = Request::get(format!("/static/{name}")).header(header::IF_NONE_MATCH, tag);
                page_file_routes::<()>().oneshot(request.body(Body::empty()).unwrap())
            };
            let first = get("").await.unwrap();
            assert_eq!(first.status(), StatusCode::OK, "{name}");
            assert_eq!(first.headers()[header::CONTENT_TYPE], content_type, "{name}");
            assert_eq!(first.headers()[header::CACHE_CONTROL], "no-cache", "{name}");
            let again = get(first.headers()[header::ETAG].to_str().unwrap()).await.unwrap();
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{name}");
        }
    }
}
