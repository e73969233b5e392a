//! Measures the longest frame while a filter of a page changes: how long the page does not move.

use anyhow::Context;
use headcount_harness::browser::Browser;
use headcount_measures::{MeasureRun, SortedFigures};
use serde_json::json;

use super::filled_collector::{FilledCollector, PAGES};

/// The changes of the filter of each page.
const CHANGES: usize = 8;

const FRAMES: &str = include_str!("frames.js");

/// Chooses the first day.
const CHANGED: &str = "
    const form = document.querySelector('main form.filters')
    form.elements.from.value = day
    const isShown = () => new URLSearchParams(location.search).get('from') === day
    const isDone = () => isShown() && !document.querySelector('main').hasAttribute('aria-busy')
    return longestFrame(() => form.requestSubmit(), isDone)";

/// Measures and prints the longest frame of each page.
pub(crate) async fn measure(
    browser: &Browser,
    collector: &FilledCollector,
    measures: &mut MeasureRun,
) -> anyhow::Result<()> {
    println!("\nmilliseconds of the longest frame while a filter changes, {CHANGES} changes");
    let mut of_pages = Vec::new();
    for page in PAGES {
        collector.show(browser, page).await?;
        // The program has taken over.
        browser.wait_for("return document.querySelector('body > div [role=status]') !== null").await;
        let mut longest = Vec::new();
        for change in 0..CHANGES {
            let day = collector.days.get((change + 1) % 2).context("a fleet has days")?;
            let changed = format!("{FRAMES}; const day = {}; {CHANGED}", json!(day));
            longest.push(browser.run(&changed).await.as_f64().context("a frame takes time")?);
        }
        let longest = SortedFigures::new(longest);
        println!("    {page:<14} {longest}");
        of_pages.push(longest);
    }
    let slowest = SortedFigures::slowest(of_pages).context("there are pages")?;
    measures.record("pages: ms of the longest frame while a filter changes, slowest page", slowest)
}
