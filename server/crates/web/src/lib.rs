//! Serves HTTP as both commands do: bounds on connections, access to the operator's interface, signing in,
//! and the headers of answers.

pub mod access;
pub mod access_token;
pub mod api_description;
pub mod base_path;
pub mod body;
pub mod compressed;
pub mod described_refusals;
pub mod document;
pub mod forwarded;
pub mod host_header;
pub mod listen;
pub mod media_type;
pub mod metrics_text;
pub mod page_files;
pub mod problem;
pub mod sign_in;
pub mod static_files;

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware,
};
use tower_http::set_header::SetResponseHeaderLayer;

/// Only scripts and styles of this program; `wasm-unsafe-eval` permits compiling WebAssembly and no other
/// evaluation.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The outermost layer: a request with no host or several is refused before anything else.
pub fn with_one_host(routes: Router) -> Router {
    routes.layer(middleware::from_fn(host_header::check))
}

/// Headers that keep browsers from doing more with an answer than showing it.
pub fn with_headers<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let set = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    routes
        .layer(set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "no-referrer"))
        .layer(set(header::CACHE_CONTROL, "no-store"))
}
