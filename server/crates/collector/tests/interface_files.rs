//! Tests what pages load beside themselves: the mark, the style sheets, and the program that takes over in the
//! browser, with the policies that let them; and that pages are sent compressed.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::{io::Read, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode},
};
use flate2::read::GzDecoder;
use headcount_collector::{Collector, CollectorConfig, RetentionPolicy, routes::router};
use headcount_platform::{clock::SystemClock, disk::free_space::FileSystemOf};
use headcount_web::{
    access::{AccessConfig, AccessControl, SessionProgram},
    base_path::BasePath,
    forwarded::TrustedProxies,
    listen,
    static_files::StaticFiles,
};
use http_body_util::BodyExt;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const TOKEN: &str = "Bearer a-token-of-the-administrator";

/// Pages of every kind.
const PAGES: [&str; 11] = [
    "overview",
    "changes",
    "versions",
    "features",
    "environment",
    "usage",
    "performance",
    "profiles",
    "trust",
    "published",
    "installations",
];

const PROGRAM: &[(&str, &[u8])] =
    &[("pages.js", b"start()"), ("pages.js.br", b"start in brotli"), ("pages_bg.wasm", b"\0asm")];

struct OpenCollector {
    _directory: TempDir,
    routes: Router,
    collector: Collector,
}

impl OpenCollector {
    async fn start(program: StaticFiles) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock::new());
        let day = Duration::from_secs(24 * 60 * 60);
        let config = CollectorConfig {
            data_dir: directory.path().to_owned(),
            keys: None,
            retention: RetentionPolicy::new(400 * day, 30 * day),
            max_disk: None,
            free_space: Arc::new(FileSystemOf(directory.path().to_owned())),
            alert_webhook: None,
        };
        let collector = Collector::open(&config, Arc::<SystemClock>::clone(&clock)).await.unwrap();
        let access = AccessConfig {
            interface: SessionProgram::Collector,
            admin_token: Some(TOKEN.trim_start_matches("Bearer ").parse().unwrap()),
            analyst_token: None,
            viewer_token: None,
            metrics_token: None,
            base_path: BasePath::root(),
            public_url: None,
        };
        let access = AccessControl::new(access, clock);
        let routes = router(&access, &collector, TrustedProxies::default(), false, program);
        Self { _directory: directory, routes, collector }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Bytes) {
        let request = Request::get(format!("/{path}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = self.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
    }

    /// A page for the administrator, with its policy.
    async fn page(&self, path: &str) -> (String, String) {
        let (status, headers, body) = self.get(path, &[("authorization", TOKEN)]).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap().to_owned();
        (policy, String::from_utf8(body.to_vec()).unwrap())
    }
}

#[tokio::test]
async fn pages_may_run_the_program_and_nothing_else() {
    let open = OpenCollector::start(StaticFiles::of(PROGRAM)).await;
    for path in PAGES {
        let (policy, page) = open.page(path).await;
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"), "{path}: {policy}");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe-inline"), "{policy}");
        assert_eq!(page.matches("<script").count(), 1, "{path}");
        assert!(page.contains("<script type=\"module\" src=\"static/pages.js\"></script>"), "{path}");
    }
    open.collector.close().await;
}

#[tokio::test]
async fn pages_are_complete_without_the_program() {
    let open = OpenCollector::start(StaticFiles::default()).await;
    for path in PAGES {
        let (_, page) = open.page(path).await;
        assert!(page.contains("<h1>") && page.contains("<nav class=\"nav\""), "{path}: {page}");
    }
    assert_eq!(open.get("static/pages.js", &[]).await.0, StatusCode::NOT_FOUND);
    open.collector.close().await;
}

#[tokio::test]
async fn everybody_gets_the_files_of_pages_with_their_types_and_only_once() {
    let open = OpenCollector::start(StaticFiles::of(PROGRAM)).await;
    for (name, content_type) in [
        ("mark.svg", "image/svg+xml"),
        ("visual-style.css", "text/css; charset=utf-8"),
        ("pages.js", "text/javascript; charset=utf-8"),
        ("pages_bg.wasm", "application/wasm"),
    ] {
        let path = format!("static/{name}");
        let (status, headers, _) = open.get(&path, &[]).await;
        assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &content_type.parse().unwrap()));
        let tag = headers["etag"].to_str().unwrap();
        let (status, _, body) = open.get(&path, &[("if-none-match", tag)]).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0), "{name}");
    }
    let (_, headers, body) = open.get("static/pages.js", &[("accept-encoding", "br")]).await;
    assert_eq!((&headers["content-encoding"], &body[..]), (&"br".parse().unwrap(), &b"start in brotli"[..]));
    for other in ["tracker.js", "pages.js.br", "..%2fpages.js"] {
        assert_eq!(open.get(&format!("static/{other}"), &[]).await.0, StatusCode::NOT_FOUND, "{other}");
    }
    open.collector.close().await;
}

#[tokio::test]
async fn every_page_has_the_mark_as_its_icon_and_in_its_header() {
    let open = OpenCollector::start(StaticFiles::default()).await;
    let (_, _, sign_in) = open.get("sign-in", &[]).await;
    let sign_in = String::from_utf8(sign_in.to_vec()).unwrap();
    for page in [open.page("overview").await.1, sign_in] {
        assert!(page.contains("<link rel=\"icon\" type=\"image/svg+xml\" href=\""), "{page}");
        assert!(page.contains("<img class=\"mark\" src=\""), "{page}");
    }
    open.collector.close().await;
}

/// Asks over a connection of HTTP/1.0, so that the body ends with it. Returns the head of the answer and the
/// body.
async fn ask_over_loopback(address: SocketAddr, path: &str, headers: &str) -> (String, Vec<u8>) {
    let mut peer = TcpStream::connect(address).await.unwrap();
    let head = format!("GET /{path} HTTP/1.0\r\nhost: collector\r\nauthorization: {TOKEN}\r\n{headers}\r\n");
    peer.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), answer[end + 4..].to_vec())
}

#[tokio::test]
async fn pages_are_compressed_for_browsers_that_accept_it_unless_they_name_installations() {
    let open = OpenCollector::start(StaticFiles::default()).await;
    let listener = listen::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let serving = tokio::spawn(listen::serve(listener, open.routes.clone(), stop.clone(), Duration::ZERO));
    for page in PAGES.into_iter().chain(["pages.css", "api/openapi.json"]) {
        let (plain_head, plain) = ask_over_loopback(address, page, "").await;
        assert!(plain_head.contains(" 200 ") && !plain_head.contains("content-encoding"), "{plain_head}");
        let (head, body) = ask_over_loopback(address, page, "accept-encoding: gzip, br\r\n").await;
        if page == "installations" {
            assert!(!head.contains("content-encoding"), "{head}");
            continue;
        }
        assert!(head.contains("content-encoding: gzip") && head.contains("vary: accept-encoding"), "{head}");
        let mut unpacked = Vec::new();
        GzDecoder::new(body.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert!(body.len() < plain.len() / 2, "{page}: {} of {} bytes", body.len(), plain.len());
        assert_eq!(unpacked, plain, "{page}");
    }
    stop.cancel();
    serving.await.unwrap();
    open.collector.close().await;
}
