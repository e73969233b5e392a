//! The measures that the program has to keep, as ratios and sizes from one run: `make bench`.
//!
//! The servers are processes of their own; the load comes from this one. Machines are noisy, so what is compared runs in
//! turn, and the median of the pairs is printed.
#![expect(clippy::print_stdout, reason = "it prints its figures")]

mod answer;
mod baseline;
mod idle;
mod intake;
mod load;
mod memory;
mod server;
mod world;

use anyhow::Context;
use tikv_jemallocator::Jemalloc;

/// The allocator of the program, so that the baseline has it too.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == baseline::ARGUMENT) {
        return baseline::serve();
    }
    let chosen = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    print_environment()?;
    if chosen("intake") {
        intake::against_a_bare_handler()?;
    }
    if chosen("profiling") {
        intake::with_and_without_profiling()?;
    }
    if chosen("answer") {
        answer::of_a_hundred_megabytes()?;
    }
    if chosen("memory") {
        memory::after_a_million_events()?;
    }
    if chosen("idle") {
        idle::for_a_minute()?;
    }
    if chosen("world") {
        world::load_from_the_cache()?;
    }
    if chosen("audit") {
        world::audit_of_what_was_loaded()?;
    }
    if chosen("refresh") {
        world::refresh_of_a_thousand_nodes()?;
    }
    Ok(())
}

fn print_environment() -> anyhow::Result<()> {
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
    Ok(())
}

/// The middle one of some figures, and the smallest and largest.
fn median(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_by(f64::total_cmp);
    let at = |place: usize| figures.get(place).copied().unwrap_or(f64::NAN);
    (at(figures.len() / 2), at(0), at(figures.len().saturating_sub(1)))
}
