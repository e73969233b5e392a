//! Building a world from answers that are in memory: how long it takes, and how large it is.

mod fleet;

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use anyhow::Context as _;
use headcount::world::{
    answers::Answers,
    catalogue,
    constructor::{Configured, STAGES, construct},
    facts::Facts,
    price::NoPrices,
};

use super::median;

/// How often each world is built.
const TIMES: usize = 15;

/// Fleets of 50, 2,000 and 20,000 containers.
pub(crate) fn of_three_sizes() -> anyhow::Result<()> {
    println!("\nbuilding a world, every family of the catalogue for every container");
    for (nodes, containers) in [(10, 5), (100, 20), (1_000, 20)] {
        of(nodes, containers)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn of(nodes: usize, containers: usize) -> anyhow::Result<()> {
    let answers = fleet::answers(nodes, containers);
    let rows: usize = catalogue::of_the_world().map(|query| answers.table(query).len()).sum();
    let before = resident_mib()?;
    let mut stages = vec![Vec::new(); STAGES.len()];
    let (mut totals, mut facts, mut grown) = (Vec::new(), Vec::new(), 0.0_f64);
    for _ in 0..TIMES {
        let start = Instant::now();
        let (mut last, mut stage) = (start, stages.iter_mut());
        let world = construct(&answers, nothing_configured(&BTreeMap::new()), &NoPrices, |_| {
            let now = Instant::now();
            stage.next().into_iter().for_each(|times| times.push(milliseconds(now - last)));
            last = now;
        });
        totals.push(milliseconds(start.elapsed()));
        let start = Instant::now();
        black_box(Facts::of(&world));
        facts.push(milliseconds(start.elapsed()));
        grown = grown.max(resident_mib()? - before);
    }
    print(nodes, containers, rows, &answers, grown);
    let (total, least, most) = median(totals);
    println!("  built in                                 {total:.2} ms ({least:.2} to {most:.2})");
    for (stage, times) in STAGES.iter().zip(stages) {
        let time = median(times).0;
        if time >= 0.02 {
            println!("    {:<38} {time:.2} ms", stage.name);
        }
    }
    println!("  facts                                    {:.2} ms", median(facts).0);
    Ok(())
}

fn print(nodes: usize, containers: usize, rows: usize, answers: &Answers, grown: f64) {
    println!(
        "  {nodes} nodes, {} containers: {rows} series, {} texts",
        nodes * containers,
        answers.symbols().len()
    );
    println!("  resident memory grew by                  {grown:.1} MiB");
}

fn nothing_configured(nothing: &BTreeMap<String, Vec<String>>) -> Configured<'_> {
    Configured { application_categories: nothing, custom_applications: nothing }
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn resident_mib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("no /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().context("VmRSS is not a number")?;
    Ok(kib / 1024.0)
}
