//! From the cache to what the report says and what is to be remembered, with the time that each stage took.

use std::{fmt, io, time::Duration};

use super::{
    auditor::{self, Audit, Evidence, slo},
    cache::Store,
    catalogue::{self, INDICATORS},
    constructor::construct,
    deployments::{NEEDED, by_application},
    facts::Facts,
    indicators::{Batch, Recorded, inbound, slot_before},
    model::{AppId, Application, World},
    prices::Prices,
    project::Project,
    records::{Findings, Recalled},
    status::Status,
    watch::Sight,
};
use crate::clock::Clock;

/// What a load came to.
pub struct Loaded {
    /// What runs there.
    pub facts: Facts,
    /// The time that each stage took, in order.
    pub stages: Vec<(&'static str, Duration)>,
    /// What is to be remembered.
    pub findings: Findings,
    /// The time of it all.
    pub total: Duration,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the findings: they name what runs there.
        formatter
            .debug_struct("Loaded")
            .field("facts", &self.facts)
            .field("stages", &self.stages)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

/// What a load knows from before, and adds to.
pub struct Memory<'m> {
    /// What is known of requests.
    pub recorded: &'m mut Recorded,
    /// What the operator's own queries said of them since the last load.
    pub own: &'m Batch,
    /// What is remembered of the project.
    pub recalled: &'m Recalled,
    /// The distance between two points of the project, in seconds.
    pub step_s: u32,
    /// Gives names for incidents.
    pub new_key: fn() -> String,
}

impl fmt::Debug for Memory<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without what is recalled: it names what runs there.
        formatter.debug_struct("Memory").field("recorded", &self.recorded).finish_non_exhaustive()
    }
}

/// Loads the world of a project from its cache. Touches no network.
///
/// # Errors
/// The cache cannot be read at all.
pub fn load(store: &Store, project: &Project, prices: &Prices, clock: &dyn Clock) -> io::Result<Loaded> {
    load_with(store, project, prices, clock, None)
}

/// The same, and finds out what is to be remembered.
///
/// # Errors
/// The cache cannot be read at all.
pub fn load_with(
    store: &Store,
    project: &Project,
    prices: &Prices,
    clock: &dyn Clock,
    memory: Option<Memory<'_>>,
) -> io::Result<Loaded> {
    let start = clock.monotonic();
    let mut stages = Stages { clock, before: start, times: Vec::new() };
    let answers = store.read(catalogue::of_the_world())?;
    stages.ended("query");
    let world = construct(&answers, project.into(), prices, |stage| stages.ended(stage));
    let facts = Facts::of(&world);
    let findings = memory.map(|memory| find(store, &world, memory, &mut stages)).unwrap_or_default();
    Ok(Loaded { facts, findings, stages: stages.times, total: clock.monotonic().saturating_sub(start) })
}

/// The stages of a load, timed one after another.
struct Stages<'c> {
    clock: &'c dyn Clock,
    before: Duration,
    times: Vec<(&'static str, Duration)>,
}

impl Stages<'_> {
    fn ended(&mut self, stage: &'static str) {
        let now = self.clock.monotonic();
        self.times.push((stage, now.saturating_sub(self.before)));
        self.before = now;
    }
}

fn find(store: &Store, world: &World<'_>, memory: Memory<'_>, stages: &mut Stages<'_>) -> Findings {
    let Memory { recorded, own, recalled, step_s, new_key } = memory;
    record(store, world, recorded, own);
    stages.ended("load_app_sli");
    let now = u32::try_from(stages.clock.wall().as_secs()).unwrap_or(u32::MAX);
    let indicators = recorded.indicators();
    let (overrides, deployments) = (&recalled.overrides, &recalled.deployments);
    let audits = audits(Evidence { world, indicators, overrides, deployments });
    let sight = Sight { world, indicators, recalled, audits: &audits, step_s, now };
    let points = || store.read_with_points(NEEDED.iter().copied()).ok();
    sight.findings(points, new_key, |stage| stages.ended(stage))
}

/// Records what became known of requests.
fn record(store: &Store, world: &World<'_>, recorded: &mut Recorded, own: &Batch) {
    let dropped = recorded.indicators().dropped();
    let mut written = recorded.record(own);
    // Slots are complete every five minutes, and worlds are loaded more often.
    if INDICATORS
        .iter()
        .any(|query| store.to(query).map(slot_before) > recorded.indicators().newest_of(query))
    {
        let answers = store.read_with_points(INDICATORS.iter().copied());
        let batch = answers.map(|answers| inbound(world, &answers, recorded.indicators()));
        written = written.and(batch.and_then(|batch| recorded.record(&batch)));
    }
    if let Err(error) = written {
        tracing::debug!(%error, "what is known of service levels cannot be kept");
    }
    if dropped == 0 && recorded.indicators().dropped() > 0 {
        tracing::warn!("a project has more applications than service levels are known of");
    }
}

/// The reports on service levels and rollouts of all applications.
fn audits(evidence: Evidence<'_, '_>) -> Vec<Audit> {
    let Evidence { world, deployments, .. } = evidence;
    let rollouts = by_application(deployments);
    let audit = |(application, app): (AppId, &Application)| {
        let key = app.id.key(&world.texts);
        let slo = slo::report(&evidence, application, &key);
        let status = slo.as_ref().map_or(Status::Unknown, |report| report.status);
        let rollouts = rollouts.get(&key).copied().unwrap_or_default();
        let reports = slo.into_iter().chain(auditor::deployments::report(&evidence, &key, rollouts));
        Audit { application, status, reports: reports.collect() }
    };
    world.applications().map(audit).collect()
}
