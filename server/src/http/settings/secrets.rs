//! Redacts secrets in answers, and retains stored secrets that a change omits.
//!
//! No part of a secret is in an answer, not even masked. So a page can change other members without having
//! the secret: an absent secret stays, an empty one is removed. An address with a password is refused,
//! because addresses are shown.

use headcount_shared::api::{Auth, Header, SetAuth, SetHeader};

/// A name and a password, as they are stored.
type SecretPair = (String, String);

/// A name and a password for a response, redacted.
pub(super) fn shown_auth((user, password): &SecretPair) -> Auth {
    Auth { user: user.clone(), password_set: !password.is_empty() }
}

/// Headers for a response, redacted.
pub(super) fn shown_headers(headers: &[SecretPair]) -> Vec<Header> {
    let shown = |(name, value): &SecretPair| Header { name: name.clone(), value_set: !value.is_empty() };
    headers.iter().map(shown).collect()
}

/// The name and the password to store.
pub(super) fn edited_auth(set: SetAuth, stored: Option<SecretPair>) -> SecretPair {
    let (_, password) = stored.unwrap_or_default();
    (set.user, set.password.in_place_of(password))
}

/// The headers to store. A header without a value gets that of the stored header with the same name.
pub(super) fn edited_headers(set: Vec<SetHeader>, stored: &[SecretPair]) -> Vec<SecretPair> {
    let value_of = |name: &str| {
        let found = stored.iter().find(|(stored, _)| stored.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let edited = |header: SetHeader| {
        let value = header.value.in_place_of(value_of(&header.name));
        (header.name, value)
    };
    set.into_iter().map(edited).collect()
}
