//! Tests pages in use: links are clicked with the mouse, values change under the cursor, answers overtake each
//! other, and something is typed while it is saved.

use headcount_harness::{
    browser::{Browser, Engine},
    in_every_engine,
    processes::HeadcountProcess,
    wait::eventually,
};
use serde_json::{Value, json};

use crate::{
    projects::observed,
    setup::{SOON, TestSetup},
};

in_every_engine!(
    pages_that_are_left_with_the_mouse_have_no_error,
    what_has_the_focus_and_the_cursor_is_refreshed_in_place,
    a_short_table_takes_in_what_is_new,
    the_count_of_a_table_changes_where_it_is,
    an_older_answer_does_not_replace_a_newer_one,
    what_is_typed_during_a_save_stays,
    a_change_of_older_settings_is_refused,
    a_removal_of_older_settings_is_refused,
    what_could_not_be_loaded_is_loaded_at_a_press,
    who_leaves_what_was_typed_is_asked,
    who_goes_back_from_what_was_typed_is_asked,
    a_threshold_that_was_typed_is_not_left_without_a_question,
);

/// Lets a test answer requests itself: `answers(request, next)` has the address and the method of a request and
/// returns a promise of its answer; `next()` is that of the server.
const ANSWERS: &str = "
    const real = window.fetch.bind(window);
    window.answers = (request, next) => next();
    window.fetch = (input, init) => {
        const request = (init?.method ?? 'GET') + ' ' + new URL(input?.url ?? input, document.baseURI).pathname;
        return window.answers(request, () => real(input, init));
    }";

/// Lets half a minute pass in the page, after which it fetches again.
const LATER: &str = "const clock = Date.now.bind(Date); Date.now = () => clock() + 31000";

/// Waits until an expression is true in the page.
async fn wait_until(browser: &Browser, expression: &str) {
    browser.wait_for(&format!("return ({expression}) ?? false")).await;
}

/// Whether an expression is true in the page now.
async fn is_true(browser: &Browser, expression: &str) -> bool {
    browser.run(&format!("return ({expression}) ?? false")).await == json!(true)
}

/// Types something else into a field.
async fn retype(browser: &Browser, field: &str, text: &str) {
    browser.run(&format!("document.querySelector('{field}').value = ''")).await;
    browser.enter(field, text).await;
}

/// Opens a page, where `ID` stands for the observed project, once its application and its node are known.
async fn open_observed(browser: &Browser, setup: &TestSetup, page: &str) -> (HeadcountProcess, String) {
    let (server, id) = observed(setup).await;
    let nodes = server.url(&format!("api/projects/{id}/nodes"));
    let known = eventually("the node is known", SOON, async || {
        let answer = setup.http.get(&nodes).send().await.ok()?.json::<Value>().await.ok()?;
        answer["nodes"].as_array().filter(|nodes| !nodes.is_empty()).map(drop)
    });
    known.await.unwrap();
    browser.visit(&server, &page.replace("ID", &id)).await;
    (server, id)
}

/// Opens a tab of the settings of the observed project once it has a field.
async fn open_settings(
    browser: &Browser,
    setup: &TestSetup,
    tab: &str,
    field: &str,
) -> (HeadcountProcess, String) {
    let (server, id) = observed(setup).await;
    browser.visit(&server, &format!("p/{id}/settings{tab}")).await;
    wait_until(browser, &format!("document.querySelector('{field}') !== null")).await;
    (server, id)
}

async fn pages_that_are_left_with_the_mouse_have_no_error(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let _observed = open_observed(&browser, &setup, "").await;
    browser.click("main .card h2 a").await;
    browser.click("#applications-rows tbody a").await;
    browser.click("main nav.tabs li:nth-child(2) a").await;
    browser.click("header a[href$='usage-statistics']").await;
    wait_until(&browser, "document.querySelectorAll('details.section').length === 7").await;
    browser.click("header a").await;
    wait_until(&browser, "document.querySelector('main .card h2 a') !== null").await;
    if engine.tells_errors() {
        let errors = browser.errors().await;
        assert!(errors.is_empty(), "{errors:?}");
    }
    browser.close().await;
}

async fn what_has_the_focus_and_the_cursor_is_refreshed_in_place(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let _observed = open_observed(&browser, &setup, "p/ID").await;
    let cell = "document.querySelector('#nodes-rows tbody td').innerText";
    wait_until(&browser, &format!("{cell}.startsWith('85')")).await;
    browser.click("#nodes-rows thead button").await;
    let sorted = "document.querySelector('#nodes-rows th').getAttribute('aria-sort') === 'descending'";
    wait_until(&browser, sorted).await;
    browser.run(ANSWERS).await;
    browser
        .run(
            "window.row = document.querySelector('#nodes-rows tbody tr');
            window.answers = async (request, next) => {
                const answer = await next();
                if (!request.endsWith('/nodes')) { return answer; }
                const text = (await answer.text()).replaceAll('85', '40');
                return new Response(text, { headers: answer.headers });
            }",
        )
        .await;
    browser.run(LATER).await;
    wait_until(&browser, &format!("{cell}.startsWith('40')")).await;
    assert!(is_true(&browser, "document.querySelector('#nodes-rows tbody tr') === row").await);
    let focused = "document.activeElement === document.querySelector('#nodes-rows thead button')";
    assert!(is_true(&browser, focused).await, "what had the focus has it");
    browser.close().await;
}

async fn a_short_table_takes_in_what_is_new(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let _observed = open_observed(&browser, &setup, "p/ID/app/_:Unknown:app-000").await;
    let rows = "document.querySelectorAll('#instances-rows tbody tr').length";
    wait_until(&browser, &format!("{rows} > 0")).await;
    let before = browser.run(&format!("return {rows}")).await.as_u64().unwrap();
    browser.run(ANSWERS).await;
    browser
        .run(
            "window.answers = async (request, next) => {
                const answer = await next();
                if (!request.endsWith('app-000')) { return answer; }
                const view = await answer.json();
                view.instances.push({ ...view.instances[0], name: 'one-more' });
                return new Response(JSON.stringify(view), { headers: answer.headers });
            }",
        )
        .await;
    browser.run(LATER).await;
    let button = "main button[data-act=arrange]";
    wait_until(&browser, &format!("document.querySelector('{button}')?.innerText === 'Show 1 new'")).await;
    assert_eq!(browser.run(&format!("return {rows}")).await, json!(before));
    browser.click(button).await;
    wait_until(&browser, &format!("{rows} === {before} + 1")).await;
    wait_until(&browser, &format!("document.querySelector('{button}') === null")).await;
    browser.close().await;
}

async fn the_count_of_a_table_changes_where_it_is(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let _observed = open_observed(&browser, &setup, "p/ID").await;
    // The nodes may be shown first. Nothing can be typed into what is hidden.
    let list = "section[aria-labelledby=applications-title]:not([hidden])";
    let status = format!("document.querySelector('{list} .count [role=status]')");
    browser.wait_for(&format!("window.said = {status}; return said !== null")).await;
    browser.enter(&format!("{list} input[type=search]"), "nowhere").await;
    // A screen reader reads a change of a status that is there.
    wait_until(&browser, "said.innerText.startsWith('0 of ')").await;
    assert!(is_true(&browser, &format!("said === {status}")).await);
    browser.close().await;
}

async fn an_older_answer_does_not_replace_a_newer_one(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let _observed = open_observed(&browser, &setup, "p/ID/app/_:Unknown:app-000/CPU").await;
    browser.click("#check-CPUNode summary").await;
    browser.run(ANSWERS).await;
    // The next answer about the application arrives when the test says so.
    browser
        .run(
            "const held = new Promise(resolve => { window.release = resolve });
            window.answers = async (request, next) => {
                if (!request.endsWith('app-000') || window.isHeld) { return next(); }
                window.isHeld = true;
                const answer = await next();
                const text = await answer.text();
                await held;
                const late = new Response(text, { headers: answer.headers });
                // What is done with its bytes is drawn some tasks after they are here.
                const bytes = late.arrayBuffer();
                late.arrayBuffer = async () => {
                    let tasks = 10;
                    const draw = () => requestAnimationFrame(() => { window.isTaken = true });
                    const pass = () => (tasks ? setTimeout(pass, 0, (tasks -= 1)) : draw());
                    bytes.then(() => setTimeout(pass));
                    return bytes;
                };
                return late;
            }",
        )
        .await;
    browser.run(LATER).await;
    wait_until(&browser, "window.isHeld").await;
    let field = "#check-CPUNode input";
    retype(&browser, field, "90\u{e007}").await;
    let set = "document.querySelector('#check-CPUNode').innerText.includes('90 %, set for this application')";
    wait_until(&browser, set).await;
    browser.run("window.release()").await;
    wait_until(&browser, "window.isTaken").await;
    assert!(is_true(&browser, set).await, "the older answer is not shown");

    // What was removed is not offered to be saved again.
    browser.click("#check-CPUNode button[value=remove]").await;
    wait_until(&browser, "document.querySelector('#check-CPUNode').innerText.includes('80 %, the default')")
        .await;
    wait_until(&browser, &format!("document.querySelector('{field}').value === '80'")).await;
    browser.close().await;
}

async fn what_is_typed_during_a_save_stays(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let _observed = open_settings(&browser, &setup, "/clickhouse", "#clickhouse-addr").await;
    browser.run(ANSWERS).await;
    browser
        .run(
            "window.changes = [];
            window.answers = async (request, next) => {
                if (request.startsWith('GET')) { return next(); }
                window.changes.push(request);
                const answer = next();
                await new Promise(resolve => { window.release = resolve });
                return answer;
            }",
        )
        .await;
    browser.enter("#clickhouse-addr", "clickhouse:9000").await;
    browser.click("#clickhouse-save").await;
    wait_until(&browser, "window.release !== undefined").await;
    retype(&browser, "#clickhouse-database", "metrics").await;
    browser.run("window.release()").await;
    let said = "document.querySelector('#clickhouse-said').innerText";
    wait_until(&browser, &format!("{said}.includes('what you typed since')")).await;
    assert!(is_true(&browser, "document.querySelector('#clickhouse-database').value === 'metrics'").await);
    assert!(is_true(&browser, "document.activeElement.id === 'clickhouse-database'").await);
    browser.run("delete window.release").await;
    browser.click("#clickhouse-save").await;
    wait_until(&browser, "window.release !== undefined").await;
    browser.run("window.release()").await;
    wait_until(&browser, &format!("{said}.startsWith('Saved. It applies')")).await;

    // The new name is shown wherever the page has it, and a press is one request.
    browser.run("window.answers = (request, next) => { changes.push(request); return next(); }").await;
    browser.click("main nav.tabs a").await;
    wait_until(&browser, "document.querySelector('#project-name') !== null").await;
    retype(&browser, "#project-name", "renamed\u{e007}").await;
    let names = "[...document.querySelectorAll('[data-project-name]')].map(it => it.innerText).join()";
    wait_until(&browser, &format!("{names} === 'renamed,renamed'")).await;
    browser
        .run(
            "window.changes = [];
            window.answers = (request) => {
                window.changes.push(request);
                return new Promise(() => {});
            }",
        )
        .await;
    browser.click("#end-ask").await;
    browser.click("#end-delete").await;
    wait_until(&browser, "document.querySelector('#end-delete').getAttribute('aria-busy') === 'true'").await;
    browser.click("#end-delete").await;
    assert_eq!(browser.run("return changes.length").await, json!(1));
    browser.close().await;
}

async fn a_change_of_older_settings_is_refused(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let interval = "#prometheus-refresh_interval_s";
    let (server, id) = open_settings(&browser, &setup, "/prometheus", interval).await;
    let prometheus = server.url(&format!("api/projects/{id}/prometheus"));
    let stored = async || setup.http.get(&prometheus).send().await.unwrap().json::<Value>().await.unwrap();
    retype(&browser, interval, "77\u{e007}").await;
    wait_until(&browser, "document.querySelector('#prometheus-said').innerText.startsWith('Saved')").await;
    // Another window has the same settings and changes something else.
    let in_other_window = json!({ "url": stored().await["url"], "extra_selector": "{cluster=\"a\"}" });
    let changed = setup.http.put(&prometheus).json(&in_other_window).send().await.unwrap();
    assert!(changed.status().is_success());
    retype(&browser, interval, "78\u{e007}").await;
    let refused =
        "document.querySelector('#prometheus-failure').innerText.startsWith('These settings were changed')";
    wait_until(&browser, refused).await;
    assert_eq!(stored().await["extra_selector"], "{cluster=\"a\"}");
    browser.visit(&server, &format!("p/{id}/settings/prometheus")).await;
    wait_until(&browser, &format!("document.querySelector('{interval}') !== null")).await;
    retype(&browser, interval, "78\u{e007}").await;
    wait_until(&browser, "document.querySelector('#prometheus-said').innerText.startsWith('Saved')").await;
    let stored = stored().await;
    assert_eq!(
        (&stored["refresh_interval_s"], &stored["extra_selector"]),
        (&json!(78), &json!("{cluster=\"a\"}"))
    );
    browser.close().await;
}

async fn a_removal_of_older_settings_is_refused(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let (server, id) = open_settings(&browser, &setup, "/clickhouse", "#clickhouse-addr").await;
    let clickhouse = server.url(&format!("api/projects/{id}/clickhouse"));
    browser.enter("#clickhouse-addr", "clickhouse:9000\u{e007}").await;
    wait_until(&browser, "document.querySelector('#clickhouse-said').innerText.startsWith('Saved')").await;
    // Another window changes them.
    let changed =
        setup.http.put(&clickhouse).json(&json!({ "addr": "clickhouse:9440" })).send().await.unwrap();
    assert!(changed.status().is_success());
    let remove = async || {
        browser.click("#clickhouse button[data-act=ask]").await;
        browser.click("#clickhouse button[data-act=remove]").await;
    };
    remove().await;
    let refused =
        "document.querySelector('#clickhouse-failure').innerText.startsWith('These settings were changed')";
    wait_until(&browser, refused).await;
    assert!(setup.http.get(&clickhouse).send().await.unwrap().status().is_success(), "they are there");
    browser.visit(&server, &format!("p/{id}/settings/clickhouse")).await;
    wait_until(&browser, "document.querySelector('#clickhouse button[data-act=ask]') !== null").await;
    remove().await;
    wait_until(&browser, "document.querySelector('#clickhouse-said').innerText.startsWith('Removed')").await;
    assert_eq!(setup.http.get(&clickhouse).send().await.unwrap().status().as_u16(), 404);
    // They can be made again: none of the versions that they had counts.
    browser.enter("#clickhouse-addr", "clickhouse:9000\u{e007}").await;
    wait_until(&browser, "document.querySelector('#clickhouse-said').innerText.startsWith('Saved')").await;
    browser.close().await;
}

async fn what_could_not_be_loaded_is_loaded_at_a_press(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let (server, id) = open_settings(&browser, &setup, "", "#project-name").await;
    browser.run(ANSWERS).await;
    for (refused, tab, loaded) in [
        ("api/settings", 2, "#prometheus-url"),
        ("/clickhouse", 3, "#clickhouse-addr"),
        ("/inspections", 4, "#row-CPUNode"),
        ("/incidents", 6, "#incidents .note"),
    ] {
        browser
            .run(&format!(
                "window.answers = (request, next) =>
                    request.endsWith('{refused}') ? Promise.reject(new TypeError('refused')) : next()"
            ))
            .await;
        // A form whose settings are not stored asks for nothing.
        if refused == "/clickhouse" {
            let settings = json!({ "addr": "clickhouse:9000" });
            let set = setup.http.put(server.url(&format!("api/projects/{id}/clickhouse"))).json(&settings);
            assert!(set.send().await.unwrap().status().is_success());
        }
        browser.click(&format!("main nav.tabs li:nth-child({tab}) a")).await;
        browser.click("main button[data-act=again]").await;
        wait_until(&browser, "document.querySelector('main button[data-act=again]') !== null").await;
        browser.run("window.answers = (request, next) => next()").await;
        browser.click("main button[data-act=again]").await;
        wait_until(&browser, &format!("document.querySelector('{loaded}') !== null")).await;
        assert!(is_true(&browser, "document.querySelector('main [data-act=again]') === null").await);
    }
    browser.close().await;
}

async fn who_leaves_what_was_typed_is_asked(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let _observed = open_settings(&browser, &setup, "", "#project-name").await;
    browser
        .run("window.asked = 0; window.confirm = () => { window.asked += 1; return window.leaves === true }")
        .await;
    retype(&browser, "#project-name", "shop-2").await;
    browser.click("main nav.tabs li:nth-child(2) a").await;
    wait_until(&browser, "asked === 1").await;
    assert!(is_true(&browser, "document.querySelector('#project-name').value === 'shop-2'").await);
    browser.run("window.leaves = true").await;
    browser.click("main nav.tabs li:nth-child(2) a").await;
    wait_until(&browser, "document.querySelector('#prometheus-url') !== null").await;
    assert_eq!(browser.run("return asked").await, json!(2));
    // What is saved is left without a question.
    browser.click("main nav.tabs li:nth-child(1) a").await;
    wait_until(&browser, "document.querySelector('#project-name') !== null").await;
    retype(&browser, "#project-name", "shop-2\u{e007}").await;
    wait_until(&browser, "document.querySelector('#project-said').innerText.startsWith('Saved')").await;
    browser.click("main nav.tabs li:nth-child(2) a").await;
    wait_until(&browser, "document.querySelector('#prometheus-url') !== null").await;
    assert_eq!(browser.run("return asked").await, json!(2));
    browser.close().await;
}

/// Answers questions of the page, and counts them: whether to leave is decided by `leaves`.
const QUESTIONS: &str = "
    window.asked = 0; window.leaves = false;
    window.confirm = () => { window.asked += 1; return window.leaves }";

async fn who_goes_back_from_what_was_typed_is_asked(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let _observed = open_settings(&browser, &setup, "", "#project-name").await;
    browser.run(QUESTIONS).await;
    browser.click("main nav.tabs li:nth-child(2) a").await;
    wait_until(&browser, "document.querySelector('#prometheus-url') !== null").await;
    retype(&browser, "#prometheus-url", "http://typed.example/").await;
    browser.back().await;
    wait_until(&browser, "asked === 1").await;
    let stays = "location.pathname.endsWith('/settings/prometheus')
        && document.querySelector('#prometheus-url').value === 'http://typed.example/'";
    assert!(is_true(&browser, stays).await, "the page and its address stay");
    browser.run("window.leaves = true").await;
    // The user is in the page again before going back.
    browser.click("#prometheus-url").await;
    browser.back().await;
    wait_until(&browser, "document.querySelector('#project-name') !== null").await;
    assert!(is_true(&browser, "asked === 2 && location.pathname.endsWith('/settings')").await);
    browser.close().await;
}

async fn a_threshold_that_was_typed_is_not_left_without_a_question(engine: Engine) {
    let setup = TestSetup::new();
    let browser = Browser::open(engine, 1400).await;
    let (server, id) = open_settings(&browser, &setup, "/inspections", "#CPUNode-threshold").await;
    browser.run(QUESTIONS).await;
    retype(&browser, "#CPUNode-threshold", "70").await;
    browser.click("main nav.tabs li:nth-child(2) a").await;
    wait_until(&browser, "asked === 1").await;
    assert!(is_true(&browser, "document.querySelector('#CPUNode-threshold').value === '70'").await);
    // What is set is left without one.
    browser.enter("#CPUNode-threshold", "\u{e007}").await;
    wait_until(
        &browser,
        "document.querySelector('#inspections-said').innerText.includes('70 % is in force')",
    )
    .await;
    browser.click("main nav.tabs li:nth-child(2) a").await;
    wait_until(&browser, "document.querySelector('#prometheus-url') !== null").await;
    assert_eq!(browser.run("return asked").await, json!(1));

    // The same holds on the page of an application.
    browser.visit(&server, &format!("p/{id}/app/_:Unknown:app-000/CPU")).await;
    wait_until(&browser, "document.querySelector('#check-CPUNode summary') !== null").await;
    browser.run(QUESTIONS).await;
    browser.click("#check-CPUNode summary").await;
    retype(&browser, "#check-CPUNode input", "60").await;
    browser.click("main nav.tabs li:nth-child(1) a").await;
    wait_until(&browser, "asked === 1").await;
    assert!(is_true(&browser, "document.querySelector('#check-CPUNode input').value === '60'").await);
    browser.enter("#check-CPUNode input", "\u{e007}").await;
    wait_until(&browser, "document.querySelector('#check-CPUNode').innerText.includes('60 %, set for')")
        .await;
    browser.click("main nav.tabs li:nth-child(1) a").await;
    wait_until(&browser, "document.querySelector('#check-CPUNode') === null").await;
    assert_eq!(browser.run("return asked").await, json!(1));
    browser.close().await;
}
