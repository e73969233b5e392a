//! Tests that a report that is open is printed with all its values, and with nothing that only works on a
//! screen.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use headcount_harness::browser::Browser;
use serde_json::{Value, json};

use super::{
    interface_page::{InterfacePage, PAGES},
    shown_installation::ShownInstallation,
};
use crate::page_view::emulate;

/// What of the page is seen, and what is wrong with that on paper.
const SEEN: &str = "
    const is_seen = part => part.checkVisibility({ visibilityProperty: true })
    const all = selector => [...document.querySelectorAll(selector)]
    const texts = parts => parts.map(part => part.textContent.trim().slice(0, 60))
    const is_cut = part => part.scrollHeight > part.clientHeight + 1 && getComputedStyle(part).overflowY !== 'visible'
    return {
        controls: texts(all('button, input, select, textarea, nav a').filter(is_seen)),
        cards: texts(all('main :is(.card, .introduction)').filter(is_seen)),
        values: all('.opened dd.value').length,
        unseen: texts(all('.opened dd.value').filter(part => !is_seen(part))),
        cut: texts(all('.opened pre').filter(is_cut)),
        ground: getComputedStyle(document.body).backgroundColor,
        ink: getComputedStyle(document.querySelector('main')).color,
    }";

/// Opens the newest report, as a reader does.
const OPEN: &str = "document.querySelector('button[aria-label^=\"Read report\"]').click()";

const IS_OPEN: &str = "return document.querySelector('.opened .section') !== null";

async fn seen(browser: &Browser, medium: &str) -> Value {
    emulate(browser, medium, &[("prefers-color-scheme", "dark")]).await;
    browser.run(SEEN).await
}

/// The page that is shown as a file for paper, and its number of pages.
async fn printed(browser: &Browser) -> (Vec<u8>, usize) {
    let answer = browser.devtools("Page.printToPDF", json!({ "printBackground": false })).await;
    let file = STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
    let text = String::from_utf8_lossy(&file);
    let pages = text.matches("/Type /Page\n").count();
    (file, pages)
}

#[tokio::test]
async fn a_report_that_is_open_is_printed_alone_and_whole() {
    let installation = ShownInstallation::shared().await;
    let browser = installation.browser().await;
    let page: &InterfacePage = PAGES.iter().find(|page| page.name == "usage-statistics").unwrap();
    installation.show(&browser, page).await;
    let (_, pages_before) = printed(&browser).await;
    browser.run(OPEN).await;
    browser.wait_for(IS_OPEN).await;

    let on_screen = seen(&browser, "screen").await;
    assert_ne!(on_screen["controls"], json!([]));
    assert_ne!(on_screen["unseen"], json!([]), "on a screen, sections are folded");
    let on_paper = seen(&browser, "print").await;
    assert!(on_paper["values"].as_u64() > Some(30), "{on_paper}");
    assert_eq!(on_paper["controls"], json!([]));
    assert_eq!(on_paper["unseen"], json!([]));
    assert_eq!(on_paper["cut"], json!([]));
    assert_eq!(on_paper["cards"].as_array().unwrap().len(), 1, "{on_paper}");
    assert_eq!(on_paper["ground"], json!("rgba(0, 0, 0, 0)"));
    assert_eq!(on_paper["ink"], json!("rgb(29, 33, 38)"), "dark on white, also for those who prefer dark");

    let (file, pages) = printed(&browser).await;
    assert!(file.starts_with(b"%PDF-"));
    assert!(pages_before > 0 && pages > 1, "{pages_before} pages before, {pages} of the report");
    browser.close().await;
}
