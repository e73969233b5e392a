//! The display size of a browser, as Vuetify names it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A Vuetify display breakpoint: <https://vuetifyjs.com/en/features/breakpoints/>.
///
/// Orders from small to large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Breakpoint {
    /// Below 600 pixels.
    Xs,
    /// From 600 pixels.
    Sm,
    /// From 960 pixels.
    Md,
    /// From 1264 pixels.
    Lg,
    /// From 1904 pixels.
    Xl,
    /// A size that Vuetify 2 does not have; later versions start it at 2138 or 2560 pixels.
    Xxl,
}

/// A name that is no [`Breakpoint`].
#[derive(Debug, Error, PartialEq, Eq)]
#[error("unknown display size")]
pub struct UnknownBreakpoint;

impl Breakpoint {
    /// Every size, from small to large.
    pub const ALL: [Self; 6] = [Self::Xs, Self::Sm, Self::Md, Self::Lg, Self::Xl, Self::Xxl];

    /// The size at `width` CSS pixels by the rule of Vuetify 2: thresholds 600, 960, 1280 and 1920, the two larger ones
    /// less a scroll bar of 16 pixels. A width that is not a number is the smallest size.
    #[must_use]
    pub fn at_width(width: f64) -> Self {
        match width {
            w if w >= 1904.0 => Self::Xl,
            w if w >= 1264.0 => Self::Lg,
            w if w >= 960.0 => Self::Md,
            w if w >= 600.0 => Self::Sm,
            _ => Self::Xs,
        }
    }

    /// The name on the wire, `xs` to `xxl`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Xs => "xs",
            Self::Sm => "sm",
            Self::Md => "md",
            Self::Lg => "lg",
            Self::Xl => "xl",
            Self::Xxl => "xxl",
        }
    }
}

impl fmt::Display for Breakpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Breakpoint {
    type Err = UnknownBreakpoint;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|size| size.as_str() == name).ok_or(UnknownBreakpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_decides_the_size_as_in_vuetify_2() {
        let cases = [
            (0.0, "xs"),
            (599.0, "xs"),
            (599.9, "xs"),
            (600.0, "sm"),
            (959.0, "sm"),
            (960.0, "md"),
            (1263.0, "md"),
            (1264.0, "lg"),
            (1280.0, "lg"),
            (1903.0, "lg"),
            (1904.0, "xl"),
            (1920.0, "xl"),
            (3840.0, "xl"),
            (-1.0, "xs"),
            (f64::NAN, "xs"),
            (f64::INFINITY, "xl"),
        ];
        for (width, size) in cases {
            assert_eq!(Breakpoint::at_width(width).as_str(), size, "width {width}");
        }
    }

    #[test]
    fn every_name_reads_back_and_no_other_does() {
        for size in Breakpoint::ALL {
            assert_eq!(size.as_str().parse(), Ok(size));
            assert_eq!(serde_json::to_value(size).unwrap(), size.as_str());
        }
        for name in ["", "LG", "lg ", "xxxl", "huge"] {
            assert_eq!(name.parse::<Breakpoint>(), Err(UnknownBreakpoint), "{name:?}");
        }
    }
}
