//! Anonymous usage statistics for self-hosted server products.

pub mod app;
pub mod browsers;
pub mod clock;
pub mod collector;
pub mod config;
pub mod disk;
pub mod http;
pub mod metrics;
pub mod process;
pub mod report;
pub mod settings;
