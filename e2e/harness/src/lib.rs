//! The harness of the end-to-end tests and the demo: starts programs, sends them requests and signals, and
//! ends them.
//!
//! It uses only public interfaces, and knows nothing of the simulated fleet.

pub mod address;
#[cfg(feature = "browsers")]
pub mod browser;
mod child_process;
pub mod clock;
pub mod command_output;
pub mod destinations;
pub mod example_site;
pub mod http;
#[cfg(feature = "browsers")]
pub mod old_chromium;
pub mod process_log;
pub mod processes;
pub mod program;
pub mod prometheus;
#[cfg(feature = "browsers")]
pub mod reverse_proxy;
pub mod rounds;
pub mod stop_signals;
#[cfg(feature = "browsers")]
pub mod test_run;
#[cfg(feature = "browsers")]
pub mod test_site;
pub mod wait;
