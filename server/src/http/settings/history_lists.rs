//! Serves the rollouts, incidents and notifications of a project: `<base>api/projects/{id}/…`.

use axum::Json;
use headcount_health::{incidents, rollouts};
use headcount_project_views::severity;
use headcount_shared::api::{
    Deployment, Deployments, Incident, Incidents, Notification, Notifications, Snapshot,
};
use headcount_web::problem::ProblemResponse;

use super::{
    extractors::{OpenedSettings, ProjectPath, UrlParameters},
    settings_errors::SettingsProblems,
};
use crate::store::PastNotification;

/// The rollouts of a project, the newest first, at most 100.
#[utoipa::path(get, path = "/api/projects/{id}/deployments", tag = "records", params(ProjectPath), responses(
    (status = 200, description = "The rollouts.", body = Deployments), SettingsProblems))]
pub(super) async fn deployments(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<Deployments>, ProblemResponse> {
    let deployments = settings.deployments(&id).await?.into_iter().map(deployment).collect();
    Ok(Json(Deployments { deployments }))
}

/// The incidents of a project, the newest first, at most 100.
#[utoipa::path(get, path = "/api/projects/{id}/incidents", tag = "records", params(ProjectPath), responses(
    (status = 200, description = "The incidents.", body = Incidents), SettingsProblems))]
pub(super) async fn incidents(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<Incidents>, ProblemResponse> {
    let incidents = settings.incidents(&id).await?.into_iter().map(incident).collect();
    Ok(Json(Incidents { incidents }))
}

/// The notifications about incidents of a project, the newest first, at most 100.
#[utoipa::path(get, path = "/api/projects/{id}/notifications", tag = "records", params(ProjectPath), responses(
    (status = 200, description = "The notifications.", body = Notifications), SettingsProblems))]
pub(super) async fn notifications(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<Notifications>, ProblemResponse> {
    let notifications = settings.notifications(&id).await?.into_iter().map(notification).collect();
    Ok(Json(Notifications { notifications }))
}

fn deployment(of: rollouts::DeploymentRollout) -> Deployment {
    Deployment {
        application: of.application.to_string(),
        name: of.name,
        started_at: of.started_at,
        finished_at: of.finished_at,
        container_images: of.container_images,
        snapshot: of.snapshot.map(snapshot),
    }
}

fn snapshot(of: rollouts::RolloutSnapshot) -> Snapshot {
    Snapshot {
        timestamp: of.timestamp,
        duration_s: of.duration_s,
        requests: of.requests,
        errors: of.errors,
        latency: of.latency,
        restarts: of.restarts,
        cpu_usage: of.cpu_usage,
        memory_leak_percent: Some(of.memory_leak_percent).filter(|percent| percent.is_finite()),
        memory_usage: of.memory_usage,
        oom_kills: of.oom_kills,
        log_errors: of.log_errors,
        log_warnings: of.log_warnings,
    }
}

fn incident(of: incidents::ApplicationIncident) -> Incident {
    Incident {
        application: of.application.to_string(),
        key: of.key,
        opened_at: of.opened_at,
        resolved_at: of.resolved_at,
        severity: severity(of.severity),
    }
}

fn notification(of: PastNotification) -> Notification {
    Notification {
        application: of.application.to_string(),
        incident_key: of.incident_key,
        status: severity(of.status),
        destination: of.destination,
        timestamp: of.timestamp,
        sent_at: of.sent_at,
    }
}
