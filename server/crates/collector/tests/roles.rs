//! Tests which role may use which route: every one that the collector's description lists.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use headcount_collector::{Collector, CollectorConfig, RetentionPolicy, routes::router};
use headcount_platform::{clock::SystemClock, disk::free_space::FileSystemOf};
use headcount_web::{
    access::{AccessConfig, AccessControl, AccessRole, SessionProgram},
    base_path::BasePath,
    forwarded::TrustedProxies,
    static_files::StaticFiles,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Who may use what, at least. A new route fails the test until it is in this list.
const ROUTES: [(&str, &str, AccessRole); 27] = [
    ("DELETE", "/api/instances/{uuid}", AccessRole::Administrator),
    ("POST", "/api/clock", AccessRole::Administrator),
    ("GET", "/api/fleet", AccessRole::Administrator),
    ("GET", "/api/fleet/activity", AccessRole::Analyst),
    ("GET", "/api/fleet/distributions/{table}", AccessRole::Analyst),
    ("GET", "/api/fleet/installations/{instance}", AccessRole::Administrator),
    ("GET", "/api/fleet/products", AccessRole::Analyst),
    ("GET", "/api/fleet/profiles/difference", AccessRole::Analyst),
    ("GET", "/api/fleet/profiles/functions", AccessRole::Analyst),
    ("GET", "/api/fleet/profiles/graph", AccessRole::Analyst),
    ("GET", "/api/fleet/published/export.zip", AccessRole::Viewer),
    ("GET", "/api/fleet/published/products", AccessRole::Viewer),
    ("GET", "/api/fleet/published/profiles/graph", AccessRole::Viewer),
    ("GET", "/api/fleet/published/tables", AccessRole::Viewer),
    ("GET", "/api/fleet/published/tables/{table}", AccessRole::Viewer),
    ("GET", "/api/fleet/retention", AccessRole::Analyst),
    ("GET", "/api/fleet/shares/{table}", AccessRole::Analyst),
    ("GET", "/api/fleet/trust", AccessRole::Analyst),
    ("GET", "/api/fleet/changes", AccessRole::Analyst),
    ("GET", "/api/fleet/weeks", AccessRole::Analyst),
    ("GET", "/api/fleet/weeks.atom", AccessRole::Analyst),
    ("GET", "/api/fleet/weeks.txt", AccessRole::Analyst),
    ("PUT", "/api/fleet/notes/{day}", AccessRole::Analyst),
    ("GET", "/api/openapi.json", AccessRole::Viewer),
    ("GET", "/api/reports", AccessRole::Administrator),
    ("GET", "/api/reports/{id}", AccessRole::Administrator),
    ("POST", "/api/session/code", AccessRole::Administrator),
];

fn token_of(role: AccessRole) -> String {
    format!("a-token-of-the-{}", role.name())
}

/// A collector behind its access control.
struct GuardedCollector {
    _directory: TempDir,
    routes: Router,
    collector: Collector,
}

impl GuardedCollector {
    async fn start(publish: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock::new());
        let collector = Collector::open(&config(directory.path()), Arc::<SystemClock>::clone(&clock)).await;
        let collector = collector.unwrap();
        let token = |role| Some(token_of(role).parse().unwrap());
        let access = AccessConfig {
            interface: SessionProgram::Collector,
            admin_token: token(AccessRole::Administrator),
            analyst_token: token(AccessRole::Analyst),
            viewer_token: token(AccessRole::Viewer),
            metrics_token: Some("a-token-for-the-metrics".parse().unwrap()),
            base_path: BasePath::root(),
            public_url: None,
        };
        let access = AccessControl::new(access, clock);
        let routes = router(&access, &collector, TrustedProxies::default(), publish, StaticFiles::default());
        Self { _directory: directory, routes, collector }
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let mut request = Request::builder().method(method.parse::<Method>().unwrap()).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.routes.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
    }

    async fn get(&self, path: &str, headers: &[(&'static str, &str)]) -> (StatusCode, HeaderMap, Bytes) {
        self.ask("GET", path, headers, String::new()).await
    }

    /// The cookie of a session that a role begins on the sign-in page.
    async fn session(&self, role: AccessRole) -> String {
        let form = format!("token={}&to=%2F", token_of(role));
        let (status, headers, _) = self.ask("POST", "/sign-in", &[], form).await;
        assert_eq!((status, headers[header::LOCATION].as_bytes()), (StatusCode::SEE_OTHER, &b"/"[..]));
        headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
    }
}

fn config(data_dir: &Path) -> CollectorConfig {
    let retention = RetentionPolicy::new(400 * DAY, 30 * DAY);
    let free_space = Arc::new(FileSystemOf(data_dir.to_owned()));
    CollectorConfig {
        data_dir: data_dir.to_owned(),
        keys: None,
        retention,
        max_disk: None,
        free_space,
        alert_webhook: None,
    }
}

/// The operations of a description, each with the role that it names.
fn operations(description: &Value) -> BTreeMap<(String, String), Option<String>> {
    let paths = description["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| {
            let role = operation["x-role"].as_str().map(str::to_owned);
            ((method.to_uppercase(), path.clone()), role)
        })
    });
    operations.collect()
}

/// A path with values for its parameters.
fn example_of(path: &str) -> String {
    let table = if path.contains("distributions") { "sizes" } else { "clouds" };
    let path = path.replace("{table}", table).replace("{id}", "unknown").replace("{day}", "2026-11-28");
    let uuid = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";
    let path = path.replace("{instance}", uuid).replace("{uuid}", uuid);
    match path.rsplit('/').next() {
        Some("difference" | "functions") => format!("{path}?before=1.0&after=1.1"),
        _ => path,
    }
}

#[tokio::test]
async fn every_described_route_names_its_role_and_is_in_the_list() {
    let guarded = GuardedCollector::start(false).await;
    let bearer = format!("Bearer {}", token_of(AccessRole::Viewer));
    let (_, _, description) = guarded.get("/api/openapi.json", &[("authorization", &bearer)]).await;
    let described = operations(&serde_json::from_slice(&description).unwrap());
    let listed = ROUTES
        .map(|(method, path, role)| ((method.to_owned(), path.to_owned()), Some(role.name().to_owned())));
    assert_eq!(described, BTreeMap::from(listed));
    guarded.collector.close().await;
}

#[tokio::test]
async fn a_route_answers_its_role_and_greater_ones_and_refuses_all_others() {
    let guarded = GuardedCollector::start(false).await;
    let mut sessions = Vec::new();
    for role in AccessRole::ALL {
        sessions.push((role, guarded.session(role).await));
    }
    for (method, path, needed) in ROUTES {
        let example = example_of(path);
        for (role, session) in &sessions {
            let bearer = format!("Bearer {}", token_of(*role));
            let of_session =
                [("cookie", session.as_str()), ("headcount-request", "1"), ("sec-fetch-site", "same-origin")];
            for headers in [&[("authorization", bearer.as_str())][..], &of_session[..]] {
                let (status, _, body) = guarded.ask(method, &example, headers, String::new()).await;
                if *role >= needed {
                    // What is asked for may not be there.
                    let answered = match method {
                        // It has no body here, which is noticed after the role.
                        "PUT" => status == StatusCode::BAD_REQUEST,
                        _ => status == StatusCode::OK || status == StatusCode::NOT_FOUND,
                    };
                    assert!(answered, "{method} {example} {role:?}: {status} {body:?}");
                } else {
                    assert_eq!(status, StatusCode::FORBIDDEN, "{method} {example} {role:?}");
                    let problem: Value = serde_json::from_slice(&body).unwrap();
                    let detail = problem["detail"].as_str().unwrap();
                    assert!(detail.starts_with("only an "), "{detail}");
                }
            }
        }
        let (status, ..) = guarded.ask(method, &example, &[], String::new()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {example}");
    }
    guarded.collector.close().await;
}

#[tokio::test]
async fn metrics_need_their_token_or_that_of_the_administrator() {
    let guarded = GuardedCollector::start(true).await;
    let metrics_token = "a-token-for-the-metrics".to_owned();
    for (token, path, expected) in [
        (metrics_token.clone(), "/metrics", StatusCode::OK),
        (metrics_token, "/api/fleet/trust", StatusCode::UNAUTHORIZED),
        (token_of(AccessRole::Administrator), "/metrics", StatusCode::OK),
        (token_of(AccessRole::Analyst), "/metrics", StatusCode::FORBIDDEN),
        (token_of(AccessRole::Viewer), "/metrics", StatusCode::FORBIDDEN),
    ] {
        let bearer = format!("Bearer {token}");
        let (status, headers, _) = guarded.get(path, &[("authorization", &bearer)]).await;
        assert_eq!(status, expected, "{token} {path}");
        if status == StatusCode::OK {
            assert_eq!(headers[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
        }
    }
    assert_eq!(guarded.get("/metrics", &[]).await.0, StatusCode::UNAUTHORIZED);
    guarded.collector.close().await;
}

#[tokio::test]
async fn the_first_page_of_a_role_leads_to_what_it_may_see() {
    let guarded = GuardedCollector::start(false).await;
    for (role, shown, absent) in [
        (AccessRole::Viewer, "<h1>Published</h1>", ">Overview</a>"),
        (AccessRole::Analyst, "<h1>Overview</h1>", ">Installations</a>"),
        (AccessRole::Administrator, "<h1>Overview</h1>", "<h1>Published</h1>"),
    ] {
        let session = guarded.session(role).await;
        let headers = [("cookie", session.as_str()), ("accept", "text/html")];
        let (status, _, page) = guarded.get("/", &headers).await;
        let page = std::str::from_utf8(&page).unwrap();
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains(shown) && !page.contains(absent), "{role:?}: {page}");
    }
    guarded.collector.close().await;
}

#[tokio::test]
async fn what_is_public_is_there_only_with_publish_and_knows_nobody() {
    let public =
        ["/public/fleet/products", "/public/fleet/tables", "/public/export.zip", "/public/openapi.json"];
    let hidden = GuardedCollector::start(false).await;
    let published = GuardedCollector::start(true).await;
    let bearer = format!("Bearer {}", token_of(AccessRole::Administrator));
    for path in public {
        for headers in [&[][..], &[("authorization", bearer.as_str())][..]] {
            assert_eq!(hidden.get(path, headers).await.0, StatusCode::NOT_FOUND, "{path}");
        }
        let (status, headers, _) = published.get(path, &[]).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=3600", "{path}");
        assert!(headers.get(header::SET_COOKIE).is_none());
        // It is the same for everybody.
        assert!(headers.get(header::VARY).is_none_or(|vary| vary == "accept-encoding"), "{path}");
        // A wrong credential is not looked at.
        assert_eq!(published.get(path, &[("authorization", "Bearer wrong")]).await.0, StatusCode::OK);
    }
    for path in
        ["/public", "/public/", "/public/fleet", "/public/fleet/activity", "/public/fleet/tables/none"]
    {
        let (status, headers, _) = published.get(path, &[]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_ne!(headers[header::CACHE_CONTROL], "public, max-age=3600", "{path}");
    }
    let (_, _, description) = published.get("/public/openapi.json", &[]).await;
    let described: Value = serde_json::from_slice(&description).unwrap();
    assert_eq!(
        (&described["security"], &described["components"]["securitySchemes"]),
        (&Value::Null, &Value::Null)
    );
    let paths: Vec<_> = operations(&described).into_keys().map(|(_, path)| path).collect();
    assert_eq!(
        paths,
        [
            "/public/export.zip",
            "/public/fleet/products",
            "/public/fleet/profiles/graph",
            "/public/fleet/tables",
            "/public/fleet/tables/{table}",
        ]
    );
    let (_, _, products) = published.get("/public/fleet/products", &[]).await;
    assert_eq!(serde_json::from_slice::<Value>(&products).unwrap(), json!({ "products": [] }));
    hidden.collector.close().await;
    published.collector.close().await;
}

#[tokio::test]
async fn pages_of_the_fleet_are_for_analysts_and_have_a_strict_policy() {
    let guarded = GuardedCollector::start(true).await;
    for page in
        ["overview", "versions", "features", "environment", "usage", "performance", "profiles", "trust"]
    {
        let path = format!("/{page}");
        assert_eq!(
            guarded.get(&path, &[("accept", "application/json")]).await.0,
            StatusCode::UNAUTHORIZED,
            "{page}"
        );
        for (role, status) in [
            (AccessRole::Viewer, StatusCode::FORBIDDEN),
            (AccessRole::Analyst, StatusCode::OK),
            (AccessRole::Administrator, StatusCode::OK),
        ] {
            let cookie = guarded.session(role).await;
            let (found, headers, body) = guarded.get(&path, &[("cookie", &cookie)]).await;
            assert_eq!(found, status, "{page} {}", role.name());
            if status == StatusCode::OK {
                let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
                assert!(
                    policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"),
                    "{policy}"
                );
                assert_eq!(headers[header::CACHE_CONTROL], "no-store");
                let shows_installations = String::from_utf8_lossy(&body).contains(">Installations</a>");
                assert_eq!(shows_installations, role == AccessRole::Administrator, "{page}");
            }
        }
    }
    guarded.collector.close().await;
}

#[tokio::test]
async fn a_viewer_sees_what_is_published_and_no_exact_number() {
    let guarded = GuardedCollector::start(false).await;
    for role in AccessRole::ALL {
        let session = guarded.session(role).await;
        let (status, headers, page) = guarded.get("/published", &[("cookie", &session)]).await;
        let page = String::from_utf8_lossy(&page);
        assert_eq!(status, StatusCode::OK, "{}", role.name());
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"));
        assert!(page.contains("Nothing is published of this product in this time."), "{page}");
        for (title, needed) in [
            ("Published", AccessRole::Viewer),
            ("Overview", AccessRole::Analyst),
            ("Trust", AccessRole::Analyst),
            ("Installations", AccessRole::Administrator),
        ] {
            let is_shown = page.contains(&format!(">{title}</a>"));
            assert_eq!(is_shown, role >= needed, "{} {title}", role.name());
        }
    }
    let session = guarded.session(AccessRole::Viewer).await;
    for sheet in ["/static/visual-style.css", "/pages.css"] {
        assert_eq!(guarded.get(sheet, &[("cookie", &session)]).await.0, StatusCode::OK, "{sheet}");
    }
    guarded.collector.close().await;
}

#[tokio::test]
async fn a_refused_page_is_a_page_with_the_sentence_and_a_way_back() {
    let guarded = GuardedCollector::start(false).await;
    let (viewer, analyst) =
        (guarded.session(AccessRole::Viewer).await, guarded.session(AccessRole::Analyst).await);
    let unknown = "/installations/4423595b-9d97-4e01-a19f-8e3d60c83b2a";
    for (session, path, expected, sentence, way_back) in [
        (
            &viewer,
            "/overview",
            403,
            "Only an analyst or an administrator may see exact numbers",
            "\"published\"",
        ),
        (&analyst, "/installations", 403, "Only an administrator may do this.", "\"overview\""),
        (&analyst, unknown, 403, "Only an administrator may do this.", "\"../overview\""),
        (
            &analyst,
            "/trust?from=yesterday",
            400,
            "From must be a day such as 2026-11-28, not",
            "\"overview\"",
        ),
        (
            &analyst,
            "/trust?colour=%3Cred%3E",
            400,
            "is no parameter of this address, which has",
            "\"overview\"",
        ),
        (&analyst, "/profiles?resource=disk", 400, "Resource must be cpu or heap", "\"overview\""),
        (&viewer, "/no/such/page", 404, "There is no page at this address.", "\"../../published\""),
    ] {
        let headers = [("cookie", session.as_str()), ("accept", "text/html")];
        let (status, headers, page) = guarded.get(path, &headers).await;
        let page = std::str::from_utf8(&page).unwrap();
        assert_eq!(status.as_u16(), expected, "{path}: {page}");
        assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"));
        assert!(page.contains(sentence), "{path}: {page}");
        assert!(page.contains(&format!("<a href={way_back}>To the page")), "{path}: {page}");
        assert!(page.contains("Sign out"), "{path}");
    }
    for (path, expected) in [("/api/fleet/activity?from=yesterday", 400), ("/api/fleet", 403)] {
        let (status, headers, _) = guarded.get(path, &[("cookie", &analyst), ("accept", "text/html")]).await;
        assert_eq!(status.as_u16(), expected, "{path}");
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
    }
    assert_eq!(guarded.get("/no/such/page", &[("cookie", &viewer)]).await.2, Bytes::new());
    guarded.collector.close().await;
}

#[tokio::test]
async fn a_note_is_set_by_an_analyst_from_a_page_of_the_collector_alone() {
    let guarded = GuardedCollector::start(false).await;
    let (viewer, analyst) =
        (guarded.session(AccessRole::Viewer).await, guarded.session(AccessRole::Analyst).await);
    let note = "product=coroot&from=2026-11-01&to=2026-11-02&day=2026-11-02&note=x";
    for (session, site, expected) in [
        (&viewer, Some("same-origin"), StatusCode::FORBIDDEN),
        (&analyst, Some("cross-site"), StatusCode::FORBIDDEN),
        (&analyst, None, StatusCode::FORBIDDEN),
        // It is read: there is no such product yet.
        (&analyst, Some("same-origin"), StatusCode::BAD_REQUEST),
    ] {
        let mut headers = vec![("cookie", session.as_str())];
        headers.extend(site.map(|site| ("sec-fetch-site", site)));
        let (status, ..) = guarded.ask("POST", "/notes", &headers, note.to_owned()).await;
        assert_eq!(status, expected, "{site:?}");
    }
    guarded.collector.close().await;
}
