//! Tracks one page: takes its navigations, and sends its views.

use alloc::string::String;

use headcount_shared::breakpoint::BreakpointScheme;

use super::{
    browser::{PageBrowser, random_uuid},
    delivery::deliver,
    device::{SETTLE_MS, UuidState},
    event::{self, PageLookup},
    views::{PageView, PageViews},
};

/// The settings of a product.
#[derive(Debug, Default)]
pub struct ProductSettings {
    /// The lookup of page keys.
    pub pages: PageLookup,
    /// The widths of the display sizes.
    pub scheme: BreakpointScheme,
}

/// The tracker of one page.
#[derive(Debug)]
pub struct TrackedPage {
    product: ProductSettings,
    device: UuidState,
    views: PageViews,
}

impl TrackedPage {
    /// Opens a page of this product.
    #[must_use]
    pub fn open(product: ProductSettings) -> Self {
        Self { product, device: UuidState::open(&PageBrowser, random_uuid), views: PageViews::default() }
    }

    /// The milliseconds after which [`Self::settle_device`] is due; 0 if it is not due.
    #[must_use]
    pub fn settles_in_ms(&self) -> u32 {
        if self.device.is_settling() { SETTLE_MS } else { 0 }
    }

    /// Takes the UUID that all tabs have agreed on.
    pub fn settle_device(&mut self) {
        self.device = self.device.settled(&PageBrowser);
    }

    /// Handles that another tab has written the browser's UUID.
    pub fn defend_device(&self) {
        self.device.defend(&PageBrowser);
    }

    /// Handles that the page is at `pathname` and visible. It is `inner` CSS pixels wide with its scroll bar,
    /// and its root element is `root` wide.
    pub fn settle(&mut self, pathname: String, inner: f64, root: f64) {
        let ProductSettings { pages, scheme, .. } = &self.product;
        self.views.settle(pathname, |path| PageView { key: pages.key(path), size: scheme.size(inner, root) });
    }

    /// Handles that the page was restored from the back/forward cache.
    pub fn restore(&mut self) {
        self.views.restore();
    }

    /// Sends the oldest waiting view, or all of them if the page is `leaving`: it ends, or it is hidden and
    /// may end. Otherwise none is sent while the browser's UUID settles.
    pub fn send(&mut self, leaving: bool) {
        if self.device.is_settling() && !leaving {
            return;
        }
        while let Some(view) = self.views.take_oldest() {
            deliver(&event::body(&view, self.device.identity(&PageBrowser)), leaving);
            if !leaving {
                break;
            }
        }
    }

    /// The number of views that wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.views.waiting()
    }

    /// The number of dropped views.
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
