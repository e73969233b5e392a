//! What does Prometheus say runs here?

pub mod answers;
pub mod cache;
pub mod catalogue;
pub mod prices;
pub mod project;
pub mod prometheus;
mod unreachable;
