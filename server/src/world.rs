//! What does Prometheus say runs here?

pub mod answers;
pub mod cache;
pub mod catalogue;
pub mod project;
pub mod prometheus;
