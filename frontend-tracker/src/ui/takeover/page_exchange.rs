//! Puts the content of a page in place of another one over several frames, so that none of them is long.
//!
//! The parts of a page are the children of its `<main>`. A few at a time take the places of the old ones,
//! from the top. The page is marked as busy until all have.

use std::time::Duration;

use js_sys::Promise;
use leptos::prelude::{document, request_animation_frame, set_timeout};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Node};

/// About how many elements a browser lays out and paints within a frame.
const ELEMENTS_OF_A_FRAME: u32 = 1000;

/// The attribute of content that is being exchanged.
const BUSY: &str = "aria-busy";

/// The content of the open page, and what is to come in its place.
#[derive(Debug)]
pub(super) struct PageExchange {
    open: Element,
    /// What is left of the old content, from the bottom.
    old: Vec<Node>,
    /// What is left of the new content, from the bottom.
    new: Vec<Node>,
}

impl PageExchange {
    /// Of the open content, with that of a page that was fetched.
    pub(super) fn new(open: Element, next: &Element) -> Self {
        let _marked = open.set_attribute(BUSY, "true");
        Self { old: parts_from_bottom(&open), new: parts_from_bottom(next), open }
    }

    /// Exchanges what can be shown in one frame. Returns whether more is left.
    pub(super) fn advance(&mut self) -> bool {
        let mut elements = 0;
        while elements < ELEMENTS_OF_A_FRAME
            && let Some(new) = self.new.pop()
        {
            elements += number_of_elements(&new);
            let _placed = match self.old.pop() {
                Some(old) => self.open.replace_child(&new, &old),
                None => self.open.append_child(&new),
            };
        }
        if !self.new.is_empty() {
            return true;
        }
        for old in self.old.drain(..) {
            let _removed = self.open.remove_child(&old);
        }
        let _unmarked = self.open.remove_attribute(BUSY);
        false
    }
}

fn parts_from_bottom(content: &Element) -> Vec<Node> {
    let parts = content.child_nodes();
    (0..parts.length()).rev().filter_map(|at| parts.get(at)).collect()
}

fn number_of_elements(part: &Node) -> u32 {
    let within = part.dyn_ref::<Element>().and_then(|part| part.query_selector_all("*").ok());
    1 + within.map_or(0, |elements| elements.length())
}

/// Waits until the browser has shown what was changed. A page that nobody sees is not shown.
pub(super) async fn next_frame() {
    let shown = Promise::new(&mut |resolve, _| {
        let end = move || {
            set_timeout(move || drop(resolve.call0(&JsValue::UNDEFINED)), Duration::ZERO);
        };
        if document().hidden() { end() } else { request_animation_frame(end) }
    });
    let _waited = JsFuture::from(shown).await;
}
