//! Converts stored user names, passwords and headers to the types of requests and responses.
//!
//! No part of a secret is in an answer, not even masked. So a page can change other members without having
//! the secret: an absent secret stays, an empty one is removed. An address with a password is refused,
//! because addresses are shown.

use headcount_shared::api::{Secret, SetAuth, SetHeader};

/// A name and a secret, as they are stored.
type StoredPair = (String, String);

/// Converts a stored user name and password.
pub(super) fn login((user, password): StoredPair) -> SetAuth {
    SetAuth { user, password: Secret::new(password) }
}

/// Converts stored headers.
pub(super) fn headers(stored: Vec<StoredPair>) -> Vec<SetHeader> {
    stored.into_iter().map(|(name, value)| SetHeader { name, value: Secret::new(value) }).collect()
}

/// The user name and the password to store. An absent password stays.
pub(super) fn updated_login(mut login: SetAuth, stored: Option<&SetAuth>) -> StoredPair {
    login.keep_password(stored);
    (login.user, login.password.expose().to_owned())
}

/// The headers to store. A header without a value keeps the stored one.
pub(super) fn updated_headers(mut headers: Vec<SetHeader>, stored: &[SetHeader]) -> Vec<StoredPair> {
    SetHeader::keep_values(&mut headers, stored);
    headers.into_iter().map(|header| (header.name, header.value.expose().to_owned())).collect()
}
