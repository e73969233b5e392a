//! What do we send, when, and did it arrive?
//!
//! A report is made ([`reporter`]) from the four sources ([`assemble`]), put on disk ([`spool`]) and delivered from there
//! ([`deliver`]) until a collector has it.

pub mod assemble;
pub mod deliver;
pub mod outcome;
pub mod reporter;
pub mod schedule;
pub mod spool;
pub mod transport;
