//! The page-view tracker as a program that starts when a page loads it.
#![cfg_attr(target_family = "wasm", no_main)]

/// Begins to count the page's views.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    headcount_frontend::tracker::start();
}

/// There is no page to count outside of a browser.
#[cfg(not(target_family = "wasm"))]
const fn main() {}
