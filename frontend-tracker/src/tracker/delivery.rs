//! Delivers events to the server: each once, and not at all if the browser refuses twice.

use wasm_bindgen::prelude::*;

// `js/delivery.js`, bundled under this name so that there is one copy of it.
#[wasm_bindgen(raw_module = "headcount-delivery")]
extern "C" {
    /// Hands `body` to the browser, which sends it even if the page ends. A page that is not `leaving` gets
    /// the answer: if it means that statistics are off, the tracker ends. Never throws.
    pub(super) fn deliver(body: &str, leaving: bool);
}
