//! How are the programs asked?

use anyhow::Context;
use reqwest::Client;

/// A client that goes straight to this machine, whatever proxies the environment names.
///
/// # Errors
/// The system refuses.
pub fn client() -> anyhow::Result<Client> {
    choose_cryptography();
    Client::builder().no_proxy().build().context("no HTTP client can be made")
}

/// `reqwest` makes no client without it. Another one may have been installed; that is fine.
pub(crate) fn choose_cryptography() {
    rustls::crypto::ring::default_provider().install_default().ok();
}
