//! Implements anonymous usage statistics for self-hosted server products.
//!
//! The program `headcount` is one user of this library. Another product in Rust takes the routes and the
//! background task from [`app::Server`], and provides the facts about an installation through
//! [`Installation`](report::assemble::Installation):
//!
//! ```no_run
//! use std::{net::SocketAddr, sync::Arc};
//!
//! use axum::{Router, routing::get};
//! use headcount::{
//!     RouteTable,
//!     app::Server,
//!     clock::SystemClock,
//!     config::Serve,
//!     report::assemble::{Facts, FutureFacts, Installation},
//! };
//! use tokio::{net::TcpListener, signal::ctrl_c};
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
//! let mut config = Serve::from_flags(&[
//!     "--url-base-path=/usage/",
//!     "--data-dir=/var/lib/shop/usage",
//!     "--collector-url=https://fleet.example.com/ce/usage-statistics",
//!     "--product=shop",
//!     "--product-version=7.1",
//! ])?;
//! let mut pages = RouteTable::default();
//! for route in ["/customers/:id", "/settings/:tab(users|taxes)?"] {
//!     pages.add(route)?;
//! }
//! config.routes = Some(pages);
//! let server = Server::open(&config, Arc::new(SystemClock::new()), Some(Arc::new(Product))).await?;
//! let shop = Router::new()
//!     .route("/{owner}/{repository}", get(async || "a page"))
//!     .merge(server.router())
//!     .fallback(async || "no page");
//! let listener = TcpListener::bind("127.0.0.1:8080").await?;
//! let peers = shop.into_make_service_with_connect_info::<SocketAddr>();
//! axum::serve(listener, peers).with_graceful_shutdown(async { drop(ctrl_c().await) }).await?;
//! server.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! Its pages have `<script type="module" src="/usage/static/tracker.js"></script>`.
//! [`Server::router`](app::Server::router) lists the other ways to mount the routes.

pub mod app;
pub mod browsers;
pub mod config;
pub mod http;
pub mod metrics;
pub mod notifications;
pub mod report;
pub mod store;

pub use headcount_platform::clock;
pub use headcount_shared::routes::{BadRoute, RouteTable};
