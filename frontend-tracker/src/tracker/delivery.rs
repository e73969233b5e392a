//! How does an event reach the server? Once, and not at all if the browser says no twice.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/js/delivery.js")]
extern "C" {
    /// Hands `body` to the browser, which sends it even when the page ends. Never throws.
    pub(super) fn deliver(body: &str);
}
