//! What do we send, when, and did it arrive?
//!
//! A report is [assembled](assemble) from the four sources, put into the [`spool`](spool) and [delivered](deliver) from
//! there until a collector has it.

pub mod assemble;
pub mod deliver;
pub mod outcome;
pub mod reporter;
pub mod schedule;
pub mod spool;
pub mod transport;
