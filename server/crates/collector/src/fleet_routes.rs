//! The routes of `api/fleet/…`: the numbers of the fleet as JSON and as CSV.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use headcount_fleet::{
    answers::{
        answer_period::{AnswerPeriod, InvalidPeriod, PeriodParameters},
        distributions_answer::DistributionGroup,
        shares_answer::ShareLabel,
    },
    calendar_day::CalendarDay,
    cells::cell_table::CellTable,
    profiles::{FlameMeasure, FunctionShare, ProfiledResource},
};
use headcount_shared::api::{
    FleetActivityAnswer, FleetDistributionsAnswer, FleetInstallationAnswer, FleetProducts,
    FleetRetentionAnswer, FleetSharesAnswer, Problem,
};
use headcount_web::{described_refusals::GuardedResponses, problem::ProblemResponse};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Collector, DEFAULT_PRODUCT, DatabaseUnreadable,
    fleet_change_routes::change_routes,
    fleet_csv::{CsvAnswer, csv_text},
    fleet_profiles::{ComparedVersions, FlameDifferenceAnswer, FlameGraphAnswer},
    fleet_reader::FleetReadError,
    fleet_trust::trust_routes,
    query_refusal::query_refusal,
};

/// The routes for whoever may see exact numbers. They check no access.
pub(super) fn analyst_routes() -> OpenApiRouter<Collector> {
    OpenApiRouter::new()
        .routes(routes!(products))
        .routes(routes!(activity))
        .routes(routes!(retention))
        .routes(routes!(shares))
        .routes(routes!(distributions))
        .routes(routes!(flame_graph))
        .routes(routes!(flame_difference))
        .routes(routes!(functions))
        .merge(trust_routes())
        .merge(change_routes())
}

/// The routes for the administrator alone: single installations. They check no access.
pub(super) fn administrator_routes() -> OpenApiRouter<Collector> {
    OpenApiRouter::new().routes(routes!(installation))
}

/// What an answer is about, and its form.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FleetParameters {
    /// The product; `coroot` without.
    product: Option<String>,
    /// The first day, such as `2026-11-28`; 30 days with the last one, without.
    from: Option<String>,
    /// The last day; today, which is not over, without.
    to: Option<String>,
    /// Only this version; an empty text for reports without one.
    version: Option<String>,
    /// Only this kind of database: `sqlite`, `postgres` or `unknown`.
    database: Option<String>,
    /// Only this size class, such as `4-10` nodes.
    size: Option<String>,
    /// `json`, or `csv` for a file.
    format: Option<String>,
    /// Distributions alone: tells them apart by `version` or by `size`.
    by: Option<String>,
    /// Profiles alone: `cpu`, or `heap` for memory.
    resource: Option<String>,
    /// Flame graphs alone: `share`, in which each installation counts by its own fraction, or `absolute`.
    measure: Option<String>,
    /// Comparisons alone: the first version.
    before: Option<String>,
    /// Comparisons alone: the second version.
    after: Option<String>,
    /// Rankings alone: `own`, what a function takes itself, or `total`, with all that it calls.
    share: Option<String>,
}

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerFormat {
    /// JSON.
    Json,
    /// A file with CSV.
    Csv,
}

impl AnswerFormat {
    /// The form that a parameter names; JSON without one.
    pub(super) fn from_parameter(format: Option<&str>) -> Result<Self, ProblemResponse> {
        match format {
            None | Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            Some(other) => Err(bad_request(format!("format must be json or csv, not \"{other}\""))),
        }
    }
}

type FleetQuery = Result<Query<FleetParameters>, QueryRejection>;

/// A request that was read.
struct FleetRequest {
    period: AnswerPeriod,
    format: AnswerFormat,
    group: DistributionGroup,
    profile: ProfileParameters,
}

/// The parameters of profiles.
struct ProfileParameters {
    resource: ProfiledResource,
    measure: FlameMeasure,
    before: Option<String>,
    after: Option<String>,
    share: FunctionShare,
}

impl ProfileParameters {
    fn new(parameters: &mut FleetParameters) -> Result<Self, ProblemResponse> {
        let resource = profiled_resource(parameters.resource.as_deref())?;
        let measure = flame_measure(parameters.measure.as_deref(), resource)?;
        let share = match parameters.share.as_deref() {
            None | Some("total") => FunctionShare::Total,
            Some("own") => FunctionShare::Own,
            Some(other) => return Err(bad_request(format!("share must be own or total, not \"{other}\""))),
        };
        let (before, after) = (parameters.before.take(), parameters.after.take());
        Ok(Self { resource, measure, before, after, share })
    }

    fn versions(&self) -> Result<ComparedVersions, ProblemResponse> {
        match (self.before.clone(), self.after.clone()) {
            (Some(before), Some(after)) => Ok(ComparedVersions { before, after }),
            _ => Err(bad_request("before and after must be versions")),
        }
    }
}

impl FleetRequest {
    async fn new(query: FleetQuery, collector: &Collector) -> Result<Self, ProblemResponse> {
        let Query(mut parameters) = query.map_err(|rejection| query_refusal(&rejection))?;
        let format = AnswerFormat::from_parameter(parameters.format.as_deref())?;
        let group = match parameters.by.as_deref() {
            None => DistributionGroup::None,
            Some("version") => DistributionGroup::Version,
            Some("size") => DistributionGroup::Size,
            Some(other) => return Err(bad_request(format!("by must be version or size, not \"{other}\""))),
        };
        let profile = ProfileParameters::new(&mut parameters)?;
        let FleetParameters { product, from, to, version, database, size, .. } = parameters;
        let parameters = PeriodParameters { product, from, to, version, database, size };
        let today = CalendarDay::from_unix_seconds(collector.now().as_secs());
        let period = AnswerPeriod::from_parameters(parameters, DEFAULT_PRODUCT, today)
            .map_err(|error| invalid(&error))?;
        let rollup_lag = collector.rollup_lag().await?.behind.as_secs();
        Ok(Self { period: AnswerPeriod { rollup_lag, ..period }, format, group, profile })
    }
}

impl FleetRequest {
    /// A request for profiles, which are known by version alone.
    async fn for_profiles(query: FleetQuery, collector: &Collector) -> Result<Self, ProblemResponse> {
        let request = Self::new(query, collector).await?;
        if request.period.database.is_some() || request.period.size.is_some() {
            return Err(bad_request("profiles are known by version alone"));
        }
        Ok(request)
    }
}

/// The resource that a parameter names; CPU time without one.
pub(super) fn profiled_resource(name: Option<&str>) -> Result<ProfiledResource, ProblemResponse> {
    match name {
        None | Some("cpu") => Ok(ProfiledResource::Cpu),
        Some("heap") => Ok(ProfiledResource::Heap),
        Some(other) => Err(bad_request(format!("resource must be cpu or heap, not \"{other}\""))),
    }
}

/// The measure of a resource that a parameter names; shares without one.
pub(super) fn flame_measure(
    name: Option<&str>,
    resource: ProfiledResource,
) -> Result<FlameMeasure, ProblemResponse> {
    match name {
        None | Some("share") => Ok(FlameMeasure::Share),
        Some("absolute") => Ok(FlameMeasure::Absolute(resource)),
        Some(other) => Err(bad_request(format!("measure must be share or absolute, not \"{other}\""))),
    }
}

/// The answer to a request with an invalid parameter.
pub(super) fn bad_request(detail: impl Into<String>) -> ProblemResponse {
    ProblemResponse::new(StatusCode::BAD_REQUEST, detail)
}

fn invalid(invalid: &InvalidPeriod) -> ProblemResponse {
    bad_request(invalid.to_string())
}

impl From<FleetReadError> for ProblemResponse {
    fn from(error: FleetReadError) -> Self {
        match error {
            FleetReadError::Storage(_) => DatabaseUnreadable.into(),
            error => Self::internal(&error),
        }
    }
}

/// An answer in the form that was asked for.
pub(super) fn formatted(
    answer: &(impl CsvAnswer + Serialize),
    format: AnswerFormat,
) -> Result<Response, ProblemResponse> {
    match format {
        AnswerFormat::Json => Ok(Json(answer).into_response()),
        AnswerFormat::Csv => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"fleet.csv\""),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            let text = csv_text(answer).map_err(|error| ProblemResponse::internal(&error))?;
            Ok((headers, text).into_response())
        }
    }
}

/// The products that report.
#[utoipa::path(get, path = "/api/fleet/products", tag = "fleet", responses(
    (status = 200, description = "The products.", body = FleetProducts), GuardedResponses))]
async fn products(State(collector): State<Collector>) -> Result<Json<FleetProducts>, ProblemResponse> {
    Ok(Json(collector.fleet_reader().products().await?))
}

/// Active, new, returning and gone installations on each day.
#[utoipa::path(get, path = "/api/fleet/activity", tag = "fleet", params(FleetParameters), responses(
    (status = 200, description = "The days.", body = FleetActivityAnswer),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn activity(
    State(collector): State<Collector>,
    query: FleetQuery,
) -> Result<Response, ProblemResponse> {
    let request = FleetRequest::new(query, &collector).await?;
    if request.period.database.is_some() || request.period.size.is_some() {
        return Err(bad_request("activity is known by version alone"));
    }
    formatted(&collector.fleet_reader().activity(request.period).await?, request.format)
}

/// How many installations stay, by the week of their first report.
#[utoipa::path(get, path = "/api/fleet/retention", tag = "fleet", params(FleetParameters), responses(
    (status = 200, description = "The weeks.", body = FleetRetentionAnswer),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn retention(
    State(collector): State<Collector>,
    query: FleetQuery,
) -> Result<Response, ProblemResponse> {
    let request = FleetRequest::new(query, &collector).await?;
    let AnswerPeriod { version, database, size, .. } = &request.period;
    if version.is_some() || database.is_some() || size.is_some() {
        return Err(bad_request("retention is known for all installations alone"));
    }
    formatted(&collector.fleet_reader().retention(request.period).await?, request.format)
}

/// How many installations have something, by label: `versions`, `databases`, `size_classes`, or a table of cells.
#[utoipa::path(get, path = "/api/fleet/shares/{table}", tag = "fleet",
    params(("table" = String, Path, description = "The table."), FleetParameters), responses(
    (status = 200, description = "The labels.", body = FleetSharesAnswer),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such table.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn shares(
    State(collector): State<Collector>,
    Path(table): Path<String>,
    query: FleetQuery,
) -> Result<Response, ProblemResponse> {
    let (table, label) = share_table(&table).ok_or_else(|| no_table(&table))?;
    let request = FleetRequest::new(query, &collector).await?;
    request.period.check_table(table).map_err(|error| invalid(&error))?;
    formatted(&collector.fleet_reader().shares(request.period, table, label).await?, request.format)
}

/// The tables of shares.
fn share_table(name: &str) -> Option<(CellTable, ShareLabel)> {
    let label = match name {
        "versions" => ShareLabel::Version,
        "databases" => ShareLabel::Database,
        "size_classes" => ShareLabel::Size,
        _ => {
            let table = CellTable::from_name(name).filter(|table| !is_distribution(*table));
            return table.map(|table| (table, ShareLabel::Label));
        }
    };
    Some((CellTable::Installations, label))
}

const fn is_distribution(table: CellTable) -> bool {
    table.counts_reports()
        || matches!(
            table,
            CellTable::Sizes
                | CellTable::PageViews
                | CellTable::Browsers
                | CellTable::Cpu
                | CellTable::Memory
        )
}

fn no_table(name: &str) -> ProblemResponse {
    ProblemResponse::new(StatusCode::NOT_FOUND, format!("there is no table \"{name}\" of this kind"))
}

/// How sizes and times are distributed.
#[utoipa::path(get, path = "/api/fleet/distributions/{table}", tag = "fleet",
    params(("table" = String, Path, description = "The table."), FleetParameters), responses(
    (status = 200, description = "The distributions.", body = FleetDistributionsAnswer),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such table.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn distributions(
    State(collector): State<Collector>,
    Path(name): Path<String>,
    query: FleetQuery,
) -> Result<Response, ProblemResponse> {
    let table =
        CellTable::from_name(&name).filter(|table| is_distribution(*table)).ok_or_else(|| no_table(&name))?;
    let request = FleetRequest::new(query, &collector).await?;
    request.period.check_table(table).map_err(|error| invalid(&error))?;
    if request.group == DistributionGroup::Size && !table.has_size() {
        return Err(bad_request(format!("the numbers of {name} are not known by size")));
    }
    let answer = collector.fleet_reader().distributions(request.period, table, request.group).await?;
    formatted(&answer, request.format)
}

/// The merged profiles of a version, or of all, as a flame graph.
#[utoipa::path(get, path = "/api/fleet/profiles/graph", tag = "fleet", params(FleetParameters), responses(
    (status = 200, description = "The graph: flat lists of nodes, parents before children.", body = Object),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn flame_graph(
    State(collector): State<Collector>,
    query: FleetQuery,
) -> Result<Json<FlameGraphAnswer>, ProblemResponse> {
    let FleetRequest { period, profile, .. } = FleetRequest::for_profiles(query, &collector).await?;
    Ok(Json(collector.fleet_reader().flame_graph(period, profile.resource, profile.measure).await?))
}

/// The flame graphs of two versions as one, in shares.
#[utoipa::path(get, path = "/api/fleet/profiles/difference", tag = "fleet", params(FleetParameters), responses(
    (status = 200, description = "The difference: flat lists of nodes, parents before children.", body = Object),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn flame_difference(
    State(collector): State<Collector>,
    query: FleetQuery,
) -> Result<Json<FlameDifferenceAnswer>, ProblemResponse> {
    let FleetRequest { period, profile, .. } = FleetRequest::for_profiles(query, &collector).await?;
    let versions = profile.versions()?;
    Ok(Json(collector.fleet_reader().flame_difference(period, profile.resource, versions).await?))
}

/// The functions of two versions, those first that became significantly more expensive.
#[utoipa::path(get, path = "/api/fleet/profiles/functions", tag = "fleet", params(FleetParameters), responses(
    (status = 200, description = "The functions.", body = Object),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn functions(
    State(collector): State<Collector>,
    query: FleetQuery,
) -> Result<Response, ProblemResponse> {
    let FleetRequest { period, format, profile, .. } = FleetRequest::for_profiles(query, &collector).await?;
    let versions = profile.versions()?;
    let ranking =
        collector.fleet_reader().function_ranking(period, profile.resource, versions, profile.share);
    formatted(&ranking.await?, format)
}

/// The history of one installation.
#[utoipa::path(get, path = "/api/fleet/installations/{instance}", tag = "fleet",
    params(("instance" = String, Path, description = "The UUID of the installation."), FleetParameters), responses(
    (status = 200, description = "Its days.", body = FleetInstallationAnswer),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn installation(
    State(collector): State<Collector>,
    Path(instance): Path<String>,
    query: FleetQuery,
) -> Result<Response, ProblemResponse> {
    let instance = Uuid::try_parse(&instance).map_err(|_| bad_request("the installation is not a UUID"))?;
    let request = FleetRequest::new(query, &collector).await?;
    formatted(&collector.fleet_reader().installation(request.period, instance).await?, request.format)
}
