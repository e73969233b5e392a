//! Shows HTML that is written anew when what it shows changes, without taking it away from under the cursor.

use leptos::{
    ev::{FocusEvent, MouseEvent},
    html::Div,
    prelude::*,
};
use web_sys::HtmlElement;

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

/// For how long new HTML waits after the last input in what it would replace, in seconds.
const PATIENCE_S: f64 = 60.0;

/// An element with HTML. New texts and attributes are taken over where they are. HTML with other elements waits
/// while the cursor or the focus is in it, up to a minute after the last input there, unless `reason` changes: that
/// is what the user does. Parts that are open stay open.
pub(super) fn acting_box(
    class: &'static str,
    html: Memo<String>,
    reason: Memo<String>,
    act: ActHandler,
) -> AnyView {
    let place = NodeRef::<Div>::new();
    let is_waiting = StoredValue::new(false);
    let touched = StoredValue::new(0.0);
    Effect::new(move |before: Option<String>| {
        let (html, reason) = (html.get(), reason.get());
        if let Some(place) = place.get() {
            let is_forced = before.is_none_or(|before| before != reason);
            is_waiting.set_value(!show_html(&place, &html, is_forced, touched.get_value()));
        }
        reason
    });
    // The page may be gone: a browser tells an element that is removed that it loses the focus.
    let show = move || {
        let place = place.try_get_untracked().flatten();
        if let (Some(true), Some(place)) = (is_waiting.try_get_value(), place) {
            let is_shown = html.with_untracked(|html| show_html(&place, html, false, touched.get_value()));
            is_waiting.set_value(!is_shown);
        }
    };
    let leave = move |event: FocusEvent| {
        // The focus may go to another element in it, which has to stay.
        let place = place.try_get_untracked().flatten();
        if !place.is_some_and(|place| browser::keeps_focus(&place, &event)) {
            show();
        }
    };
    let touch = move || {
        touched.try_set_value(browser::now());
    };
    let press = move |event: MouseEvent| {
        touch();
        if let Some(name) = browser::act_of(&event) {
            act(&name);
        }
    };
    view! {
        <div
            class=class
            node_ref=place
            on:click=press
            on:mousemove=move |_| touch()
            on:keydown=move |_| touch()
            on:mouseleave=move |_| show()
            on:focusout=leave
        ></div>
    }
    .into_any()
}

/// Shows HTML in an element, unless it would move what the user is about to use. Returns whether it is shown.
/// `touched` is when the last input there was, in Unix seconds.
fn show_html(place: &HtmlElement, html: &str, is_forced: bool, touched: f64) -> bool {
    // A screen reader tells what changes in an element that stays, also when it is wanted at once.
    if browser::update_content(place, html) {
        return true;
    }
    if !is_forced && browser::is_in_use(place) && browser::now() - touched < PATIENCE_S {
        return false;
    }
    browser::replace_content(place, html);
    true
}
