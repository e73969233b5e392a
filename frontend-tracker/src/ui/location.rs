//! Follows links between the pages of the interface without loading them, and the history of the browser.
//!
//! An entry of the history keeps where its page is scrolled to and how its tables are arranged. This is in the
//! state of the entry and not in its address: what is searched for is in no log and in no count.

use std::time::Duration;

use js_sys::Array;
use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{History, ScrollRestoration};

use super::{
    browser,
    clicked_link::{FollowedLink, followed_link},
    kept_tables::{keep_of, kept_of},
    link::InterfaceBase,
    page_paths::{PageAddress, PageKind},
    texts::forms::UNSAVED,
};

/// How long a change waits until the entry of the history keeps it. Browsers take 100 changes in 30 seconds.
const KEEP_AFTER: Duration = Duration::from_millis(400);

/// What the entry of the history that is open keeps.
#[derive(Debug, Clone, Default)]
struct KeptEntry {
    /// How the tables are arranged.
    tables: String,
    /// Where the page will be scrolled to when nothing of it is on its way any more.
    top: Option<f64>,
    /// Whether a change waits.
    is_changed: bool,
}

/// The address that is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenLocation {
    /// The path, as it is in the address bar.
    pub(super) pathname: RwSignal<String>,
    /// The query, with its question mark; empty without one.
    pub(super) search: RwSignal<String>,
    address: Memo<PageAddress>,
    entry: StoredValue<KeptEntry>,
    /// Whether the server would answer with another page by now.
    is_outdated: StoredValue<bool>,
}

impl OpenLocation {
    /// The address, as it changes from now on.
    pub(super) fn follow(base: &InterfaceBase) -> Self {
        let (pathname, search) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
        let InterfaceBase(path) = base.clone();
        let address = Memo::new(move |_| {
            pathname.with(|pathname| PageAddress::of(pathname.strip_prefix(&path).unwrap_or(pathname)))
        });
        let entry = StoredValue::new(KeptEntry::default());
        let location = Self { pathname, search, address, entry, is_outdated: StoredValue::new(false) };
        if let Some(history) = history() {
            // A browser would scroll before the rows of a table are there.
            let _set = history.set_scroll_restoration(ScrollRestoration::Manual);
        }
        location.take_entry();
        location.read();
        let root = [&window().location().origin().unwrap_or_default(), &base.0, "/"].concat();
        window_event_listener(ev::click, move |event| location.on_click(&root, &event));
        window_event_listener(ev::popstate, move |_| location.on_popstate());
        window_event_listener(ev::scroll, move |_| location.write_soon());
        window_event_listener(ev::beforeunload, |event| {
            // The browser asks.
            if browser::has_typed() {
                event.prevent_default();
            }
        });
        location
    }

    /// Which page is open.
    pub(super) fn kind(self) -> Memo<PageKind> {
        Memo::new(move |_| self.address.with(|address| address.kind))
    }

    /// The address of the open page, which is of a kind. It stays as it was when a page of another kind opens, so
    /// that a page that is left asks for nothing more.
    pub(super) fn page(self, kind: PageKind) -> Memo<PageAddress> {
        Memo::new(move |before: Option<&PageAddress>| {
            let address = self.address.get();
            if address.kind == kind { address } else { before.cloned().unwrap_or_default() }
        })
    }

    /// Takes the address from the browser.
    fn read(self) {
        let location = window().location();
        self.search.set(location.search().unwrap_or_default());
        self.pathname.set(location.pathname().unwrap_or_default());
    }

    fn on_click(self, root: &str, event: &ev::MouseEvent) {
        let here = window().location().href().unwrap_or_default();
        let is_page = |path: &str| PageAddress::of(path).kind != PageKind::Unknown;
        let Some(FollowedLink { address, .. }) = followed_link(event, &here, root, is_page) else { return };
        if self.is_outdated.get_value() {
            // The browser loads it.
            return;
        }
        if !may_leave() {
            return event.prevent_default();
        }
        // A link to what is open is no new entry of the history.
        if address == here || self.push(&address) {
            event.prevent_default();
            self.entry.set_value(KeptEntry { top: None, ..self.entry.get_value() });
            scroll_to(0.0);
            self.read();
        }
    }

    /// The browser has gone to another entry of the history.
    fn on_popstate(self) {
        let was = [self.pathname.get_untracked(), self.search.get_untracked()].concat();
        let location = window().location();
        let now = [location.pathname().unwrap_or_default(), location.search().unwrap_or_default()].concat();
        if was != now && !may_leave() {
            // It cannot be kept from going. Who stays gets another entry for the page that is open.
            let top = window().scroll_y().unwrap_or_default();
            let state = self.entry.with_value(|entry| entry_state(top, &entry.tables));
            if let Some(history) = history() {
                let _made = history.push_state_with_url(&state, "", Some(&was));
            }
            return;
        }
        if was != now && self.is_outdated.get_value() {
            return browser::reload();
        }
        self.take_entry();
        self.read();
    }

    /// Has the next page loaded from the server: with a tracker if statistics are on by now, or without one.
    pub(super) fn load_next_page(self) {
        self.is_outdated.set_value(true);
    }

    /// Makes a new entry of the history, which keeps nothing yet. Returns whether it is made.
    fn push(self, address: &str) -> bool {
        self.write();
        let state = entry_state(0.0, "");
        let is_made =
            history().is_some_and(|history| history.push_state_with_url(&state, "", Some(address)).is_ok());
        if is_made {
            self.entry.set_value(KeptEntry { tables: String::new(), ..self.entry.get_value() });
        }
        is_made
    }

    /// How the table that is named `what` was arranged when the entry of the history was left.
    pub(super) fn kept(self, what: &str) -> Option<String> {
        kept_of(&self.entry.get_value().tables, what).map(str::to_owned)
    }

    /// Keeps how the table that is named `what` is arranged.
    pub(super) fn keep(self, what: &str, arrangement: &str) {
        let mut entry = self.entry.get_value();
        keep_of(&mut entry.tables, what, arrangement);
        self.entry.set_value(entry);
        self.write_soon();
    }

    /// Takes what the entry of the history keeps. One without a state is new, and stays where it is.
    fn take_entry(self) {
        let state = history().and_then(|history| history.state().ok()?.dyn_into::<Array>().ok());
        let is_known = state.is_some();
        let (tables, top) = match state {
            Some(state) => (state.get(1).as_string().unwrap_or_default(), state.get(0).as_f64()),
            None => (String::new(), None),
        };
        self.entry.set_value(KeptEntry { tables, top, ..self.entry.get_value() });
        if is_known {
            scroll_to(0.0);
            self.scroll_soon();
        }
    }

    /// Writes what is kept into the entry of the history. A page that is not there yet keeps its position.
    fn write(self) {
        let entry = KeptEntry { is_changed: false, ..self.entry.get_value() };
        let top = entry.top.or_else(|| window().scroll_y().ok());
        if let Some(history) = history() {
            let _written = history.replace_state(&entry_state(top.unwrap_or_default(), &entry.tables), "");
        }
        self.entry.set_value(entry);
    }

    fn write_soon(self) {
        let entry = self.entry.get_value();
        if !entry.is_changed {
            self.entry.set_value(KeptEntry { is_changed: true, ..entry });
            set_timeout(move || self.write(), KEEP_AFTER);
        }
    }

    fn scroll_soon(self) {
        request_animation_frame(move || self.scroll());
    }

    /// Scrolls to where the page was left once nothing of it is on its way, unless the user has scrolled
    /// meanwhile.
    fn scroll(self) {
        let entry = self.entry.get_value();
        let Some(top) = entry.top else { return };
        if browser::is_loading() {
            return self.scroll_soon();
        }
        self.entry.set_value(KeptEntry { top: None, ..entry });
        if window().scroll_y() == Ok(0.0) {
            scroll_to(top);
        }
    }
}

/// Whether the open page may be left: nothing is typed in it that is not saved, or the user does not mind.
fn may_leave() -> bool {
    !browser::has_typed() || window().confirm_with_message(UNSAVED).unwrap_or(true)
}

fn history() -> Option<History> {
    window().history().ok()
}

/// The state of an entry of the history.
fn entry_state(top: f64, tables: &str) -> Array {
    Array::of2(&JsValue::from_f64(top), &JsValue::from_str(tables))
}

fn scroll_to(top: f64) {
    window().scroll_to_with_x_and_y(0.0, top);
}
