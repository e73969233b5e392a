//! Serves a site with the tracker in its pages, and mocks the installations that count it.
//!
//! It records all requests of browsers, and can hold answers back.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test or a measurement ends where its own site does not work; `Host` says so once"
)]

mod answer;
mod gate;
mod installation;
mod page;

use std::{
    collections::BTreeMap,
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode},
};
use headcount_shared::event::BrowserEvent;
use tokio::{net::TcpListener, task::JoinHandle};

use self::{gate::PathGates, installation::MockInstallations, page::TestPage};
use crate::wait::{SOON, eventually};

/// The path of the tracker's program.
pub const PROGRAM: &str = "/static/tracker_bg.wasm";

/// The route table of every page.
pub const ROUTES: &str =
    "/ /plain /p/:projectId /p/:projectId/app/:id/:report(SLO|CPU)? /p/:projectId/node/:name /end";

/// The path of a page without a tracker.
pub const PLAIN: &str = "/plain";

/// A view as it arrived.
#[derive(Debug, Clone)]
pub struct ReceivedView {
    /// When its last byte arrived.
    pub at: Instant,
    /// The head of its request.
    pub headers: HeaderMap,
    /// The event in its body.
    pub event: BrowserEvent,
}

/// A site to be started. Every path except [`PLAIN`] and those of files is a page with the tracker.
#[derive(Debug, Clone)]
pub struct TestSiteBuilder {
    headers: Vec<(String, String)>,
    usual: TestPage,
    pages: BTreeMap<String, TestPage>,
    redirects: BTreeMap<String, String>,
    program: Option<Vec<u8>>,
}

/// A running site on any free port of loopback, which ends when this is dropped. Every method panics, which
/// ends the test, if the site does not work or anything but a valid view was posted.
#[derive(Debug)]
pub struct TestSite {
    address: SocketAddr,
    site: Arc<SiteState>,
    server: JoinHandle<io::Result<()>>,
}

/// The state that all requests share.
#[derive(Debug)]
struct SiteState {
    setting: TestSiteBuilder,
    gates: PathGates,
    installations: MockInstallations,
    memory: Mutex<SiteRecord>,
}

#[derive(Debug, Default)]
struct SiteRecord {
    asked: Vec<(Method, String)>,
    questions: Vec<HeaderMap>,
    beacons: Vec<ReceivedView>,
    refused: Vec<String>,
}

impl Default for TestSiteBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl TestSiteBuilder {
    /// The default site, with the tracker that `.ci/wasm` has built.
    #[must_use]
    pub fn new() -> Self {
        Self {
            headers: Vec::new(),
            usual: TestPage::default(),
            pages: BTreeMap::from([(PLAIN.to_owned(), TestPage::without_tracker())]),
            redirects: BTreeMap::new(),
            program: Some(built("tracker_bg.wasm")),
        }
    }

    /// Sends a header with every page.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds an attribute to the tracker's element in the default pages.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.usual = self.usual.attribute(name, value);
        self
    }

    /// Runs a script in the default pages, before anything else.
    #[must_use]
    pub fn early(mut self, script: &str) -> Self {
        self.usual = self.usual.early(script);
        self
    }

    /// Adds HTML at the end of the default pages.
    #[must_use]
    pub fn content(mut self, html: &str) -> Self {
        self.usual = self.usual.content(html);
        self
    }

    /// Serves a page with the tracker at a path, without any other setting.
    #[must_use]
    pub fn untouched(mut self, path: &str) -> Self {
        self.pages.insert(path.to_owned(), TestPage::default());
        self
    }

    /// Serves a page whose tracker has this attribute at a path, without any other setting.
    #[must_use]
    pub fn with(mut self, path: &str, name: &str, value: &str) -> Self {
        self.pages.insert(path.to_owned(), TestPage::default().attribute(name, value));
        self
    }

    /// Serves a page with this HTML and without the tracker at a path.
    #[must_use]
    pub fn plain(mut self, path: &str, html: &str) -> Self {
        self.pages.insert(path.to_owned(), TestPage::without_tracker().content(html));
        self
    }

    /// Redirects from one path to another.
    #[must_use]
    pub fn redirect(mut self, from: &str, to: &str) -> Self {
        self.redirects.insert(from.to_owned(), to.to_owned());
        self
    }

    /// Serves these bytes as the tracker's program; `None` means that the file is missing.
    #[must_use]
    pub fn program(mut self, bytes: Option<Vec<u8>>) -> Self {
        self.program = bytes;
        self
    }

    /// Starts the site on a free port of this machine.
    pub async fn start(self) -> TestSite {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let site = Arc::new(SiteState {
            setting: self,
            gates: PathGates::default(),
            installations: MockInstallations::default(),
            memory: Mutex::default(),
        });
        let routes = Router::new().fallback(answer::answer).with_state(Arc::clone(&site));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await });
        TestSite { address, site, server }
    }
}

/// A file of the tracker that a server embeds, as `.ci/wasm` has built it.
#[must_use]
pub fn built(file: &str) -> Vec<u8> {
    from("dist", file)
}

/// A file of the package for npm, as `.ci/wasm` has built it.
fn packaged(file: &str) -> Vec<u8> {
    from("npm", file)
}

fn from(folder: &str, file: &str) -> Vec<u8> {
    let frontend = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend-tracker");
    fs::read(frontend.join(folder).join(file)).expect("`.ci/wasm` has built the tracker")
}

impl TestSite {
    /// Starts the default site.
    pub async fn start() -> Self {
        TestSiteBuilder::new().start().await
    }

    /// Its address. Used as a proxy, it serves every host name.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The number of requests for a path, with any query.
    #[must_use]
    pub fn asked(&self, path: &str) -> usize {
        self.memory().asked.iter().filter(|(_, asked)| asked == path).count()
    }

    /// All requests for files and addresses of the tracker so far, such as `GET /stats`, in the order in
    /// which they came.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let memory = self.memory();
        let of_the_tracker = memory.asked.iter().filter(|(_, path)| installation::owns(path));
        of_the_tracker.map(|(method, path)| format!("{method} {path}")).collect()
    }

    /// Switches an installation off: it answers with this status, and its script is that of a server that is
    /// off.
    pub fn switch_off(&self, base: &str, status: StatusCode) {
        self.site.installations.switch_off(base, status);
    }

    /// Answers `GET <base>stats` with this status from now on, and nothing else.
    pub fn answer_questions(&self, base: &str, status: StatusCode) {
        self.site.installations.answer_questions(base, status);
    }

    /// Answers views with this status from now on, and nothing else.
    pub fn answer_views(&self, base: &str, status: StatusCode) {
        self.site.installations.answer_views(base, status);
    }

    /// Waits until there were so many requests for a path.
    pub async fn asked_for(&self, path: &str, times: usize) {
        let asked = async || (self.asked(path) >= times).then_some(());
        eventually(&format!("{path} is asked for"), SOON, asked).await.expect("the browser asks");
    }

    /// Holds all answers to requests for a path from now on.
    pub fn hold(&self, path: &str) {
        self.site.gates.close(path);
    }

    /// Waits until so many requests for a path are held.
    pub async fn holds(&self, path: &str, requests: usize) {
        let held = async || (self.site.gates.held(path) >= requests).then_some(());
        eventually(&format!("{path} is waited for"), SOON, held).await.expect("the browser asks");
    }

    /// Answers all held requests for a path at one instant. Later ones are held again.
    pub fn release(&self, path: &str) {
        self.site.gates.release(path);
    }

    /// Stops holding requests for a path.
    pub fn let_pass(&self, path: &str) {
        self.site.gates.open(path);
    }

    /// All views that have arrived, in that order.
    #[must_use]
    pub fn beacons(&self) -> Vec<ReceivedView> {
        let memory = self.memory();
        assert!(memory.refused.is_empty(), "not views: {:?}", memory.refused);
        memory.beacons.clone()
    }

    /// The headers of all requests that ask whether statistics are on.
    #[must_use]
    pub fn questions(&self) -> Vec<HeaderMap> {
        self.memory().questions.clone()
    }

    /// Waits until so many views have arrived, and returns all.
    pub async fn heard(&self, views: usize) -> Vec<ReceivedView> {
        let all = eventually("the views arrive", SOON, async || {
            let beacons = self.beacons();
            (beacons.len() >= views).then_some(beacons)
        });
        match all.await {
            Ok(beacons) => beacons,
            Err(error) => panic!("{error}: {:?}", self.keys()),
        }
    }

    /// The keys of all views that have arrived, sorted: two that were sent at once may overtake each other.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.beacons().into_iter().map(|beacon| beacon.event.path).collect();
        keys.sort();
        keys
    }

    fn memory(&self) -> MutexGuard<'_, SiteRecord> {
        self.site.memory()
    }
}

impl Drop for TestSite {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl SiteState {
    fn memory(&self) -> MutexGuard<'_, SiteRecord> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn page(&self, path: &str) -> &TestPage {
        self.setting.pages.get(path).unwrap_or(&self.setting.usual)
    }

    /// Records a view. Anything but exactly the members of an event is recorded as refused.
    fn hear(&self, headers: HeaderMap, body: &Bytes, at: Instant) {
        let event = BrowserEvent::parse(body).ok();
        let exact = event.filter(|event| {
            let said: Option<serde_json::Value> = serde_json::from_slice(body).ok();
            said.is_some() && said == serde_json::to_value(event).ok()
        });
        let mut memory = self.memory();
        match exact {
            Some(event) => memory.beacons.push(ReceivedView { at, headers, event }),
            None => memory.refused.push(String::from_utf8_lossy(body).into_owned()),
        }
    }
}
