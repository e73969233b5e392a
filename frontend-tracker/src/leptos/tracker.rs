//! Configures the tracker's script, and adds its element to the page.

use std::sync::atomic::{AtomicBool, Ordering};

use headcount_shared::routes::KeyPlaceholder;
use leptos_router::MatchNestedRoutes;
use wasm_bindgen::JsValue;

use super::templates::templates_with;

/// The address of the tracker's script, and its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracker {
    script: String,
    attributes: Vec<(&'static str, String)>,
    closed: Vec<(&'static str, &'static [&'static str])>,
}

impl Tracker {
    /// The tracker with its script at `script`: `<base>static/tracker.js` of a server, or the address of a
    /// copy of `script.js` from the npm package, with `tracker_bg.wasm` beside it. Views go to that server,
    /// or to `stats` beside the directory of the copy, unless [`Tracker::endpoint`] sets another address.
    ///
    /// While usage statistics are off, nothing is stored or counted: a server then serves another script, and
    /// a copy asks the server first.
    #[must_use]
    pub fn at(script: impl Into<String>) -> Self {
        Self { script: script.into(), attributes: Vec::new(), closed: Vec::new() }
    }

    /// Sets the address that views are posted to; by default `stats` beside the directory of the script.
    #[must_use]
    pub fn endpoint(self, address: impl Into<String>) -> Self {
        self.with("data-endpoint", address.into())
    }

    /// Lists the values of a parameter: the key of a page then has the value itself, or `other` if it is not
    /// on the list. List only values that the program defines, never names that users choose.
    #[must_use]
    pub fn closed(mut self, parameter: &'static str, values: &'static [&'static str]) -> Self {
        self.closed.push((parameter, values));
        self
    }

    /// Sets how a parameter is written in the key of a page.
    #[must_use]
    pub fn placeholder(self, placeholder: KeyPlaceholder) -> Self {
        let sign = match placeholder {
            KeyPlaceholder::Dollar => "$",
            KeyPlaceholder::Colon => ":",
        };
        self.with("data-placeholder", sign.to_owned())
    }

    /// Sets the smallest width of each display size: `vuetify1` to `vuetify4`, or widths such as `sm=600
    /// md=960 lg=1264 xl=1904`; by default `vuetify2`.
    #[must_use]
    pub fn breakpoints(self, breakpoints: impl Into<String>) -> Self {
        self.with("data-breakpoints", breakpoints.into())
    }

    /// Counts views without storing anything in the browser, for sites that need consent for storage.
    /// Browsers are then not counted.
    #[must_use]
    pub fn store_nothing(self) -> Self {
        self.with("data-storage", "none".to_owned())
    }

    /// Does not count automated browsers.
    #[must_use]
    pub fn ignore_automation(self) -> Self {
        self.with("data-automation", "ignore".to_owned())
    }

    /// Does not count pages that were served by this machine.
    #[must_use]
    pub fn ignore_localhost(self) -> Self {
        self.with("data-localhost", "ignore".to_owned())
    }

    /// Sets the nonce, for a page whose Content-Security-Policy requires one.
    #[must_use]
    pub fn nonce(self, nonce: impl Into<String>) -> Self {
        self.with("nonce", nonce.into())
    }

    /// The route table of these definitions: [`templates`](super::templates()) with the values of closed
    /// parameters.
    #[must_use]
    pub fn templates<Defs: MatchNestedRoutes>(&self, defs: &Defs) -> Vec<String> {
        templates_with(defs, &self.closed)
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.attributes.push((name, value));
        self
    }

    /// The attributes of the script's element for these definitions under `base`.
    fn attributes<Defs: MatchNestedRoutes>(&self, base: &str, defs: &Defs) -> Vec<(&'static str, String)> {
        let routes = self.templates(defs).join(" ");
        let own = [
            ("type", "module".to_owned()),
            ("src", self.script.clone()),
            ("data-base", base.to_owned()),
            ("data-routes", routes),
        ];
        own.into_iter().chain(self.attributes.iter().cloned()).collect()
    }

    /// Adds the script to the page, at most once. If that fails, the page continues without it.
    pub(super) fn load<Defs: MatchNestedRoutes>(&self, base: &str, defs: &Defs) {
        static LOADED: AtomicBool = AtomicBool::new(false);
        if !LOADED.swap(true, Ordering::Relaxed) {
            append(&self.attributes(base, defs)).ok();
        }
    }
}

/// Adds a script with these attributes to the page.
fn append(attributes: &[(&'static str, String)]) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
    let head = document.head().ok_or(JsValue::NULL)?;
    let script = document.create_element("script")?;
    attributes.iter().try_for_each(|(name, value)| script.set_attribute(name, value))?;
    head.append_child(&script)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use leptos_router::{NestedRoute, path};

    use super::*;

    #[test]
    fn the_script_has_the_table_of_the_definitions_and_the_options() {
        let defs = (NestedRoute::new(path!("/"), || ()), NestedRoute::new(path!("/p/:id/:tab?"), || ()));
        let tracker = Tracker::at("/s/static/tracker.js")
            .closed("tab", &["cpu", "memory"])
            .placeholder(KeyPlaceholder::Colon)
            .breakpoints("vuetify3")
            .store_nothing();
        let expected = [
            ("type", "module"),
            ("src", "/s/static/tracker.js"),
            ("data-base", "/shop"),
            ("data-routes", "/ /p/:id/:tab(cpu|memory)?"),
            ("data-placeholder", ":"),
            ("data-breakpoints", "vuetify3"),
            ("data-storage", "none"),
        ];
        assert_eq!(
            tracker.attributes("/shop", &defs),
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }
}
