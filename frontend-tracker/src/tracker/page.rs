//! The page that the tracker lives in: what it is told, and what it tells.

use alloc::string::String;

use headcount_shared::breakpoint::Scheme;
use uuid::Uuid;
use web_sys::Storage;

use super::{
    delivery::deliver,
    device::{self, Denied, Device, SETTLE_MS},
    event::{self, Pages},
    views::{View, Views},
};

/// What a product says of itself, once.
#[derive(Debug, Default)]
pub struct Product {
    /// Under which key a view of a path is counted.
    pub pages: Pages,
    /// Which widths have which size.
    pub scheme: Scheme,
}

/// One page with its tracker.
#[derive(Debug)]
pub struct Page {
    product: Product,
    entry: Entry,
    device: Device,
    views: Views,
}

impl Page {
    /// A page that may use `storage`, in which the browser keeps its UUID under `storage_key`.
    #[must_use]
    pub fn open(storage: Option<Storage>, storage_key: String, product: Product) -> Self {
        let entry = Entry { storage, key: storage_key };
        Self { product, device: Device::open(&entry, Uuid::new_v4), entry, views: Views::default() }
    }

    /// After how many milliseconds [`Self::settle_device`] is due; 0 if it is not.
    #[must_use]
    pub fn settles_in_ms(&self) -> u32 {
        if self.device.is_settling() { SETTLE_MS } else { 0 }
    }

    /// Takes the UUID that all tabs agree on by now.
    pub fn settle_device(&mut self) {
        self.device = self.device.settled(&self.entry);
    }

    /// Takes note that another tab has written the browser's UUID.
    pub fn defend_device(&self) {
        self.device.defend(&self.entry);
    }

    /// Takes note that the page stands at `pathname` and can be seen. It is `inner` CSS pixels wide with its scroll bar,
    /// and its root element is `root` wide.
    pub fn settle(&mut self, pathname: String, inner: f64, root: f64) {
        let Product { pages, scheme, .. } = &self.product;
        self.views.settle(pathname, |path| View { key: pages.key(path), size: scheme.size(inner, root) });
    }

    /// Takes note that the page has come back as it was left.
    pub fn restore(&mut self) {
        self.views.restore();
    }

    /// Sends the views that wait, unless they wait for the browser's UUID and the page is not `leaving`.
    pub fn send(&mut self, leaving: bool) {
        if self.device.is_settling() && !leaving {
            return;
        }
        for view in self.views.take() {
            deliver(&event::body(&view, self.device.identity(&self.entry)));
        }
    }

    /// How many views wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.views.waiting()
    }

    /// How many views were dropped.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.views.dropped()
    }
}

/// An entry of `localStorage`, which a browser may deny at every step.
#[derive(Debug)]
struct Entry {
    storage: Option<Storage>,
    key: String,
}

impl device::Storage for Entry {
    fn read(&self) -> Result<Option<String>, Denied> {
        self.storage.as_ref().ok_or(Denied)?.get_item(&self.key).map_err(|_| Denied)
    }

    fn write(&self, text: &str) -> Result<(), Denied> {
        self.storage.as_ref().ok_or(Denied)?.set_item(&self.key, text).map_err(|_| Denied)
    }
}
