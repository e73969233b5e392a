//! The page-view tracker as a program for browsers, without the standard library. `js/page.js` calls it.
#![cfg_attr(target_family = "wasm", no_std, no_main)]

/// Outside of a browser there is nothing to count.
#[cfg(not(target_family = "wasm"))]
const fn main() {}

#[cfg(target_family = "wasm")]
#[expect(unreachable_pub, reason = "what JavaScript calls has to be public")]
mod program {
    extern crate alloc;

    use alloc::string::String;
    use core::cell::Cell;

    use headcount_frontend::tracker::{
        event::PageLookup,
        page::{ProductSettings, TrackedPage},
    };
    use headcount_shared::{
        breakpoint::BreakpointScheme,
        routes::{KeyPlaceholder, RouteTable},
    };
    use lol_alloc::{AssumeSingleThreaded, FreeListAllocator};
    use wasm_bindgen::prelude::*;

    #[expect(unsafe_code, reason = "a page's program has one thread, which is what the allocator assumes")]
    #[global_allocator]
    static ALLOCATOR: AssumeSingleThreaded<FreeListAllocator> =
        // SAFETY: nothing here starts a worker or shares its memory.
        unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };

    #[panic_handler]
    fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }

    /// The page, once [`open`] was called.
    static PAGE: OfOneThread<Option<TrackedPage>> = OfOneThread(Cell::new(None));

    struct OfOneThread<T>(Cell<T>);

    #[expect(unsafe_code, reason = "a static must be one that threads can share, also where there is one")]
    // SAFETY: nothing here starts a worker or shares its memory.
    unsafe impl<T> Sync for OfOneThread<T> {}

    /// Returns what `use_page` returns for the page; the default value before it is open.
    fn page<T: Default>(use_page: impl FnOnce(&mut TrackedPage) -> T) -> T {
        let Some(mut page) = PAGE.0.take() else { return T::default() };
        let answer = use_page(&mut page);
        PAGE.0.set(Some(page));
        answer
    }

    /// Begins to count views of this page. `routes` are separated by white space. `version` is that of
    /// Vuetify; 0 means the following widths, from `sm` to `xxl`.
    #[wasm_bindgen]
    #[expect(clippy::too_many_arguments, reason = "each is cheaper for the browser than an object")]
    pub fn open(
        base: String,
        routes: String,
        has_colons: bool,
        version: u32,
        sm: f64,
        md: f64,
        lg: f64,
        xl: f64,
        xxl: f64,
    ) {
        let placeholder = if has_colons { KeyPlaceholder::Colon } else { KeyPlaceholder::Dollar };
        let pages = PageLookup { base, routes: RouteTable::unchecked(routes), placeholder };
        let scheme = match version {
            0 => BreakpointScheme { from: [sm, md, lg, xl, xxl], at_least_the_root: false },
            _ => BreakpointScheme::of_vuetify(version),
        };
        PAGE.0.set(Some(TrackedPage::open(ProductSettings { pages, scheme })));
    }

    /// The milliseconds after which `settle_device` is due; 0 if it is not due.
    #[wasm_bindgen]
    pub fn settles_in_ms() -> u32 {
        page(|page| page.settles_in_ms())
    }

    /// Ends the time in which a new UUID settles.
    #[wasm_bindgen]
    pub fn settle_device() {
        page(TrackedPage::settle_device);
    }

    /// Handles that another tab has written the UUID.
    #[wasm_bindgen]
    pub fn defend_device() {
        page(|page| page.defend_device());
    }

    /// Handles that the page is at `pathname` and visible; its widths are in CSS pixels.
    #[wasm_bindgen]
    pub fn settle(pathname: String, inner_width: f64, root_width: f64) {
        page(|page| page.settle(pathname, inner_width, root_width));
    }

    /// Handles that the page was restored from the back/forward cache.
    #[wasm_bindgen]
    pub fn restore() {
        page(TrackedPage::restore);
    }

    /// Sends waiting views. There has to be a network.
    #[wasm_bindgen]
    pub fn send(leaving: bool) {
        page(|page| page.send(leaving));
    }

    /// The number of views that wait to be sent.
    #[wasm_bindgen]
    pub fn waiting() -> usize {
        page(|page| page.waiting())
    }

    /// The number of dropped views.
    #[wasm_bindgen]
    pub fn dropped() -> u32 {
        page(|page| page.dropped())
    }
}
