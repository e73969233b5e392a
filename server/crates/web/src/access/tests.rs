//! Tests access with tokens and sessions, and changes that come from other sites.

use std::time::Duration;

use axum::{
    Extension, Router,
    body::Body,
    http::{HeaderValue, Request as HttpRequest},
    middleware,
    routing::get,
};
use headcount_platform::clock::Clock;
use tower::ServiceExt;

use super::*;

const TOKEN: &str = "a-token-of-the-tests";
const METRICS_TOKEN: &str = "a-token-for-metrics";
const NOW: u64 = 1_700_000_000;

/// A clock that stands still until it is set.
#[derive(Debug, Default)]
struct StandingClock(std::sync::atomic::AtomicU64);

impl StandingClock {
    fn turn_to(&self, seconds: u64) {
        self.0.store(seconds, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Clock for StandingClock {
    fn wall(&self) -> Duration {
        Duration::from_secs(self.0.load(std::sync::atomic::Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.wall()
    }
}

type RequestHeaders<'a> = &'a [(&'static str, &'a str)];

/// Two private routes behind a rule.
struct GuardedRoutes {
    access: AccessControl,
    clock: Arc<StandingClock>,
    routes: Router,
}

impl GuardedRoutes {
    fn new(change: impl FnOnce(&mut AccessConfig)) -> Self {
        let mut config = AccessConfig {
            interface: SessionProgram::Server,
            admin_token: Some(TOKEN.parse().unwrap()),
            analyst_token: None,
            viewer_token: None,
            metrics_token: Some(METRICS_TOKEN.parse().unwrap()),
            base_path: "/x/".parse().unwrap(),
            public_url: None,
        };
        change(&mut config);
        let clock = Arc::new(StandingClock::default());
        clock.turn_to(NOW);
        let access = AccessControl::new(config, Arc::<StandingClock>::clone(&clock));
        let routes = |rule: Router, path| rule.route(path, get("seen").put("done").delete("done"));
        let data = routes(Router::new(), "/data")
            .route_layer(middleware::from_fn_with_state(access.clone(), for_data));
        let metrics = routes(Router::new(), "/metrics")
            .route_layer(middleware::from_fn_with_state(access.clone(), for_metrics));
        Self { access, clock, routes: data.merge(metrics) }
    }

    async fn ask(&self, method: &str, path: &str, headers: RequestHeaders<'_>) -> Response {
        let mut request = HttpRequest::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn status(&self, method: &str, path: &str, headers: RequestHeaders<'_>) -> u16 {
        self.ask(method, path, headers).await.status().as_u16()
    }

    /// Signs in, and returns the whole cookie and the part that the browser sends back.
    async fn sign_in(&self, headers: RequestHeaders<'_>) -> (String, String) {
        let cookie = self.access.sign_in_with_token(TOKEN, &map(headers)).await.unwrap();
        let cookie = cookie.to_str().unwrap().to_owned();
        let sent = cookie.split(';').next().unwrap().to_owned();
        (cookie, sent)
    }
}

fn map(headers: RequestHeaders<'_>) -> HeaderMap {
    headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_token_opens_what_it_is_for() {
    let guarded = GuardedRoutes::new(|_| ());
    for (shown, data, metrics) in [
        (None, 401, 401),
        (Some("Bearer a-token-of-the-tests"), 200, 200),
        (Some("bearer a-token-of-the-tests"), 200, 200),
        (Some("BEARER  a-token-of-the-tests "), 200, 200),
        (Some("Bearer a-token-for-metrics"), 401, 200),
        (Some("Bearer a-token-of-the-test"), 401, 401),
        (Some("Bearer a-token-of-the-testsx"), 401, 401),
        (Some("Bearer A-TOKEN-OF-THE-TESTS"), 401, 401),
        (Some("Bearer "), 401, 401),
        (Some("Bearer"), 401, 401),
        (Some("a-token-of-the-tests"), 401, 401),
        (Some("Basic a-token-of-the-tests"), 401, 401),
        (Some("Bearer, Bearer a-token-of-the-tests"), 401, 401),
    ] {
        let shown: Vec<_> = shown.iter().map(|shown| ("authorization", *shown)).collect();
        for method in ["GET", "PUT"] {
            assert_eq!(guarded.status(method, "/data", &shown).await, data, "{shown:?}");
            assert_eq!(guarded.status(method, "/metrics", &shown).await, metrics, "{shown:?}");
        }
    }
    let answer = guarded.ask("GET", "/data", &[]).await;
    assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"headcount\"");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[tokio::test(start_paused = true)]
async fn nothing_that_a_proxy_writes_opens_anything() {
    let guarded = GuardedRoutes::new(|_| ());
    for headers in [
        [("host", "localhost"), ("x-forwarded-for", "127.0.0.1")],
        [("host", "127.0.0.1:8080"), ("x-real-ip", "127.0.0.1")],
        [("host", "[::1]"), ("forwarded", "for=127.0.0.1")],
    ] {
        assert_eq!(guarded.status("GET", "/data", &headers).await, 401, "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_admin_token_nothing_opens_anything_but_metrics() {
    let guarded = GuardedRoutes::new(|config| config.admin_token = None);
    let forged = format!("headcount-session-00000000=v1.{NOW}.{NOW}.0.{}", "0".repeat(64));
    for headers in [[("authorization", "Bearer a-token-of-the-tests")], [("cookie", forged.as_str())]] {
        assert_eq!(guarded.status("GET", "/data", &headers).await, 401);
    }
    let metrics = [("authorization", "Bearer a-token-for-metrics")];
    assert_eq!(guarded.status("GET", "/metrics", &metrics).await, 200);
    assert_eq!(
        guarded.access.sign_in_with_token("", &HeaderMap::new()).await.unwrap_err(),
        AccessDenied::WrongCredential
    );
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_asks_for_a_page_gets_the_sign_in_page() {
    let guarded = GuardedRoutes::new(|_| ());
    for (method, accept, is_page) in [
        ("GET", "text/html,application/xhtml+xml;q=0.9", true),
        ("GET", "TEXT/HTML", true),
        ("GET", "*/*", false),
        ("GET", "application/json", false),
        ("PUT", "text/html", false),
    ] {
        let answer = guarded.ask(method, "/data", &[("accept", accept)]).await;
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"headcount\"");
        let is_html = answer.headers()["content-type"].to_str().unwrap().starts_with("text/html");
        assert_eq!(is_html, is_page, "{method} {accept}");
    }
}

#[tokio::test]
async fn a_session_may_look_and_changes_with_a_header_that_no_form_can_set() {
    let guarded = GuardedRoutes::new(|_| ());
    let (_, cookie) = guarded.sign_in(&[]).await;
    let cookie = cookie.as_str();
    assert_eq!(guarded.status("GET", "/data", &[("cookie", cookie)]).await, 200);
    assert_eq!(guarded.status("HEAD", "/data", &[("cookie", cookie)]).await, 200);
    assert_eq!(guarded.status("GET", "/metrics", &[("cookie", cookie)]).await, 200);
    let own = ("headcount-request", "1");
    let host = ("host", "stats.example");
    let cases: [(RequestHeaders<'_>, u16); 12] = [
        (&[], 403),
        (&[own], 403),
        (&[("sec-fetch-site", "same-origin")], 403),
        (&[("headcount-request", "0"), ("sec-fetch-site", "same-origin")], 403),
        (&[own, ("sec-fetch-site", "same-origin")], 200),
        (&[own, ("sec-fetch-site", "none")], 200),
        (&[own, ("sec-fetch-site", "same-site")], 403),
        (&[own, ("sec-fetch-site", "cross-site"), ("origin", "https://stats.example"), host], 403),
        (&[own, ("origin", "https://stats.example"), host], 200),
        (&[own, ("origin", "https://evil.example"), host], 403),
        (&[own, ("origin", "null"), host], 403),
        (
            &[
                own,
                ("origin", "https://stats.example"),
                ("host", "127.0.0.1:1"),
                ("x-forwarded-host", "stats.example"),
            ],
            200,
        ),
    ];
    for (headers, status) in cases {
        for method in ["PUT", "DELETE"] {
            let headers = [&[("cookie", cookie)], headers].concat();
            assert_eq!(guarded.status(method, "/data", &headers).await, status, "{headers:?}");
        }
    }
    // A program needs none of these headers.
    let bearer = [("authorization", "Bearer a-token-of-the-tests"), ("sec-fetch-site", "cross-site")];
    assert_eq!(guarded.status("PUT", "/data", &bearer).await, 200);
}

#[tokio::test]
async fn a_session_lasts_while_it_is_used_and_not_for_ever() {
    let guarded = GuardedRoutes::new(|_| ());
    let (_, mut cookie) = guarded.sign_in(&[]).await;
    let hour = 3600;
    guarded.clock.turn_to(NOW + 200);
    let early = guarded.ask("GET", "/data", &[("cookie", &cookie)]).await;
    assert!(!early.headers().contains_key("set-cookie"), "the cookie is fresh");
    let mut at = NOW;
    while at + 11 * hour < NOW + 30 * 24 * hour {
        at += 11 * hour;
        guarded.clock.turn_to(at);
        let answer = guarded.ask("GET", "/data", &[("cookie", &cookie)]).await;
        assert_eq!(answer.status(), 200, "{}", at - NOW);
        let renewed = answer.headers()["set-cookie"].to_str().unwrap();
        cookie = renewed.split(';').next().unwrap().to_owned();
    }
    guarded.clock.turn_to(NOW + 30 * 24 * hour);
    assert_eq!(guarded.status("GET", "/data", &[("cookie", &cookie)]).await, 401, "thirty days are over");

    let (_, cookie) = guarded.sign_in(&[]).await;
    guarded.clock.turn_to(NOW + 30 * 24 * hour + 12 * hour);
    assert_eq!(guarded.status("GET", "/data", &[("cookie", &cookie)]).await, 401, "nobody used it");
}

#[tokio::test]
async fn sessions_survive_a_restart_and_end_when_the_token_changes() {
    let guarded = GuardedRoutes::new(|_| ());
    let (_, cookie) = guarded.sign_in(&[]).await;
    let again = GuardedRoutes::new(|_| ());
    assert_eq!(again.status("GET", "/data", &[("cookie", &cookie)]).await, 200);
    let changed =
        GuardedRoutes::new(|config| config.admin_token = Some("another-token-of-it".parse().unwrap()));
    assert_eq!(changed.status("GET", "/data", &[("cookie", &cookie)]).await, 401);
    let collector = GuardedRoutes::new(|config| config.interface = SessionProgram::Collector);
    assert_eq!(collector.status("GET", "/data", &[("cookie", &cookie)]).await, 401);
}

#[tokio::test(start_paused = true)]
async fn a_session_counts_beside_the_token_of_a_proxy() {
    let guarded = GuardedRoutes::new(|_| ());
    let (_, cookie) = guarded.sign_in(&[]).await;
    let of_proxy = ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.signature");
    assert_eq!(guarded.status("GET", "/data", &[of_proxy, ("cookie", &cookie)]).await, 200);
    assert_eq!(guarded.status("GET", "/data", &[of_proxy]).await, 401);
}

#[tokio::test(start_paused = true)]
async fn a_browser_behind_a_proxy_with_its_own_token_gets_the_sign_in_page() {
    let guarded = GuardedRoutes::new(|_| ());
    let of_proxy = ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.signature");
    let of_metrics = ("authorization", "Bearer a-token-for-metrics");
    let page = ("accept", "text/html,application/xhtml+xml");
    for (headers, kind) in [
        (&[page][..], "text/html; charset=utf-8"),
        (&[page, of_proxy], "text/html; charset=utf-8"),
        (&[page, of_metrics], "text/html; charset=utf-8"),
        (&[of_proxy], "application/problem+json"),
        (&[], "application/problem+json"),
    ] {
        let answer = guarded.ask("GET", "/data", headers).await;
        assert_eq!(answer.status(), 401, "{headers:?}");
        assert_eq!(answer.headers()["content-type"], kind, "{headers:?}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"headcount\"");
    }
    assert_eq!(
        guarded.ask("PUT", "/data", &[page, of_proxy]).await.headers()["content-type"],
        "application/problem+json"
    );
}

#[tokio::test]
async fn the_cookie_is_for_this_program_and_says_whether_it_needs_https() {
    let public = |url: &str| Some(url.parse().unwrap());
    for (origin, public_url, secure) in [
        (None, None, false),
        (Some("http://stats.example"), None, false),
        (Some("https://stats.example"), None, true),
        (None, public("https://stats.example"), true),
        (None, public("http://stats.example"), false),
        // A browser drops a cookie that needs https from a page without it.
        (Some("http://stats.example"), public("https://stats.example"), false),
    ] {
        let guarded = GuardedRoutes::new(|config| config.public_url = public_url);
        let mut headers = vec![("host", "stats.example")];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let (cookie, sent) = guarded.sign_in(&headers).await;
        assert!(cookie.contains("; Path=/x/; Max-Age=43200; HttpOnly; SameSite=Strict"), "{cookie}");
        assert_eq!(cookie.ends_with("; Secure"), secure, "{cookie}");
        assert!(!cookie.contains(TOKEN));
        // The cookie that replaces it has the same attributes, and so has the one that removes it.
        guarded.clock.turn_to(NOW + 3600);
        let renewed = guarded.ask("GET", "/data", &[("cookie", &sent)]).await.headers()["set-cookie"].clone();
        assert_eq!(renewed.to_str().unwrap().ends_with("; Secure"), secure);
        let removed = guarded.access.end_session(&map(&[("cookie", &sent)])).unwrap();
        let removed = removed.to_str().unwrap();
        assert!(removed.contains("=; Path=/x/; Max-Age=0;"), "{removed}");
        assert_eq!(removed.ends_with("; Secure"), secure);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_of_another_site_cannot_sign_a_browser_in() {
    let guarded = GuardedRoutes::new(|_| ());
    for headers in [
        [("sec-fetch-site", "cross-site"), ("host", "a.example")],
        [("origin", "https://evil.example"), ("host", "a.example")],
        [("origin", "null"), ("host", "a.example")],
    ] {
        let answer = guarded.access.sign_in_with_token(TOKEN, &map(&headers)).await;
        assert_eq!(answer.unwrap_err(), AccessDenied::OtherSite, "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_right_token_is_not_late_while_others_guess() {
    let guarded = Arc::new(GuardedRoutes::new(|_| ()));
    let guesses: Vec<_> = (0..100)
        .map(|_| {
            let guarded = Arc::clone(&guarded);
            tokio::spawn(async move {
                guarded.ask("GET", "/data", &[("authorization", "Bearer a-guess-of-a-token")]).await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    let before = tokio::time::Instant::now();
    let right = [("authorization", "Bearer a-token-of-the-tests")];
    assert_eq!(guarded.status("GET", "/data", &right).await, 200);
    guarded.access.sign_in_with_token(TOKEN, &HeaderMap::new()).await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO, "it waited for nothing");
    let mut statuses = Vec::new();
    for guess in guesses {
        let answer = guess.await.unwrap();
        if answer.status() == 429 {
            assert_eq!(answer.headers()["retry-after"], "2");
        }
        statuses.push(answer.status().as_u16());
    }
    statuses.sort_unstable();
    statuses.dedup();
    assert_eq!(statuses, [401, 429]);
    assert!(before.elapsed() >= Duration::from_secs(1), "wrong ones wait");
}

#[tokio::test(start_paused = true)]
async fn a_code_signs_in_once() {
    let guarded = GuardedRoutes::new(|_| ());
    let code = guarded.access.issue_code();
    let headers = HeaderMap::new();
    assert!(guarded.access.sign_in_with_code("0", &headers).await.is_err());
    // A page of another site does not use it up.
    let other = map(&[("sec-fetch-site", "cross-site")]);
    assert!(guarded.access.sign_in_with_code(&code, &other).await.is_err());
    assert!(guarded.access.sign_in_with_code(&code, &headers).await.is_ok());
    assert!(guarded.access.sign_in_with_code(&code, &headers).await.is_err());
    let late = guarded.access.issue_code();
    guarded.clock.turn_to(NOW + 300);
    assert!(guarded.access.sign_in_with_code(&late, &headers).await.is_err());
}

const ANALYST_TOKEN: &str = "a-token-for-analysts";
const VIEWER_TOKEN: &str = "a-token-for-viewers";

/// A rule with a token per role, and a route per role.
fn routes_of_roles(change: impl FnOnce(&mut AccessConfig)) -> GuardedRoutes {
    let mut guarded = GuardedRoutes::new(|config| {
        config.analyst_token = Some(ANALYST_TOKEN.parse().unwrap());
        config.viewer_token = Some(VIEWER_TOKEN.parse().unwrap());
        change(config);
    });
    for role in AccessRole::ALL {
        let guard = middleware::from_fn_with_state((guarded.access.clone(), role), for_role);
        let told = get(async |Extension(role): Extension<AccessRole>| role.name()).put("done");
        let route = Router::new().route(&format!("/{}", role.name()), told).route_layer(guard);
        guarded.routes = guarded.routes.merge(route);
    }
    guarded
}

/// A session that a token begins: the header of its cookie.
async fn session_of(guarded: &GuardedRoutes, token: &str) -> String {
    let cookie = guarded.access.sign_in_with_token(token, &HeaderMap::new()).await.unwrap();
    cookie.to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_role_opens_its_part_and_those_of_smaller_roles_with_a_token_and_in_a_session() {
    let guarded = routes_of_roles(|_| ());
    for (token, viewer, analyst, administrator, metrics) in [
        (VIEWER_TOKEN, 200, 403, 403, 403),
        (ANALYST_TOKEN, 200, 200, 403, 403),
        (TOKEN, 200, 200, 200, 200),
        (METRICS_TOKEN, 401, 401, 401, 200),
        ("a-token-of-nobody", 401, 401, 401, 401),
    ] {
        let bearer = format!("Bearer {token}");
        let mut credentials = vec![("authorization", bearer.clone())];
        if viewer == 200 {
            credentials.push(("cookie", session_of(&guarded, token).await));
        }
        for (name, value) in &credentials {
            let headers = [(*name, value.as_str())];
            for (path, status) in [
                ("/viewer", viewer),
                ("/analyst", analyst),
                ("/administrator", administrator),
                ("/data", administrator),
                ("/metrics", metrics),
            ] {
                assert_eq!(guarded.status("GET", path, &headers).await, status, "{token} {name} {path}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_role_gets_one_sentence_and_a_handler_knows_the_role() {
    let guarded = routes_of_roles(|_| ());
    for (path, detail) in [
        ("/administrator", "only an administrator may do this"),
        (
            "/analyst",
            "only an analyst or an administrator may see exact numbers; a viewer sees what is published",
        ),
    ] {
        let refused = guarded.ask("GET", path, &[("authorization", "Bearer a-token-for-viewers")]).await;
        assert!(refused.headers().get(header::WWW_AUTHENTICATE).is_none());
        let problem = axum::body::to_bytes(refused.into_body(), 4096).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&problem).unwrap();
        assert_eq!(problem["detail"], detail);
    }
    let answer = guarded.ask("GET", "/viewer", &[("authorization", "Bearer a-token-for-analysts")]).await;
    let role = axum::body::to_bytes(answer.into_body(), 4096).await.unwrap();
    assert_eq!(role, "analyst");
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_the_token_of_its_role_changes_and_has_no_other_role() {
    let guarded = routes_of_roles(|_| ());
    let viewer = session_of(&guarded, VIEWER_TOKEN).await;
    let analyst = session_of(&guarded, ANALYST_TOKEN).await;
    // The viewers' token is now that of the analysts.
    let changed = routes_of_roles(|config| {
        config.analyst_token = Some(VIEWER_TOKEN.parse().unwrap());
        config.viewer_token = Some("another-token-for-viewers".parse().unwrap());
    });
    for session in [&viewer, &analyst] {
        for path in ["/viewer", "/analyst", "/administrator"] {
            assert_eq!(changed.status("GET", path, &[("cookie", session)]).await, 401, "{session} {path}");
        }
    }
    let restarted = routes_of_roles(|_| ());
    assert_eq!(restarted.status("GET", "/viewer", &[("cookie", &viewer)]).await, 200);
    // One browser has one session: signing in in another role replaces it.
    assert_eq!(viewer.split('=').next(), analyst.split('=').next());
}

#[tokio::test(start_paused = true)]
async fn a_renewed_session_keeps_its_role() {
    let guarded = routes_of_roles(|_| ());
    let viewer = session_of(&guarded, VIEWER_TOKEN).await;
    guarded.clock.turn_to(NOW + 600);
    let answer = guarded.ask("GET", "/viewer", &[("cookie", &viewer)]).await;
    let renewed =
        answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(renewed, viewer);
    for (path, status) in [("/viewer", 200), ("/analyst", 403)] {
        assert_eq!(guarded.status("GET", path, &[("cookie", &renewed)]).await, status, "{path}");
    }
}
