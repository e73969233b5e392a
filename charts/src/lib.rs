//! Draws charts as text: pure functions from numbers to HTML with SVG.
//!
//! A chart is complete without script and has no `style=`, so that a page with a strict content security policy
//! can contain it. Everything visible is decided by the classes in [`STYLE`]. Horizontal positions are
//! percentages and vertical ones are pixels: texts keep their size at any width, and nothing moves when a page
//! is loaded. What a picture says is also in a table below it.
//!
//! The crate has no dependency, reads no clock and no file, and compiles for wasm32.

#![deny(clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing, reason = "a test that cannot go on has failed"))]

mod area_chart;
mod bar_chart;
mod calendar_day;
mod chart_frame;
pub mod flame_graph;
mod histogram_chart;
mod label_spread;
mod line_chart;
mod line_thinning;
mod markup;
pub mod number_format;
pub mod scale;
pub mod ticks;
mod time_plot;
pub mod treemap;

pub use area_chart::{ShareSeries, area_chart};
pub use bar_chart::{BarChart, ChartBar, bar_chart};
pub use calendar_day::ChartDay;
pub use chart_frame::ChartCaption;
pub use flame_graph::flame_graph;
pub use histogram_chart::{CountedBucket, HistogramChart, PercentileMark, histogram_chart};
pub use line_chart::{LineSeries, line_chart};
pub use number_format::ValueUnit;
pub use time_plot::{MarkKind, MissingSpan, TimeContext, TimeMark};
pub use treemap::treemap;

/// The style sheet of all charts: the palette for light, dark and forced colours, sizes of text, and the table.
/// A page serves it beside its own.
pub const STYLE: &str = include_str!("charts.css");
