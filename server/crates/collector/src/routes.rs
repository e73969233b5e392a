//! Serves the routes of a collector.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use headcount_shared::api::{CollectorReportPage, ConfirmedClock, FleetOverview, Problem, ReportReceipt};
use headcount_web::{
    access::{self, AccessControl, AccessRole, PeerAddress},
    api_description::{ApiDescription, describe_role, description_routes, empty_description},
    compressed::with_compression,
    described_refusals::GuardedResponses,
    forwarded::TrustedProxies,
    problem::ProblemResponse,
    sign_in,
    static_files::StaticFiles,
    with_headers,
};
use rand::RngExt;
use sha2::{Digest, Sha256};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Collector, DatabaseUnreadable, IngestError, ReportLookup,
    collector_metrics::metrics,
    deletion_routes::{administrator_deletion_routes, public_deletion_routes},
    fleet_change_routes, fleet_page_routes, fleet_routes, installation_page_routes,
    interface_program::program_routes,
    listing_parameters::{BadParameter, ListingPage, ListingParameters},
    page_forms::read_form,
    published_page_routes, published_routes, refusal_pages,
};

/// When to retry a report that could not be taken, in seconds. Each sender gets a random time, so that they
/// do not all come back together.
const RETRY_SECONDS: std::ops::RangeInclusive<u64> = 60..=1800;

/// When to retry a request that failed because of the database.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// The digest of a body: RFC 9530.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

const API_TITLE: &str = "Headcount collector";

const API_SUMMARY: &str = "The numbers of the fleet. All times are Unix seconds, all days are in UTC.";

/// The routes of `headcount collect`, for [`listen::serve`](headcount_web::listen::serve). `collector` is
/// reached directly or through these proxies. With `publish`, everybody may see what is published. `interface`
/// has the program that takes over in the browser, if it was built.
pub fn router(
    access: &AccessControl,
    collector: &Collector,
    proxies: TrustedProxies,
    publish: bool,
    interface: StaticFiles,
) -> Router {
    let (session, _) = sign_in::session_routes::<AccessControl>().split_for_parts();
    let open: Router = with_headers(session).merge(sign_in::page_routes()).with_state(access.clone());
    let mut described = empty_description(API_TITLE, API_SUMMARY, access.base_path(), access);
    let mut private = Router::new();
    for role in AccessRole::ALL {
        let (routes, of_role) = routes_of_role(role, access, collector);
        private = private.merge(routes);
        described = described.merge_from(of_role);
    }
    let described = ApiDescription::new(&described, access.base_path());
    let public = fleet_change_routes::PublicAddress(access.public_url().cloned());
    let private = private.layer(Extension(described)).layer(Extension(public));
    let guard = middleware::from_fn_with_state(access.clone(), access::for_metrics);
    let private = private.merge(metrics_route(collector).route_layer(guard));
    with_headers(private.merge(published_routes::everybodys_routes(collector, publish)))
        .merge(public_routes(collector, proxies))
        .merge(open)
        .merge(program_routes(interface))
}

/// The routes that a role may use beside those of smaller ones, behind the guard of the role, with their
/// description.
fn routes_of_role(role: AccessRole, access: &AccessControl, collector: &Collector) -> (Router, OpenApi) {
    let (numbers, mut described) = described_routes(role).split_for_parts();
    let (of_interface, of_interface_described) = interface_routes(role).split_for_parts();
    described = described.merge_from(of_interface_described);
    describe_role(&mut described, role);
    let routes = numbers.with_state(collector.clone()).merge(of_interface.with_state(access.clone()));
    let pages = page_routes(role).with_state(collector.clone());
    let pages = match role {
        // Whoever may see nothing is not told what there is.
        AccessRole::Viewer => pages.fallback(no_page),
        AccessRole::Analyst | AccessRole::Administrator => pages,
    };
    let guard = middleware::from_fn_with_state((access.clone(), role), access::for_role);
    let (routes, pages) = (routes.layer(guard.clone()), pages.layer(guard));
    let form_guard = middleware::from_fn_with_state((access.clone(), role), access::for_forms_of_role);
    let forms = form_routes(role).with_state(collector.clone()).layer(form_guard);
    (compressed(role, routes.merge(explained(pages.merge(forms), None))), described)
}

/// The routes of a role, with compression unless they tell about single installations.
fn compressed(role: AccessRole, routes: Router) -> Router {
    match role {
        AccessRole::Viewer | AccessRole::Analyst => with_compression(routes),
        AccessRole::Administrator => routes,
    }
}

/// Pages whose refusals are pages, too. Without access control they are shown for `role`.
fn explained(pages: Router, role: Option<AccessRole>) -> Router {
    pages.layer(middleware::from_fn_with_state(role, refusal_pages::refusals_as_pages))
}

/// The routes of the collector that a role may use beside those of smaller ones.
fn described_routes(role: AccessRole) -> OpenApiRouter<Collector> {
    match role {
        AccessRole::Viewer => published_routes::viewer_routes(),
        AccessRole::Analyst => fleet_routes::analyst_routes(),
        AccessRole::Administrator => fleet_routes::administrator_routes()
            .routes(routes!(fleet))
            .routes(routes!(confirm_clock))
            .routes(routes!(list_reports))
            .routes(routes!(report))
            .merge(administrator_deletion_routes()),
    }
}

/// The same for the routes of the interface itself.
fn interface_routes(role: AccessRole) -> OpenApiRouter<AccessControl> {
    match role {
        AccessRole::Viewer => description_routes(),
        AccessRole::Analyst => OpenApiRouter::new(),
        AccessRole::Administrator => sign_in::code_routes(),
    }
}

/// The same for pages, which are in no description.
fn page_routes(role: AccessRole) -> Router<Collector> {
    match role {
        AccessRole::Viewer => {
            let pages = Router::new().route("/", get(fleet_page_routes::first_page));
            let pages = pages.route("/published", get(published_page_routes::published));
            pages.route("/pages.css", get(fleet_page_routes::style))
        }
        AccessRole::Analyst => fleet_page_routes::analyst_pages(),
        AccessRole::Administrator => installation_page_routes::administrator_pages(),
    }
}

/// The same for forms that work without script and change something.
fn form_routes(role: AccessRole) -> Router<Collector> {
    let forms = match role {
        AccessRole::Viewer => Router::new(),
        AccessRole::Analyst => fleet_change_routes::note_forms(),
        AccessRole::Administrator => installation_page_routes::deletion_forms(),
    };
    forms.layer(middleware::from_fn(read_form))
}

/// The answer where nothing is: a page for browsers, and nothing for programs.
async fn no_page(headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    if !accepted.is_some_and(|accepted| accepted.contains("text/html")) {
        return StatusCode::NOT_FOUND.into_response();
    }
    ProblemResponse::new(StatusCode::NOT_FOUND, "there is no page at this address").into_response()
}

/// The routes that are open to all: sending a report, deleting what was sent, and the health check.
pub fn public_routes(collector: &Collector, proxies: TrustedProxies) -> Router {
    let public = Router::new()
        .route("/ce/usage-statistics", post(take_report))
        .route("/health", get("ok"))
        .merge(public_deletion_routes());
    public.layer(Extension(Arc::new(proxies))).with_state(collector.clone())
}

/// The metrics. The route checks no access.
fn metrics_route(collector: &Collector) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(collector.clone())
}

/// The routes of all roles, and the metrics. They check no access.
pub fn private_routes(collector: &Collector) -> Router {
    let mut routes = Router::new();
    for role in AccessRole::ALL {
        let (described, _) = described_routes(role).split_for_parts();
        let pages = page_routes(role).merge(form_routes(role)).with_state(collector.clone());
        let pages = explained(pages, Some(AccessRole::Administrator));
        routes = routes.merge(compressed(role, described.with_state(collector.clone()).merge(pages)));
    }
    routes.merge(metrics_route(collector))
}

async fn take_report(
    State(collector): State<Collector>,
    Extension(proxies): Extension<Arc<TrustedProxies>>,
    peer: Option<Extension<PeerAddress>>,
    request: Request,
) -> Result<Json<ReportReceipt>, IngestError> {
    let sender = peer.map(|Extension(PeerAddress(peer))| proxies.client(peer.ip(), request.headers()));
    let (parts, body) = request.into_parts();
    let status = collector.receive(&parts.headers, sender, body).await?;
    Ok(Json(ReportReceipt { status }))
}

/// Trusts the clock of the machine, which jumped.
#[utoipa::path(post, path = "/api/clock", tag = "reports", responses(
    (status = 200, description = "The time from now on.", body = ConfirmedClock), GuardedResponses))]
async fn confirm_clock(State(collector): State<Collector>) -> Result<Json<ConfirmedClock>, ProblemResponse> {
    Ok(Json(collector.confirm_clock().await?))
}

/// One page of the stored reports, in the order of their arrival.
#[utoipa::path(get, path = "/api/reports", tag = "reports", params(ListingParameters), responses(
    (status = 200, description = "The page.", body = CollectorReportPage),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn list_reports(
    State(collector): State<Collector>,
    parameters: Result<Query<ListingParameters>, QueryRejection>,
) -> Result<Json<CollectorReportPage>, ProblemResponse> {
    let bad_query = "the parameters cannot be read, or one is given twice";
    let Query(parameters) =
        parameters.map_err(|_| ProblemResponse::new(StatusCode::BAD_REQUEST, bad_query))?;
    Ok(Json(collector.list(&ListingPage::new(&parameters)?).await?))
}

/// A report, byte for byte as it was sent.
#[utoipa::path(get, path = "/api/reports/{id}", tag = "reports",
    params(("id" = String, Path, description = "Its id.")), responses(
    (status = 200, description = "The report.", body = Object),
    (status = 404, description = "There is no such report.", body = Problem, content_type = "application/problem+json"),
    (status = 410, description = "It was dropped.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn report(
    State(collector): State<Collector>,
    Path(id): Path<String>,
) -> Result<Response, ProblemResponse> {
    match collector.report(&id).await? {
        ReportLookup::Report(bytes) => Ok(as_sent(bytes)),
        ReportLookup::Dropped => Err(ProblemResponse::new(
            StatusCode::GONE,
            "the report was dropped, to keep to --raw-retention or --max-disk; its counts are still stored",
        )),
        ReportLookup::Damaged => Err(ProblemResponse::new(
            StatusCode::GONE,
            "the copy of the report as it was sent is damaged on the disk; its counts are still stored",
        )),
        ReportLookup::Unknown => {
            Err(ProblemResponse::new(StatusCode::NOT_FOUND, "there is no report with this id"))
        }
    }
}

/// A report as an answer. Its content is not trusted, so a browser must treat it as text.
fn as_sent(bytes: Vec<u8>) -> Response {
    let digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(&bytes)));
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (CONTENT_DIGEST, digest.as_str()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    (headers, bytes).into_response()
}

/// The most installations in one answer.
const MOST_INSTALLATIONS: u32 = 10_000;

/// The installations.
#[utoipa::path(get, path = "/api/fleet", tag = "reports", responses(
    (status = 200, description = "The installations, the one heard from last first.", body = FleetOverview), GuardedResponses))]
async fn fleet(State(collector): State<Collector>) -> Result<Json<FleetOverview>, ProblemResponse> {
    Ok(Json(collector.fleet(MOST_INSTALLATIONS).await?))
}

/// The headers of a page: no frame, and nothing that is not a file or an answer of this collector.
/// `wasm-unsafe-eval` permits compiling WebAssembly and no other evaluation.
pub(super) const fn page_headers() -> [(HeaderName, &'static str); 5] {
    [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With this policy, the browser names the page of the sign-out form.
        (header::REFERRER_POLICY, "same-origin"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; \
             img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
    ]
}

/// A style sheet as an answer.
pub(super) fn style_sheet(text: impl IntoResponse) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text)
}

impl IntoResponse for IngestError {
    fn into_response(self) -> Response {
        let refusal = ProblemResponse::new(status(&self), self.to_string());
        match self {
            Self::Busy | Self::Failed | Self::Full | Self::OverQuota | Self::TooManyNew => {
                let wait = rand::rng().random_range(RETRY_SECONDS);
                refusal.retry_after(Duration::from_secs(wait)).into_response()
            }
            // The supported codings: RFC 9110, section 12.5.3.
            Self::Coding => {
                let accepted = HeaderValue::from_static("gzip, zstd");
                ([(header::ACCEPT_ENCODING, accepted)], refusal).into_response()
            }
            _ => refusal.into_response(),
        }
    }
}

fn status(not_taken: &IngestError) -> StatusCode {
    match not_taken {
        IngestError::MediaType | IngestError::Coding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        IngestError::Key | IngestError::Interrupted | IngestError::Damaged(_) | IngestError::Json(_) => {
            StatusCode::BAD_REQUEST
        }
        IngestError::TooManyValues | IngestError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        IngestError::Unusable(_) | IngestError::Conflict => StatusCode::UNPROCESSABLE_ENTITY,
        IngestError::OverQuota | IngestError::TooManyNew => StatusCode::TOO_MANY_REQUESTS,
        IngestError::TooSlow => StatusCode::REQUEST_TIMEOUT,
        IngestError::Deleted => StatusCode::GONE,
        IngestError::Busy | IngestError::Failed | IngestError::Full => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<BadParameter> for ProblemResponse {
    fn from(bad: BadParameter) -> Self {
        Self::new(StatusCode::BAD_REQUEST, bad.to_string())
    }
}

impl From<DatabaseUnreadable> for ProblemResponse {
    fn from(unreadable: DatabaseUnreadable) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, unreadable.to_string()).retry_after(ASK_AGAIN)
    }
}
