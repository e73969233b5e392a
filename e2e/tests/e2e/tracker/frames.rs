//! Tests that a frame does not count as a second page.

use headcount_harness::{
    browser::Engine,
    test_site::{PROGRAM, TestSiteBuilder},
};
use serde_json::json;

use super::watched::WatchedBrowser;
use crate::behaviour_outcome::{BehaviourOutcome, behaviours, holds};

behaviours!(
    a_frame_of_a_page_that_is_counted_is_a_part_of_it,
    a_frame_that_is_loaded_before_its_page_is_a_part_of_it_too,
    a_frame_of_a_page_that_is_not_counted_is_a_view,
    a_document_without_an_address_is_no_view,
);

/// The tracker's element, for documents that tests write.
const SCRIPT: &str = "<script type=module src=/static/tracker.js></script>";

/// Waits until the tracker of the first frame has this state.
async fn frame_is(watched: &WatchedBrowser, state: &str) {
    let status = "frames[0][Symbol.for('headcount')]?.status().state";
    watched.browser.wait_for(&format!("return {status} === '{state}'")).await;
}

async fn a_frame_of_a_page_that_is_counted_is_a_part_of_it(engine: Engine) -> BehaviourOutcome {
    let frame = "<iframe src='/p/inner/node/n1' width='300'></iframe>";
    let setting = TestSiteBuilder::new().untouched("/p/inner/node/n1").content(frame);
    let watched = WatchedBrowser::counted_at(engine, "/p/acme", setting).await;
    frame_is(&watched, "ignored").await;
    watched.run("frames[0].history.pushState({}, '', '/p/inner/app/web')").await;
    watched.run("return new Promise(resolve => frames[0].setTimeout(resolve))").await;
    watched.ends_with(&["/p/$projectId"]).await;
    assert_eq!(watched.host.asked(PROGRAM), 1);
    let sizes: Vec<_> = watched.host.beacons().iter().map(|view| view.event.device_size.as_str()).collect();
    assert_eq!(sizes, ["lg", "lg"], "the size of the frame is none");
    watched.is_quiet(0).await;
    holds(watched.browser).await
}

async fn a_frame_that_is_loaded_before_its_page_is_a_part_of_it_too(engine: Engine) -> BehaviourOutcome {
    // The script of the page is held until that of the frame has run.
    let inner = "<script type='module' src='/static/tracker.js?inner'></script>
        <script type='module'>fetch('/ran')</script>";
    let outer =
        "<iframe src='/p/inner'></iframe><script type='module' src='/p/late/static/tracker.js'></script>";
    let setting = TestSiteBuilder::new().plain("/p/outer", outer).plain("/p/inner", inner);
    let watched = WatchedBrowser::new(engine, setting).await;
    watched.host.hold("/p/late/static/tracker.js");
    let frame_first = async {
        watched.host.holds("/p/late/static/tracker.js", 1).await;
        watched.host.asked_for("/ran", 1).await;
        watched.host.let_pass("/p/late/static/tracker.js");
    };
    tokio::join!(watched.goto("/p/outer"), frame_first);
    watched.host.heard(1).await;
    frame_is(&watched, "ignored").await;
    watched.browser.push("/p/outer/node/n1").await;
    watched.host.heard(2).await;
    watched.run("return fetch('/ping').then(() => true)").await;
    assert_eq!(watched.host.requests().iter().filter(|request| request.starts_with("POST")).count(), 2);
    assert_eq!(watched.devices().len(), 1);
    holds(watched.browser).await
}

async fn a_frame_of_a_page_that_is_not_counted_is_a_view(engine: Engine) -> BehaviourOutcome {
    let frame = "<iframe src='/p/acme' width='700'></iframe>";
    let watched =
        WatchedBrowser::counted_at(engine, "/portal", TestSiteBuilder::new().plain("/portal", frame)).await;
    watched.run("frames[0].history.pushState({}, '', '/p/acme/node/n1')").await;
    watched.host.heard(2).await;
    watched.arrived(&["/p/$projectId", "/p/$projectId/node/$name"]).await;
    assert!(watched.host.beacons().iter().all(|view| view.event.device_size.as_str() == "sm"));
    holds(watched.browser).await
}

async fn a_document_without_an_address_is_no_view(engine: Engine) -> BehaviourOutcome {
    let frames = format!("<iframe srcdoc='{SCRIPT}'></iframe><iframe name='empty'></iframe>");
    let watched =
        WatchedBrowser::at(engine, "/portal", TestSiteBuilder::new().plain("/portal", &frames)).await;
    frame_is(&watched, "ignored").await;
    let write = "const { document } = window.empty
         const script = document.createElement('script')
         script.type = 'module'
         script.src = '/static/tracker.js'
         document.head.append(script)
         return new Promise(resolve => { script.onload = () => resolve(true) })";
    watched.run(write).await;
    let status = "return window.empty[Symbol.for('headcount')].status().state";
    assert_eq!(watched.run(status).await, json!("ignored"));
    assert_eq!(watched.host.asked(PROGRAM), 0);
    assert_eq!(watched.run("return localStorage.length").await, json!(0));
    watched.goto("/p/acme").await;
    watched.arrived(&["/p/$projectId"]).await;
    holds(watched.browser).await
}
