//! Reads and changes application categories and custom applications in the column `project.settings`.

use std::collections::BTreeMap;

use headcount_topology::constructor::is_pattern;
use serde_json::{Value, json};

use super::project_row::{ProjectColumn, check_name};
use crate::store::{
    SettingsStore,
    json_column::{JsonObject, object, put, texts},
    store_error::{InvalidChange, SettingsResult},
};

/// The member with the patterns of categories.
const EARLIER: &str = "application_categories";

/// The member in which later versions of Coroot store them, as `custom_patterns` of each category.
const LATER: &str = "application_category_settings";
const CUSTOM_PATTERNS: &str = "custom_patterns";

/// The longest pattern, in bytes.
const LONGEST_PATTERN: usize = 256;

/// The categories with their patterns. If a category is in both members, the later one counts.
pub(super) fn patterns(settings: &JsonObject) -> BTreeMap<String, Vec<String>> {
    let earlier = members(settings, EARLIER).filter_map(|(name, _)| {
        let list = object(settings, EARLIER)?;
        Some((name.clone(), texts(list, name)))
    });
    let later = members(settings, LATER)
        .filter_map(|(name, category)| Some((name.clone(), texts(category.as_object()?, CUSTOM_PATTERNS))))
        .filter(|(_, patterns)| !patterns.is_empty());
    earlier.chain(later).collect()
}

impl SettingsStore {
    /// Replaces all application categories of a project, with their patterns, if `check` allows it for the stored
    /// ones. Returns what is stored then.
    ///
    /// # Errors
    /// [`InvalidChange`], or a failure of the database. Nothing changed.
    pub async fn set_application_categories<C>(
        &self,
        project: &str,
        categories: &BTreeMap<String, Vec<String>>,
        check: C,
    ) -> SettingsResult<BTreeMap<String, Vec<String>>>
    where
        C: FnOnce(&BTreeMap<String, Vec<String>>) -> SettingsResult<(), InvalidChange> + Send,
    {
        self.change_column(project, ProjectColumn::Settings, |column| {
            check(&patterns(column))?;
            replace(column, categories)?;
            Ok(patterns(column))
        })
        .await
    }
}

/// Replaces all categories, in both members.
fn replace(
    settings: &mut JsonObject,
    categories: &BTreeMap<String, Vec<String>>,
) -> SettingsResult<(), InvalidChange> {
    for (name, patterns) in categories {
        check_name(name)?;
        if patterns.is_empty() || !patterns.iter().all(|pattern| can_match(pattern)) {
            return Err(InvalidChange::Pattern);
        }
    }
    put(settings, [(EARLIER, json!(categories))]);
    let Some(later) = settings.get_mut(LATER).and_then(Value::as_object_mut) else { return Ok(()) };
    for (name, category) in later.iter_mut() {
        let Some(category) = category.as_object_mut() else { continue };
        match categories.get(name) {
            Some(patterns) if category.contains_key(CUSTOM_PATTERNS) => {
                put(category, [(CUSTOM_PATTERNS, json!(patterns))]);
            }
            _ => {
                category.remove(CUSTOM_PATTERNS);
            }
        }
    }
    Ok(())
}

/// Whether a pattern can match `namespace/name`, in which a star does not match the slash.
fn can_match(pattern: &str) -> bool {
    pattern.len() <= LONGEST_PATTERN
        && pattern.matches('/').count() == 1
        && !pattern.contains(char::is_whitespace)
        && is_pattern(pattern)
}

/// Patterns of instance names, by the name of the custom application.
pub(super) fn custom_applications(settings: &JsonObject) -> BTreeMap<String, Vec<String>> {
    let patterns = |custom: &Value| {
        let Some(custom) = custom.as_object() else { return Vec::new() };
        // Earlier versions misspell the member.
        let spelled = ["instance_patterns", "instance_pattens"];
        spelled
            .iter()
            .map(|name| texts(custom, name))
            .find(|patterns| !patterns.is_empty())
            .unwrap_or_default()
    };
    members(settings, "custom_applications").map(|(name, custom)| (name.clone(), patterns(custom))).collect()
}

fn members<'d>(of: &'d JsonObject, name: &str) -> impl Iterator<Item = (&'d String, &'d Value)> {
    object(of, name).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::json_column;

    #[test]
    fn categories_are_those_with_patterns_of_the_operator_in_either_place() {
        let settings = json_column::read(Some(
            r#"{"application_categories":{"monitoring":["a/*"],"mine":["b/*"],"empty":null},
                "application_category_settings":{"mine":{"custom_patterns":["c/*"]},"control-plane":null,
                "seen":{"notify_of_deployments":true},"own":{"custom_patterns":["d/*",7]}}}"#,
        ));
        let expected =
            [("empty", None), ("mine", Some("c/*")), ("monitoring", Some("a/*")), ("own", Some("d/*"))].map(
                |(name, pattern)| (name.to_owned(), pattern.into_iter().map(ToOwned::to_owned).collect()),
            );
        assert_eq!(patterns(&settings), BTreeMap::from(expected));
        assert!(patterns(&json_column::read(Some(r#"{"application_categories":[1]}"#))).is_empty());
    }

    #[test]
    fn custom_applications_are_read_in_both_spellings() {
        let settings = json_column::read(Some(
            r#"{"custom_applications":{"shop":{"instance_pattens":["shop-*"]},"mail":{"instance_patterns":["mail-*"]},"none":null}}"#,
        ));
        let expected = [("mail", vec!["mail-*"]), ("none", vec![]), ("shop", vec!["shop-*"])]
            .map(|(name, patterns)| (name.to_owned(), patterns.into_iter().map(ToOwned::to_owned).collect()));
        assert_eq!(custom_applications(&settings), BTreeMap::from(expected));
    }
}
