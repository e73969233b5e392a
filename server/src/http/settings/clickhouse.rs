//! Serves the ClickHouse settings of a project: `<base>api/projects/{id}/clickhouse`.

use axum::{Json, http::StatusCode};
use headcount_shared::api::{Auth, Clickhouse, ClickhouseProtocol, SetClickhouse};

use super::{
    configured::configured,
    refused::{BodyRefused, Refused, not_configured},
    request::{At, InProject, Open, Sent},
};
use crate::{
    http::problem::Refusal,
    settings::{self, IntegrationChange, Protocol},
};

/// The ClickHouse of a project.
#[utoipa::path(get, path = "/api/projects/{id}/clickhouse", tag = "clickhouse", params(InProject), responses(
    (status = 200, description = "The settings of the ClickHouse.", body = Clickhouse), Refused))]
pub(super) async fn clickhouse(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<Json<Clickhouse>, Refusal> {
    let clickhouse = configured(&settings, &id).await?.clickhouse;
    Ok(Json(shown(clickhouse.ok_or_else(|| not_configured("ClickHouse"))?)))
}

/// Sets the ClickHouse of a project.
#[utoipa::path(put, path = "/api/projects/{id}/clickhouse", tag = "clickhouse", params(InProject),
    request_body = SetClickhouse,
    responses((status = 200, description = "The settings of the ClickHouse.", body = Clickhouse), BodyRefused, Refused))]
pub(super) async fn set_clickhouse(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
    Sent(sent): Sent<SetClickhouse>,
) -> Result<Json<Clickhouse>, Refusal> {
    let edit = |_, stored| IntegrationChange::Clickhouse(Some(edited(sent, stored)));
    settings.edit_integration(&id, edit).await?;
    clickhouse(Open(settings), At(InProject { id })).await
}

/// Removes the ClickHouse of a project.
#[utoipa::path(delete, path = "/api/projects/{id}/clickhouse", tag = "clickhouse", params(InProject), responses(
    (status = 204, description = "The settings are removed."), Refused))]
pub(super) async fn delete_clickhouse(
    Open(settings): Open,
    At(InProject { id }): At<InProject>,
) -> Result<StatusCode, Refusal> {
    settings.set_integration(&id, &IntegrationChange::Clickhouse(None)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(of: settings::Clickhouse) -> Clickhouse {
    Clickhouse {
        protocol: match of.protocol {
            Protocol::Native => ClickhouseProtocol::Native,
            Protocol::Http => ClickhouseProtocol::Http,
        },
        addr: of.addr,
        database: of.database,
        tls_enable: of.tls_enable,
        tls_skip_verify: of.tls_skip_verify,
        auth: Auth { user: of.user, password_set: !of.password.is_empty() },
    }
}

fn edited(sent: SetClickhouse, stored: Option<settings::Clickhouse>) -> settings::Clickhouse {
    settings::Clickhouse {
        protocol: match sent.protocol {
            ClickhouseProtocol::Native => Protocol::Native,
            ClickhouseProtocol::Http => Protocol::Http,
        },
        addr: sent.addr,
        user: sent.auth.user,
        password: sent.auth.password.in_place_of(stored.unwrap_or_default().password),
        database: sent.database,
        tls_enable: sent.tls_enable,
        tls_skip_verify: sent.tls_skip_verify,
    }
}
