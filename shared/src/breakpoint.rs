//! The display size of a browser, as Vuetify names it.

use core::{fmt, str::FromStr};

#[cfg(feature = "wire")]
use serde::{Deserialize, Serialize};

/// A Vuetify display breakpoint: <https://vuetifyjs.com/en/features/breakpoints/>. [`Scheme`] says which widths it has.
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

/// A name that is no [`Breakpoint`].
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownBreakpoint;

impl fmt::Display for UnknownBreakpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown display size")
    }
}

impl core::error::Error for UnknownBreakpoint {}

/// What is neither the name of a version of Vuetify nor a list of growing widths.
#[derive(Debug, PartialEq, Eq)]
pub struct BadScheme;

impl BadScheme {
    /// What breakpoints have to be.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        "breakpoints are vuetify1, vuetify2, vuetify3, vuetify4, or growing widths such as sm=600 md=960 lg=1264 xl=1904"
    }
}

impl fmt::Display for BadScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for BadScheme {}

/// Which widths have which size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheme {
    /// The smallest width in CSS pixels of each size from `sm` to `xxl`; `None` for a size that there is not.
    from: [Option<u32>; 5],
    /// The page is at least as wide as its root element, which Vuetify 1 and 2 look at too.
    at_least_the_root: bool,
}

impl Scheme {
    /// Vuetify 1.5 and 2: thresholds 600, 960, 1280 and 1920, the two larger ones less a scroll bar of 16 pixels.
    pub const VUETIFY_2: Self =
        Self { from: [Some(600), Some(960), Some(1264), Some(1904), None], at_least_the_root: true };

    /// Vuetify 3.
    pub const VUETIFY_3: Self = Self::of_widths([600, 960, 1280, 1920, 2560]);

    /// Vuetify 4.
    pub const VUETIFY_4: Self = Self::of_widths([600, 840, 1145, 1545, 2138]);

    const fn of_widths([sm, md, lg, xl, xxl]: [u32; 5]) -> Self {
        Self { from: [Some(sm), Some(md), Some(lg), Some(xl), Some(xxl)], at_least_the_root: false }
    }

    /// Reads `vuetify1` to `vuetify4`, or the smallest width of each size: `sm=600 md=960 lg=1264 xl=1904`, in any order, of
    /// which those that are not there do not exist.
    ///
    /// # Errors
    /// [`BadScheme`] for anything else, a size given twice, and widths that do not grow.
    pub fn parse(text: &str) -> Result<Self, BadScheme> {
        match text {
            "vuetify1" | "vuetify2" => return Ok(Self::VUETIFY_2),
            "vuetify3" => return Ok(Self::VUETIFY_3),
            "vuetify4" => return Ok(Self::VUETIFY_4),
            _ => {}
        }
        let mut from = [None; 5];
        for item in text.split_ascii_whitespace() {
            let (name, width) = item.split_once('=').ok_or(BadScheme)?;
            let size = Breakpoint::ALL
                .into_iter()
                .skip(1)
                .position(|size| size.as_str() == name)
                .ok_or(BadScheme)?;
            let place = from.get_mut(size).ok_or(BadScheme)?;
            if place.replace(width.parse().map_err(|_| BadScheme)?).is_some() {
                return Err(BadScheme);
            }
        }
        let widths = from.iter().flatten();
        if from == [None; 5] || !widths.is_sorted_by(|one, next| one < next) {
            return Err(BadScheme);
        }
        Ok(Self { from, at_least_the_root: false })
    }

    /// The size of a page that is `inner` CSS pixels wide, scroll bar included, and whose root element is `root` wide. A
    /// width that is not a number is the smallest size.
    #[must_use]
    pub fn size(&self, inner: f64, root: f64) -> Breakpoint {
        let width = if self.at_least_the_root { inner.max(root) } else { inner };
        let reached = |from: &Option<u32>| from.is_some_and(|from| width >= f64::from(from));
        let place = self.from.iter().rposition(reached).map_or(0, |place| place + 1);
        Breakpoint::ALL.get(place).copied().unwrap_or(Breakpoint::Xs)
    }
}

impl Default for Scheme {
    fn default() -> Self {
        Self::VUETIFY_2
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

    /// Widths at which some version changes its size, and what real Vuetify 1.5 and 2.7, 3.13 and 4.3 say there.
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
            let size = |version: &str| Scheme::parse(version).unwrap().size(width.into(), 0.0).as_str();
            let sizes = ["vuetify1", "vuetify2", "vuetify3", "vuetify4"].map(size);
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
            assert_eq!(Scheme::VUETIFY_2.size(width, 0.0).as_str(), size, "{width}");
        }
        assert_eq!(Scheme::VUETIFY_4.size(f64::INFINITY, 0.0), Breakpoint::Xxl);
    }

    #[test]
    fn the_root_element_counts_in_vuetify_2_alone() {
        assert_eq!(Scheme::VUETIFY_2.size(500.0, 980.0), Breakpoint::Md);
        assert_eq!(Scheme::VUETIFY_3.size(500.0, 980.0), Breakpoint::Xs);
    }

    #[test]
    fn widths_of_ones_own_are_a_scheme() {
        let scheme = Scheme::parse(" xl=1000  sm=500\n").unwrap();
        let sizes = [499.0, 500.0, 999.0, 1000.0, 9000.0].map(|width| scheme.size(width, 0.0).as_str());
        assert_eq!(sizes, ["xs", "sm", "sm", "xl", "xl"]);
    }

    #[test]
    fn what_is_no_scheme_is_refused() {
        for text in [
            "",
            "vuetify5",
            "Vuetify2",
            "600",
            "sm",
            "sm=",
            "sm=a",
            "sm=-1",
            "xs=1",
            "sm=1 sm=2",
            "sm=2 md=2",
            "md=2 lg=1",
            "sm=1 huge=2",
        ] {
            assert_eq!(Scheme::parse(text), Err(BadScheme), "{text:?}");
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
