//! The page that the tracker lives in: what it is asked, and what it tells.

use alloc::string::String;
use core::cell::{Cell, RefCell};

use headcount_shared::breakpoint::Scheme;
use uuid::Uuid;
use web_sys::Window;

use super::{
    delivery::deliver,
    device::{Denied, Device, SETTLE_MS, Storage},
    event::{self, Pages},
    views::Views,
};

/// What a product says of itself, once.
#[derive(Debug, Default)]
pub struct Product {
    /// Where views are posted.
    pub endpoint: String,
    /// Under which key a view of a path is counted.
    pub pages: Pages,
    /// Which widths have which size.
    pub scheme: Scheme,
}

/// One page with its tracker.
#[derive(Debug)]
pub struct Page {
    window: Window,
    storage_key: String,
    product: Product,
    device: Cell<Device>,
    views: RefCell<Views>,
}

impl Page {
    /// The page of `window`, whose browser keeps its UUID under `storage_key`.
    #[must_use]
    pub fn open(window: Window, storage_key: String, product: Product) -> Self {
        let device = Device::open(&LocalStorage(&window, &storage_key), Uuid::new_v4);
        Self { window, storage_key, product, device: Cell::new(device), views: RefCell::default() }
    }

    /// After how many milliseconds [`Self::settle_device`] is due; 0 if it is not.
    #[must_use]
    pub fn settles_in_ms(&self) -> u32 {
        if self.device.get().is_settling() { SETTLE_MS } else { 0 }
    }

    /// Takes the UUID that all tabs agree on by now, and sends what waited for it.
    pub fn settle_device(&self) {
        self.device.set(self.device.get().settled(&self.storage()));
        self.send();
    }

    /// Takes note that the page stands at `pathname` and can be seen.
    pub fn settle(&self, pathname: &str) {
        self.views.borrow_mut().settle(pathname, |path| self.product.pages.key(path));
        self.send();
    }

    /// Takes note that the page has come back as it was left.
    pub fn restore(&self) {
        self.views.borrow_mut().restore();
    }

    /// Sends the views that wait, unless they wait for the browser's UUID.
    pub fn send(&self) {
        if !self.device.get().is_settling() {
            self.flush();
        }
    }

    /// Sends the views that wait with what is known now. Without a network they wait on: a browser takes a beacon and
    /// loses it then.
    pub fn flush(&self) {
        if !self.window.navigator().on_line() {
            return;
        }
        let keys = self.views.borrow_mut().take();
        for key in keys {
            let device = self.device.get().identity(&self.storage());
            deliver(&self.product.endpoint, &event::body(&key, self.size(), device));
        }
    }

    /// How many views wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.views.borrow().waiting()
    }

    /// How many views were dropped.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.views.borrow().dropped()
    }

    fn storage(&self) -> LocalStorage<'_> {
        LocalStorage(&self.window, &self.storage_key)
    }

    fn size(&self) -> headcount_shared::breakpoint::Breakpoint {
        let inner = self.window.inner_width().ok().and_then(|width| width.as_f64()).unwrap_or_default();
        let root = self.window.document().and_then(|document| document.document_element());
        self.product.scheme.size(inner, root.map_or(0, |root| root.client_width()).into())
    }
}

/// An entry of `localStorage`, which a browser may deny at every step.
struct LocalStorage<'a>(&'a Window, &'a str);

impl LocalStorage<'_> {
    fn open(&self) -> Result<web_sys::Storage, Denied> {
        self.0.local_storage().ok().flatten().ok_or(Denied)
    }
}

impl Storage for LocalStorage<'_> {
    fn read(&self) -> Result<Option<String>, Denied> {
        self.open()?.get_item(self.1).map_err(|_| Denied)
    }

    fn write(&self, text: &str) -> Result<(), Denied> {
        self.open()?.set_item(self.1, text).map_err(|_| Denied)
    }
}
