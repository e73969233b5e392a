//! The tracker: tells the server that a page was opened, in which size, by which browser, and nothing else.
//!
//! Decisions are plain values: which navigation is a view ([`views`]), who this browser is ([`device`]), what is sent
//! ([`event`]). Around them stand the page they are taken for ([`page`]), the browser's storage and the way to the server
//! ([`delivery`]).
//!
//! What the page does is told by `js/page.js`, which no fault in here gets past. It also decides whether the tracker is
//! loaded at all.

mod browser;
pub mod delivery;
pub mod device;
pub mod event;
pub mod page;
pub mod views;
