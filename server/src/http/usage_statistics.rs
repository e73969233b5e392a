//! Serves the state of usage statistics, and switches them: `<base>api/usage-statistics`.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderName, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use headcount_fleet::profiles::ProfileError;
use headcount_platform::hex;
use headcount_platform::joined::joined;
use headcount_shared::{
    api::{
        AskProfileGraph, AskPseudonym, FleetComparison, ForgottenInstallation, Problem, ProfileGraphAnswer,
        Pseudonym, ReportEntries, ReportedHistory, Status, StoredReceipts, Switch, WouldForget,
    },
    limits::REPORT_BYTES,
};
use headcount_web::{described_refusals::GuardedResponses, problem::ProblemResponse};
use sha2::{Digest, Sha256};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    ServerState,
    settings::{AnyTypeJson, JsonProblems},
};
use crate::{
    app::{
        DeletionError, DeletionOutcome, ServerStops,
        statistics_service::{RunningStatistics, SentDeletionError, StatisticsService, SwitchError},
    },
    browsers::BrowserPseudonym,
    report::{
        deletion_answer::NotDeleted,
        fleet_position::fleet_position,
        fleet_sentences::fleet_sentences,
        profile_graph::{profile_graph, profile_picture},
        published_tables::DownloadedTables,
        reported_charts::reported_charts,
        spool::{ReadError, SpooledReport},
    },
    store,
};

/// The digest of an answer's bytes (RFC 9530).
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// The same, in hexadecimal, as `sha256sum` prints it.
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-content-sha256");

/// When to ask again for a deletion or a switch that a disk or a database has stopped.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// The routes, with their descriptions.
pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(status, switch))
        .routes(routes!(forgets))
        .routes(routes!(preview))
        .routes(routes!(reports))
        .routes(routes!(report))
        .routes(routes!(history))
        .routes(routes!(fleet, compare_with_fleet))
        .routes(routes!(receipts))
        .routes(routes!(delete_sent))
        .routes(routes!(draw_profile))
        .routes(routes!(pseudonym))
}

/// Whether statistics are on, where reports go, and the state of their delivery.
#[utoipa::path(get, path = "/api/usage-statistics", tag = "usage statistics", responses(
    (status = 200, description = "The state of usage statistics.", body = Status), GuardedResponses))]
async fn status(State(statistics): State<Arc<StatisticsService>>) -> Json<Status> {
    Json(statistics.status())
}

/// Switches on or off, also for later runs.
#[utoipa::path(put, path = "/api/usage-statistics", tag = "usage statistics", request_body = Switch, responses(
    (status = 200, description = "The state of usage statistics.", body = Status),
    (status = 409, description = "Something else has switched statistics off.", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The settings database is unavailable, or the server is stopping; ask again. Statistics that were to be switched off are off, and it is tried again to store that.", body = Problem, content_type = "application/problem+json"), JsonProblems, GuardedResponses))]
// The content type does not matter: before a `PUT` of another site, a browser sends a preflight request,
// which is refused.
async fn switch(
    State(statistics): State<Arc<StatisticsService>>,
    AnyTypeJson(Switch { enabled }): AnyTypeJson<Switch>,
) -> Result<Json<Status>, ProblemResponse> {
    // A switch that stops halfway would leave data that must be deleted, so it continues if the client
    // disconnects.
    let switching = Arc::clone(&statistics);
    let switched = joined(tokio::spawn(async move { switching.switch(enabled).await })).await;
    match switched.unwrap_or_else(|error| Err(SwitchError::Failed(error.into()))) {
        Ok(()) => Ok(Json(statistics.status())),
        Err(error @ (SwitchError::OffForThisRun(_) | SwitchError::OffInReadOnlySettings)) => {
            Err(ProblemResponse::new(StatusCode::CONFLICT, error.to_string()))
        }
        Err(error @ SwitchError::OffNotStored { .. }) => {
            let unstored = ProblemResponse::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string());
            Err(unstored.retry_after(ASK_AGAIN))
        }
        Err(SwitchError::Stopping(stops)) => Err(stopping(stops)),
        Err(SwitchError::Failed(error)) => Err(failed(error)),
    }
}

fn stopping(stops: ServerStops) -> ProblemResponse {
    ProblemResponse::new(StatusCode::SERVICE_UNAVAILABLE, stops.to_string())
}

/// A refusal with the reason of the settings database; any other error is an internal one.
fn failed(error: anyhow::Error) -> ProblemResponse {
    match error.downcast::<store::SettingsError>() {
        Ok(error) => error.into(),
        Err(error) => ProblemResponse::internal(&format!("{error:#}")),
    }
}

/// What switching off now would delete. Changes nothing.
#[utoipa::path(get, path = "/api/usage-statistics/forgets", tag = "usage statistics", responses(
    (status = 200, description = "The amounts that would be deleted.", body = WouldForget),
    (status = 503, description = "The settings database is unavailable.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn forgets(
    State(statistics): State<Arc<StatisticsService>>,
) -> Result<Json<WouldForget>, ProblemResponse> {
    statistics.would_forget().await.map(Json).map_err(failed)
}

/// The bytes of the report as it would be sent now. Changes nothing. The answer has the headers that depend on
/// the installation, as they would be sent with it.
#[utoipa::path(get, path = "/api/usage-statistics/preview", tag = "usage statistics", responses(
    (status = 200, description = "The report.", body = Object),
    (status = 409, description = "Statistics are off.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn preview(State(statistics): State<Arc<StatisticsService>>) -> Result<Response, ProblemResponse> {
    let report =
        running(&statistics)?.reporter.preview().await.map_err(|error| ProblemResponse::internal(&error))?;
    Ok(as_sent(report))
}

/// The stored reports, newest first.
#[utoipa::path(get, path = "/api/usage-statistics/reports", tag = "usage statistics", responses(
    (status = 200, description = "The reports; those that left also while statistics are off by the switch, and none while they are off for the whole run.", body = ReportEntries), GuardedResponses))]
async fn reports(State(statistics): State<Arc<StatisticsService>>) -> Json<ReportEntries> {
    let reports = statistics.spool().map(|spool| spool.entries()).unwrap_or_default();
    Json(ReportEntries { reports })
}

/// The exact bytes that were or will be sent. The answer has the headers that depend on the installation, as
/// they were or will be sent with them.
#[utoipa::path(get, path = "/api/usage-statistics/reports/{id}", tag = "usage statistics",
    params(("id" = String, Path, description = "The id of the report.")), responses(
    (status = 200, description = "The report.", body = Object),
    (status = 404, description = "No report has this id.", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "Statistics are off.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn report(
    State(statistics): State<Arc<StatisticsService>>,
    Path(id): Path<String>,
) -> Result<Response, ProblemResponse> {
    let unknown = || ProblemResponse::new(StatusCode::NOT_FOUND, "there is no report with this id");
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let spool = statistics.spool().ok_or_else(off)?;
    let read = joined(tokio::task::spawn_blocking(move || spool.read(id))).await;
    match read.map_err(|error| ProblemResponse::internal(&error))? {
        Ok(report) => Ok(as_sent(report)),
        Err(ReadError::Unknown) => Err(unknown()),
        Err(error) => Err(ProblemResponse::internal(&error)),
    }
}

/// What a profile of a report says: the calls that a flame graph is drawn of. Stores nothing.
#[utoipa::path(post, path = "/api/usage-statistics/profile-graph", tag = "usage statistics", request_body = AskProfileGraph, responses(
    (status = 200, description = "The calls.", body = ProfileGraphAnswer),
    (status = 422, description = "The text is no profile.", body = Problem, content_type = "application/problem+json"), JsonProblems, GuardedResponses))]
async fn draw_profile(
    AnyTypeJson(AskProfileGraph { kind, profile, id }): AnyTypeJson<AskProfileGraph, REPORT_BYTES>,
) -> Result<Json<ProfileGraphAnswer>, ProblemResponse> {
    let drawn = joined(tokio::task::spawn_blocking(move || {
        let graph = profile_graph(kind, &profile)?;
        let html = profile_picture(kind, &graph, &id);
        Ok::<_, ProfileError>(ProfileGraphAnswer { graph, html })
    }));
    let drawn = drawn.await.map_err(|error| ProblemResponse::internal(&error))?;
    drawn.map(Json).map_err(|error| ProblemResponse::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
}

/// What was reported in the last 90 days: the numbers of reports that a collector has confirmed. They are deleted
/// when statistics are switched off.
#[utoipa::path(get, path = "/api/usage-statistics/history", tag = "usage statistics", responses(
    (status = 200, description = "The days; none while statistics are off.", body = ReportedHistory), GuardedResponses))]
async fn history(
    State(statistics): State<Arc<StatisticsService>>,
) -> Result<Json<ReportedHistory>, ProblemResponse> {
    let Some(spool) = statistics.spool() else { return Ok(Json(ReportedHistory::default())) };
    let days = joined(tokio::task::spawn_blocking(move || spool.reported().days())).await.flatten();
    let days = days.map_err(|error| ProblemResponse::internal(&error))?;
    let charts = reported_charts(&days);
    Ok(Json(ReportedHistory { days, charts }))
}

/// This installation beside the fleet, by the tables that were downloaded. Asks nobody.
#[utoipa::path(get, path = "/api/usage-statistics/fleet", tag = "usage statistics", responses(
    (status = 200, description = "Where this installation stands.", body = FleetComparison),
    (status = 409, description = "Statistics are off.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn fleet(
    State(statistics): State<Arc<StatisticsService>>,
) -> Result<Json<FleetComparison>, ProblemResponse> {
    let running = running(&statistics)?;
    compared(&running, running.published.downloaded()).await
}

/// The same, after downloading what the collector publishes, unless that happened within a day. The collector is
/// asked what every installation asks, and learns nothing of this one.
#[utoipa::path(post, path = "/api/usage-statistics/fleet", tag = "usage statistics", responses(
    (status = 200, description = "Where this installation stands, or why that is not known.", body = FleetComparison),
    (status = 409, description = "Statistics are off.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn compare_with_fleet(
    State(statistics): State<Arc<StatisticsService>>,
) -> Result<Json<FleetComparison>, ProblemResponse> {
    let running = running(&statistics)?;
    let downloaded = running.download_published().await.ok_or_else(off)?;
    compared(&running, downloaded).await
}

async fn compared(
    running: &RunningStatistics,
    downloaded: DownloadedTables,
) -> Result<Json<FleetComparison>, ProblemResponse> {
    let DownloadedTables { at, failure, tables, .. } = downloaded;
    let position = if tables.is_empty() {
        None
    } else {
        let numbers = running.reporter.preview_numbers().await;
        fleet_position(&tables, &numbers.map_err(|error| ProblemResponse::internal(&error))?)
    };
    let mut comparison = FleetComparison {
        collector: running.published.origin(),
        downloaded_at: at,
        failure: failure.map(|failure| failure.to_string()),
        position,
        sentences: Vec::new(),
    };
    comparison.sentences = fleet_sentences(&comparison);
    Ok(Json(comparison))
}

/// The receipts for what was deleted on request of this installation, latest first.
#[utoipa::path(get, path = "/api/usage-statistics/receipts", tag = "usage statistics", responses(
    (status = 200, description = "The receipts.", body = StoredReceipts), GuardedResponses))]
async fn receipts(State(statistics): State<Arc<StatisticsService>>) -> Json<StoredReceipts> {
    Json(StoredReceipts { receipts: statistics.receipts() })
}

/// Asks the collector to delete what this installation sent, and makes it a new installation.
#[utoipa::path(post, path = "/api/usage-statistics/deletion", tag = "usage statistics", responses(
    (status = 200, description = "The collector's receipt; none if nothing was sent yet.", body = ForgottenInstallation),
    (status = 409, description = "The collector does not know this installation by its secret, is being asked already, or statistics are off for the whole run; nothing changed.", body = Problem, content_type = "application/problem+json"),
    (status = 502, description = "The collector did not delete, or is still deleting; nothing changed.", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "The server is stopping, or the data directory or the settings database is unavailable; ask again. The detail says whether the collector has deleted already.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn delete_sent(
    State(statistics): State<Arc<StatisticsService>>,
) -> Result<Json<ForgottenInstallation>, ProblemResponse> {
    // It continues if the client disconnects, so that it does not stop halfway.
    let deleting = joined(tokio::spawn(async move { statistics.delete_sent().await }));
    match deleting.await.map_err(|error| ProblemResponse::internal(&error))? {
        Ok(DeletionOutcome::NeverDelivered) => Ok(Json(ForgottenInstallation::default())),
        Ok(DeletionOutcome::Deleted(stored)) => {
            Ok(Json(ForgottenInstallation { receipt: Some(stored.receipt) }))
        }
        Err(error) => Err(not_deleted(&error)),
    }
}

fn not_deleted(error: &SentDeletionError) -> ProblemResponse {
    let status = match error {
        SentDeletionError::Deletion(
            unfinished @ (DeletionError::Unreadable(cause)
            | DeletionError::NoReceipt(cause)
            | DeletionError::NotForgotten(cause)),
        ) => {
            tracing::error!("{unfinished}: {cause:#}");
            let refusal = ProblemResponse::new(StatusCode::SERVICE_UNAVAILABLE, unfinished.to_string());
            return refusal.retry_after(ASK_AGAIN);
        }
        SentDeletionError::Stopping(_) => StatusCode::SERVICE_UNAVAILABLE,
        SentDeletionError::OffForThisRun(_)
        | SentDeletionError::UnderWay
        | SentDeletionError::Deletion(
            DeletionError::NoSecret
            | DeletionError::NotDeleted(NotDeleted::OtherSecret | NotDeleted::Unknown),
        ) => StatusCode::CONFLICT,
        SentDeletionError::Deletion(DeletionError::NotDeleted(_)) => StatusCode::BAD_GATEWAY,
    };
    ProblemResponse::new(status, error.to_string())
}

/// The pseudonym under which a browser is counted. Counts and stores nothing.
#[utoipa::path(post, path = "/api/pseudonym", tag = "usage statistics", request_body = AskPseudonym, responses(
    (status = 200, description = "The pseudonym.", body = Pseudonym),
    (status = 409, description = "Statistics are off.", body = Problem, content_type = "application/problem+json"), JsonProblems, GuardedResponses))]
async fn pseudonym(
    State(statistics): State<Arc<StatisticsService>>,
    AnyTypeJson(AskPseudonym { device_id }): AnyTypeJson<AskPseudonym>,
) -> Result<Json<Pseudonym>, ProblemResponse> {
    let pseudonym = running(&statistics)?.browsers.pseudonym(device_id);
    Ok(Json(Pseudonym { pseudonym: pseudonym.map(BrowserPseudonym::as_uuid) }))
}

fn running(statistics: &StatisticsService) -> Result<Arc<RunningStatistics>, ProblemResponse> {
    statistics.running().ok_or_else(off)
}

fn off() -> ProblemResponse {
    ProblemResponse::new(StatusCode::CONFLICT, "usage statistics are off: nothing would be sent")
}

/// The exact bytes of a report, with the headers that are sent with it.
fn as_sent(report: SpooledReport) -> Response {
    let digest = Sha256::digest(&report.bytes);
    let digits = hex::encode(digest);
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (CONTENT_DIGEST, format!("sha-256=:{}:", STANDARD.encode(digest))),
        (CONTENT_SHA256, digits),
    ];
    (headers, AppendHeaders(report.headers.listed()), report.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_that_stopped_halfway_says_what_is_deleted_and_to_ask_again() {
        let cause = || anyhow::anyhow!("/var/lib/headcount/receipts: no space left on device");
        for (error, told) in [
            (DeletionError::Unreadable(cause()), "the collector is not asked"),
            (DeletionError::NoReceipt(cause()), "the collector has deleted what was sent, but its receipt"),
            (DeletionError::NotForgotten(cause()), "the collector has deleted what was sent, but what was"),
        ] {
            let detail = error.to_string();
            assert!(detail.contains(told) && detail.contains("ask again"), "{detail}");
            assert!(!detail.contains("/var"), "{detail}");
            let expected = ProblemResponse::new(StatusCode::SERVICE_UNAVAILABLE, detail);
            assert_eq!(not_deleted(&error.into()), expected.retry_after(ASK_AGAIN));
        }
    }
}
