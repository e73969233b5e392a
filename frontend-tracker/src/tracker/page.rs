//! The page that the tracker lives in: what it is asked, and what it tells.

use std::{cell::Cell, rc::Rc};

use headcount_shared::breakpoint::Breakpoint;
use js_sys::{Function, Reflect};
use uuid::Uuid;
use wasm_bindgen::prelude::*;
use web_sys::{Document, PageTransitionEvent, VisibilityState, Window};

use super::{
    delivery,
    device::{Denied, Device, SETTLE_MS, STORAGE_KEY, Storage},
    event,
    navigation::{listen, watch},
    views::Views,
};

/// The property of `window` that says that a tracker lives in the page.
const PRESENT: &str = "__headcount";

/// The script element that loaded the tracker; its `data-base` is the path that the product is served under.
const SCRIPT: &str = "script[data-headcount]";

/// Counts the views of the page from now on. Does nothing in a page that has a tracker already.
pub fn start() {
    let Some(window) = web_sys::window() else { return };
    let Some(document) = window.document() else { return };
    if claim(&window).is_none() {
        return;
    }
    let base = base(&document);
    let device = Device::open(&LocalStorage(&window), Uuid::new_v4);
    let page = Rc::new(Page {
        stats: [base.as_str(), "stats"].concat(),
        base,
        device: Cell::new(device),
        views: Cell::default(),
        scheduled: Cell::new(false),
        ignored: function(|_| ()),
        window,
        document,
    });
    page.listen();
}

/// Marks the page as having a tracker, unless it is marked.
fn claim(window: &Window) -> Option<()> {
    let present = Reflect::get(window, &PRESENT.into()).ok()?;
    if present.is_truthy() {
        return None;
    }
    Reflect::set(window, &PRESENT.into(), &JsValue::TRUE).ok().map(drop)
}

/// The path that the product is served under, with a slash at its end.
fn base(document: &Document) -> String {
    let script = document.query_selector(SCRIPT).ok().flatten();
    let mut base = script.and_then(|script| script.get_attribute("data-base")).unwrap_or_default();
    if !base.ends_with('/') {
        base.push('/');
    }
    base
}

/// A function for the browser to call, any time until the page ends.
fn function(body: impl Fn(JsValue) + 'static) -> Function {
    Closure::<dyn Fn(JsValue)>::new(body).into_js_value().unchecked_into()
}

/// One page with its tracker.
struct Page {
    window: Window,
    document: Document,
    base: String,
    stats: String,
    device: Cell<Device>,
    views: Cell<Views>,
    scheduled: Cell<bool>,
    ignored: Function,
}

impl Page {
    /// Follows the page from its present state on.
    fn listen(self: Rc<Self>) {
        if self.device.get().is_settling() {
            let page = Rc::clone(&self);
            let settled = function(move |_| page.settle_device());
            if !self.later(&settled, SETTLE_MS) {
                self.settle_device();
            }
        }

        let page = Rc::clone(&self);
        let settled = function(move |_| {
            page.scheduled.set(false);
            page.settle();
            page.send();
        });
        let page = Rc::clone(&self);
        let moved = function(move |_| page.schedule(&settled));
        watch(&self.window, &moved);
        listen(&self.document, "visibilitychange", &moved);

        let page = Rc::clone(&self);
        let shown = moved.clone();
        let restored = function(move |event| {
            if event.unchecked_into::<PageTransitionEvent>().persisted() {
                page.change_views(Views::restore);
                let _told = shown.call0(&JsValue::UNDEFINED);
            }
        });
        listen(&self.window, "pageshow", &restored);

        let page = Rc::clone(&self);
        let left = function(move |_| {
            page.settle();
            page.flush();
        });
        listen(&self.window, "pagehide", &left);

        let _told = moved.call0(&JsValue::UNDEFINED);
    }

    /// Looks at the path after the present task, when all its navigations are over.
    fn schedule(&self, settled: &Function) {
        if !self.scheduled.replace(true) && !self.later(settled, 0) {
            self.scheduled.set(false);
        }
    }

    /// Whether the browser will call `function` after `delay_ms` milliseconds.
    fn later(&self, function: &Function, delay_ms: i32) -> bool {
        self.window.set_timeout_with_callback_and_timeout_and_arguments_0(function, delay_ms).is_ok()
    }

    fn change_views<T>(&self, change: impl FnOnce(&mut Views) -> T) -> T {
        let mut views = self.views.take();
        let changed = change(&mut views);
        self.views.set(views);
        changed
    }

    /// Takes note of where the page is, if anybody can see it.
    fn settle(&self) {
        if self.document.visibility_state() != VisibilityState::Visible {
            return;
        }
        let Ok(pathname) = self.window.location().pathname() else { return };
        self.change_views(|views| views.settle(pathname, |path| event::page_key(&self.base, path)));
    }

    fn settle_device(&self) {
        let device = self.device.get().settled(&LocalStorage(&self.window));
        self.device.set(device);
        self.send();
    }

    /// Sends the views that wait, unless they wait for the browser's UUID.
    fn send(&self) {
        if !self.device.get().is_settling() {
            self.flush();
        }
    }

    /// Sends the views that wait with what is known now.
    fn flush(&self) {
        let keys = self.change_views(Views::take);
        if keys.is_empty() {
            return;
        }
        let device = self.device.get().identity(&LocalStorage(&self.window));
        let size = Breakpoint::at_width(self.width());
        let navigator = self.window.navigator();
        for key in keys {
            let body = event::body(&key, size, device);
            delivery::deliver(&navigator, &self.stats, &body, &self.ignored);
        }
    }

    /// The width of the page in CSS pixels, scroll bar included, as Vuetify measures it.
    fn width(&self) -> f64 {
        let inner = self.window.inner_width().ok().and_then(|width| width.as_f64()).unwrap_or_default();
        let client = self.document.document_element().map_or(0, |element| element.client_width());
        inner.max(client.into())
    }
}

/// `localStorage`, which a browser may deny at every step.
struct LocalStorage<'a>(&'a Window);

impl LocalStorage<'_> {
    fn open(&self) -> Result<web_sys::Storage, Denied> {
        self.0.local_storage().ok().flatten().ok_or(Denied)
    }
}

impl Storage for LocalStorage<'_> {
    fn read(&self) -> Result<Option<String>, Denied> {
        self.open()?.get_item(STORAGE_KEY).map_err(|_| Denied)
    }

    fn write(&self, text: &str) -> Result<(), Denied> {
        self.open()?.set_item(STORAGE_KEY, text).map_err(|_| Denied)
    }
}
