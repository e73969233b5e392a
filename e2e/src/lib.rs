//! Headcount as its users see it: programs are started, asked over HTTP and by signals, and ended.
//!
//! Nothing private is driven here. A test that needs to look inside belongs to the package that it looks into.

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
