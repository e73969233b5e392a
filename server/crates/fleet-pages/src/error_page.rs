//! Renders why a page cannot be shown, with the form whose values were refused.

use std::collections::HashSet;

use headcount_charts::name_text;
use headcount_fleet::calendar_day::CalendarDay;
use maud::{Markup, html};

use crate::page_frame::{NavigationEntry, PageReader};

/// The longest sentence that is shown: it may quote a parameter.
const SENTENCE_CHARACTERS: usize = 500;

/// The fields that a form may have, with their titles. Those without a title are kept and not shown.
const FIELDS: [(&str, Option<&str>); 18] = [
    ("product", Some("Product")),
    ("from", Some("From")),
    ("to", Some("To")),
    ("version", Some("Version")),
    ("database", Some("Database")),
    ("size", Some("Nodes")),
    ("resource", Some("Resource")),
    ("measure", Some("Measure")),
    ("before", Some("Compare")),
    ("after", Some("with")),
    ("focus", Some("Focus")),
    ("function", Some("Function")),
    ("report", Some("Report")),
    ("until", Some("Reports until")),
    ("day", Some("Day")),
    ("note", Some("Note")),
    ("remove", None),
    ("confirmed", None),
];

/// How a form sends its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormMethod {
    /// In the address of a page.
    Get,
    /// In the body of a request that changes something.
    Post,
}

/// A form as somebody filled it in.
#[derive(Debug, Clone, Copy)]
pub struct EnteredForm<'a> {
    /// How its values are sent.
    pub method: FormMethod,
    /// Where they are sent to, relative to the directory of the page. It begins with `./`, so that a colon in it
    /// does not make it an address with a scheme.
    pub action: &'a str,
    /// The names and values of its fields.
    pub fields: &'a [(String, String)],
}

/// The content of the page: the sentence of the refusal, the form to be sent again, and the way to a page that
/// the reader may open.
#[must_use]
pub fn error_page(
    sentence: &str,
    root: &str,
    reader: PageReader,
    entered: Option<EnteredForm<'_>>,
) -> Markup {
    let first = NavigationEntry::of_reader(reader).next();
    html! {
        p.lead { (sentence_text(sentence)) }
        @if let Some(entered) = entered { (form(entered)) }
        @if let Some(entry) = first {
            p { a href={ (root) (entry.path()) } { "To the page " (entry.title()) } }
        }
    }
}

/// The form with the values that were entered. What no form has is left out, and so is what a name has after its
/// first value, so that it is not refused again.
fn form(entered: EnteredForm<'_>) -> Markup {
    let (method, keeps_empty) = match entered.method {
        FormMethod::Get => ("get", false),
        FormMethod::Post => ("post", true),
    };
    let mut seen = HashSet::new();
    let fields = entered.fields.iter().filter(|(_, value)| keeps_empty || !value.is_empty());
    let known: Vec<_> = fields
        .filter(|(name, _)| seen.insert(name))
        .filter_map(|(name, value)| {
            FIELDS.iter().find(|(known, _)| known == name).map(|(name, title)| (*name, *title, value))
        })
        .collect();
    html! {
        @if known.iter().any(|(_, title, _)| title.is_some()) {
            form.filters method=(method) action=(entered.action) {
                @for (name, title, value) in &known {
                    @if let Some(title) = title {
                        label { span { (title) } input type=(input_type(name, value)) name=(name) value=(value); }
                    } @else {
                        input type="hidden" name=(name) value=(value);
                    }
                }
                button type="submit" { "Try again" }
            }
        }
    }
}

/// A field for a day shows nothing but a day, so that other values are those of a field for text.
fn input_type(name: &str, value: &str) -> &'static str {
    let is_day = matches!(name, "from" | "to" | "day") && value.parse::<CalendarDay>().is_ok();
    if is_day { "date" } else { "text" }
}

/// A refusal as a sentence of a page: with a capital letter and a full stop.
fn sentence_text(refusal: &str) -> String {
    let text = name_text(refusal, SENTENCE_CHARACTERS);
    let mut characters = text.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let full_stop = if text.ends_with(['.', '…', '?', '!']) { "" } else { "." };
    format!("{first}{}{full_stop}", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_refusal_becomes_a_sentence_with_a_way_back() {
        let text = |sentence, root, reader| error_page(sentence, root, reader, None).into_string();
        let of_viewer = text("from must be a day, not \"<b>\u{202e}\"", "../", PageReader::Viewer);
        assert!(of_viewer.contains("From must be a day, not &quot;&lt;b&gt;\u{fffd}&quot;."), "{of_viewer}");
        assert!(of_viewer.contains("<a href=\"../published\">To the page Published</a>"), "{of_viewer}");
        let of_analyst = text("The clock jumped.", "", PageReader::Analyst);
        assert!(of_analyst.contains("The clock jumped.<") && of_analyst.contains("href=\"overview\""));
        assert!(!of_analyst.contains("<form"), "{of_analyst}");
    }

    #[test]
    fn what_was_entered_can_be_mended_and_sent_again() {
        let fields = fields(&[
            ("product", "shop"),
            ("from", "<yesterday>"),
            ("to", "2026-11-28"),
            ("version", ""),
            ("colour", "red"),
        ]);
        let entered = EnteredForm { method: FormMethod::Get, action: "./performance", fields: &fields };
        let text = error_page("from must be a day", "", PageReader::Analyst, Some(entered)).into_string();
        for said in [
            "<form class=\"filters\" method=\"get\" action=\"./performance\">",
            "<input type=\"text\" name=\"from\" value=\"&lt;yesterday&gt;\">",
            "<input type=\"date\" name=\"to\" value=\"2026-11-28\">",
            "name=\"product\" value=\"shop\"",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(!text.contains("colour") && !text.contains("version"), "{text}");
    }

    #[test]
    fn a_field_that_was_sent_twice_is_in_the_form_once() {
        let fields = fields(&[("from", ""), ("from", "2026-11-01"), ("from", "2026-11-02"), ("to", "x")]);
        let text = form(EnteredForm { method: FormMethod::Get, action: "./usage", fields: &fields });
        let text = text.into_string();
        assert_eq!(text.matches("name=\"from\"").count(), 1, "{text}");
        assert!(text.contains("value=\"2026-11-01\"") && text.contains("name=\"to\""), "{text}");
    }

    #[test]
    fn a_form_that_changes_something_keeps_its_empty_and_its_hidden_fields() {
        let note = fields(&[("day", "2026-11-28"), ("note", "")]);
        let form_of = |fields: &[(String, String)]| {
            form(EnteredForm { method: FormMethod::Post, action: "./notes", fields }).into_string()
        };
        let text = form_of(&note);
        assert!(text.contains("method=\"post\"") && text.contains("name=\"note\" value=\"\""), "{text}");
        let removal = form_of(&fields(&[("day", "x"), ("remove", "a note")]));
        assert!(removal.contains("<input type=\"hidden\" name=\"remove\" value=\"a note\">"), "{removal}");
        assert_eq!(form_of(&fields(&[("confirmed", "no")])), "", "there is nothing to mend");
    }
}
