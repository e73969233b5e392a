//! Measures `POST /stats`: requests a second, and CPU time a request.

use headcount_measures::{MeasureRun, SortedFigures};

use super::{
    load::{self, EventMix},
    server::BenchServer,
};

const PAIRS: usize = 11;
const EVENTS: u64 = 60_000;
const WARM_UP: u64 = 10_000;

/// The figures of one run.
struct IntakeRun {
    requests_a_second: f64,
    cpu_micros: f64,
}

/// The journal is on; the baseline only parses.
pub(crate) fn against_a_bare_handler(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nPOST /stats against a handler that reads, parses and answers 204");
    let headcount = BenchServer::headcount(&[])?;
    let baseline = BenchServer::baseline()?;
    let (throughput, cpu) = compare(&headcount, &baseline)?;
    measures.record("POST /stats: requests a second, server / bare handler", throughput)?;
    measures.record("POST /stats: CPU time a request, server / bare handler", cpu)
}

/// The same server with the CPU profile and the heap profile on and off.
pub(crate) fn with_and_without_profiling(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nprofiling on against off");
    let on = BenchServer::headcount(&[])?;
    let off = BenchServer::headcount(&["--disable-profiling"])?;
    let (throughput, cpu) = compare(&on, &off)?;
    measures.record("POST /stats: requests a second, profiling on / off", throughput)?;
    measures.record("POST /stats: CPU time a request, profiling on / off", cpu)
}

/// The ratios of requests a second and of CPU time a request, pair by pair.
fn compare(one: &BenchServer, other: &BenchServer) -> anyhow::Result<(SortedFigures, SortedFigures)> {
    for server in [one, other] {
        load::send(&server.address, WARM_UP, EventMix::Usual)?;
    }
    let (mut throughput, mut cpu) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        // The first of a pair has an advantage on some machines.
        let (first, second) = if pair % 2 == 0 { (one, other) } else { (other, one) };
        let (first, second) = (run(first)?, run(second)?);
        let (of_one, of_other) = if pair % 2 == 0 { (first, second) } else { (second, first) };
        throughput.push(of_one.requests_a_second / of_other.requests_a_second);
        cpu.push(of_one.cpu_micros / of_other.cpu_micros);
    }
    Ok((SortedFigures::new(throughput), SortedFigures::new(cpu)))
}

fn run(server: &BenchServer) -> anyhow::Result<IntakeRun> {
    let cpu_before = server.cpu_time()?;
    let took = load::send(&server.address, EVENTS, EventMix::Usual)?;
    let cpu = server.cpu_time()? - cpu_before;
    Ok(IntakeRun {
        requests_a_second: EVENTS as f64 / took.as_secs_f64(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / EVENTS as f64,
    })
}
