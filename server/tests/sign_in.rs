//! Tests access to the real routers of both programs on loopback, for strangers, programs and browsers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod serving;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use headcount::{app::Server, config::Serve};
use headcount_platform::clock::{Clock, SystemClock};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::json;

use self::serving::{ADMIN_TOKEN, RunningServer, ServerAnswer};

/// Everything that a stranger may request.
const PUBLIC: [&str; 6] = [
    "health",
    "sign-in",
    "static/sign-in.js",
    "static/sign-in.css",
    "static/mark.svg",
    "static/visual-style.css",
];

/// Some of the rest.
const PRIVATE: [&str; 10] = [
    "",
    "welcome",
    "usage-statistics",
    "p/acme/settings",
    "metrics",
    "api/openapi.json",
    "api/projects",
    "api/usage-statistics",
    "api/usage-statistics/preview",
    "api/no-such-thing",
];

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl RunningServer {
    async fn as_stranger(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> ServerAnswer {
        self.send_as_stranger(method, path, headers, "").await
    }

    /// Signs in as a program does, and returns the cookie that a browser would send back.
    async fn cookie(&self) -> String {
        let body = json!({ "token": ADMIN_TOKEN }).to_string();
        let answer = self.send_as_stranger(Method::POST, "api/session", &[], body).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
        set_cookie(&answer.headers).split(';').next().unwrap().to_owned()
    }
}

fn set_cookie(headers: &HeaderMap) -> String {
    headers["set-cookie"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_stranger_sees_what_is_public_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &["--url-base-path=/x"]).await;
    for path in PUBLIC {
        assert_eq!(server.as_stranger(Method::GET, path, &[]).await.status, StatusCode::OK, "{path}");
    }
    let page = ("accept", "text/html");
    for path in PRIVATE {
        for (method, headers) in [
            (Method::GET, &[][..]),
            (Method::GET, &[("host", "localhost"), ("x-forwarded-for", "127.0.0.1")]),
            (Method::GET, &[page]),
            (Method::HEAD, &[]),
            (Method::POST, &[]),
            (Method::PUT, &[("headcount-request", "1"), ("sec-fetch-site", "same-origin")]),
            (Method::DELETE, &[]),
        ] {
            let answer = server.as_stranger(method.clone(), path, headers).await;
            // An existing address refuses a method that it does not support.
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::METHOD_NOT_ALLOWED];
            assert!(refused.contains(&answer.status), "{method} {path}: {}", answer.status);
            if method == Method::GET {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
                assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"headcount\"");
                assert_eq!(answer.text().contains("action=\"/x/sign-in\""), headers == [page], "{path}");
            }
        }
        assert_eq!(server.get(path).await.status.is_success(), !path.contains("no-such"), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_form_signs_in_and_leads_back_to_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &["--url-base-path=/x"]).await;
    let origin = format!("http://{}", server.url.trim_start_matches("http://").trim_end_matches("/x/"));
    let wanted = server.as_stranger(Method::GET, "p/acme?from=1h", &[("accept", "text/html")]).await;
    assert!(wanted.text().contains(r#"name="to" value="/x/p/acme?from=1h""#), "{}", wanted.text());
    let policy = wanted.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self'"), "{policy}");
    assert_eq!(wanted.headers["referrer-policy"], "same-origin", "without a referrer there is no origin");

    let send = async |token: &str, headers: &[(&str, &str)]| {
        let form = format!("to=%2Fx%2Fp%2Facme&token={token}");
        server.send_as_stranger(Method::POST, "sign-in", &[&[FORM], headers].concat(), form).await
    };
    let wrong = send("a-wrong-token-of-it", &[("origin", &origin)]).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.text().contains("This is not a token of this program."), "{}", wrong.text());
    assert!(!wrong.text().contains("a-wrong-token-of-it"));
    let foreign = send(ADMIN_TOKEN, &[("origin", "https://evil.example")]).await;
    assert_eq!((foreign.status, foreign.headers.get("set-cookie")), (StatusCode::FORBIDDEN, None));

    let right = send(ADMIN_TOKEN, &[("origin", &origin)]).await;
    assert_eq!(
        (right.status, &right.headers["location"]),
        (StatusCode::SEE_OTHER, &"/x/p/acme".parse().unwrap())
    );
    let cookie = set_cookie(&right.headers);
    assert!(cookie.ends_with("; Path=/x/; Max-Age=43200; HttpOnly; SameSite=Strict"), "{cookie}");
    let sent = cookie.split(';').next().unwrap();
    for path in PRIVATE.into_iter().filter(|path| !path.contains("no-such")) {
        let answer = server.as_stranger(Method::GET, path, &[("cookie", sent)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }

    for (headers, status) in
        [(&[][..], 403), (&[("origin", "https://evil.example")], 403), (&[("origin", origin.as_str())], 303)]
    {
        let answer = server.as_stranger(Method::POST, "sign-out", headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        if status == 303 {
            assert_eq!(answer.headers["location"], "/x/sign-in");
            assert!(set_cookie(&answer.headers).contains("=; Path=/x/; Max-Age=0;"));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn bodies_that_sign_nobody_in_are_refused_and_not_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let secret = "secret-of-another-program";
    let cases: [(String, StatusCode); 7] = [
        (json!({ "token": secret }).to_string(), StatusCode::UNAUTHORIZED),
        (json!({ "code": secret }).to_string(), StatusCode::UNAUTHORIZED),
        (json!({ "password": secret }).to_string(), StatusCode::BAD_REQUEST),
        (format!("{{\"{secret}\":1}}"), StatusCode::BAD_REQUEST),
        (secret.to_owned(), StatusCode::BAD_REQUEST),
        (String::new(), StatusCode::BAD_REQUEST),
        (format!("{{\"token\":\"{}\"}}", "x".repeat(5000)), StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (body, status) in cases {
        let answer = server.send_as_stranger(Method::POST, "api/session", &[], body.clone()).await;
        assert_eq!(answer.status, status, "{body}");
        assert!(!answer.text().contains(secret) && !answer.headers.contains_key("set-cookie"), "{body}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_session_changes_with_the_header_and_ends_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let cookie = server.cookie().await;
    let cookie = ("cookie", cookie.as_str());
    assert_eq!(server.as_stranger(Method::GET, "api/session", &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        server.as_stranger(Method::GET, "api/session", &[cookie]).await.status,
        StatusCode::NO_CONTENT
    );
    let own = [cookie, ("headcount-request", "1"), ("sec-fetch-site", "same-origin")];
    for (headers, enabled, status) in [
        (&[cookie][..], false, StatusCode::FORBIDDEN),
        (
            &[cookie, ("headcount-request", "1"), ("sec-fetch-site", "cross-site")],
            false,
            StatusCode::FORBIDDEN,
        ),
        (&own, false, StatusCode::OK),
        (&own, true, StatusCode::OK),
    ] {
        let body = json!({ "enabled": enabled }).to_string();
        let answer = server.send_as_stranger(Method::PUT, "api/usage-statistics", headers, body).await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.text());
    }
    let kept = server.as_stranger(Method::DELETE, "api/session", &[cookie]).await;
    assert_eq!(kept.status, StatusCode::FORBIDDEN);
    let ended = server.as_stranger(Method::DELETE, "api/session", &own).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert!(set_cookie(&ended.headers).contains("Max-Age=0"));
    server.stop().await;
}

#[tokio::test]
async fn a_code_of_a_link_is_for_the_operator_and_works_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let refused = server.as_stranger(Method::POST, "api/session/code", &[]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let answer = server.send(Method::POST, "api/session/code", &[], "").await.json();
    assert_eq!(answer["public_url"], json!(null));
    let body = json!({ "code": answer["code"] }).to_string();
    for status in [StatusCode::NO_CONTENT, StatusCode::UNAUTHORIZED] {
        let answer = server.send_as_stranger(Method::POST, "api/session", &[], body.clone()).await;
        assert_eq!(answer.status, status);
    }
    server.stop().await;
}

#[tokio::test]
async fn the_token_for_metrics_opens_metrics() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &["--metrics-token=a-token-for-metrics"]).await;
    let bearer = [("authorization", "Bearer a-token-for-metrics")];
    for path in PRIVATE {
        let status = server.as_stranger(Method::GET, path, &bearer).await.status;
        let expected = if path == "metrics" { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(status, expected, "{path}");
    }
    server.stop().await;
}

/// The machine's clock, set forward.
#[derive(Debug)]
struct AdvancedClock {
    real: SystemClock,
    ahead_s: AtomicU64,
}

impl AdvancedClock {
    fn advance(&self, hours: u64) {
        self.ahead_s.fetch_add(hours * 3600, Ordering::Relaxed);
    }

    fn ahead(&self) -> Duration {
        Duration::from_secs(self.ahead_s.load(Ordering::Relaxed))
    }
}

impl Clock for AdvancedClock {
    fn wall(&self) -> Duration {
        self.real.wall() + self.ahead()
    }

    fn monotonic(&self) -> Duration {
        self.real.monotonic() + self.ahead()
    }
}

#[tokio::test]
async fn a_session_that_is_used_goes_on_and_one_that_is_not_ends() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(AdvancedClock { real: SystemClock::new(), ahead_s: AtomicU64::new(0) });
    let server = RunningServer::start_by(Arc::<AdvancedClock>::clone(&clock), dir.path(), &[]).await;
    let cookie = server.cookie().await;
    clock.advance(11);
    let answer = server.as_stranger(Method::GET, "api/usage-statistics", &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let renewed = set_cookie(&answer.headers).split(';').next().unwrap().to_owned();
    clock.advance(11);
    for (cookie, status) in [(&cookie, StatusCode::UNAUTHORIZED), (&renewed, StatusCode::OK)] {
        let answer = server.as_stranger(Method::GET, "api/usage-statistics", &[("cookie", cookie)]).await;
        assert_eq!(answer.status, status);
    }
    clock.advance(12);
    let headers = [("cookie", renewed.as_str()), ("accept", "text/html")];
    let idle = server.as_stranger(Method::GET, "usage-statistics", &headers).await;
    assert_eq!(idle.status, StatusCode::UNAUTHORIZED);
    assert!(idle.text().contains("action=\"/sign-in\""));
    server.stop().await;
}

/// Opens a server with these flags and no token.
async fn open_without_token(data_dir: &Path, flags: &[&str]) -> Server {
    let data_dir = format!("--data-dir={}", data_dir.display());
    let usual = [data_dir.as_str(), "--collector-url=http://127.0.0.1:9/", "--disable-profiling"];
    let config = Serve::from_flags(&[&usual, flags].concat()).unwrap();
    Server::open(&config, Arc::new(SystemClock::new()), None).await.unwrap()
}

#[tokio::test]
async fn a_token_is_made_at_the_first_start_where_this_program_keeps_its_files() {
    let dir = tempfile::tempdir().unwrap();
    open_without_token(dir.path(), &[]).await.close().await;
    let file = dir.path().join("admin-token");
    let token = fs::read_to_string(&file).unwrap();
    assert!(token.trim().len() >= 16, "{} characters", token.len());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    open_without_token(dir.path(), &[]).await.close().await;
    assert_eq!(fs::read_to_string(&file).unwrap(), token);

    fs::remove_file(&file).unwrap();
    open_without_token(dir.path(), &["--read-only-settings"]).await.close().await;
    assert!(dir.path().join("headcount/admin-token").exists() && !file.exists());
}

#[tokio::test]
async fn off_for_the_whole_run_no_token_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    open_without_token(&data_dir, &["--disable-usage-statistics"]).await.close().await;
    assert!(!data_dir.exists());
}

#[tokio::test]
async fn a_base_path_without_its_slash_leads_to_the_one_that_the_cookie_is_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &["--url-base-path=/x"]).await;
    let root = RunningServer { url: server.url.trim_end_matches("x/").to_owned(), ..server };
    let answer = root.send_as_stranger(Method::GET, "x?from=1h", &[], "").await;
    assert_eq!((answer.status.as_u16(), &answer.headers["location"]), (308, &"/x/?from=1h".parse().unwrap()));
    root.stop().await;
}
