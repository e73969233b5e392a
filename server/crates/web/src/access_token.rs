//! Defines the tokens that open the operator's interface.

use std::{fmt, str::FromStr};

use headcount_platform::hex;
use rand::{CryptoRng, RngExt};

/// The minimum length of a token, which makes guessing hopeless at the rate at which guesses are answered.
const SHORTEST: usize = 16;

/// The maximum length of a token, which fits into the head of a request and into the form of the sign-in
/// page.
const LONGEST: usize = 1024;

/// A secret that opens the interface, or a part of it: 16 to 1024 visible ASCII characters. It is never
/// printed.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// A new token of 256 random bits, as 64 hexadecimal digits.
    pub fn random(random: &mut impl CryptoRng) -> Self {
        let bytes: [u8; 32] = random.random();
        Self(hex::encode(bytes))
    }

    /// The token itself, to compare with and to send.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccessToken {
    type Err = String;

    fn from_str(token: &str) -> Result<Self, String> {
        // The refusal does not repeat the token, which may be in use elsewhere.
        if !(SHORTEST..=LONGEST).contains(&token.len()) || !token.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(format!(
                "a token must have {SHORTEST} to {LONGEST} visible ASCII characters and no space"
            ));
        }
        Ok(Self(token.to_owned()))
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_enough_and_can_be_typed() {
        let cases = [
            ("", false),
            ("fifteen-letters", false),
            ("sixteen-letters-", true),
            ("sixteen letters!", false),
            ("sixteen-letters\t", false),
            ("sechzehn-zeichän", false),
            (&"x".repeat(1024), true),
            (&"x".repeat(1025), false),
        ];
        for (token, accepted) in cases {
            let parsed = token.parse::<AccessToken>();
            assert_eq!(parsed.is_ok(), accepted, "{token:?}");
            if let Err(refusal) = parsed {
                assert!(token.is_empty() || !refusal.contains(token), "{refusal}");
            }
        }
    }

    #[test]
    fn a_token_that_is_made_is_accepted_differs_and_is_not_printed() {
        let mut random = rand::rng();
        let (one, other) = (AccessToken::random(&mut random), AccessToken::random(&mut random));
        assert_ne!(one, other);
        assert_eq!(one.expose().parse(), Ok(one.clone()));
        assert!(!format!("{one:?}").contains(one.expose()));
    }
}
