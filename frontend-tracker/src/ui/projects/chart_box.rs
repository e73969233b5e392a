//! Shows charts that are drawn anew every half minute, without taking them away from under the cursor.

use leptos::{html::Div, prelude::*};

use crate::ui::browser;

/// Charts as HTML. New ones wait while the cursor or the focus is in them, and opened parts stay open.
#[component]
pub(super) fn ChartBox(html: Memo<String>) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    Effect::new(move |_| {
        let html = html.get();
        if let Some(place) = place.get() {
            browser::replace_content(&place, &html);
        }
    });
    view! { <div class="charts" node_ref=place></div> }
}
