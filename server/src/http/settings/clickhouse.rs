//! Serves the ClickHouse settings of a project: `<base>api/projects/{id}/clickhouse`.

use axum::http::StatusCode;
use headcount_shared::api::{Auth, Clickhouse, ClickhouseProtocol, KeptSecrets, SetClickhouse};
use headcount_web::problem::ProblemResponse;

use super::{
    extractors::{JsonBody, OpenedSettings, ProjectPath, UrlParameters},
    load_configuration::load_configuration,
    settings_errors::{BodyProblems, SettingsProblems, StaleChangeProblem, not_configured},
    stored_logins::{login, updated_login},
    url_login::without_login,
    versions::{ChangeCondition, ConditionHeaders, Versioned},
};
use crate::store::{ClickhouseAccess, ClickhouseTransport, InvalidChange};

/// The ClickHouse of a project.
#[utoipa::path(get, path = "/api/projects/{id}/clickhouse", tag = "clickhouse", params(ProjectPath), responses(
    (status = 200, description = "The settings of the ClickHouse.", body = Clickhouse), SettingsProblems))]
pub(super) async fn clickhouse(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
) -> Result<Versioned<Clickhouse>, ProblemResponse> {
    shown(load_configuration(&settings, &id).await?.clickhouse)
}

/// Sets the ClickHouse of a project.
#[utoipa::path(put, path = "/api/projects/{id}/clickhouse", tag = "clickhouse", params(ProjectPath, ConditionHeaders),
    request_body = SetClickhouse,
    responses((status = 200, description = "The settings of the ClickHouse.", body = Clickhouse), BodyProblems, StaleChangeProblem, SettingsProblems))]
pub(super) async fn set_clickhouse(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
    condition: ChangeCondition,
    JsonBody(sent): JsonBody<SetClickhouse>,
) -> Result<Versioned<Clickhouse>, ProblemResponse> {
    let update = |stored: Option<ClickhouseAccess>| {
        let changed = updated(sent, stored.clone());
        condition.check(stored.as_ref(), changed.as_ref().ok(), to_response)?;
        changed
    };
    shown(settings.set_clickhouse(&id, update).await?)
}

/// Removes the ClickHouse of a project.
#[utoipa::path(delete, path = "/api/projects/{id}/clickhouse", tag = "clickhouse", params(ProjectPath, ConditionHeaders), responses(
    (status = 204, description = "The settings are removed."), StaleChangeProblem, SettingsProblems))]
pub(super) async fn delete_clickhouse(
    OpenedSettings(settings): OpenedSettings,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
    condition: ChangeCondition,
) -> Result<StatusCode, ProblemResponse> {
    let check = |stored: Option<&ClickhouseAccess>| condition.check(stored, None, to_response);
    settings.remove_clickhouse(&id, check).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(access: Option<ClickhouseAccess>) -> Result<Versioned<Clickhouse>, ProblemResponse> {
    let access = access.ok_or_else(|| not_configured("ClickHouse"))?;
    Ok(Versioned(to_response(&access)))
}

fn to_response(access: &ClickhouseAccess) -> Clickhouse {
    let of = access.clone();
    Clickhouse {
        protocol: match of.protocol {
            ClickhouseTransport::Native => ClickhouseProtocol::Native,
            ClickhouseTransport::Http => ClickhouseProtocol::Http,
        },
        addr: without_login(&of.addr),
        database: of.database,
        tls_enable: of.tls_enable,
        tls_skip_verify: of.tls_skip_verify,
        auth: Auth { user: of.user, password_set: !of.password.is_empty() },
    }
}

/// The access to store. A password that was not sent is the stored one, if the connection is to the same
/// server in the same way.
fn updated(sent: SetClickhouse, stored: Option<ClickhouseAccess>) -> Result<ClickhouseAccess, InvalidChange> {
    let mut updated = ClickhouseAccess {
        protocol: match sent.protocol {
            ClickhouseProtocol::Native => ClickhouseTransport::Native,
            ClickhouseProtocol::Http => ClickhouseTransport::Http,
        },
        addr: sent.addr,
        user: sent.auth.user.clone(),
        password: String::new(),
        database: sent.database,
        tls_enable: sent.tls_enable,
        tls_skip_verify: sent.tls_skip_verify,
    };
    let stored = stored.unwrap_or_default();
    let before = login((stored.user.clone(), stored.password.clone()));
    let kept = KeptSecrets::of("auth.password", (Some(&sent.auth), Some(&before)), (&[], &[]));
    let is_moved =
        origin(&updated) != origin(&stored) || (updated.tls_skip_verify && !stored.tls_skip_verify);
    if let Some(kept) = kept.filter(|_| is_moved) {
        return Err(InvalidChange::OtherOrigin(kept));
    }
    (_, updated.password) = updated_login(sent.auth, Some(&before));
    Ok(updated)
}

/// Where a connection leads: its scheme, host and port. Another program may have put a login into the address.
fn origin(access: &ClickhouseAccess) -> (ClickhouseTransport, bool, String) {
    let addr = without_login(&access.addr);
    (access.protocol, access.tls_enable, addr.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_the_same_server_with_and_without_a_login() {
        let origin = |addr: &str| origin(&ClickhouseAccess { addr: addr.to_owned(), ..Default::default() });
        for same in ["c:9000", " C:9000 ", "user:hidden@c:9000", "a@b@c:9000"] {
            assert_eq!(origin(same), origin("c:9000"), "{same}");
        }
        for other in ["d:9000", "c:9001", "c:9000@d:9000"] {
            assert_ne!(origin(other), origin("c:9000"), "{other}");
        }
    }
}
