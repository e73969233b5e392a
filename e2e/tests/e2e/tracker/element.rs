//! Tests that the script finds its own element, or reports that it does not.

use headcount_harness::{
    browser::Engine,
    test_site::{PLAIN, TestSiteBuilder},
};
use serde_json::json;

use super::watched::WatchedBrowser;
use crate::behaviour_outcome::{BehaviourOutcome, behaviours, holds};

behaviours!(
    a_script_that_is_redirected_has_its_options,
    a_script_that_is_redirected_to_another_name_is_counted,
    a_script_whose_element_is_gone_counts_and_stores_nothing,
    a_script_whose_address_has_credentials_has_its_options,
    a_script_that_another_module_starts_has_the_options_of_that,
);

/// The key of the UUID of the installation at the root.
const KEY: &str = "headcount-device-id:/";

/// A page with a script that adds the tracker's element or imports the tracker.
async fn at(engine: Engine, html: &str) -> WatchedBrowser {
    let setting = TestSiteBuilder::new()
        .plain("/p/acme", html)
        .redirect("/moved/tracker.js", "/static/tracker.js")
        .redirect("/assets/usage", "/static/tracker.js");
    let watched = WatchedBrowser::at(engine, "/p/acme", setting).await;
    watched.host.heard(1).await;
    watched
}

/// The page of every view, and whether its UUID is ephemeral.
fn said(watched: &WatchedBrowser) -> Vec<(String, bool)> {
    watched.host.beacons().into_iter().map(|view| (view.event.path, view.event.ephemeral)).collect()
}

async fn stored(watched: &WatchedBrowser) -> serde_json::Value {
    watched.run("return Object.keys(localStorage)").await
}

async fn a_script_that_is_redirected_has_its_options(engine: Engine) -> BehaviourOutcome {
    let html = "<script type='module' src='/moved/tracker.js' data-routes='/p/:customer'></script>";
    let watched = at(engine, html).await;
    assert_eq!(said(&watched), [("/p/$customer".to_owned(), false)]);
    assert_eq!(stored(&watched).await, json!([KEY]));
    watched.is_quiet(0).await;
    holds(watched.browser).await
}

async fn a_script_that_is_redirected_to_another_name_is_counted(engine: Engine) -> BehaviourOutcome {
    let watched = at(engine, "<script type='module' src='/assets/usage'></script>").await;
    // Its route table comes from the server; here there is none.
    assert_eq!(said(&watched), [("(unmatched)".to_owned(), false)]);
    watched.is_quiet(0).await;
    watched.goto(PLAIN).await;
    let with_routes = "const script = document.createElement('script')
        script.type = 'module'
        script.src = '/assets/usage'
        script.dataset.routes = '/plain'
        document.head.append(script)";
    watched.run(with_routes).await;
    watched.arrived(&["(unmatched)", "/plain"]).await;
    holds(watched.browser).await
}

async fn a_script_whose_element_is_gone_counts_and_stores_nothing(engine: Engine) -> BehaviourOutcome {
    let html = "<script>
        const script = document.createElement('script')
        script.type = 'module'
        script.src = '/static/tracker.js'
        document.head.append(script)
        script.remove()
    </script>";
    let watched = at(engine, html).await;
    assert_eq!(said(&watched), [("(unmatched)".to_owned(), true)]);
    assert_eq!(stored(&watched).await, json!([]));
    let lines = watched.run("return seen.lines").await;
    assert_eq!(lines, json!(["warn headcount: the element of its script is gone, and with it all options"]));
    watched.is_quiet(1).await;
    holds(watched.browser).await
}

async fn a_script_whose_address_has_credentials_has_its_options(engine: Engine) -> BehaviourOutcome {
    let html = "<script>
        const script = document.createElement('script')
        script.type = 'module'
        script.src = location.origin.replace('//', '//name:secret@') + '/static/tracker.js'
        script.dataset.routes = '/p/:customer'
        document.head.append(script)
    </script>";
    let watched = at(engine, html).await;
    assert_eq!(said(&watched), [("/p/$customer".to_owned(), false)]);
    assert_eq!(stored(&watched).await, json!([KEY]));
    holds(watched.browser).await
}

async fn a_script_that_another_module_starts_has_the_options_of_that(engine: Engine) -> BehaviourOutcome {
    let html = "<script type='module'>
        import { start } from '/static/tracker.js'
        start({ endpoint: '/stats', routes: ['/p/:customer'] })
    </script>";
    let watched = at(engine, html).await;
    assert_eq!(said(&watched), [("/p/$customer".to_owned(), false)]);
    watched.is_quiet(0).await;
    holds(watched.browser).await
}
