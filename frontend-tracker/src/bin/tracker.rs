//! The page-view tracker as a program for browsers, without the standard library. `js/page.js` calls it.
#![cfg_attr(target_family = "wasm", no_std, no_main)]

/// There is no page to count outside of a browser.
#[cfg(not(target_family = "wasm"))]
const fn main() {}

#[cfg(target_family = "wasm")]
mod program {
    extern crate alloc;

    use alloc::string::String;

    use headcount_frontend::tracker::{
        event::Pages,
        page::{Page, Product},
    };
    use headcount_shared::{
        breakpoint::Scheme,
        routes::{Placeholder, RouteTable},
    };
    use lol_alloc::{AssumeSingleThreaded, FreeListAllocator};
    use wasm_bindgen::{UnwrapThrowExt, prelude::*};

    #[expect(unsafe_code, reason = "a page's program has one thread, which is what the allocator assumes")]
    #[global_allocator]
    static ALLOCATOR: AssumeSingleThreaded<FreeListAllocator> =
        // SAFETY: nothing here starts a worker or shares its memory.
        unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };

    #[panic_handler]
    fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }

    /// The tracker of one page.
    #[wasm_bindgen]
    #[derive(Debug)]
    pub struct Tracker(Page);

    #[wasm_bindgen]
    impl Tracker {
        /// The tracker of this page. `routes` are separated by white space; throws a sentence when one of them, or
        /// `breakpoints`, is none.
        #[wasm_bindgen(constructor)]
        pub fn open(
            storage_key: String,
            endpoint: String,
            base: String,
            routes: &str,
            placeholder: &str,
            breakpoints: &str,
        ) -> Self {
            let product =
                Product { endpoint, pages: pages(base, routes, placeholder), scheme: scheme(breakpoints) };
            let window = web_sys::window().unwrap_throw();
            Self(Page::open(window, storage_key, product))
        }

        /// After how many milliseconds `settle_device` is due; 0 if it is not.
        pub fn settles_in_ms(&self) -> u32 {
            self.0.settles_in_ms()
        }

        /// The time that a new UUID needs is over.
        pub fn settle_device(&self) {
            self.0.settle_device();
        }

        /// The page stands at `pathname` and can be seen.
        pub fn settle(&self, pathname: &str) {
            self.0.settle(pathname);
        }

        /// The page has come back as it was left.
        pub fn restore(&self) {
            self.0.restore();
        }

        /// There is a network again.
        pub fn send(&self) {
            self.0.send();
        }

        /// The page is left.
        pub fn flush(&self) {
            self.0.flush();
        }

        /// How many views wait to be sent.
        pub fn waiting(&self) -> usize {
            self.0.waiting()
        }

        /// How many views were dropped.
        pub fn dropped(&self) -> u32 {
            self.0.dropped()
        }
    }

    fn pages(base: String, templates: &str, placeholder: &str) -> Pages {
        let mut routes = RouteTable::default();
        for template in templates.split_ascii_whitespace() {
            if let Err(bad) = routes.add(template) {
                throw_str(&["route ", template, " ", bad.as_str()].concat());
            }
        }
        let placeholder = if placeholder == ":" { Placeholder::Colon } else { Placeholder::Dollar };
        Pages { base, routes, placeholder }
    }

    fn scheme(text: &str) -> Scheme {
        match Scheme::parse(text) {
            Ok(scheme) => scheme,
            Err(bad) => throw_str(bad.as_str()),
        }
    }
}
