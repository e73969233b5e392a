//! The tracker: reports to the server that a page was opened, in which size and by which browser, and nothing
//! else.
//!
//! Decisions are pure: which navigation is a view ([`views`]), which UUID the browser has ([`device`]), and
//! what is sent ([`event`]). Around them are the page ([`page`]), the browser's storage and the delivery to
//! the server ([`delivery`]).
//!
//! `js/page.js` observes the page and calls this program, and catches its faults. It also decides whether the
//! tracker is loaded at all.

mod browser;
pub mod delivery;
pub mod device;
pub mod event;
pub mod page;
pub mod views;
