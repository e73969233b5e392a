//! Are the example applications counted by one server, page by page?

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
};

use headcount_e2e::{
    browser::{Browser, Engine},
    in_every_engine, site,
    site::Site,
    wait::{SOON, eventually},
};
use headcount_shared::breakpoint::Breakpoint;
use serde_json::json;

use crate::scene::Scene;

in_every_engine!(one_server_counts_all_examples);

/// The width of pages, the applications, the size that each gives to that width, and its template of everything else.
const WIDTH: u32 = 1270;
const EXAMPLES: [(&str, Breakpoint, &str); 3] = [
    ("vue2-vuetify2", Breakpoint::Lg, "/*"),
    ("vue3-vuetify3", Breakpoint::Md, "/$rest"),
    ("react-router", Breakpoint::Lg, "/*"),
];

/// The links that are clicked one after another from the first page on, and under which key each page is counted.
const CLICKS: [(&str, &str); 5] = [
    ("/projects/shop", "/projects/$project"),
    ("/projects/shop/apps/checkout", "/projects/$project/apps/$app"),
    ("/projects/shop/apps/checkout/latency", "/projects/$project/apps/$app/latency"),
    ("/projects/shop/apps/checkout/logs", "/projects/$project/apps/$app/logs"),
    ("/", "/"),
];

async fn one_server_counts_all_examples(engine: Engine) {
    let scene = Scene::new();
    let table = scene.path("routes");
    fs::write(&table, site::tables(&EXAMPLES.map(|(name, ..)| name)).unwrap()).unwrap();
    let server = scene.server_to("http://127.0.0.1:9/").flag("--routes", &table).start().await.unwrap();
    let browser = Browser::open(engine, WIDTH).await;
    let mut page_views = BTreeMap::<String, u64>::new();
    let mut sizes = BTreeMap::<Breakpoint, u64>::new();
    for (name, size, rest) in EXAMPLES {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let site = Site::passing_on(name, listen, &server).await.unwrap();
        *sizes.entry(size).or_default() += 1;
        for key in visit(&browser, &site).await.into_iter().chain([rest.to_owned()]) {
            *page_views.entry(key).or_default() += 1;
        }
        assert!(shows(&browser, size).await, "{name} should show that the display is {size:?}");
        if engine != Engine::WebKit {
            assert_eq!(browser.errors().await, Vec::<String>::new(), "{name}");
        }
        let counted = async || {
            let counted: u64 = scene.preview(&server).await.ux.page_views.values().sum();
            (counted >= page_views.values().sum()).then_some(())
        };
        // What is missing is told below.
        eventually("the views are counted", SOON, counted).await.ok();
        assert_eq!(scene.preview(&server).await.ux.page_views, page_views, "after {name}");
    }
    let ux = scene.preview(&server).await.ux;
    assert_eq!(ux.users.len(), EXAMPLES.len(), "an origin is a browser");
    let counted = ux.users_by_screen_size.into_iter().filter(|(_, users)| *users > 0);
    assert_eq!(counted.collect::<BTreeMap<_, _>>(), sizes);
    browser.close().await;
}

/// Clicks through an application and ends on a page that does not exist. Gives the keys of all pages but that one.
async fn visit(browser: &Browser, site: &Site) -> Vec<String> {
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

/// Whether the page says that the display has this size.
async fn shows(browser: &Browser, size: Breakpoint) -> bool {
    let words = format!("Display size {} at {WIDTH} px", size.as_str());
    let text = browser.run("return document.body.innerText.replace(/\\s+/g, ' ')").await;
    text.as_str().is_some_and(|text| text.contains(&words))
}
