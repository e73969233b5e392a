//! The browser programs of Headcount: the [tracker] and, behind the feature `ui`, the web interface; and, behind the feature
//! `leptos`, what a product in Leptos needs to be counted.
//!
//! They are built as two programs, so that a page can load one without the other. The web interface does not contain the
//! tracker: its page loads the tracker beside it, which sees the interface's navigations like those of any other page.

#![cfg_attr(not(any(feature = "leptos", test)), no_std)]

extern crate alloc;

#[cfg(feature = "leptos")]
pub mod leptos;
pub mod tracker;
#[cfg(feature = "ui")]
pub mod ui;
