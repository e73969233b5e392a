//! How are the programs asked?

use anyhow::Context;
use reqwest::Client;

/// A client that goes straight to this machine, whatever proxies the environment names.
///
/// # Errors
/// The system refuses.
pub fn client() -> anyhow::Result<Client> {
    // Another one may have been installed; that is fine.
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder().no_proxy().build().context("no HTTP client can be made")
}
