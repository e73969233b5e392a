//! When has the page perhaps gone somewhere else?
//!
//! The Navigation API tells of every navigation after it happened. Where it is missing, or silent as in a sandbox, the
//! two methods of `history` that tell nobody are watched, and `popstate` tells the rest. Whether a notice is a view is
//! decided later, by the path.

use js_sys::{Array, Function, Object, Proxy, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{EventTarget, History, Window};

/// Calls `moved` after every navigation within the page.
pub(super) fn watch(window: &Window, moved: &Function) {
    if let Some(navigation) = navigation(window) {
        listen(&navigation, "currententrychange", moved);
        return;
    }
    listen(window, "popstate", moved);
    let Ok(history) = window.history() else { return };
    for method in ["pushState", "replaceState"] {
        observe(&history, method, moved);
    }
}

/// Calls `listener` on every `event` of `target`.
pub(super) fn listen(target: &EventTarget, event: &str, listener: &Function) {
    // A browser that does not know the event, or the method, is one that never tells of it.
    let _unheard = target.add_event_listener_with_callback(event, listener);
}

/// The Navigation API of `window`. A document without an entry, such as one of an opaque origin, never reports any.
fn navigation(window: &Window) -> Option<EventTarget> {
    let navigation = Reflect::get(window, &"navigation".into()).ok()?;
    let entry = Reflect::get(&navigation, &"currentEntry".into()).ok()?;
    entry.is_object().then(|| navigation.unchecked_into())
}

/// Calls `moved` after each call of `history`'s `method`.
///
/// A proxy leaves everything else as it was: the receiver, the arguments and their number, the result, the exception, the
/// method's name and properties. The original runs first, so that a call that throws has not moved the page.
fn observe(history: &History, method: &str, moved: &Function) {
    let Some(original) =
        Reflect::get(history, &method.into()).ok().and_then(|method| method.dyn_into::<Function>().ok())
    else {
        return;
    };
    let moved = moved.clone();
    let apply = Closure::<dyn Fn(Function, JsValue, Array) -> Result<JsValue, JsValue>>::new(
        move |original: Function, this: JsValue, arguments: Array| {
            let result = Reflect::apply(&original, &this, &arguments)?;
            let _told = moved.call0(&JsValue::UNDEFINED);
            Ok(result)
        },
    );
    let handler = Object::new();
    if Reflect::set(&handler, &"apply".into(), &apply.into_js_value()).is_err() {
        return;
    }
    let observed = Proxy::new(&original, &handler);
    // A page that froze its history keeps it: views then come from `popstate` alone.
    let _replaced = Reflect::set(history, &method.into(), &observed);
}
