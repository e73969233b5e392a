//! Audits the applications of a model, and finds what changed: incidents and rollouts.
//!
//! The [`auditor`] runs the [`inspections`] with the service levels that [`sli`] computes. The
//! [`change_detector`] compares an audit with the stored [`history_store`]. Nothing here does I/O.

pub mod auditor;
pub mod change_detector;
pub mod counter_increase;
pub mod health_status;
pub mod history_store;
pub mod incidents;
pub mod inspections;
pub mod matching_row;
pub mod rollouts;
pub mod sli;
mod trend_line;
