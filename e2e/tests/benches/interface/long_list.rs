//! Measures the longest frame while 10,000 applications arrive, and while they are sorted, filtered and searched.

use anyhow::Context;
use headcount_harness::browser::Browser;
use headcount_measures::{MeasureRun, SortedFigures};
use serde_json::json;

use super::many_applications::{APPLICATIONS, ManyApplications};

/// How often everything is done.
const ROUNDS: usize = 7;

/// The columns of the table.
const COLUMNS: usize = 8;

/// What is typed, a letter at a time.
const SEARCHED: &str = "checkout-service";

/// The values of the filter, in the order in which they are chosen. The last one shows all.
const FILTERS: [&str; 6] = ["critical", "warning", "healthy", "unknown", "failing", ""];

const FRAMES: &str = include_str!("../fleet_pages/frames.js");

/// The part of the page with the applications, and how many rows it shows.
const LIST: &str = "
    const list = () => document.getElementById('applications-title')?.parentElement
    const rows = () => list()?.querySelectorAll('tbody tr').length ?? 0
    const change = (selector, kind, value) => {
        const field = list().querySelector(selector)
        field.value = value
        field.dispatchEvent(new Event(kind, { bubbles: true }))
    }";

/// Opens the page of the project from the overview.
const OPENED: &str =
    "return longestFrame(() => document.querySelector('main h2 a').click(), () => rows() > 0, 60)";

/// Half a minute passes at once, so that the page asks again. It has read the answer within the frames after that.
const ASKED_AGAIN: &str = "
    const now = Date.now
    performance.clearResourceTimings()
    const isThere = entry => entry.name.endsWith('/applications') && entry.responseEnd > 0
    return longestFrame(() => { Date.now = () => now() + 31_000 },
        () => performance.getEntriesByType('resource').some(isThere), 60)";

/// What happens to the list.
struct ListChange {
    name: String,
    script: String,
}

/// Measures and prints the longest frames of what takes longest.
pub(crate) async fn measure(browser: &Browser, measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nmilliseconds of the longest frame with {APPLICATIONS} applications, {ROUNDS} rounds");
    let server = ManyApplications::start().await?;
    let (arrivals, changes) = (arrivals(), changes());
    let mut of_arrivals = vec![Vec::new(); arrivals.len()];
    let mut of_changes = vec![Vec::new(); changes.len()];
    for _ in 0..ROUNDS {
        browser.visit(&server.process, "").await;
        browser.wait_for("return document.querySelector('main h2 a') !== null").await;
        add_longest(browser, &arrivals, &mut of_arrivals).await?;
        add_longest(browser, &changes, &mut of_changes).await?;
    }
    server.end().await?;
    for (measure, changes, figures) in [
        ("interface: ms of the longest frame while 10,000 applications arrive", arrivals, of_arrivals),
        ("interface: ms of the longest frame while they are sorted and filtered", changes, of_changes),
    ] {
        let figures: Vec<SortedFigures> = figures.into_iter().map(SortedFigures::new).collect();
        for (ListChange { name, .. }, figures) in changes.iter().zip(&figures) {
            println!("    {name:<40} {figures}");
        }
        measures.record(measure, SortedFigures::slowest(figures).context("there are changes")?)?;
    }
    Ok(())
}

/// Makes changes, and adds the longest frame of each to its figures.
async fn add_longest(
    browser: &Browser,
    changes: &[ListChange],
    figures: &mut [Vec<f64>],
) -> anyhow::Result<()> {
    for (ListChange { script, .. }, figures) in changes.iter().zip(figures) {
        let frame = browser.run(&format!("{FRAMES}; {LIST}; {script}")).await;
        figures.push(frame.as_f64().context("a frame takes time")?);
    }
    Ok(())
}

/// The list is opened, and asked for again.
fn arrivals() -> Vec<ListChange> {
    let arrival = |name: &str, script: &str| ListChange { name: name.to_owned(), script: script.to_owned() };
    vec![arrival("opened", OPENED), arrival("asked for again", ASKED_AGAIN)]
}

/// What a user does: sorts by every column in both directions, chooses every filter, and types and deletes a text.
fn changes() -> Vec<ListChange> {
    let change = |name: String, act: String| ListChange {
        name,
        script: format!("return longestFrame(() => {act}, () => true)"),
    };
    let sorts = (0..COLUMNS).flat_map(|place| [place; 2]).map(|place| {
        let act = format!("list().querySelectorAll('thead button')[{place}].click()");
        change(format!("sorted by column {place}"), act)
    });
    let filters = FILTERS.iter().map(|value| {
        change(format!("filtered by {value:?}"), format!("change('select', 'change', {})", json!(value)))
    });
    let typed = (1..=SEARCHED.len()).chain((0..SEARCHED.len()).rev()).map(|length| {
        let text = SEARCHED.get(..length).unwrap_or_default();
        change(format!("searched for {text:?}"), format!("change('input', 'input', {})", json!(text)))
    });
    sorts.chain(filters).chain(typed).collect()
}
