//! Turns the reports of many installations into the numbers of a fleet.
//!
//! Everything here is pure: no files, no network, no clock. The collector stores what these modules make, and
//! reads their answers from it.

#[cfg(any(test, feature = "test-support"))]
pub mod attacker;
pub mod published;
