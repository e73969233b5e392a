//! An audit of what was loaded, and what the values over time that it needs add to a load.

use std::time::Duration;

use anyhow::ensure;
use headcount::{
    clock::{Clock, SystemClock},
    world::{
        auditor::{self, Evidence, POINTS_OF, SUMS_OF},
        cache::{Past, Store},
        catalogue,
        constructor::construct,
        indicators::Indicators,
        inspections::Overrides,
        prices::Prices,
    },
};

use super::{super::median, SIZES, fill, project};

/// What an audit takes for installations of three sizes, and a load with and without what it needs.
pub(crate) fn audit_of_what_was_loaded() -> anyhow::Result<()> {
    println!("\naudit of a world");
    let past = Past { points_of: POINTS_OF, sums_of: SUMS_OF };
    let mut per_application = Vec::new();
    for (size, most) in SIZES.into_iter().zip(["1 ms", "–", "250 ms"]) {
        let directory = tempfile::tempdir()?;
        let store = fill(directory.path(), size)?;
        let mut pairs = Vec::new();
        // The first pair warms up.
        for _ in 0..=if size.containers > 10_000 { 7 } else { 31 } {
            pairs.push((load(&store, Past::default())?, load(&store, past)?));
        }
        let pairs = pairs.split_off(1);
        let ms = |of: &dyn Fn(&(Measured, Measured)) -> Duration| {
            median(pairs.iter().map(|pair| of(pair).as_secs_f64() * 1e3).collect())
        };
        let applications = pairs.first().map_or(0, |(_, with)| with.applications);
        let (audit, least, longest) = ms(&|(_, with)| with.audit);
        println!(
            "  {:5} nodes, {:6} containers            {audit:.2} ms ({least:.2} to {longest:.2}; at most {most}), \
             {applications} applications",
            size.nodes, size.containers
        );
        let ((without, ..), (with, ..)) = (ms(&|(without, _)| without.load), ms(&|(_, with)| with.load));
        let ratios = pairs.iter().map(|(without, with)| with.load.as_secs_f64() / without.load.as_secs_f64());
        let (ratio, least, most) = median(ratios.collect());
        println!(
            "    a load with values over time           {with:.1} ms; without {without:.1} ms; ratio {ratio:.2} \
             ({least:.2} to {most:.2})"
        );
        per_application.push(audit * 1e3 / applications as f64);
    }
    if let [_, hundred, thousand] = *per_application {
        println!(
            "  an application                           {hundred:.1} µs of 100 nodes, {thousand:.1} µs of 1,000; ratio \
             {:.2} (at most 1.5)",
            thousand / hundred
        );
    }
    Ok(())
}

struct Measured {
    load: Duration,
    audit: Duration,
    applications: usize,
}

/// Loads a world with some values over time, and audits it.
fn load(store: &Store, past: Past<'_>) -> anyhow::Result<Measured> {
    let (clock, project) = (SystemClock::new(), project("http://127.0.0.1:9/"));
    let start = clock.monotonic();
    let answers = store.read(catalogue::of_the_world(), past)?;
    let world = construct(&answers, (&project).into(), &Prices::default(), |_| {});
    let loaded = clock.monotonic();
    let audits = auditor::audit(Evidence {
        world: &world,
        indicators: &Indicators::default(),
        overrides: &Overrides::default(),
        deployments: &[],
    });
    let audit = clock.monotonic() - loaded;
    ensure!(!audits.is_empty(), "the world is empty");
    Ok(Measured { load: loaded - start, audit, applications: audits.len() })
}
