//! Tests that one server counts the example applications page by page.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
};

use headcount_harness::{
    browser::{Browser, Engine},
    example_site::{self, ExampleSite},
    in_every_engine,
    wait::{SOON, eventually},
};
use headcount_shared::breakpoint::Breakpoint;
use serde_json::json;

use crate::setup::TestSetup;

in_every_engine!(one_server_counts_all_examples);

/// The width of pages; the applications, each with its size at that width and its template for all other
/// paths.
const WIDTH: u32 = 1270;
const EXAMPLES: [(&str, Breakpoint, &str); 3] = [
    ("vue2-vuetify2", Breakpoint::Lg, "/*"),
    ("vue3-vuetify3", Breakpoint::Md, "/$rest"),
    ("react-router", Breakpoint::Lg, "/*"),
];

/// The links to click one after another from the first page on, each with the key of its page.
const CLICKS: [(&str, &str); 5] = [
    ("/projects/shop", "/projects/$project"),
    ("/projects/shop/apps/checkout", "/projects/$project/apps/$app"),
    ("/projects/shop/apps/checkout/latency", "/projects/$project/apps/$app/latency"),
    ("/projects/shop/apps/checkout/logs", "/projects/$project/apps/$app/logs"),
    ("/", "/"),
];

async fn one_server_counts_all_examples(engine: Engine) {
    let setup = TestSetup::new();
    let table = setup.path("routes");
    fs::write(&table, example_site::tables(&EXAMPLES.map(|(name, ..)| name)).unwrap()).unwrap();
    let server = setup.server_to("http://127.0.0.1:9/").flag("--routes", &table).start().await.unwrap();
    let browser = Browser::open(engine, WIDTH).await;
    let mut page_views = BTreeMap::<String, u64>::new();
    let mut sizes = BTreeMap::<Breakpoint, u64>::new();
    for (name, size, rest) in EXAMPLES {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let site = ExampleSite::passing_on(name, listen, &server).await.unwrap();
        *sizes.entry(size).or_default() += 1;
        for key in visit(&browser, &site).await.into_iter().chain([rest.to_owned()]) {
            *page_views.entry(key).or_default() += 1;
        }
        assert!(shows(&browser, size).await, "{name} should show that the display is {size:?}");
        if engine != Engine::WebKit {
            assert_eq!(browser.errors().await, Vec::<String>::new(), "{name}");
        }
        let counted = async || {
            let counted: u64 = setup.preview(&server).await.ux.page_views.values().sum();
            (counted >= page_views.values().sum()).then_some(())
        };
        // The assertions below report what is missing.
        eventually("the views are counted", SOON, counted).await.ok();
        assert_eq!(setup.preview(&server).await.ux.page_views, page_views, "after {name}");
    }
    let ux = setup.preview(&server).await.ux;
    assert_eq!(ux.users.len(), EXAMPLES.len(), "an origin is a browser");
    let counted = ux.users_by_screen_size.into_iter().filter(|(_, users)| *users > 0);
    assert_eq!(counted.collect::<BTreeMap<_, _>>(), sizes);
    browser.close().await;
}

/// Clicks through an application and ends on a page that does not exist. Returns the keys of all pages except
/// that one.
async fn visit(browser: &Browser, site: &ExampleSite) -> Vec<String> {
    browser.goto(&site.url("/")).await;
    let mut keys = vec!["/".to_owned()];
    for (link, key) in CLICKS {
        let found = format!("document.querySelector({})", json!(format!("a[href=\"{link}\"]")));
        browser.wait_for(&format!("return {found} !== null")).await;
        browser.run(&format!("{found}.click()")).await;
        browser.wait_for(&format!("return location.pathname === {}", json!(link))).await;
        keys.push(key.to_owned());
    }
    browser.goto(&site.url("/no/such/page")).await;
    browser.wait_for("return document.body.innerText.includes('Nothing here')").await;
    keys
}

/// Whether the page shows this display size.
async fn shows(browser: &Browser, size: Breakpoint) -> bool {
    let words = format!("Display size {} at {WIDTH} px", size.as_str());
    let text = browser.run("return document.body.innerText.replace(/\\s+/g, ' ')").await;
    text.as_str().is_some_and(|text| text.contains(&words))
}
