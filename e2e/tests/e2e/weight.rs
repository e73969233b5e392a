//! Tests the size of the tracker, and that browsers run what was built.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use headcount_harness::{
    browser::{Browser, Engine},
    command_output::output,
    http,
    processes::HeadcountProcess,
    wait::eventually,
};
use reqwest::Client;
use serde_json::json;
use tokio::net::TcpListener;

use crate::setup::{SOON, TestSetup, own_address};

/// The maximum size of the tracker's script and program together, compressed, in bytes.
const BOUND: usize = 9_000;

/// The package that the browser programs are built in.
fn frontend() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend-tracker")
}

/// A file as `.ci/wasm` built it.
fn built(name: &str) -> Vec<u8> {
    fs::read(frontend().join("dist").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of all built files except the compressed ones.
fn plain_names() -> Vec<String> {
    let entries = fs::read_dir(frontend().join("dist")).expect("`.ci/wasm` builds it");
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<_> = names.filter(|name| !name.ends_with(".br") && !name.ends_with(".gz")).collect();
    assert!(names.len() >= 5, "only {names:?}");
    names
}

fn from_brotli(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    brotli::BrotliDecompress(&mut &*bytes, &mut plain).unwrap();
    plain
}

fn from_gzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// A file that was sent through the proxy, with its content encoding.
#[derive(Debug, PartialEq, Eq)]
struct TransferredFile {
    request: String,
    encoding: String,
    body: Vec<u8>,
}

impl TransferredFile {
    fn new(request: &str, encoding: &str, body: Vec<u8>) -> Self {
        Self { request: request.to_owned(), encoding: encoding.to_owned(), body }
    }
}

/// A site with one page of its own. It forwards all other requests to a server and records the answers.
#[derive(Clone)]
struct RecordingProxy {
    client: Client,
    server: Arc<str>,
    passed: Arc<Mutex<Vec<TransferredFile>>>,
}

impl RecordingProxy {
    async fn open(server: &HeadcountProcess) -> (Self, String) {
        let front =
            Self { client: http::client().unwrap(), server: server.url("").into(), passed: Arc::default() };
        let page = r#"<!doctype html><html lang="en"><title>page</title><link rel="icon" href="data:,"><script type="module" src="/static/tracker.js" data-routes="/p/:projectId"></script><h1>page</h1>"#;
        let routes = Router::new()
            .route("/p/acme", get(async move || Html(page)))
            .fallback(pass_on)
            .with_state(front.clone());
        let listener = TcpListener::bind(own_address()).await.unwrap();
        let url = format!("http://{}/p/acme", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (front, url)
    }

    fn note(&self, passed: TransferredFile) {
        self.passed.lock().unwrap().push(passed);
    }
}

/// Forwards a request to the server, byte for byte.
async fn pass_on(State(front): State<RecordingProxy>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 4096).await.unwrap();
    let path = head.uri.path();
    let mut asked = front
        .client
        .request(head.method.clone(), format!("{}{}", front.server, path.trim_start_matches('/')));
    for name in [header::ACCEPT_ENCODING, header::CONTENT_TYPE] {
        asked = head.headers.get(&name).into_iter().fold(asked, |asked, value| asked.header(&name, value));
    }
    let answer = asked.body(body).send().await.unwrap();
    let status = answer.status();
    let kept = [header::CONTENT_TYPE, header::CONTENT_ENCODING];
    let headers: HeaderMap = kept
        .into_iter()
        .filter_map(|name| Some((name.clone(), answer.headers().get(&name)?.clone())))
        .collect();
    let encoding = headers.get(header::CONTENT_ENCODING).map_or("", |encoding| encoding.to_str().unwrap());
    let encoding = encoding.to_owned();
    let body = answer.bytes().await.unwrap();
    front.note(TransferredFile::new(&format!("{} {path}", head.method), &encoding, body.to_vec()));
    (status, headers, body).into_response()
}

#[tokio::test]
async fn a_browser_counts_with_nine_thousand_bytes_in_two_requests_one_after_the_other() {
    let [script, program] = ["tracker.js.br", "tracker_bg.wasm.br"].map(built);
    let weight = script.len() + program.len();
    assert!(weight <= BOUND, "{} + {} = {weight}", script.len(), program.len());

    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let (front, page) = RecordingProxy::open(&server).await;
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.goto(&page).await;
    let counted = eventually("the view is counted", SOON, async || {
        let views = setup.preview(&server).await.ux.page_views;
        (!views.is_empty()).then_some(views)
    });
    assert_eq!(counted.await.unwrap(), BTreeMap::from([("/p/$projectId".to_owned(), 1)]));

    // The fetched files as the browser reports them: transferred and decoded bytes.
    let fetched = "return performance.getEntriesByType('resource')
        .filter(({ name }) => !name.endsWith('/stats'))
        .map(entry => [new URL(entry.name).pathname, entry.encodedBodySize, entry.decodedBodySize])";
    let expected = json!([
        ["/static/tracker.js", script.len(), built("tracker.js").len()],
        ["/static/tracker_bg.wasm", program.len(), built("tracker_bg.wasm").len()],
    ]);
    assert_eq!(browser.run(fetched).await, expected);
    browser.close().await;

    let passed = [
        TransferredFile::new("GET /static/tracker.js", "br", script),
        TransferredFile::new("GET /static/tracker_bg.wasm", "br", program),
        TransferredFile::new("POST /stats", "", Vec::new()),
    ];
    // The server has counted the view before it answers.
    let all = async || (front.passed.lock().unwrap().len() >= passed.len()).then_some(());
    eventually("everything has passed", SOON, all).await.unwrap();
    let noted = front.passed.lock().unwrap();
    let requests: Vec<_> = noted.iter().map(|passed| (&passed.request, &passed.encoding)).collect();
    assert!(*noted == passed, "other requests, or other bytes: {requests:?}");
}

#[tokio::test]
async fn what_is_sent_compressed_is_what_is_sent_plainly() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    for name in plain_names() {
        let plain = built(&name);
        // Not `assert_eq`, which would print the bytes.
        assert!(from_brotli(&built(&format!("{name}.br"))) == plain, "{name}.br");
        assert!(from_gzip(&built(&format!("{name}.gz"))) == plain, "{name}.gz");
        let sent = setup.get(&server.url(&format!("static/{name}"))).await;
        assert_eq!(sent.headers().get(header::CONTENT_ENCODING), None, "{name}");
        assert!(sent.bytes().await.unwrap() == plain, "{name} is another one in the server");
    }
}

/// The script that checks a file for paths of this machine.
fn no_paths() -> Command {
    Command::new(frontend().with_file_name(".ci/no-paths"))
}

#[tokio::test]
async fn no_file_for_browsers_names_a_place_of_the_machine_that_built_it() {
    let package = frontend();
    let mut files: Vec<_> = plain_names().iter().map(|name| package.join("dist").join(name)).collect();
    files.extend(["index.js", "script.js", "tracker_bg.wasm"].map(|name| package.join("npm").join(name)));
    let mut judge = no_paths();
    judge.args(files);
    let judged = output(judge).await.unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
}

#[tokio::test]
async fn a_home_of_one_name_is_found_where_a_path_begins_and_nowhere_else() {
    let setup = TestSetup::new();
    let program = setup.path("program");
    for (home, content, is_found) in [
        ("/src", "headcount/server/src/main.rs", false),
        ("/src", "~/src/main.rs", false),
        ("/src", "\0/src/main.rs", true),
        ("/", "a//b", false),
        ("/", "\0/.cargo/registry", true),
        ("/home/builder", "main.rs/home/builder/lib.rs", true),
    ] {
        fs::write(&program, content).unwrap();
        let mut judge = no_paths();
        judge.arg(&program).env("HOME", home).env_remove("CARGO_HOME").env_remove("RUSTUP_HOME");
        let judged = output(judge).await.unwrap();
        assert_eq!(judged.status.success(), !is_found, "{home} in {content:?}");
    }
}
