//! The page that the tracker lives in: what it is told, and what it tells.

use alloc::string::String;

use headcount_shared::breakpoint::Scheme;

use super::{
    browser::{Browser, random_uuid},
    delivery::deliver,
    device::{Device, SETTLE_MS},
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
    device: Device,
    views: Views,
}

impl Page {
    /// A page of this product.
    #[must_use]
    pub fn open(product: Product) -> Self {
        Self { product, device: Device::open(&Browser, random_uuid), views: Views::default() }
    }

    /// After how many milliseconds [`Self::settle_device`] is due; 0 if it is not.
    #[must_use]
    pub fn settles_in_ms(&self) -> u32 {
        if self.device.is_settling() { SETTLE_MS } else { 0 }
    }

    /// Takes the UUID that all tabs agree on by now.
    pub fn settle_device(&mut self) {
        self.device = self.device.settled(&Browser);
    }

    /// Takes note that another tab has written the browser's UUID.
    pub fn defend_device(&self) {
        self.device.defend(&Browser);
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

    /// Sends the view that waits longest, and all of them when the page is `leaving`, or hidden, which may be its end. Else none is sent while the browser's
    /// UUID settles.
    pub fn send(&mut self, leaving: bool) {
        if self.device.is_settling() && !leaving {
            return;
        }
        while let Some(view) = self.views.take_oldest() {
            deliver(&event::body(&view, self.device.identity(&Browser)), leaving);
            if !leaving {
                break;
            }
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

#[cfg(test)]
mod tests {
    use headcount_shared::browser_storage::{DEVICE_KEY_PREFIX, OPT_OUT_KEY, SHARED_DEVICE_KEY};

    #[test]
    fn the_script_around_the_program_has_the_keys_that_the_server_knows() {
        let script = include_str!("../../js/page.js");
        assert!(script.contains(&format!("const ID = '{SHARED_DEVICE_KEY}'\n")));
        assert!(script.contains(&format!("const OPT_OUT = '{OPT_OUT_KEY}'\n")));
        assert_eq!(DEVICE_KEY_PREFIX, format!("{SHARED_DEVICE_KEY}:"));
        assert!(script.contains("const { origin, pathname, href } = new URL('.', endpoint)\n"));
        assert!(script.contains("key = ID + ':' + (origin === location.origin ? pathname : href)\n"));
    }
}
