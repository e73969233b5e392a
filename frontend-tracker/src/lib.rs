//! The browser programs of Headcount: the [tracker] and, with the feature `ui`, the web interface. With the
//! feature `leptos` it also counts the pages of Leptos products.
//!
//! They are built as two programs, so that a page can load one without the other. The web interface does not
//! contain the tracker: its page loads the tracker as a separate script, which counts its navigations like
//! those of any other page.

#![cfg_attr(not(any(feature = "leptos", test)), no_std)]

extern crate alloc;

#[cfg(feature = "leptos")]
pub mod leptos;
pub mod tracker;
#[cfg(feature = "ui")]
pub mod ui;
