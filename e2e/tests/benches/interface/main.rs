//! Measures the web interface of a server in Chromium: `make bench`.
//!
//! `cargo bench -p headcount-e2e --bench interface -- size long-list interactions memory first-picture`, or any of
//! these. The server is the binary `headcount` as `.ci/release` builds it. It observes a simulated fleet through a real
//! Prometheus.
#![expect(clippy::print_stdout, reason = "it prints its figures")]

mod browsing_memory;
mod first_picture;
mod interactions;
mod long_list;
mod many_applications;
mod observed_server;
#[path = "../sizes/program_size.rs"]
mod program_size;

use headcount_harness::browser::{Browser, Engine};
use headcount_measures::{MeasureList, MeasureRun, RunExtent, print_environment};

use self::observed_server::ObservedServer;

/// The width of all pages, in CSS pixels.
const WIDTH: u32 = 1280;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let chosen = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    print_environment()?;
    let mut run = MeasureRun::begin(MeasureList::Interface)?;
    if chosen("size") {
        program_size::measure(&mut run, "interface: bytes of script and program with brotli", "ui")?;
    }
    if !["long-list", "interactions", "memory", "first-picture"].into_iter().any(chosen) {
        return run.finish(RunExtent::Chosen);
    }
    let browser = Browser::open_own(Engine::Chromium, WIDTH).await;
    println!("{:<16} {}", Engine::Chromium, browser.version());
    if chosen("long-list") {
        long_list::measure(&browser, &mut run).await?;
    }
    if ["interactions", "memory", "first-picture"].into_iter().any(chosen) {
        let server = ObservedServer::start().await?;
        if chosen("interactions") {
            interactions::measure(&browser, &server, &mut run).await?;
        }
        if chosen("memory") {
            browsing_memory::measure(&browser, &server, &mut run).await?;
        }
        // The last one: it slows the browser down.
        if chosen("first-picture") {
            first_picture::measure(&browser, &server, &mut run).await?;
        }
        server.end().await?;
    }
    browser.close().await;
    run.finish(if arguments.is_empty() { RunExtent::Whole } else { RunExtent::Chosen })
}
