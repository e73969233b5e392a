//! Tests that there is one UUID per browser profile, origin and installation.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use axum::http::StatusCode;
use headcount_harness::{
    browser::{Browser, Engine},
    rounds::rounds,
    test_site::{PLAIN, PROGRAM, ROUTES, TestSiteBuilder},
};
use serde_json::json;
use uuid::Uuid;

use super::watched::WatchedBrowser;
use crate::behaviour_outcome::{BehaviourOutcome, behaviours, holds};

behaviours!(
    a_browser_keeps_its_uuid,
    six_tabs_at_the_same_instant_are_one_browser,
    plain_http_at_a_name_is_counted,
    a_corrupt_uuid_is_replaced,
    denied_storage_is_a_uuid_for_one_page,
    storage_that_throws_is_a_uuid_for_one_page,
    two_installations_on_one_origin_have_a_uuid_each,
    an_installation_on_another_origin_has_a_uuid_of_its_own,
    an_installation_on_another_port_has_a_uuid_of_its_own,
    the_uuid_that_installations_shared_is_removed_and_not_used,
);

/// The key of the UUID of the installation at the root.
const KEY: &str = "headcount-device-id:/";

/// The number of tabs that are opened at once.
const TABS: usize = 6;

async fn a_browser_keeps_its_uuid(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    watched.browser.reload().await;
    watched.host.heard(2).await;
    let tab = watched.browser.new_window().await;
    watched.browser.switch_to(&tab).await;
    watched.goto("/").await;
    watched.host.heard(3).await;
    assert_eq!(watched.devices().len(), 1);
    let id = watched.devices().pop_first().unwrap();
    assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4);
    assert_eq!(watched.run("return localStorage.getItem('headcount-device-id:/')").await, json!(id));
    holds(watched.browser).await
}

#[expect(clippy::disallowed_methods, reason = "how far apart views arrive is told when a round fails")]
async fn six_tabs_at_the_same_instant_are_one_browser(engine: Engine) -> BehaviourOutcome {
    // A path of its own for each, so that none waits for the request of another.
    let pages = (0..TABS).fold(TestSiteBuilder::new(), |setting, tab| {
        setting.with(&format!("/p/{tab}"), "data-wasm", &format!("{PROGRAM}?{tab}"))
    });
    let host = pages.start().await;
    // A host name for each round, so that every round begins with empty storage. It runs alone: beside other
    // browsers on a small machine, tabs would not open at the same instant.
    let browser = Browser::open_alone_through(engine, 1400, host.address()).await;
    let mut tabs = vec![browser.tab().await];
    while tabs.len() < TABS {
        tabs.push(browser.new_window().await);
    }
    host.hold(PROGRAM);
    let mut all = BTreeSet::new();
    let rounds = rounds(8, 40);
    for round in 0..rounds {
        for (number, tab) in tabs.iter().enumerate() {
            browser.switch_to(tab).await;
            browser.goto(&format!("http://round-{round}.headcount.test/p/{number}")).await;
        }
        host.holds(PROGRAM, TABS).await;
        let released = Instant::now();
        host.release(PROGRAM);
        let views = host.heard((round + 1) * TABS).await;
        let devices: BTreeMap<_, _> = views[round * TABS..]
            .iter()
            .map(|view| (view.event.device_id, view.at.duration_since(released)))
            .collect();
        assert_eq!(devices.len(), 1, "round {round}, with the times of their last views: {devices:?}");
        all.extend(devices.into_keys());
    }
    assert_eq!(all.len(), rounds, "every round has begun with empty storage");
    assert!(host.beacons().iter().all(|view| !view.event.ephemeral));
    holds(browser).await
}

async fn plain_http_at_a_name_is_counted(engine: Engine) -> BehaviourOutcome {
    let host = TestSiteBuilder::new().start().await;
    let browser = Browser::open_through(engine, 1400, host.address()).await;
    browser.goto("http://headcount.test/p/acme").await;
    assert_eq!(
        browser.run("return [isSecureContext, crypto.randomUUID ?? null]").await,
        json!([false, null])
    );
    let first = host.heard(1).await.remove(0).event;
    browser.push("/").await;
    let second = host.heard(2).await.remove(1).event;
    assert_eq!((first.path.as_str(), second.path.as_str()), ("/p/$projectId", "/"));
    assert_eq!(first.device_id, second.device_id);
    assert!(!first.ephemeral);
    holds(browser).await
}

async fn a_corrupt_uuid_is_replaced(engine: Engine) -> BehaviourOutcome {
    let corrupt = [
        "",
        "x",
        "{}",
        "00000000-0000-0000-0000-000000000000",
        "\u{0}\u{fffd}",
        "ffffffff",
        // UUIDs of versions 1, 7 and 8: a server counts no browser for these.
        "20174a56-4a1e-11ca-a90d-b657d1fa873e",
        "20174a56-4a1e-71ca-a90d-b657d1fa873e",
        "20174a56-4a1e-81ca-a90d-b657d1fa873e",
    ];
    let watched = WatchedBrowser::at(engine, PLAIN, TestSiteBuilder::new()).await;
    for (round, text) in corrupt.iter().enumerate() {
        watched.run(&format!("localStorage.setItem('{KEY}', {})", json!(text))).await;
        watched.goto("/p/acme").await;
        let view = watched.host.heard(round + 1).await.pop().unwrap().event;
        let stored = watched.run(&format!("return localStorage.getItem('{KEY}')")).await;
        assert_eq!(stored, json!(view.device_id), "{text:?}");
        assert_eq!(view.device_id.get_version_num(), 4);
        assert!(!view.ephemeral);
        watched.is_quiet(0).await;
    }
    assert_eq!(watched.devices().len(), corrupt.len());
    holds(watched.browser).await
}

async fn denied_storage_is_a_uuid_for_one_page(engine: Engine) -> BehaviourOutcome {
    let frame = "<iframe sandbox='allow-scripts' src='/p/acme'></iframe>";
    let watched = WatchedBrowser::at(engine, "/frame", TestSiteBuilder::new().plain("/frame", frame)).await;
    watched.host.heard(1).await;
    watched.browser.reload().await;
    let views = watched.host.heard(2).await;
    assert!(views.iter().all(|view| view.event.ephemeral), "{views:?}");
    assert_eq!(watched.devices().len(), 2);
    watched.is_quiet(0).await;
    watched.arrived(&["/p/$projectId", "/p/$projectId"]).await;
    holds(watched.browser).await
}

async fn storage_that_throws_is_a_uuid_for_one_page(engine: Engine) -> BehaviourOutcome {
    let full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }";
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new().early(full)).await;
    watched.browser.push("/").await;
    let views = watched.host.heard(2).await;
    assert!(views.iter().all(|view| view.event.ephemeral), "{views:?}");
    assert_eq!(watched.devices().len(), 1);
    watched.ends_with(&["/p/$projectId", "/"]).await;
    watched.is_quiet(0).await;
    holds(watched.browser).await
}

/// The stored UUIDs of all installations, by key.
async fn stored(watched: &WatchedBrowser) -> BTreeMap<String, String> {
    serde_json::from_value(watched.run("return { ...localStorage }").await).unwrap()
}

async fn two_installations_on_one_origin_have_a_uuid_each(engine: Engine) -> BehaviourOutcome {
    let page = |base: &str| {
        format!("<script type='module' src='{base}static/tracker.js' data-routes='{ROUTES}'></script>")
    };
    let setting = TestSiteBuilder::new().plain("/p/a", &page("/a/")).plain("/p/b", &page("/b/c/"));
    let watched = WatchedBrowser::at(engine, "/p/a", setting).await;
    watched.host.heard(1).await;
    watched.goto("/p/b").await;
    watched.host.heard(2).await;
    let both = stored(&watched).await;
    let keys: Vec<_> = both.keys().map(String::as_str).collect();
    assert_eq!(keys, ["headcount-device-id:/a/", "headcount-device-id:/b/c/"]);
    assert_eq!(watched.devices().len(), 2);
    assert_eq!(watched.devices(), both.values().cloned().collect());
    // Each is the same browser as before on its return.
    watched.goto("/p/a").await;
    let third = watched.host.heard(3).await.pop().unwrap().event;
    assert_eq!(third.device_id.to_string(), both["headcount-device-id:/a/"]);
    let mut posted = watched.host.requests();
    posted.retain(|request| request.starts_with("POST"));
    assert_eq!(posted, ["POST /a/stats", "POST /b/c/stats", "POST /a/stats"]);
    holds(watched.browser).await
}

async fn an_installation_on_another_origin_has_a_uuid_of_its_own(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    let elsewhere = format!("http://localhost:{}/", watched.host.address().port());
    let start = format!(
        "const script = document.createElement('script')
         script.type = 'module'
         script.src = '{elsewhere}static/tracker.js'
         script.dataset.routes = '{ROUTES}'
         document.head.append(script)"
    );
    watched.goto(PLAIN).await;
    watched.run(&start).await;
    watched.host.heard(2).await;
    let both = stored(&watched).await;
    let keys: Vec<_> = both.keys().cloned().collect();
    assert_eq!(keys, [KEY.to_owned(), format!("headcount-device-id:{elsewhere}")]);
    assert_eq!(watched.devices().len(), 2);
    // The page can read the answers of the other origin.
    watched.host.switch_off("/", StatusCode::NOT_FOUND);
    watched.browser.push("/p/other").await;
    let gone = format!("return localStorage.getItem('headcount-device-id:{elsewhere}') === null");
    watched.browser.wait_for(&gone).await;
    assert_eq!(stored(&watched).await.into_keys().collect::<Vec<_>>(), [KEY]);
    holds(watched.browser).await
}

async fn the_uuid_that_installations_shared_is_removed_and_not_used(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::at(engine, PLAIN, TestSiteBuilder::new()).await;
    let old = "20174a56-4a1e-41ca-a90d-b657d1fa873e";
    watched.run(&format!("localStorage.setItem('headcount-device-id', '{old}')")).await;
    watched.goto("/p/acme").await;
    let view = watched.host.heard(1).await.pop().unwrap().event;
    assert_ne!(view.device_id.to_string(), old);
    let expected = BTreeMap::from([(KEY.to_owned(), view.device_id.to_string())]);
    assert_eq!(stored(&watched).await, expected);
    holds(watched.browser).await
}

async fn an_installation_on_another_port_has_a_uuid_of_its_own(engine: Engine) -> BehaviourOutcome {
    // An origin that is a prefix of the other one.
    let setting = TestSiteBuilder::new().attribute("data-endpoint", "http://headcount.test:8080/stats");
    let host = setting.start().await;
    let browser = Browser::open_through(engine, 1400, host.address()).await;
    browser.goto("http://headcount.test/p/acme").await;
    host.heard(1).await;
    let key = "headcount-device-id:http://headcount.test:8080/";
    assert_eq!(browser.run("return Object.keys(localStorage)").await, json!([key]));
    holds(browser).await
}
