//! How does an event reach the server? Once, and not at all if the browser says no twice.

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::Navigator;

#[wasm_bindgen]
extern "C" {
    /// The promise of an answer.
    type Answer;

    #[wasm_bindgen(catch)]
    fn fetch(url: &str, init: &Object) -> Result<Answer, JsValue>;

    #[wasm_bindgen(catch, method, js_name = "catch")]
    fn or_else(this: &Answer, rejected: &Function) -> Result<JsValue, JsValue>;
}

/// Hands `body` to the browser, which sends it even when the page ends. A refused beacon is tried once as a request;
/// nothing is tried again after that, since what the browser took may have arrived.
///
/// Both send a string as `text/plain`, which needs no permission of the server in advance. `ignored` hears of a failure.
pub(super) fn deliver(navigator: &Navigator, url: &str, body: &str, ignored: &Function) {
    let beacon = navigator.send_beacon_with_opt_str(url, Some(body));
    if beacon != Ok(true) {
        request(url, body, ignored);
    }
}

fn request(url: &str, body: &str, ignored: &Function) {
    let init = Object::new();
    let members: [(&str, JsValue); 4] = [
        ("method", "POST".into()),
        ("body", body.into()),
        ("keepalive", JsValue::TRUE),
        ("credentials", "same-origin".into()),
    ];
    for (name, value) in members {
        if Reflect::set(&init, &name.into(), &value).is_err() {
            return;
        }
    }
    if let Ok(answer) = fetch(url, &init) {
        let _handled = answer.or_else(ignored);
    }
}
