//! Drives a real browser, one of three engines, over WebDriver and with a profile of its own.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test or a measurement ends at what a browser does not do; `Browser` says so once"
)]

mod chromium;
mod display;
mod driver;
mod engine;
mod firefox;
mod network;
mod session;
mod shared;
mod webkit;

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fmt,
    net::SocketAddr,
    sync::{Mutex, OnceLock},
    thread::available_parallelism,
    time::Duration,
};

use serde_json::{Value, json};
pub use thirtyfour::Cookie;
use thirtyfour::{By, WebDriver, WindowHandle, error::WebDriverResult};
use tokio::sync::{Semaphore, SemaphorePermit};

pub use self::engine::Engine;
use self::{
    network::BrowserNetwork,
    session::{HEIGHT, WebDriverSession},
};
use crate::{
    http,
    processes::HeadcountProcess,
    wait::{SOON, eventually},
};

/// How long a page may take to reach the requested width before the request is adjusted.
const RESIZED: Duration = Duration::from_secs(2);

/// A browser with one tab and no visited pages. Every method panics, which ends the test and the browser, if
/// the browser does not do what it is asked to.
#[derive(Debug)]
pub struct Browser {
    session: WebDriverSession,
    owner: BrowserOwner,
    /// The servers that it has signed in to.
    signed_in: Mutex<BTreeSet<String>>,
    _turn: SemaphorePermit<'static>,
}

/// A device with a slow network and a slow processor.
#[derive(Debug, Clone, Copy)]
pub struct SlowDevice {
    /// The round trip, in milliseconds.
    pub round_trip_ms: u32,
    /// What the network transports, up and down.
    pub bytes_per_second: u32,
    /// How many times slower the processor is.
    pub processor: u32,
}

impl SlowDevice {
    /// What first pictures are measured on: far from the server, and four times slower.
    pub const FAR: Self = Self { round_trip_ms: 150, bytes_per_second: 200 * 1024, processor: 4 };
}

impl fmt::Display for SlowDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { round_trip_ms, bytes_per_second, processor } = self;
        let kib = bytes_per_second / 1024;
        write!(f, "{round_trip_ms} ms round trip, {kib} KiB/s, processor {processor} times slower")
    }
}

/// The users of a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BrowserOwner {
    /// Tests, one after another.
    All,
    /// One test.
    One,
}

/// A tab of a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserTab(WindowHandle);

/// Limits how many browsers run at once: each keeps a core busy, and one that waits for a core is late with
/// everything. A test has one browser at a time; with two it could wait for itself.
fn turns() -> (&'static Semaphore, u32) {
    static TURNS: OnceLock<(Semaphore, u32)> = OnceLock::new();
    let (turns, all) = TURNS.get_or_init(|| {
        let all = available_parallelism().map_or(2, |cores| cores.get().max(2));
        (Semaphore::new(all), u32::try_from(all).expect("there are fewer cores"))
    });
    (turns, *all)
}

/// Waits for a turn.
async fn turn() -> SemaphorePermit<'static> {
    turns().0.acquire().await.expect("it is never closed")
}

/// Waits for all turns at once, so that no other browser is used meanwhile.
async fn all_turns() -> SemaphorePermit<'static> {
    let (turns, all) = turns();
    turns.acquire_many(all).await.expect("it is never closed")
}

impl Browser {
    /// Opens a browser whose pages are `width` CSS pixels wide, when it is its turn. It reaches only loopback
    /// addresses. Tests share it one after another, and each gets it as if it were new.
    pub async fn open(engine: Engine, width: u32) -> Self {
        let turn = turn().await;
        let session = shared::take(engine).await.expect("the browser starts");
        Self::with(session, BrowserOwner::All, turn, width).await
    }

    /// Opens a browser of its own: it is started now and ends when it is closed.
    pub async fn open_own(engine: Engine, width: u32) -> Self {
        Self::start(engine, width, BrowserNetwork::Loopback, turn().await).await
    }

    /// Opens a browser of its own that uses `proxy` for every host except loopback addresses and `localhost`,
    /// so that a server there is the site of any name.
    pub async fn open_through(engine: Engine, width: u32, proxy: SocketAddr) -> Self {
        Self::start(engine, width, BrowserNetwork::Proxy(proxy), turn().await).await
    }

    /// Does the same while no other browser is used, for events that have to happen at one instant.
    pub async fn open_alone_through(engine: Engine, width: u32, proxy: SocketAddr) -> Self {
        Self::start(engine, width, BrowserNetwork::Proxy(proxy), all_turns().await).await
    }

    async fn start(
        engine: Engine,
        width: u32,
        network: BrowserNetwork,
        turn: SemaphorePermit<'static>,
    ) -> Self {
        let session = WebDriverSession::start(engine, network).await.expect("the browser starts");
        Self::with(session, BrowserOwner::One, turn, width).await
    }

    async fn with(
        session: WebDriverSession,
        owner: BrowserOwner,
        turn: SemaphorePermit<'static>,
        width: u32,
    ) -> Self {
        let browser = Self { session, owner, signed_in: Mutex::default(), _turn: turn };
        browser.resize(width).await;
        browser
    }

    const fn web(&self) -> &WebDriver {
        &self.session.web
    }

    /// The engine of this browser.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.session.engine()
    }

    /// The version that the browser reports.
    #[must_use]
    pub fn version(&self) -> String {
        let version = self.web().capabilities().get("browserVersion").and_then(Value::as_str);
        version.expect("a browser says its version").to_owned()
    }

    /// Makes the pages of the current window `width` CSS pixels wide.
    pub async fn resize(&self, width: u32) {
        let resizing = tokio::time::timeout(SOON, async {
            let mut outer = width;
            while self.inner_width().await != width {
                self.web().set_window_rect(0, 0, outer, HEIGHT).await.expect("a window has a size");
                let reached = eventually("the page has its width", RESIZED, async || {
                    (self.inner_width().await == width).then_some(())
                });
                // The window's frame has a known width only after the first show.
                if reached.await.is_err() {
                    outer = (outer + width).saturating_sub(self.inner_width().await);
                }
            }
        });
        resizing.await.expect("the page comes to its width");
    }

    async fn inner_width(&self) -> u32 {
        let width = self.run("return innerWidth").await;
        width.as_u64().and_then(|width| width.try_into().ok()).expect("a page has a width")
    }

    /// Opens a page of a server as its operator. Signs in before the first one.
    pub async fn visit(&self, server: &HeadcountProcess, path: &str) {
        self.sign_in(server).await;
        self.goto(&server.url(path)).await;
    }

    /// Signs in to a server with [`http::ADMIN_TOKEN`], once. This may leave the current page.
    pub async fn sign_in(&self, server: &HeadcountProcess) {
        let is_new = self.signed_in.lock().expect("no holder panics").insert(server.url(""));
        if is_new {
            // This page has an icon of its own. For others the browser would request one, and be refused.
            self.goto(&server.url("sign-in")).await;
            let body = json!({ "token": http::ADMIN_TOKEN }).to_string();
            let ask = format!("fetch('api/session', {{ method: 'POST', body: {} }})", json!(body));
            assert_eq!(self.run(&format!("return {ask}.then(answer => answer.status)")).await, json!(204));
        }
    }

    /// Gives the browser a session cookie of `server` for the address `base`, such as that of a proxy. The
    /// browser sends only one request for that, for a public page.
    pub async fn hold_session(&self, server: &HeadcountProcess, base: &str) {
        let body = json!({ "token": http::ADMIN_TOKEN });
        let asked = http::client().expect("a client").post(server.url("api/session")).json(&body);
        let answer = asked.send().await.expect("the server answers");
        let cookie = answer.headers()["set-cookie"].to_str().expect("a cookie is text").to_owned();
        let (name, value) = cookie.split_once(';').and_then(|(it, _)| it.split_once('=')).expect("a cookie");
        self.goto(&format!("{base}sign-in")).await;
        let mut cookie = Cookie::new(name, value);
        cookie.set_path("/");
        self.web().add_cookie(cookie).await.expect("the browser takes a cookie");
    }

    /// Clicks the button that matches the selector.
    pub async fn press(&self, selector: &str) {
        self.run(&format!("document.querySelector({}).click()", json!(selector))).await;
    }

    /// Clicks with the mouse on the element that matches the selector, as a user does, once it is there: it is scrolled
    /// into view, and nothing may cover it. An element that a page replaces meanwhile is looked for again.
    pub async fn click(&self, selector: &str) {
        let clicked = eventually("an element can be clicked", SOON, async || {
            self.web().find(By::Css(selector)).await.ok()?.click().await.ok()
        });
        clicked.await.unwrap_or_else(|error| panic!("{selector}: {error:#}"));
    }

    /// Types into the field that matches the selector.
    pub async fn enter(&self, selector: &str, text: &str) {
        let field = self.web().find(By::Css(selector)).await.expect("the page has the field");
        field.send_keys(text).await.expect("the field takes text");
    }

    /// The session cookies of the current page, as the browser stores them.
    pub async fn session_cookies(&self) -> Vec<Cookie> {
        let all = self.web().get_all_cookies().await.expect("a browser tells its cookies");
        all.into_iter().filter(|cookie| cookie.name.starts_with("headcount-session-")).collect()
    }

    /// Drops the session cookies of the current page, as the browser does when they expire.
    pub async fn drop_session(&self) {
        for cookie in self.session_cookies().await {
            self.web().delete_cookie(&cookie.name).await.expect("the browser drops a cookie");
        }
    }

    /// Opens a page, and waits until it is loaded.
    pub async fn goto(&self, url: &str) {
        self.web().goto(url.to_owned()).await.expect("the page is opened");
    }

    /// Loads the page again, and waits until it is loaded.
    pub async fn reload(&self) {
        self.web().refresh().await.expect("the page is loaded again");
    }

    /// Goes back by one entry of the history. The page may be there a moment later.
    pub async fn back(&self) {
        // The back button of WebKit skips entries that a page made without a click of its user.
        match self.engine() {
            Engine::Chromium | Engine::Firefox => self.web().back().await.expect("there is a way back"),
            Engine::WebKit => self.walk("back").await,
        }
    }

    /// Goes forward by one entry of the history. The page may be there a moment later.
    pub async fn forward(&self) {
        match self.engine() {
            Engine::Chromium | Engine::Firefox => self.web().forward().await.expect("there is a way forward"),
            Engine::WebKit => self.walk("forward").await,
        }
    }

    /// Lets the page move in its history. A page that is still loading would ignore that, so it waits for the
    /// load.
    async fn walk(&self, way: &str) {
        self.wait_for("return document.readyState === 'complete'").await;
        self.run(&format!("setTimeout(() => history.{way}())")).await;
    }

    /// Runs a script in the page and returns its result; a promise is awaited.
    pub async fn run(&self, script: &str) -> Value {
        self.try_run(script).await.expect("the script runs")
    }

    async fn try_run(&self, script: &str) -> WebDriverResult<Value> {
        Ok(self.web().execute(script, vec![]).await?.json().clone())
    }

    /// Navigates within the page, as an application does.
    pub async fn push(&self, path: &str) {
        self.run(&format!("history.pushState({{}}, '', {})", json!(path))).await;
    }

    /// Waits until a script in the page returns true. A script that cannot run during a page change is tried
    /// again.
    pub async fn wait_for(&self, script: &str) {
        let last_answer = RefCell::new(None);
        let holds = async || {
            let answer = self.try_run(script).await;
            let holds = matches!(answer, Ok(Value::Bool(true)));
            last_answer.replace(Some(answer));
            holds.then_some(())
        };
        let came = eventually(script, SOON, holds).await;
        came.unwrap_or_else(|error| panic!("{error:#}; the last answer was {:?}", last_answer.take()));
    }

    /// The errors and warnings of pages, and of the browser about them, since the last call. Those of Firefox
    /// arrive with a short delay. Only for engines that [report](Engine::tells_errors) them.
    pub async fn errors(&self) -> Vec<String> {
        match self.engine() {
            Engine::Chromium => {
                chromium::errors(self.web().browser_log().await.expect("the driver keeps a log"))
            }
            Engine::Firefox => self.session.driver.new_lines(firefox::error),
            Engine::WebKit => panic!("WebKit does not tell errors"),
        }
    }

    /// The HTML of the page as it is now.
    pub async fn source(&self) -> String {
        self.web().source().await.expect("a page has a source")
    }

    /// The current tab.
    pub async fn tab(&self) -> BrowserTab {
        BrowserTab(self.web().window().await.expect("a tab is driven"))
    }

    /// All tabs and windows, in no order.
    pub async fn tabs(&self) -> Vec<BrowserTab> {
        self.web().windows().await.expect("a browser knows its tabs").into_iter().map(BrowserTab).collect()
    }

    /// Opens an empty tab. The current tab stays the current one.
    pub async fn new_tab(&self) -> BrowserTab {
        BrowserTab(self.web().new_tab().await.expect("a tab is opened"))
    }

    /// Opens an empty window, which hides no other. The current tab stays the current one.
    pub async fn new_window(&self) -> BrowserTab {
        BrowserTab(self.web().new_window().await.expect("a window is opened"))
    }

    /// Makes another tab the current one.
    pub async fn switch_to(&self, tab: &BrowserTab) {
        self.web().switch_to_window(tab.0.clone()).await.expect("the tab is there");
    }

    /// Closes the current tab. [`Browser::switch_to`] has to follow.
    pub async fn close_tab(&self) {
        self.web().close_window().await.expect("the tab closes");
    }

    /// Sends a command of the `DevTools` protocol to the current tab and returns its answer. Only for
    /// Chromium.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.web().cdp().send_raw(command, parameters).await.expect("the browser does what its tools ask")
    }

    /// Makes the network and the processor slower from now on. Only for Chromium.
    pub async fn slow_down(&self, device: SlowDevice) {
        let SlowDevice { round_trip_ms, bytes_per_second, processor } = device;
        self.devtools("Network.enable", json!({})).await;
        let network = json!({
            "offline": false,
            "latency": round_trip_ms,
            "downloadThroughput": bytes_per_second,
            "uploadThroughput": bytes_per_second,
        });
        self.devtools("Network.emulateNetworkConditions", network).await;
        self.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": processor })).await;
    }

    /// Forgets what is cached. Only for Chromium.
    pub async fn clear_cache(&self) {
        self.devtools("Network.clearBrowserCache", json!({})).await;
    }

    /// The time from the beginning of the navigation to the first text or graphic of the page, in milliseconds.
    pub async fn first_picture(&self) -> f64 {
        const FIRST: &str = "performance.getEntriesByName('first-contentful-paint')";
        self.wait_for(&format!("return {FIRST}.length > 0")).await;
        let time = self.run(&format!("return {FIRST}[0].startTime")).await;
        time.as_f64().expect("a picture has a time")
    }

    /// Ends the use of the browser.
    pub async fn close(self) {
        match self.owner {
            BrowserOwner::All => shared::give_back(self.session).await,
            BrowserOwner::One => self.session.end().await.expect("the browser ends"),
        }
    }
}
