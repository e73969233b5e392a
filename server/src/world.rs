//! What does Prometheus say runs here?

pub mod answers;
pub mod catalogue;
pub mod project;
pub mod prometheus;
