//! Tests that the page about usage statistics lets its reader read reports, compare them, draw their profiles
//! and see where the installation stands, that it follows what happens meanwhile, and that it takes nothing away
//! from under the cursor or the focus.

use std::fs;

use headcount_harness::{
    browser::{Browser, Engine},
    processes::HeadcountProcess,
};
use serde_json::json;

use crate::setup::{TestSetup, event};

/// The button that refreshes the preview.
const REFRESH_PREVIEW: &str = "[aria-labelledby=preview-title] .buttons button";

/// The button that refreshes the page.
const REFRESH: &str = "[aria-labelledby=delivery-title] .card-head button";

/// The list of reports to compare others with.
const FROM: &str = "document.querySelector('[aria-labelledby=changes-title] select')";

/// The newest report in the list.
const NEWEST: &str = "document.querySelector('button[aria-label^=\"Read report\"]')";

/// Refuses what the page asks for, as a proxy does whose server is away.
const REFUSE: &str = "window.realFetch = fetch
    window.fetch = (address, options) => String(address).includes('api/usage-statistics')
        ? Promise.resolve(new Response('<html>', { status: 502 }))
        : realFetch(address, options)";

/// Lets it be answered again.
const ANSWER: &str = "window.fetch = realFetch";

/// The text of the section whose heading has this id.
fn text_of(title: &str) -> String {
    format!("document.querySelector('[aria-labelledby={title}]').textContent")
}

/// Waits until a section has a text.
async fn wait_for_text(browser: &Browser, title: &str, text: &str) {
    browser.wait_for(&format!("return {}.includes({})", text_of(title), json!(text))).await;
}

/// A server whose collector does not answer, and its page with the next report.
async fn open_page(setup: &TestSetup) -> (HeadcountProcess, Browser) {
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    browser.wait_for("return document.querySelectorAll('details.section').length === 7").await;
    (server, browser)
}

/// Whether an element has the focus.
async fn has_focus(browser: &Browser, selector: &str) -> bool {
    let script = format!("return document.activeElement === document.querySelector({})", json!(selector));
    browser.run(&script).await == json!(true)
}

#[tokio::test]
async fn a_sent_report_is_read_compared_and_drawn_in_the_page() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let (server, id, bytes) = setup.report_now(server, &collector).await;
    let report = setup.get(&server.url(&format!("api/usage-statistics/reports/{id}"))).await;
    let sha256 = report.headers()["x-content-sha256"].to_str().unwrap().to_owned();
    assert_eq!(report.bytes().await.unwrap(), bytes);

    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    let read = format!("button[aria-label=\"Read report {id}\"]");
    browser.wait_for(&format!("return document.querySelector('{read}') !== null")).await;
    browser.press(&read).await;
    let shown = "return document.querySelector('.opened code.address')?.textContent ?? null";
    browser.wait_for("return document.querySelector('.opened .section') !== null").await;
    assert_eq!(browser.run(shown).await, json!(sha256));
    // It gets the focus when the page is drawn.
    browser.wait_for("return document.activeElement.id === 'opened-title'").await;

    // The time of the profile is another one in each report.
    let changed = "return [...document.querySelectorAll('[aria-label^=\"Values that differ\"] th code')]
        .some(path => path.textContent === 'profile.to')";
    browser.wait_for(changed).await;

    let draw = ".opened .report-head .buttons button:last-child";
    browser.click(draw).await;
    browser.wait_for("return document.querySelector('.opened .chart-plot a.frame') !== null").await;
    assert!(has_focus(&browser, draw).await, "the button keeps the focus");
    let basis = browser.run("return document.querySelector('.opened .basis').textContent").await;
    assert!(basis.as_str().unwrap().contains(sha256.get(..12).unwrap()), "{basis}");
    let all = browser.run("return document.querySelectorAll('.opened a.frame').length").await;
    browser.run("document.querySelectorAll('.opened a.frame')[1].dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))").await;
    browser
        .wait_for(
            "return document.activeElement.closest('a')?.getAttribute('href').startsWith('#call-') ?? false",
        )
        .await;
    assert!(all.as_u64().unwrap() > 1, "{all}");
    assert_eq!(browser.errors().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn a_refresh_of_the_preview_closes_no_section_and_builds_nothing_anew() {
    let setup = TestSetup::new();
    let (_server, browser) = open_page(&setup).await;
    browser
        .run("window.sections = [...document.querySelectorAll('details.section')]; sections[4].open = true")
        .await;
    let hash = "return document.querySelector('code.address.hash')?.textContent";
    let before = browser.run(hash).await;
    let view = "{ type: 'route-open', device_size: 'lg', path: '/welcome',
        device_id: '20174a56-4a1e-41ca-a90d-b657d1fa873e' }";
    let send = format!(
        "return fetch('stats', {{ method: 'POST', body: JSON.stringify({view}) }}).then(answer => answer.status)"
    );
    assert_eq!(browser.run(&send).await, json!(204));
    browser.click(REFRESH_PREVIEW).await;
    browser
        .wait_for(&format!("return document.querySelector('code.address.hash')?.textContent !== {before}"))
        .await;
    let same = "const now = [...document.querySelectorAll('details.section')]
        return sections.every((section, place) => section === now[place]) && now[4].open";
    assert_eq!(browser.run(same).await, json!(true));
    assert!(has_focus(&browser, REFRESH_PREVIEW).await, "the button keeps the focus");
    wait_for_text(&browser, "preview-title", "Put together").await;
    assert_eq!(browser.errors().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn a_report_that_waits_is_followed_until_it_is_delivered() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let url = collector.url("ce/usage-statistics");
    let down = collector.kill().unwrap();
    // It may have to wait for its turn, and the report would be given up meanwhile.
    let browser = Browser::open(Engine::Chromium, 1400).await;
    let server = setup.server_reporting(&url, "1h").start().await.unwrap();
    browser.visit(&server, "usage-statistics").await;
    wait_for_text(&browser, "delivery-title", "1 report waits").await;
    wait_for_text(&browser, "reports-title", "queued").await;
    let _collector = down.start().await.unwrap();
    wait_for_text(&browser, "delivery-title", "Everything was delivered").await;
    browser.wait_for("return document.querySelector('.reports .badge').textContent === 'sent'").await;
    browser.close().await;
}

#[tokio::test]
async fn what_cannot_be_refreshed_stays_and_is_asked_for_again() {
    let setup = TestSetup::new();
    let (_server, browser) = open_page(&setup).await;
    browser.run(REFUSE).await;
    browser.click(REFRESH).await;
    wait_for_text(&browser, "delivery-title", "could not be refreshed").await;
    wait_for_text(&browser, "delivery-title", "http://127.0.0.1:9/").await;
    let fleet = browser.run(&format!("return {}", text_of("fleet-title"))).await;
    assert!(!fleet.as_str().unwrap().contains("While usage statistics are off"), "{fleet}");
    assert_eq!(browser.run("return document.querySelectorAll('details.section').length").await, json!(7));
    browser.run(ANSWER).await;
    let is_fresh = format!("return !{}.includes('could not be refreshed')", text_of("delivery-title"));
    browser.wait_for(&is_fresh).await;
    browser.close().await;
}

#[tokio::test]
async fn a_page_without_its_first_answer_says_so_and_goes_on_by_itself() {
    let setup = TestSetup::new();
    let server = setup.server_to("http://127.0.0.1:9/").start().await.unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "").await;
    browser.wait_for("return document.querySelector('.nav a') !== null").await;
    browser.run(REFUSE).await;
    browser.click(".nav a[href$='/usage-statistics']").await;
    for title in ["collection-title", "delivery-title", "preview-title", "fleet-title", "recipient-title"] {
        let said = format!("document.querySelector('[aria-labelledby={title}]')?.textContent");
        browser.wait_for(&format!("return {said}?.includes('refused with status 502') ?? false")).await;
    }
    browser.run(ANSWER).await;
    browser.wait_for("return document.querySelectorAll('details.section').length === 7").await;
    wait_for_text(&browser, "fleet-title", "Download what is published").await;
    browser.close().await;
}

#[tokio::test]
async fn another_choice_is_compared_at_once_also_under_the_cursor() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let (server, _, _) = setup.report_now(server, &collector).await;
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    let said = "[aria-labelledby=changes-title] .fields > p:not(.waiting)";
    browser
        .wait_for(&format!("return document.querySelector('{said}')?.textContent.includes('differ')"))
        .await;
    browser.click(said).await;
    let under_cursor = format!("return document.querySelector('{said}').matches(':hover')");
    assert_eq!(browser.run(&under_cursor).await, json!(true));
    let choose = "from.value = 'preview'; from.dispatchEvent(new Event('change', { bubbles: true }))";
    browser.run(&format!("const from = {FROM}; {choose}")).await;
    let same = "textContent === 'The two reports say the same.'";
    browser.wait_for(&format!("return document.querySelector('{said}')?.{same} ?? false")).await;
    browser.close().await;
}

#[tokio::test]
async fn new_reports_take_no_focus_away_and_are_compared_until_the_reader_chooses() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    // It may have to wait for its turn, and the list would be full of reports meanwhile.
    let browser = Browser::open(Engine::Chromium, 1400).await;
    let server = setup.busy_server(&collector).start().await.unwrap();
    browser.visit(&server, "usage-statistics").await;
    browser.wait_for(&format!("return {NEWEST} !== null && ({FROM}?.value ?? '') !== ''")).await;
    let focus =
        format!("{NEWEST}.focus(); window.first = {FROM}.value; return document.activeElement.ariaLabel");
    let label = browser.run(&focus).await;
    assert!(label.as_str().is_some_and(|label| label.starts_with("Read report")), "{label}");
    browser.wait_for(&format!("return {FROM}.value !== first")).await;
    assert_eq!(browser.run("return document.activeElement.ariaLabel").await, label);
    browser.run("document.activeElement.blur()").await;
    browser.wait_for(&format!("return {NEWEST}.ariaLabel !== {label}")).await;

    let choose = format!(
        "const from = {FROM}; window.chosen = from.options[2].value; from.value = chosen
        from.dispatchEvent(new Event('change', {{ bubbles: true }})); window.newest = {NEWEST}.ariaLabel"
    );
    browser.run(&choose).await;
    browser.wait_for(&format!("return {NEWEST}.ariaLabel !== newest && {FROM}.value === chosen")).await;
    browser.close().await;
}

#[tokio::test]
async fn a_report_that_has_the_focus_stays_where_it_is_when_the_list_is_full() {
    let setup = TestSetup::new();
    let (_server, browser) = open_page(&setup).await;
    // As many reports are kept before and after.
    let answer = "window.realFetch = fetch
        window.fetch = (address, options) => String(address).endsWith('usage-statistics/reports')
            ? Promise.resolve(new Response(JSON.stringify({
                reports: kept.map((id, age) => ({ id, state: 'sent', created_at: 1700000000 - age, bytes: 2048 })),
            })))
            : realFetch(address, options)";
    browser.run(answer).await;
    // Without the mouse, and so without taking the focus. While a request is under way there is no other one.
    let refresh = format!("document.querySelector('{REFRESH}').click()");
    let newest_is = |id: &str| format!("return {NEWEST}?.ariaLabel === 'Read report {id}'");
    browser.run("window.kept = ['b', 'a']").await;
    browser.wait_for(&format!("{refresh}; {}", newest_is("b"))).await;
    let choose = "row.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, key: 'Shift' }))";
    browser.run(&format!("window.row = {NEWEST}; row.focus(); {choose}")).await;

    browser.run("window.kept = ['c', 'b']").await;
    // The same answer is in the lists to compare.
    let is_here = format!("return [...{FROM}.options].some(option => option.value === 'reports/c')");
    browser.wait_for(&format!("{refresh}; {is_here}")).await;
    let same = format!("return row.ariaLabel === 'Read report b' && {NEWEST} === row");
    assert_eq!(browser.run(&same).await, json!(true), "what is about to be pressed is the same report");
    // A browser sends no `focusout` in a window that is not active.
    browser.run("row.blur(); row.dispatchEvent(new FocusEvent('focusout', { bubbles: true }))").await;
    browser.wait_for(&newest_is("c")).await;
    browser.close().await;
}

#[tokio::test]
async fn what_switching_off_deletes_is_of_now() {
    let setup = TestSetup::new();
    let (server, browser) = open_page(&setup).await;
    let said = "document.querySelector('#switch-meaning').textContent";
    for _ in 0..2 {
        let before = browser.run(&format!("return {said}")).await;
        setup.view(&server, &event("/")).await;
        browser.wait_for(&format!("return {said} !== {before}")).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn the_preview_is_another_one_after_another_window_switched_off_and_on() {
    let setup = TestSetup::new();
    let (server, browser) = open_page(&setup).await;
    let asked =
        "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/preview')).length";
    let before = browser.run(&format!("return {asked}")).await;
    assert_ne!(before, json!(0), "the preview is asked for by its address");
    for is_on in [false, true] {
        assert!(setup.switch(&server, is_on).await.status().is_success());
        browser.click(REFRESH).await;
        let state = format!("document.querySelector('[role=switch]').ariaChecked === '{is_on}'");
        browser.wait_for(&format!("return {state}")).await;
    }
    browser.wait_for("return document.querySelectorAll('details.section').length === 7").await;
    browser.wait_for(&format!("return {asked} > {before}")).await;
    browser.close().await;
}

#[tokio::test]
async fn what_was_reported_is_drawn_and_a_collector_that_publishes_nothing_is_said_to() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let (server, _, _) = setup.report_now(server, &collector).await;
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    browser.wait_for("return document.querySelectorAll('.charts figure').length === 6").await;
    // Newer charts change those that are there.
    let mark = "window.figure = document.querySelector('.charts figure'); window.realFetch = fetch
        window.fetch = async (address, options) => {
            const answer = await realFetch(address, options)
            if (!String(address).endsWith('usage-statistics/history')) { return answer }
            const text = (await answer.text()).replaceAll('<figure', '<figure data-newer')
            return new Response(text, { headers: answer.headers })
        }";
    browser.run(mark).await;
    browser.click(REFRESH).await;
    browser.wait_for("return document.querySelector('.charts figure').hasAttribute('data-newer')").await;
    assert_eq!(browser.run("return document.querySelector('.charts figure') === figure").await, json!(true));
    let download = "[aria-labelledby=fleet-title] button";
    browser.click(download).await;
    wait_for_text(&browser, "fleet-title", "publishes nothing").await;
    assert!(has_focus(&browser, download).await, "the button keeps the focus");
    browser.close().await;
}

#[tokio::test]
async fn the_page_has_the_collector_delete_what_was_sent_and_shows_the_receipt() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let server = setup.server(&collector).start().await.unwrap();
    let (server, _, _) = setup.report_now(server, &collector).await;
    let old = fs::read_to_string(setup.path("server/instance.uuid")).unwrap();
    let browser = Browser::open(Engine::Chromium, 1400).await;
    browser.visit(&server, "usage-statistics").await;
    // The browser is here for the first time: its pseudonym comes when the tracker has stored an id.
    let pseudonym = "document.querySelector('#this-browser code')?.textContent";
    browser.wait_for(&format!("return {pseudonym} !== undefined")).await;
    let before = browser.run(&format!("return {pseudonym}")).await;
    for act in ["confirm", "delete"] {
        browser.click(&format!("button[data-act={act}]")).await;
        assert!(has_focus(&browser, "#deletion").await, "what changes has the focus: {act}");
    }
    let receipt = "return document.querySelector('pre[aria-label=Receipt]')?.textContent.includes('\"reports\": 1') ?? false";
    browser.wait_for(receipt).await;
    browser
        .wait_for("return document.querySelector('button[aria-label^=\"Save the receipt of\"]') !== null")
        .await;
    assert!(has_focus(&browser, "#deletion").await, "the answer takes no focus away");
    // The new installation has another pseudonym for this browser.
    browser.wait_for(&format!("return ({pseudonym} ?? {before}) !== {before}")).await;
    // The new installation may have reported by now.
    assert!(setup.stored(&collector).await.iter().all(|report| report.instance != old));
    browser.close().await;
}
