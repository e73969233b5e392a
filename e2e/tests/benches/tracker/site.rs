//! Serves the measured pages, and records when their views arrive.

use std::{
    mem,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{AppendHeaders, Html, IntoResponse},
    routing::get,
};
use headcount_harness::wait::{SOON, eventually};
use headcount_shared::event::BrowserEvent;
use tokio::{net::TcpListener, task::JoinHandle};

use super::files::{AssetVariants, PageAssets};

/// The address of the empty page, which loads nothing.
const QUIET: &str = "/quiet";

/// The program that a page loads to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrackerVariant {
    /// The control.
    Control,
    /// The control without the time that a new UUID needs to settle.
    Unsettled,
    /// The tracker as a server serves it: its script states that statistics are on.
    Tracker,
    /// A copy of the tracker, which asks whether statistics are on, as the npm package does.
    Copy,
}

impl TrackerVariant {
    /// The HTML for the page's head. `routes` must not need escaping.
    fn html(self, routes: &str) -> String {
        let (name, more) = match self {
            Self::Control => ("control", ""),
            Self::Unsettled => ("control", r#" data-settle="0""#),
            Self::Tracker => ("tracker", ""),
            Self::Copy => ("copy", ""),
        };
        format!(r#"<script type="module" src="/static/{name}.js" data-routes="{routes}"{more}></script>"#)
    }
}

/// An arrived view.
#[derive(Debug)]
pub(crate) struct ViewArrival {
    /// When its last byte arrived, in Unix milliseconds.
    pub(crate) at: f64,
    pub(crate) event: BrowserEvent,
}

/// Arrivals that were not taken yet. Invalid ones are stored as text.
type ViewArrivals = Arc<Mutex<Vec<Result<ViewArrival, String>>>>;

/// A server in this process that has one page under many addresses. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct BenchSite {
    address: SocketAddr,
    arrivals: ViewArrivals,
    task: JoinHandle<std::io::Result<()>>,
}

impl BenchSite {
    /// Serves a page that runs the scripts of `head` and then a program that counts it.
    ///
    /// # Errors
    /// It cannot listen.
    pub(crate) async fn open(
        files: &PageAssets,
        program: TrackerVariant,
        routes: &str,
        head: &str,
    ) -> anyhow::Result<Self> {
        let arrivals = ViewArrivals::default();
        let mut router = Router::new()
            .route("/stats", get(StatusCode::NO_CONTENT).post(arrive).with_state(Arc::clone(&arrivals)))
            .route(QUIET, get(page("")))
            .fallback(get(page(&format!("{head}{}", program.html(routes)))));
        let served = [
            ("tracker.js", "text/javascript", &files.script),
            ("copy.js", "text/javascript", &files.copy),
            ("tracker_bg.wasm", "application/wasm", &files.program),
            ("control.js", "text/javascript", &files.control),
        ];
        for (name, content_type, file) in served {
            router = router.route(&format!("/static/{name}"), get(compressed(content_type, file)));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on loopback")?;
        let address = listener.local_addr().context("the site has no address")?;
        let task = tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, arrivals, task })
    }

    /// The URL of a path, given with a leading slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The address of the empty page, which loads nothing.
    pub(crate) fn quiet(&self) -> String {
        self.url(QUIET)
    }

    /// Waits until there are so many views, and takes them.
    ///
    /// # Errors
    /// They do not arrive, or one of them is invalid.
    pub(crate) async fn arrivals(&self, count: usize) -> anyhow::Result<Vec<ViewArrival>> {
        let arrived = || self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let all = eventually("the views arrive", SOON, async || (arrived().len() >= count).then_some(()));
        all.await.with_context(|| format!("{} of {count} views arrived", arrived().len()))?;
        let taken = mem::take(&mut *arrived());
        taken.into_iter().map(|arrival| arrival.map_err(anyhow::Error::msg)).collect()
    }
}

impl Drop for BenchSite {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn arrive(State(arrivals): State<ViewArrivals>, body: Bytes) -> StatusCode {
    let at = unix_milliseconds();
    let event = BrowserEvent::parse(&body).map_err(|error| format!("an invalid event: {error}"));
    let arrival = event.map(|event| ViewArrival { at, event });
    arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
    StatusCode::NO_CONTENT
}

/// Answers with a page that is cross-origin isolated, so that its clock is precise.
fn page(head: &str) -> impl Fn() -> std::future::Ready<axum::response::Response> + Clone + Send + 'static {
    let html = format!(
        r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">{head}</head><body><h1>page</h1></body></html>"#
    );
    let isolated: AppendHeaders<[(HeaderName, &str); 2]> = AppendHeaders([
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    ]);
    move || std::future::ready((isolated.clone(), Html(html.clone())).into_response())
}

/// Answers with a file compressed with brotli, which browsers accept over plain http from loopback.
fn compressed(
    content_type: &'static str,
    file: &AssetVariants,
) -> impl Fn() -> std::future::Ready<axum::response::Response> + Clone + Send + 'static {
    let body = Bytes::from(file.brotli.clone());
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_ENCODING, "br"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    move || std::future::ready((headers.clone(), body.clone()).into_response())
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs the real clock")]
fn unix_milliseconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(f64::NAN, |since| since.as_secs_f64() * 1e3)
}
