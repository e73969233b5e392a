//! Anonymous usage statistics for self-hosted server products.

pub mod clock;
pub mod collector;
pub mod http;
pub mod process;
