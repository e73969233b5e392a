//! Measures how long the program in the browser takes to draw a flame graph of many stacks, and to give one
//! of its functions the whole width.

use anyhow::Context;
use headcount_harness::browser::Browser;
use headcount_measures::{MeasureRun, SortedFigures};
use serde_json::json;

use super::{
    filled_collector::FilledCollector,
    many_stacks::{STACKS, graph},
};

/// How often the page is loaded: each time what is measured is the first drawing.
const ROUNDS: usize = 9;

const FRAMES: &str = include_str!("frames.js");

/// Answers the request for the numbers of a graph.
const ANSWERED: &str = "
    const fetched = window.fetch
    window.fetch = (address, ...more) => String(address).includes('api/fleet/profiles/graph')
        ? Promise.resolve(new Response(graph, { headers: { 'Content-Type': 'application/json' } }))
        : fetched(address, ...more)";

/// The program has the numbers of the graph.
const IS_READY: &str = "return document.querySelector('.flames .flame-search input') !== null";

/// Shows the whole graph.
const WHOLE: &str = "
    const click = link => link.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))
    return timeToPaint(() => click(document.querySelector('.flames a.frame')))";

/// Gives the widest function that the root calls the whole width.
const FOCUSED: &str = "
    const click = link => link.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))
    const rows = new Map()
    for (const link of document.querySelectorAll('.flames a.frame')) {
        const row = link.querySelector('rect').getAttribute('y')
        rows.set(row, rows.get(row) ?? link)
    }
    const row = [...rows.keys()].sort((one, other) => one - other)[1]
    return timeToPaint(() => click(rows.get(row)))";

/// Measures and prints both.
pub(crate) async fn measure(
    browser: &Browser,
    collector: &FilledCollector,
    measures: &mut MeasureRun,
) -> anyhow::Result<()> {
    println!("\nmilliseconds until a flame graph of {STACKS} stacks is painted, {ROUNDS} rounds");
    let source = format!("const graph = {}; {ANSWERED}", json!(graph().to_string()));
    let added = browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
    let (mut whole, mut focused) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        collector.show(browser, "profiles").await?;
        browser.wait_for(IS_READY).await;
        for (script, times) in [(WHOLE, &mut whole), (FOCUSED, &mut focused)] {
            let time = browser.run(&format!("{FRAMES}; {script}")).await;
            times.push(time.as_f64().context("drawing takes time")?);
        }
    }
    let identifier = json!({ "identifier": added["identifier"] });
    browser.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier).await;
    measures.record("pages: ms until a flame graph of 6,000 stacks is drawn", SortedFigures::new(whole))?;
    measures.record("pages: ms until a function of it has the whole width", SortedFigures::new(focused))
}
