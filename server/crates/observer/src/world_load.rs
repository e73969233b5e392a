//! Loads the world of a project from the cache, and measures the time of each stage.

use std::{fmt, io, time::Duration};

use headcount_health::{
    auditor::ApplicationAudit,
    change_detector::ChangeDetector,
    history_store::{HistoryChanges, ProjectHistory},
    rollouts::NEEDED,
    sli::{ServiceLevelIndicators, SlotBatch, inbound, slot_before},
};
use headcount_platform::clock::Clock;
use headcount_project_views::project_health;
use headcount_prometheus::cache::{PointSelection, SeriesCache};
use headcount_shared::api::ProjectHealth;
use headcount_topology::{
    facts::InfrastructureFacts, model::World, prices::CloudPrices, queries::INDICATORS,
};

use super::{
    audited_world::{self, audit_world, build_world, read_answers},
    observed_project::ObservedProject,
    sli_log::SliLog,
};

/// The result of a load.
pub struct LoadResult {
    /// The numbers for reports.
    pub facts: InfrastructureFacts,
    /// The time of each stage, in order.
    pub stages: Vec<(&'static str, Duration)>,
    /// The changes to store.
    pub findings: HistoryChanges,
    /// How the applications are.
    pub health: ProjectHealth,
    /// The total time, without the audit and the search for changes.
    pub total: Duration,
    /// The time of the audit.
    pub audit: Duration,
}

impl fmt::Debug for LoadResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Leaves out the findings and the health, which contain names.
        formatter
            .debug_struct("LoadResult")
            .field("facts", &self.facts)
            .field("stages", &self.stages)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

/// The state from earlier loads, which a load uses and updates.
pub struct LoadContext<'m> {
    /// The recorded requests to applications.
    pub recorded: &'m mut SliLog,
    /// The results of the operator's custom queries since the last load.
    pub own: &'m SlotBatch,
    /// The stored history of the project.
    pub recalled: &'m ProjectHistory,
    /// The start of counting, in Unix seconds by the clock of Prometheus.
    pub counting_since: u32,
    /// The distance between two points of the project, in seconds.
    pub step_s: u32,
    /// Creates ids of incidents.
    pub new_key: fn() -> String,
}

impl fmt::Debug for LoadContext<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Leaves out the history, which contains names.
        formatter.debug_struct("LoadContext").field("recorded", &self.recorded).finish_non_exhaustive()
    }
}

/// Loads and audits the world of a project from its cache, and finds the changes to store. Does not use the
/// network.
///
/// # Errors
/// The cache is unreadable.
pub fn load(
    store: &SeriesCache,
    project: &ObservedProject,
    prices: &CloudPrices,
    clock: &dyn Clock,
    context: LoadContext<'_>,
) -> io::Result<LoadResult> {
    let start = clock.monotonic();
    let mut stages = StageTimer { clock, before: start, times: Vec::new(), audit: Duration::ZERO };
    let answers = read_answers(store)?;
    stages.ended("query");
    let world = build_world(&answers, project, prices, |stage| stages.ended(stage));
    let facts = InfrastructureFacts::of(&world);
    let (findings, health) = find(store, &world, project, context, &mut stages);
    let total = clock.monotonic().saturating_sub(start).saturating_sub(stages.audit);
    Ok(LoadResult { facts, findings, health, stages: stages.times, total, audit: stages.audit })
}

/// Measures the stages of a load, and the audit among them.
struct StageTimer<'c> {
    clock: &'c dyn Clock,
    before: Duration,
    times: Vec<(&'static str, Duration)>,
    audit: Duration,
}

impl StageTimer<'_> {
    fn ended(&mut self, stage: &'static str) {
        let now = self.clock.monotonic();
        self.times.push((stage, now.saturating_sub(self.before)));
        self.before = now;
    }

    fn audit(
        &mut self,
        world: &World<'_>,
        indicators: &ServiceLevelIndicators,
        recalled: &ProjectHistory,
    ) -> Vec<ApplicationAudit> {
        let begun = self.clock.monotonic();
        let audits = audit_world(world, indicators, recalled);
        self.before = self.clock.monotonic();
        self.audit = self.before.saturating_sub(begun);
        audits
    }
}

fn find(
    store: &SeriesCache,
    world: &World<'_>,
    project: &ObservedProject,
    context: LoadContext<'_>,
    stages: &mut StageTimer<'_>,
) -> (HistoryChanges, ProjectHealth) {
    let LoadContext { recorded, own, recalled, counting_since, step_s, new_key } = context;
    record(store, world, recorded, own);
    stages.ended("load_app_sli");
    let now = stages.clock.unix_seconds();
    let indicators = recorded.indicators();
    let audits = stages.audit(world, indicators, recalled);
    let health = project_health(audited_world::sight(world, &audits, indicators, recalled, project));
    let sight = ChangeDetector { world, indicators, recalled, counting_since, audits: &audits, step_s, now };
    let past = PointSelection { points_of: NEEDED, ..PointSelection::default() };
    let points = || store.read(NEEDED.iter().copied(), past).ok();
    (sight.findings(points, new_key, |stage| stages.ended(stage)), health)
}

/// Records requests to applications.
fn record(store: &SeriesCache, world: &World<'_>, recorded: &mut SliLog, own: &SlotBatch) {
    let dropped = recorded.indicators().dropped();
    let mut written = recorded.record(own);
    // Slots are complete every five minutes, and loads are more frequent.
    if INDICATORS
        .iter()
        .any(|query| store.to(query).map(slot_before) > recorded.indicators().newest_of(query))
    {
        let past = PointSelection { points_of: INDICATORS, ..PointSelection::default() };
        let answers = store.read(INDICATORS.iter().copied(), past);
        let batch = answers.map(|answers| inbound(world, &answers, recorded.indicators()));
        written = written.and(batch.and_then(|batch| recorded.record(&batch)));
    }
    if let Err(error) = written {
        tracing::debug!(%error, "the service levels of a project cannot be stored");
    }
    if dropped == 0 && recorded.indicators().dropped() > 0 {
        tracing::warn!("a project has too many applications to measure the service levels of all");
    }
}
