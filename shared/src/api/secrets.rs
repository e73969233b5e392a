//! Defines secrets in requests and answers: a change can set them, and an answer never contains them.
//!
//! An answer only states whether one is stored.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

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
    /// Its value. A stored value belongs to the header of the same name; of several with one name, to the one in the
    /// same place among them, and a change that removes one of these must have the values of the others.
    #[serde(default)]
    pub value: Secret,
}

/// A change removes one of several headers with one name and keeps the value of another of them, but does not say
/// which one is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("one of several headers with one name was removed: give the values of the others again")]
pub struct UnclearHeaders;

/// Stored secrets that a change keeps although it has another address. They go to no other scheme, host or
/// port than those that they were given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptSecrets {
    /// The member with the password; `None` if no password is kept.
    password: Option<&'static str>,
    /// Whether the value of a header is kept.
    values: bool,
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

    /// Whether a change keeps the `stored` secret, and there is one.
    #[must_use]
    pub fn keeps(&self, stored: &Self) -> bool {
        self.0.is_none() && stored.is_set()
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
    /// Keeps the stored value of each header whose value is absent.
    pub fn keep_values(headers: &mut [Self], stored: &[Self]) {
        let before = Self::values_before(headers, stored);
        for (header, before) in headers.iter_mut().zip(&before) {
            header.value.or_stored(before);
        }
    }

    /// Checks that it is clear which stored value each header keeps.
    ///
    /// # Errors
    /// [`UnclearHeaders`]
    pub fn check_kept_values(headers: &[Self], stored: &[Self]) -> Result<(), UnclearHeaders> {
        let count =
            |all: &[Self], header: &Self| all.iter().filter(|other| other.is_named_as(header)).count();
        let is_unclear =
            |header: &Self| header.value.0.is_none() && count(headers, header) < count(stored, header);
        if headers.iter().any(is_unclear) { Err(UnclearHeaders) } else { Ok(()) }
    }

    /// Whether a change names another host in its headers than what is stored: whatever routes by that name
    /// sends it to another server.
    #[must_use]
    pub fn name_other_host(sent: &[Self], stored: &[Self]) -> bool {
        let hosts = |headers: &[Self]| -> Vec<String> {
            let named = headers.iter().filter(|header| header.name.trim().eq_ignore_ascii_case("host"));
            named.map(|header| header.value.expose().trim().to_owned()).collect()
        };
        let mut updated = sent.to_vec();
        Self::keep_values(&mut updated, stored);
        hosts(&updated) != hosts(stored)
    }

    /// The stored value of each header: that of the stored header of the same name. Of several with one name, the
    /// first gets the value of the first, and so on.
    fn values_before(headers: &[Self], stored: &[Self]) -> Vec<Secret> {
        let mut seen: Vec<&Self> = Vec::new();
        let mut before = |header| {
            let earlier = seen.iter().filter(|seen| seen.is_named_as(header)).count();
            seen.push(header);
            stored.iter().filter(|stored| stored.is_named_as(header)).nth(earlier)
        };
        let before = headers.iter().map(|header| before(header).map(|stored| stored.value.clone()));
        before.map(Option::unwrap_or_default).collect()
    }

    fn is_named_as(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl KeptSecrets {
    /// The stored secrets that a change keeps; `None` if there are none. `member` is the path of the
    /// password.
    #[must_use]
    pub fn of(
        member: &'static str,
        (login, stored_login): (Option<&SetAuth>, Option<&SetAuth>),
        (headers, stored_headers): (&[SetHeader], &[SetHeader]),
    ) -> Option<Self> {
        let password = login
            .zip(stored_login)
            .filter(|(login, stored)| login.password.keeps(&stored.password))
            .map(|_| member);
        let before = SetHeader::values_before(headers, stored_headers);
        let values = headers.iter().zip(&before).any(|(header, before)| header.value.keeps(before));
        (password.is_some() || values).then_some(Self { password, values })
    }

    /// The first member to give again.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.password.unwrap_or("custom_headers")
    }
}

impl fmt::Display for KeptSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = match (self.password.is_some(), self.values) {
            (true, true) => "the password and the values of the headers",
            (true, false) => "the password",
            (false, _) => "the values of the headers",
        };
        write!(formatter, "give {secrets} again, because another server could get them")
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

    #[test]
    fn each_of_several_headers_with_one_name_keeps_its_own_value() {
        let header = |name: &str, value: Option<&str>| SetHeader {
            name: name.to_owned(),
            value: Secret(value.map(str::to_owned)),
        };
        let stored = [header("X-Team", Some("a")), header("Other", Some("o")), header("x-team", Some("b"))];
        for (sent, expected) in [
            ([None, None, None], ["a", "b", ""]),
            ([Some("new"), None, None], ["new", "b", ""]),
            ([None, Some(""), None], ["a", "", ""]),
        ] {
            let mut headers = sent.map(|value| header("X-TEAM", value));
            SetHeader::keep_values(&mut headers, &stored);
            assert_eq!(headers.each_ref().map(|header| header.value.expose()), expected);
        }
        let third = [header("x-team", Some("")), header("x-team", Some("")), header("x-team", None)];
        assert_eq!(KeptSecrets::of("auth.password", (None, None), (&third, &stored)), None);
        assert!(KeptSecrets::of("auth.password", (None, None), (&third[1..], &stored)).is_some());
    }

    #[test]
    fn a_value_is_not_kept_if_one_of_several_headers_with_its_name_is_removed() {
        let header = |name: &str, value: Option<&str>| SetHeader {
            name: name.to_owned(),
            value: Secret(value.map(str::to_owned)),
        };
        let stored = [header("X-Team", Some("a")), header("Other", Some("o")), header("x-team", Some("b"))];
        for (sent, expected) in [
            (vec![header("x-team", None), header("other", None)], Err(UnclearHeaders)),
            (vec![header("x-team", None), header("x-team", None)], Ok(())),
            (vec![header("x-team", Some("b")), header("other", None)], Ok(())),
            (vec![header("x-team", Some(""))], Ok(())),
            (vec![header("x-team", None), header("x-team", None), header("x-team", None)], Ok(())),
            (vec![header("new", None), header("other", None)], Ok(())),
            (vec![], Ok(())),
        ] {
            assert_eq!(SetHeader::check_kept_values(&sent, &stored), expected, "{sent:?}");
        }
    }

    #[test]
    fn a_host_among_the_headers_is_another_one_unless_it_is_the_stored_one() {
        let header = |name: &str, value: Option<&str>| SetHeader {
            name: name.to_owned(),
            value: Secret(value.map(str::to_owned)),
        };
        let stored = [header("X-Token", Some("hidden")), header("Host", Some("prom.example"))];
        for (sent, is_other) in [
            (vec![header("host", None)], false),
            (vec![header("Host", Some("prom.example"))], false),
            (vec![header("HOST ", Some("evil.example"))], true),
            (vec![header("Host", None), header("host", Some("evil.example"))], true),
            (vec![header("X-Token", None)], true),
        ] {
            assert_eq!(SetHeader::name_other_host(&sent, &stored), is_other, "{sent:?}");
        }
        assert!(!SetHeader::name_other_host(&[header("X-Token", None)], &[]));
        assert!(SetHeader::name_other_host(&[header("Host", Some("evil.example"))], &[]));
    }

    #[test]
    fn only_a_stored_secret_that_is_not_given_is_kept() {
        let login = |password: Option<&str>| SetAuth {
            user: "me".to_owned(),
            password: Secret(password.map(str::to_owned)),
        };
        let header = |name: &str, value: Option<&str>| SetHeader {
            name: name.to_owned(),
            value: Secret(value.map(str::to_owned)),
        };
        let stored = (login(Some("hidden")), [header("X-Token", Some("hidden")), header("empty", Some(""))]);
        let (password, values) = ("the password", "the values of the headers");
        let both = "the password and the values of the headers";
        for (given, headers, again) in [
            (None, vec![], None),
            (Some(login(None)), vec![], Some((password, "auth.password"))),
            (Some(login(Some(""))), vec![], None),
            (Some(login(Some("new"))), vec![header("x-token", Some("new"))], None),
            (None, vec![header("other", None), header("empty", None)], None),
            (None, vec![header("other", None), header("x-token", None)], Some((values, "custom_headers"))),
            (Some(login(None)), vec![header("X-Token", None)], Some((both, "auth.password"))),
        ] {
            let logins = (given.as_ref(), Some(&stored.0));
            let kept = KeptSecrets::of("auth.password", logins, (&headers, &stored.1));
            let told = kept.map(|kept| (kept.to_string(), kept.field()));
            let expected = again.map(|(secrets, field)| {
                (format!("give {secrets} again, because another server could get them"), field)
            });
            assert_eq!(told, expected);
            let nothing = (given.as_ref(), Some(&SetAuth::default()));
            assert_eq!(KeptSecrets::of("auth.password", nothing, (&headers, &[])), None, "none is stored");
        }
    }
}
