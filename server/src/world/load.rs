//! From the cache to what the report says, with the time that each stage took.

use std::{io, time::Duration};

use super::{
    auditor::{self, Evidence, POINTS_OF, SUMS_OF},
    cache::{Past, Store},
    catalogue,
    constructor::construct,
    facts::Facts,
    indicators::Indicators,
    inspections::Overrides,
    prices::Prices,
    project::Project,
};
use crate::clock::Clock;

/// What a load came to.
#[derive(Debug)]
pub struct Loaded {
    /// What runs there.
    pub facts: Facts,
    /// The time that each stage took, in order.
    pub stages: Vec<(&'static str, Duration)>,
    /// The time of it all, without the audit.
    pub total: Duration,
    /// The time of the audit.
    pub audit: Duration,
}

/// Loads the world of a project from its cache, and audits it. Touches no network.
///
/// # Errors
/// The cache cannot be read at all.
pub fn load(store: &Store, project: &Project, prices: &Prices, clock: &dyn Clock) -> io::Result<Loaded> {
    let start = clock.monotonic();
    let past = Past { points_of: POINTS_OF, sums_of: SUMS_OF };
    let answers = store.read(catalogue::of_the_world(), past)?;
    let mut before = clock.monotonic();
    let mut stages = vec![("query", before.saturating_sub(start))];
    let world = construct(&answers, project.into(), prices, |stage| {
        let now = clock.monotonic();
        stages.push((stage, now.saturating_sub(before)));
        before = now;
    });
    let facts = Facts::of(&world);
    let loaded = clock.monotonic();
    let audits = auditor::audit(Evidence {
        world: &world,
        indicators: &Indicators::default(),
        overrides: &Overrides::default(),
        deployments: &[],
    });
    let audit = clock.monotonic().saturating_sub(loaded);
    // The report says only how long it took.
    drop(audits);
    Ok(Loaded { facts, stages, total: loaded.saturating_sub(start), audit })
}
