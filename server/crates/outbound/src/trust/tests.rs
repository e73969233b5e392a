//! Tests the verification of certificates.

use std::{io, time::Duration};

use base64::Engine;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{RootCertStore, client::WebPkiServerVerifier};

use super::*;

const NOW: Duration = Duration::from_secs(1_700_000_000);

/// How a certificate for `prometheus.internal` is made.
struct CertificateRecipe {
    is_ca: IsCa,
    until_year: i32,
}

const LEAF: CertificateRecipe = CertificateRecipe { is_ca: IsCa::ExplicitNoCa, until_year: 2030 };
const OWN_AUTHORITY: CertificateRecipe =
    CertificateRecipe { is_ca: IsCa::Ca(BasicConstraints::Unconstrained), until_year: 2030 };

impl CertificateRecipe {
    fn params(&self) -> CertificateParams {
        let mut params =
            CertificateParams::new(["prometheus.internal".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.is_ca = self.is_ca;
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(self.until_year, 1, 1);
        params
    }

    fn self_signed(&self) -> CertificateDer<'static> {
        self.params().self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    /// A certificate of an authority that is not listed.
    fn signed_by_another(&self) -> CertificateDer<'static> {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(authority, key);
        self.params().signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().clone()
    }
}

/// Whether a server with the certificate `shown` is accepted if those in `listed` are listed.
fn verified(listed: &[CertificateDer<'static>], shown: &CertificateDer<'_>, name: &str) -> Result<(), Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(listed.iter().cloned());
    let provider = Arc::new(default_provider());
    let authorities = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
    let verifier = ListedVerifier { authorities, listed: listed.to_vec() };
    let name = ServerName::try_from(name).unwrap();
    verifier.verify_server_cert(shown, &[], &name, &[], UnixTime::since_unix_epoch(NOW)).map(drop)
}

#[test]
fn a_listed_certificate_is_accepted_whoever_signed_it_if_its_name_and_time_are_right() {
    for certificate in [LEAF.self_signed(), OWN_AUTHORITY.self_signed(), LEAF.signed_by_another()] {
        let listed = [certificate];
        for name in ["prometheus.internal", "127.0.0.1"] {
            assert_eq!(verified(&listed, &listed[0], name), Ok(()));
        }
        let wrong = verified(&listed, &listed[0], "elsewhere.internal");
        assert!(matches!(
            wrong,
            Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. }))
        ));
    }
    for making in [
        CertificateRecipe { until_year: 2023, ..LEAF },
        CertificateRecipe { until_year: 2023, ..OWN_AUTHORITY },
    ] {
        for certificate in [making.self_signed(), making.signed_by_another()] {
            let expired = verified(std::slice::from_ref(&certificate), &certificate, "prometheus.internal");
            assert!(matches!(
                expired,
                Err(Error::InvalidCertificate(CertificateError::ExpiredContext { .. }))
            ));
        }
    }
    let listed = [CertificateDer::from(b"garbage".to_vec()), LEAF.self_signed()];
    let garbage = verified(&listed, &listed[0], "prometheus.internal");
    assert_eq!(garbage, Err(Error::InvalidCertificate(CertificateError::BadEncoding)));
}

#[test]
fn a_certificate_that_is_not_listed_is_refused() {
    let listed = [LEAF.self_signed(), OWN_AUTHORITY.self_signed()];
    for shown in [LEAF.self_signed(), OWN_AUTHORITY.self_signed(), LEAF.signed_by_another()] {
        assert!(verified(&listed, &shown, "prometheus.internal").is_err());
    }
}

fn pem(kind: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
}

#[test]
fn certificates_are_read_from_a_file_with_anything_else_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("certificates.pem");
    let key = KeyPair::generate().unwrap();
    let certificate = LEAF.params().self_signed(&key).unwrap();
    let (key, pem) = (pem("PRIVATE KEY", key.serialized_der()), pem("CERTIFICATE", certificate.der()));
    std::fs::write(&file, format!("# of mine\n{key}{pem}\n{pem}")).unwrap();
    assert_eq!(listed_in(&file), [certificate.der().clone(), certificate.der().clone()]);
    std::fs::write(&file, "nothing").unwrap();
    assert_eq!(listed_in(&file), []);
    assert_eq!(listed_in(&dir.path().join("missing")), []);
    assert_eq!(listed_in(dir.path()), []);
}

#[test]
fn only_a_refusal_for_the_signer_is_set_aside() {
    let other = |error: &'static str| {
        CertificateError::Other(rustls::OtherError(std::sync::Arc::new(io::Error::other(error))))
    };
    for (refusal, expected) in [
        (CertificateError::UnknownIssuer, true),
        (other(super::OWN_AUTHORITY), true),
        (other("UnsupportedCriticalExtension"), false),
        (CertificateError::Revoked, false),
        (CertificateError::BadSignature, false),
    ] {
        assert_eq!(is_for_its_signer(&refusal), expected, "{refusal:?}");
    }
}

#[test]
fn a_variable_that_is_set_to_nothing_names_no_file() {
    for (variable, expected) in [(None, None), (Some(""), None), (Some("ca.pem"), Some("ca.pem"))] {
        assert_eq!(file_named_by(variable.map(OsString::from)), expected.map(PathBuf::from));
    }
}

#[test]
fn a_file_is_trusted_only_if_it_has_certificates() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    assert_eq!(tls_config_trusting(&file).map(drop), Err(NO_CERTIFICATES));
    std::fs::write(&file, "no certificate").unwrap();
    assert_eq!(tls_config_trusting(&file).map(drop), Err(NO_CERTIFICATES));
    let text = base64::prelude::BASE64_STANDARD.encode(OWN_AUTHORITY.self_signed());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    std::fs::write(&file, pem).unwrap();
    assert_eq!(tls_config_trusting(&file).map(drop), Ok(()));
}
