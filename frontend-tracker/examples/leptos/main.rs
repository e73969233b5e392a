//! A small shop in Leptos: every page is counted under the route that shows it.
//!
//! In a browser this is the shop, or with `#documented` the shop of `docs/embedding.md`. Elsewhere it prints
//! its route table, one template per line, as `headcount serve --routes` reads it: `cargo run --example
//! leptos --features leptos/csr`.

#[cfg_attr(not(target_family = "wasm"), expect(dead_code, reason = "the documented shop is for a browser"))]
mod documented;
mod pages;
mod shown;
mod walk;

use headcount_frontend::leptos::{CountedRoutes, Tracker};
use leptos::prelude::*;
use leptos_router::components::Router;

use self::{pages::pages, shown::shown, walk::walk};

/// The path that the shop is served under.
const BASE: &str = "/shop";

/// What a customer's page can show beside the customer.
const TABS: &[&str] = &["bills", "notes"];

/// The whole shop.
#[component]
fn Shop() -> impl IntoView {
    let tracker = Tracker::at("/static/tracker.js").closed("tab", TABS);
    view! {
        <Router base=BASE>
            <h1>"Shop"</h1>
            {walk()}
            <main>
                <CountedRoutes
                    tracker
                    fallback=|| "There is no such page."
                    children=ToChildren::to_children(pages)
                />
            </main>
            {shown()}
        </Router>
    }
}

#[cfg(target_family = "wasm")]
fn main() {
    match location_hash().as_deref() {
        Some("documented") => documented::mount(),
        _ => leptos::mount::mount_to_body(Shop),
    }
}

#[cfg(not(target_family = "wasm"))]
fn main() -> std::io::Result<()> {
    use std::io::Write;

    // The shop itself needs a browser.
    let _shop = Shop;
    let mut out = std::io::stdout().lock();
    let tracker = Tracker::at("").closed("tab", TABS);
    tracker.templates(&pages()).iter().try_for_each(|template| writeln!(out, "{template}"))
}
