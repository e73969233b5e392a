//! Converts between the JSON of settings and what is in the fields of a form.

use serde_json::{Map, Value};

use crate::ui::texts::{
    form_fields::{FieldKind, FormField},
    forms,
};

/// The object that is left out if it has neither a user nor a password, because `null` means none.
const OPTIONAL_LOGIN: &str = "basic_auth";

/// What is in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) enum FieldInput {
    Text(String),
    Flag(bool),
    Secret {
        /// Whether one is stored.
        stored: bool,
        change: SecretChange,
    },
    Rows(Vec<RowInput>),
}

/// What becomes of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) enum SecretChange {
    /// It stays.
    Keep,
    /// It is replaced by what was typed.
    Replace(String),
    /// It goes.
    Remove,
}

/// A row of a field with rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct RowInput {
    pub(in crate::ui) name: String,
    pub(in crate::ui) value: String,
    /// Whether a secret value is stored for it.
    pub(in crate::ui) stored: bool,
}

/// What is wrong with a field, by its place.
pub(in crate::ui) type FieldError = (usize, String);

/// What is in the fields for `stored` settings; `null` for settings that there are not yet.
pub(in crate::ui) fn inputs_of(fields: &[FormField], stored: &Value) -> Vec<FieldInput> {
    fields.iter().map(|field| input_of(field, stored)).collect()
}

fn input_of(field: &FormField, stored: &Value) -> FieldInput {
    let value = member(stored, field.name);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match field.kind {
        FieldKind::Line | FieldKind::Text => FieldInput::Text(text(value)),
        FieldKind::Number(default) => FieldInput::Text(value.as_u64().unwrap_or(default.into()).to_string()),
        FieldKind::Flag(default) => FieldInput::Flag(value.as_bool().unwrap_or(default)),
        FieldKind::Choice(choices) => FieldInput::Text(match value.as_str() {
            Some(chosen) => chosen.to_owned(),
            None => choices.first().map_or("", |(value, _)| value).to_owned(),
        }),
        FieldKind::Secret => {
            let is_stored = member(stored, &[field.name, "_set"].concat()).as_bool().unwrap_or_default();
            FieldInput::Secret { stored: is_stored, change: SecretChange::Keep }
        }
        FieldKind::Headers => {
            let header = |header: &Value| {
                (text(&header["name"]), String::new(), header["value_set"].as_bool().unwrap_or_default())
            };
            rows(value.as_array().into_iter().flatten().map(header))
        }
        FieldKind::Patterns => {
            let lines = |patterns: &Value| {
                let patterns = patterns.as_array().into_iter().flatten();
                patterns.filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
            };
            rows(value.as_object().into_iter().flatten().map(|(name, of)| (name.clone(), lines(of), false)))
        }
    }
}

fn rows(found: impl Iterator<Item = (String, String, bool)>) -> FieldInput {
    FieldInput::Rows(found.map(|(name, value, stored)| RowInput { name, value, stored }).collect())
}

/// The value at a path with dots; `null` if it is not there.
fn member<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, name| &value[name])
}

/// The request that sets what is in the fields.
///
/// # Errors
/// What is wrong, in the order of the fields.
pub(in crate::ui) fn request_of(
    fields: &[FormField],
    inputs: &[FieldInput],
) -> Result<Map<String, Value>, Vec<FieldError>> {
    let mut request = Map::new();
    let mut errors = Vec::new();
    for (place, (field, input)) in fields.iter().zip(inputs).enumerate() {
        match value_of(field, input) {
            Ok(Some(value)) => put(&mut request, field.name, value),
            Ok(None) => {}
            Err(error) => errors.push((place, error)),
        }
    }
    if request.get(OPTIONAL_LOGIN).is_some_and(is_no_login) && !keeps_password(fields, inputs) {
        request.remove(OPTIONAL_LOGIN);
    }
    if errors.is_empty() { Ok(request) } else { Err(errors) }
}

fn is_no_login(login: &Value) -> bool {
    ["user", "password"].iter().all(|name| login[*name].as_str().is_none_or(str::is_empty))
}

/// Whether a password of the login is stored and stays.
fn keeps_password(fields: &[FormField], inputs: &[FieldInput]) -> bool {
    fields.iter().zip(inputs).any(|(field, input)| {
        field.name.starts_with(OPTIONAL_LOGIN)
            && matches!(input, FieldInput::Secret { stored: true, change: SecretChange::Keep })
    })
}

fn put(request: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(request.insert(path.to_owned(), value)),
        Some((object, name)) => {
            let object = request.entry(object).or_insert_with(|| Value::Object(Map::new()));
            object[name] = value;
        }
    }
}

/// The value of a member; `None` for a secret that stays.
fn value_of(field: &FormField, input: &FieldInput) -> Result<Option<Value>, String> {
    let missing = || Err(forms::is_missing(field.label));
    match input {
        FieldInput::Text(text) if field.required && text.trim().is_empty() => missing(),
        FieldInput::Text(text) => match field.kind {
            FieldKind::Number(_) => match text.trim().parse::<u32>() {
                Ok(number) => Ok(Some(number.into())),
                Err(_) => Err(forms::must_be_whole(field.label)),
            },
            FieldKind::Text => Ok(Some(text.as_str().into())),
            _ => Ok(Some(text.trim().into())),
        },
        FieldInput::Flag(flag) => Ok(Some((*flag).into())),
        FieldInput::Secret { stored, change } => match change {
            SecretChange::Keep if field.required && !stored => missing(),
            SecretChange::Keep => Ok(None),
            SecretChange::Replace(text) if text.is_empty() && *stored => Err(forms::NEW_OR_STORED.to_owned()),
            SecretChange::Replace(text) if text.is_empty() && field.required => missing(),
            SecretChange::Replace(text) if text.is_empty() => Ok(None),
            SecretChange::Replace(text) => Ok(Some(text.as_str().into())),
            SecretChange::Remove => Ok(Some("".into())),
        },
        FieldInput::Rows(rows) => rows_value(field.kind, rows).map(Some),
    }
}

fn rows_value(kind: FieldKind, rows: &[RowInput]) -> Result<Value, String> {
    if kind == FieldKind::Headers {
        let is_named = rows.iter().all(|row| !row.name.trim().is_empty());
        return if is_named {
            Ok(rows.iter().map(header).collect())
        } else {
            Err(forms::HEADER_NEEDS.to_owned())
        };
    }
    let mut by_name = Map::new();
    for row in rows {
        let patterns: Vec<&str> = row.value.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let name = row.name.trim();
        if name.is_empty() || patterns.is_empty() {
            return Err(forms::CATEGORY_NEEDS.to_owned());
        }
        if by_name.insert(name.to_owned(), patterns.into()).is_some() {
            return Err(forms::category_twice(name));
        }
    }
    Ok(by_name.into())
}

/// A header; one whose value was not typed keeps the stored one.
fn header(row: &RowInput) -> Value {
    let mut header = Map::new();
    header.insert("name".to_owned(), row.name.trim().into());
    if !row.value.is_empty() {
        header.insert("value".to_owned(), row.value.as_str().into());
    }
    header.into()
}

/// The place of the field for a member that the server names, such as `custom_headers[1].name`.
pub(in crate::ui) fn place_of(fields: &[FormField], member: &str) -> Option<usize> {
    let exact = fields.iter().position(|field| field.name == member);
    exact.or_else(|| {
        let first = |name: &str| name.split(['.', '[']).next().unwrap_or_default().to_owned();
        fields.iter().position(|field| first(field.name) == first(member))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ui::texts::form_fields::{CATEGORIES, CLICKHOUSE, NEW_PROJECT, PROMETHEUS};

    fn place(name: &str) -> usize {
        PROMETHEUS.iter().position(|field| field.name == name).unwrap()
    }

    fn stored() -> Value {
        json!({
            "url": "http://p/", "refresh_interval_s": 15, "tls_skip_verify": true, "extra_selector": "",
            "basic_auth": {"user": "me", "password_set": true},
            "custom_headers": [{"name": "X-Token", "value_set": true}],
        })
    }

    #[test]
    fn what_was_not_changed_is_sent_without_its_secrets() {
        let inputs = inputs_of(PROMETHEUS, &stored());
        let expected = json!({
            "url": "http://p/", "refresh_interval_s": 15, "tls_skip_verify": true, "extra_selector": "",
            "basic_auth": {"user": "me"}, "custom_headers": [{"name": "X-Token"}],
        });
        assert_eq!(Value::Object(request_of(PROMETHEUS, &inputs).unwrap()), expected);
    }

    #[test]
    fn a_secret_is_replaced_removed_or_kept() {
        let password = place("basic_auth.password");
        let sent = |change| {
            let mut inputs = inputs_of(PROMETHEUS, &stored());
            inputs[password] = FieldInput::Secret { stored: true, change };
            request_of(PROMETHEUS, &inputs).map(|request| request["basic_auth"]["password"].clone())
        };
        assert_eq!(sent(SecretChange::Replace("new".to_owned())), Ok(json!("new")));
        assert_eq!(sent(SecretChange::Remove), Ok(json!("")));
        assert_eq!(sent(SecretChange::Keep), Ok(Value::Null));
        assert_eq!(sent(SecretChange::Replace(String::new())).unwrap_err()[0].0, password);
    }

    #[test]
    fn a_login_without_name_and_password_is_none() {
        let new = inputs_of(PROMETHEUS, &json!({"url": "http://p/"}));
        assert!(!request_of(PROMETHEUS, &new).unwrap().contains_key("basic_auth"));
        let mut removed = inputs_of(PROMETHEUS, &stored());
        removed[place("basic_auth.user")] = FieldInput::Text(String::new());
        assert!(request_of(PROMETHEUS, &removed).unwrap().contains_key("basic_auth"));
        removed[place("basic_auth.password")] =
            FieldInput::Secret { stored: true, change: SecretChange::Remove };
        assert!(!request_of(PROMETHEUS, &removed).unwrap().contains_key("basic_auth"));
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_its_field() {
        let mut inputs = inputs_of(PROMETHEUS, &Value::Null);
        inputs[place("refresh_interval_s")] = FieldInput::Text("often".to_owned());
        let errors = request_of(PROMETHEUS, &inputs).unwrap_err();
        let expected = [
            (place("url"), "Address of Prometheus is missing.".to_owned()),
            (place("refresh_interval_s"), "Refresh interval, in seconds must be a whole number.".to_owned()),
        ];
        assert_eq!(errors, expected);
    }

    #[test]
    fn categories_are_rows_of_a_name_and_patterns() {
        let stored = json!({"categories": {"mine": ["shop/*", "bank/x"]}});
        let mut inputs = inputs_of(CATEGORIES, &stored);
        assert_eq!(Value::Object(request_of(CATEGORIES, &inputs).unwrap()), stored);
        let row = |name: &str, value: &str| RowInput {
            name: name.to_owned(),
            value: value.to_owned(),
            stored: false,
        };
        inputs[0] = FieldInput::Rows(vec![row("mine", " a/* \n\n")]);
        assert_eq!(
            Value::Object(request_of(CATEGORIES, &inputs).unwrap()),
            json!({"categories": {"mine": ["a/*"]}})
        );
        // A row is not left out in silence.
        for rows in
            [vec![row("mine", "")], vec![row("a", "x"), row("a", "y")], vec![row("a", "x"), row("", "")]]
        {
            inputs[0] = FieldInput::Rows(rows);
            assert_eq!(request_of(CATEGORIES, &inputs).unwrap_err()[0].0, 0);
        }
    }

    #[test]
    fn a_new_form_has_the_defaults() {
        let request = request_of(CLICKHOUSE, &inputs_of(CLICKHOUSE, &json!({"addr": "c:9000"}))).unwrap();
        assert_eq!((&request["protocol"], &request["tls_enable"]), (&json!("native"), &json!(false)));
        let prometheus = inputs_of(NEW_PROJECT, &Value::Null);
        assert!(prometheus.contains(&FieldInput::Text("30".to_owned())));
    }

    #[test]
    fn a_member_that_the_server_names_is_found_among_the_fields() {
        for (member, name) in [
            ("url", Some("url")),
            ("custom_headers[1].name", Some("custom_headers")),
            ("basic_auth.password", Some("basic_auth.password")),
            ("basic_auth", Some("basic_auth.user")),
            ("other", None),
        ] {
            assert_eq!(place_of(PROMETHEUS, member).map(|place| PROMETHEUS[place].name), name, "{member}");
        }
    }
}
