//! Fetches pages: one at a time, the last one asked for. What fails is loaded by the browser instead.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestInit, Response};

use super::{
    flame_view::FlameView,
    open_page::{self, FocusPlace, NextPage},
    page_exchange::next_frame,
};

/// After how long a page is slow.
const SLOW: Duration = Duration::from_millis(200);

/// How long after the last scrolling its position is stored.
const SETTLED: Duration = Duration::from_millis(150);

/// How a page is reached.
#[derive(Debug, Clone)]
pub(super) enum PageArrival {
    /// By a link or a form: it is a new entry of the history.
    Link {
        /// Where the focus goes.
        focus: FocusPlace,
        /// Whether the page stays scrolled where it is.
        keeps_place: bool,
    },
    /// By the history, which has its scroll position.
    History {
        /// The position.
        top: f64,
    },
}

/// What is fetched and shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageNavigation {
    announced: RwSignal<String>,
    is_slow: RwSignal<bool>,
    /// The address of what is shown, which the address bar is ahead of while a page of the history is fetched.
    shown: StoredValue<String>,
    /// How many pages were asked for.
    asked: StoredValue<u64>,
    /// How many pages have come.
    came: StoredValue<u64>,
    under_way: StoredValue<Option<AbortController>, LocalStorage>,
    storing: StoredValue<Option<TimeoutHandle>>,
    /// The style sheets and scripts of the page that was loaded.
    files: StoredValue<Vec<String>>,
    flames: FlameView,
}

impl PageNavigation {
    pub(super) fn new() -> Self {
        Self {
            announced: RwSignal::new(String::new()),
            is_slow: RwSignal::new(false),
            shown: StoredValue::new(open_page::address()),
            asked: StoredValue::new(0),
            came: StoredValue::new(0),
            under_way: StoredValue::new_local(None),
            storing: StoredValue::new(None),
            files: StoredValue::new(open_page::files()),
            flames: FlameView::new(),
        }
    }

    /// What screen readers are told.
    pub(super) fn announced(self) -> String {
        self.announced.get()
    }

    /// Whether a page is fetched that has not come for a while.
    pub(super) fn is_slow(self) -> bool {
        self.is_slow.get()
    }

    /// The graph of the page, if it has one.
    pub(super) const fn flames(self) -> FlameView {
        self.flames
    }

    /// Whether the address of what is shown has a property.
    pub(super) fn shows(self, has_property: impl FnOnce(&str) -> bool) -> bool {
        self.shown.with_value(|shown| has_property(shown))
    }

    /// Notes that the page shows what is at an address.
    pub(super) fn note_shown(self, address: String) {
        self.cancel();
        self.shown.set_value(address);
    }

    /// Stores the scroll position when scrolling is over.
    pub(super) fn store_scroll_position_soon(self) {
        if let Some(before) = self.storing.get_value() {
            before.clear();
        }
        let store = move || {
            // While a page of the history is fetched, the entry is that page's.
            if self.shows(|shown| shown == open_page::address()) {
                open_page::store_scroll_position();
            }
        };
        self.storing.set_value(set_timeout_with_handle(store, SETTLED).ok());
    }

    /// Goes to a page. A page that is still being fetched is given up.
    pub(super) fn go(self, address: String, arrival: PageArrival) {
        self.cancel();
        let number = self.asked.get_value();
        set_timeout(
            move || {
                if self.under_way.with_value(Option::is_some) && self.asked.get_value() == number {
                    self.is_slow.set(true);
                }
            },
            SLOW,
        );
        let Ok(abort) = AbortController::new() else { return open_page::load(&address) };
        let signal = abort.signal();
        self.under_way.set_value(Some(abort));
        spawn_local(async move {
            let page = fetch(&address, &signal).await;
            let is_wanted = || self.asked.get_value() == number;
            if !is_wanted() {
                return;
            }
            let next = page.as_ref().and_then(|page| {
                let address = page.moved_to.as_ref().unwrap_or(&address);
                self.files.with_value(|files| NextPage::parse(&page.html, address, files))
            });
            // So that reading a page and showing it are not in one frame.
            next_frame().await;
            if !is_wanted() {
                return;
            }
            let address = page.and_then(|page| page.moved_to).unwrap_or(address);
            self.cancel();
            match next {
                Some(next) => self.show(next, &address, &arrival).await,
                None => open_page::load(&address),
            }
        });
    }

    /// Gives up what is being fetched.
    fn cancel(self) {
        self.asked.update_value(|asked| *asked += 1);
        self.is_slow.set(false);
        if let Some(before) = self.under_way.try_update_value(Option::take).flatten() {
            before.abort();
        }
    }

    /// Shows a page over several frames, unless another one comes meanwhile.
    async fn show(self, next: NextPage, address: &str, arrival: &PageArrival) {
        self.came.update_value(|came| *came += 1);
        let number = self.came.get_value();
        let top = match arrival {
            PageArrival::Link { keeps_place: true, .. } => window().scroll_y().unwrap_or_default(),
            PageArrival::Link { .. } => 0.0,
            PageArrival::History { top } => *top,
        };
        if matches!(arrival, PageArrival::Link { .. }) {
            open_page::push_address(address);
            open_page::scroll_to(top);
        }
        self.shown.set_value(open_page::address());
        self.flames.detach();
        let heading = next.heading();
        let mut exchange = next.begin();
        while exchange.advance() {
            next_frame().await;
            if self.came.get_value() != number {
                return;
            }
        }
        match arrival {
            PageArrival::Link { focus, .. } => open_page::focus(focus),
            PageArrival::History { .. } => open_page::focus(&FocusPlace::Content),
        }
        open_page::scroll_to(top);
        self.flames.attach();
        // A text that is the same again would not be told.
        let again = if self.announced.read_untracked().ends_with('\u{a0}') { "" } else { "\u{a0}" };
        self.announced.set(format!("{heading}{again}"));
    }
}

/// A page that was fetched.
#[derive(Debug)]
struct FetchedPage {
    html: String,
    /// The address that the request was led to.
    moved_to: Option<String>,
}

/// A page, if there is one at an address: a refusal, a failure or something else than a page is `None`.
async fn fetch(address: &str, signal: &web_sys::AbortSignal) -> Option<FetchedPage> {
    let fetched = async {
        let headers = Headers::new()?;
        headers.set("Accept", "text/html")?;
        let init = RequestInit::new();
        init.set_headers_headers(&headers);
        init.set_signal(Some(signal));
        let response: Response =
            JsFuture::from(window().fetch_with_str_and_init(address, &init)).await?.dyn_into()?;
        let media_type = response.headers().get("Content-Type")?.unwrap_or_default();
        if response.status() != 200 || !media_type.starts_with("text/html") {
            return Ok(None);
        }
        let html = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
        let moved_to = response.redirected().then(|| response.url());
        Ok::<_, JsValue>(Some(FetchedPage { html, moved_to }))
    };
    fetched.await.ok().flatten()
}
