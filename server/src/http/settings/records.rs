//! Serves the rollouts, incidents and notifications of a project: `<base>api/projects/{id}/…`.

use axum::Json;
use headcount_shared::api::{
    Deployment, Deployments, Incident, Incidents, Notification, Notifications, Severity, Snapshot,
};

use super::{
    refused::Refused,
    request::{At, InProject, Open},
};
use crate::{
    http::problem::Refusal,
    settings::PastNotification,
    world::{deployments, incidents, status::Status},
};

/// The rollouts of a project, the newest first, at most 100.
#[utoipa::path(get, path = "/api/projects/{id}/deployments", tag = "records", params(InProject), responses(
    (status = 200, description = "The rollouts.", body = Deployments), Refused))]
pub(super) async fn deployments(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<Json<Deployments>, Refusal> {
    let deployments = settings.deployments(&id).await?.into_iter().map(deployment).collect();
    Ok(Json(Deployments { deployments }))
}

/// The incidents of a project, the newest first, at most 100.
#[utoipa::path(get, path = "/api/projects/{id}/incidents", tag = "records", params(InProject), responses(
    (status = 200, description = "The incidents.", body = Incidents), Refused))]
pub(super) async fn incidents(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<Json<Incidents>, Refusal> {
    let incidents = settings.incidents(&id).await?.into_iter().map(incident).collect();
    Ok(Json(Incidents { incidents }))
}

/// The notifications about incidents of a project, the newest first, at most 100.
#[utoipa::path(get, path = "/api/projects/{id}/notifications", tag = "records", params(InProject), responses(
    (status = 200, description = "The notifications.", body = Notifications), Refused))]
pub(super) async fn notifications(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<Json<Notifications>, Refusal> {
    let notifications = settings.notifications(&id).await?.into_iter().map(notification).collect();
    Ok(Json(Notifications { notifications }))
}

fn deployment(of: deployments::Deployment) -> Deployment {
    Deployment {
        application: of.application.to_string(),
        name: of.name,
        started_at: of.started_at,
        finished_at: of.finished_at,
        container_images: of.container_images,
        snapshot: of.snapshot.map(snapshot),
    }
}

fn snapshot(of: deployments::Snapshot) -> Snapshot {
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

fn incident(of: incidents::Incident) -> Incident {
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

const fn severity(of: Status) -> Severity {
    match of {
        Status::Unknown => Severity::Unknown,
        Status::Ok => Severity::Ok,
        Status::Info => Severity::Info,
        Status::Warning => Severity::Warning,
        Status::Critical => Severity::Critical,
    }
}
