//! Anonymous usage statistics for self-hosted server products.
//!
//! The program `headcount` is one user of this library. Another product in Rust takes the routes and the background task
//! from [`app::Server`], and hands in what it knows of an installation through
//! [`Installation`](report::assemble::Installation):
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use headcount::{
//!     app::Server,
//!     clock::SystemClock,
//!     config::Serve,
//!     report::assemble::{Facts, FutureFacts, Installation},
//! };
//!
//! #[derive(Debug)]
//! struct Product;
//!
//! impl Installation for Product {
//!     fn facts(&self) -> FutureFacts<'_> {
//!         Box::pin(async { Facts::default() })
//!     }
//! }
//!
//! # async fn start() -> anyhow::Result<()> {
//! let config = Serve::from_flags(&["--collector-url=https://stats.example.com/ce/usage-statistics"])?;
//! let server = Server::open(&config, Arc::new(SystemClock::new()), Some(Arc::new(Product))).await?;
//! let routes: axum::Router = server.router();
//! # Ok(())
//! # }
//! ```

pub mod app;
pub mod browsers;
pub mod clock;
pub mod collector;
pub mod config;
pub mod descriptors;
pub mod disk;
mod hex;
pub mod http;
pub mod metrics;
pub mod notifications;
pub mod outgoing;
pub mod peer_address;
pub mod process;
pub mod report;
pub mod settings;
pub mod world;
