//! Measures the audit of a loaded world, and what the values over time that it needs add to the load.

use std::time::Duration;

use anyhow::ensure;
use headcount_health::{
    auditor::{self, AuditInput, POINTS_OF, SUMS_OF},
    inspections::ProjectThresholds,
    sli::{ApplicationSlot, DAY_S, SLOT_S, ServiceLevelIndicators, SlotBatch, SlotSource, slot_before},
};
use headcount_measures::{MeasureRun, SortedFigures};
use headcount_platform::clock::{Clock, SystemClock};
use headcount_prometheus::cache::{PointSelection, SeriesCache};
use headcount_topology::{
    application_key::ApplicationKey, constructor::construct, prices::CloudPrices, queries,
};

use super::{PODS, SyntheticInstallation, TO, fill, project};

/// A measure of the audit: its name in the list of bounds, the installation, and the number of rounds.
struct AuditMeasure {
    name: &'static str,
    installation: SyntheticInstallation,
    rounds: usize,
}

const MEASURED: [AuditMeasure; 4] = [
    AuditMeasure {
        name: "50 containers",
        installation: SyntheticInstallation { nodes: 10, containers: 50, pods: PODS },
        rounds: 31,
    },
    AuditMeasure {
        name: "1335 applications",
        installation: SyntheticInstallation { nodes: 100, containers: 2_670, pods: 2 },
        rounds: 31,
    },
    AuditMeasure {
        name: "2000 containers",
        installation: SyntheticInstallation { nodes: 100, containers: 2_000, pods: PODS },
        rounds: 31,
    },
    AuditMeasure {
        name: "20000 containers",
        installation: SyntheticInstallation { nodes: 1_000, containers: 20_000, pods: PODS },
        rounds: 7,
    },
];

/// The buckets of latency that the agent has, in seconds.
const BUCKETS: [f32; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, f32::INFINITY];

/// Measures an audit for installations of four sizes, and a load with and without the values that the audit
/// needs. Every application has had requests all day.
pub(crate) fn audit_of_what_was_loaded(measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\naudit of a world");
    let past = PointSelection { points_of: POINTS_OF, sums_of: SUMS_OF };
    let mut per_application = Vec::new();
    for AuditMeasure { name, installation, rounds } in MEASURED {
        let directory = tempfile::tempdir()?;
        let store = fill(directory.path(), installation)?;
        let indicators = a_day_of_requests(&store)?;
        let mut pairs = Vec::new();
        // The first pair warms up.
        for _ in 0..=rounds {
            pairs.push((
                round(&store, PointSelection::default(), &indicators)?,
                round(&store, past, &indicators)?,
            ));
        }
        let pairs = pairs.split_off(1);
        let applications = pairs.first().map_or(0, |(_, with)| with.applications);
        let audit: SortedFigures = pairs.iter().map(|(_, with)| with.audit.as_secs_f64() * 1e3).collect();
        let added: SortedFigures = pairs
            .iter()
            .map(|(without, with)| with.load.as_secs_f64() / without.load.as_secs_f64())
            .collect();
        per_application.push(audit.median() / applications as f64);
        measures.record(&format!("audit of {name}: ms"), audit)?;
        measures.record(&format!("audit of {name}: load with values over time / without"), added)?;
    }
    if let [_, _, hundred, thousand] = *per_application {
        measures.record("audit: an application, 1000 nodes / 100 nodes", thousand / hundred)?;
    }
    Ok(())
}

/// Requests to every application in every slot of a day, some of which fail and some of which are slow.
fn a_day_of_requests(store: &SeriesCache) -> anyhow::Result<ServiceLevelIndicators> {
    let answers = store.read(queries::of_the_world(), PointSelection::default())?;
    let world =
        construct(&answers, (&project("http://127.0.0.1:9/")).into(), &CloudPrices::default(), |_| {});
    let keys: Vec<ApplicationKey> = world.applications().map(|(_, app)| app.id.key(&world.texts)).collect();
    let mut indicators = ServiceLevelIndicators::default();
    let newest = slot_before(TO);
    for end in (newest - DAY_S + SLOT_S..=newest).step_by(SLOT_S as usize) {
        let slots = keys.iter().zip(0_u16..).map(|(key, number)| {
            let failed = if number % 50 == 0 { 500.0 } else { f32::from(number % 5) };
            let latency = BUCKETS.iter().zip(1_u8..).map(|(bound, share)| (*bound, 100.0 * f32::from(share)));
            ApplicationSlot {
                application: key.clone(),
                source: SlotSource::Seen,
                end,
                requests: Some([1_200.0, failed]),
                latency: latency.collect(),
            }
        });
        let slots = slots.collect();
        indicators.add(&SlotBatch {
            requests: vec![end],
            latencies: vec![end],
            slots,
            ..SlotBatch::default()
        });
    }
    ensure!(!indicators.is_empty(), "nothing is known of requests");
    Ok(indicators)
}

/// The durations of a load and of the audit of the loaded world.
struct AuditRound {
    load: Duration,
    audit: Duration,
    applications: usize,
}

/// Loads a world with some values over time, and audits it.
fn round(
    store: &SeriesCache,
    past: PointSelection<'_>,
    indicators: &ServiceLevelIndicators,
) -> anyhow::Result<AuditRound> {
    let (clock, project) = (SystemClock::new(), project("http://127.0.0.1:9/"));
    let start = clock.monotonic();
    let answers = store.read(queries::of_the_world(), past)?;
    let world = construct(&answers, (&project).into(), &CloudPrices::default(), |_| {});
    let loaded = clock.monotonic();
    let overrides = &ProjectThresholds::default();
    let audits = auditor::audit(AuditInput { world: &world, indicators, overrides, deployments: &[] });
    let audit = clock.monotonic() - loaded;
    ensure!(!audits.is_empty(), "the world is empty");
    Ok(AuditRound { load: loaded - start, audit, applications: audits.len() })
}
