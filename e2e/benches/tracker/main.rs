//! The measures that the tracker has to keep, in real browsers: `make bench`.
//!
//! `cargo bench -p headcount-e2e --bench tracker -- sizes arrival navigation`, or any of these. The tracker is the one in
//! `frontend-tracker/dist`, as `.ci/wasm` builds it. What it is compared with is `control.js`.
#![expect(clippy::print_stdout, reason = "it prints its figures")]

mod arrival;
mod figures;
mod files;
mod navigation;
mod site;
mod sizes;

use anyhow::Context;
use headcount_e2e::browser::{Browser, Engine};

use self::files::Files;

/// The width of all pages, in CSS pixels: `lg`.
const WIDTH: u32 = 1400;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let chosen = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    let files = Files::built()?;
    print_environment().await?;
    if chosen("sizes") {
        sizes::print(&files)?;
    }
    if chosen("arrival") {
        arrival::of_the_first_view(&files).await?;
    }
    if chosen("navigation") {
        navigation::on_the_main_thread(&files).await?;
    }
    Ok(())
}

async fn print_environment() -> anyhow::Result<()> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").context("no /proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").context("no kernel release")?;
    let load = std::fs::read_to_string("/proc/loadavg").context("no load")?;
    println!(
        "processor        {} × {}",
        std::thread::available_parallelism()?,
        model.map_or("unknown", |(_, name)| name)
    );
    println!("kernel           Linux {}", kernel.trim());
    println!("load before      {}", load.trim());
    println!("scheduling       {}", scheduling()?);
    for engine in Engine::ALL {
        let browser = Browser::open_own(engine, WIDTH).await;
        println!("{engine:<16} {}", browser.version());
        browser.close().await;
    }
    Ok(())
}

/// Whether this program and its browsers wait for a core when others want one. The clock goes on while they do.
fn scheduling() -> anyhow::Result<&'static str> {
    const ORDINARY: u32 = 0;
    let policy = procfs::process::Process::myself()?.stat()?.policy;
    Ok(match policy {
        Some(ORDINARY) | None => "ordinary: a figure has waits for a core in it",
        Some(_) => "before ordinary programs",
    })
}
