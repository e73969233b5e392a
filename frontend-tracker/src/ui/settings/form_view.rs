//! Shows a form: every field with its label, what it means, and what is wrong with it.

use leptos::{ev, prelude::*};

use super::{
    form_fields::{FieldKind, FormField},
    form_state::{FormMessage, FormState},
    form_values::{FieldInput, RowInput, SecretChange},
};
use crate::ui::browser;

/// The form with its button to save, and with `children` beside it. `submit` is called when it is sent.
#[component]
pub(in crate::ui) fn FormView(
    form: FormState,
    /// What the button does.
    action: &'static str,
    /// Why nothing can be changed, if that is so.
    read_only: Signal<bool>,
    submit: Callback<()>,
    children: Children,
) -> impl IntoView {
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        submit.run(());
    };
    let fields = (0..).zip(form.fields).map(|(place, field)| field_view(form, place, field)).collect_view();
    view! {
        <form class="form" novalidate=true on:submit=on_submit>
            <fieldset disabled=move || read_only.get()>
                {fields} <div class="actions">
                    <button type="submit" aria-busy=move || form.is_busy.get().to_string()>
                        {action}
                    </button>
                    {children()}
                </div>
            </fieldset>
            <Message form />
        </form>
    }
}

/// What became of the last request.
#[component]
pub(in crate::ui) fn Message(form: FormState) -> impl IntoView {
    let text = move |wanted: fn(&FormMessage) -> Option<&String>| {
        form.message.with(|message| message.as_ref().and_then(wanted).cloned())
    };
    let done = move || {
        text(|message| match message {
            FormMessage::Done(done) => Some(done),
            FormMessage::Failed(_) => None,
        })
    };
    let failed = move || {
        text(|message| match message {
            FormMessage::Failed(why) => Some(why),
            FormMessage::Done(_) => None,
        })
    };
    view! {
        <p role="status" class="done">
            {move || if form.is_busy.get() { Some("One moment…".to_owned()) } else { done() }}
        </p>
        {move || failed().map(|why| view! { <p class="failure" role="alert">{why}</p> })}
    }
}

fn field_view(form: FormState, place: usize, field: &'static FormField) -> AnyView {
    let id = form.field_id(place);
    let error = move || {
        form.errors
            .with(|errors| errors.iter().find(|(wrong, _)| *wrong == place).map(|(_, why)| why.clone()))
    };
    let is_wrong = Memo::new(move |_| error().is_some());
    let described = {
        let id = id.clone();
        Signal::derive(move || {
            let help = (!field.help.is_empty()).then(|| format!("{id}-help"));
            let error = is_wrong.get().then(|| format!("{id}-error"));
            let ids: Vec<String> = help.into_iter().chain(error).collect();
            (!ids.is_empty()).then(|| ids.join(" "))
        })
    };
    let control = FieldControl { form, place, field, is_wrong, described };
    let label = if field.required { field.label.to_owned() } else { format!("{} (optional)", field.label) };
    let is_one_control = !matches!(field.kind, FieldKind::Headers | FieldKind::Patterns);
    let (help_id, error_id) = (format!("{id}-help"), format!("{id}-error"));
    let help = (!field.help.is_empty()).then(|| view! { <p class="help" id=help_id>{field.help}</p> });
    let name = match field.kind {
        FieldKind::Flag(_) => ().into_any(),
        FieldKind::Number(_) | FieldKind::Choice(_) => {
            view! { <label for=id.clone()>{field.label}</label> }.into_any()
        }
        _ if is_one_control => view! { <label for=id.clone()>{label}</label> }.into_any(),
        _ => view! { <span class="label" id=format!("{id}-label")>{field.label}</span> }.into_any(),
    };
    view! {
        <div class="field">
            {name} {control.view(id)} {help}
            {move || {
                let id = error_id.clone();
                error().map(|why| view! { <p class="field-error" id=id>{why}</p> })
            }}
        </div>
    }
    .into_any()
}

/// A field and what its controls need.
#[derive(Clone, Copy)]
struct FieldControl {
    form: FormState,
    place: usize,
    field: &'static FormField,
    is_wrong: Memo<bool>,
    /// The ids of what describes it.
    described: Signal<Option<String>>,
}

impl FieldControl {
    fn view(self, id: String) -> AnyView {
        match self.field.kind {
            FieldKind::Line | FieldKind::Number(_) => self.line(id),
            FieldKind::Text => self.lines(id),
            FieldKind::Flag(_) => self.flag(id),
            FieldKind::Secret => self.secret(id),
            FieldKind::Choice(choices) => self.choice(id, choices),
            FieldKind::Headers | FieldKind::Patterns => self.rows(id),
        }
    }

    fn text(self) -> String {
        self.form.inputs.with(|inputs| match inputs.get(self.place) {
            Some(FieldInput::Text(text) | FieldInput::Secret { change: SecretChange::Replace(text), .. }) => {
                text.clone()
            }
            _ => String::new(),
        })
    }

    fn set_text(self, text: String) {
        self.form.change(self.place, |input| *input = FieldInput::Text(text));
    }

    fn wrong(self) -> Option<&'static str> {
        self.is_wrong.get().then_some("true")
    }

    fn line(self, id: String) -> AnyView {
        let mode = if matches!(self.field.kind, FieldKind::Number(_)) { "numeric" } else { "text" };
        view! {
            <input
                id=id
                type="text"
                inputmode=mode
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-required=self.field.required.then_some("true")
                aria-invalid=move || self.wrong()
                aria-describedby=move || self.described.get()
                prop:value=move || self.text()
                on:input=move |event| self.set_text(event_target_value(&event))
            />
        }
        .into_any()
    }

    fn lines(self, id: String) -> AnyView {
        view! {
            <textarea
                id=id
                rows="5"
                spellcheck="false"
                aria-invalid=move || self.wrong()
                aria-describedby=move || self.described.get()
                prop:value=move || self.text()
                on:input=move |event| self.set_text(event_target_value(&event))
            ></textarea>
        }
        .into_any()
    }

    fn flag(self, id: String) -> AnyView {
        let is_set = move || {
            self.form.inputs.with(|inputs| matches!(inputs.get(self.place), Some(FieldInput::Flag(true))))
        };
        let set = move |event| {
            let flag = event_target_checked(&event);
            self.form.change(self.place, |input| *input = FieldInput::Flag(flag));
        };
        let label_for = id.clone();
        view! {
            <span class="flag">
                <input
                    id=id
                    type="checkbox"
                    aria-describedby=move || self.described.get()
                    prop:checked=is_set
                    on:change=set
                />
                <label for=label_for>{self.field.label}</label>
            </span>
        }
        .into_any()
    }

    fn choice(self, id: String, choices: &'static [(&'static str, &'static str)]) -> AnyView {
        let options = choices
            .iter()
            .map(|(value, name)| {
                view! {
                    <option value=*value selected=move || self.text() == *value>
                        {*name}
                    </option>
                }
            })
            .collect_view();
        view! {
            <select
                id=id
                aria-describedby=move || self.described.get()
                on:change=move |event| self.set_text(event_target_value(&event))
            >
                {options}
            </select>
        }
        .into_any()
    }

    /// A stored secret is only named; it can be replaced or removed.
    fn secret(self, id: String) -> AnyView {
        let mode = Memo::new(move |_| {
            self.form.inputs.with(|inputs| match inputs.get(self.place) {
                Some(FieldInput::Secret { stored: true, change: SecretChange::Keep }) => SecretMode::Stored,
                Some(FieldInput::Secret { change: SecretChange::Remove, .. }) => SecretMode::Removed,
                Some(FieldInput::Secret { stored: true, .. }) => SecretMode::Replaced,
                _ => SecretMode::New,
            })
        });
        (move || self.secret_in(mode.get(), id.clone())).into_any()
    }

    fn secret_in(self, mode: SecretMode, id: String) -> AnyView {
        let become_ = move |change: SecretChange, focus: String| {
            move |_: ev::MouseEvent| {
                let change = change.clone();
                self.form.change(self.place, |input| {
                    if let FieldInput::Secret { change: before, .. } = input {
                        *before = change;
                    }
                });
                let focus = focus.clone();
                request_animation_frame(move || browser::focus(&focus));
            }
        };
        let label = self.field.label;
        match mode {
            SecretMode::Stored => view! {
                <span class="stored" role="group" aria-label=label>
                    <span>"Stored"</span>
                    <button
                        type="button"
                        class="quiet"
                        id=id.clone()
                        aria-label=format!("Replace: {label}")
                        on:click=become_(SecretChange::Replace(String::new()), id.clone())
                    >
                        "Replace"
                    </button>
                    {(!self.field.required)
                        .then(|| {
                            view! {
                                <button
                                    type="button"
                                    class="quiet"
                                    aria-label=format!("Remove: {label}")
                                    on:click=become_(SecretChange::Remove, id)
                                >
                                    "Remove"
                                </button>
                            }
                        })}
                </span>
            }
            .into_any(),
            SecretMode::Removed => view! {
                <span class="stored" role="group" aria-label=label>
                    <span>"Will be removed when you save"</span>
                    <button
                        type="button"
                        class="quiet"
                        id=id.clone()
                        aria-label=format!("Keep the stored one: {label}")
                        on:click=become_(SecretChange::Keep, id)
                    >
                        "Keep it"
                    </button>
                </span>
            }
            .into_any(),
            SecretMode::Replaced | SecretMode::New => {
                let keep = (mode == SecretMode::Replaced).then(|| {
                    view! {
                        <button
                            type="button"
                            class="quiet"
                            aria-label=format!("Keep the stored one: {label}")
                            on:click=become_(SecretChange::Keep, id.clone())
                        >
                            "Keep the stored one"
                        </button>
                    }
                });
                let set = move |event| {
                    let text = event_target_value(&event);
                    self.form.change(self.place, |input| {
                        if let FieldInput::Secret { change, .. } = input {
                            *change = SecretChange::Replace(text);
                        }
                    });
                };
                view! {
                    <span class="stored">
                        <input
                            id=id
                            type="password"
                            autocomplete="new-password"
                            aria-required=self.field.required.then_some("true")
                            aria-invalid=move || self.wrong()
                            aria-describedby=move || self.described.get()
                            prop:value=move || self.text()
                            on:input=set
                        />
                        {keep}
                    </span>
                }
                .into_any()
            }
        }
    }

    fn rows(self, id: String) -> AnyView {
        let rows = move || {
            self.form.inputs.with(|inputs| match inputs.get(self.place) {
                Some(FieldInput::Rows(rows)) => rows.clone(),
                _ => Vec::new(),
            })
        };
        let add = move |_| {
            self.change_rows(|rows| {
                let id = rows.iter().map(|row| row.id + 1).max().unwrap_or_default();
                rows.push(RowInput { id, name: String::new(), value: String::new(), stored: false });
            });
        };
        let label = format!("{id}-label");
        let what = if self.field.kind == FieldKind::Headers { "Add a header" } else { "Add a category" };
        view! {
            <div
                id=id
                class="rows"
                role="group"
                tabindex="-1"
                aria-labelledby=label
                aria-describedby=move || self.described.get()
            >
                <For each=rows key=move |row| (self.form.shown.get_value(), row.id) children=move |row| self.row(row) />
                <button type="button" class="quiet" on:click=add>
                    {what}
                </button>
            </div>
        }
        .into_any()
    }

    fn change_rows(self, change: impl FnOnce(&mut Vec<RowInput>)) {
        self.form.change(self.place, |input| {
            if let FieldInput::Rows(rows) = input {
                change(rows);
            }
        });
    }

    /// A row. What is typed goes into the state; the elements keep it themselves.
    fn row(self, row: RowInput) -> AnyView {
        let id = row.id;
        let change = move |change: Box<dyn FnOnce(&mut RowInput)>| {
            self.change_rows(|rows| {
                if let Some(row) = rows.iter_mut().find(|row| row.id == id) {
                    change(row);
                }
            });
        };
        let set_name = move |event: ev::Event| {
            let text = event_target_value(&event);
            change(Box::new(move |row| row.name = text));
        };
        let set_value = move |event: ev::Event| {
            let text = event_target_value(&event);
            change(Box::new(move |row| row.value = text));
        };
        let remove = move |_| self.change_rows(|rows| rows.retain(|row| row.id != id));
        let number = id + 1;
        let value = if self.field.kind == FieldKind::Headers {
            let stored = row.stored.then_some("stored");
            view! {
                <input
                    type="password"
                    autocomplete="new-password"
                    aria-label=format!("Value of header {number}")
                    placeholder=stored
                    on:input=set_value
                />
            }
            .into_any()
        } else {
            view! {
                <textarea
                    rows="3"
                    spellcheck="false"
                    aria-label=format!("Patterns of category {number}, one a line")
                    prop:value=row.value
                    on:input=set_value
                ></textarea>
            }
            .into_any()
        };
        let what = if self.field.kind == FieldKind::Headers { "header" } else { "category" };
        view! {
            <div class="row-input">
                <input
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    aria-label=format!("Name of {what} {number}")
                    prop:value=row.name
                    on:input=set_name
                />
                {value}
                <button type="button" class="quiet" aria-label=format!("Remove {what} {number}") on:click=remove>
                    "Remove"
                </button>
            </div>
        }
        .into_any()
    }
}

/// How a secret is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SecretMode {
    /// There is none yet.
    New,
    /// It is stored, and stays.
    Stored,
    /// It is stored, and another is typed.
    Replaced,
    /// It is stored, and goes.
    Removed,
}
