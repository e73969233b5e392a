//! Serves the program that takes over in the browser on the pages of the fleet.
//!
//! Pages are complete without it. Its code is in `frontend-tracker/src/ui/takeover`.

use std::sync::Arc;

use axum::{Router, extract::Path, http::HeaderMap, response::Response, routing::get};
use headcount_web::{
    problem::ProblemResponse,
    static_files::{StaticFiles, send},
};

/// The routes of its files, which are public.
pub(super) fn program_routes(files: StaticFiles) -> Router {
    let files = Arc::new(files);
    let answer = async move |Path(name): Path<String>,
                             headers: HeaderMap|
                -> Result<Response, ProblemResponse> { send(files.find(&name), &headers) };
    Router::new().route("/static/{file}", get(answer))
}
