//! Defines everything of Headcount that crosses a process boundary.
//!
//! It has the [`payload`] that an installation reports, the [`event`] that a browser sends, the requests and
//! answers of the web interface ([`api`]), and the bounds of all of them ([`limits`]). It uses no runtime,
//! files or clocks, and compiles for wasm32. Without the feature `wire` it has only what the tracker needs,
//! without the standard library.

#![cfg_attr(not(feature = "wire"), no_std)]

extern crate alloc;

#[cfg(feature = "wire")]
pub mod api;
pub mod breakpoint;
pub mod browser_storage;
#[cfg(feature = "deletion")]
pub mod deletion_commitment;
#[cfg(feature = "wire")]
pub mod delivery;
#[cfg(feature = "wire")]
pub mod event;
#[cfg(feature = "wire")]
pub mod json;
pub mod limits;
#[cfg(feature = "wire")]
pub mod payload;
#[cfg(feature = "wire")]
pub mod product;
pub mod routes;
