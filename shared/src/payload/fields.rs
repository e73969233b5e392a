//! Lists the payload's fields with their explanations, taken from the doc comments of this crate.

use documented::DocumentedFields;

use super::{
    ConstructorPerformance, InfraSection, InspectionOverrides, InstanceSection, IntegrationSection, Payload,
    PerformanceSection, ProfileSection, QueryPerformance, StackSection, UxSection,
};

/// One field of the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadField {
    /// Its path: member names joined by dots, `*` for the keys of a map (`performance.constructor.stages`).
    pub path: String,
    /// Its explanation: what it counts, since when, from where, in which unit, and when it is missing.
    pub explanation: String,
}

/// All fields with a value, in the order of the payload; sections and other objects are left out.
#[must_use]
pub fn fields() -> Vec<PayloadField> {
    let mut fields = Vec::new();
    let mut add = |path: &str, names: &[&str], docs: &[&str]| {
        fields.extend(names.iter().zip(docs).map(|(name, docs)| PayloadField {
            path: format!("{path}.{name}"),
            explanation: docs.split_whitespace().collect::<Vec<_>>().join(" "),
        }));
    };
    macro_rules! section {
        ($($path:literal: $section:ty),* $(,)?) => {
            $(add($path, <$section>::FIELD_NAMES, <$section>::FIELD_DOCS);)*
        };
    }
    section! {
        "instance": InstanceSection,
        "integration": IntegrationSection,
        "integration.inspection_overrides.*": InspectionOverrides,
        "stack": StackSection,
        "infra": InfraSection,
        "ux": UxSection,
        "performance.constructor": ConstructorPerformance,
        "performance.constructor.queries.*": QueryPerformance,
        "performance": PerformanceSection,
        "profile": ProfileSection,
    }
    fields.retain(|field| field.path != "performance.constructor");
    fields
}

/// The names and explanations of the sections, in the order of the payload.
#[must_use]
pub fn sections() -> Vec<(&'static str, &'static str)> {
    Payload::FIELD_NAMES.iter().zip(Payload::FIELD_DOCS).map(|(name, docs)| (*name, docs.trim())).collect()
}

/// All fields and their explanations as a table in Markdown, for `docs/payload.md`.
#[must_use]
pub fn markdown_table() -> String {
    let rows = fields().into_iter().map(|field| format!("| `{}` | {} |\n", field.path, field.explanation));
    ["| field | what it says |\n|---|---|\n".to_owned()].into_iter().chain(rows).collect()
}
