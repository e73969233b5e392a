//! Measures and profiles this process.
//!
//! [`process_samples`] measures how much CPU and memory it uses, [`cpu`] and [`heap`] profile which functions
//! use them. None of them runs until one of its types is constructed, and all end when that is dropped.
//! [`code_pages`] reduces the resident memory.
//!
//! Both profiles go the same way: addresses from the process, names from the symbol tables of its files
//! (`symbols`), cleaned of everything that could identify a build or a host (`name_scrubber`), written as
//! pprof (`pprof`).

pub mod code_pages;
pub mod cpu;
pub mod heap;
pub mod process_costs;
pub mod process_samples;
pub mod saved_costs;

mod name_scrubber;
mod pprof;
mod symbols;

/// Something about this process cannot be measured; the text is one sentence with the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MeasurementUnavailable(String);

impl MeasurementUnavailable {
    fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
