//! Holds the state of a form: what is in its fields, what is wrong with them, and what became of its requests.

use std::pin::Pin;

use leptos::{prelude::*, task::spawn_local};
use serde_json::{Map, Value};

use super::{
    form_fields::FormField,
    form_values::{FieldError, FieldInput, inputs_of, place_of, request_of},
    requests::{RequestFailure, RequestResult},
};
use crate::ui::{api::ApiClient, browser};

/// What a form says about its last request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) enum FormMessage {
    /// It was done.
    Done(String),
    /// It was not done, or found something wrong.
    Failed(String),
}

/// The request of a form.
pub(in crate::ui) type FormRequest = Pin<Box<dyn Future<Output = RequestResult>>>;

/// The state of a form.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct FormState {
    pub(in crate::ui) api: ApiClient,
    /// The beginning of the ids of its elements.
    pub(in crate::ui) id: &'static str,
    pub(in crate::ui) fields: &'static [FormField],
    pub(in crate::ui) inputs: RwSignal<Vec<FieldInput>>,
    pub(in crate::ui) errors: RwSignal<Vec<FieldError>>,
    pub(in crate::ui) message: RwSignal<Option<FormMessage>>,
    /// Whether a request is under way.
    pub(in crate::ui) is_busy: RwSignal<bool>,
    /// Whether something was typed that is not stored.
    pub(in crate::ui) is_changed: RwSignal<bool>,
    /// How often stored settings were shown: rows of before are other rows.
    pub(in crate::ui) shown: StoredValue<u32>,
}

impl FormState {
    /// The form of `stored` settings; `null` for settings that there are not yet.
    pub(in crate::ui) fn new(
        api: ApiClient,
        id: &'static str,
        fields: &'static [FormField],
        stored: &Value,
    ) -> Self {
        Self {
            api,
            id,
            fields,
            inputs: RwSignal::new(inputs_of(fields, stored)),
            errors: RwSignal::new(Vec::new()),
            message: RwSignal::new(None),
            is_busy: RwSignal::new(false),
            is_changed: RwSignal::new(false),
            shown: StoredValue::new(0),
        }
    }

    /// The id of the element of a field.
    pub(in crate::ui) fn field_id(self, place: usize) -> String {
        let name = self.fields.get(place).map_or("", |field| field.name).replace('.', "-");
        [self.id, "-", &name].concat()
    }

    /// Changes what is in a field.
    pub(in crate::ui) fn change(self, place: usize, change: impl FnOnce(&mut FieldInput)) {
        self.inputs.update(|inputs| {
            if let Some(input) = inputs.get_mut(place) {
                change(input);
            }
        });
        self.is_changed.set(true);
        self.message.set(None);
        self.errors.update(|errors| errors.retain(|(wrong, _)| *wrong != place));
    }

    /// Shows settings as they are stored now.
    pub(in crate::ui) fn show(self, stored: &Value) {
        self.shown.update_value(|shown| *shown += 1);
        self.inputs.set(inputs_of(self.fields, stored));
        self.errors.set(Vec::new());
        self.is_changed.set(false);
    }

    /// The request that sets what was typed, without the member `except`. If something else is wrong, it is shown
    /// and the first wrong field gets the focus.
    pub(in crate::ui) fn request(self, except: &str) -> Option<Map<String, Value>> {
        let fields = self.fields.iter().copied().filter(|field| field.name != except);
        let places: Vec<usize> = (0..)
            .zip(self.fields)
            .filter(|(_, field)| field.name != except)
            .map(|(place, _)| place)
            .collect();
        let inputs: Vec<FieldInput> = self
            .inputs
            .with_untracked(|inputs| places.iter().filter_map(|place| inputs.get(*place).cloned()).collect());
        self.message.set(None);
        match request_of(&fields.collect::<Vec<_>>(), &inputs) {
            Ok(request) => {
                self.errors.set(Vec::new());
                Some(request)
            }
            Err(errors) => {
                let at = |(place, why): FieldError| Some((*places.get(place)?, why));
                self.show_errors(errors.into_iter().filter_map(at).collect());
                None
            }
        }
    }

    fn show_errors(self, errors: Vec<FieldError>) {
        if let Some((first, _)) = errors.first() {
            browser::focus(&self.field_id(*first));
        }
        self.errors.set(errors);
    }

    /// Shows why a request was refused, beside the wrong field if there is one.
    pub(in crate::ui) fn refuse(self, RequestFailure { why, field }: RequestFailure) {
        match field.and_then(|field| place_of(self.fields, &field)) {
            Some(place) => self.show_errors(vec![(place, why)]),
            None => self.message.set(Some(FormMessage::Failed(why))),
        }
    }

    /// Sends a request, unless one is under way, and does the rest with its answer.
    pub(in crate::ui) fn run(self, request: FormRequest, then: Box<dyn FnOnce(Value)>) {
        if self.is_busy.get_untracked() {
            return;
        }
        self.is_busy.set(true);
        spawn_local(async move {
            let answer = request.await;
            // Another page may be open by now.
            if self.is_busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(answer) => then(answer),
                Err(failure) => self.refuse(failure),
            }
        });
    }

    /// Says that something was done.
    pub(in crate::ui) fn say(self, done: &str) {
        self.message.set(Some(FormMessage::Done(done.to_owned())));
    }
}
