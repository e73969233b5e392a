//! Compresses answers that are made for a request.
//!
//! Compression of a secret beside a text that somebody else chooses tells the secret by the length of the
//! answer (the BREACH attack). So this is for routes whose answers have no secret: no token, since forms are
//! guarded by `Origin` and `Sec-Fetch-Site`, and nothing about a single installation. And no other site can
//! have a browser ask with its session, whose cookie is `SameSite=Strict`.

use axum::{
    Router,
    http::{Extensions, HeaderMap, HeaderName, StatusCode, Version, header},
};
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer,
        predicate::{Predicate, SizeAbove},
    },
};

/// Smaller answers fit into one packet as they are.
const SMALLEST_BYTES: u64 = 1024;

/// A digest of what is sent would be wrong after compression: RFC 9530.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// Compresses texts of at least a kilobyte for clients that accept gzip, with the fastest level. What has a
/// coding stays as it is.
pub fn with_compression<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let layer = CompressionLayer::new().quality(CompressionLevel::Fastest);
    routes.layer(layer.compress_when(SizeAbove::new(SMALLEST_BYTES).and(is_text)))
}

fn is_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_text = media_type.starts_with("text/") || media_type.starts_with("application/json");
    is_text && !headers.contains_key(CONTENT_DIGEST)
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Request, Response},
        response::IntoResponse,
        routing::get,
    };
    use tower::ServiceExt;

    use super::*;

    async fn asked(answer: Response<Body>, accepted: Option<&str>) -> Response<Body> {
        let answer = std::sync::Mutex::new(Some(answer));
        let answer = std::sync::Arc::new(answer);
        let routes = Router::new().route("/", get(async move || answer.lock().unwrap().take().unwrap()));
        let mut request = Request::get("/");
        if let Some(accepted) = accepted {
            request = request.header(header::ACCEPT_ENCODING, accepted);
        }
        with_compression(routes).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    fn coding(answer: &Response<Body>) -> Option<&str> {
        answer.headers().get(header::CONTENT_ENCODING).map(|coding| coding.to_str().unwrap())
    }

    #[tokio::test]
    async fn long_texts_are_compressed_for_who_accepts_it() {
        let long = "word ".repeat(1000);
        let text = |media_type: &'static str| ([(header::CONTENT_TYPE, media_type)], long.clone());
        for media_type in ["text/html; charset=utf-8", "text/csv", "application/json"] {
            let compressed = asked(text(media_type).into_response(), Some("br, gzip")).await;
            assert_eq!(coding(&compressed), Some("gzip"), "{media_type}");
            assert_eq!(compressed.headers()[header::VARY], "accept-encoding");
            for accepted in [None, Some("br"), Some("gzip;q=0")] {
                let plain = asked(text(media_type).into_response(), accepted).await;
                assert_eq!(coding(&plain), None, "{accepted:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_short_or_coded_or_no_text_is_sent_as_it_is() {
        let text = |media_type, name: HeaderName, value: &'static str| {
            let headers = [(header::CONTENT_TYPE, media_type), (name, value)];
            (headers, "word ".repeat(1000)).into_response()
        };
        for (answer, expected) in [
            (([(header::CONTENT_TYPE, "text/html")], "short").into_response(), None),
            (text("application/zip", header::CACHE_CONTROL, "no-store"), None),
            (text("text/html", CONTENT_DIGEST, "sha-256=:AA==:"), None),
            (text("text/html", header::CONTENT_ENCODING, "br"), Some("br")),
        ] {
            assert_eq!(coding(&asked(answer, Some("gzip")).await), expected);
        }
    }
}
