//! `POST /stats`: requests a second, and CPU time a request.

use super::{
    load::{self, Events},
    median,
    server::Server,
};

const PAIRS: usize = 11;
const EVENTS: u64 = 60_000;
const WARM_UP: u64 = 10_000;

/// The figures of one run.
struct Run {
    requests_a_second: f64,
    cpu_micros: f64,
}

/// The journal is on; the baseline only parses.
pub(crate) fn against_a_bare_handler() -> anyhow::Result<()> {
    println!("\nPOST /stats against a handler that reads, parses and answers 204");
    let headcount = Server::headcount(&[])?;
    let baseline = Server::baseline()?;
    let (throughput, cpu) = compare(&headcount, &baseline)?;
    print_ratio("requests a second, headcount / bare", throughput, "at least 0.8");
    print_ratio("CPU time a request, headcount / bare", cpu, "no bound");
    Ok(())
}

/// The same server with the CPU profile and the heap profile on and off.
pub(crate) fn with_and_without_profiling() -> anyhow::Result<()> {
    println!("\nprofiling on against off");
    let on = Server::headcount(&[])?;
    let off = Server::headcount(&["--disable-profiling"])?;
    let (throughput, cpu) = compare(&on, &off)?;
    print_ratio("requests a second, on / off", throughput, "at least 0.98");
    print_ratio("CPU time a request, on / off", cpu, "no bound");
    Ok(())
}

/// The ratios of requests a second and of CPU time a request, pair by pair.
fn compare(one: &Server, other: &Server) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
    for server in [one, other] {
        load::send(&server.address, WARM_UP, Events::Usual)?;
    }
    let (mut throughput, mut cpu) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        // Whoever goes first has an advantage on some machines.
        let (first, second) = if pair % 2 == 0 { (one, other) } else { (other, one) };
        let (first, second) = (run(first)?, run(second)?);
        let (of_one, of_other) = if pair % 2 == 0 { (first, second) } else { (second, first) };
        throughput.push(of_one.requests_a_second / of_other.requests_a_second);
        cpu.push(of_one.cpu_micros / of_other.cpu_micros);
    }
    Ok((throughput, cpu))
}

fn run(server: &Server) -> anyhow::Result<Run> {
    let cpu_before = server.cpu_time()?;
    let took = load::send(&server.address, EVENTS, Events::Usual)?;
    let cpu = server.cpu_time()? - cpu_before;
    Ok(Run {
        requests_a_second: EVENTS as f64 / took.as_secs_f64(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / EVENTS as f64,
    })
}

fn print_ratio(what: &str, ratios: Vec<f64>, bound: &str) {
    let (median, least, most) = median(ratios);
    println!("  {what:<40} {median:.3} ({least:.3} to {most:.3} in {PAIRS} pairs; {bound})");
}
