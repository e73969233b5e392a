//! Makes the HTTP clients of this program, classifies failed requests, and decides when to try again.
//!
//! Every HTTP client begins with [`client_builder`]. Failures have texts of this program, because those of
//! the errors name hosts.

pub mod answer_head;
pub mod backoff;
mod framing_headers;
mod origin;
mod proxies;
mod target_policy;
mod trust;
mod unreachable_cause;

use std::{error::Error, io, sync::OnceLock};

use reqwest::{Client, ClientBuilder, Proxy, Url};
use rustls::CertificateError;

pub use self::framing_headers::is_framing_header;
pub use self::origin::is_same_origin;
pub use self::target_policy::{ForbiddenTarget, TargetPolicy};
pub use self::trust::{OWN_AUTHORITY, tls_config, tls_config_of, tls_config_trusting};
pub use self::unreachable_cause::UnreachableCause;
use self::{proxies::ProxyRules, trust::is_for_its_signer};

/// Why a client cannot be made, if nothing more specific is known.
pub const NO_TLS: &str = "this machine cannot make TLS connections";

/// Why a request got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionFailure {
    /// Nothing answers there, its certificate is not valid, or the connection broke. The text names no host.
    Unreachable(&'static str),
    /// A server is there, but the answer was not complete in time.
    TimedOut,
}

/// An address for logs and pages: without user name, password, query and fragment, which may contain a token. The
/// path stays.
#[must_use]
pub fn shown_url(url: &Url) -> String {
    let mut url = url.clone();
    // This fails only for an address without a host, which has neither.
    let is_bare = url.set_username("").is_ok() && url.set_password(None).is_ok();
    url.set_query(None);
    url.set_fragment(None);
    if is_bare { url.into() } else { format!("{}:…", url.scheme()) }
}

/// The start of every HTTP client of this program. It uses the proxies in the environment, and none for this
/// machine.
pub fn client_builder() -> ClientBuilder {
    // The product that embeds this library may have installed another one, which is fine.
    rustls::crypto::ring::default_provider().install_default().ok();
    let proxies = ProxyRules::of(|name| std::env::var_os(name));
    Client::builder().proxy(Proxy::custom(move |url| proxies.of_url(url)))
}

/// The client in `place`. It is made on first use, so that a program that never connects opens no certificate
/// store.
///
/// # Errors
/// [`NO_TLS`].
pub fn client_in(
    place: &OnceLock<Client>,
    configured: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<&Client, ConnectionFailure> {
    if let Some(client) = place.get() {
        return Ok(client);
    }
    let client = configured(client_builder()).build().map_err(|_| ConnectionFailure::Unreachable(NO_TLS))?;
    Ok(place.get_or_init(|| client))
}

/// The same for a client that verifies certificates.
///
/// # Errors
/// Why there is no TLS.
pub fn verifying_client_in(
    place: &OnceLock<Client>,
    configured: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<&Client, ConnectionFailure> {
    if let Some(client) = place.get() {
        return Ok(client);
    }
    let tls = tls_config().map_err(ConnectionFailure::Unreachable)?;
    client_in(place, |client| configured(client.tls_backend_preconfigured(tls)))
}

impl From<ForbiddenTarget> for ConnectionFailure {
    fn from(_: ForbiddenTarget) -> Self {
        Self::Unreachable(ForbiddenTarget::REASON)
    }
}

impl From<reqwest::Error> for ConnectionFailure {
    fn from(error: reqwest::Error) -> Self {
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::Unreachable(UnreachableCause::NoConnection.text()),
            (false, true) => Self::TimedOut,
            _ => Self::Unreachable(cause(&error).text()),
        }
    }
}

/// Classifies the failure of a connection.
fn cause(error: &(dyn Error + 'static)) -> UnreachableCause {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(cause) = error.downcast_ref().and_then(cause_of_io) {
            return cause;
        }
        next = error.source();
    }
    UnreachableCause::Other
}

fn cause_of_io(error: &io::Error) -> Option<UnreachableCause> {
    let inner = error.get_ref();
    if let Some(inner) = inner.and_then(|inner| inner.downcast_ref()) {
        return cause_of_io(inner);
    }
    if inner.is_some_and(|inner| inner.is::<ForbiddenTarget>()) {
        return Some(UnreachableCause::Forbidden);
    }
    match (inner.and_then(|inner| inner.downcast_ref()), error.kind()) {
        (Some(rustls::Error::InvalidCertificate(error)), _) => Some(cause_of_certificate(error)),
        (Some(_), _) => Some(UnreachableCause::Tls),
        (None, io::ErrorKind::ConnectionRefused) => Some(UnreachableCause::Refused),
        (None, io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            Some(UnreachableCause::NoRoute)
        }
        (None, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
            Some(UnreachableCause::Broken)
        }
        // The standard library has no kind for it.
        _ if error.to_string().starts_with("failed to lookup address information") => {
            Some(UnreachableCause::UnknownName)
        }
        _ => None,
    }
}

/// Why a certificate is refused. The texts of the errors contain names.
fn cause_of_certificate(error: &CertificateError) -> UnreachableCause {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            UnreachableCause::ExpiredCertificate
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            UnreachableCause::EarlyCertificate
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            UnreachableCause::OtherName
        }
        error if is_for_its_signer(error) => UnreachableCause::UnknownSigner,
        _ => UnreachableCause::InvalidCertificate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        for (url, shown) in [
            ("https://coroot.com/ce/usage-statistics", "https://coroot.com/ce/usage-statistics"),
            ("http://me:swordfish@h:1/x?token=swordfish#swordfish", "http://h:1/x"),
            ("http://swordfish@h/", "http://h/"),
            ("data:swordfish", "data:…"),
        ] {
            assert_eq!(shown_url(&url.parse().unwrap()), shown);
        }
    }

    #[test]
    fn a_certificate_of_an_unknown_authority_is_refused_with_what_to_do() {
        let error = io::Error::other(rustls::Error::from(CertificateError::UnknownIssuer));
        assert!(cause(&error).text().contains("SSL_CERT_FILE"));
    }

    #[test]
    fn what_went_wrong_is_said_without_a_name() {
        let tls = |error: rustls::Error| io::Error::other(error);
        let other = CertificateError::Other(rustls::OtherError(std::sync::Arc::new(io::Error::other(
            "something else",
        ))));
        let lookup = "failed to lookup address information: Name or service not known";
        for (error, expected) in [
            (io::ErrorKind::ConnectionRefused.into(), "connection refused"),
            (io::ErrorKind::HostUnreachable.into(), "no route"),
            (io::ErrorKind::UnexpectedEof.into(), "the connection broke"),
            (io::Error::other(lookup), "its name cannot be resolved"),
            (io::Error::other("secret.example.com"), "the connection failed"),
            (io::Error::other(ForbiddenTarget), ForbiddenTarget::REASON),
            (tls(CertificateError::Expired.into()), "its certificate has expired"),
            (tls(CertificateError::BadSignature.into()), "its certificate is not accepted"),
            (tls(other.into()), "its certificate is not accepted"),
            (tls(rustls::Error::HandshakeNotComplete), "TLS failed"),
        ] {
            assert_eq!(cause(&error).text(), expected);
            assert_eq!(cause(&io::Error::other(error)).text(), expected);
        }
    }
}
