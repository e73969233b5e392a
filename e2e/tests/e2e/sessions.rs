//! Tests what a page does whose session ends while it is open: it says so at its next request and hides what
//! it shows, and goes on as it was once another window of the browser is signed in again.

use headcount_harness::{
    browser::{Browser, BrowserTab, Engine},
    http::ADMIN_TOKEN,
    in_every_engine,
    processes::HeadcountProcess,
};
use serde_json::json;

use crate::{projects::observed, setup::TestSetup};

in_every_engine!(
    the_statistics_page_waits_for_a_session,
    a_project_page_waits_for_a_session,
    an_application_page_keeps_a_typed_threshold,
    settings_that_were_refused_are_loaded_when_there_is_a_session,
);

/// How a session ends.
#[derive(Debug, Clone, Copy)]
enum SessionEnd {
    /// Its operator signs out in another window.
    SignOut,
    /// The browser drops its cookie, which has expired.
    Expiry,
}

const ENDS: [SessionEnd; 2] = [SessionEnd::SignOut, SessionEnd::Expiry];

/// Two windows of a browser that is signed in. The page that is tested is in the first one.
struct TwoWindows {
    browser: Browser,
    first: BrowserTab,
    second: BrowserTab,
    /// A page that offers to sign out.
    signed_in: String,
}

impl TwoWindows {
    async fn open(engine: Engine, server: &HeadcountProcess, page: &str) -> Self {
        let browser = Browser::open_own(engine, 1400).await;
        browser.visit(server, page).await;
        let first = browser.tab().await;
        // A window hides no other, and a hidden page asks for nothing.
        let second = browser.new_window().await;
        Self { browser, first, second, signed_in: server.url("usage-statistics") }
    }

    /// Ends the session, and leaves the second window where one begins.
    async fn end_session(&self, end: SessionEnd) {
        if matches!(end, SessionEnd::Expiry) {
            self.browser.drop_session().await;
        }
        self.browser.switch_to(&self.second).await;
        self.browser.goto(&self.signed_in).await;
        if matches!(end, SessionEnd::SignOut) {
            self.wait_for_element("button.sign-out").await;
            self.browser.press("button.sign-out").await;
        }
        self.wait_for_element("#token").await;
        self.browser.switch_to(&self.first).await;
    }

    /// Waits until the first window says that the session is over, and nothing else: no element `hidden`, and
    /// not the text `name`.
    async fn wait_for_the_end(&self, end: SessionEnd, hidden: &str, name: &str, page: &str) {
        let browser = &self.browser;
        browser.wait_for("return document.querySelector('#session-over') !== null").await;
        let seen = "[...document.querySelectorAll('main h1')].filter(it => it.offsetParent !== null)";
        assert_eq!(browser.run(&format!("return {seen}.length")).await, json!(1), "one state, {end:?}");
        assert_eq!(browser.run(&format!("return {}", is_seen(hidden))).await, json!(false), "{end:?}");
        let text = browser.run("return document.querySelector('main').innerText").await;
        assert!(!text.as_str().unwrap().contains(name), "{name} is shown: {text}");
        let link =
            "return new URL(document.querySelector('main a[href*=\"sign-in\"]').href).searchParams.get('to')";
        assert_eq!(browser.run(link).await, json!(format!("/{page}")), "{end:?}");
    }

    /// Signs in again in the second window, and shows the first one.
    async fn sign_in_again(&self, shown: &str) {
        self.browser.switch_to(&self.second).await;
        self.browser.enter("#token", ADMIN_TOKEN).await;
        self.browser.press("form button[type=submit]").await;
        self.wait_for_element("button.sign-out").await;
        self.browser.switch_to(&self.first).await;
        // Drivers do not show the window that they drive.
        self.browser.run("window.dispatchEvent(new Event('focus'))").await;
        self.browser.wait_for(&format!("return {}", is_seen(shown))).await;
        self.browser.wait_for("return document.querySelector('#session-over') === null").await;
    }

    async fn wait_for_element(&self, selector: &str) {
        self.browser.wait_for(&format!("return document.querySelector({}) !== null", json!(selector))).await;
    }
}

/// Whether an element is there and not hidden.
fn is_seen(selector: &str) -> String {
    format!("((document.querySelector({})?.offsetParent ?? null) !== null)", json!(selector))
}

async fn the_statistics_page_waits_for_a_session(engine: Engine) {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let windows = TwoWindows::open(engine, &server, "usage-statistics").await;
    let browser = &windows.browser;
    browser.wait_for("return document.querySelectorAll('details.section').length === 7").await;
    browser
        .run("window.sections = [...document.querySelectorAll('details.section')]; sections[4].open = true")
        .await;
    let refresh = "[...document.querySelectorAll('button')].find(it => it.textContent === 'Refresh the preview').click()";
    let collector = "http://127.0.0.1:9/";
    let refused = "document.querySelector('[aria-labelledby=preview-title] [role=alert]')";
    for end in ENDS {
        let shown = format!("return document.querySelector('main').innerText.includes('{collector}')");
        assert_eq!(browser.run(&shown).await, json!(true), "it is shown while there is a session, {end:?}");
        windows.end_session(end).await;
        browser.run(refresh).await;
        windows.wait_for_the_end(end, "details.section", collector, "usage-statistics").await;
        // What is refused now is fetched once there is a session again, without another press.
        browser.wait_for(&format!("return {refused} !== null")).await;
        windows.sign_in_again("details.section").await;
        browser.wait_for(&format!("return {refused} === null")).await;
        let same = "const now = [...document.querySelectorAll('details.section')]
            return sections.every((section, place) => section === now[place]) && now[4].open";
        assert_eq!(browser.run(same).await, json!(true), "what was open is open, {end:?}");
        browser.run(&format!("performance.clearResourceTimings(); {refresh}")).await;
        let asked = "performance.getEntriesByType('resource').some(it => it.name.includes('/preview'))";
        browser.wait_for(&format!("return {asked}")).await;
        assert_eq!(browser.run(&format!("return {}", is_seen("#session-over"))).await, json!(false));
    }
    windows.browser.close().await;
}

async fn a_project_page_waits_for_a_session(engine: Engine) {
    let setup = TestSetup::new();
    let (server, id) = observed(&setup).await;
    let page = format!("p/{id}");
    let windows = TwoWindows::open(engine, &server, &page).await;
    windows.browser.switch_to(&windows.first).await;
    let browser = &windows.browser;
    let rows = "document.querySelectorAll('#applications-title ~ * tbody tr').length";
    browser.wait_for(&format!("return {rows} === 50")).await;
    browser
        .run(
            "const field = document.querySelector('main input[type=search]');
            field.value = 'APP-01'; field.dispatchEvent(new Event('input', { bubbles: true }))",
        )
        .await;
    browser.wait_for(&format!("return {rows} === 10")).await;
    for end in ENDS {
        windows.end_session(end).await;
        // What a browser tells a page that is shown again.
        browser.run("document.dispatchEvent(new Event('visibilitychange'))").await;
        windows.wait_for_the_end(end, "#applications-title", "shop", &page).await;
        windows.sign_in_again("#applications-title").await;
        let typed = browser.run("return document.querySelector('main input[type=search]').value").await;
        assert_eq!(typed, json!("APP-01"), "{end:?}");
        assert_eq!(browser.run(&format!("return {rows}")).await, json!(10), "{end:?}");
    }
    windows.browser.close().await;
}

async fn an_application_page_keeps_a_typed_threshold(engine: Engine) {
    let setup = TestSetup::new();
    let (server, id) = observed(&setup).await;
    let page = format!("p/{id}/app/_:Unknown:app-000/CPU");
    let windows = TwoWindows::open(engine, &server, &format!("p/{id}")).await;
    windows.browser.switch_to(&windows.first).await;
    let browser = &windows.browser;
    browser.wait_for("return document.querySelectorAll('main tbody tr').length >= 50").await;
    browser.goto(&server.url(&page)).await;
    windows.wait_for_element("#check-CPUNode summary").await;
    browser.run("document.querySelector('#check-CPUNode summary').click()").await;
    let form = "#check-CPUNode form";
    for (end, threshold) in ENDS.into_iter().zip(["90", "91"]) {
        let field = "document.querySelector('#check-CPUNode input')";
        let fill = format!(
            "{field}.value = '{threshold}'; {field}.dispatchEvent(new Event('input', {{ bubbles: true }}))"
        );
        browser.run(&fill).await;
        windows.end_session(end).await;
        let submit = format!("document.querySelector('{form}').requestSubmit()");
        browser.run(&submit).await;
        windows.wait_for_the_end(end, form, "shop", &page).await;
        windows.sign_in_again(form).await;
        assert_eq!(browser.run(&format!("return {field}.value")).await, json!(threshold), "{end:?}");
        browser.run(&submit).await;
        let set = format!(
            "return document.querySelector('#check-CPUNode').innerText.includes('{threshold} %, set for')"
        );
        browser.wait_for(&set).await;
    }
    windows.browser.close().await;
}

async fn settings_that_were_refused_are_loaded_when_there_is_a_session(engine: Engine) {
    let setup = TestSetup::new();
    let (server, id) = observed(&setup).await;
    let page = format!("p/{id}/settings");
    let windows = TwoWindows::open(engine, &server, &page).await;
    windows.browser.switch_to(&windows.first).await;
    windows.wait_for_element("#project-name").await;
    for (end, tab, field) in [
        (SessionEnd::SignOut, "prometheus", "#prometheus-url"),
        (SessionEnd::Expiry, "inspections", "#row-CPUNode"),
    ] {
        windows.end_session(end).await;
        let open = format!("document.querySelector('nav.tabs a[href$=\"/{tab}\"]').click()");
        windows.browser.run(&open).await;
        windows.wait_for_the_end(end, "nav.tabs", "shop", &format!("{page}/{tab}")).await;
        windows.sign_in_again(field).await;
    }
    windows.browser.close().await;
}
