//! Serves deletions of installations, and the keys that verify their receipts.

use std::time::Duration;

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use headcount_shared::{
    api::{DeletionReceipt, DeletionRequest, Problem, PublicKeys},
    deletion_commitment::InstanceSecret,
    json::StrictJson,
};
use headcount_web::{described_refusals::GuardedResponses, problem::ProblemResponse};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Collector,
    installation_deletion::{InstallationRemoval, RemovalRefused},
};

/// The largest request for deletion, in bytes. One of this program has 136.
const REQUEST_BYTES: usize = 1024;

/// How long a request for deletion may take to arrive.
const TIME_TO_SEND: Duration = Duration::from_secs(10);

/// When to ask again for a deletion that is under way.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// When to ask again if too many ask.
const COME_BACK: Duration = Duration::from_secs(60);

/// The routes that are open to all.
pub(super) fn public_deletion_routes() -> Router<Collector> {
    Router::new().route("/ce/usage-statistics/deletion", post(delete_own)).route("/ce/keys", get(public_keys))
}

/// The route for the administrator. It checks no access.
pub(super) fn administrator_deletion_routes() -> OpenApiRouter<Collector> {
    OpenApiRouter::new().routes(routes!(delete_by_operator))
}

async fn public_keys(State(collector): State<Collector>) -> Json<PublicKeys> {
    Json(collector.keys().public_keys())
}

async fn delete_own(State(collector): State<Collector>, body: Body) -> Result<Response, ProblemResponse> {
    let (instance, secret) = read_request(body).await?;
    answer(collector.delete_own(instance, &secret).await)
}

/// Deletes an installation whose operator asked for it with the UUID alone.
#[utoipa::path(delete, path = "/api/instances/{uuid}", tag = "reports",
    params(("uuid" = String, Path, description = "The UUID of the installation.")), responses(
    (status = 200, description = "It is deleted; the signed receipt.", body = DeletionReceipt),
    (status = 202, description = "It is being deleted; ask again."),
    (status = 400, description = "The address does not end with a UUID.", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such installation.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn delete_by_operator(
    State(collector): State<Collector>,
    Path(uuid): Path<String>,
) -> Result<Response, ProblemResponse> {
    let refused = || ProblemResponse::new(StatusCode::BAD_REQUEST, "the address does not end with a UUID");
    let instance: Uuid = uuid.parse().map_err(|_| refused())?;
    answer(collector.delete_by_operator(instance).await)
}

/// Reads a request. What is wrong with it is not quoted, because it may be a secret.
async fn read_request(body: Body) -> Result<(Uuid, InstanceSecret), ProblemResponse> {
    let read = tokio::time::timeout(TIME_TO_SEND, to_bytes(body, REQUEST_BYTES)).await;
    let too_slow =
        |_| ProblemResponse::new(StatusCode::REQUEST_TIMEOUT, "the request did not arrive in time");
    let too_large = format!("the request is larger than {REQUEST_BYTES} bytes, or ended too early");
    let bytes = read.map_err(too_slow)?;
    let bytes = bytes.map_err(|_| ProblemResponse::new(StatusCode::PAYLOAD_TOO_LARGE, too_large))?;
    let malformed = "send {\"instance\":\"<uuid>\",\"secret\":\"<64 hexadecimal digits>\"}";
    let malformed = || ProblemResponse::new(StatusCode::BAD_REQUEST, malformed);
    let StrictJson(DeletionRequest { instance, secret }) =
        serde_json::from_slice(&bytes).map_err(|_| malformed())?;
    Ok((instance, secret.parse().map_err(|_| malformed())?))
}

fn answer(removed: Result<InstallationRemoval, RemovalRefused>) -> Result<Response, ProblemResponse> {
    match removed {
        Ok(InstallationRemoval::Removed(receipt)) => Ok(Json(receipt).into_response()),
        Ok(InstallationRemoval::Pending) => {
            let seconds = ASK_AGAIN.as_secs().to_string();
            Ok((StatusCode::ACCEPTED, [("retry-after", seconds)]).into_response())
        }
        Err(refused) => Err(refusal(refused)),
    }
}

/// The refusal of a deletion.
pub(super) fn refusal(refused: RemovalRefused) -> ProblemResponse {
    let status = match refused {
        RemovalRefused::OtherSecret => StatusCode::FORBIDDEN,
        RemovalRefused::Unknown => StatusCode::NOT_FOUND,
        RemovalRefused::Busy => {
            return ProblemResponse::new(StatusCode::SERVICE_UNAVAILABLE, refused.to_string())
                .retry_after(COME_BACK);
        }
        RemovalRefused::Unreadable(unreadable) => return unreadable.into(),
    };
    ProblemResponse::new(status, refused.to_string())
}
