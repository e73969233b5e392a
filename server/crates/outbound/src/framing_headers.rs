//! Names the headers that belong to a connection. An operator's custom headers set none of them.

use reqwest::header::HeaderName;

/// What frames a message or is for the next hop alone (RFC 9110, sections 7.6.1 and 10.1.1; RFC 9112, section 6).
const FRAMING: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a header frames a message or is for the next hop alone. The HTTP client sets those that a request
/// needs; with another value, servers would read another request.
#[must_use]
pub fn is_framing_header(name: &HeaderName) -> bool {
    FRAMING.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_a_connection_are_told_from_those_of_a_request() {
        for (name, expected) in [
            ("Content-Length", true),
            ("TRANSFER-ENCODING", true),
            ("connection", true),
            ("Expect", true),
            ("Upgrade", true),
            ("TE", true),
            ("Trailer", true),
            ("Content-Type", false),
            ("Authorization", false),
            ("Host", false),
            ("X-Scope-OrgID", false),
        ] {
            assert_eq!(is_framing_header(&name.parse().unwrap()), expected, "{name}");
        }
    }
}
