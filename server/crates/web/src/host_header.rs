//! Refuses requests without a valid host, or with more than one.
//!
//! If two parts of a system read the host from different places, one of them is misled: a proxy may check one
//! `Host` and this program another. RFC 9112, section 3.2, requires the same.

use axum::{
    extract::Request,
    http::{self, HeaderValue, StatusCode, Uri, Version, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::ProblemResponse;

/// Answers 400 to a request without exactly one valid host.
pub async fn check(request: Request, next: Next) -> Response {
    match refusal(&request) {
        None => next.run(request).await,
        Some(refusal) => refusal,
    }
}

/// The answer to a request without exactly one valid host; `None` for a valid request.
pub fn refusal<B>(request: &http::Request<B>) -> Option<Response> {
    let hosts = request.headers().get_all(header::HOST);
    let verdict = verdict(request.version(), request.uri(), hosts.iter());
    verdict.err().map(|reason| ProblemResponse::new(StatusCode::BAD_REQUEST, reason).into_response())
}

/// What is wrong with the host of a request, as a sentence.
fn verdict<'h>(
    version: Version,
    target: &Uri,
    mut hosts: impl Iterator<Item = &'h HeaderValue>,
) -> Result<(), &'static str> {
    let host = match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return Err("the request has more than one Host header"),
        (None, None) if version == Version::HTTP_11 => return Err("the request has no Host header"),
        (None, None) => return Ok(()),
        (Some(host), None) => host.to_str().map_err(|_| "the Host header is not a valid host")?.trim(),
    };
    // A client without a host name sends an empty one: RFC 9110, section 7.2.
    let named = (!host.is_empty()).then(|| host.parse::<Authority>()).transpose();
    let named = named.map_err(|_| "the Host header is not a valid host")?;
    if named.as_ref().is_some_and(|named| named.as_str().contains('@')) {
        return Err("the Host header is not a valid host");
    }
    match (target.authority(), named) {
        (None, _) => Ok(()),
        (Some(target), Some(named)) if is_same(target, &named) => Ok(()),
        _ => Err("the request is for another host than its Host header says"),
    }
}

/// Whether both name the same host and port. All requests here are http, whose default port may be omitted.
fn is_same(one: &Authority, other: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16().unwrap_or(80);
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_exactly_one_host() {
        let cases: [(Version, &str, &[&str], bool); 20] = [
            (Version::HTTP_11, "/", &["localhost:8080"], true),
            (Version::HTTP_11, "/", &["[::1]:8080"], true),
            (Version::HTTP_11, "/", &[""], true),
            (Version::HTTP_11, "/", &[], false),
            (Version::HTTP_10, "/", &[], true),
            (Version::HTTP_2, "http://a/", &[], true),
            (Version::HTTP_11, "/", &["a", "a"], false),
            (Version::HTTP_11, "/", &["a", "b"], false),
            (Version::HTTP_10, "/", &["a", "b"], false),
            (Version::HTTP_11, "/", &["", "a"], false),
            (Version::HTTP_11, "/", &["a, b"], false),
            (Version::HTTP_11, "/", &["a/b"], false),
            (Version::HTTP_11, "/", &["me@a"], false),
            (Version::HTTP_11, "http://a/", &["a"], true),
            (Version::HTTP_11, "http://A:80/x", &["a"], true),
            (Version::HTTP_11, "http://a:81/", &["a"], false),
            (Version::HTTP_11, "http://a/", &["b"], false),
            (Version::HTTP_11, "http://a/", &[""], false),
            (Version::HTTP_10, "http://a/", &["b"], false),
            (Version::HTTP_11, "http://me@a/", &["a"], true),
        ];
        for (version, target, hosts, accepted) in cases {
            let hosts: Vec<HeaderValue> = hosts.iter().map(|host| host.parse().unwrap()).collect();
            let verdict = verdict(version, &target.parse().unwrap(), hosts.iter());
            assert_eq!(verdict.is_ok(), accepted, "{target} {hosts:?}");
        }
        let not_text = HeaderValue::from_bytes(b"\xff").unwrap();
        assert!(verdict(Version::HTTP_11, &Uri::from_static("/"), [&not_text].into_iter()).is_err());
    }
}
