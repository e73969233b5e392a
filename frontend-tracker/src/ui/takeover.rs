//! Takes over in the browser on the pages of a collector, which are complete without it.
//!
//! Following a link between pages and changing a filter fetches the page and puts its content in place of the
//! old one: no style sheet, script or chart is loaded again, and the focus and the scroll position stay where
//! they make sense. Whatever does not go as expected is left to the browser, which loads the page.
//!
//! `page_address` decides what is a page, and what the values of a graph are; it knows no browser.

mod flame_view;
mod open_page;
mod page_address;
mod page_exchange;
mod page_navigation;
mod page_status;

use leptos::prelude::{document, mount_to};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use self::page_status::PageStatus;

/// Takes over, if the page that is loaded is one of a collector.
pub(super) fn start() {
    if !open_page::is_ours(&document()) {
        return;
    }
    let Some(body) = document().body() else { return };
    let place = document().create_element("div").ok();
    let Some(place) = place.and_then(|place| place.dyn_into::<HtmlElement>().ok()) else { return };
    if body.append_child(&place).is_ok() {
        mount_to(place, PageStatus).forget();
    }
}
