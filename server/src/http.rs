//! Which request reaches which room?

pub mod problem;
