//! Names the causes for which a server cannot be reached, each with its text.

use super::target_policy::ForbiddenTarget;

/// Why a server cannot be reached. Programs decide by the cause, and people read its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreachableCause {
    /// The name of the host has no address.
    UnknownName,
    /// Nothing listens at the port.
    Refused,
    /// There is no way to the host.
    NoRoute,
    /// No connection was made in time.
    NoConnection,
    /// The connection ended in the middle.
    Broken,
    /// The certificate is not valid any more.
    ExpiredCertificate,
    /// The certificate is not valid yet.
    EarlyCertificate,
    /// The certificate is for another name.
    OtherName,
    /// The certificate is signed by nobody who is trusted.
    UnknownSigner,
    /// The certificate is not valid for another reason.
    InvalidCertificate,
    /// TLS failed for a reason that is not about the certificate.
    Tls,
    /// The policy forbids the address.
    Forbidden,
    /// Anything else.
    Other,
}

impl UnreachableCause {
    /// All causes.
    pub const ALL: [Self; 13] = [
        Self::UnknownName,
        Self::Refused,
        Self::NoRoute,
        Self::NoConnection,
        Self::Broken,
        Self::ExpiredCertificate,
        Self::EarlyCertificate,
        Self::OtherName,
        Self::UnknownSigner,
        Self::InvalidCertificate,
        Self::Tls,
        Self::Forbidden,
        Self::Other,
    ];

    /// The cause in words, without a host, and what to do where that helps.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::UnknownName => "its name cannot be resolved",
            Self::Refused => "connection refused",
            Self::NoRoute => "no route",
            Self::NoConnection => "no connection in time",
            Self::Broken => "the connection broke",
            Self::ExpiredCertificate => "its certificate has expired",
            Self::EarlyCertificate => "its certificate is not valid yet: is the clock of this machine right?",
            Self::OtherName => {
                "its certificate is for another name: the address must have a name that is in it"
            }
            Self::UnknownSigner => {
                "its certificate is signed by nobody whom this machine trusts: SSL_CERT_FILE names a file in PEM form that is \
                 trusted instead, with the certificate of who signed it, or with this one"
            }
            Self::InvalidCertificate => "its certificate is not accepted",
            Self::Tls => "TLS failed",
            Self::Forbidden => ForbiddenTarget::REASON,
            Self::Other => "the connection failed",
        }
    }

    /// The cause with this text; [`UnreachableCause::Other`] for a text of another origin.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::ALL.into_iter().find(|cause| cause.text() == text).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_known_by_its_text() {
        for cause in UnreachableCause::ALL {
            assert_eq!(UnreachableCause::of(cause.text()), cause);
        }
        assert_eq!(UnreachableCause::of("this machine cannot make TLS connections"), UnreachableCause::Other);
    }
}
