//! Measures when the first picture of a page is there, on a slow network and a slow processor, with nothing
//! cached.

use anyhow::Context;
use headcount_harness::browser::{Browser, SlowDevice};
use headcount_measures::{MeasureRun, SortedFigures};

use super::filled_collector::{FilledCollector, PAGES};

const ROUNDS: usize = 5;

/// Measures and prints the time from the beginning of a navigation to the first text or graphic.
pub(crate) async fn measure(
    browser: &Browser,
    collector: &FilledCollector,
    measures: &mut MeasureRun,
) -> anyhow::Result<()> {
    println!("\nmilliseconds to the first picture, {}, {ROUNDS} rounds", SlowDevice::FAR);
    browser.slow_down(SlowDevice::FAR).await;
    let mut of_pages = Vec::new();
    for page in PAGES {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            browser.clear_cache().await;
            collector.show(browser, page).await?;
            times.push(browser.first_picture().await);
        }
        let times = SortedFigures::new(times);
        println!("    {page:<14} {times}");
        of_pages.push(times);
    }
    let slowest = SortedFigures::slowest(of_pages).context("there are pages")?;
    measures.record("pages: ms to the first picture of the slowest, 150 ms round trip", slowest)
}
