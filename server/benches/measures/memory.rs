//! Measures what a flood of random events costs in memory.

use headcount_measures::MeasureRun;

use super::{
    load::{self, EventMix},
    server::BenchServer,
};

/// A million events from random browsers, of random sizes, on random pages; then another million.
pub(crate) fn after_a_million_events(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nrandom events");
    let server = BenchServer::headcount(&[])?;
    load::send(&server.address, 1_000, EventMix::Usual)?;
    let before = server.resident_mib()?;
    println!("  resident before                          {before:.1} MiB");
    for millions in 1..=2 {
        load::send(&server.address, 1_000_000, EventMix::Random)?;
        let grown = server.resident_mib()? - before;
        measures.record(&format!("random page views: MiB that {millions},000,000 add"), grown)?;
    }
    Ok(())
}
