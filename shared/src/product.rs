//! Names the product that an installation reports about.

use alloc::{borrow::ToOwned, string::String};
use core::{fmt, str::FromStr};

use thiserror::Error;

use crate::limits::PRODUCT_NAME_BYTES;

/// The name of a product: 1 to 64 small letters, digits and dashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductName(String);

/// A text is no name of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the name of a product is 1 to {PRODUCT_NAME_BYTES} small letters, digits and dashes")]
pub struct InvalidProductName;

impl ProductName {
    /// The product of reports that name none.
    #[must_use]
    pub fn of_coroot() -> Self {
        Self("coroot".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProductName {
    type Err = InvalidProductName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let in_alphabet = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = (1..=PRODUCT_NAME_BYTES).contains(&text.len()) && text.bytes().all(in_alphabet);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidProductName) }
    }
}

impl fmt::Display for ProductName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        let longest = "a".repeat(PRODUCT_NAME_BYTES);
        for name in ["coroot", "my-shop", "7", "-", longest.as_str()] {
            assert_eq!(name.parse::<ProductName>().unwrap().as_str(), name);
        }
        let too_long = "a".repeat(PRODUCT_NAME_BYTES + 1);
        for bad in ["", "Shop", "my shop", "my_shop", "shop\n", "é", "a.b", too_long.as_str()] {
            assert_eq!(bad.parse::<ProductName>(), Err(InvalidProductName), "{bad:?}");
        }
        assert_eq!(ProductName::of_coroot().to_string().parse(), Ok(ProductName::of_coroot()));
    }
}
