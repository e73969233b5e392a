//! Shows HTML whose content is replaced as a whole, and tells which of its buttons is pressed.

use leptos::{ev, prelude::*};

use crate::ui::browser;

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
        if let Some(button) = browser::pressed(&event) {
            let text = |name: &str| button.get_attribute(name).unwrap_or_default();
            press((&text("data-act"), &text("data-of")));
        }
    };
    view! { <div class="fields" inner_html=html on:click=follow></div> }
}
