//! Renders a report field by field, with what became of each since the report before.

use headcount_charts::name_text;
use headcount_shared::payload;
use maud::{Markup, html};
use serde_json::Value;

use crate::{
    report_fields::{ComparedField, FieldChange, compare_reports, exact_text, value_text},
    time_text::counted,
};

/// The most fields of a page. A report of an honest sender has some hundreds.
const SHOWN_FIELDS: usize = 2000;

/// The rows of a section that are not folded.
const SHOWN_ROWS: usize = 8;

/// The most characters of the name of a field.
const NAME_CHARACTERS: usize = 120;

/// The tables of a report, one a section. What changed is first; what did not is folded. Without a report
/// before, nothing is marked.
pub(crate) fn report_tables(report: &Value, before: Option<&Value>) -> Markup {
    let fields = compare_reports(report, before);
    let skipped = fields.len().saturating_sub(SHOWN_FIELDS);
    let shown = fields.get(..SHOWN_FIELDS).unwrap_or(&fields);
    let sections = payload::sections();
    let named: Vec<_> = sections
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| shown.iter().any(|field| section_of(field) == *name))
        .collect();
    html! {
        @if before.is_some() { p { (change_sentence(&fields)) } }
        p.choices {
            "Sections: "
            @for name in named { a href={ "#section-" (name) } { (name) } " " }
        }
        @for of_section in shown.chunk_by(|one, other| section_of(one) == section_of(other)) {
            @let name = of_section.first().map(section_of).unwrap_or_default();
            @let explained = sections.iter().find(|(section, _)| *section == name);
            (section_tables(name, explained.map(|(_, text)| *text), of_section, before.is_some()))
        }
        @if skipped > 0 { p.note { (counted(skipped as u64, "field")) " more are in the report as it was sent." } }
    }
}

fn section_of<'a>(field: &ComparedField<'a>) -> &'a str {
    field.path.first().copied().unwrap_or_default()
}

/// How much changed.
fn change_sentence(fields: &[ComparedField<'_>]) -> String {
    let count = |is_it: fn(&FieldChange<'_>) -> bool| {
        fields.iter().filter(|field| is_it(&field.change)).count() as u64
    };
    let changed = count(|change| matches!(change, FieldChange::Changed(_)));
    let new = count(|change| *change == FieldChange::New);
    let gone = count(|change| *change == FieldChange::Gone);
    match (changed, new, gone) {
        (0, 0, 0) => "It says the same as the report before.".to_owned(),
        _ => format!(
            "Since the report before, {} changed, {} appeared and {} disappeared.",
            counted(changed, "field"),
            counted(new, "field"),
            counted(gone, "field")
        ),
    }
}

fn section_tables(
    section: &str,
    explained: Option<&str>,
    fields: &[ComparedField<'_>],
    is_compared: bool,
) -> Markup {
    let title = name_text(section, NAME_CHARACTERS);
    let is_first = |field: &&ComparedField<'_>| !is_compared || field.change != FieldChange::Same;
    let (first, same): (Vec<_>, Vec<_>) = fields.iter().partition(is_first);
    let (shown, rest) = first.split_at_checked(SHOWN_ROWS).unwrap_or((first.as_slice(), &[]));
    let table = |rows: &[&ComparedField<'_>], what: &str| {
        let label = format!("{what} of {title}");
        field_table(rows, &label, is_compared)
    };
    html! {
        section.numbers.report {
            // Names of sections that nobody documented are no ids: a sender chose them.
            h3 id=[explained.map(|_| format!("section-{section}"))] { (title) }
            p.note { (explained.unwrap_or("A section that this version does not know.")) }
            @if !shown.is_empty() { (table(shown, "Fields")) }
            @if !rest.is_empty() {
                details {
                    summary { (rest.len()) " more of " (first.len()) @if is_compared { " that differ" } }
                    (table(rest, "More fields"))
                }
            }
            @if !same.is_empty() {
                details {
                    summary { (counted(same.len() as u64, "field")) " as before" }
                    (table(&same, "Unchanged fields"))
                }
            }
        }
    }
}

fn field_table(fields: &[&ComparedField<'_>], label: &str, is_compared: bool) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label=(label) {
            table {
                thead {
                    tr {
                        th scope="col" { "Field" }
                        th scope="col" { "Value" }
                        th scope="col" { "Exactly" }
                        @if is_compared { th scope="col" { "Before" } }
                    }
                }
                tbody { @for field in fields { (field_row(field, is_compared)) } }
            }
        }
    }
}

fn field_row(field: &ComparedField<'_>, is_compared: bool) -> Markup {
    let ComparedField { path, value, change } = field;
    let class = match change {
        FieldChange::Same => None,
        FieldChange::Changed(_) => Some("changed"),
        FieldChange::New => Some("new"),
        FieldChange::Gone => Some("gone"),
    };
    let inner = path.get(1..).filter(|inner| !inner.is_empty()).unwrap_or(path);
    let is_there = *change != FieldChange::Gone;
    html! {
        tr class=[class] {
            th scope="row" { (name_text(&inner.join(" › "), NAME_CHARACTERS)) }
            td { @if is_there { (value_text(path, value)) } @else { "–" } }
            td { @if is_there { (exact(path, value)) } }
            @if is_compared {
                td {
                    @match change {
                        FieldChange::Same => {}
                        FieldChange::Changed(old) => { strong { "changed" } ": was " (value_text(path, old)) " " (exact(path, old)) }
                        FieldChange::New => { strong { "new" } }
                        FieldChange::Gone => { strong { "gone" } ": was " (value_text(path, value)) " " (exact(path, value)) }
                    }
                }
            }
        }
    }
}

fn exact(path: &[&str], value: &Value) -> Markup {
    html! { @if let Some(exact) = exact_text(path, value) { code { (exact) } } }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_changed_is_marked_with_the_old_value_beside_the_new_one() {
        let before = json!({"infra": {"nodes": 3000}, "stack": {"clouds": ["aws"]}});
        let report = json!({"infra": {"nodes": 4000}, "ux": {"page_views": {"/a": 1}}});
        let text = report_tables(&report, Some(&before)).into_string();
        for said in [
            "Since the report before, 1 field changed, 1 field appeared and 1 field disappeared.",
            "<tr class=\"changed\"><th scope=\"row\">nodes</th><td>4\u{202f}000</td><td><code>4000</code></td>\
             <td><strong>changed</strong>: was 3\u{202f}000 <code>3000</code></td></tr>",
            "<tr class=\"new\"><th scope=\"row\">page_views › /a</th>",
            "<strong>gone</strong>: was aws",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        let text = report_tables(&report, Some(&report)).into_string();
        assert!(
            text.contains("It says the same as the report before.") && !text.contains("<tr class"),
            "{text}"
        );
        assert!(!report_tables(&report, None).into_string().contains("Before"));
    }

    #[test]
    fn what_changed_is_first_and_all_that_is_long_or_unchanged_is_folded() {
        let report = |value: u64| {
            let members: serde_json::Map<_, _> =
                (0..20).map(|at| (format!("f{at:02}"), json!(value))).collect();
            json!({"own": {"a": 1, "changed": members}, "ux": {"page_views": {"/a": 1}}})
        };
        let (before, report) = (report(3), report(4));
        let text = report_tables(&report, Some(&before)).into_string();
        let (_, own) = text.split_once("<h3>own</h3>").unwrap();
        let (open, folded) = own.split_once("<details>").unwrap();
        assert_eq!(open.matches("<tr class=\"changed\">").count(), SHOWN_ROWS, "{own}");
        assert!(folded.contains("<summary>12 more of 20 that differ</summary>"), "{folded}");
        assert!(folded.contains("<summary>1 field as before</summary>"), "{folded}");
        assert!(!text.split("<details>").next().unwrap().contains("page_views"), "{text}");
        assert!(text.contains("<a href=\"#section-ux\">ux</a>"), "{text}");
        let alone = report_tables(&report, None).into_string();
        assert!(alone.contains("13 more of 21<") && !alone.contains("as before"), "{alone}");
    }

    #[test]
    fn what_a_sender_wrote_stays_text() {
        let report = json!({"<b>\u{202e}": {"<i>": "<u>\u{7}"}, "top": "<s>"});
        let text = report_tables(&report, None).into_string();
        for tag in ["<b>", "<i>", "<u>", "<s>", "\u{202e}", "\u{7}"] {
            assert!(!text.contains(tag), "{tag}: {text}");
        }
        assert!(text.contains("&lt;b&gt;\u{fffd}") && text.contains("A section that this version"), "{text}");
    }

    #[test]
    fn a_report_with_too_many_fields_is_cut_and_says_so() {
        let members: serde_json::Map<_, _> =
            (0..SHOWN_FIELDS + 3).map(|at| (format!("f{at}"), json!(at))).collect();
        let text = report_tables(&json!({"own": members}), None).into_string();
        assert_eq!(text.matches("<th scope=\"row\">").count(), SHOWN_FIELDS);
        assert!(text.contains("3 fields more are in the report"), "{text}");
    }
}
