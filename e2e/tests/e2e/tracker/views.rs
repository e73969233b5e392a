//! Tests that there is one view per settled navigation.

use std::time::Duration;

use headcount_harness::{
    browser::{BrowserTab, Engine},
    test_site::{PLAIN, PROGRAM, TestSiteBuilder},
    wait::eventually,
};
use serde_json::json;

use super::watched::WatchedBrowser;
use crate::behaviour_outcome::{BehaviourOutcome, behaviours, holds};

behaviours!(
    a_first_load_is_one_view,
    push_state_to_another_path_is_one_view,
    replace_state_to_another_path_is_one_view,
    replace_and_push_in_one_task_is_one_view,
    a_redirect_in_one_task_is_one_view,
    a_query_or_a_hash_is_no_view,
    back_and_forward_are_one_view_each,
    a_page_from_the_back_forward_cache_is_one_view,
    a_prerendered_page_is_a_view_when_it_is_activated,
    a_hidden_tab_is_a_view_when_it_becomes_visible,
    a_page_that_is_left_at_once_is_one_view,
    the_history_functions_stay_what_they_are,
    without_a_navigation_api_views_are_the_same,
    a_router_that_kept_its_own_push_state_is_followed,
    a_slash_at_the_end_is_no_other_path,
    a_router_that_keeps_its_path_in_the_fragment_is_followed_on_request,
);

/// Removes the Navigation API, so that the tracker has to observe the history functions.
const OLDER: &str = "Object.defineProperty(window, 'navigation', { value: undefined })";

async fn a_first_load_is_one_view(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme?from=1h#top", TestSiteBuilder::new()).await;
    let views = watched.host.beacons();
    assert_eq!(views[0].event.path, "/p/$projectId");
    assert!(!views[0].event.ephemeral);
    assert_eq!(views[0].event.device_size.as_str(), "lg");
    watched.ends_with(&["/p/$projectId"]).await;
    holds(watched.browser).await
}

async fn push_state_to_another_path_is_one_view(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/", TestSiteBuilder::new()).await;
    watched.browser.push("/p/acme/app/shop:web/SLO").await;
    watched.host.heard(2).await;
    // Another page of the same template is a view too.
    watched.browser.push("/p/acme/app/shop:cart/SLO").await;
    watched.host.heard(3).await;
    watched.ends_with(&["/", "/p/$projectId/app/$id/SLO", "/p/$projectId/app/$id/SLO"]).await;
    holds(watched.browser).await
}

async fn replace_state_to_another_path_is_one_view(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/", TestSiteBuilder::new()).await;
    watched.run("history.replaceState({}, '', '/p/acme')").await;
    watched.host.heard(2).await;
    watched.ends_with(&["/", "/p/$projectId"]).await;
    holds(watched.browser).await
}

async fn replace_and_push_in_one_task_is_one_view(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/", TestSiteBuilder::new()).await;
    // As vue-router 4 does: it rewrites the current entry, then pushes the next one.
    watched.run("history.replaceState({ left: 1 }, ''); history.pushState({}, '', '/p/acme')").await;
    watched.host.heard(2).await;
    watched.ends_with(&["/", "/p/$projectId"]).await;
    holds(watched.browser).await
}

async fn a_redirect_in_one_task_is_one_view(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/", TestSiteBuilder::new()).await;
    watched.run("history.pushState({}, '', '/p/old'); history.replaceState({}, '', '/p/new/node/n1')").await;
    watched.host.heard(2).await;
    // A navigation that leads back to its origin does not count.
    watched.run("history.pushState({}, '', '/p/old'); history.replaceState({}, '', '/p/new/node/n1')").await;
    watched.ends_with(&["/", "/p/$projectId/node/$name"]).await;
    holds(watched.browser).await
}

async fn a_query_or_a_hash_is_no_view(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    for step in [
        "history.pushState({}, '', '/p/acme?from=2h')",
        "history.replaceState({}, '', '/p/acme?from=3h&to=1h')",
        "history.pushState({}, '', '#chart')",
        "location.hash = 'table'",
    ] {
        watched.run(step).await;
        watched.run("return new Promise(resolve => setTimeout(resolve))").await;
    }
    watched.ends_with(&["/p/$projectId"]).await;
    holds(watched.browser).await
}

async fn back_and_forward_are_one_view_each(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    watched.browser.push("/").await;
    watched.host.heard(2).await;
    watched.browser.back().await;
    watched.host.heard(3).await;
    watched.browser.forward().await;
    watched.host.heard(4).await;
    watched.ends_with(&["/p/$projectId", "/", "/p/$projectId", "/"]).await;
    holds(watched.browser).await
}

async fn a_page_from_the_back_forward_cache_is_one_view(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    let mut views = vec!["/p/$projectId"];
    // A busy browser may load the page anew instead, which is one view too.
    loop {
        let is_restored = is_restored_on_return(&watched).await;
        views.push("/p/$projectId");
        watched.arrived(&views).await;
        if is_restored {
            break;
        }
        assert!(views.len() < ATTEMPTS, "the browser has restored no page");
    }
    watched.ends_with(&views).await;
    holds(watched.browser).await
}

/// How often a browser gets the chance to show a cached or prerendered page, which is at its discretion.
const ATTEMPTS: usize = 50;

/// How long a browser may take to begin a prerender, before it is tried again.
const PREPARED: Duration = Duration::from_secs(10);

/// Leaves the page and returns to it. Returns whether the page was restored from the back/forward cache.
async fn is_restored_on_return(watched: &WatchedBrowser) -> bool {
    watched.run("window.kept = 'alive'").await;
    watched.goto(PLAIN).await;
    watched.browser.back().await;
    let is_back = "return location.pathname === '/p/acme' && document.readyState === 'complete'
        && seen.restored === (window.kept === 'alive')";
    watched.browser.wait_for(is_back).await;
    watched.run("return seen.restored").await == json!(true)
}

async fn a_prerendered_page_is_a_view_when_it_is_activated(engine: Engine) -> BehaviourOutcome {
    if engine != Engine::Chromium {
        return BehaviourOutcome::Cannot("It prerenders no pages.");
    }
    let watched = WatchedBrowser::new(engine, TestSiteBuilder::new()).await;
    let mut views = Vec::new();
    let mut attempts = 0..ATTEMPTS;
    // A busy browser may prerender nothing, or discard a prerendered page and load it anew, which is one view
    // too.
    while !is_prerendered_on_arrival(&watched, &mut views).await {
        assert!(attempts.next().is_some(), "the browser has shown no prerendered page");
    }
    watched.ends_with(&views).await;
    holds(watched.browser).await
}

/// Lets the browser prerender a page and goes there. Returns whether the shown page is the prerendered one.
async fn is_prerendered_on_arrival(watched: &WatchedBrowser, views: &mut Vec<&str>) -> bool {
    watched.goto("/").await;
    views.push("/");
    watched.arrived(views).await;
    let programs = watched.host.asked(PROGRAM);
    let rules = json!({ "prerender": [{ "source": "list", "urls": ["/p/acme"], "eagerness": "immediate" }] });
    let script = format!(
        "const rules = document.createElement('script');
         rules.type = 'speculationrules';
         rules.textContent = {};
         document.head.append(rules)",
        json!(rules.to_string()),
    );
    watched.run(&script).await;
    // The tracker is loaded in the invisible page; a visible page is counted meanwhile.
    let is_there = async || (watched.host.asked(PROGRAM) > programs).then_some(());
    if eventually("a page is prerendered", PREPARED, is_there).await.is_err() {
        return false;
    }
    watched.browser.push("/p/seen/node/n1").await;
    views.push("/p/$projectId/node/$name");
    watched.arrived(views).await;
    watched.run("location.href = '/p/acme'").await;
    watched.browser.wait_for("return location.pathname === '/p/acme'").await;
    let is_activated = "return performance.getEntriesByType('navigation')[0].activationStart > 0";
    let is_activated = watched.run(is_activated).await;
    views.push("/p/$projectId");
    watched.arrived(views).await;
    is_activated == json!(true)
}

async fn a_hidden_tab_is_a_view_when_it_becomes_visible(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/", TestSiteBuilder::new()).await;
    let hidden = open_hidden(&watched, "/p/hidden").await;
    watched.goto("/p/acme/node/n1").await;
    watched.host.asked_for("/p/hidden", 1).await;
    watched.host.asked_for(PROGRAM, 3).await;
    watched.browser.push("/p/acme/app/web").await;
    watched.arrived(&["/", "/p/$projectId/app/$id", "/p/$projectId/node/$name"]).await;
    watched.browser.close_tab().await;
    watched.browser.switch_to(&hidden).await;
    watched.browser.wait_for("return document.visibilityState === 'visible'").await;
    watched.host.heard(4).await;
    watched.ends_with(&["/", "/p/$projectId", "/p/$projectId/app/$id", "/p/$projectId/node/$name"]).await;
    holds(watched.browser).await
}

/// Opens a page in a background tab, and returns the tab. The current tab stays visible.
async fn open_hidden(watched: &WatchedBrowser, path: &str) -> BrowserTab {
    let browser = &watched.browser;
    let present = browser.tab().await;
    if browser.engine() == Engine::WebKit {
        // Its new tabs open in the background.
        let hidden = browser.new_tab().await;
        browser.switch_to(&hidden).await;
        watched.goto(path).await;
        browser.switch_to(&present).await;
        return hidden;
    }
    // In other engines they open in front. The page loads as soon as the tab is hidden.
    watched.run(&format!("document.onvisibilitychange = () => {{ location.href = '{path}' }}")).await;
    let shown = browser.new_tab().await;
    browser.switch_to(&shown).await;
    present
}

async fn a_page_that_is_left_at_once_is_one_view(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::new(engine, TestSiteBuilder::new()).await;
    watched.host.hold(PROGRAM);
    watched.goto("/p/acme").await;
    // The page is left as soon as the tracker counts, long before a new UUID has settled, and once more in
    // the task of a push.
    let leave = "window.leaving = tracker().then(({ status }) => {
        const look = () => {
            if (status().state !== 'counting') return setTimeout(look)
            history.pushState({}, '', '/p/acme/node/n1')
            location.href = '/plain'
        }
        look()
    })";
    watched.run(&format!("{leave}; return true")).await;
    watched.host.let_pass(PROGRAM);
    watched.browser.wait_for("return location.pathname === '/plain'").await;
    watched.arrived(&["/p/$projectId", "/p/$projectId/node/$name"]).await;
    assert_eq!(watched.devices().len(), 1);
    holds(watched.browser).await
}

async fn the_history_functions_stay_what_they_are(engine: Engine) -> BehaviourOutcome {
    let outcomes = "
        const outcome = use => { try { return String(use()) } catch (error) { return error.name } }
        return ['pushState', 'replaceState'].flatMap(name => [
            history[name].name,
            history[name].length,
            typeof history[name],
            outcome(() => history[name]({}, '', '?same')),
            outcome(() => history[name]({}, '', 'http://elsewhere.test/')),
            outcome(() => history[name]()),
            outcome(() => history[name](() => {}, '')),
            outcome(() => history[name].call({}, {}, '')),
            outcome(() => new history[name]({}, '')),
            location.search,
        ])";
    let watched = WatchedBrowser::at(engine, PLAIN, TestSiteBuilder::new().early(OLDER)).await;
    let without = watched.run(outcomes).await;
    watched.goto("/p/acme").await;
    watched.host.heard(1).await;
    assert_eq!(watched.run("return window.navigation ?? null").await, json!(null));
    assert_eq!(watched.run(outcomes).await, without);
    watched.ends_with(&["/p/$projectId"]).await;
    holds(watched.browser).await
}

async fn without_a_navigation_api_views_are_the_same(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/", TestSiteBuilder::new().early(OLDER)).await;
    watched.run("history.replaceState({ left: 1 }, ''); history.pushState({}, '', '/p/acme')").await;
    watched.host.heard(2).await;
    watched.run("history.pushState({}, '', '?from=1h'); history.replaceState({}, '', '#chart')").await;
    watched.run("history.pushState({}, '', '/p/old'); history.replaceState({}, '', '/p/new/node/n1')").await;
    watched.host.heard(3).await;
    watched.run("history.replaceState({}, '', '/p/other')").await;
    watched.host.heard(4).await;
    watched.run("history.go(-2)").await;
    watched.host.heard(5).await;
    watched
        .ends_with(&["/", "/p/$projectId", "/p/$projectId", "/p/$projectId", "/p/$projectId/node/$name"])
        .await;
    holds(watched.browser).await
}

async fn a_router_that_kept_its_own_push_state_is_followed(engine: Engine) -> BehaviourOutcome {
    // This runs before the tracker.
    let early = format!("{OLDER}; window.kept = history.pushState.bind(history)");
    let watched = WatchedBrowser::counted_at(engine, "/", TestSiteBuilder::new().early(&early)).await;
    watched.run("kept({}, '', '/p/acme')").await;
    watched.host.heard(2).await;
    watched.run("history.replaceState({ left: 1 }, ''); kept({}, '', '/p/acme/node/n1')").await;
    watched.host.heard(3).await;
    // This page is left before it becomes visible.
    watched.run(&format!("kept({{}}, '', '/end'); location.href = '{PLAIN}'")).await;
    watched.browser.wait_for(&format!("return location.pathname === '{PLAIN}'")).await;
    watched.arrived(&["/", "/end", "/p/$projectId", "/p/$projectId/node/$name"]).await;
    holds(watched.browser).await
}

async fn a_slash_at_the_end_is_no_other_path(engine: Engine) -> BehaviourOutcome {
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", TestSiteBuilder::new()).await;
    for path in ["/p/acme/", "/p/acme", "/p/acme//"] {
        watched.browser.push(path).await;
        watched.run("return new Promise(resolve => setTimeout(resolve))").await;
    }
    watched.browser.push("/p/other/").await;
    watched.host.heard(2).await;
    watched.ends_with(&["/p/$projectId", "/p/$projectId"]).await;
    holds(watched.browser).await
}

async fn a_router_that_keeps_its_path_in_the_fragment_is_followed_on_request(
    engine: Engine,
) -> BehaviourOutcome {
    follow_fragments(engine, OLDER).await.browser.close().await;
    holds(follow_fragments(engine, "").await.browser).await
}

/// Runs a script and follows a router that has its path in the fragment. Returns the browser.
async fn follow_fragments(engine: Engine, early: &str) -> WatchedBrowser {
    let setting = TestSiteBuilder::new().attribute("data-router", "hash").early(early);
    let watched = WatchedBrowser::counted_at(engine, "/any.html#/p/acme?from=1h", setting).await;
    watched.run("location.hash = '/p/acme?from=2h'").await;
    watched.run("return new Promise(resolve => setTimeout(resolve))").await;
    watched.run("location.hash = '#/p/acme/node/n1'").await;
    watched.host.heard(2).await;
    watched.run("history.pushState({}, '', '#!/p/other?x#y')").await;
    watched.host.heard(3).await;
    watched.browser.back().await;
    watched.host.heard(4).await;
    watched.run("history.pushState({}, '', '/any.html#')").await;
    let node = "/p/$projectId/node/$name";
    watched.arrived(&["/", "/p/$projectId", "/p/$projectId", node, node]).await;
    watched
}
