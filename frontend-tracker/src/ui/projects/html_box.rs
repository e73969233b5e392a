//! Shows HTML that is written anew every half minute, without taking it away from under the cursor.

use leptos::{
    ev::{FocusEvent, MouseEvent},
    html::Div,
    prelude::*,
};

use crate::ui::browser;

/// A text that is written anew when something changes that it reads.
pub(super) fn text_memo(text: impl Fn() -> String + Send + Sync + 'static) -> Memo<String> {
    boxed_memo(Box::new(text))
}

/// One function for all texts: each kind of memo is a kilobyte of the program.
fn boxed_memo(text: Box<dyn Fn() -> String + Send + Sync>) -> Memo<String> {
    Memo::new(move |_| text())
}

/// What happens when an element with `data-act` is pressed.
pub(super) type ActHandler = Box<dyn Fn(&str)>;

/// An element with HTML that only shows something.
pub(super) fn html_box(class: &'static str, html: Memo<String>) -> AnyView {
    acting_box(class, html, text_memo(String::new), Box::new(|_| ()))
}

/// An element with HTML. New HTML waits while the cursor or the focus is in it, unless `reason` changes: that is
/// what the user does. Parts that are open stay open.
pub(super) fn acting_box(
    class: &'static str,
    html: Memo<String>,
    reason: Memo<String>,
    act: ActHandler,
) -> AnyView {
    let place = NodeRef::<Div>::new();
    let is_waiting = StoredValue::new(false);
    Effect::new(move |before: Option<String>| {
        let (html, reason) = (html.get(), reason.get());
        if let Some(place) = place.get() {
            let is_forced = before.is_none_or(|before| before != reason);
            is_waiting.set_value(!browser::replace_content(&place, &html, is_forced));
        }
        reason
    });
    let show = move || {
        if is_waiting.get_value()
            && let Some(place) = place.get_untracked()
        {
            let is_shown = html.with_untracked(|html| browser::replace_content(&place, html, false));
            is_waiting.set_value(!is_shown);
        }
    };
    let leave = move |event: FocusEvent| {
        // The focus may go to another element in it, which has to stay.
        let stays = place.get_untracked().is_some_and(|place| browser::keeps_focus(&place, &event));
        if !stays {
            show();
        }
    };
    let press = move |event: MouseEvent| {
        if let Some(name) = browser::act_of(&event) {
            act(&name);
        }
    };
    view! {
        <div
            class=class
            node_ref=place
            on:click=press
            on:mouseleave=move |_| show()
            on:focusout=leave
        ></div>
    }
    .into_any()
}
