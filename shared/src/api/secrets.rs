//! Defines secrets in requests and answers: a change can set them, and an answer never contains them.
//!
//! An answer only states whether one is stored.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret in a change: absent or `null` keeps the stored one, an empty text removes it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Secret(Option<String>);

/// A name, and whether there is a password.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Auth {
    /// The name of the user.
    pub user: String,
    /// Whether a password is stored.
    pub password_set: bool,
}

/// A name and a password to set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetAuth {
    /// The name of the user.
    #[serde(default)]
    pub user: String,
    /// The password.
    #[serde(default)]
    pub password: Secret,
}

/// A header, and whether there is a value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Whether a value is stored.
    pub value_set: bool,
}

/// A header to set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SetHeader {
    /// Its name.
    pub name: String,
    /// Its value. A stored value belongs to the header of the same name.
    #[serde(default)]
    pub value: Secret,
}

impl Secret {
    /// A secret to set; an empty one removes what is stored.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(Some(text))
    }

    /// Returns the secret to store, given the `stored` one.
    #[must_use]
    pub fn in_place_of(self, stored: String) -> String {
        self.0.unwrap_or(stored)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

unprinted!(Auth, SetAuth, Header, SetHeader);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_not_given_stays_and_an_empty_one_goes() {
        for (json, expected) in [
            (r#"{"name":"a"}"#, "stored"),
            (r#"{"name":"a","value":null}"#, "stored"),
            (r#"{"name":"a","value":""}"#, ""),
            (r#"{"name":"a","value":"new"}"#, "new"),
        ] {
            let header: SetHeader = serde_json::from_str(json).unwrap();
            assert!(!format!("{header:?} {:?}", header.value).contains("new"));
            assert_eq!(header.value.in_place_of("stored".to_owned()), expected, "{json}");
        }
    }
}
