//! Signs and verifies the session cookies of browsers.
//!
//! Nothing is stored in memory: the cookie contains when the session began and when it was last used. The key
//! of the signature is derived from the token of a role, so a session has the role that it began with, ends when
//! the token changes, and survives a restart.

use headcount_platform::hex;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::access_role::AccessRole;
use crate::access_token::AccessToken;

/// How long a session lasts without a request, in seconds.
pub(crate) const IDLE_S: u64 = 12 * 3600;

/// How long a session lasts at most, in seconds.
pub(crate) const LONGEST_S: u64 = 30 * 24 * 3600;

/// The age of the last use in a cookie after which the browser gets a new cookie, in seconds.
const RENEW_S: u64 = 300;

/// How far ahead of the clock a session may be, in seconds: the clock may have been set back a little.
const SKEW_S: u64 = 300;

/// The version of the cookie's format.
const VERSION: &str = "v1";

/// Which program a session belongs to. A server and a collector may share an admin token, and a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionProgram {
    /// That of `headcount serve`.
    Server,
    /// That of `headcount collect`.
    Collector,
}

/// A session, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BrowserSession {
    /// When its operator signed in.
    pub(crate) began: u64,
    /// When its cookie was made.
    pub(crate) used: u64,
    /// Whether the browser may send the cookie over https only.
    pub(crate) secure: bool,
}

impl BrowserSession {
    /// One that begins now.
    pub(crate) const fn begin(now: u64, secure: bool) -> Self {
        Self { began: now, used: now, secure }
    }

    /// Whether it still lasts.
    const fn lasts(&self, now: u64) -> bool {
        self.began <= self.used
            && self.used <= now.saturating_add(SKEW_S)
            && now.saturating_sub(self.used) < IDLE_S
            && now.saturating_sub(self.began) < LONGEST_S
    }

    /// The same session as of now, once its cookie is old enough to be replaced.
    pub(crate) fn renewed(self, now: u64) -> Option<Self> {
        (now.saturating_sub(self.used) >= RENEW_S).then_some(Self { used: now, ..self })
    }

    /// How long the browser stores the cookie, in seconds.
    pub(crate) fn max_age(&self) -> u64 {
        IDLE_S.min(self.began.saturating_add(LONGEST_S).saturating_sub(self.used))
    }
}

/// Signs and checks sessions.
#[derive(Clone)]
pub(crate) struct SessionKey {
    key: Hmac<Sha256>,
    cookie_name: String,
}

impl SessionKey {
    /// The key that belongs to the token of a role. A token that is given to another role has another key.
    pub(crate) fn derive(token: &AccessToken, interface: SessionProgram, role: AccessRole) -> Self {
        let label: &[u8] = match interface {
            SessionProgram::Server => b"headcount session of a server",
            SessionProgram::Collector => b"headcount session of a collector",
        };
        let of_role: &[u8] = match role {
            AccessRole::Administrator => b"",
            AccessRole::Analyst => b" of an analyst",
            AccessRole::Viewer => b" of a viewer",
        };
        let secret = keyed(token.expose().as_bytes()).chain_update(label).chain_update(of_role);
        let secret = secret.finalize().into_bytes();
        let key = keyed(&secret);
        // Browsers share cookies between the ports of a host: two installations on one host need two names.
        let tag = key.clone().chain_update(b"cookie name").finalize().into_bytes();
        let tag = hex::encode(&tag[..4]);
        Self { key, cookie_name: format!("headcount-session-{tag}") }
    }

    /// The name of the cookie.
    pub(crate) fn cookie_name(&self) -> &str {
        &self.cookie_name
    }

    /// The value of the cookie for a session.
    pub(crate) fn sign(&self, session: &BrowserSession) -> String {
        let BrowserSession { began, used, secure } = session;
        let claims = format!("{VERSION}.{began}.{used}.{}", u8::from(*secure));
        let signature = self.key.clone().chain_update(claims.as_bytes()).finalize().into_bytes();
        let signature = hex::encode(signature);
        format!("{claims}.{signature}")
    }

    /// The session in the value of a cookie, if this key signed it and it lasts.
    pub(crate) fn verify(&self, value: &str, now: u64) -> Option<BrowserSession> {
        let (claims, signature) = value.rsplit_once('.')?;
        let signature = hex::decode(signature)?;
        self.key.clone().chain_update(claims.as_bytes()).verify_slice(&signature).ok()?;
        let mut parts = claims.split('.');
        if parts.next() != Some(VERSION) {
            return None;
        }
        let began = parts.next()?.parse().ok()?;
        let used = parts.next()?.parse().ok()?;
        let session = BrowserSession { began, used, secure: parts.next()? == "1" };
        session.lasts(now).then_some(session)
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// HMAC-SHA256 under `key`.
#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn key(token: &str) -> SessionKey {
        SessionKey::derive(&token.parse().unwrap(), SessionProgram::Server, AccessRole::Administrator)
    }

    #[test]
    fn a_session_ends_after_twelve_idle_hours_and_after_thirty_days() {
        let key = key("a-token-of-the-tests");
        let hour = 3600;
        let cases = [
            (0, 0, true),
            (12 * hour - 1, 12 * hour - 1, true),
            (12 * hour, 12 * hour, false),
            // In use all the time.
            (29 * 24 * hour, 0, true),
            (30 * 24 * hour - 1, 0, true),
            (30 * 24 * hour, 0, false),
        ];
        for (age, idle, lasts) in cases {
            let session = BrowserSession { began: NOW - age, used: NOW - idle, secure: false };
            assert_eq!(key.verify(&key.sign(&session), NOW).is_some(), lasts, "{age} {idle}");
        }
    }

    #[test]
    fn a_session_from_the_future_is_over() {
        let key = key("a-token-of-the-tests");
        for (ahead, lasts) in [(0, true), (300, true), (301, false), (u64::MAX - NOW, false)] {
            let session = BrowserSession::begin(NOW + ahead, false);
            assert_eq!(key.verify(&key.sign(&session), NOW).is_some(), lasts, "{ahead}");
        }
    }

    #[test]
    fn a_cookie_is_replaced_while_the_session_is_used() {
        let session = BrowserSession::begin(NOW, true);
        assert_eq!(session.renewed(NOW + 299), None);
        let renewed = session.renewed(NOW + 300).unwrap();
        assert_eq!(renewed, BrowserSession { began: NOW, used: NOW + 300, secure: true });
        assert_eq!(renewed.max_age(), IDLE_S);
        let late = BrowserSession { began: NOW, used: NOW + LONGEST_S - 60, secure: true };
        assert_eq!(late.max_age(), 60);
    }

    #[test]
    fn another_token_program_or_role_has_other_sessions() {
        let session = BrowserSession::begin(NOW, false);
        let signed = key("a-token-of-the-tests").sign(&session);
        for (token, interface, role, accepted) in [
            ("a-token-of-the-tests", SessionProgram::Server, AccessRole::Administrator, true),
            ("a-token-of-the-tests", SessionProgram::Collector, AccessRole::Administrator, false),
            ("another-token-of-them", SessionProgram::Server, AccessRole::Administrator, false),
            ("a-token-of-the-tests", SessionProgram::Server, AccessRole::Analyst, false),
            ("a-token-of-the-tests", SessionProgram::Server, AccessRole::Viewer, false),
        ] {
            let other = SessionKey::derive(&token.parse().unwrap(), interface, role);
            assert_eq!(other.verify(&signed, NOW).is_some(), accepted, "{token} {interface:?} {role:?}");
            assert_eq!(other.cookie_name() == key("a-token-of-the-tests").cookie_name(), accepted);
        }
    }

    proptest! {
        #[test]
        fn what_was_signed_is_read_again(began in 0..NOW, secure: bool) {
            let key = key("a-token-of-the-tests");
            let session = BrowserSession::begin(began, secure);
            prop_assert_eq!(key.verify(&key.sign(&session), began), Some(session));
        }

        #[test]
        fn what_was_changed_is_refused(position in 0_usize..100, to in "[0-9a-f.v]") {
            let key = key("a-token-of-the-tests");
            let signed = key.sign(&BrowserSession::begin(NOW, false));
            let mut changed: Vec<char> = signed.chars().collect();
            let place = position % changed.len();
            changed[place] = to.chars().next().unwrap();
            let changed: String = changed.into_iter().collect();
            prop_assert_eq!(key.verify(&changed, NOW).is_some(), changed == signed);
        }

        #[test]
        fn anything_else_is_refused(value in ".*") {
            prop_assert_eq!(key("a-token-of-the-tests").verify(&value, NOW), None);
        }
    }
}
