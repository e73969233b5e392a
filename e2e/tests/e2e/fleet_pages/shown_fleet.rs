//! Starts the collectors whose pages are shown: one for all tests with a large simulated fleet, and small
//! ones. Their clocks say the same in every run.

use std::{process::Command, time::Duration};

use headcount_harness::{
    browser::Browser,
    command_output::output_within,
    http,
    processes::HeadcountProcess,
    program::{HeadcountProgram, binary},
    wait::eventually,
};
use headcount_simulated_fleet::fleet_truth::{DayTruth, FleetTruth};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{process_clock::shifted_to, setup::TestSetup};

/// The token of those who see what is published.
const VIEWER_TOKEN: &str = "a-token-of-a-viewer";

/// The last day of every fleet, a Sunday.
const LAST_DAY: &str = "2026-06-28";

/// What the clocks of collectors say when they start, in Unix seconds: noon two days later.
const NOW: u64 = 1_782_820_800;

/// The days of the large fleet. One release is in them, and the numbers of single installations are stored
/// for its two weeks: what it changed is found by them.
const DAYS: u32 = 36;

/// Long enough to make a fleet on a busy machine.
const MADE: Duration = Duration::from_secs(600);

/// The title of every page of the navigation, with its address.
pub(super) const PAGES: [(&str, &str); 11] = [
    ("Overview", "overview"),
    ("Changes", "changes"),
    ("Versions", "versions"),
    ("Features", "features"),
    ("Environment", "environment"),
    ("Page views", "usage"),
    ("Performance", "performance"),
    ("Profiles", "profiles"),
    ("Trust", "trust"),
    ("Published", "published"),
    ("Installations", "installations"),
];

/// The text of the content of a page, with one space between words.
const CONTENT: &str = "return document.querySelector('main').textContent.replace(/\\s+/g, ' ')";

/// A collector with a simulated fleet, and what is true about it.
pub(super) struct ShownFleet {
    pub(super) collector: HeadcountProcess,
    pub(super) truth: FleetTruth,
    _setup: TestSetup,
}

impl ShownFleet {
    /// The fleet of all tests that only look at it. It is made by the first of them.
    pub(super) async fn shared() -> &'static Self {
        static SHARED: OnceCell<ShownFleet> = OnceCell::const_new();
        SHARED.get_or_init(async || Self::of(300, DAYS).await).await
    }

    /// A fleet of so many installations and days, with one report a day.
    pub(super) async fn of(installations: u32, days: u32) -> Self {
        let setup = TestSetup::new();
        let mut demo = Command::new(binary().unwrap());
        demo.args(["collect", "demo", "--reports-per-day", "1", "--seed", "4", "--until", LAST_DAY]);
        demo.args(["--installations", &installations.to_string(), "--days", &days.to_string()]);
        demo.arg("--data-dir").arg(setup.path("collector")).envs(shifted_to(NOW).await);
        let made = output_within(MADE, demo).await.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let truth = serde_json::from_slice(&made.stdout).unwrap();
        let collector = collector(&setup).await.start().await.unwrap();
        Self { collector, truth, _setup: setup }
    }

    /// The address of a page about all days of the fleet.
    pub(super) fn address(&self, page: &str) -> String {
        let and = if page.contains('?') { '&' } else { '?' };
        let (first, last) = (&self.truth.days[0].day, &self.last_day().day);
        match page {
            "installations" => page.to_owned(),
            _ => format!("{page}{and}from={first}&to={last}"),
        }
    }

    pub(super) fn last_day(&self) -> &DayTruth {
        self.truth.days.last().unwrap()
    }

    /// The sum of a number over all days.
    pub(super) fn sum(&self, number: impl Fn(&DayTruth) -> u64) -> u64 {
        self.truth.days.iter().map(number).sum()
    }

    /// Opens a page about all days as the administrator, and waits until it has its title.
    pub(super) async fn show(&self, browser: &Browser, page: &str) {
        browser.visit(&self.collector, &self.address(page)).await;
        browser.wait_for("return document.querySelector('main h1') !== null").await;
    }

    /// Ends the collector of a fleet that is not shared.
    pub(super) async fn end(self) {
        self.collector.stop().await.unwrap();
    }

    /// Waits until what releases changed was looked for on every day.
    pub(super) async fn looked_at(&self) {
        let url = self.collector.url(&format!("api/fleet/{}", self.address("changes")));
        let last = json!(self.last_day().day);
        let looked = eventually("every day is looked at", MADE, async || {
            let answer = http::operator().unwrap().get(&url).send().await.ok()?;
            let answer: Value = answer.json().await.ok()?;
            (answer["looked_at"] == last).then_some(())
        });
        looked.await.unwrap();
    }
}

/// A collector with a token for viewers.
pub(super) async fn collector(setup: &TestSetup) -> HeadcountProgram {
    let program = setup.collector().flag("--viewer-token", VIEWER_TOKEN);
    let shift = shifted_to(NOW).await;
    shift.iter().fold(program, |program, (name, value)| program.environment(name, value))
}

/// Signs in as a viewer.
pub(super) async fn sign_in_as_viewer(browser: &Browser, collector: &HeadcountProcess) {
    browser.goto(&collector.url("sign-in")).await;
    let body = json!({ "token": VIEWER_TOKEN }).to_string();
    let script = format!(
        "return fetch('api/session', {{ method: 'POST', body: {} }}).then(answer => answer.status)",
        json!(body)
    );
    assert_eq!(browser.run(&script).await, json!(StatusCode::NO_CONTENT.as_u16()));
}

/// The text of the content of the page.
pub(super) async fn content(browser: &Browser) -> String {
    plain(browser.run(CONTENT).await.as_str().unwrap())
}

/// The cells of rows that a selector finds, as texts.
pub(super) async fn rows(browser: &Browser, selector: &str, cells: &str) -> Vec<Vec<String>> {
    let script = format!(
        "return [...document.querySelectorAll({})].map(row =>
            [...row.querySelectorAll({})].map(cell => cell.textContent))",
        json!(selector),
        json!(cells)
    );
    let rows: Vec<Vec<String>> = serde_json::from_value(browser.run(&script).await).unwrap();
    rows.into_iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect()
}

/// A text with plain spaces in place of those that do not break.
pub(super) fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

/// Whether the program has shown all of the page that it fetched last, as a part of a script.
pub(super) const IS_SHOWN: &str = "!document.querySelector('main').hasAttribute('aria-busy')";

/// Checks that the browser has nothing to say about the pages since the last call.
pub(super) async fn assert_no_errors(browser: &Browser, page: &str) {
    if browser.engine().tells_errors() {
        assert_eq!(browser.errors().await, [""; 0], "{page}");
    }
}
