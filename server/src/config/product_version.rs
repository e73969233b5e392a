//! Defines the version of a product.

use std::{fmt, str::FromStr};

use headcount_shared::limits::VERSION_BYTES;
use thiserror::Error;

/// The version of a product: 1 to 64 visible characters of ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductVersion(String);

/// A text is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a version is 1 to {VERSION_BYTES} letters, digits and signs, without spaces")]
pub struct InvalidProductVersion;

impl FromStr for ProductVersion {
    type Err = InvalidProductVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_short = (1..=VERSION_BYTES).contains(&text.len());
        let is_version = is_short && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_version { Ok(Self(text.to_owned())) } else { Err(InvalidProductVersion) }
    }
}

impl fmt::Display for ProductVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_short_and_visible() {
        let longest = "1".repeat(VERSION_BYTES);
        for version in ["1.2.3", "v2024-11+build.7", "1", longest.as_str()] {
            assert_eq!(version.parse::<ProductVersion>().unwrap().to_string(), version);
        }
        let too_long = "1".repeat(VERSION_BYTES + 1);
        for bad in ["", " ", "1.2 beta", "1\n2", "\u{e9}", too_long.as_str()] {
            assert_eq!(bad.parse::<ProductVersion>(), Err(InvalidProductVersion), "{bad:?}");
        }
    }
}
