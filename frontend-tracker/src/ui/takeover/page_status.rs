//! Shows that a page is being fetched, tells screen readers which one has come, and listens to the page.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FormData, HtmlFormElement, MouseEvent, Url, UrlSearchParams};

use super::{
    open_page::{self, FocusPlace},
    page_address::{is_page, is_same_page, is_same_view},
    page_navigation::{PageArrival, PageNavigation},
};
use crate::ui::{
    clicked_link::{FollowedLink, followed_link},
    texts::frame::PAGE_IS_FETCHED,
};

/// What is beside the pages: a bar while one is slow, and a text for screen readers.
#[component]
pub(super) fn PageStatus() -> impl IntoView {
    let navigation = PageNavigation::new();
    open_page::keep_icon();
    open_page::take_over_scrolling();
    if let Some(top) = open_page::stored_scroll_position().filter(|_| window().scroll_y() == Ok(0.0)) {
        open_page::scroll_to(top);
    }
    navigation.flames().attach();
    listen(navigation);
    view! {
        <p class="visually-hidden" role="status">{move || navigation.announced()}</p>
        <Show when=move || navigation.is_slow()>
            <div class="progress" role="progressbar" aria-label=PAGE_IS_FETCHED></div>
        </Show>
    }
}

fn listen(navigation: PageNavigation) {
    window_event_listener(ev::click, move |event| on_click(navigation, &event));
    window_event_listener(ev::submit, move |event| on_submit(navigation, &event));
    window_event_listener(ev::change, |event| on_change(&event));
    window_event_listener(ev::popstate, move |_| on_history(navigation));
    window_event_listener(ev::scroll, move |_| navigation.store_scroll_position_soon());
}

fn on_click(navigation: PageNavigation, event: &MouseEvent) {
    let here = open_page::address();
    let Some(root) = open_page::root() else { return };
    let Some(FollowedLink { element: link, address }) = followed_link(event, &here, &root, is_page) else {
        return;
    };
    event.prevent_default();
    if navigation.flames().show(&address) {
        open_page::push_address(&address);
        navigation.note_shown(address);
        return;
    }
    let is_same = is_same_page(&address, &here) && link.closest("main").ok().flatten().is_some();
    let focus = link.text_content().filter(|_| is_same).map_or(FocusPlace::Content, FocusPlace::Link);
    navigation.go(address, PageArrival::Link { focus, keeps_place: is_same });
}

/// The element with a selector that an event is in.
fn closest(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok().flatten()
}

fn on_submit(navigation: PageNavigation, event: &Event) {
    let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
    let Some(form) = form.filter(|form| !event.default_prevented() && form.method() == "get") else { return };
    let Some(address) = address_of(&form) else { return };
    event.prevent_default();
    let focus = open_page::focus_place();
    navigation.go(address, PageArrival::Link { focus, keeps_place: true });
}

/// The address that a form leads to, without what was not chosen.
fn address_of(form: &HtmlFormElement) -> Option<String> {
    let parameters = UrlSearchParams::new().ok()?;
    for pair in js_sys::try_iter(FormData::new_with_form(form).ok()?.as_ref()).ok()?? {
        let pair = js_sys::Array::from(&pair.ok()?);
        let (name, value) = (pair.get(0).as_string()?, pair.get(1).as_string()?);
        if !value.is_empty() {
            parameters.append(&name, &value);
        }
    }
    let url = Url::new_with_base(&form.get_attribute("action")?, &open_page::address()).ok()?;
    url.set_search(&parameters.to_string().as_string()?);
    Some(url.href())
}

/// Sends a form once something is chosen from one of its lists. Days are sent with its button: browsers tell of
/// a change after each digit.
fn on_change(event: &Event) {
    let form = closest(event, "select").and_then(|list| list.closest("main form[method=get]").ok().flatten());
    if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
        let _sent = form.request_submit();
    }
}

fn on_history(navigation: PageNavigation) {
    let address = open_page::address();
    let top = open_page::stored_scroll_position();
    if navigation.shows(|shown| is_same_view(shown, &address)) {
        // A place in the page that is open.
        if let Some(top) = top {
            open_page::scroll_to(top);
        }
        return;
    }
    if navigation.flames().show(&address) {
        navigation.note_shown(address);
        return;
    }
    navigation.go(address, PageArrival::History { top: top.unwrap_or_default() });
}
