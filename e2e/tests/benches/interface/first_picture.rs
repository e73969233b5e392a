//! Measures when the first picture of a page is there, and when its heading is, on a slow network and a slow processor,
//! with nothing cached.

use anyhow::Context;
use headcount_harness::browser::{Browser, SlowDevice};
use headcount_measures::{MeasureRun, SortedFigures};
use serde_json::json;

use super::observed_server::ObservedServer;

const ROUNDS: usize = 5;

/// Notes when the program has written the heading of the page.
const NOTED: &str = "
    new MutationObserver((_, observer) => {
        if (document.querySelector('main h1') === null) return
        window.headingAt = performance.now()
        observer.disconnect()
    }).observe(document, { childList: true, subtree: true })";

/// Measures and prints the time from the beginning of a navigation to the first text or graphic, and to the heading.
pub(crate) async fn measure(
    browser: &Browser,
    server: &ObservedServer,
    measures: &mut MeasureRun,
) -> anyhow::Result<()> {
    println!("\nmilliseconds to the first picture and to the heading, {}, {ROUNDS} rounds", SlowDevice::FAR);
    browser.sign_in(&server.process).await;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": NOTED })).await;
    browser.slow_down(SlowDevice::FAR).await;
    let (mut pictures, mut headings) = (Vec::new(), Vec::new());
    for page in server.pages() {
        let (mut first, mut heading) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            browser.clear_cache().await;
            server.show(browser, &page).await;
            first.push(browser.first_picture().await);
            let at = browser.run("return window.headingAt").await;
            heading.push(at.as_f64().context("a page has a heading")?);
        }
        let (first, heading) = (SortedFigures::new(first), SortedFigures::new(heading));
        println!("    /{page:<60} {first}, heading {heading}");
        pictures.push(first);
        headings.push(heading);
    }
    for (measure, figures) in [
        ("interface: ms to the first picture of the slowest page, 150 ms round trip", pictures),
        ("interface: ms to the heading of the slowest page, 150 ms round trip", headings),
    ] {
        measures.record(measure, SortedFigures::slowest(figures).context("there are pages")?)?;
    }
    Ok(())
}
