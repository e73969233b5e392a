//! Determines from the headers of a browser which page a request comes from.
//!
//! `Sec-Fetch-Site` works regardless of what proxies did to `Host`. Browsers send it to https addresses and
//! to this machine. Without it, `Origin` must name the requested host.

use axum::http::{HeaderMap, HeaderName, header};
use reqwest::Url;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestSource {
    /// A page of this program, or the user of the browser.
    OwnPage,
    /// A page of another site.
    OtherSite,
    /// The request does not state it. Browsers do with every change.
    Unsaid,
}

impl RequestSource {
    /// Reads the headers of a request. `public_url` is the address of this program for browsers, if it is
    /// known.
    pub(crate) fn of(headers: &HeaderMap, public_url: Option<&Url>) -> Self {
        let mut sites = headers.get_all(SEC_FETCH_SITE).iter().peekable();
        if sites.peek().is_some() {
            let own = sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
            return if own { Self::OwnPage } else { Self::OtherSite };
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Self::Unsaid,
            (Some(origin), None)
                if origin.to_str().is_ok_and(|origin| is_own(origin, headers, public_url)) =>
            {
                Self::OwnPage
            }
            (Some(_), _) => Self::OtherSite,
        }
    }
}

/// Whether an origin is that of the requested host, or of the public address.
fn is_own(origin: &str, headers: &HeaderMap, public_url: Option<&Url>) -> bool {
    let Ok(origin) = Url::parse(origin) else { return false };
    if public_url.is_some_and(|public| public.origin() == origin.origin()) {
        return true;
    }
    let forwarded = headers.get(X_FORWARDED_HOST).and_then(|hosts| hosts.to_str().ok());
    // Every proxy adds a host; the first is the one that the browser asked for.
    let forwarded = forwarded.and_then(|hosts| hosts.split(',').next());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    [host, forwarded].into_iter().flatten().any(|host| is_at(&origin, host.trim()))
}

/// Whether an origin is at `host`, which has a port unless it is the default one. The scheme is not compared:
/// TLS may end at a proxy.
fn is_at(origin: &Url, host: &str) -> bool {
    let asked = Url::parse(&format!("{}://{host}/", origin.scheme()));
    asked.is_ok_and(|asked| {
        matches!(origin.scheme(), "http" | "https")
            && asked.host().is_some()
            && asked.host() == origin.host()
            && asked.port_or_known_default() == origin.port_or_known_default()
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn source(headers: &[(&'static str, &str)], public_url: Option<&str>) -> RequestSource {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        RequestSource::of(&map, public_url.map(|url| url.parse().unwrap()).as_ref())
    }

    #[test]
    fn the_browser_says_it() {
        use RequestSource::{OtherSite, OwnPage, Unsaid};
        let cases: [(&[(&'static str, &str)], RequestSource); 24] = [
            (&[], Unsaid),
            (&[("host", "a.example")], Unsaid),
            (&[("sec-fetch-site", "same-origin")], OwnPage),
            (&[("sec-fetch-site", "none")], OwnPage),
            (&[("sec-fetch-site", "same-site")], OtherSite),
            (&[("sec-fetch-site", "cross-site")], OtherSite),
            (&[("sec-fetch-site", "")], OtherSite),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], OtherSite),
            // It takes precedence over the origin, which cannot be compared behind a proxy.
            (
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("origin", "https://a.example"),
                    ("host", "127.0.0.1:8080"),
                ],
                OwnPage,
            ),
            (
                &[("sec-fetch-site", "cross-site"), ("origin", "https://a.example"), ("host", "a.example")],
                OtherSite,
            ),
            (&[("origin", "https://a.example"), ("host", "a.example")], OwnPage),
            (&[("origin", "https://a.example"), ("host", "A.EXAMPLE:443")], OwnPage),
            (&[("origin", "http://a.example"), ("host", "a.example:80")], OwnPage),
            (&[("origin", "http://a.example:8080"), ("host", "a.example:8080")], OwnPage),
            (&[("origin", "http://[::1]:8080"), ("host", "[::1]:8080")], OwnPage),
            (&[("origin", "http://a.example:8080"), ("host", "a.example")], OtherSite),
            (&[("origin", "https://a.example.evil.example"), ("host", "a.example")], OtherSite),
            (&[("origin", "https://a.example"), ("host", "127.0.0.1:8080")], OtherSite),
            (
                &[
                    ("origin", "https://a.example"),
                    ("host", "127.0.0.1:8080"),
                    ("x-forwarded-host", "a.example"),
                ],
                OwnPage,
            ),
            (
                &[("origin", "https://a.example"), ("host", "b"), ("x-forwarded-host", "a.example, c")],
                OwnPage,
            ),
            (&[("origin", "https://c"), ("host", "b"), ("x-forwarded-host", "a.example, c")], OtherSite),
            (&[("origin", "null"), ("host", "null")], OtherSite),
            (&[("origin", "file://a.example"), ("host", "a.example")], OtherSite),
            (
                &[("origin", "https://a.example"), ("origin", "https://a.example"), ("host", "a.example")],
                OtherSite,
            ),
        ];
        for (headers, expected) in cases {
            assert_eq!(source(headers, None), expected, "{headers:?}");
        }
    }

    #[test]
    fn the_public_address_is_our_own() {
        let public = Some("https://stats.example/x/");
        for (origin, expected) in [
            ("https://stats.example", RequestSource::OwnPage),
            ("https://stats.example:443", RequestSource::OwnPage),
            ("http://stats.example", RequestSource::OtherSite),
            ("https://stats.example:8443", RequestSource::OtherSite),
            ("https://other.example", RequestSource::OtherSite),
        ] {
            assert_eq!(source(&[("origin", origin), ("host", "127.0.0.1")], public), expected, "{origin}");
        }
    }

    #[test]
    fn a_host_that_is_none_equals_nothing() {
        for host in ["", " ", "a.example/", "user@a.example", "a.example#", "a b", "a.example:443:443"] {
            let said = source(&[("origin", "https://a.example:444"), ("host", host)], None);
            assert_eq!(said, RequestSource::OtherSite, "{host}");
        }
    }
}
