//! Writes the HTML of forms. What happens in them is in `form_events`.
//!
//! Buttons say in `data-act` what they do. A field has its id from the form and its name; `-help` and
//! `-error` after it are those of what is said about it.

use serde_json::Value;

use super::form_values::{FieldInput, RowInput, SecretChange, inputs_of};
use crate::ui::{
    html::escaped,
    texts::{
        form_fields::{FieldKind, FormField},
        forms::{self, RowTexts},
    },
};

/// A form.
#[derive(Debug, Clone)]
pub(in crate::ui) struct FormPlan {
    /// The beginning of the ids of its elements.
    pub(in crate::ui) id: &'static str,
    pub(in crate::ui) fields: &'static [FormField],
    /// The address of what it sets.
    pub(in crate::ui) address: String,
    /// Whether there are such settings now.
    pub(in crate::ui) is_stored: bool,
    /// What its button does.
    pub(in crate::ui) action: &'static str,
    pub(in crate::ui) test: Option<FormTest>,
    /// What is lost with the settings, if they can be removed.
    pub(in crate::ui) removal: Option<&'static str>,
}

/// The test of what a form configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum FormTest {
    /// What was typed is tested, at this address.
    Typed,
    /// What is stored is tested.
    Stored,
}

impl FormPlan {
    /// A form that only sets what is at an address.
    pub(in crate::ui) const fn new(id: &'static str, fields: &'static [FormField], address: String) -> Self {
        Self { id, fields, address, is_stored: true, action: forms::SAVE, test: None, removal: None }
    }

    /// The id of the element of a field.
    pub(in crate::ui) fn field_id(&self, place: usize) -> String {
        let name = self.fields.get(place).map_or("", |field| field.name);
        format!("{}-{}", self.id, name.replace('.', "-"))
    }

    /// The place for the form until its settings are here.
    pub(in crate::ui) fn place(&self) -> String {
        format!(r#"<div id="{}-form">{}</div>"#, self.id, crate::ui::html::LOADING)
    }

    /// The form with `stored` settings; `null` for none.
    pub(in crate::ui) fn html(&self, stored: &Value, is_read_only: bool) -> String {
        let id = self.id;
        let inputs = inputs_of(self.fields, stored);
        let fields = (0..).zip(self.fields.iter().zip(&inputs));
        let fields: String = fields
            .map(|(place, (field, input))| field_html(&self.field_id(place), place, field, input))
            .collect();
        let disabled = if is_read_only { " disabled" } else { "" };
        let test = match self.test {
            Some(FormTest::Typed) => test_html(forms::TEST_CONNECTION),
            Some(FormTest::Stored) if self.is_stored => test_html(forms::SEND_TEST),
            _ => String::new(),
        };
        let removal =
            if self.removal.is_some() && self.is_stored { removal_html(id, None) } else { String::new() };
        let action = self.action;
        format!(
            r#"<form id="{id}" class="form" novalidate><fieldset{disabled}>{fields}<div class="actions">
<button type="submit" id="{id}-save" data-act="save">{action}</button>{test}<span id="{id}-removal">{removal}</span></div></fieldset>
<p role="status" class="done" id="{id}-said"></p><p role="alert" class="failure" id="{id}-failure"></p></form>"#
        )
    }
}

fn test_html(name: &str) -> String {
    format!(r#"<button type="button" class="quiet" data-act="test">{name}</button>"#)
}

/// The button that removes; with a question, what is asked before it does.
pub(in crate::ui) fn removal_html(id: &str, question: Option<&str>) -> String {
    match question {
        None => format!(
            r#"<button type="button" class="quiet" id="{id}-ask" data-act="ask">{}</button>"#,
            forms::ASK_REMOVAL
        ),
        Some(question) => format!(
            r#"<span class="question" role="group" aria-labelledby="{id}-question"><span id="{id}-question">{question}</span>
<button type="button" class="danger" data-act="remove">{}</button>
<button type="button" class="quiet" id="{id}-spare" data-act="spare">{}</button></span>"#,
            forms::REMOVE,
            forms::SPARE
        ),
    }
}

fn field_html(id: &str, place: usize, field: &FormField, input: &FieldInput) -> String {
    let FormField { label, help, .. } = field;
    let optional = if field.required { "" } else { forms::OPTIONAL };
    let name = match field.kind {
        FieldKind::Flag(_) => String::new(),
        FieldKind::Headers | FieldKind::Patterns => {
            format!(r#"<span class="label" id="{id}-label">{label}</span>"#)
        }
        FieldKind::Choice(_) => format!(r#"<label for="{id}">{label}</label>"#),
        _ => format!(r#"<label for="{id}">{label}{optional}</label>"#),
    };
    let control = control_html(id, field, input);
    let help = if help.is_empty() {
        String::new()
    } else {
        format!(r#"<p class="help" id="{id}-help">{}</p>"#, escaped(help))
    };
    format!(
        r#"<div class="field" data-place="{place}">{name}{control}{help}<p class="field-error" id="{id}-error"></p></div>"#
    )
}

/// What every control has: its id, what describes it, and whether it is required.
fn common(id: &str, field: &FormField) -> String {
    let help = if field.help.is_empty() { String::new() } else { format!("{id}-help ") };
    let required = if field.required { r#" aria-required="true""# } else { "" };
    format!(r#"id="{id}" aria-describedby="{help}{id}-error"{required}"#)
}

fn control_html(id: &str, field: &FormField, input: &FieldInput) -> String {
    let common = common(id, field);
    match (field.kind, input) {
        (FieldKind::Text, FieldInput::Text(text)) => {
            // The line end after the tag is not part of the text.
            format!("<textarea {common} rows=\"5\" spellcheck=\"false\">\n{}</textarea>", escaped(text))
        }
        (FieldKind::Choice(choices), FieldInput::Text(text)) => {
            let option = |(value, name): &(&str, &str)| {
                let selected = if value == text { " selected" } else { "" };
                format!(r#"<option value="{value}"{selected}>{name}</option>"#)
            };
            format!("<select {common}>{}</select>", choices.iter().map(option).collect::<String>())
        }
        (kind, FieldInput::Text(text)) => {
            let mode = if matches!(kind, FieldKind::Number(_)) { "numeric" } else { "text" };
            format!(
                r#"<input {common} type="text" inputmode="{mode}" autocomplete="off" autocapitalize="off" spellcheck="false" value="{}">"#,
                escaped(text)
            )
        }
        (_, FieldInput::Flag(flag)) => {
            let checked = if *flag { " checked" } else { "" };
            format!(
                r#"<span class="flag"><input {common} type="checkbox"{checked}><label for="{id}">{}</label></span>"#,
                field.label
            )
        }
        (_, FieldInput::Secret { stored, change }) => {
            let secret = secret_html(id, field, *stored, change);
            format!(r#"<span class="stored" id="{id}-secret" data-stored="{stored}">{secret}</span>"#)
        }
        (kind, FieldInput::Rows(rows)) => {
            let add = row_texts(kind).add;
            let all: String = (1..).zip(rows).map(|(number, row)| row_html(kind, number, row)).collect();
            format!(
                r#"<div {common} class="rows" role="group" tabindex="-1" aria-labelledby="{id}-label"><div class="rows" id="{id}-rows">{all}</div>
<button type="button" class="quiet" data-act="add-row">{add}</button></div>"#
            )
        }
    }
}

/// A secret: that one is stored, or the field for another one.
pub(in crate::ui) fn secret_html(id: &str, field: &FormField, stored: bool, change: &SecretChange) -> String {
    let label = field.label;
    let button = |id: &str, does: &str, name: &str| {
        format!(
            r#"<button type="button" class="quiet"{id} data-act="{does}" aria-label="{name}: {label}">{name}</button>"#
        )
    };
    let with_id = format!(r#" id="{id}""#);
    match change {
        SecretChange::Keep if stored => {
            let remove =
                if field.required { String::new() } else { button("", "remove-secret", forms::REMOVE) };
            format!(
                "<span>{}</span>{}{remove}",
                forms::STORED,
                button(&with_id, "replace-secret", forms::REPLACE)
            )
        }
        SecretChange::Remove => {
            format!(
                "<span>{}</span>{}",
                forms::WILL_BE_REMOVED,
                button(&with_id, "keep-secret", forms::KEEP_IT)
            )
        }
        SecretChange::Keep | SecretChange::Replace(_) => {
            let keep = if stored { button("", "keep-secret", forms::KEEP_STORED) } else { String::new() };
            format!(r#"<input {} type="password" autocomplete="new-password">{keep}"#, common(id, field))
        }
    }
}

const fn row_texts(kind: FieldKind) -> RowTexts {
    if matches!(kind, FieldKind::Headers) { forms::HEADER_ROWS } else { forms::CATEGORY_ROWS }
}

/// A row; the number names it for those who do not see its place.
pub(in crate::ui) fn row_html(kind: FieldKind, number: usize, row: &RowInput) -> String {
    let [of_name, of_value, of_removal] = forms::row_names(row_texts(kind), number);
    let remove = forms::REMOVE;
    let RowInput { name, value, stored } = row;
    let value = if kind == FieldKind::Headers {
        let placeholder =
            if *stored { [r#" placeholder=""#, forms::STORED_VALUE, r#"""#].concat() } else { String::new() };
        format!(r#"<input type="password" autocomplete="new-password" aria-label="{of_value}"{placeholder}>"#)
    } else {
        format!(
            "<textarea rows=\"3\" spellcheck=\"false\" aria-label=\"{of_value}\">\n{}</textarea>",
            escaped(value)
        )
    };
    format!(
        r#"<div class="row-input" data-stored="{stored}"><input type="text" autocomplete="off" spellcheck="false" aria-label="{of_name}" value="{}">
{value}<button type="button" class="quiet" data-act="remove-row" aria-label="{of_removal}">{remove}</button></div>"#,
        escaped(name)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ui::texts::form_fields::{CATEGORIES, DESTINATIONS, PROMETHEUS};

    fn plan(fields: &'static [FormField]) -> FormPlan {
        FormPlan { removal: Some("All is lost."), ..FormPlan::new("f", fields, String::new()) }
    }

    #[test]
    fn what_is_stored_is_text_and_a_secret_is_only_named() {
        let stored = json!({
            "url": "http://p/\"><b>", "basic_auth": {"user": "<me>", "password_set": true},
            "custom_headers": [{"name": "X-<", "value_set": true}],
        });
        let html = plan(PROMETHEUS).html(&stored, false);
        assert!(
            html.contains("value=\"http://p/&quot;&gt;&lt;b&gt;\"") && html.contains("&lt;me&gt;"),
            "{html}"
        );
        assert!(html.contains("<span>Stored</span>") && html.contains("placeholder=\"stored\""), "{html}");
        assert!(!html.contains("<b>") && !html.contains("X-<"), "{html}");
    }

    #[test]
    fn every_control_has_a_name_and_what_is_said_about_it() {
        let all = DESTINATIONS.iter().map(|destination| destination.fields).chain([PROMETHEUS, CATEGORIES]);
        for fields in all {
            let plan = plan(fields);
            let html = plan.html(&Value::Null, false);
            for (place, field) in fields.iter().enumerate() {
                let id = plan.field_id(place);
                let is_named = html.contains(&format!("<label for=\"{id}\">"))
                    || html.contains(&format!("aria-labelledby=\"{id}-label\""));
                assert!(is_named, "{}", field.name);
                assert_eq!(html.matches(&format!("id=\"{id}\"")).count(), 1, "{}", field.name);
                assert!(html.contains(&format!("id=\"{id}-error\"")), "{}", field.name);
                assert_eq!(html.contains(&format!("id=\"{id}-help\"")), !field.help.is_empty());
            }
        }
    }

    #[test]
    fn what_there_is_not_cannot_be_removed_and_read_only_forms_are_disabled() {
        let stored = plan(PROMETHEUS);
        let new = FormPlan { is_stored: false, ..stored.clone() };
        assert!(stored.html(&Value::Null, false).contains("data-act=\"ask\""));
        assert!(!new.html(&Value::Null, false).contains("data-act=\"ask\""));
        assert!(new.html(&Value::Null, true).contains("<fieldset disabled>"));
    }

    #[test]
    fn a_required_secret_is_replaced_and_not_removed() {
        for destination in &DESTINATIONS {
            let Some(field) = destination.fields.iter().find(|field| field.kind == FieldKind::Secret) else {
                panic!("{} has a secret", destination.title)
            };
            let html = secret_html("s", field, true, &SecretChange::Keep);
            assert!(
                html.contains("replace-secret") && html.contains("remove-secret") != field.required,
                "{html}"
            );
            let html = secret_html("s", field, true, &SecretChange::Replace(String::new()));
            assert!(html.contains("type=\"password\"") && html.contains("keep-secret"), "{html}");
        }
    }
}
