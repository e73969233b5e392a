//! A server that nobody uses, profiling on: memory before and after reports, CPU over a minute.

use std::{thread::sleep, time::Duration};

use super::server::Server;

const SETTLED: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);

/// A minute with four reports in it, which is 240 times as many as a server makes.
pub(crate) fn for_a_minute() -> anyhow::Result<()> {
    println!("\nidle, profiling on");
    let server = Server::headcount(&["--report-interval=15s", "--first-report-after=15s"])?;
    sleep(SETTLED);
    println!("  resident before any report               {:.1} MiB (under 25)", server.resident_mib()?);
    let before = server.cpu_time()?;
    sleep(MINUTE);
    let used = server.cpu_time()? - before;
    println!("  resident after four reports              {:.1} MiB (under 25)", server.resident_mib()?);
    println!(
        "  CPU over a minute with four reports      {:.2} % of a core (under 0.5)",
        100.0 * used.as_secs_f64() / 60.0
    );
    Ok(())
}
