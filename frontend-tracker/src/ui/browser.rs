//! Accesses the browser: the base path, reloads, the tracker's UUID, the focus, and saving files.

use headcount_shared::browser_storage::DEVICE_KEY_PREFIX;
use js_sys::{Array, Reflect, Uint8Array};
use leptos::prelude::{document, request_animation_frame, window};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, Clipboard, Element, FocusEvent, FocusOptions, FormData, HtmlAnchorElement,
    HtmlElement, HtmlFormElement, MouseEvent, NodeList, SubmitEvent, Url,
};

/// The element with the base path of the server.
const BASE: &str = "meta[name='headcount-base']";

/// The path that the interface is served under, with a slash at its end.
pub(super) fn base() -> String {
    let meta = document().query_selector(BASE).ok().flatten();
    let mut base = meta.and_then(|meta| meta.get_attribute("content")).unwrap_or_default();
    if !base.ends_with('/') {
        base.push('/');
    }
    base
}

/// Loads the page again. The server answers with the sign-in page where that is needed.
pub(super) fn reload() {
    let _reloads = window().location().reload();
}

/// The UUID that the tracker has stored for the installation under `base`, once it has settled.
pub(super) fn device_id(base: &str) -> Option<Uuid> {
    let storage = window().local_storage().ok()??;
    let text = storage.get_item(&[DEVICE_KEY_PREFIX, base].concat()).ok()??;
    Uuid::try_parse(&text).ok()
}

/// The time of the browser, in Unix seconds.
pub(super) fn now() -> f64 {
    js_sys::Date::now() / 1000.0
}

/// The same in whole seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float saturates on conversion, and both ends are as wrong as the clock that says so"
)]
pub(super) fn now_seconds() -> u64 {
    now() as u64
}

/// Leaves this page for another one of the server.
pub(super) fn open(address: &str) {
    let _opens = window().location().set_href(address);
}

/// Whether the page is visible.
pub(super) fn is_visible() -> bool {
    !document().hidden()
}

/// Moves the focus to the element with `id`.
pub(super) fn focus(id: &str) {
    let element = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = element {
        let _focused = element.focus();
    }
}

/// Moves the focus to an element without scrolling.
pub(super) fn focus_on(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    let _focused = element.focus_with_options(&options);
}

/// Copies the text that is in the element with `id`. Where the browser does not allow that, as over plain http,
/// the text is selected, and the result is `false`.
pub(super) async fn copy(id: &str, text: &str) -> bool {
    let clipboard = Reflect::get(&window().navigator(), &"clipboard".into());
    if let Some(clipboard) = clipboard.ok().filter(JsValue::is_object) {
        let clipboard: Clipboard = clipboard.unchecked_into();
        if JsFuture::from(clipboard.write_text(text)).await.is_ok() {
            return true;
        }
    }
    let element = document().get_element_by_id(id);
    if let (Some(element), Ok(Some(selection))) = (element, window().get_selection()) {
        let _selected = selection.select_all_children(&element);
    }
    false
}

/// Moves the focus to the element with `id` once what changed now is in the page.
pub(super) fn focus_soon(id: String) {
    request_animation_frame(move || focus(&id));
}

/// Replaces the content of an element by HTML. While the cursor or the focus is in it, what is there stays, unless
/// `is_forced`. Returns whether it was replaced. Parts that are open stay open, what is scrolled stays scrolled, and
/// an element with `data-act` keeps the focus.
pub(super) fn replace_content(place: &HtmlElement, html: &str, is_forced: bool) -> bool {
    let focused = document().active_element().filter(|active| place.contains(Some(active)));
    let has_cursor = || place.matches(":hover").unwrap_or(false);
    if !is_forced && place.has_child_nodes() && (focused.is_some() || has_cursor()) {
        return false;
    }
    let open: Vec<String> = parts(place, "details[open]").map(|part| part.id()).collect();
    let scrolled = parts(place, ".scroll").next().map_or(0, |part| part.scroll_left());
    place.set_inner_html(html);
    for part in parts(place, "details").filter(|part| open.contains(&part.id())) {
        let _opens = part.set_attribute("open", "");
    }
    if let Some(part) = parts(place, ".scroll").next() {
        part.set_scroll_left(scrolled);
    }
    if let Some(act) = focused.and_then(|focused| focused.get_attribute("data-act")) {
        let again =
            parts(place, "[data-act]").find(|part| part.get_attribute("data-act").as_ref() == Some(&act));
        if let Some(again) = again.and_then(|part| part.dyn_into::<HtmlElement>().ok()) {
            let _focused = again.focus();
        }
    }
    true
}

/// Whether the focus that leaves an element in `place` goes to another one in it.
pub(super) fn keeps_focus(place: &HtmlElement, event: &FocusEvent) -> bool {
    let next: Option<Element> = event.related_target().and_then(|next| next.dyn_into().ok());
    next.is_some_and(|next| place.contains(Some(&next)))
}

/// What is pressed: the element with `data-act`, or the one around it that has it.
pub(super) fn pressed(event: &MouseEvent) -> Option<Element> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest("[data-act]").ok()?
}

/// The `data-act` of what is pressed.
pub(super) fn act_of(event: &MouseEvent) -> Option<String> {
    pressed(event)?.get_attribute("data-act")
}

/// The fields of the form that is submitted.
pub(super) fn form_of(event: &SubmitEvent) -> Option<FormData> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    FormData::new_with_form(&form).ok()
}

/// The elements in another one that a selector finds.
fn parts(place: &HtmlElement, selector: &str) -> impl Iterator<Item = Element> {
    let found = place.query_selector_all(selector).ok();
    let count = found.as_ref().map_or(0, NodeList::length);
    (0..count).filter_map(move |number| found.as_ref()?.item(number)?.dyn_into().ok())
}

/// Lets the user save `bytes` as a file. Does nothing if the browser does not support that.
pub(super) fn save(name: &str, media_type: &str, bytes: &[u8]) {
    let _saved = try_save(name, media_type, bytes);
}

fn try_save(name: &str, media_type: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let parts = Array::of1(&Uint8Array::from(bytes));
    let url =
        Url::create_object_url_with_blob(&Blob::new_with_u8_array_sequence_and_options(&parts, &options)?)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&url)
}
