//! Measures an idle server with profiling: memory before and after reports, CPU over a minute.

use std::{thread::sleep, time::Duration};

use headcount_measures::MeasureRun;

use super::server::BenchServer;

const SETTLED: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);

/// A minute with four reports in it, which is 240 times as many as a server makes.
pub(crate) fn for_a_minute(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nidle, profiling on");
    let server = BenchServer::headcount(&["--report-interval=15s", "--first-report-after=15s"])?;
    sleep(SETTLED);
    measures.record("idle: MiB before any report", server.resident_mib()?)?;
    let before = server.cpu_time()?;
    sleep(MINUTE);
    let used = server.cpu_time()? - before;
    measures.record("idle: MiB after four reports", server.resident_mib()?)?;
    measures.record("idle: percent of a core, four reports a minute", 100.0 * used.as_secs_f64() / 60.0)
}
