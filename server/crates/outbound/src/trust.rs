//! Verifies certificates of servers: accepts those signed by the authorities of this machine, and those
//! listed in the file of `SSL_CERT_FILE`.
//!
//! `openssl req -x509` makes a certificate that is its own authority. webpki accepts no authority as a
//! server; OpenSSL, and so curl, accepts listed ones. A listed certificate is accepted here too, if its name
//! and its validity period are right.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, Once},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring::default_provider},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use rustls_platform_verifier::Verifier;

/// The error for a server whose certificate may sign others, even if it is listed. It comes from a crate
/// below rustls, so it is recognized by its text.
pub const OWN_AUTHORITY: &str = "CaUsedAsEndEntity";

/// The variable that names a file of certificates, instead of those of the system.
const VARIABLE: &str = "SSL_CERT_FILE";

/// Why a client cannot be made without [`VARIABLE`].
const NO_AUTHORITIES: &str =
    "this machine cannot make TLS connections: are there certificates of authorities?";

/// Why a client cannot be made with it.
const NO_FILE: &str = "SSL_CERT_FILE names no file with certificates that can be read";

/// Why a client cannot be made with a file that is given to it.
const NO_CERTIFICATES: &str = "the file has no certificates that can be read";

/// The TLS configuration of a client, for HTTP/1.1.
///
/// # Errors
/// The reason, for the operator: there are no certificates of authorities.
pub fn tls_config() -> Result<ClientConfig, &'static str> {
    let file = file_named_by(std::env::var_os(VARIABLE));
    let refused = if file.is_some() { NO_FILE } else { NO_AUTHORITIES };
    let provider = Arc::new(default_provider());
    let authorities = Verifier::new(Arc::clone(&provider)).map_err(|_| refused)?;
    let listed = file.as_deref().map(listed_in).unwrap_or_default();
    if file.is_some() && listed.is_empty() {
        static SAID: Once = Once::new();
        SAID.call_once(|| tracing::warn!("{NO_FILE}"));
    }
    let verifier = ListedVerifier { authorities: Arc::new(authorities), listed };
    tls_config_of(Arc::new(verifier), provider).map_err(|_| refused)
}

/// The TLS configuration of a client, for HTTP/1.1, that trusts the certificates in `file` alone: those of
/// authorities, and those of servers.
///
/// # Errors
/// The reason, for the operator: the file has no certificates that can be read.
pub fn tls_config_trusting(file: &Path) -> Result<ClientConfig, &'static str> {
    let provider = Arc::new(default_provider());
    let listed = listed_in(file);
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(listed.iter().cloned());
    let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let authorities = authorities.build().map_err(|_| NO_CERTIFICATES)?;
    let verifier = ListedVerifier { authorities, listed };
    tls_config_of(Arc::new(verifier), provider).map_err(|_| NO_CERTIFICATES)
}

/// The file of certificates that a variable names. An empty variable counts as unset, as in OpenSSL.
fn file_named_by(variable: Option<OsString>) -> Option<PathBuf> {
    variable.filter(|file| !file.is_empty()).map(PathBuf::from)
}

/// Whether a certificate is refused because of its issuer, or because it may sign others.
pub(super) fn is_for_its_signer(refusal: &CertificateError) -> bool {
    match refusal {
        CertificateError::UnknownIssuer => true,
        CertificateError::Other(error) => error.to_string() == OWN_AUTHORITY,
        _ => false,
    }
}

/// The TLS configuration of a client with this `verifier`.
///
/// # Errors
/// The provider supports no version of TLS.
pub fn tls_config_of(
    verifier: Arc<dyn ServerCertVerifier>,
    provider: Arc<CryptoProvider>,
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates in a file. Empty if the file cannot be read: the authorities are read from the same file,
/// and without any there is no client.
fn listed_in(file: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(file).into_iter().flatten().filter_map(Result::ok).collect()
}

/// Accepts certificates that an authority has signed, and listed ones.
#[derive(Debug)]
struct ListedVerifier {
    authorities: Arc<dyn ServerCertVerifier>,
    listed: Vec<CertificateDer<'static>>,
}

impl ListedVerifier {
    /// Whether a refused certificate is listed, and was refused for a reason that does not matter then: its
    /// issuer, or that it may sign others. Its validity period has been checked before.
    fn may_be_accepted(&self, end_entity: &CertificateDer<'_>, refusal: &Error) -> bool {
        let Error::InvalidCertificate(refusal) = refusal else { return false };
        is_for_its_signer(refusal) && self.listed.iter().any(|listed| listed == end_entity)
    }
}

impl ServerCertVerifier for ListedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(refusal) = verified else { return verified };
        if !self.may_be_accepted(end_entity, &refusal) {
            return Err(refusal);
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
