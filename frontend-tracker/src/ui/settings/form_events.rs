//! Does what is asked for in a form: shows what is stored, reads what was typed, sends it, and says what became of it.

use std::{pin::Pin, rc::Rc};

use leptos::task::spawn_local;
use serde_json::{Map, Value};
use web_sys::Element;

use super::{
    form_html::{FormPlan, FormTest, removal_html, row_html, secret_html},
    form_values::{FieldError, FieldInput, RowInput, SecretChange, place_of, request_of},
    requests::{RequestResult, send},
    sheet::{Sheet, all, focus, is_checked, value_of},
};
use crate::ui::{
    answer::RequestFailure,
    api::ApiClient,
    browser,
    html::failure_again,
    texts::{
        form_fields::{FieldKind, FormField},
        forms, settings,
    },
};

/// The request of a form.
pub(in crate::ui) type FormRequest = Pin<Box<dyn Future<Output = RequestResult>>>;

/// A form in a sheet.
#[derive(Clone)]
pub(in crate::ui) struct OpenForm {
    pub(in crate::ui) api: ApiClient,
    pub(in crate::ui) sheet: Sheet,
    pub(in crate::ui) plan: Rc<FormPlan>,
    pub(in crate::ui) is_read_only: bool,
}

impl OpenForm {
    /// Shows what is stored, once it is here.
    pub(in crate::ui) fn load(self) {
        if !self.plan.is_stored {
            self.api.note_version(&self.plan.address, "");
            return self.show(&Value::Null);
        }
        spawn_local(async move {
            let stored = send(self.api, "GET", self.plan.address.clone(), None).await;
            match stored {
                _ if !self.sheet.is_open() => {}
                Ok(stored) => self.show(&stored),
                Err(failure) => {
                    self.sheet.show(&self.id("form"), &failure_again(&failure.why, self.plan.id));
                }
            }
        });
    }

    fn show(&self, stored: &Value) {
        self.sheet.show(&self.id("form"), &self.plan.html(stored, self.is_read_only));
    }

    /// The same form with other settings stored.
    fn with_stored(&self, stored: &Value, is_stored: bool) -> Self {
        let form = Self { plan: Rc::new(FormPlan { is_stored, ..(*self.plan).clone() }), ..self.clone() };
        form.show(stored);
        let state = if is_stored { settings::CONFIGURED } else { settings::NOT_CONFIGURED };
        form.sheet.say(&form.id("state"), state);
        form
    }

    fn id(&self, part: &str) -> String {
        [self.plan.id, "-", part].concat()
    }

    /// Does what a button of the form says.
    pub(in crate::ui) fn act(&self, act: &str, button: &Element) {
        match act {
            "save" => self.save(),
            "test" => self.test(&[self.plan.address.as_str(), "/test"].concat()),
            "ask" => {
                self.sheet.show(&self.id("removal"), &removal_html(self.plan.id, self.plan.removal));
                focus(&self.id("spare"));
            }
            "spare" => {
                self.sheet.show(&self.id("removal"), &removal_html(self.plan.id, None));
                focus(&self.id("ask"));
            }
            "remove" => self.remove(),
            "add-row" => self.add_row(button),
            "remove-row" => {
                self.typed(button);
                let row = button.closest(".row-input").ok().flatten();
                let group = button.closest("[role=group]").ok().flatten();
                row.iter().for_each(Element::remove);
                group.iter().for_each(|group| focus(&group.id()));
            }
            "replace-secret" => self.press_secret(button, &SecretChange::Replace(String::new()), "replaced"),
            "remove-secret" => self.press_secret(button, &SecretChange::Remove, "removed"),
            "keep-secret" => self.press_secret(button, &SecretChange::Keep, "kept"),
            _ => {}
        }
    }

    /// The form differs from what is stored, and what was wrong with a field is not said any more.
    pub(in crate::ui) fn typed(&self, element: &Element) {
        if let Some(place) = place(element) {
            self.show_error(place, "");
        }
        if let Some(form) = self.sheet.by_id(self.plan.id) {
            browser::note_typed(&form, true);
        }
        self.sheet.say(&self.id("said"), "");
        self.sheet.say(&self.id("failure"), "");
    }

    fn save(&self) {
        let Some(request) = self.request("") else { return };
        let form = self.clone();
        let sent = self.inputs();
        let request = send(self.api, "PUT", self.plan.address.clone(), Some(request.into()));
        self.run(
            Box::pin(request),
            Box::new(move |stored| {
                form.sheet.say_name(&stored);
                if form.inputs() != sent {
                    form.sheet.say(&form.id("state"), settings::CONFIGURED);
                    return form.say(forms::SAVED_BEFORE);
                }
                form.with_stored(&stored, true).say(forms::SAVED);
            }),
        );
    }

    fn remove(&self) {
        let form = self.clone();
        let request = send(self.api, "DELETE", self.plan.address.clone(), None);
        self.run(
            Box::pin(request),
            Box::new(move |_| {
                let form = form.with_stored(&Value::Null, false);
                form.say(forms::REMOVED);
                form.sheet.take_focus(&form.id("save"));
            }),
        );
    }

    /// Tests what was typed or what is stored, and shows the sentence of the answer.
    pub(in crate::ui) fn test(&self, address: &str) {
        let body = match self.plan.test {
            Some(FormTest::Typed) => {
                // A new project is tested before it has a name.
                let Some(request) = self.request("name") else { return };
                Some(request.into())
            }
            _ => {
                let form = self.sheet.by_id(self.plan.id);
                if form.is_some_and(|form| form.has_attribute("data-changed")) {
                    return self.fail(forms::SAVE_FIRST);
                }
                None
            }
        };
        let form = self.clone();
        self.run(
            Box::pin(send(self.api, "POST", address.to_owned(), body)),
            Box::new(move |answer| {
                let sentence = answer["sentence"].as_str().unwrap_or_default();
                let is_good = answer["accepted"] == true || answer["outcome"] == "ready";
                if is_good { form.say(sentence) } else { form.fail(sentence) }
            }),
        );
    }

    fn add_row(&self, button: &Element) {
        let Some((field, rows)) = place(button).and_then(|place| {
            let rows = self.sheet.by_id(&[&self.plan.field_id(place), "-rows"].concat())?;
            Some((self.plan.fields.get(place)?, rows))
        }) else {
            return;
        };
        let number = all(&rows, ".row-input").len() + 1;
        let row = RowInput { name: String::new(), value: String::new(), stored: false };
        self.typed(button);
        let _added = rows.insert_adjacent_html("beforeend", &row_html(field.kind, number, &row));
    }

    fn press_secret(&self, button: &Element, change: &SecretChange, mode: &str) {
        let Some(place) = place(button) else { return };
        self.change_secret(place, change, mode);
        self.typed(button);
        self.show_error(place, "");
        focus(&self.plan.field_id(place));
    }

    fn change_secret(&self, place: usize, change: &SecretChange, mode: &str) {
        let Some(field) = self.plan.fields.get(place) else { return };
        let id = self.plan.field_id(place);
        let Some(secret) = self.sheet.by_id(&[&id, "-secret"].concat()) else { return };
        let _marked = secret.set_attribute("data-mode", mode);
        secret.set_inner_html(&secret_html(&id, field, is_stored(&secret), change));
    }

    /// Has another one typed for a stored secret that was kept, and may not be.
    fn ask_for_secret(&self, place: usize) {
        let Some(field) = self.plan.fields.get(place) else { return };
        if matches!(self.read(place, field), FieldInput::Secret { stored: true, change: SecretChange::Keep })
        {
            self.change_secret(place, &SecretChange::Replace(String::new()), "replaced");
        }
    }

    /// The request that sets what was typed, without the member `except`. If something else is wrong, it is shown
    /// and the first wrong field gets the focus.
    pub(in crate::ui) fn request(&self, except: &str) -> Option<Map<String, Value>> {
        let fields = (0..).zip(self.plan.fields).filter(|(_, field)| field.name != except);
        let (places, fields): (Vec<usize>, Vec<FormField>) =
            fields.map(|(place, field)| (place, *field)).unzip();
        let inputs: Vec<FieldInput> =
            places.iter().zip(&fields).map(|(place, field)| self.read(*place, field)).collect();
        (0..self.plan.fields.len()).for_each(|place| self.show_error(place, ""));
        self.say("");
        match request_of(&fields, &inputs) {
            Ok(request) => Some(request),
            Err(errors) => {
                let at = |(place, why): FieldError| Some((*places.get(place)?, why));
                self.show_errors(errors.into_iter().filter_map(at).collect());
                None
            }
        }
    }

    /// What all fields contain.
    fn inputs(&self) -> Vec<FieldInput> {
        (0..).zip(self.plan.fields).map(|(place, field)| self.read(place, field)).collect()
    }

    fn read(&self, place: usize, field: &FormField) -> FieldInput {
        let id = self.plan.field_id(place);
        let control = self.sheet.by_id(&id);
        let text = || control.as_ref().map(value_of).unwrap_or_default();
        match field.kind {
            FieldKind::Flag(_) => FieldInput::Flag(control.as_ref().is_some_and(is_checked)),
            FieldKind::Secret => {
                let secret = self.sheet.by_id(&[&id, "-secret"].concat());
                let stored = secret.as_ref().is_some_and(is_stored);
                let mode = secret.and_then(|secret| secret.get_attribute("data-mode")).unwrap_or_default();
                let change = match mode.as_str() {
                    "removed" => SecretChange::Remove,
                    "replaced" => SecretChange::Replace(text()),
                    _ if stored => SecretChange::Keep,
                    _ => SecretChange::Replace(text()),
                };
                FieldInput::Secret { stored, change }
            }
            FieldKind::Headers | FieldKind::Patterns => {
                let rows = control.iter().flat_map(|group| all(group, ".row-input"));
                FieldInput::Rows(rows.map(|row| read_row(&row)).collect())
            }
            _ => FieldInput::Text(text()),
        }
    }

    fn show_errors(&self, errors: Vec<FieldError>) {
        if let Some((first, _)) = errors.first() {
            focus(&self.plan.field_id(*first));
        }
        errors.into_iter().for_each(|(place, why)| self.show_error(place, &why));
    }

    fn show_error(&self, place: usize, why: &str) {
        let id = self.plan.field_id(place);
        self.sheet.say(&[&id, "-error"].concat(), why);
        let Some(control) = self.sheet.by_id(&id).filter(|control| control.has_attribute("aria-describedby"))
        else {
            return;
        };
        let _marked = if why.is_empty() {
            control.remove_attribute("aria-invalid")
        } else {
            control.set_attribute("aria-invalid", "true")
        };
    }

    /// Sends a request, unless one is under way, and does the rest with its answer. What was refused is shown, and
    /// what was typed stays.
    pub(in crate::ui) fn run(&self, request: FormRequest, then: Box<dyn FnOnce(Value)>) {
        let Some(button) = self.sheet.by_id(&self.id("save")).filter(browser::begin_work) else { return };
        self.say(forms::ONE_MOMENT);
        let form = self.clone();
        spawn_local(async move {
            let answer = request.await;
            browser::end_work(&button);
            if !form.sheet.is_open() {
                return;
            }
            form.say("");
            match answer {
                Ok(answer) => then(answer),
                Err(RequestFailure { why, field }) => {
                    match field.and_then(|field| place_of(form.plan.fields, &field)) {
                        Some(place) => {
                            form.ask_for_secret(place);
                            form.show_errors(vec![(place, why)]);
                        }
                        None => form.fail(&why),
                    }
                }
            }
        });
    }

    /// Says that something was done.
    pub(in crate::ui) fn say(&self, done: &str) {
        self.sheet.say(&self.id("said"), done);
        self.sheet.say(&self.id("failure"), "");
    }

    fn fail(&self, why: &str) {
        self.sheet.say(&self.id("failure"), why);
    }
}

/// The place of the field around an element.
fn place(element: &Element) -> Option<usize> {
    let field = element.closest("[data-place]").ok().flatten()?;
    field.get_attribute("data-place")?.parse().ok()
}

fn is_stored(element: &Element) -> bool {
    element.get_attribute("data-stored").as_deref() == Some("true")
}

fn read_row(row: &Element) -> RowInput {
    let mut controls = all(row, "input, textarea").into_iter();
    let mut text = || controls.next().as_ref().map(value_of).unwrap_or_default();
    RowInput { name: text(), value: text(), stored: is_stored(row) }
}
