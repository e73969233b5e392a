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
pub(super) fn updated_login(mut login: SetAuth, stored: Option<StoredPair>) -> StoredPair {
    login.keep_password(stored.map(self::login).as_ref());
    (login.user, login.password.expose().to_owned())
}

/// Whether a password is absent that is stored.
pub(super) fn lacks_login(sent: Option<&SetAuth>, stored: Option<StoredPair>) -> bool {
    let updated = |stored| sent.map(|sent| updated_login(sent.clone(), stored));
    updated(stored) != updated(None)
}

/// Whether the value of a header is absent that is stored.
pub(super) fn lacks_values(sent: &[SetHeader], stored: Vec<StoredPair>) -> bool {
    let updated = |stored| updated_headers(sent.to_vec(), stored);
    updated(stored) != updated(Vec::new())
}

/// The headers to store. A header without a value gets that of the stored header with the same name.
pub(super) fn updated_headers(mut headers: Vec<SetHeader>, stored: Vec<StoredPair>) -> Vec<StoredPair> {
    SetHeader::keep_values(&mut headers, &self::headers(stored));
    headers.into_iter().map(|header| (header.name, header.value.expose().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, secret: &str) -> StoredPair {
        (name.to_owned(), secret.to_owned())
    }

    #[test]
    fn only_a_stored_secret_that_is_not_given_is_lacking() {
        let absent = SetAuth { user: "me".to_owned(), password: Secret::default() };
        assert!(lacks_login(Some(&absent), Some(pair("me", "hidden"))));
        assert!(!lacks_login(Some(&absent), Some(pair("me", ""))), "none is stored");
        assert!(!lacks_login(Some(&absent), None));
        assert!(!lacks_login(None, Some(pair("me", "hidden"))), "none is asked for");
        assert!(!lacks_login(Some(&login(pair("me", ""))), Some(pair("me", "hidden"))), "it is removed");

        let absent = [SetHeader { name: "x-token".to_owned(), value: Secret::default() }];
        assert!(lacks_values(&absent, vec![pair("X-Token", "hidden")]));
        assert!(!lacks_values(&absent, vec![pair("other", "hidden")]));
        assert!(!lacks_values(&headers(vec![pair("X-Token", "new")]), vec![pair("X-Token", "hidden")]));
    }
}
