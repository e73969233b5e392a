//! Everything of Headcount that crosses a process boundary.
//!
//! The [payload](payload) that an installation reports, the [event](event) that a browser sends, the requests and
//! answers of the [web interface](api), and the [bounds](limits) on all of them. Knows no runtime, files or clocks, and
//! compiles for wasm32.

pub mod api;
pub mod breakpoint;
pub mod event;
pub mod json;
pub mod limits;
pub mod payload;
pub mod routes;
