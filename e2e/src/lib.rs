//! The harness of the end-to-end tests: starts programs, sends them requests and signals, and ends them.
//!
//! It uses only public interfaces. A test of internals belongs to the package that it tests.

pub mod address;
#[cfg(feature = "browsers")]
pub mod browser;
pub mod check_configs;
mod child;
pub mod clock;
pub mod command;
pub mod destinations;
pub mod fleet;
#[cfg(feature = "browsers")]
pub mod host;
pub mod http;
pub mod log;
pub mod observed;
pub mod old_chromium;
pub mod past;
pub mod pgbouncer;
pub mod postgres;
pub mod processes;
pub mod program;
pub mod projects;
pub mod prometheus;
pub mod proxy;
pub mod run;
pub mod site;
pub mod stop;
pub mod thorough;
pub mod wait;
