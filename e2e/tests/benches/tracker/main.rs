//! Measures the tracker in real browsers: `make bench`.
//!
//! `cargo bench -p headcount-e2e --bench tracker -- sizes arrival navigation`, or any of these. The tracker
//! is the one in `frontend-tracker/dist`, as `.ci/wasm` builds it. What it is compared with is `control.js`.
#![expect(clippy::print_stdout, reason = "it prints its figures")]

mod arrival;
mod files;
mod navigation;
mod site;
mod sizes;

use headcount_harness::browser::{Browser, Engine};
use headcount_measures::{MeasureList, MeasureRun, RunExtent, print_environment};

use self::files::PageAssets;

/// The width of all pages, in CSS pixels: `lg`.
const WIDTH: u32 = 1400;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let chosen = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    let files = PageAssets::built()?;
    print_environment()?;
    print_browsers().await;
    let mut run = MeasureRun::begin(MeasureList::Tracker)?;
    if chosen("sizes") {
        sizes::print(&files, &mut run)?;
    }
    if chosen("arrival") {
        arrival::of_the_first_view(&files, &mut run).await?;
    }
    if chosen("navigation") {
        navigation::on_the_main_thread(&files, &mut run).await?;
    }
    run.finish(if arguments.is_empty() { RunExtent::Whole } else { RunExtent::Chosen })
}

/// Prints the versions of the browsers.
async fn print_browsers() {
    for engine in Engine::ALL {
        let browser = Browser::open_own(engine, WIDTH).await;
        println!("{engine:<16} {}", browser.version());
        browser.close().await;
    }
}
