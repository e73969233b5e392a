//! Makes HTTP clients for requests to the programs.

use anyhow::Context;
use reqwest::{
    Client, ClientBuilder,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};

use crate::wait::SOON;

/// The admin token that programs are started with: see
/// [`HeadcountProgram`](crate::program::HeadcountProgram).
pub const ADMIN_TOKEN: &str = "a-token-for-tests-4fd1c6a09b";

/// Returns a client without credentials and without a proxy. It makes a connection for each request: an idle
/// one would break when its server is killed, and the next request with it. Requests time out after [`SOON`].
///
/// # Errors
/// The system refuses.
pub fn client() -> anyhow::Result<Client> {
    build(builder())
}

/// Returns a client that sends [`ADMIN_TOKEN`] with every request, as an operator's program does. A request
/// may have an `Authorization` of its own.
///
/// # Errors
/// The system refuses.
pub fn operator() -> anyhow::Result<Client> {
    let shown = HeaderValue::try_from(format!("Bearer {ADMIN_TOKEN}"))?;
    build(builder().default_headers(HeaderMap::from_iter([(AUTHORIZATION, shown)])))
}

/// The common options of these clients.
pub(crate) fn builder() -> ClientBuilder {
    choose_cryptography();
    Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(SOON)
}

fn build(builder: ClientBuilder) -> anyhow::Result<Client> {
    builder.build().context("no HTTP client can be made")
}

/// `reqwest` needs a default provider. It does not matter if another one is installed already.
fn choose_cryptography() {
    rustls::crypto::ring::default_provider().install_default().ok();
}
