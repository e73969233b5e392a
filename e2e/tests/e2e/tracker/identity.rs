//! One UUID per browser profile and origin.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use headcount_e2e::{
    browser::{Browser, Engine},
    host::{PLAIN, PROGRAM, Setting},
    thorough::rounds,
};
use serde_json::json;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::watched::Watched;
use crate::behaviour::{Outcome, behaviours, holds};

behaviours!(
    a_browser_keeps_its_uuid,
    six_tabs_at_the_same_instant_are_one_browser,
    plain_http_at_a_name_is_counted,
    a_corrupt_uuid_is_replaced,
    denied_storage_is_a_uuid_for_one_page,
    storage_that_throws_is_a_uuid_for_one_page,
);

/// Tabs that are opened at once.
const TABS: usize = 6;

async fn a_browser_keeps_its_uuid(engine: Engine) -> Outcome {
    let watched = Watched::counted_at(engine, "/p/acme", Setting::new()).await;
    watched.browser.reload().await;
    watched.host.heard(2).await;
    let tab = watched.browser.new_window().await;
    watched.browser.switch_to(&tab).await;
    watched.goto("/").await;
    watched.host.heard(3).await;
    assert_eq!(watched.devices().len(), 1);
    let id = watched.devices().pop_first().unwrap();
    assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4);
    assert_eq!(watched.run("return localStorage.getItem('headcount-device-id')").await, json!(id));
    holds(watched.browser).await
}

#[expect(clippy::disallowed_methods, reason = "how far apart views arrive is told when a round fails")]
async fn six_tabs_at_the_same_instant_are_one_browser(engine: Engine) -> Outcome {
    // Eighteen tabs on a small machine have no instant in common.
    static ONE_ENGINE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let _turn = ONE_ENGINE_AT_A_TIME.lock().await;
    // A page of its own for each, so that none waits for what another has asked for.
    let pages = (0..TABS).fold(Setting::new(), |setting, tab| {
        setting.with(&format!("/p/{tab}"), "data-wasm", &format!("{PROGRAM}?{tab}"))
    });
    let host = pages.start().await;
    // A name for each round, so that every round begins with empty storage.
    let browser = Browser::open_through(engine, 1400, host.address()).await;
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

async fn plain_http_at_a_name_is_counted(engine: Engine) -> Outcome {
    let host = Setting::new().start().await;
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

async fn a_corrupt_uuid_is_replaced(engine: Engine) -> Outcome {
    let corrupt = ["", "x", "{}", "00000000-0000-0000-0000-000000000000", "\u{0}\u{fffd}", "ffffffff"];
    let watched = Watched::at(engine, PLAIN, Setting::new()).await;
    for (round, text) in corrupt.iter().enumerate() {
        watched.run(&format!("localStorage.setItem('headcount-device-id', {})", json!(text))).await;
        watched.goto("/p/acme").await;
        let view = watched.host.heard(round + 1).await.pop().unwrap().event;
        let stored = watched.run("return localStorage.getItem('headcount-device-id')").await;
        assert_eq!(stored, json!(view.device_id), "{text:?}");
        assert!(!view.ephemeral);
        watched.is_quiet(0).await;
    }
    assert_eq!(watched.devices().len(), corrupt.len());
    holds(watched.browser).await
}

async fn denied_storage_is_a_uuid_for_one_page(engine: Engine) -> Outcome {
    let frame = "<iframe sandbox='allow-scripts' src='/p/acme'></iframe>";
    let watched = Watched::at(engine, "/frame", Setting::new().plain("/frame", frame)).await;
    watched.host.heard(1).await;
    watched.browser.reload().await;
    let views = watched.host.heard(2).await;
    assert!(views.iter().all(|view| view.event.ephemeral), "{views:?}");
    assert_eq!(watched.devices().len(), 2);
    watched.is_quiet(0).await;
    watched.arrived(&["/p/$projectId", "/p/$projectId"]).await;
    holds(watched.browser).await
}

async fn storage_that_throws_is_a_uuid_for_one_page(engine: Engine) -> Outcome {
    let full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }";
    let watched = Watched::counted_at(engine, "/p/acme", Setting::new().early(full)).await;
    watched.browser.push("/").await;
    let views = watched.host.heard(2).await;
    assert!(views.iter().all(|view| view.event.ephemeral), "{views:?}");
    assert_eq!(watched.devices().len(), 1);
    watched.ends_with(&["/p/$projectId", "/"]).await;
    watched.is_quiet(0).await;
    holds(watched.browser).await
}
