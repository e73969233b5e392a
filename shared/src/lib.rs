//! Everything of Headcount that crosses a process boundary.
//!
//! The [`payload`] that an installation reports, the [`event`] that a browser sends, the requests and answers of the web
//! interface ([`api`]), and the bounds on all of them ([`limits`]). Knows no runtime, files or clocks, and
//! compiles for wasm32.

pub mod api;
pub mod breakpoint;
pub mod event;
pub mod json;
pub mod limits;
pub mod payload;
pub mod routes;
