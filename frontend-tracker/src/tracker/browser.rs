//! What the tracker asks of the browser itself: the place of its UUID, and random bytes.
//!
//! `js/browser.js` does both, because a browser may deny its storage at every step, and what is caught there needs no room in
//! the program.

use alloc::string::String;

use uuid::{Builder, Uuid};
use wasm_bindgen::prelude::*;

use super::device::{Denied, Storage};

// Bundled by this name, so that there is one copy of it.
#[wasm_bindgen(raw_module = "headcount-browser")]
extern "C" {
    /// The stored text of this installation. Never throws.
    fn read_device() -> Option<String>;

    /// Stores `text` in its place, and says whether the browser keeps it. Never throws.
    fn write_device(text: &str) -> bool;

    /// Fills `bytes` by chance. Throws where a browser has no such thing, which ends the tracker.
    fn fill_randomly(bytes: &mut [u8]);
}

/// The browser that this program runs in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Browser;

impl Storage for Browser {
    fn read(&self) -> Option<String> {
        read_device()
    }

    fn write(&self, text: &str) -> Result<(), Denied> {
        if write_device(text) { Ok(()) } else { Err(Denied) }
    }
}

/// A new UUID of version 4.
pub(super) fn random_uuid() -> Uuid {
    let mut bytes = [0; 16];
    fill_randomly(&mut bytes);
    Builder::from_random_bytes(bytes).into_uuid()
}
