//! Defines the display sizes of a browser, named as in Vuetify.

use core::{fmt, str::FromStr};

#[cfg(feature = "wire")]
use serde::{Deserialize, Serialize};

/// A Vuetify display breakpoint: <https://vuetifyjs.com/en/features/breakpoints/>. [`BreakpointScheme`] has
/// its widths.
///
/// Orders from small to large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "wire", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "wire", serde(rename_all = "lowercase"))]
pub enum Breakpoint {
    /// The smallest size.
    Xs,
    /// Small.
    Sm,
    /// Medium.
    Md,
    /// Large.
    Lg,
    /// Extra large, the largest size of Vuetify 1 and 2.
    Xl,
    /// A size that Vuetify has since version 3.
    Xxl,
}

/// A name that is not a [`Breakpoint`].
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownBreakpoint;

impl fmt::Display for UnknownBreakpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown display size")
    }
}

impl core::error::Error for UnknownBreakpoint {}

/// The widths of all sizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakpointScheme {
    /// The smallest width in CSS pixels of each size from `sm` to `xxl`; NaN for a size that does not exist.
    pub from: [f64; 5],
    /// Whether the page counts as at least as wide as its root element, which Vuetify 1 and 2 use too.
    pub at_least_the_root: bool,
}

impl BreakpointScheme {
    /// The scheme of a version of Vuetify, 1 to 4: versions before 3 have no `xxl`, and reduce the thresholds
    /// 1280 and 1920 by a scroll bar of 16 pixels. Later versions get the scheme of 4, earlier ones that of
    /// 2.
    #[must_use]
    pub const fn of_vuetify(version: u32) -> Self {
        let from = match version {
            0..=2 => [600.0, 960.0, 1264.0, 1904.0, f64::NAN],
            3 => [600.0, 960.0, 1280.0, 1920.0, 2560.0],
            4.. => [600.0, 840.0, 1145.0, 1545.0, 2138.0],
        };
        Self { from, at_least_the_root: version < 3 }
    }

    /// The size of a page that is `inner` CSS pixels wide, scroll bar included, and whose root element is
    /// `root` wide. NaN gives the smallest size.
    #[must_use]
    pub fn size(&self, inner: f64, root: f64) -> Breakpoint {
        let width = if self.at_least_the_root { inner.max(root) } else { inner };
        let mut size = Breakpoint::Xs;
        for (from, larger) in self.from.into_iter().zip(Breakpoint::ALL.into_iter().skip(1)) {
            if width >= from {
                size = larger;
            }
        }
        size
    }
}

impl Default for BreakpointScheme {
    fn default() -> Self {
        Self::of_vuetify(2)
    }
}

impl Breakpoint {
    /// Every size, from small to large.
    pub const ALL: [Self; 6] = [Self::Xs, Self::Sm, Self::Md, Self::Lg, Self::Xl, Self::Xxl];

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

    /// Widths at which some version changes its size, and the sizes that real Vuetify 1.5 and 2.7, 3.13 and
    /// 4.3 report there.
    const REAL: [(u32, &str, &str, &str); 25] = [
        (320, "xs", "xs", "xs"),
        (599, "xs", "xs", "xs"),
        (600, "sm", "sm", "sm"),
        (601, "sm", "sm", "sm"),
        (839, "sm", "sm", "sm"),
        (840, "sm", "sm", "md"),
        (959, "sm", "sm", "md"),
        (960, "md", "md", "md"),
        (1144, "md", "md", "md"),
        (1145, "md", "md", "lg"),
        (1263, "md", "md", "lg"),
        (1264, "lg", "md", "lg"),
        (1279, "lg", "md", "lg"),
        (1280, "lg", "lg", "lg"),
        (1544, "lg", "lg", "lg"),
        (1545, "lg", "lg", "xl"),
        (1903, "lg", "lg", "xl"),
        (1904, "xl", "lg", "xl"),
        (1919, "xl", "lg", "xl"),
        (1920, "xl", "xl", "xl"),
        (2137, "xl", "xl", "xl"),
        (2138, "xl", "xl", "xxl"),
        (2559, "xl", "xl", "xxl"),
        (2560, "xl", "xxl", "xxl"),
        (3840, "xl", "xxl", "xxl"),
    ];

    #[test]
    fn a_width_has_the_size_that_vuetify_gives_it() {
        for (width, two, three, four) in REAL {
            let sizes = [1, 2, 3, 4]
                .map(|version| BreakpointScheme::of_vuetify(version).size(width.into(), 0.0).as_str());
            assert_eq!(sizes, [two, two, three, four], "{width}");
        }
    }

    #[test]
    fn a_width_that_is_none_has_a_size_too() {
        let cases = [
            (-1.0, "xs"),
            (0.0, "xs"),
            (599.9, "xs"),
            (f64::NAN, "xs"),
            (f64::NEG_INFINITY, "xs"),
            (f64::INFINITY, "xl"),
        ];
        for (width, size) in cases {
            assert_eq!(BreakpointScheme::of_vuetify(2).size(width, 0.0).as_str(), size, "{width}");
        }
        assert_eq!(BreakpointScheme::of_vuetify(4).size(f64::INFINITY, 0.0), Breakpoint::Xxl);
    }

    #[test]
    fn the_root_element_counts_in_vuetify_2_alone() {
        assert_eq!(BreakpointScheme::of_vuetify(2).size(500.0, 980.0), Breakpoint::Md);
        assert_eq!(BreakpointScheme::of_vuetify(3).size(500.0, 980.0), Breakpoint::Xs);
    }

    #[test]
    fn a_size_that_there_is_not_is_never_reached() {
        let scheme = BreakpointScheme {
            from: [500.0, f64::NAN, f64::NAN, 1000.0, f64::NAN],
            at_least_the_root: false,
        };
        let sizes = [499.0, 500.0, 999.0, 1000.0, 9000.0].map(|width| scheme.size(width, 0.0).as_str());
        assert_eq!(sizes, ["xs", "sm", "sm", "xl", "xl"]);
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
