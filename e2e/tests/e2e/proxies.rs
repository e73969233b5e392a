//! Tests that behind a reverse proxy in its shortest configuration operators have access and strangers do
//! not, and that the snippets in `docs/operating.md` expose only what is public.

use std::{fs, path::Path};

use headcount_harness::{
    browser::{Browser, Engine},
    http::{self, ADMIN_TOKEN},
    in_every_engine,
    processes::HeadcountProcess,
    reverse_proxy::ReverseProxy,
};
use reqwest::{Client, Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::setup::{TestSetup, event, own_address};

in_every_engine!(
    the_operator_signs_in_through_the_shortest_nginx,
    the_operator_signs_in_through_the_shortest_caddy
);

/// Requests to a server, under its base path, that only an operator may make.
pub(crate) const PRIVATE: [(Method, &str); 12] = [
    (Method::GET, ""),
    (Method::GET, "welcome"),
    (Method::GET, "usage-statistics"),
    (Method::GET, "metrics"),
    (Method::GET, "api/openapi.json"),
    (Method::GET, "api/projects"),
    (Method::GET, "api/usage-statistics"),
    (Method::GET, "api/usage-statistics/preview"),
    (Method::GET, "api/usage-statistics/reports"),
    (Method::PUT, "api/usage-statistics"),
    (Method::POST, "api/projects"),
    (Method::POST, "api/session/code"),
];

/// Requests to a collector that only an operator may make.
pub(crate) const FLEET: [(Method, &str); 6] = [
    (Method::GET, ""),
    (Method::GET, "pages.css"),
    (Method::GET, "api/fleet"),
    (Method::GET, "api/reports"),
    (Method::GET, "api/reports/some-id"),
    (Method::POST, "api/session/code"),
];

/// Headers with which a stranger claims to be another client.
const CLAIMS: [&[(&str, &str)]; 3] = [
    &[],
    &[("host", "shop.example.com")],
    &[
        ("host", "localhost"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "localhost"),
        ("headcount-request", "1"),
        ("sec-fetch-site", "same-origin"),
    ],
];

/// A server under `/x/` and a collector, each with one view.
async fn programs(setup: &TestSetup) -> (HeadcountProcess, HeadcountProcess) {
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).flag("--url-base-path", "/x").start().await.unwrap();
    (server, collector)
}

async fn ask(method: &Method, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> StatusCode {
    let mut asked = http::client().unwrap().request(method.clone(), url).body(body);
    for (name, value) in headers {
        asked = asked.header(*name, *value);
    }
    asked.send().await.unwrap().status()
}

/// Checks that a stranger who asks a proxy for something private is refused.
async fn assert_strangers_are_refused(base: &str, private: &[(Method, &str)]) {
    for (method, path) in private {
        for headers in CLAIMS {
            let status =
                ask(method, &format!("{base}{path}"), headers, b"{\"enabled\":false}".to_vec()).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} {headers:?}");
        }
    }
}

/// The shortest configuration: all requests go to the program.
fn shortest_nginx(path: &str, program: &HeadcountProcess) -> String {
    format!("location {path} {{ proxy_pass http://{}; }}", program.address().unwrap())
}

fn shortest_caddy(program: &HeadcountProcess) -> String {
    format!("reverse_proxy {}", program.address().unwrap())
}

#[tokio::test]
async fn through_the_shortest_nginx_strangers_see_what_is_public() {
    let setup = TestSetup::new();
    let (server, collector) = programs(&setup).await;
    let proxy = ReverseProxy::nginx(own_address(), &shortest_nginx("/x/", &server)).await.unwrap();
    let base = proxy.url("x/");
    assert_strangers_are_refused(&base, &PRIVATE).await;
    assert_eq!(setup.http.get(format!("{base}api/projects")).send().await.unwrap().status(), StatusCode::OK);
    for path in ["health", "sign-in", "static/tracker.js", "static/sign-in.js"] {
        assert_eq!(ask(&Method::GET, &format!("{base}{path}"), &[], vec![]).await, StatusCode::OK, "{path}");
    }
    let view = serde_json::to_vec(&event("/")).unwrap();
    assert_eq!(ask(&Method::POST, &format!("{base}stats"), &[], view).await, StatusCode::NO_CONTENT);
    assert!(setup.status(&server).await.enabled);

    let proxy = ReverseProxy::nginx(own_address(), &shortest_nginx("/", &collector)).await.unwrap();
    assert_strangers_are_refused(&proxy.url(""), &FLEET).await;
    let json = [("content-type", "application/json")];
    let sent = ask(&Method::POST, &proxy.url("ce/usage-statistics"), &json, report()).await;
    assert_eq!(sent, StatusCode::OK);
    assert_eq!(setup.stored(&collector).await.len(), 1);
}

/// A report that a collector accepts.
fn report() -> Vec<u8> {
    let instance = json!({ "uuid": Uuid::new_v4(), "version": "0.1.0", "database_type": "sqlite" });
    serde_json::to_vec(&json!({ "instance": instance })).unwrap()
}

async fn the_operator_signs_in_through_the_shortest_nginx(engine: Engine) {
    let setup = TestSetup::new();
    let (server, collector) = programs(&setup).await;
    let of_server = ReverseProxy::nginx(own_address(), &shortest_nginx("/x/", &server)).await.unwrap();
    let of_collector = ReverseProxy::nginx(own_address(), &shortest_nginx("/", &collector)).await.unwrap();
    assert_operator_gets_in(engine, &setup, &server, &of_server.url("x/"), &of_collector.url("")).await;
}

async fn the_operator_signs_in_through_the_shortest_caddy(engine: Engine) {
    let setup = TestSetup::new();
    let (server, collector) = programs(&setup).await;
    let of_server = ReverseProxy::caddy(own_address(), &shortest_caddy(&server)).await.unwrap();
    let of_collector = ReverseProxy::caddy(own_address(), &shortest_caddy(&collector)).await.unwrap();
    assert_operator_gets_in(engine, &setup, &server, &of_server.url("x/"), &of_collector.url("")).await;
}

/// Checks that a browser can sign in with the form, change something, and sign out.
async fn assert_operator_gets_in(
    engine: Engine,
    setup: &TestSetup,
    server: &HeadcountProcess,
    of_server: &str,
    of_collector: &str,
) {
    let form = "return document.querySelector('form input[name=token]') !== null";
    let browser = Browser::open(engine, 1400).await;
    for (base, page, signed_in, sign_out) in [
        (of_server, "usage-statistics", "button[role=switch][aria-checked=true]", "button.sign-out"),
        (of_collector, "", "form.sign-out button", "form.sign-out button"),
    ] {
        browser.goto(&format!("{base}{page}")).await;
        browser.wait_for(form).await;
        browser.enter("#token", ADMIN_TOKEN).await;
        browser.press("form button[type=submit]").await;
        browser.wait_for(&format!("return document.querySelector('{signed_in}') !== null")).await;
        if base == of_server {
            browser.press(signed_in).await;
            browser.wait_for("return document.querySelector('button[role=switch]')?.getAttribute('aria-checked') === 'false'").await;
            assert!(!setup.status(server).await.enabled);
        }
        browser.press(sign_out).await;
        browser.wait_for(form).await;
    }
    browser.close().await;
}

/// Tests the headers that Traefik adds, by its documentation. It forwards the host name unchanged.
#[tokio::test]
async fn a_proxy_that_tells_what_it_does_as_traefik_lets_the_operator_in_and_no_one_else() {
    let setup = TestSetup::new();
    let (server, _collector) = programs(&setup).await;
    let client = http::client().unwrap();
    let added = [
        ("host", "stats.example.com"),
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-host", "stats.example.com"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-server", "traefik"),
        ("x-real-ip", "203.0.113.7"),
    ];
    for (method, path) in &PRIVATE {
        let status = ask(method, &server.url(path), &added, b"{}".to_vec()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    let with = |client: &Client, method, path: &str, headers: &[(&str, &str)]| {
        let asked = client.request(method, server.url(path));
        added.iter().chain(headers).fold(asked, |asked, (name, value)| asked.header(*name, *value))
    };
    // Over https every browser sends the source of a request; an old one sends the origin alone.
    for said in [("sec-fetch-site", "same-origin"), ("origin", "https://stats.example.com")] {
        let origin = ("origin", "https://stats.example.com");
        let body = json!({ "token": ADMIN_TOKEN }).to_string();
        let begun = with(&client, Method::POST, "api/session", &[origin]).body(body).send().await.unwrap();
        assert_eq!(begun.status(), StatusCode::NO_CONTENT);
        let cookie = begun.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
        let cookie = ("cookie", cookie.split(';').next().unwrap());
        let own = ("headcount-request", "1");
        let switch = |headers: &[(&str, &str)]| {
            with(&client, Method::PUT, "api/usage-statistics", headers).body(r#"{"enabled":true}"#)
        };
        assert_eq!(switch(&[cookie, own, said]).send().await.unwrap().status(), StatusCode::OK);
        let evil = ("origin", "https://evil.example.com");
        assert_eq!(switch(&[cookie, own, evil]).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    }
}

/// The snippets of a language in `docs/operating.md`, in their order, with the addresses of the programs in
/// them.
fn snippets(language: &str, server: &HeadcountProcess, collector: &HeadcountProcess) -> Vec<String> {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operating.md");
    let manual = fs::read_to_string(manual).unwrap();
    let begin = format!("```{language}\n");
    let address = |process: &HeadcountProcess| process.address().unwrap().to_string();
    manual
        .split(&begin)
        .skip(1)
        .map(|rest| {
            let snippet = rest.split("```").next().unwrap();
            assert!(snippet.contains("127.0.0.1:8080") || snippet.contains("127.0.0.1:8081"), "{snippet}");
            snippet
                .replace("127.0.0.1:8080", &address(server))
                .replace("127.0.0.1:8081", &address(collector))
                .replace("/stats-of-mine/", "/x/")
        })
        .collect()
}

/// Checks that a proxy exposes what is public, and nothing else.
async fn assert_only_the_public_goes_out(
    site: &str,
    fleet: &str,
    collector: &HeadcountProcess,
    setup: &TestSetup,
) {
    let view = serde_json::to_vec(&event("/")).unwrap();
    assert_eq!(ask(&Method::POST, &format!("{site}x/stats"), &[], view).await, StatusCode::NO_CONTENT);
    for file in ["tracker.js", "tracker_bg.wasm"] {
        let url = format!("{site}x/static/{file}");
        assert_eq!(ask(&Method::GET, &url, &[], vec![]).await, StatusCode::OK, "{file}");
    }
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let bearer = [("authorization", bearer.as_str())];
    for path in ["", "sign-in", "usage-statistics", "metrics", "api/session", "api/usage-statistics"] {
        // Refused even with the right token.
        let status = ask(&Method::GET, &format!("{site}x/{path}"), &bearer, vec![]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let json = [("content-type", "application/json")];
    let intake = format!("{fleet}ce/usage-statistics");
    assert_eq!(ask(&Method::POST, &intake, &json, report()).await, StatusCode::OK);
    // Larger than the default limit of a proxy, and within that of a collector.
    let mut large: serde_json::Value = serde_json::from_slice(&report()).unwrap();
    large["profile"]["cpu"] = json!("A".repeat(2 << 20));
    let large = serde_json::to_vec(&large).unwrap();
    assert_eq!(ask(&Method::POST, &intake, &json, large).await, StatusCode::OK);
    assert_eq!(setup.stored(collector).await.len(), 2);
    for path in ["", "sign-in", "api/fleet", "api/reports"] {
        let status = ask(&Method::GET, &format!("{fleet}{path}"), &bearer, vec![]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_snippets_for_nginx_let_out_what_is_public_and_write_nothing_down() {
    let setup = TestSetup::new();
    let (server, collector) = programs(&setup).await;
    let snippets = snippets("nginx", &server, &collector);
    let [site, fleet] = snippets.as_slice() else { panic!("two snippets, not {}", snippets.len()) };
    let site = ReverseProxy::nginx(own_address(), site).await.unwrap();
    let fleet = ReverseProxy::nginx(own_address(), fleet).await.unwrap();
    assert_only_the_public_goes_out(&site.url(""), &fleet.url(""), &collector, &setup).await;
    for (proxy, silent) in [(&site, "/x/stats"), (&fleet, "/ce/usage-statistics")] {
        let written = proxy.access_log().unwrap();
        assert!(!written.contains(silent), "{written}");
        assert!(written.contains("/sign-in"), "other requests are written down: {written}");
    }
}

/// How many new installations one network may have in an hour.
const NEW_INSTALLATIONS: usize = 256;

/// Sends reports of new installations with a forged sender address. Returns the last status.
async fn send_with_forged_address(intake: &str, reports: usize) -> StatusCode {
    let claim = [("content-type", "application/json"), ("x-forwarded-for", "203.0.113.7")];
    let mut last = StatusCode::OK;
    for _ in 0..reports {
        last = ask(&Method::POST, intake, &claim, report()).await;
    }
    last
}

#[tokio::test]
async fn behind_the_snippets_for_nginx_a_forged_address_does_not_count() {
    let setup = TestSetup::new();
    let collector = setup.collector().flag("--trusted-proxy", "127.0.0.1").start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let snippets = snippets("nginx", &server, &collector);
    let passed = snippets.concat().matches("proxy_pass").count();
    assert_eq!(snippets.concat().matches("proxy_set_header X-Forwarded-For $remote_addr;").count(), passed);
    let fleet = ReverseProxy::nginx(own_address(), &snippets[1]).await.unwrap();
    let intake = fleet.url("ce/usage-statistics");
    // Connections from this machine have no quota; a believed address elsewhere has one.
    assert_eq!(send_with_forged_address(&intake, NEW_INSTALLATIONS + 1).await, StatusCode::OK);
    let intake = collector.url("ce/usage-statistics");
    assert_eq!(send_with_forged_address(&intake, NEW_INSTALLATIONS + 1).await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn the_snippets_for_caddy_let_out_what_is_public() {
    let setup = TestSetup::new();
    let (server, collector) = programs(&setup).await;
    let snippets = snippets("caddyfile", &server, &collector);
    let [snippet] = snippets.as_slice() else { panic!("one snippet, not {}", snippets.len()) };
    let site_of = |host: &str| {
        let (_, rest) = snippet.split_once(&format!("{host} {{\n")).unwrap();
        rest.split("\n}\n").next().unwrap().to_owned()
    };
    let site = ReverseProxy::caddy(own_address(), &site_of("shop.example.com")).await.unwrap();
    let fleet = ReverseProxy::caddy(own_address(), &site_of("fleet.example.com")).await.unwrap();
    assert_only_the_public_goes_out(&site.url(""), &fleet.url(""), &collector, &setup).await;
}
