//! Parses and checks the bound of a measure.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The bound of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FigureBound {
    /// The figure is at least this.
    AtLeast(f64),
    /// The figure is at most this.
    AtMost(f64),
    /// There is no bound: the figure is only printed.
    None,
}

/// A text is not a bound.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} must be \"at least\" or \"at most\" and a number, or \"none\"")]
pub struct InvalidBound(String);

impl FigureBound {
    /// Whether a figure is within the bound.
    #[must_use]
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::AtMost(most) => figure <= most,
            Self::None => true,
        }
    }
}

impl FromStr for FigureBound {
    type Err = InvalidBound;

    fn from_str(text: &str) -> Result<Self, InvalidBound> {
        let number = |prefix| text.strip_prefix(prefix).and_then(|number| number.trim().parse::<f64>().ok());
        match (number("at least "), number("at most "), text) {
            (Some(least), ..) => Ok(Self::AtLeast(least)),
            (_, Some(most), _) => Ok(Self::AtMost(most)),
            (.., "none") => Ok(Self::None),
            _ => Err(InvalidBound(text.to_owned())),
        }
    }
}

impl fmt::Display for FigureBound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(formatter, "at least {least}"),
            Self::AtMost(most) => write!(formatter, "at most {most}"),
            Self::None => formatter.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_as_they_are_printed() {
        for (text, bound) in [
            ("at least 0.8", FigureBound::AtLeast(0.8)),
            ("at most 9000", FigureBound::AtMost(9000.0)),
            ("none", FigureBound::None),
        ] {
            assert_eq!(text.parse(), Ok(bound));
            assert_eq!(bound.to_string(), text);
        }
        for text in ["", "0.8", "at least", "at least x", "under 5"] {
            assert_eq!(text.parse::<FigureBound>(), Err(InvalidBound(text.to_owned())));
        }
    }

    #[test]
    fn a_figure_that_is_no_number_keeps_to_no_bound() {
        assert!(!FigureBound::AtLeast(0.0).holds(f64::NAN) && !FigureBound::AtMost(0.0).holds(f64::NAN));
    }
}
