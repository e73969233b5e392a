//! Accesses the browser's storage and its random number generator.
//!
//! `js/browser.js` does both: a browser may deny its storage at every step, and exceptions that are caught
//! there add nothing to the size of the program.

use alloc::string::String;

use uuid::{Builder, Uuid};
use wasm_bindgen::prelude::*;

use super::device::{StorageDenied, UuidStorage};

// Bundled by this name, so that there is one copy of it.
#[wasm_bindgen(raw_module = "headcount-browser")]
extern "C" {
    /// Reads the stored text of this installation. Never throws.
    fn read_device() -> Option<String>;

    /// Stores `text`, and returns whether the browser stored it. Never throws.
    fn write_device(text: &str) -> bool;

    /// Fills `bytes` with random bytes. Throws in browsers without a generator, which ends the tracker.
    fn fill_randomly(bytes: &mut [u8]);
}

/// The browser of this page.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageBrowser;

impl UuidStorage for PageBrowser {
    fn read(&self) -> Option<String> {
        read_device()
    }

    fn write(&self, text: &str) -> Result<(), StorageDenied> {
        if write_device(text) { Ok(()) } else { Err(StorageDenied) }
    }
}

/// A new UUID of version 4.
pub(super) fn random_uuid() -> Uuid {
    let mut bytes = [0; 16];
    fill_randomly(&mut bytes);
    Builder::from_random_bytes(bytes).into_uuid()
}
