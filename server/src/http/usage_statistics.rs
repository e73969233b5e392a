//! `<base>api/usage-statistics`: the operator looks at usage statistics and switches them.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use headcount_shared::api::{ReportEntries, Status, Switch};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::problem::Refusal;
use crate::{
    app::statistics::{Running, Statistics, SwitchError},
    report::spool::ReadError,
};

/// The digest of an answer's bytes (RFC 9530).
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// The same, in hexadecimal, as `sha256sum` prints it.
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-content-sha256");

/// `GET`: on or off, where reports go, and how that goes.
pub async fn status(State(statistics): State<Arc<Statistics>>) -> Json<Status> {
    Json(statistics.status())
}

/// `PUT`: switches on or off, also for later runs. The content type does not matter: a browser asks before it lets another
/// site send a `PUT`, and the answer to that is no.
///
/// # Errors
/// A [`Refusal`]: the body is not understood, or something else says off.
pub async fn switch(State(statistics): State<Arc<Statistics>>, body: Bytes) -> Result<Json<Status>, Refusal> {
    let Switch { enabled } = serde_json::from_slice(&body).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("send {{\"enabled\":true}} or false: {error}"))
    })?;
    match statistics.switch(enabled).await {
        Ok(()) => Ok(Json(statistics.status())),
        Err(error @ SwitchError::OffForThisRun(_)) => {
            Err(Refusal::new(StatusCode::CONFLICT, error.to_string()))
        }
        Err(SwitchError::Failed(error)) => Err(Refusal::internal(&format!("{error:#}"))),
    }
}

/// `GET …/preview`: the bytes of the report as it would be sent now. Changes nothing.
///
/// # Errors
/// A [`Refusal`] when statistics are off.
pub async fn preview(State(statistics): State<Arc<Statistics>>) -> Result<Response, Refusal> {
    let bytes = running(&statistics)?.reporter.preview().await.map_err(|error| Refusal::internal(&error))?;
    Ok(exact_bytes(bytes))
}

/// `GET …/reports`: the reports that are kept.
///
/// # Errors
/// None; without reports the list is empty.
pub async fn reports(State(statistics): State<Arc<Statistics>>) -> Json<ReportEntries> {
    let reports = statistics.running().map(|running| running.spool.entries()).unwrap_or_default();
    Json(ReportEntries { reports })
}

/// `GET …/reports/{id}`: the exact bytes that were or will be sent.
///
/// # Errors
/// A [`Refusal`] when there is none with this id.
pub async fn report(
    State(statistics): State<Arc<Statistics>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let unknown = || Refusal::new(StatusCode::NOT_FOUND, "there is no report with this id");
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let spool = Arc::clone(&running(&statistics)?.spool);
    let read = tokio::task::spawn_blocking(move || spool.read(id))
        .await
        .map_err(|error| Refusal::internal(&error))?;
    match read {
        Ok(report) => Ok(exact_bytes(report.bytes)),
        Err(ReadError::Unknown) => Err(unknown()),
        Err(error) => Err(Refusal::internal(&error)),
    }
}

fn running(statistics: &Statistics) -> Result<Arc<Running>, Refusal> {
    let off = || Refusal::new(StatusCode::CONFLICT, "usage statistics are off: nothing would be sent");
    statistics.running().ok_or_else(off)
}

fn exact_bytes(bytes: Vec<u8>) -> Response {
    let digest = Sha256::digest(&bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (CONTENT_DIGEST, format!("sha-256=:{}:", STANDARD.encode(digest))),
        (CONTENT_SHA256, hex),
    ];
    (headers, bytes).into_response()
}
