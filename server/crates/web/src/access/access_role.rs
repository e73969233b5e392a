//! Defines who sees what.

use thiserror::Error;

use crate::access_token::AccessToken;

/// What a caller may see. A role may see everything that a smaller one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessRole {
    /// What is published.
    Viewer,
    /// Exact numbers too, and the maker's notes, which it may change: no report and no single installation.
    Analyst,
    /// Everything.
    Administrator,
}

impl AccessRole {
    /// All roles, the smallest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Analyst, Self::Administrator];

    /// The word for the role in the description of an interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Administrator => "administrator",
        }
    }
}

/// Two roles have the same token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("--{first}-token and --{second}-token are equal; each role needs a token of its own")]
pub struct EqualTokens {
    first: &'static str,
    second: &'static str,
}

impl EqualTokens {
    /// Checks that the tokens differ.
    ///
    /// # Errors
    /// [`EqualTokens`], with the flags of the two that do not.
    pub fn check(
        admin: &AccessToken,
        analyst: Option<&AccessToken>,
        viewer: Option<&AccessToken>,
    ) -> Result<(), Self> {
        let given = [("admin", Some(admin)), ("analyst", analyst), ("viewer", viewer)];
        for (place, (second, token)) in given.iter().enumerate() {
            let is_same = |(_, earlier): &&(&str, Option<&AccessToken>)| token.is_some() && earlier == token;
            if let Some((first, _)) = given.iter().take(place).find(is_same) {
                return Err(Self { first, second });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_roles_that_are_equal_are_refused_by_the_names_of_their_flags() {
        let token = |text: &str| text.parse::<AccessToken>().unwrap();
        let (one, two, three) =
            ("the-first-token-of-three", "the-second-token-of-three", "the-third-token-of");
        let cases = [
            (one, None, None, None),
            (one, Some(two), Some(three), None),
            (one, Some(one), Some(two), Some("--admin-token and --analyst-token are equal")),
            (one, None, Some(one), Some("--admin-token and --viewer-token are equal")),
            (one, Some(two), Some(two), Some("--analyst-token and --viewer-token are equal")),
        ];
        for (admin, analyst, viewer, refused) in cases {
            let (analyst, viewer) = (analyst.map(token), viewer.map(token));
            let checked = EqualTokens::check(&token(admin), analyst.as_ref(), viewer.as_ref());
            let said = checked.err().map(|error| error.to_string());
            let expected = refused.map(|text| format!("{text}; each role needs a token of its own"));
            assert_eq!(said, expected);
        }
    }

    #[test]
    fn a_role_sees_all_that_a_smaller_one_sees() {
        assert!(AccessRole::Viewer < AccessRole::Analyst && AccessRole::Analyst < AccessRole::Administrator);
        assert!(AccessRole::ALL.is_sorted());
    }
}
