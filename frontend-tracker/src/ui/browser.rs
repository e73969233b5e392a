//! Accesses the browser: the base path, reloads, the tracker's UUID, the focus, and saving files.

use headcount_shared::browser_storage::DEVICE_KEY_PREFIX;
use js_sys::{Array, Function, Promise, Reflect, Symbol, Uint8Array};
use leptos::prelude::{document, request_animation_frame, window};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, Clipboard, Element, FocusEvent, FocusOptions, FormData, HtmlAnchorElement,
    HtmlElement, HtmlFormElement, MouseEvent, Node, NodeList, SubmitEvent, Url,
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

/// Whether something was typed in a form that is not saved.
pub(super) fn has_typed() -> bool {
    document().query_selector("form[data-changed]").is_ok_and(|form| form.is_some())
}

/// Notes whether something was typed in a form that is not saved.
pub(super) fn note_typed(form: &Element, is_typed: bool) {
    let _noted = form.toggle_attribute_with_force("data-changed", is_typed);
}

/// Loads the page again. The server answers with the sign-in page where that is needed.
pub(super) fn reload() {
    let _reloads = window().location().reload();
}

/// Tells the tracker of this page that statistics are off, as the answer to the next view would.
pub(super) fn stop_tracker() {
    let tracker = Reflect::get(&window(), &Symbol::for_("headcount"));
    let hear = tracker.and_then(|tracker| Reflect::get(&tracker, &"hear".into()));
    if let Some(hear) = hear.ok().and_then(|hear| hear.dyn_into::<Function>().ok()) {
        let _stops = hear.call1(&JsValue::NULL, &404.into());
    }
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

/// A time in whole seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float saturates on conversion, and both ends are as wrong as the clock that says so"
)]
pub(super) const fn whole_seconds(time: f64) -> u64 {
    time as u64
}

/// Leaves this page for another one of the server.
pub(super) fn open(address: &str) {
    let _opens = window().location().set_href(address);
}

/// Lets the browser draw, and take what the user does, before what follows.
pub(super) async fn pause() {
    let mut later = |resolve, _| {
        let _waits = window().set_timeout_with_callback(&resolve);
    };
    let _passed = JsFuture::from(Promise::new(&mut later)).await;
}

/// Whether the page is visible.
pub(super) fn is_visible() -> bool {
    !document().hidden()
}

/// Whether a part of the page is on its way.
pub(super) fn is_loading() -> bool {
    document().query_selector("main .waiting").is_ok_and(|part| part.is_some())
}

fn element(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Moves the focus to the element with `id`.
pub(super) fn focus(id: &str) {
    if let Some(element) = element(id) {
        let _focused = element.focus();
    }
}

/// Moves the focus to the element with `id` without scrolling.
pub(super) fn focus_in_place(id: &str) {
    if let Some(element) = element(id) {
        focus_on(&element);
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

/// Replaces the content of an element by HTML. Parts with an id stay as open or closed as they are, and what is scrolled
/// stays scrolled. What had the focus has it again: the element with the same id, `data-act` or link, or else the part
/// around it that can be scrolled.
pub(super) fn replace_content(place: &HtmlElement, html: &str) {
    let focused = document().active_element().filter(|active| place.contains(Some(active)));
    let folded: Vec<(String, bool)> =
        parts(place, "details[id]").map(|part| (part.id(), part.has_attribute("open"))).collect();
    let scrolled: Vec<i32> = parts(place, SCROLLED).map(|part| part.scroll_left()).collect();
    place.set_inner_html(html);
    for part in parts(place, "details[id]") {
        if let Some((_, is_open)) = folded.iter().find(|(id, _)| *id == part.id()) {
            let _kept = part.toggle_attribute_with_force("open", *is_open);
        }
    }
    for (part, left) in parts(place, SCROLLED).zip(scrolled) {
        part.set_scroll_left(left);
    }
    if let Some(again) = focused.and_then(|focused| {
        let mut again =
            PURPOSE.into_iter().filter_map(|name| part_with(place, name, &focused.get_attribute(name)?));
        again.next().or_else(|| parts(place, SCROLLED).next())
    }) {
        focus_on(again.unchecked_ref());
    }
}

/// The parts that can be scrolled.
const SCROLLED: &str = ".scroll";

/// The first element in another one that has an attribute with a value.
fn part_with(place: &HtmlElement, name: &str, value: &str) -> Option<Element> {
    parts(place, &["[", name, "]"].concat()).find(|part| part.get_attribute(name).as_deref() == Some(value))
}

/// Takes over the texts and attributes of HTML that has the same elements, for the same purposes, as an element
/// contains. If it has others, nothing is changed, and the result is `false`. What the user has selected, focused
/// or opened stays.
pub(super) fn update_content(place: &HtmlElement, html: &str) -> bool {
    let Ok(fresh) = document().create_element("div") else { return false };
    fresh.set_inner_html(html);
    let is_same = children(place).len() == children(&fresh).len()
        && children(place).iter().zip(&children(&fresh)).all(|(one, other)| has_same_shape(one, other));
    if is_same {
        children(place).iter().zip(&children(&fresh)).for_each(|(shown, fresh)| take_over(shown, fresh));
    }
    is_same
}

fn children(node: &Node) -> Vec<Node> {
    let children = node.child_nodes();
    (0..children.length()).filter_map(|place| children.item(place)).collect()
}

/// The attributes that say what an element leads to or does. If they changed in place, what the user is about to
/// press would become something else.
const PURPOSE: [&str; 3] = ["id", "data-act", "href"];

fn has_same_shape(one: &Node, other: &Node) -> bool {
    let (in_one, in_other) = (children(one), children(other));
    let purpose = |of: &Node| PURPOSE.map(|name| of.dyn_ref::<Element>()?.get_attribute(name));
    one.node_name() == other.node_name()
        && purpose(one) == purpose(other)
        && in_one.len() == in_other.len()
        && in_one.iter().zip(&in_other).all(|(one, other)| has_same_shape(one, other))
}

fn take_over(shown: &Node, fresh: &Node) {
    if let (Some(shown), Some(fresh)) = (shown.dyn_ref::<Element>(), fresh.dyn_ref::<Element>()) {
        take_attributes(shown, fresh);
    } else if shown.node_value() != fresh.node_value() {
        shown.set_node_value(fresh.node_value().as_deref());
    }
    children(shown).iter().zip(&children(fresh)).for_each(|(shown, fresh)| take_over(shown, fresh));
}

fn take_attributes(shown: &Element, fresh: &Element) {
    // What is open is the user's choice.
    let names = |of: &Element| {
        let names = of.get_attribute_names().into_iter().filter_map(|name| name.as_string());
        names.filter(|name| name != "open").collect::<Vec<String>>()
    };
    for name in names(shown).into_iter().filter(|name| !fresh.has_attribute(name)) {
        let _removed = shown.remove_attribute(&name);
    }
    for name in names(fresh) {
        let value = fresh.get_attribute(&name);
        if shown.get_attribute(&name) != value {
            let _set = shown.set_attribute(&name, &value.unwrap_or_default());
        }
    }
}

/// Whether the cursor or the focus is in an element.
pub(super) fn is_in_use(place: &HtmlElement) -> bool {
    has_focus(place) || place.matches(":hover").unwrap_or(false)
}

/// Whether the focus is in an element.
pub(super) fn has_focus(place: &Element) -> bool {
    document().active_element().is_some_and(|active| place.contains(Some(&active)))
}

/// Whether nothing has the focus.
pub(super) fn is_focus_free() -> bool {
    document().active_element().is_none_or(|active| active.tag_name() == "BODY")
}

/// Whether the focus that leaves an element in `place` goes to another one in it.
pub(super) fn keeps_focus(place: &HtmlElement, event: &FocusEvent) -> bool {
    let next: Option<Element> = event.related_target().and_then(|next| next.dyn_into().ok());
    next.is_some_and(|next| place.contains(Some(&next)))
}

/// Marks an element as busy. `false` if it was busy already.
pub(super) fn begin_work(element: &Element) -> bool {
    !element.has_attribute(BUSY) && element.set_attribute(BUSY, "true").is_ok()
}

/// Marks an element as busy no more.
pub(super) fn end_work(element: &Element) {
    let _idle = element.remove_attribute(BUSY);
}

/// The attribute of an element that waits for the server.
const BUSY: &str = "aria-busy";

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
