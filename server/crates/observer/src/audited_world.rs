//! Builds and audits the world of a project from its cache, in one way for pages and for the observation.

use std::io;

use headcount_health::{
    auditor::{ApplicationAudit, AuditInput, POINTS_OF, SUMS_OF, audit},
    history_store::ProjectHistory,
    sli::ServiceLevelIndicators,
};
use headcount_project_views::WorldSight;
use headcount_prometheus::{
    cache::{PointSelection, SeriesCache},
    results::QueryResults,
};
use headcount_topology::{constructor::construct, model::World, prices::CloudPrices, queries};

use super::observed_project::ObservedProject;

/// The answers of which a world is built.
///
/// # Errors
/// The cache is unreadable.
pub(super) fn read_answers(store: &SeriesCache) -> io::Result<QueryResults> {
    store.read(queries::of_the_world(), PointSelection { points_of: POINTS_OF, sums_of: SUMS_OF })
}

/// The world in `answers`. `ended` is told of each stage.
pub(super) fn build_world<'a>(
    answers: &'a QueryResults,
    project: &ObservedProject,
    prices: &CloudPrices,
    ended: impl FnMut(&'static str),
) -> World<'a> {
    construct(answers, project.into(), prices, ended)
}

/// The audits of a world with the history of its project.
pub(super) fn audit_world(
    world: &World<'_>,
    indicators: &ServiceLevelIndicators,
    history: &ProjectHistory,
) -> Vec<ApplicationAudit> {
    let (overrides, deployments) = (&history.overrides, &*history.deployments);
    audit(AuditInput { world, indicators, overrides, deployments })
}

/// A world with its audits, for views.
pub(super) const fn sight<'w, 'a>(
    world: &'w World<'a>,
    audits: &'w [ApplicationAudit],
    indicators: &'w ServiceLevelIndicators,
    history: &'w ProjectHistory,
    project: &'w ObservedProject,
) -> WorldSight<'w, 'a> {
    WorldSight { world, audits, indicators, history, categories: &project.application_categories }
}
