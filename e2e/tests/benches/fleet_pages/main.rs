//! Measures the pages of the fleet in Chromium, against a collector with a simulated fleet: `make bench`.
//!
//! `cargo bench -p headcount-e2e --bench fleet_pages -- sizes first-picture filter-change flame-graph`, or any
//! of these. The collector is the binary `headcount` as `.ci/release` builds it.
#![expect(clippy::print_stdout, reason = "it prints its figures")]

mod filled_collector;
mod filter_change;
mod first_picture;
mod flame_graph;
mod many_stacks;
#[path = "../sizes/program_size.rs"]
mod program_size;

use headcount_harness::browser::{Browser, Engine};
use headcount_measures::{MeasureList, MeasureRun, RunExtent, print_environment};

use self::filled_collector::FilledCollector;

/// The width of all pages, in CSS pixels.
const WIDTH: u32 = 1280;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let chosen = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    print_environment()?;
    let mut run = MeasureRun::begin(MeasureList::Pages)?;
    if chosen("sizes") {
        program_size::measure(&mut run, "pages: bytes of script and program with brotli", "pages")?;
    }
    if chosen("first-picture") || chosen("filter-change") || chosen("flame-graph") {
        let collector = FilledCollector::start().await?;
        let browser = Browser::open_own(Engine::Chromium, WIDTH).await;
        println!("{:<16} {}", Engine::Chromium, browser.version());
        if chosen("filter-change") {
            filter_change::measure(&browser, &collector, &mut run).await?;
        }
        if chosen("flame-graph") {
            flame_graph::measure(&browser, &collector, &mut run).await?;
        }
        // The last one: it slows the browser down.
        if chosen("first-picture") {
            first_picture::measure(&browser, &collector, &mut run).await?;
        }
        browser.close().await;
        collector.end().await?;
    }
    run.finish(if arguments.is_empty() { RunExtent::Whole } else { RunExtent::Chosen })
}
