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

    /// The text; empty if the secret is absent.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether there is a text. A response states only this.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.expose().is_empty()
    }

    /// Keeps the `stored` secret if this one is absent.
    pub fn or_stored(&mut self, stored: &Self) {
        self.0.get_or_insert_with(|| stored.expose().to_owned());
    }
}

impl SetAuth {
    /// Keeps the stored password if it is absent.
    pub fn keep_password(&mut self, stored: Option<&Self>) {
        self.password.or_stored(&stored.map(|stored| stored.password.clone()).unwrap_or_default());
    }
}

impl SetHeader {
    /// Keeps the stored value of each header whose value is absent. It is that of the header of the same
    /// name.
    pub fn keep_values(headers: &mut [Self], stored: &[Self]) {
        for header in headers {
            let before = stored.iter().find(|stored| stored.name.eq_ignore_ascii_case(&header.name));
            header.value.or_stored(&before.map(|stored| stored.value.clone()).unwrap_or_default());
        }
    }
}

impl From<&SetAuth> for Auth {
    fn from(auth: &SetAuth) -> Self {
        Self { user: auth.user.clone(), password_set: auth.password.is_set() }
    }
}

impl From<&SetHeader> for Header {
    fn from(header: &SetHeader) -> Self {
        Self { name: header.name.clone(), value_set: header.value.is_set() }
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
            let mut headers: [SetHeader; 1] = [serde_json::from_str(json).unwrap()];
            assert!(!format!("{headers:?} {:?}", headers[0].value).contains("new"));
            let stored = ["other", "A"].map(|name| SetHeader {
                name: name.to_owned(),
                value: Secret::new(if name == "A" { "stored" } else { "wrong" }.to_owned()),
            });
            SetHeader::keep_values(&mut headers, &stored);
            assert_eq!(headers[0].value.expose(), expected, "{json}");
            assert_eq!(Header::from(&headers[0]).value_set, !expected.is_empty());
        }
    }
}
