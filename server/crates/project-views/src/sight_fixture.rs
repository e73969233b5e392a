//! Looks at worlds of a few lines, for tests.

use std::collections::BTreeMap;

use headcount_health::{
    auditor::{AuditInput, audit},
    history_store::ProjectHistory,
    sli::ServiceLevelIndicators,
};
use headcount_shared::api::{ObservationState, ObservationStatus};
use headcount_topology::fixture::PrometheusFixture;

use crate::world_sight::{ProjectHeading, WorldSight};

/// What `view` shows of a scene that is audited with the thresholds of `history`.
pub(crate) fn see<T>(
    scene: &PrometheusFixture,
    history: &ProjectHistory,
    view: impl FnOnce(WorldSight<'_, '_>) -> T,
) -> T {
    see_with(scene, history, &ServiceLevelIndicators::default(), view)
}

/// The same with recorded requests.
pub(crate) fn see_with<T>(
    scene: &PrometheusFixture,
    history: &ProjectHistory,
    indicators: &ServiceLevelIndicators,
    view: impl FnOnce(WorldSight<'_, '_>) -> T,
) -> T {
    let categories = BTreeMap::new();
    scene.look(|world| {
        let (overrides, deployments) = (&history.overrides, &*history.deployments);
        let audits = audit(AuditInput { world, indicators, overrides, deployments });
        view(WorldSight { world, audits: &audits, indicators, history, categories: &categories })
    })
}

/// The heading of the views of a project that is observed.
pub(crate) fn heading() -> ProjectHeading {
    ProjectHeading {
        project: "shop".to_owned(),
        observation: ObservationStatus {
            state: ObservationState::Observed,
            answered_at: Some(1),
            queries: 1,
            answered_queries: 1,
            ..ObservationStatus::default()
        },
    }
}
