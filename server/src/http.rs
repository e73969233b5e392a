//! Which request reaches which room?

pub mod collector;
pub mod problem;
