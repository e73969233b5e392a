//! How is the Prometheus of a project asked? The column `project.prometheus`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    credentials::{basic_auth, basic_auth_json, headers, headers_json},
    document::{Document, flag, put, text},
    error::{Invalid, Result},
};
use crate::world::{project::PrometheusAccess, prometheus::check};

/// How often a Prometheus is asked when the project does not say.
const REFRESH_INTERVAL: Duration = Duration::from_secs(30);

/// The longest time between two rounds that can be asked for.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);

/// What the column says; `None` without an address.
pub(super) fn access(column: &Document) -> Option<PrometheusAccess> {
    let url = Some(text(column, "url")).filter(|url| !url.is_empty())?;
    let refresh_interval = column.get("refresh_interval").and_then(duration).unwrap_or(REFRESH_INTERVAL);
    Some(PrometheusAccess {
        url,
        refresh_interval: refresh_interval.max(Duration::from_secs(1)),
        tls_skip_verify: flag(column, "tls_skip_verify"),
        basic_auth: basic_auth(column),
        extra_selector: text(column, "extra_selector"),
        custom_headers: headers(column),
    })
}

/// Puts an access in the place of the one in the column; secrets that are empty stay as they are there.
pub(super) fn change(column: &mut Document, access: &PrometheusAccess) -> Result<()> {
    check(access).map_err(Invalid::Prometheus)?;
    if !(Duration::from_secs(1)..=LONGEST_INTERVAL).contains(&access.refresh_interval) {
        return Err(Invalid::RefreshInterval.into());
    }
    let basic_auth = basic_auth_json(access.basic_auth.as_ref(), column);
    let headers = headers_json(&access.custom_headers, column)?;
    put(
        column,
        [
            ("url", json!(access.url)),
            ("refresh_interval", milliseconds(access.refresh_interval)),
            ("tls_skip_verify", json!(access.tls_skip_verify)),
            ("basic_auth", basic_auth),
            ("extra_selector", json!(access.extra_selector)),
            ("custom_headers", headers),
        ],
    );
    Ok(())
}

/// Leaves no address and no secret.
pub(super) fn remove(column: &mut Document) {
    put(column, [("url", json!("")), ("basic_auth", Value::Null), ("custom_headers", Value::Null)]);
}

/// How the column has a time.
pub(super) fn milliseconds(duration: Duration) -> Value {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).into()
}

/// Milliseconds, or a text such as `1m30s`; `None` for zero and for what is neither.
fn duration(value: &Value) -> Option<Duration> {
    let duration = match value {
        Value::String(text) => humantime::parse_duration(text).ok()?,
        other => Duration::from_millis(other.as_u64()?),
    };
    Some(duration).filter(|duration| !duration.is_zero())
}
