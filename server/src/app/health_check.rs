//! Checks that a running server or collector answers: `headcount health`.

use std::time::Duration;

use anyhow::{Context, bail};
use headcount_outbound;

use super::running_program::reachable;
use crate::config::HealthCheck;

/// How long an answer may take. A health check of a container is repeated soon.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Succeeds when a server or a collector serves at that address.
///
/// # Errors
/// One sentence: nothing answers there, or it is not healthy.
pub async fn health(check: &HealthCheck) -> anyhow::Result<()> {
    let address = reachable(check.listen);
    let url = format!("http://{address}{}health", check.url_base_path.as_str());
    let client =
        headcount_outbound::client_builder().no_proxy().tls_certs_only([]).timeout(TIMEOUT).build()?;
    // The client's own error would repeat the address.
    let answer =
        client.get(url).send().await.ok().with_context(|| format!("nothing answers on {address}"))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => bail!("the server on {address} answers with status {}", status.as_u16()),
    }
}
