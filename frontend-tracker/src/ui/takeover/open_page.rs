//! Changes the page that is open: what it shows, its title, its focus and its scroll position.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, DomParser, Element, HtmlElement, ScrollRestoration, SupportedType, Url};

use super::page_exchange::PageExchange;
use crate::ui::browser;

/// The attribute of the body of every page that is taken over: the way from it to the address of the collector.
const MARKER: &str = "data-headcount-pages";

/// The parts of a page that differ from those of other pages.
const HEADER: &str = "body > header";
const CONTENT: &str = "main";

/// Where the focus is in a page, so that it can be there again in the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FocusPlace {
    /// At the beginning of the content.
    Content,
    /// At the control of that name in a form, by its number in the page; at its button without a name.
    Control {
        /// The number of the form.
        form: u32,
        /// The name of the control.
        name: Option<String>,
    },
    /// At the link with that text.
    Link(String),
}

/// Whether the document is a page of a collector.
pub(super) fn is_ours(document: &Document) -> bool {
    document.body().is_some_and(|body| body.has_attribute(MARKER))
}

/// The whole address of the page.
pub(super) fn address() -> String {
    window().location().href().unwrap_or_default()
}

/// The whole address of the collector.
pub(super) fn root() -> Option<String> {
    let way = document().body()?.get_attribute(MARKER)?;
    let way = if way.is_empty() { "./" } else { &way };
    Some(Url::new_with_base(way, &address()).ok()?.href())
}

/// A page that was fetched, and can be put in place of the one that is open.
#[derive(Debug)]
pub(super) struct NextPage {
    page: Document,
    header: ChangingPart,
    content: ChangingPart,
}

/// A part of the open page, and what comes in its place.
#[derive(Debug)]
struct ChangingPart {
    open: Element,
    next: Element,
}

impl ChangingPart {
    fn find(selector: &str, open: &Document, next: &Document) -> Option<Self> {
        Some(Self { open: find(open, selector)?, next: find(next, selector)? })
    }
}

impl NextPage {
    /// The page of an address. `None` if it is not like the open one, which has these files.
    pub(super) fn parse(html: &str, address: &str, files: &[String]) -> Option<Self> {
        let page = DomParser::new().ok()?.parse_from_string(html, SupportedType::TextHtml).ok()?;
        if !is_ours(&page) || files_of(&page, address) != files {
            return None;
        }
        let part = |selector| ChangingPart::find(selector, &document(), &page);
        Some(Self { header: part(HEADER)?, content: part(CONTENT)?, page })
    }

    /// The heading of its content.
    pub(super) fn heading(&self) -> String {
        let heading = find(&self.page, "main h1").and_then(|heading| heading.text_content());
        heading.unwrap_or_default()
    }

    /// Begins to show the page with its title and header; the content is left to be exchanged. The address of
    /// the page must be that of the open page already: pictures are loaded from there.
    pub(super) fn begin(self) -> PageExchange {
        let open = document();
        if let (Some(body), Some(next)) = (open.body(), self.page.body()) {
            let _changed = body.set_attribute(MARKER, &next.get_attribute(MARKER).unwrap_or_default());
        }
        open.set_title(&self.page.title());
        let _replaced = self.header.open.replace_with_with_node_1(&self.header.next);
        PageExchange::new(self.content.open, &self.content.next)
    }
}

/// Gives the icon of the page its whole address: browsers look it up again from the address of the next page.
pub(super) fn keep_icon() {
    let Some(icon) = find(&document(), "head link[rel=icon]") else { return };
    let whole = icon.get_attribute("href").and_then(|file| Url::new_with_base(&file, &address()).ok());
    if let Some(whole) = whole {
        let _kept = icon.set_attribute("href", &whole.href());
    }
}

/// The whole addresses of the style sheets and scripts of the open page, before its address changes.
pub(super) fn files() -> Vec<String> {
    files_of(&document(), &address())
}

/// The whole addresses of the style sheets and scripts of the page at an address.
fn files_of(document: &Document, base: &str) -> Vec<String> {
    let Ok(found) = document.query_selector_all("head link[rel=stylesheet], head script[src]") else {
        return Vec::new();
    };
    let elements = (0..found.length()).filter_map(|at| found.get(at)?.dyn_into::<Element>().ok());
    let address = |element: Element| element.get_attribute("href").or_else(|| element.get_attribute("src"));
    elements
        .filter_map(address)
        .filter_map(|file| Some(Url::new_with_base(&file, base).ok()?.href()))
        .collect()
}

fn find(document: &Document, selector: &str) -> Option<Element> {
    document.query_selector(selector).ok().flatten()
}

/// Where the focus is now.
pub(super) fn focus_place() -> FocusPlace {
    let Some(element) = document().active_element() else { return FocusPlace::Content };
    let form = element.closest("main form").ok().flatten();
    if let Some(form) = form.and_then(|form| form_number(&form)) {
        return FocusPlace::Control { form, name: element.get_attribute("name") };
    }
    match element.text_content() {
        Some(text) if element.tag_name().eq_ignore_ascii_case("a") => FocusPlace::Link(text),
        _ => FocusPlace::Content,
    }
}

/// The number of a form among those of the content.
fn form_number(form: &Element) -> Option<u32> {
    let forms = document().query_selector_all("main form").ok()?;
    (0..forms.length()).find(|at| forms.get(*at).is_some_and(|other| form.is_same_node(Some(&other))))
}

/// Moves the focus without scrolling.
pub(super) fn focus(place: &FocusPlace) {
    let found = match place {
        FocusPlace::Content => None,
        FocusPlace::Control { form, name } => control(*form, name.as_deref()),
        FocusPlace::Link(text) => link(text),
    };
    let element = found.or_else(|| find(&document(), "main"));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        browser::focus_on(&element);
    }
}

fn control(form: u32, name: Option<&str>) -> Option<Element> {
    let forms = document().query_selector_all("main form").ok()?;
    let form: Element = forms.get(form)?.dyn_into().ok()?;
    let controls = form.query_selector_all("select, input, button").ok()?;
    let mut controls = (0..controls.length()).filter_map(|at| controls.get(at)?.dyn_into::<Element>().ok());
    controls.find(|control| match name {
        Some(name) => control.get_attribute("name").as_deref() == Some(name),
        None => control.tag_name().eq_ignore_ascii_case("button"),
    })
}

fn link(text: &str) -> Option<Element> {
    let links = document().query_selector_all("main a[href]").ok()?;
    let mut links = (0..links.length()).filter_map(|at| links.get(at)?.dyn_into::<Element>().ok());
    links.find(|link| link.text_content().as_deref() == Some(text))
}

/// Leaves the scroll position of entries of the history to this program.
pub(super) fn take_over_scrolling() {
    if let Ok(history) = window().history() {
        let _set = history.set_scroll_restoration(ScrollRestoration::Manual);
    }
}

/// Stores the scroll position in the entry of the history.
pub(super) fn store_scroll_position() {
    if let (Ok(history), Ok(top)) = (window().history(), window().scroll_y()) {
        let _stored = history.replace_state(&JsValue::from_f64(top), "");
    }
}

/// The scroll position that is stored in the entry of the history.
pub(super) fn stored_scroll_position() -> Option<f64> {
    window().history().ok()?.state().ok()?.as_f64()
}

/// Scrolls at once.
pub(super) fn scroll_to(top: f64) {
    window().scroll_to_with_x_and_y(0.0, top);
}

/// Adds an entry to the history, unless that address is open.
pub(super) fn push_address(address: &str) {
    let Ok(history) = window().history() else { return };
    if address != self::address() {
        let _pushed = history.push_state_with_url(&JsValue::NULL, "", Some(address));
    }
}

/// Lets the browser load an address.
pub(super) fn load(address: &str) {
    let location = window().location();
    let _loads = if address == self::address() { location.reload() } else { location.assign(address) };
}
