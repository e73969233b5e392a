//! Serves the program that takes over in the browser on the pages of the fleet, and lets these pages run it.
//!
//! Pages are complete without it. It is the web interface of the server, started in another way: see
//! `frontend-tracker/src/ui/takeover.rs`.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use headcount_web::{
    problem::ProblemResponse,
    static_files::{StaticFiles, send},
};

/// The script that pages load.
pub(super) const SCRIPT: &str = "static/ui.js";

/// The policy of a page that loads the program: nothing but scripts, styles, pictures and answers of this
/// collector. `wasm-unsafe-eval` permits compiling WebAssembly and no other evaluation.
const SCRIPTED_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The files of the program.
#[derive(Debug, Clone)]
pub(super) struct InterfaceProgram {
    files: Arc<StaticFiles>,
}

/// Whether pages have the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InterfacePresence {
    /// It is part of this build.
    Built,
    /// The collector was built without it.
    Missing,
}

impl InterfaceProgram {
    pub(super) fn new(files: StaticFiles) -> Self {
        Self { files: Arc::new(files) }
    }

    pub(super) fn presence(&self) -> InterfacePresence {
        match self.files.find("ui.js") {
            Some(_) => InterfacePresence::Built,
            None => InterfacePresence::Missing,
        }
    }

    /// The routes of its files, which are public.
    pub(super) fn routes(self) -> Router {
        let answer =
            async move |Path(name): Path<String>, headers: HeaderMap| -> Result<Response, ProblemResponse> {
                send(self.files.find(&name), &headers)
            };
        Router::new().route("/static/{file}", get(answer))
    }
}

/// A page of the fleet with its headers.
pub(super) fn fleet_page_answer(page: impl IntoResponse, presence: InterfacePresence) -> Response {
    let mut response = (super::routes::page_headers(), page).into_response();
    if presence == InterfacePresence::Built {
        let policy = HeaderValue::from_static(SCRIPTED_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
