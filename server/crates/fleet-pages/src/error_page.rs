//! Renders why a page cannot be shown.

use headcount_charts::name_text;
use maud::{Markup, html};

use crate::page_frame::{NavigationEntry, PageReader};

/// The longest sentence that is shown: it may quote a parameter.
const SENTENCE_CHARACTERS: usize = 500;

/// The content of the page: the sentence of the refusal, and the way to a page that the reader may open.
#[must_use]
pub fn error_page(sentence: &str, root: &str, reader: PageReader) -> Markup {
    let first = NavigationEntry::of_reader(reader).next();
    html! {
        p.lead { (sentence_text(sentence)) }
        @if let Some(entry) = first {
            p { a href={ (root) (entry.path()) } { "To the page " (entry.title()) } }
        }
    }
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

    #[test]
    fn a_refusal_becomes_a_sentence_with_a_way_back() {
        let text =
            error_page("from must be a day, not \"<b>\u{202e}\"", "../", PageReader::Viewer).into_string();
        assert!(text.contains("From must be a day, not &quot;&lt;b&gt;\u{fffd}&quot;."), "{text}");
        assert!(text.contains("<a href=\"../published\">To the page Published</a>"), "{text}");
        let text = error_page("The clock jumped.", "", PageReader::Analyst).into_string();
        assert!(text.contains("The clock jumped.<") && text.contains("href=\"overview\""), "{text}");
    }
}
