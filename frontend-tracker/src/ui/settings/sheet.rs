//! Shows a part of a page that is HTML, and passes on what happens in it.
//!
//! Its elements have no types in this program, and two listeners serve all of them: a page of forms costs
//! little.

use std::{cell::Cell, rc::Rc};

use js_sys::Reflect;
use leptos::{ev, html, prelude::*};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement};

use crate::ui::{api::ApiClient, browser, html::AGAIN};

/// The element around the HTML, as it was opened.
#[derive(Debug, Clone)]
pub(in crate::ui) struct Sheet {
    root: Element,
    opening: SheetOpening,
}

/// One of the openings of a sheet: its element stays when something else is shown in it.
#[derive(Debug, Clone, Default)]
struct SheetOpening {
    number: u32,
    /// The number of the last one, which all openings of a sheet share.
    last: Rc<Cell<u32>>,
}

impl SheetOpening {
    /// Another opening, after all others.
    fn next(&self) -> Self {
        self.last.set(self.last.get().wrapping_add(1));
        self.current()
    }

    /// The last opening.
    fn current(&self) -> Self {
        Self { number: self.last.get(), last: Rc::clone(&self.last) }
    }

    fn is_last(&self) -> bool {
        self.number == self.last.get()
    }
}

/// What happens in a sheet.
pub(in crate::ui) trait SheetEvents {
    /// The sheet is in the page.
    fn begin(self: Rc<Self>, sheet: Sheet);

    /// A button was pressed, which says in `data-act` what it does. That of a form is pressed, too, when the
    /// form is sent from a field.
    fn act(self: Rc<Self>, sheet: &Sheet, act: &str, button: &Element);

    /// Something was typed or chosen.
    fn typed(&self, sheet: &Sheet, element: &Element);
}

impl Sheet {
    /// The same sheet for something else. What was shown in it before is not open any more.
    pub(in crate::ui) fn reopened(&self) -> Self {
        Self { root: self.root.clone(), opening: self.opening.next() }
    }

    /// The first element that matches.
    pub(in crate::ui) fn find(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).ok().flatten()
    }

    /// The element with an id.
    pub(in crate::ui) fn by_id(&self, id: &str) -> Option<Element> {
        self.find(&["#", id].concat())
    }

    /// Shows HTML in the element with an id, or in the sheet for an empty one. What is shown already stays.
    pub(in crate::ui) fn show(&self, id: &str, html: &str) {
        let element = if id.is_empty() { Some(self.root.clone()) } else { self.by_id(id) };
        if let Some(element) = element.filter(|element| element.inner_html() != html) {
            browser::replace_content(element.unchecked_ref(), html);
        }
    }

    /// Shows newer HTML in the element with an id. If it has other elements, what is in use stays.
    pub(in crate::ui) fn refresh(&self, id: &str, html: &str) {
        let Some(element) = self.by_id(id) else { return };
        let place: &HtmlElement = element.unchecked_ref();
        if !browser::update_content(place, html) && !browser::is_in_use(place) {
            browser::replace_content(place, html);
        }
    }

    /// Shows a text in the element with an id. What is shown already is not read out again.
    pub(in crate::ui) fn say(&self, id: &str, text: &str) {
        if let Some(element) =
            self.by_id(id).filter(|element| element.text_content().as_deref() != Some(text))
        {
            element.set_text_content(Some(text));
        }
    }

    /// Shows the name of a project in an answer wherever the sheet has it.
    pub(in crate::ui) fn say_name(&self, project: &Value) {
        let Some(name) = project["name"].as_str() else { return };
        all(&self.root, "[data-project-name]").iter().for_each(|place| place.set_text_content(Some(name)));
    }

    /// Moves the focus to the element with an id, unless the user has it outside of the sheet.
    pub(in crate::ui) fn take_focus(&self, id: &str) {
        if browser::is_focus_free() || browser::has_focus(&self.root) {
            focus(id);
        }
    }

    /// Presses all buttons that do something.
    pub(in crate::ui) fn press_all(&self, act: &str) {
        let buttons = all(&self.root, &["[data-act=", act, "]"].concat());
        buttons.iter().for_each(|button| button.unchecked_ref::<HtmlElement>().click());
    }

    /// Whether the sheet is still in the page, and nothing else was opened in it. Answers that arrive later are not
    /// shown: the ids in a sheet are those of other projects, too.
    pub(in crate::ui) fn is_open(&self) -> bool {
        self.root.is_connected() && self.opening.is_last()
    }
}

/// All elements below one that match.
pub(in crate::ui) fn all(element: &Element, selector: &str) -> Vec<Element> {
    let Ok(found) = element.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|place| found.get(place)?.dyn_into().ok()).collect()
}

/// The value of a control.
pub(in crate::ui) fn value_of(control: &Element) -> String {
    property(control, "value").as_string().unwrap_or_default()
}

/// Whether a checkbox is checked.
pub(in crate::ui) fn is_checked(control: &Element) -> bool {
    property(control, "checked").as_bool().unwrap_or_default()
}

fn property(element: &Element, name: &str) -> JsValue {
    Reflect::get(element, &name.into()).unwrap_or_default()
}

/// Moves the focus, once the page is drawn.
pub(in crate::ui) fn focus(id: &str) {
    browser::focus_soon(id.to_owned());
}

/// Shows the sheet of these events.
pub(in crate::ui) fn sheet(events: Rc<dyn SheetEvents>) -> AnyView {
    let root = NodeRef::<html::Div>::new();
    let begun = Rc::clone(&events);
    let opening = SheetOpening::default();
    let first = opening.clone();
    root.on_load(move |root| begun.begin(Sheet { root: root.unchecked_into(), opening: first }));
    let sheet = move || {
        let root = root.try_get_untracked()??;
        Some(Sheet { root: root.unchecked_into(), opening: opening.current() })
    };
    let is_signed_out = expect_context::<ApiClient>().is_signed_out();
    let refused_in = sheet.clone();
    Effect::new(move |was_signed_out: Option<bool>| {
        let is_signed_out = is_signed_out.get();
        if let (Some(true), false, Some(sheet)) = (was_signed_out, is_signed_out, refused_in()) {
            // There is a session again: what was refused meanwhile is loaded.
            sheet.press_all(AGAIN);
        }
        is_signed_out
    });
    let typing = Rc::clone(&events);
    let typed_in = sheet.clone();
    let typed = move |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let (Some(sheet), Some(element)) = (typed_in(), target) {
            typing.typed(&sheet, &element);
        }
    };
    let press = move |event: ev::MouseEvent| {
        if let (Some(sheet), Some(button)) = (sheet(), browser::pressed(&event)) {
            let act = button.get_attribute("data-act").unwrap_or_default();
            Rc::clone(&events).act(&sheet, &act, &button);
        }
    };
    view! {
        <div
            class="page"
            node_ref=root
            on:click=press
            on:submit=|event: ev::SubmitEvent| event.prevent_default()
            on:input=typed
        ></div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::SheetOpening;

    #[test]
    fn only_the_last_opening_of_a_sheet_is_open() {
        let first = SheetOpening::default();
        assert!(first.is_last() && first.current().is_last());
        let second = first.next();
        assert!(second.is_last() && !first.is_last());
        assert!(first.current().is_last(), "what happens now belongs to the second");
        let third = first.next();
        assert!(third.is_last() && !second.is_last());
    }
}
