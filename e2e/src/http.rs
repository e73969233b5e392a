//! How are the programs asked?

use anyhow::Context;
use reqwest::{
    Client, ClientBuilder,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};

use crate::wait::SOON;

/// The admin token that programs are started with: see [`Program`](crate::program::Program).
pub const ADMIN_TOKEN: &str = "a-token-for-tests-4fd1c6a09b";

/// A client without credentials that goes straight to this machine, whatever proxies the environment names. It makes a
/// connection for each request: one that was kept would break when its server is killed, and the next request with it. An
/// answer that does not come is waited for no longer than for anything else.
///
/// # Errors
/// The system refuses.
pub fn client() -> anyhow::Result<Client> {
    build(builder())
}

/// A client that shows [`ADMIN_TOKEN`] with every request, as an operator's program does. A request may have an
/// `Authorization` of its own.
///
/// # Errors
/// The system refuses.
pub fn operator() -> anyhow::Result<Client> {
    let shown = HeaderValue::try_from(format!("Bearer {ADMIN_TOKEN}"))?;
    build(builder().default_headers(HeaderMap::from_iter([(AUTHORIZATION, shown)])))
}

/// What such a client is made of.
pub(crate) fn builder() -> ClientBuilder {
    choose_cryptography();
    Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(SOON)
}

fn build(builder: ClientBuilder) -> anyhow::Result<Client> {
    builder.build().context("no HTTP client can be made")
}

/// `reqwest` makes no client without it. Another one may have been installed; that is fine.
fn choose_cryptography() {
    rustls::crypto::ring::default_provider().install_default().ok();
}
