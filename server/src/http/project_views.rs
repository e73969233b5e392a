//! Serves what is observed of projects, by name: `<base>api/overview`, and of one project how far its
//! observation is, its applications and its nodes.
//!
//! Worlds are loaded from the cache, and shared by requests that come at about the same time. No request waits
//! for Prometheus.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State, http::StatusCode};
use headcount_observer::{
    CACHE_PLAN,
    world_views::{ViewedWorld, WorldUnavailable},
};
use headcount_project_views::{
    NODE_CHARTS_NEED, ProjectHeading, application_rows, application_view, charts_need, node_rows, node_view,
    report_charts,
};
use headcount_shared::api::{
    ApplicationTable, ApplicationView, NodeTable, NodeView, ObservationState, ObservationStatus,
    ProjectGlance, ProjectHealth, ProjectsOverview, ReportCharts,
};
use headcount_web::{
    described_refusals::{GuardedResponses, refusals},
    problem::ProblemResponse,
};
use serde::Deserialize;
use utoipa::{
    IntoParams, IntoResponses,
    openapi::{RefOr, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ServerState,
    settings::{OpenedSettings, ProjectPath, UrlParameters, application_key},
};
use crate::{
    app::statistics_service::StatisticsService,
    store::{InvalidChange, ProjectOverview, SettingsError, SettingsStore},
};

/// The routes of these views, with their descriptions.
pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(overview))
        .routes(routes!(observation))
        .routes(routes!(applications))
        .routes(routes!(application))
        .routes(routes!(application_report))
        .routes(routes!(nodes))
        .routes(routes!(node))
}

/// The statistics, whose observer has the worlds.
type Statistics = State<Arc<StatisticsService>>;

/// An address of an application.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct ObservedApplicationPath {
    /// The id of the project.
    id: String,
    /// The application as `namespace:kind:name`, percent-encoded.
    application: String,
}

/// An address of a report on an application.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct ApplicationReportPath {
    /// The id of the project.
    id: String,
    /// The application as `namespace:kind:name`, percent-encoded.
    application: String,
    /// The name of the report, such as `CPU`.
    report: String,
}

/// An address of a node.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct NodePath {
    /// The id of the project.
    id: String,
    /// The name of the node, percent-encoded.
    node: String,
}

/// All projects at a glance, by their names.
#[utoipa::path(get, path = "/api/overview", tag = "views", responses(
    (status = 200, description = "The projects.", body = ProjectsOverview), ViewProblems))]
async fn overview(
    OpenedSettings(settings): OpenedSettings,
    State(statistics): Statistics,
) -> Result<Json<ProjectsOverview>, ProblemResponse> {
    let projects = settings.overview().await?.into_iter().map(|project| {
        let (observation, health) = glance(&statistics, &project);
        ProjectGlance { id: project.id, name: project.name, observation, health }
    });
    Ok(Json(ProjectsOverview { projects: projects.collect() }))
}

/// How far the observation of a project is. Looking changes nothing, and waits for nothing.
#[utoipa::path(get, path = "/api/projects/{id}/observation", tag = "views", params(ProjectPath), responses(
    (status = 200, description = "How far it is.", body = ObservationStatus), ViewProblems))]
async fn observation(
    OpenedSettings(settings): OpenedSettings,
    State(statistics): Statistics,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<ObservationStatus>, ProblemResponse> {
    Ok(Json(heading(&settings, &statistics, &id).await?.observation))
}

/// The applications of a project, by their ids. There are none while the project is not observed.
#[utoipa::path(get, path = "/api/projects/{id}/applications", tag = "views", params(ProjectPath), responses(
    (status = 200, description = "The applications.", body = ApplicationTable), ViewProblems))]
async fn applications(
    OpenedSettings(settings): OpenedSettings,
    State(statistics): Statistics,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<ApplicationTable>, ProblemResponse> {
    let ProjectHeading { project, observation } = heading(&settings, &statistics, &id).await?;
    let (applications, more_applications) =
        or_none(view(&statistics, &id, |world| application_rows(world.sight)).await)?;
    Ok(Json(ApplicationTable { project, observation, applications, more_applications }))
}

/// One application, with the results of its inspections.
#[utoipa::path(get, path = "/api/projects/{id}/applications/{application}", tag = "views",
    params(ObservedApplicationPath), responses(
        (status = 200, description = "The application.", body = ApplicationView), ViewProblems))]
async fn application(
    OpenedSettings(settings): OpenedSettings,
    State(statistics): Statistics,
    UrlParameters(ObservedApplicationPath { id, application }): UrlParameters<ObservedApplicationPath>,
) -> Result<Json<ApplicationView>, ProblemResponse> {
    let heading = heading(&settings, &statistics, &id).await?;
    let key = application_key(&application)?;
    let found = view(&statistics, &id, move |world| application_view(world.sight, &key, heading)).await;
    found.map_err(refusal)?.map(Json).ok_or_else(|| not_observed("application"))
}

/// The last hour of what a report on an application looked at.
#[utoipa::path(get, path = "/api/projects/{id}/applications/{application}/reports/{report}", tag = "views",
    params(ApplicationReportPath), responses(
        (status = 200, description = "The charts of the report.", body = ReportCharts), ViewProblems))]
async fn application_report(
    OpenedSettings(settings): OpenedSettings,
    State(statistics): Statistics,
    UrlParameters(ApplicationReportPath { id, application, report }): UrlParameters<ApplicationReportPath>,
) -> Result<Json<ReportCharts>, ProblemResponse> {
    let ProjectHeading { observation, .. } = heading(&settings, &statistics, &id).await?;
    let key = application_key(&application)?;
    let incidents = settings.incidents(&id).await?;
    let now = observation.answered_at.unwrap_or_default();
    let charts = move |world: &ViewedWorld<'_, '_>| {
        let points = world.points(charts_need(&report));
        report_charts(world.sight, &points, (&key, &report), &incidents, now)
    };
    let found = view(&statistics, &id, charts).await.map_err(refusal)?;
    found.map(Json).ok_or_else(|| not_observed("report on this application"))
}

/// The nodes of a project, by their names. There are none while the project is not observed.
#[utoipa::path(get, path = "/api/projects/{id}/nodes", tag = "views", params(ProjectPath), responses(
    (status = 200, description = "The nodes.", body = NodeTable), ViewProblems))]
async fn nodes(
    OpenedSettings(settings): OpenedSettings,
    State(statistics): Statistics,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Json<NodeTable>, ProblemResponse> {
    let ProjectHeading { project, observation } = heading(&settings, &statistics, &id).await?;
    let (nodes, more_nodes) = or_none(view(&statistics, &id, |world| node_rows(world.sight)).await)?;
    Ok(Json(NodeTable { project, observation, nodes, more_nodes }))
}

/// One node, with what runs on it and its last hour.
#[utoipa::path(get, path = "/api/projects/{id}/nodes/{node}", tag = "views", params(NodePath), responses(
    (status = 200, description = "The node.", body = NodeView), ViewProblems))]
async fn node(
    OpenedSettings(settings): OpenedSettings,
    State(statistics): Statistics,
    UrlParameters(NodePath { id, node }): UrlParameters<NodePath>,
) -> Result<Json<NodeView>, ProblemResponse> {
    let heading = heading(&settings, &statistics, &id).await?;
    let shown = move |world: &ViewedWorld<'_, '_>| {
        node_view(world.sight, &world.points(NODE_CHARTS_NEED), &node, heading)
    };
    let found = view(&statistics, &id, shown).await.map_err(refusal)?;
    found.map(Json).ok_or_else(|| not_observed("node"))
}

/// The name of a project, and how it is observed.
async fn heading(
    settings: &SettingsStore,
    statistics: &StatisticsService,
    id: &str,
) -> Result<ProjectHeading, ProblemResponse> {
    let unknown = || SettingsError::from(InvalidChange::NoSuchProject);
    let project = settings.overview_of(id).await?.ok_or_else(unknown)?;
    let (observation, _) = glance(statistics, &project);
    Ok(ProjectHeading { project: project.name, observation })
}

/// How a project is observed, and how its applications are.
fn glance(
    statistics: &StatisticsService,
    project: &ProjectOverview,
) -> (ObservationStatus, Option<ProjectHealth>) {
    let world = statistics.world();
    let observed = world.as_ref().and_then(|world| world.glance(&project.id));
    observed.filter(|_| project.prometheus).unwrap_or_else(|| {
        let state = match world {
            _ if !project.prometheus => ObservationState::NoPrometheus,
            None if statistics.running().is_some() => ObservationState::ObservedByProduct,
            None => ObservationState::Off,
            Some(_) => ObservationState::NotObserved,
        };
        let queries = u32::try_from(CACHE_PLAN.all().count()).unwrap_or(u32::MAX);
        (ObservationStatus { state, queries, ..ObservationStatus::default() }, None)
    })
}

/// The answer to a question about the world of a project.
async fn view<T: Send + 'static>(
    statistics: &StatisticsService,
    id: &str,
    question: impl FnOnce(&ViewedWorld<'_, '_>) -> T + Send + 'static,
) -> Result<T, WorldUnavailable> {
    statistics.world().ok_or(WorldUnavailable::NotObserved)?.view(id, question).await
}

/// Nothing is in a project that is not observed.
fn or_none<T: Default>(found: Result<T, WorldUnavailable>) -> Result<T, ProblemResponse> {
    match found {
        Err(WorldUnavailable::NotObserved) => Ok(T::default()),
        found => found.map_err(refusal),
    }
}

fn not_observed(what: &str) -> ProblemResponse {
    ProblemResponse::new(StatusCode::NOT_FOUND, format!("no such {what} was observed within the last hour"))
}

fn refusal(unavailable: WorldUnavailable) -> ProblemResponse {
    let status = match unavailable {
        WorldUnavailable::NotObserved => StatusCode::NOT_FOUND,
        WorldUnavailable::Unreadable => StatusCode::SERVICE_UNAVAILABLE,
    };
    ProblemResponse::new(status, unavailable.to_string())
}

/// Describes the refusals of every request for a view.
struct ViewProblems;

impl IntoResponses for ViewProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = GuardedResponses::responses();
        responses.extend(refusals([
            ("404", "The project does not exist, or there is no such application, report or node in it."),
            ("409", "The settings are not open or not readable."),
            ("503", "The settings database, or what was observed, cannot be read now."),
        ]));
        responses
    }
}
