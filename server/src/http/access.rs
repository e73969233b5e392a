//! Who may look at the interface?
//!
//! With an admin token: who shows it. Without one: this machine only, which means a connection from a loopback address
//! that no proxy passed on, made under a name of this machine, so that no page of another site can reach it either (DNS
//! rebinding).

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::Response,
};
use sha2::{Digest, Sha256};

use super::problem::Refusal;
use crate::config::AdminToken;

/// The address that a request came from; set for every connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Headers by which proxies say that they passed a request on.
const PROXY_HEADERS: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// The rule in force.
#[derive(Debug, Clone)]
pub struct Access {
    token: Option<AdminToken>,
}

impl Access {
    /// Access with `token`, or for this machine only.
    #[must_use]
    pub const fn new(token: Option<AdminToken>) -> Self {
        Self { token }
    }

    fn check_token(&self, headers: &HeaderMap) -> Option<bool> {
        let token = self.token.as_ref()?;
        let shown =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let shown = shown.strip_prefix("Bearer ").unwrap_or_default();
        // Digests are compared, so that the time taken tells nothing of the token.
        Some(Sha256::digest(shown) == Sha256::digest(token.expose()))
    }
}

/// Lets requests for data through, or answers 401 or 403.
///
/// # Errors
/// A [`Refusal`] that says what is missing.
pub async fn for_data(
    State(access): State<Access>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    match access.check_token(request.headers()) {
        Some(true) => {}
        Some(false) => {
            return Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "send the admin token as Authorization: Bearer <token>",
            ));
        }
        None => only_this_machine(&request)?,
    }
    Ok(next.run(request).await)
}

/// Lets requests for pages through, which hold no data: a page has to be there to ask for the token.
///
/// # Errors
/// A [`Refusal`] that says what is missing.
pub async fn for_pages(
    State(access): State<Access>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if access.token.is_none() {
        only_this_machine(&request)?;
    }
    Ok(next.run(request).await)
}

fn only_this_machine(request: &Request) -> Result<(), Refusal> {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    if peer.is_some_and(|peer| is_this_machine(peer, request.headers())) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "without an admin token the interface answers this machine only; start the server with --admin-token",
    ))
}

fn is_this_machine(peer: IpAddr, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    peer.to_canonical().is_loopback()
        && !PROXY_HEADERS.iter().any(|name| headers.contains_key(*name))
        && host.is_none_or(is_loopback_name)
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_direct_connection_on_this_machine_is_this_machine() {
        let cases = [
            ("127.0.0.1", "localhost:8080", None, true),
            ("127.0.0.1", "127.0.0.1:8080", None, true),
            ("127.8.9.1", "LOCALHOST", None, true),
            ("::1", "[::1]:8080", None, true),
            ("::ffff:127.0.0.1", "localhost", None, true),
            ("10.0.0.7", "localhost:8080", None, false),
            ("::ffff:10.0.0.7", "localhost", None, false),
            ("127.0.0.1", "evil.example.com:8080", None, false),
            ("127.0.0.1", "localhost.evil.example.com", None, false),
            ("127.0.0.1", "10.0.0.7:8080", None, false),
            ("127.0.0.1", "localhost:8080", Some("x-forwarded-for"), false),
            ("127.0.0.1", "localhost:8080", Some("forwarded"), false),
        ];
        for (peer, host, proxy_header, is_this) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
            if let Some(name) = proxy_header {
                headers.insert(name, HeaderValue::from_static("10.0.0.7"));
            }
            assert_eq!(
                is_this_machine(peer.parse().unwrap(), &headers),
                is_this,
                "{peer} {host} {proxy_header:?}"
            );
        }
    }

    #[test]
    fn the_token_decides_when_there_is_one() {
        let access = Access::new(Some("swordfish".parse().unwrap()));
        for (shown, right) in [
            (None, false),
            (Some("Bearer swordfish"), true),
            (Some("Bearer swordfis"), false),
            (Some("Bearer "), false),
            (Some("swordfish"), false),
            (Some("Basic swordfish"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(shown) = shown {
                headers.insert(header::AUTHORIZATION, HeaderValue::from_static(shown));
            }
            assert_eq!(access.check_token(&headers), Some(right), "{shown:?}");
        }
        assert_eq!(Access::new(None).check_token(&HeaderMap::new()), None);
    }
}
