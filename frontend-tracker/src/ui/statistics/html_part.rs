//! Shows HTML whose content is replaced as a whole, and tells which of its buttons is pressed.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::Element;

/// What a button of such a part does is in its attribute `data-act`, and what it does that to in `data-of`.
pub(super) type PressedButton<'a> = (&'a str, &'a str);

/// The HTML of a part. `press` is called for each of its buttons that is pressed.
#[component]
pub(super) fn HtmlPart(
    html: Memo<String>,
    /// Called with the texts of the button.
    press: Box<dyn Fn(PressedButton<'_>)>,
) -> impl IntoView {
    let follow = move |event: ev::MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(target) = target else { return };
        if let Some(act) = target.get_attribute("data-act") {
            press((&act, &target.get_attribute("data-of").unwrap_or_default()));
        }
    };
    view! { <div class="fields" inner_html=html on:click=follow></div> }
}
