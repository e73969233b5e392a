//! Observes a page of the site from both ends: what its browser shows, and what the site receives.

use std::collections::BTreeSet;

use headcount_harness::{
    browser::{Browser, Engine},
    test_site::{TestSite, TestSiteBuilder},
    wait::{SOON, eventually},
};
use serde_json::{Value, json};

/// A browser at a site.
pub(super) struct WatchedBrowser {
    pub(super) browser: Browser,
    pub(super) host: TestSite,
}

impl WatchedBrowser {
    /// A browser, not yet at any page.
    pub(super) async fn new(engine: Engine, setting: TestSiteBuilder) -> Self {
        let host = setting.start().await;
        Self { browser: Browser::open(engine, 1400).await, host }
    }

    /// A browser at a page.
    pub(super) async fn at(engine: Engine, path: &str, setting: TestSiteBuilder) -> Self {
        let watched = Self::new(engine, setting).await;
        watched.goto(path).await;
        watched
    }

    /// A browser at a page whose view has arrived.
    pub(super) async fn counted_at(engine: Engine, path: &str, setting: TestSiteBuilder) -> Self {
        let watched = Self::at(engine, path, setting).await;
        watched.host.heard(1).await;
        watched
    }

    pub(super) async fn goto(&self, path: &str) {
        self.browser.goto(&self.host.url(path)).await;
    }

    /// Runs a script in the page.
    pub(super) async fn run(&self, script: &str) -> Value {
        self.browser.run(script).await
    }

    /// The status of the tracker.
    pub(super) async fn status(&self) -> Value {
        self.run("return tracker().then(({ status }) => status())").await
    }

    /// Waits until the tracker is in a state.
    pub(super) async fn is(&self, state: &str) {
        let is = async || (self.status().await["state"] == state).then_some(());
        let is = eventually(&format!("the tracker is {state}"), SOON, is).await;
        assert!(is.is_ok(), "{:?}", self.status().await);
    }

    /// Goes to `/end`, waits for that view, and checks that exactly these views and nothing else were sent.
    pub(super) async fn ends_with(&self, keys: &[&str]) {
        self.browser.push("/end").await;
        self.arrived(&[keys, &["/end"]].concat()).await;
    }

    /// Waits for these views and for everything that was sent before a later request, and checks that there
    /// are no others.
    pub(super) async fn arrived(&self, keys: &[&str]) {
        self.host.heard(keys.len()).await;
        self.run("return fetch('/ping').then(() => true, () => false)").await;
        let mut keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
        keys.sort();
        assert_eq!(self.host.keys(), keys);
    }

    /// The UUIDs of all views.
    pub(super) fn devices(&self) -> BTreeSet<String> {
        self.host.beacons().iter().map(|beacon| beacon.event.device_id.to_string()).collect()
    }

    /// Fails unless the page navigates and loads as without a tracker, nothing was thrown or rejected in it,
    /// and its console has at most one line of the tracker.
    pub(super) async fn is_unharmed(&self) {
        let moved = "history.pushState({}, '', '/p/works'); history.replaceState({}, '', '/end');
            return [location.pathname, document.querySelector('h1').textContent]";
        assert_eq!(self.run(moved).await, json!(["/end", "A page"]));
        assert_eq!(self.run("return fetch('/ping').then(({ status }) => status, String)").await, json!(204));
        self.is_quiet(1).await;
    }

    /// Fails if anything was thrown or rejected in the page, or its console has more than `lines` lines.
    pub(super) async fn is_quiet(&self, lines: usize) {
        // A rejection is reported after its task.
        self.run("return new Promise(resolve => setTimeout(resolve))").await;
        let seen = self.run("return seen").await;
        assert_eq!(seen["errors"], json!([]), "{seen}");
        assert!(seen["lines"].as_array().unwrap().len() <= lines, "{seen}");
        if self.browser.engine().tells_errors() {
            let told = self.browser.errors().await;
            assert!(told.len() <= lines, "{told:?}");
        }
    }
}
