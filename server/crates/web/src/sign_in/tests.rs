//! Tests the sign-in page and the addresses that it leads to.

use std::sync::Arc;

use headcount_platform::clock::SystemClock;

use super::*;
use crate::access::{AccessConfig, SessionProgram};

fn access(base_path: &str) -> AccessControl {
    let config = AccessConfig {
        interface: SessionProgram::Server,
        admin_token: Some("a-token-of-the-tests".parse().unwrap()),
        analyst_token: None,
        viewer_token: None,
        metrics_token: None,
        base_path: base_path.parse().unwrap(),
        public_url: None,
    };
    AccessControl::new(config, Arc::new(SystemClock::new()))
}

#[test]
fn after_a_sign_in_a_browser_goes_to_an_address_of_ours() {
    for (base_path, to, expected) in [
        ("/", "/usage-statistics", "/usage-statistics"),
        ("/", "/p/acme?from=1h&to=now", "/p/acme?from=1h&to=now"),
        ("/", "", "/"),
        ("/", "//evil.example", "/"),
        ("/", "/\\evil.example", "/"),
        ("/", "https://evil.example", "/"),
        ("/", "/a b", "/"),
        ("/", "/a\r\nset-cookie: x", "/"),
        ("/", "/sign-in", "/"),
        ("/", "/sign-out", "/"),
        ("/x", "/x/p/acme", "/x/p/acme"),
        ("/x", "/x", "/x/"),
        ("/x", "/y", "/x/"),
        ("/x", "/x//evil.example", "/x/"),
    ] {
        assert_eq!(own_address(&access(base_path), to), expected, "{base_path} {to:?}");
    }
}

#[test]
fn what_stands_in_the_page_is_escaped() {
    let page = SignInPage { base: "/", to: "/p/\"><script>&".to_owned(), message: None };
    let html = page.html();
    assert!(html.contains(r#"value="/p/&quot;&gt;&lt;script&gt;&amp;""#), "{html}");
    assert_eq!(html.matches("<script").count(), 1);
}

#[test]
fn the_page_has_no_tracker_and_nothing_inline() {
    let html = SignInPage { base: "/x/", to: "/x/".to_owned(), message: Some("No.") }.html();
    for absent in ["tracker", "<style", " style=", "onload", "http://", "https://"] {
        assert!(!html.contains(absent), "{absent}");
    }
    assert!(html.contains(r#"<form method="post" action="/x/sign-in">"#), "{html}");
}
