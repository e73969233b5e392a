//! Draws charts as text: pure functions from numbers to HTML with SVG.
//!
//! A chart is complete without script and has no `style=`, so that a page with a strict content security
//! policy can contain it. Everything visible is decided by the classes in [`STYLE`]. Horizontal positions are
//! percentages and vertical ones are pixels: texts keep their size at any width, and nothing moves when a
//! page is loaded. What a picture says is also in a table below it.
//!
//! ```
//! use headcount_charts::{BarChart, ChartBar, ChartCaption, ValueUnit, bar_chart};
//!
//! let caption = ChartCaption {
//!     id: "versions",
//!     title: "Versions in use",
//!     description: "",
//!     denominator: "of 40 installations that reported",
//!     period: "28 November 2026",
//!     freshness: "computed on 29 November at 02:00 UTC",
//! };
//! let bars = [
//!     ChartBar { label: "1.2.0", value: 30.0, share: Some(0.75) },
//!     ChartBar { label: "1.1.0", value: 10.0, share: Some(0.25) },
//! ];
//! let chart = BarChart {
//!     label_title: "Version",
//!     value_title: "Installations",
//!     unit: ValueUnit::Count,
//!     shown: 10,
//!     bars: &bars,
//! };
//! assert!(bar_chart(&caption, &chart).starts_with("<figure"));
//! ```
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
mod mark_labels;
mod markup;
pub mod number_format;
mod number_order;
pub mod scale;
mod tick_labels;
pub mod ticks;
mod time_context;
mod time_plot;
pub mod treemap;

pub use area_chart::{ShareSeries, area_chart};
pub use bar_chart::{BarChart, ChartBar, bar_chart};
pub use calendar_day::ChartDay;
pub use chart_frame::ChartCaption;
pub use flame_graph::flame_graph;
pub use histogram_chart::{CountedBucket, HistogramChart, PercentileMark, histogram_chart};
pub use line_chart::{LineSeries, line_chart, moment_chart};
pub use markup::name_text;
pub use number_format::ValueUnit;
pub use time_context::{MarkKind, MissingSpan, MomentContext, MomentMark, TimeContext, TimeMark};
pub use treemap::treemap;

/// The style sheet of all charts. Its colours and sizes are those of `headcount-visual-style`, which a page
/// needs too.
pub const STYLE: &str = include_str!("charts.css");
