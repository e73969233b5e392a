//! Redacts secrets in answers, and keeps stored secrets that a change leaves out.
//!
//! No part of a secret is in an answer, not even masked: a page that was never shown a secret can change what
//! is beside it. An absent secret stays, an empty one is removed. An address with a password is refused,
//! because addresses are shown.

use headcount_shared::api::{Auth, Header, SetAuth, SetHeader};

/// Name and password, as they are kept.
type Pair = (String, String);

/// What is shown of a name and a password.
pub(super) fn shown_auth((user, password): &Pair) -> Auth {
    Auth { user: user.clone(), password_set: !password.is_empty() }
}

/// What is shown of headers.
pub(super) fn shown_headers(headers: &[Pair]) -> Vec<Header> {
    let shown = |(name, value): &Pair| Header { name: name.clone(), value_set: !value.is_empty() };
    headers.iter().map(shown).collect()
}

/// The name and the password to store.
pub(super) fn edited_auth(set: SetAuth, stored: Option<Pair>) -> Pair {
    let (_, password) = stored.unwrap_or_default();
    (set.user, set.password.in_place_of(password))
}

/// The headers to store. A value that is not given is that of the stored header with the same name.
pub(super) fn edited_headers(set: Vec<SetHeader>, stored: &[Pair]) -> Vec<Pair> {
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
