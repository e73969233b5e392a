//! Tests files over HTTP: encodings, caching, and the tracker while statistics are off.

use std::{collections::BTreeSet, io::Read, time::Duration};

use axum::{
    Router,
    http::{HeaderName, StatusCode, header},
    routing::get,
};
use headcount_outbound;
use headcount_web::listen;
use reqwest::header::HeaderMap as Headers;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::*;

const FILES: &[(&str, &[u8])] = &[
    ("a.css", b"plain style"),
    ("a.js", b"plain script"),
    ("a.js.br", b"script in brotli"),
    ("a.js.gz", b"script in gzip"),
];

/// The files on a free port.
struct ServedAssets {
    url: String,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl ServedAssets {
    async fn start(assets: StaticAssets) -> Self {
        Self::start_while(assets, true).await
    }

    /// Serves the files as they are while statistics are on or off.
    async fn start_while(assets: StaticAssets, is_on: bool) -> Self {
        let assets = Arc::new(assets);
        let answer = move |Path(name): Path<String>, headers: HeaderMap| {
            let assets = Arc::clone(&assets);
            async move { send(assets.find(&name, is_on), &headers) }
        };
        let router = Router::new().route("/{file}", get(answer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let serving = stop.clone();
        let task =
            tokio::spawn(
                async move { listen::serve(listener, router, serving, Duration::from_secs(1)).await },
            );
        Self { url, stop, task }
    }

    async fn get(&self, file: &str, headers: &[(HeaderName, &str)]) -> (StatusCode, Headers, Vec<u8>) {
        let client = headcount_outbound::client_builder().no_proxy().build().unwrap();
        let request = client.get(format!("{}{file}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, answer.bytes().await.unwrap().to_vec())
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

#[tokio::test]
async fn a_browser_gets_the_encoding_that_it_accepts_and_its_tag() {
    let served = ServedAssets::start(StaticAssets::of(FILES)).await;
    let cases: [(&str, &str, Option<&str>, &[u8]); 5] = [
        ("a.js", "gzip, br", Some("br"), b"script in brotli"),
        ("a.js", "gzip", Some("gzip"), b"script in gzip"),
        ("a.js", "deflate", None, b"plain script"),
        ("a.js", "br;q=0", None, b"plain script"),
        ("a.css", "gzip, br", None, b"plain style"),
    ];
    let mut tags = Vec::new();
    for (name, accepted, encoding, bytes) in cases {
        let (status, headers, body) = served.get(name, &[(header::ACCEPT_ENCODING, accepted)]).await;
        assert_eq!((status, body.as_slice()), (StatusCode::OK, bytes), "{name} {accepted}");
        assert_eq!(headers.get("content-encoding").map(|value| value.to_str().unwrap()), encoding);
        assert_eq!(headers["vary"], "accept-encoding");
        tags.push((bytes, headers["etag"].clone()));
    }
    for (bytes, tag) in &tags {
        for (other_bytes, other_tag) in &tags {
            assert_eq!(bytes == other_bytes, tag == other_tag, "{tag:?} {other_tag:?}");
        }
    }
    served.stop().await;
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let served = ServedAssets::start(StaticAssets::of(FILES)).await;
    let gzip = (header::ACCEPT_ENCODING, "gzip");
    let (_, first, _) = served.get("a.js", std::slice::from_ref(&gzip)).await;
    let tag = first["etag"].to_str().unwrap();
    let (status, headers, body) = served.get("a.js", &[gzip, (header::IF_NONE_MATCH, tag)]).await;
    assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
    for name in ["etag", "cache-control", "vary", "access-control-allow-origin"] {
        assert_eq!(headers[name], first[name], "{name}");
    }
    // The same file in another encoding has another tag.
    let plain = [(header::ACCEPT_ENCODING, "identity"), (header::IF_NONE_MATCH, tag)];
    assert_eq!(served.get("a.js", &plain).await.0, StatusCode::OK);
    served.stop().await;
}

#[tokio::test]
async fn a_tracker_with_routes_is_another_file_in_each_encoding() {
    let built: &[(&str, &[u8])] = &[
        ("tracker.js", b"const headcountRoutes=\"\";\nstart();\n"),
        ("tracker.js.br", b"in brotli"),
        ("tracker.js.gz", b"in gzip"),
    ];
    let mut routes = RouteTable::default();
    routes.add("/p/:id").unwrap();
    let served = ServedAssets::start(StaticAssets::of(built).with_routes(&routes).unwrap()).await;
    let script = "const headcountRoutes=\"/p/:id\";\nstart();\n";
    let (_, plain, body) = served.get("tracker.js", &[]).await;
    assert_eq!(String::from_utf8(body).unwrap(), script);
    let (_, headers, body) = served.get("tracker.js", &[(header::ACCEPT_ENCODING, "br, gzip")]).await;
    let mut text = String::new();
    flate2::read::GzDecoder::new(body.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), headers["content-encoding"].to_str().unwrap()), (script, "gzip"));
    assert_ne!(headers["etag"], plain["etag"]);
    served.stop().await;
}

#[test]
fn a_tracker_that_takes_no_routes_is_refused_and_none_at_all_is_not() {
    let routes = RouteTable::default();
    let strange = StaticAssets::of(&[("tracker.js", b"start();")]).with_routes(&routes);
    assert!(matches!(strange, Err(AssetsError::NoPlace)));
    assert!(StaticAssets::of(&[]).with_routes(&routes).is_ok());
}

#[tokio::test]
async fn while_statistics_are_off_the_tracker_only_forgets_and_has_no_program() {
    let built: &[(&str, &[u8])] = &[
        ("tracker.js", b"start();"),
        ("tracker.js.gz", b"start in gzip"),
        ("tracker_bg.wasm", b"program"),
        ("ui.js", b"interface"),
    ];
    let [on, off] = [true, false].map(|is_on| ServedAssets::start_while(StaticAssets::of(built), is_on));
    let (on, off) = (on.await, off.await);
    let gzip = [(header::ACCEPT_ENCODING, "gzip")];
    let (status, headers, body) = off.get("tracker.js", &gzip).await;
    assert_eq!((status, body.as_slice()), (StatusCode::OK, OFF_SCRIPT.as_bytes()));
    let (_, while_on, _) = on.get("tracker.js", &gzip).await;
    for name in ["content-type", "cache-control", "access-control-allow-origin"] {
        assert_eq!(headers[name], while_on[name], "{name}");
    }
    assert_eq!(headers["cache-control"], "no-cache");
    // A browser that has one of them gets the other after a switch.
    let tag = while_on["etag"].to_str().unwrap();
    assert_eq!(off.get("tracker.js", &[(header::IF_NONE_MATCH, tag)]).await.0, StatusCode::OK);
    assert_eq!(off.get("tracker_bg.wasm", &[]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(on.get("tracker_bg.wasm", &[]).await.2, b"program");
    assert_eq!(off.get("ui.js", &[]).await.2, b"interface");
    on.stop().await;
    off.stop().await;
}

#[tokio::test]
async fn other_origins_may_use_the_files() {
    let served = ServedAssets::start(StaticAssets::of(FILES)).await;
    let (_, headers, _) = served.get("a.js", &[(header::ORIGIN, "https://product.example")]).await;
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
    served.stop().await;
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    let served = ServedAssets::start(StaticAssets::of(FILES)).await;
    for name in ["b.js", "a.js.br", "a", "..%2fa.js"] {
        assert_eq!(served.get(name, &[]).await.0, StatusCode::NOT_FOUND, "{name}");
    }
    served.stop().await;
}

/// The most that each browser program may have on its way to a browser, with its script, in bytes: as in
/// `docs/measures.md`.
const PROGRAM_BOUNDS: [(&str, &str, usize); 2] =
    [("ui.js.br", "ui_bg.wasm.br", 300_000), ("pages.js.br", "pages_bg.wasm.br", 250_000)];

#[test]
fn the_interface_and_the_program_of_pages_are_small() {
    let names: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
    let size = |name: &str| EMBEDDED.iter().find(|(its, _)| *its == name).map(|(_, bytes)| bytes.len());
    for (script_name, program_name, bound) in PROGRAM_BOUNDS {
        let (Some(script), Some(program)) = (size(script_name), size(program_name)) else {
            assert!(!names.contains(&"ui.js"), "only a part of the programs was built: {names:?}");
            return;
        };
        println!("{program_name} and {script_name} have {} bytes", script + program);
        assert!(script + program <= bound, "{program_name}: {script} and {program}");
    }
    let served: BTreeSet<&str> = fleet_page_files().names().collect();
    assert_eq!(served, BTreeSet::from([PAGES, PAGES_PROGRAM]));
}
