//! Builds the model of a project from the answers of Prometheus, and counts what reports contain about it.
//!
//! The [`queries`] are data. The [`constructor`] turns their answers into a [`model`] stage by stage, with
//! the [`prices`] of cloud providers; [`facts`] counts it. Nothing here does I/O.

pub mod application_key;
pub mod constructor;
pub mod facts;
#[cfg(any(test, feature = "test-support"))]
pub mod fixture;
pub mod model;
pub mod prices;
pub mod queries;
