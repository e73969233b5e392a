//! Measures what this process costs, and where.
//!
//! [`samples`] says how much CPU and memory it uses, [`cpu`] and [`heap`] say which functions use them. Nothing here
//! runs until one of their types is constructed, and everything ends when it is dropped.
//!
//! Both profiles go the same way: addresses from the process, names from the symbol tables of its files (`symbols`),
//! cleaned of whatever could tell a build or a host (`scrub`), written as pprof (`pprof`).

pub mod code_pages;
pub mod costs;
pub mod cpu;
pub mod heap;
pub mod samples;
pub mod saved;

mod pprof;
mod scrub;
mod symbols;

/// Something about this process cannot be measured; the text is one sentence that says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(String);

impl Unavailable {
    fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
