//! Measures when the first picture of a page is there, on a slow network and a slow processor, with nothing
//! cached.

use anyhow::Context;
use headcount_harness::browser::Browser;
use headcount_measures::{MeasureRun, SortedFigures};
use serde_json::json;

use super::{
    filled_collector::{FilledCollector, PAGES},
    of_slowest,
};

const ROUNDS: usize = 5;

/// Round trip, in milliseconds.
const ROUND_TRIP: u32 = 150;

/// Bytes per second, up and down.
const BANDWIDTH: u32 = 200 * 1024;

/// How many times slower the processor is.
const SLOWED: u32 = 4;

/// The entry of the first picture, once there is one.
const FIRST_PICTURES: &str = "performance.getEntriesByName('first-contentful-paint')";

/// Measures and prints the time from the beginning of a navigation to the first text or graphic.
pub(crate) async fn measure(
    browser: &Browser,
    collector: &FilledCollector,
    measures: &mut MeasureRun,
) -> anyhow::Result<()> {
    println!(
        "\nmilliseconds to the first picture, {ROUND_TRIP} ms round trip, {} KiB/s, processor {SLOWED} times slower, {ROUNDS} rounds",
        BANDWIDTH / 1024
    );
    slow_down(browser).await;
    let mut of_pages = Vec::new();
    for page in PAGES {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            browser.devtools("Network.clearBrowserCache", json!({})).await;
            collector.show(browser, page).await?;
            browser.wait_for(&format!("return {FIRST_PICTURES}.length > 0")).await;
            let time = browser.run(&format!("return {FIRST_PICTURES}[0].startTime")).await;
            times.push(time.as_f64().context("a picture has a time")?);
        }
        let times = SortedFigures::new(times);
        println!("    {page:<14} {times}");
        of_pages.push(times);
    }
    let slowest = of_slowest(of_pages).context("there are pages")?;
    measures.record("pages: ms to the first picture of the slowest, 150 ms round trip", slowest)
}

async fn slow_down(browser: &Browser) {
    browser.devtools("Network.enable", json!({})).await;
    let network = json!({
        "offline": false,
        "latency": ROUND_TRIP,
        "downloadThroughput": BANDWIDTH,
        "uploadThroughput": BANDWIDTH,
    });
    browser.devtools("Network.emulateNetworkConditions", network).await;
    browser.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": SLOWED })).await;
}
