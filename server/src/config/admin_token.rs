//! The token of the operator.

use std::{fmt, str::FromStr};

/// A secret that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(String);

impl AdminToken {
    /// The token, to compare with.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for AdminToken {
    type Err = String;

    fn from_str(token: &str) -> Result<Self, String> {
        if token.trim().is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a token needs at least one character, and only visible ASCII ones".to_owned());
        }
        Ok(Self(token.to_owned()))
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}
