//! The routes of what is published of the fleet: below `api/fleet/published` for whoever signs in, and with
//! `--publish` below `public` for everybody.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    body::{Body, Bytes, to_bytes},
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use headcount_fleet::{
    answers::answer_period::{AnswerPeriod, PeriodParameters},
    calendar_day::CalendarDay,
    profiles::ProfiledResource,
};
use headcount_shared::api::{
    FleetProducts, Problem, PublishedFlameAnswer, PublishedTableAnswer, PublishedTables,
};
use headcount_web::{
    api_description::{public_description, serialized_description},
    compressed::with_compression,
    problem::ProblemResponse,
};
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Collector, DEFAULT_PRODUCT,
    fleet_csv::csv_text,
    fleet_routes::bad_request,
    published_export::published_archive,
    published_reader::{PublishedPeriod, PublishedTableName},
    query_refusal::query_refusal,
};

/// The days that an answer is about unless something else is asked for: a year of releases.
pub(super) const USUAL_DAYS: u32 = 366;

/// The requests of everybody that are answered at the same time. Others wait.
const PUBLIC_AT_ONCE: usize = 4;

/// How long proxies and browsers may keep an answer to everybody. There is a new release once a week.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=3600");

const PUBLIC_TITLE: &str = "Published numbers of a fleet";

const PUBLIC_SUMMARY: &str = "What a collector publishes of the installations that report to it. Every number of installations has \
     noise, and no cell is shown that few installations are in. All times are Unix seconds, all days are in UTC.";

/// The routes of the numbers, relative to where they are. They check no access.
fn number_routes() -> OpenApiRouter<Collector> {
    OpenApiRouter::new()
        .routes(routes!(products))
        .routes(routes!(tables))
        .routes(routes!(table))
        .routes(routes!(flame_graph))
}

/// The route of the archive. It checks no access.
fn export_routes() -> OpenApiRouter<Collector> {
    OpenApiRouter::new().routes(routes!(export))
}

/// The routes for viewers.
pub(super) fn viewer_routes() -> OpenApiRouter<Collector> {
    OpenApiRouter::new().nest("/api/fleet/published", number_routes().merge(export_routes()))
}

/// The routes for everybody, which know nobody: no credential is read and no cookie is set. Without `publish`
/// there are none.
pub(super) fn everybodys_routes(collector: &Collector, publish: bool) -> Router {
    let nothing = ["/public", "/public/", "/public/{*path}"]
        .into_iter()
        .fold(Router::new(), |routes, path| routes.route(path, any(not_found)));
    if !publish {
        return nothing;
    }
    let numbers = OpenApiRouter::with_openapi(public_description(PUBLIC_TITLE, PUBLIC_SUMMARY))
        .nest("/public", OpenApiRouter::new().nest("/fleet", number_routes()).merge(export_routes()));
    let (numbers, described) = numbers.split_for_parts();
    let description = serialized_description(&described);
    let description = Router::new()
        .route("/public/openapi.json", get(openapi))
        .layer(Extension(PublicDescription(description)));
    let limit = Arc::new(Semaphore::new(PUBLIC_AT_ONCE));
    let numbers = numbers.with_state(collector.clone()).merge(description);
    limited(numbers, limit).merge(nothing)
}

/// Routes with compression, of which a few are answered at a time.
fn limited(routes: Router, limit: Arc<Semaphore>) -> Router {
    with_compression(routes).layer(middleware::from_fn_with_state(limit, for_everybody))
}

async fn not_found() -> ProblemResponse {
    ProblemResponse::new(StatusCode::NOT_FOUND, "nothing is published here")
}

/// The description of the routes for everybody.
#[derive(Debug, Clone)]
struct PublicDescription(Bytes);

async fn openapi(Extension(PublicDescription(json)): Extension<PublicDescription>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// Answers a few requests at a time, lets pages of other sites read the answers, and says how long they last. The
/// turn of a request lasts until its answer is compressed, and not until a slow client has read it.
async fn for_everybody(State(limit): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let Ok(_turn) = limit.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let (parts, body) = next.run(request).await.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return ProblemResponse::internal(&error).into_response(),
    };
    let mut response = Response::from_parts(parts, Body::from(body));
    let is_answer = response.status().is_success();
    let headers = response.headers_mut();
    headers
        .insert(header::CACHE_CONTROL, if is_answer { CACHED } else { HeaderValue::from_static("no-store") });
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// What an answer is about, and its form.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PublishedParameters {
    /// The product; `coroot` without.
    product: Option<String>,
    /// The first day, such as `2026-11-28`; a year with the last one, without.
    from: Option<String>,
    /// The last day; today without.
    to: Option<String>,
    /// Only this version.
    version: Option<String>,
    /// `json`, or `csv` for a file.
    format: Option<String>,
    /// Profiles alone: `cpu`, or `heap` for memory.
    resource: Option<String>,
}

type PublishedQuery = Result<Query<PublishedParameters>, QueryRejection>;

/// A request that was read.
struct PublishedRequest {
    period: PublishedPeriod,
    resource: ProfiledResource,
    is_csv: bool,
}

impl PublishedRequest {
    fn new(query: PublishedQuery, collector: &Collector) -> Result<Self, ProblemResponse> {
        let Query(parameters) = query.map_err(|rejection| query_refusal(&rejection))?;
        let PublishedParameters { product, from, to, version, format, resource } = parameters;
        let is_csv = match format.as_deref() {
            None | Some("json") => false,
            Some("csv") => true,
            Some(other) => return Err(bad_request(format!("format must be json or csv, not \"{other}\""))),
        };
        let resource = match resource.as_deref() {
            None | Some("cpu") => ProfiledResource::Cpu,
            Some("heap") => ProfiledResource::Heap,
            Some(other) => return Err(bad_request(format!("resource must be cpu or heap, not \"{other}\""))),
        };
        let today = CalendarDay::from_unix_seconds(collector.now().as_secs());
        let last = to.as_ref().map_or(Some(today), |to| to.parse().ok());
        let usual = last.map(|last: CalendarDay| last.minus_days(USUAL_DAYS - 1).to_string());
        let parameters =
            PeriodParameters { product, from: from.or(usual), to, version, ..PeriodParameters::default() };
        let period = AnswerPeriod::from_parameters(parameters, DEFAULT_PRODUCT, today);
        let AnswerPeriod { product, first, last, version, .. } =
            period.map_err(|error| bad_request(error.to_string()))?;
        Ok(Self { period: PublishedPeriod { product, first, last, version }, resource, is_csv })
    }
}

/// The products of which something is published.
#[utoipa::path(get, path = "/products", tag = "published", responses(
    (status = 200, description = "The products.", body = FleetProducts)))]
async fn products(State(collector): State<Collector>) -> Result<Json<FleetProducts>, ProblemResponse> {
    Ok(Json(collector.fleet_reader().published_products().await?))
}

/// The tables and the releases of a product, with the rule.
#[utoipa::path(get, path = "/tables", tag = "published", params(PublishedParameters), responses(
    (status = 200, description = "The tables.", body = PublishedTables),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json")))]
async fn tables(
    State(collector): State<Collector>,
    query: PublishedQuery,
) -> Result<Json<PublishedTables>, ProblemResponse> {
    let request = PublishedRequest::new(query, &collector)?;
    Ok(Json(collector.fleet_reader().published_tables(request.period).await?))
}

/// A table over time: of each day that is published the last release.
#[utoipa::path(get, path = "/tables/{table}", tag = "published",
    params(("table" = String, Path, description = "The table."), PublishedParameters), responses(
    (status = 200, description = "The releases.", body = PublishedTableAnswer),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such table.", body = Problem, content_type = "application/problem+json")))]
async fn table(
    State(collector): State<Collector>,
    Path(name): Path<String>,
    query: PublishedQuery,
) -> Result<Response, ProblemResponse> {
    let table = PublishedTableName::find(&name).ok_or_else(|| {
        ProblemResponse::new(StatusCode::NOT_FOUND, format!("there is no published table \"{name}\""))
    })?;
    let PublishedRequest { period, is_csv, .. } = PublishedRequest::new(query, &collector)?;
    let answer = collector.fleet_reader().published_table(period, table).await?;
    if !is_csv {
        return Ok(Json(answer).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"published.csv\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let text = csv_text(&answer).map_err(|error| ProblemResponse::internal(&error))?;
    Ok((headers, text).into_response())
}

/// The newest flame graph of a period: of a version, or of all, over the week until a day that is published.
#[utoipa::path(get, path = "/profiles/graph", tag = "published", params(PublishedParameters), responses(
    (status = 200, description = "The graph.", body = PublishedFlameAnswer),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No profile is published.", body = Problem, content_type = "application/problem+json")))]
async fn flame_graph(
    State(collector): State<Collector>,
    query: PublishedQuery,
) -> Result<Json<PublishedFlameAnswer>, ProblemResponse> {
    let PublishedRequest { period, resource, .. } = PublishedRequest::new(query, &collector)?;
    let graph = collector.fleet_reader().published_flame_graph(period, resource).await?;
    let nothing = || ProblemResponse::new(StatusCode::NOT_FOUND, "no profile of this is published");
    graph.map(Json).ok_or_else(nothing)
}

/// All tables of a period as CSV files in a zip archive, with a text that explains them.
#[utoipa::path(get, path = "/export.zip", tag = "published", params(PublishedParameters), responses(
    (status = 200, description = "The archive.", content_type = "application/zip"),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json")))]
async fn export(
    State(collector): State<Collector>,
    query: PublishedQuery,
) -> Result<Response, ProblemResponse> {
    let PublishedRequest { period, .. } = PublishedRequest::new(query, &collector)?;
    let archive = published_archive(&collector, period).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"published.zip\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, archive).into_response())
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use hyper::body::Frame;
    use tower::ServiceExt;

    use super::*;

    /// A body of one frame that says how many turns are free while it is made.
    struct FreeTurns(Option<Arc<Semaphore>>);

    impl hyper::body::Body for FreeTurns {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let limit = self.get_mut().0.take();
            Poll::Ready(limit.map(|limit| Ok(Frame::data(limit.available_permits().to_string().into()))))
        }
    }

    #[tokio::test]
    async fn a_turn_lasts_until_the_body_is_made() {
        let limit = Arc::new(Semaphore::new(PUBLIC_AT_ONCE));
        let counted = Arc::clone(&limit);
        let answer = move || async move {
            let body = Body::new(FreeTurns(Some(Arc::clone(&counted))));
            ([(header::CONTENT_TYPE, "application/json")], body)
        };
        let routes = limited(Router::new().route("/", get(answer)), Arc::clone(&limit));
        let ask = async |accepted: &str| {
            let request = Request::get("/").header(header::ACCEPT_ENCODING, accepted);
            routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
        };
        let plain = to_bytes(ask("identity").await.into_body(), usize::MAX).await.unwrap();
        assert_eq!(plain, (PUBLIC_AT_ONCE - 1).to_string());
        let compressed = ask("gzip").await;
        assert_eq!(compressed.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(limit.available_permits(), PUBLIC_AT_ONCE, "a client that reads slowly takes no turn");
    }
}
