//! Tests that the tracker computes the size of a page as each version of Vuetify does.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
};

use headcount_harness::{
    browser::{Browser, Engine},
    example_site::ExampleSite,
    in_every_engine,
    wait::{SOON, eventually},
};
use headcount_shared::breakpoint::Breakpoint;
use serde::Deserialize;
use serde_json::json;

in_every_engine!(
    every_version_of_vuetify_and_the_tracker_agree_on_every_width,
    every_version_of_vuetify_and_the_tracker_agree_beside_a_scroll_bar,
);

/// The width of a phone.
const TELEPHONE: u32 = 412;

/// The versions, with the number of sizes of each.
const VERSIONS: [(&str, usize); 4] = [("vuetify1", 5), ("vuetify2", 5), ("vuetify3", 6), ("vuetify4", 6)];

/// Both sides of every threshold of every version.
const WIDTHS: [u32; 25] = [
    320, 599, 600, 601, 839, 840, 959, 960, 1144, 1145, 1263, 1264, 1279, 1280, 1544, 1545, 1903, 1904, 1919,
    1920, 2137, 2138, 2559, 2560, 3840,
];

/// What Vuetify reports in a page.
#[derive(Debug, Deserialize)]
struct VuetifyDisplay {
    size: Breakpoint,
    /// The width of the page with its scroll bar.
    inner: u32,
    /// The width of the page without it.
    client: u32,
}

/// Whether a scroll bar takes space from the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScrollBar {
    None,
    Classic,
}

async fn every_version_of_vuetify_and_the_tracker_agree_on_every_width(engine: Engine) {
    agree(engine, ScrollBar::None).await;
}

async fn every_version_of_vuetify_and_the_tracker_agree_beside_a_scroll_bar(engine: Engine) {
    agree(engine, ScrollBar::Classic).await;
}

async fn agree(engine: Engine, bar: ScrollBar) {
    let site = ExampleSite::keeping("vuetify", SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let browser = Browser::open(engine, 1400).await;
    for (version, sizes) in VERSIONS {
        let said = said(&browser, &site, version, bar).await;
        for (width, page) in &said {
            assert_eq!(page.inner, *width, "{version}");
            let beside_a_bar = page.client < page.inner;
            assert_eq!(beside_a_bar, bar == ScrollBar::Classic, "{version} at {width}: {page:?}");
        }
        let sizes_said: BTreeMap<u32, Breakpoint> =
            said.iter().map(|(width, page)| (*width, page.size)).collect();
        assert_eq!(sizes_said.values().collect::<BTreeSet<_>>().len(), sizes, "{version}: {said:?}");
        let counted = counted(&site, version).await;
        // Vuetify 4 uses a media query, and WebKit leaves the scroll bar out of those.
        assert_eq!(counted, sizes_said, "{version}");
    }
    browser.close().await;
}

/// A phone makes its window wider than the screen for a page that does not fit.
#[tokio::test]
async fn every_version_of_vuetify_and_the_tracker_agree_on_a_page_that_is_wider_than_a_telephone() {
    let browser = Browser::open_own(Engine::Chromium, 1400).await;
    let telephone = json!({ "width": TELEPHONE, "height": 800, "deviceScaleFactor": 2, "mobile": true });
    browser.devtools("Emulation.setDeviceMetricsOverride", telephone).await;
    for (version, _) in VERSIONS {
        // Wide content in the page before its program runs, and wide content that the program adds.
        for wide in ["is-wide", "grows"] {
            let site =
                ExampleSite::keeping("vuetify", SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
            browser.goto(&site.url(&format!("/{version}/{TELEPHONE}?widths={TELEPHONE}&{wide}"))).await;
            browser.wait_for("return window.vuetify !== undefined").await;
            assert!(browser.run("return innerWidth").await.as_u64().unwrap() > 1000, "{version} {wide}");
            let counted = eventually("the page is counted", SOON, async || site.views().unwrap().pop()).await;
            let said = browser.run("return vuetify.size").await;
            assert_eq!(said, json!(counted.unwrap().device_size), "{version} {wide}");
        }
    }
    browser.close().await;
}

/// What a version reports at each width. The pages are in frames, whose widths are exact.
async fn said(
    browser: &Browser,
    site: &ExampleSite,
    version: &str,
    bar: ScrollBar,
) -> BTreeMap<u32, VuetifyDisplay> {
    browser.goto(&site.url("/")).await;
    let bar = if bar == ScrollBar::Classic { "&scrolls" } else { "" };
    let script = format!(
        "window.pages = {}.map(width => {{
            const page = document.createElement('iframe')
            page.width = width
            page.style.border = 0
            page.src = `/{version}/${{width}}?widths={}{bar}`
            document.body.append(page)
            return page
        }})",
        json!(WIDTHS),
        WIDTHS.map(|width| width.to_string()).join("+"),
    );
    browser.run(&script).await;
    browser.wait_for("return pages.every(page => page.contentWindow.vuetify)").await;
    let said = browser.run("return pages.map(page => page.contentWindow.vuetify)").await;
    let said: Vec<VuetifyDisplay> = serde_json::from_value(said).unwrap();
    WIDTHS.into_iter().zip(said).collect()
}

/// The sizes with which the pages of a version were counted, by their widths.
async fn counted(site: &ExampleSite, version: &str) -> BTreeMap<u32, Breakpoint> {
    let counted = async || {
        let views = site.views().unwrap();
        let width = |path: &str| path.strip_prefix(&format!("/{version}/"))?.parse().ok();
        let sizes: BTreeMap<u32, Breakpoint> =
            views.iter().filter_map(|view| Some((width(&view.path)?, view.device_size))).collect();
        (sizes.len() == WIDTHS.len()).then_some(sizes)
    };
    eventually("the pages are counted", SOON, counted).await.unwrap()
}
