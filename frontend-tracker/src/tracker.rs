//! The tracker: tells the server that a page was opened, in which size, by which browser, and nothing else.
//!
//! Decisions are plain values: which navigation is a view ([`views`]), who this browser is ([`device`]), what is sent
//! ([`event`]). Around them stand the page they are taken for ([`page`]), the navigations it reports ([`navigation`]) and
//! the way to the server ([`delivery`]).
//!
//! Nothing here throws into the page that loads it: whatever the browser refuses is a value, and is lived without.

pub mod delivery;
pub mod device;
pub mod event;
pub mod navigation;
pub mod page;
pub mod views;

pub use self::page::start;
