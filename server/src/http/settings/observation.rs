//! Serves how far the observation of a project is: `<base>api/projects/{id}/observation`.

use std::sync::Arc;

use axum::{Json, extract::State};
use headcount_observer::ProjectProgress;
use headcount_shared::api::{ObservationProgress, ObservedNumbers};
use headcount_web::problem::ProblemResponse;

use super::{
    extractors::{OpenedSettings, ProjectPath, UrlParameters},
    load_configuration::load_configuration,
    settings_errors::SettingsProblems,
};
use crate::app::statistics_service::StatisticsService;

/// How far the observation of a project is. Looking changes nothing, and waits for nothing.
#[utoipa::path(get, path = "/api/projects/{id}/observation", tag = "projects", params(ProjectPath), responses(
    (status = 200, description = "The progress of the observation.", body = ObservationProgress), SettingsProblems))]
pub(super) async fn observation(
    OpenedSettings(settings): OpenedSettings,
    State(statistics): State<Arc<StatisticsService>>,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<ObservationProgress>, ProblemResponse> {
    let has_prometheus = load_configuration(&settings, &id).await?.prometheus.is_some();
    let progress = statistics.observed().map(|installation| installation.world.progress(&id));
    Ok(Json(match progress {
        Some(Some(progress)) => shown(progress),
        _ if !has_prometheus => not_observed("the project has no Prometheus"),
        None => not_observed(
            "nothing is observed, because usage statistics are off or the product observes itself",
        ),
        Some(None) => {
            not_observed("the observation has not begun, or another server of this database does it")
        }
    }))
}

fn not_observed(why: &str) -> ObservationProgress {
    ObservationProgress { not_observed: Some(why.to_owned()), ..ObservationProgress::default() }
}

fn shown(progress: ProjectProgress) -> ObservationProgress {
    let found = progress.found.map(|facts| ObservedNumbers {
        nodes: facts.nodes,
        applications: facts.applications,
        instances: facts.instances,
        node_agent: facts.node_agent,
        kube_state_metrics: facts.kube_state_metrics,
    });
    let queries = progress.queries;
    ObservationProgress {
        not_observed: None,
        prometheus_failure: progress.failure,
        queries: queries.all.into(),
        answered: queries.answered.into(),
        failed: u64::try_from(queries.failed.len()).unwrap_or(u64::MAX),
        missing_spans: progress.filled.wanted,
        filled_spans: progress.filled.stored,
        rounds: progress.rounds,
        found,
    }
}
