//! Writes reports and their differences as HTML, for elements whose content is replaced as a whole: that weighs a
//! fifth of the same as components.

use crate::ui::{
    html::{coarse_moment, push, push_text, table_head},
    report_diff::{ReportDifferences, ValueDifference},
    report_rows::{FieldRow, ReportSection, ShownValue},
    texts::{
        format::{self, TextPiece},
        statistics,
    },
};

/// The sections of a report without their values, which [`value_html`] has. Those whose names `is_open` accepts are
/// open. The values of a report are in elements with the ids `<id>-<number>`, in order.
pub(super) fn sections_html(id: &str, sections: &[ReportSection], is_open: &dyn Fn(&str) -> bool) -> String {
    let mut html = String::new();
    let mut number = 0;
    for ReportSection { name, explanation, rows } in sections {
        let open = if is_open(name) { " open" } else { "" };
        push(&mut html, &["<details class=\"section\"", open, " data-section=\""]);
        push_text(&mut html, name);
        push(&mut html, &["\"><summary><code>"]);
        push_text(&mut html, name);
        let fields = statistics::fields(rows.len());
        push(&mut html, &["</code><span class=\"note\">", &fields, "</span><span class=\"explanation\">"]);
        push_text(&mut html, explanation);
        push(&mut html, &["</span></summary><dl class=\"rows\">"]);
        for row in rows {
            push_row(&mut html, &value_id(id, number), row);
            number += 1;
        }
        push(&mut html, &["</dl></details>"]);
    }
    html
}

/// The id of the element with a value.
pub(super) fn value_id(id: &str, number: usize) -> String {
    [id, "-", &number.to_string()].concat()
}

fn push_row(html: &mut String, id: &str, row: &FieldRow) {
    push(html, &["<div class=\"row\"><dt><code>"]);
    push_text(html, &row.path);
    push(html, &["</code></dt><dd class=\"value\" id=\"", id, "\"></dd><dd class=\"explanation\">"]);
    push_explained(html, &row.explanation);
    if !row.members.is_empty() {
        push(html, &["<ul>"]);
        for (name, explanation) in &row.members {
            push(html, &["<li><code>"]);
            push_text(html, name);
            push(html, &["</code>: "]);
            push_explained(html, explanation);
            push(html, &["</li>"]);
        }
        push(html, &["</ul>"]);
    }
    push(html, &["</dd></div>"]);
}

/// An explanation with code and links.
fn push_explained(html: &mut String, text: &str) {
    for piece in format::pieces(text) {
        match piece {
            TextPiece::Words(words) => push_text(html, &words),
            TextPiece::Code(code) => push_code(html, &code),
            TextPiece::Address(address) => {
                push(html, &["<a rel=\"noreferrer\" href=\""]);
                push_text(html, &address);
                push(html, &["\">"]);
                push_text(html, &address);
                push(html, &["</a>"]);
            }
        }
    }
}

/// A value, at `now` in Unix seconds. A profile has a button with its path in `data-act`.
pub(super) fn value_html(path: &str, value: &ShownValue, now: u64) -> String {
    let mut html = String::new();
    match value {
        ShownValue::Absent => push_note(&mut html, statistics::NOT_IN_REPORT),
        ShownValue::Line { exact, in_units } => {
            push_code(&mut html, exact);
            if let Some(said) = in_units {
                push_note(&mut html, said);
            }
        }
        ShownValue::Moment(seconds) => {
            push_code(&mut html, &seconds.to_string());
            push(&mut html, &["<span class=\"note\">", &coarse_moment(*seconds, now), "</span>"]);
        }
        ShownValue::Block { summary, json } => {
            push_note(&mut html, summary);
            push(&mut html, &["<pre tabindex=\"0\">"]);
            push_text(&mut html, json);
            push(&mut html, &["</pre>"]);
        }
        ShownValue::Profile { summary, file } => {
            push_text(&mut html, summary);
            if !file.is_empty() {
                push(&mut html, &["<button type=\"button\" class=\"quiet\" data-act=\""]);
                push_text(&mut html, path);
                push(&mut html, &["\">", statistics::SAVE_PROFILE, "</button>"]);
            }
        }
    }
    html
}

/// Sections of measurements, which always differ: their differences are folded at first.
const MEASURED: [&str; 2] = ["performance", "profile"];

/// How two reports differ: how many values, and for each section a table of those that are named.
pub(super) fn differences_html(differences: &ReportDifferences) -> String {
    let mut html = String::new();
    let ReportDifferences { named, unnamed, same } = differences;
    let said = statistics::differences(named.len() + unnamed, *same, *unnamed);
    push(&mut html, &["<p>", &said, "</p>"]);
    let section_of = |difference: &ValueDifference| difference.path.split('.').next().map(str::to_owned);
    for differing in named.chunk_by(|one, other| section_of(one) == section_of(other)) {
        let section = differing.first().and_then(section_of).unwrap_or_default();
        let open = if MEASURED.contains(&section.as_str()) { "" } else { " open" };
        push(&mut html, &["<details class=\"section\" id=\"differences-"]);
        push_text(&mut html, &section);
        push(&mut html, &["\"", open, "><summary><code>"]);
        push_text(&mut html, &section);
        let count = statistics::values_differ(differing.len());
        push(&mut html, &["</code><span class=\"note\">", &count, "</span></summary>"]);
        push_differing(&mut html, &section, differing);
        push(&mut html, &["</details>"]);
    }
    html
}

/// The table of the values of a section that differ.
fn push_differing(html: &mut String, section: &str, differing: &[ValueDifference]) {
    push(html, &["<div class=\"scroll texts\" tabindex=\"0\" role=\"group\" aria-label=\""]);
    push_text(html, &statistics::differing_values_of(section));
    let head = table_head(statistics::DIFFERING_VALUES, &statistics::DIFFERENCE_COLUMNS);
    push(html, &["\"><table>", &head, "<tbody>"]);
    for ValueDifference { path, before, now } in differing {
        push(html, &["<tr><th scope=\"row\">"]);
        push_code(html, path);
        push(html, &["</th>"]);
        for side in [before, now] {
            push(html, &["<td>"]);
            match side {
                Some(text) => push_code(html, text),
                None => push_note(html, statistics::NOT_THERE),
            }
            push(html, &["</td>"]);
        }
        push(html, &["</tr>"]);
    }
    push(html, &["</tbody></table></div>"]);
}

fn push_code(html: &mut String, text: &str) {
    push(html, &["<code>"]);
    push_text(html, text);
    push(html, &["</code>"]);
}

fn push_note(html: &mut String, text: &str) {
    push(html, &["<span class=\"note\">"]);
    push_text(html, text);
    push(html, &["</span>"]);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ui::report_rows::fold;

    #[test]
    fn whatever_a_report_says_stays_text() {
        let report = json!({"<b>": {"&": "\"><script>"}, "instance": {"version": "<i>"}});
        let sections = fold(&report);
        let html = sections_html("a", &sections, &|_| false);
        let values = sections.iter().flat_map(|section| &section.rows);
        let values: String = values.map(|row| value_html(&row.path, &row.value, 0)).collect();
        for text in [html, values] {
            for other in ["<b>", "<i>", "<script>", "style="] {
                assert!(!text.contains(other), "{other}: {text}");
            }
        }
    }

    #[test]
    fn every_value_has_its_own_element_and_open_sections_stay_open() {
        let sections = fold(&json!({}));
        let rows: usize = sections.iter().map(|section| section.rows.len()).sum();
        let html = sections_html("next", &sections, &|name| name == "ux");
        assert_eq!(html.matches("class=\"value\"").count(), rows);
        for number in 0..rows {
            let id = value_id("next", number);
            assert_eq!(html.matches(&["id=\"", &id, "\""].concat()).count(), 1, "{id}");
        }
        assert!(html.contains("<details class=\"section\" open data-section=\"ux\">"), "{html}");
        assert_eq!(html.matches(" open ").count(), 1);
        assert!(html.contains("<a rel=\"noreferrer\" href=\"https://vuetifyjs.com/"), "{html}");
    }

    #[test]
    fn a_value_is_written_by_what_it_is() {
        let in_units = Some("12.2 MiB".to_owned());
        let cases = [
            (ShownValue::Absent, "<span class=\"note\">not in this report</span>"),
            (
                ShownValue::Line { exact: "1".to_owned(), in_units },
                "<code>1</code><span class=\"note\">12.2 MiB</span>",
            ),
            (
                ShownValue::Moment(1_678_113_877),
                "<code>1678113877</code><span class=\"note\">5 min ago \
                 <time class=\"exact\" datetime=\"2023-03-06T14:44:37Z\">6 Mar 2023, 14:44:37 UTC</time></span>",
            ),
            (
                ShownValue::Profile { summary: "1 B".to_owned(), file: vec![7] },
                "1 B<button type=\"button\" class=\"quiet\" data-act=\"profile.cpu\">Save the profile</button>",
            ),
            (ShownValue::Profile { summary: "none".to_owned(), file: vec![] }, "none"),
        ];
        for (value, html) in cases {
            assert_eq!(value_html("profile.cpu", &value, 1_678_114_177), html);
        }
    }

    #[test]
    fn differences_of_measurements_are_folded_at_first() {
        let at = |path: &str| ValueDifference { path: path.to_owned(), before: None, now: None };
        let named =
            ["instance.version", "ux.pages./", "performance.cpu", "performance.memory"].map(at).to_vec();
        let html = differences_html(&ReportDifferences { named, unnamed: 0, same: 0 });
        for part in [
            "id=\"differences-instance\" open>",
            "id=\"differences-ux\" open>",
            "id=\"differences-performance\"><summary><code>performance</code><span class=\"note\">2 values differ",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn every_value_that_differs_is_in_a_table_below_how_many_there_are() {
        let one = ValueDifference { path: "a.<b>".to_owned(), before: None, now: Some("1".to_owned()) };
        let html = differences_html(&ReportDifferences { named: vec![one; 2], unnamed: 9, same: 5 });
        assert!(html.starts_with("<p>11 values differ, 5 are the same."), "{html}");
        assert_eq!(html.matches("<tr><th scope=\"row\"><code>a.&lt;b&gt;</code></th>").count(), 2);
        assert_eq!(
            differences_html(&ReportDifferences { named: vec![], unnamed: 0, same: 1 }),
            "<p>The two reports say the same.</p>"
        );
    }
}
