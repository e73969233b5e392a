//! Measures the server against the bounds of `docs/measures.md`: `make bench`.
//!
//! `cargo bench -p headcount --bench measures -- intake idle`, or any other names of [`main`]. Results are
//! ratios and sizes from one run. The servers are processes of their own; the load comes from this one.
//! Machines are noisy, so what is compared runs in turn, and the median of the pairs counts.
#![expect(clippy::print_stdout, reason = "it prints its figures")]

mod answer;
mod baseline;
mod fleet;
mod idle;
mod intake;
mod load;
mod memory;
mod server;
mod world;

use headcount_measures::{MeasureList, MeasureRun, RunExtent, print_environment};
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
    let mut run = MeasureRun::begin(MeasureList::Server)?;
    if chosen("intake") {
        intake::against_a_bare_handler(&mut run)?;
    }
    if chosen("profiling") {
        intake::with_and_without_profiling(&mut run)?;
    }
    if chosen("answer") {
        answer::of_a_hundred_megabytes(&mut run)?;
    }
    if chosen("memory") {
        memory::after_a_million_events(&mut run)?;
    }
    if chosen("idle") {
        idle::for_a_minute(&mut run)?;
    }
    if chosen("idle-world") {
        world::idle_with_ten_nodes(&mut run)?;
    }
    if chosen("world") {
        world::load_from_the_cache(&mut run)?;
    }
    if chosen("audit") {
        world::audit_of_what_was_loaded(&mut run)?;
    }
    if chosen("refresh") {
        world::refresh_of_a_thousand_nodes(&mut run)?;
    }
    for (name, measure) in fleet::PARTS {
        if chosen("fleet") || chosen(name) {
            measure(&mut run)?;
        }
    }
    run.finish(if arguments.is_empty() { RunExtent::Whole } else { RunExtent::Chosen })
}
