//! Parses and renders the operator's templates for webhooks.
//!
//! Coroot's templates are Go's (`text/template`). This is the subset that Coroot's documentation shows: the
//! fields of an incident, `json`, `if` with `eq` and `ne`, `range .Reports`, comments, and `{{-` with `-}}`.
//! Anything else is refused when a template is parsed, so that no template fails when it is needed. As in Go,
//! values are inserted without escaping; only `json` writes JSON.

mod lines;
mod parse;
mod pieces;

use serde::Serialize;
use thiserror::Error;

use self::lines::with_line_ends_in_texts;
use super::ReportDetails;

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTemplate(Vec<TemplateNode>);

/// Why a template is refused. Quotes no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("line {line}: {why}")]
pub struct TemplateError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub why: &'static str,
}

/// The values of a template. As JSON they have the members of Coroot's `{{ json . }}`, and `incident`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TemplateValues<'n> {
    /// `OK`, `WARNING` or `CRITICAL`.
    pub(super) status: &'static str,
    /// The application, `namespace:kind:name`.
    #[serde(serialize_with = "as_text")]
    pub(super) application: &'n headcount_topology::application_key::ApplicationKey,
    /// The checks that fired.
    pub(super) reports: &'n [ReportDetails],
    /// The page about the application; empty if the address of the web interface is not configured.
    pub(super) url: String,
    /// The key of the incident, which is the same for all its notifications.
    pub(super) incident: &'n str,
}

impl TemplateValues<'_> {
    /// All values as JSON.
    pub(super) fn json(&self) -> String {
        // Texts and lists of texts always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn as_text<S: serde::Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplateNode {
    Text(String),
    Print(TemplateOperand),
    Json(JsonSubject),
    /// The first branch whose condition is true; a branch without a condition is the `else`.
    If(Vec<(Option<BranchCondition>, Vec<TemplateNode>)>),
    /// The nodes that are rendered for each report.
    Range(Vec<TemplateNode>),
}

/// An expression with a text value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplateOperand {
    Field(TemplateField),
    Literal(String),
}

/// A text field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TemplateField {
    Status,
    Application,
    Namespace,
    Kind,
    Name,
    Url,
    ReportName,
    ReportCheck,
    ReportMessage,
}

/// The argument of `json`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum JsonSubject {
    Everything,
    Reports,
    Report,
    Text(TemplateOperand),
}

/// The condition of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
enum BranchCondition {
    /// The text is not empty.
    Text(TemplateOperand),
    /// There is at least one report.
    Reports,
    /// The first text equals one of the others; with `false`, none of them.
    OneOf(TemplateOperand, Vec<TemplateOperand>, bool),
}

impl MessageTemplate {
    /// Parses a template.
    ///
    /// # Errors
    /// The text is not a template, or uses more than the supported subset.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        parse::parse(text).map(Self)
    }

    /// The output for these values. If it would be JSON but for line ends in its texts, those are escaped:
    /// Coroot's documented templates have them.
    pub(super) fn render(&self, values: &TemplateValues<'_>) -> String {
        let mut out = String::new();
        render(&self.0, values, None, &mut out);
        with_line_ends_in_texts(out)
    }
}

/// `report` is the current element of a `range`.
fn render(
    nodes: &[TemplateNode],
    values: &TemplateValues<'_>,
    report: Option<&ReportDetails>,
    out: &mut String,
) {
    for node in nodes {
        match node {
            TemplateNode::Text(text) => out.push_str(text),
            TemplateNode::Print(operand) => out.push_str(&operand.text(values, report)),
            TemplateNode::Json(subject) => out.push_str(&subject.json(values, report)),
            TemplateNode::If(branches) => {
                let holds = |condition: &Option<BranchCondition>| {
                    condition.as_ref().is_none_or(|condition| condition.holds(values, report))
                };
                if let Some((_, nodes)) = branches.iter().find(|(condition, _)| holds(condition)) {
                    render(nodes, values, report, out);
                }
            }
            TemplateNode::Range(nodes) => {
                for report in values.reports {
                    render(nodes, values, Some(report), out);
                }
            }
        }
    }
}

impl TemplateOperand {
    fn text(&self, values: &TemplateValues<'_>, report: Option<&ReportDetails>) -> String {
        let of_report = |text: fn(&ReportDetails) -> &String| report.map(text).cloned().unwrap_or_default();
        match self {
            Self::Literal(text) => text.clone(),
            Self::Field(field) => match field {
                TemplateField::Status => values.status.to_owned(),
                TemplateField::Application => values.application.to_string(),
                TemplateField::Namespace => values.application.namespace.clone(),
                TemplateField::Kind => values.application.kind.clone(),
                TemplateField::Name => values.application.name.clone(),
                TemplateField::Url => values.url.clone(),
                TemplateField::ReportName => of_report(|report| &report.name),
                TemplateField::ReportCheck => of_report(|report| &report.check),
                TemplateField::ReportMessage => of_report(|report| &report.message),
            },
        }
    }
}

impl JsonSubject {
    fn json(&self, values: &TemplateValues<'_>, report: Option<&ReportDetails>) -> String {
        let json = match self {
            Self::Everything => return values.json(),
            Self::Reports => serde_json::to_string(values.reports),
            Self::Report => serde_json::to_string(&report),
            Self::Text(operand) => serde_json::to_string(&operand.text(values, report)),
        };
        json.unwrap_or_default()
    }
}

impl BranchCondition {
    fn holds(&self, values: &TemplateValues<'_>, report: Option<&ReportDetails>) -> bool {
        match self {
            Self::Text(operand) => !operand.text(values, report).is_empty(),
            Self::Reports => !values.reports.is_empty(),
            Self::OneOf(operand, others, expected) => {
                let text = operand.text(values, report);
                others.iter().any(|other| other.text(values, report) == text) == *expected
            }
        }
    }
}

#[cfg(test)]
mod tests;
