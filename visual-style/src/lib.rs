//! Holds what all pages of Headcount look like: the server's, the collector's, the sign-in page and charts.
//!
//! `palette.css` alone defines colours and sizes. `components.css` is the header, tables, buttons, forms and
//! notices that all pages share. Other style sheets use both and define no colour of their own.

/// The colours and sizes, as custom properties of `:root`, for light, dark and forced colours.
pub const PALETTE: &str = include_str!("palette.css");

/// The parts that pages are made of.
pub const COMPONENTS: &str = include_str!("components.css");

/// The whole style sheet: the palette, then the parts.
pub const STYLE: &str = concat!(include_str!("palette.css"), "\n", include_str!("components.css"));

/// The mark, as an SVG document. It has its own background, so it is the same in light and in dark, and no
/// style, so that it works under any content security policy.
pub const MARK: &str = include_str!("mark.svg");
