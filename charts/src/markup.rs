//! Writes HTML and SVG as text that is well-formed and escaped.

use std::fmt::{self, Display, Write};

/// Elements without content. Others get an end tag, because `<div/>` in HTML is not closed.
const EMPTY: [&str; 5] = ["circle", "col", "line", "path", "rect"];

/// The most characters of a label that are drawn; a tooltip has [`TOOLTIP_CHARACTERS`].
pub(crate) const LABEL_CHARACTERS: usize = 80;

/// The most characters of a label in a tooltip or a table.
pub(crate) const TOOLTIP_CHARACTERS: usize = 240;

/// Text being written. Elements are closed in the order in which they were opened.
#[derive(Debug, Default)]
pub(crate) struct MarkupText {
    text: String,
}

/// A start tag that attributes are added to. Ends with [`empty`](Self::empty), [`holding`](Self::holding) or
/// [`content`](Self::content).
#[must_use = "a tag that is not ended is not closed"]
#[derive(Debug)]
pub(crate) struct OpenTag<'a> {
    markup: &'a mut MarkupText,
    name: &'static str,
}

impl MarkupText {
    /// Opens an element.
    pub(crate) fn tag(&mut self, name: &'static str) -> OpenTag<'_> {
        self.text.push('<');
        self.text.push_str(name);
        OpenTag { markup: self, name }
    }

    /// Writes text, escaped.
    pub(crate) fn text(&mut self, text: impl Display) {
        write!(EscapedText(&mut self.text), "{text}").ok();
    }

    /// Everything that was written.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn end_tag(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }
}

impl OpenTag<'_> {
    /// Adds an attribute. The value is escaped.
    pub(crate) fn attr(self, name: &'static str, value: impl Display) -> Self {
        debug_assert_ne!(name, "style", "a strict content security policy refuses it");
        self.markup.text.push(' ');
        self.markup.text.push_str(name);
        self.markup.text.push_str("=\"");
        write!(EscapedText(&mut self.markup.text), "{value}").ok();
        self.markup.text.push('"');
        self
    }

    /// Adds the classes.
    pub(crate) fn class(self, classes: impl Display) -> Self {
        self.attr("class", classes)
    }

    /// Adds a position.
    pub(crate) fn at(self, x: impl Display, y: f64) -> Self {
        self.attr("x", x).attr("y", PixelLength(y))
    }

    /// Adds a width and a height.
    pub(crate) fn size(self, width: impl Display, height: f64) -> Self {
        self.attr("width", width).attr("height", PixelLength(height))
    }

    /// Closes the element, which has no content.
    pub(crate) fn empty(self) {
        if EMPTY.contains(&self.name) {
            self.markup.text.push_str("/>");
        } else {
            self.content(|_| {});
        }
    }

    /// Closes the element around a text.
    pub(crate) fn holding(self, text: impl Display) {
        self.content(|markup| markup.text(text));
    }

    /// Closes the element around what is written meanwhile.
    pub(crate) fn content(self, write: impl FnOnce(&mut MarkupText)) {
        let OpenTag { markup, name } = self;
        markup.text.push('>');
        write(markup);
        markup.end_tag(name);
    }
}

/// Escapes for contents and attributes of both HTML and XML.
struct EscapedText<'a>(&'a mut String);

impl Write for EscapedText<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other if is_disruptive(other) => self.0.push(char::REPLACEMENT_CHARACTER),
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

/// Whether a character is forbidden in XML, or changes the direction of the text around it.
fn is_disruptive(character: char) -> bool {
    let is_control = character.is_control() && !matches!(character, '\t' | '\n' | '\r');
    is_control
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// A number of pixels, with two decimals at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PixelLength(pub(crate) f64);

impl Display for PixelLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        trimmed(self.0, 2, f)
    }
}

/// A fraction of the width of a picture, written in percent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WidthShare(pub(crate) f64);

impl Display for WidthShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        trimmed(self.0 * 100.0, 3, f)?;
        f.write_char('%')
    }
}

/// Writes a number without the zeros at the end of its decimals. What is no number is 0.
fn trimmed(number: f64, decimals: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let number = if number.is_finite() { number } else { 0.0 };
    let text = format!("{number:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    f.write_str(if text == "-0" { "0" } else { text })
}

/// A text of at most so many characters; a longer one ends with an ellipsis.
pub(crate) fn shortened(text: &str, characters: usize) -> String {
    if text.chars().nth(characters).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A name that a sender chose, of at most so many characters, for a page that shows it as text. One without
/// anything to see says so. What XML forbids and what changes the direction of the text around it is replaced
/// by U+FFFD; `<` and `&` are as they were.
#[must_use]
pub fn name_text(name: &str, characters: usize) -> String {
    let is_seen = |character: char| !character.is_whitespace() && !is_disruptive(character);
    if !name.chars().any(is_seen) {
        return "(no name)".to_owned();
    }
    let harmless = |character| if is_disruptive(character) { char::REPLACEMENT_CHARACTER } else { character };
    shortened(name, characters).chars().map(harmless).collect()
}

/// The same, of which a longer name keeps its beginning and its end: names such as paths differ at their ends.
pub(crate) fn name_with_end(name: &str, characters: usize) -> String {
    let length = name.chars().count();
    if length <= characters {
        return name_text(name, characters);
    }
    let (before, after) = (characters / 3, characters - characters / 3 - 1);
    let kept = name.chars().take(before).chain(['…']).chain(name.chars().skip(length - after));
    name_text(&kept.collect::<String>(), characters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_attributes_are_escaped() {
        let mut markup = MarkupText::default();
        markup.tag("p").attr("title", "\"'<&>").holding("<b>&\u{0}\u{202e}");
        assert_eq!(
            markup.into_text(),
            "<p title=\"&quot;&#39;&lt;&amp;&gt;\">&lt;b&gt;&amp;\u{fffd}\u{fffd}</p>"
        );
    }

    #[test]
    fn elements_of_html_are_closed_by_an_end_tag() {
        let mut markup = MarkupText::default();
        markup.tag("div").empty();
        markup.tag("rect").size(WidthShare(0.5), 3.0).empty();
        assert_eq!(markup.into_text(), "<div></div><rect width=\"50%\" height=\"3\"/>");
    }

    #[test]
    fn numbers_have_no_needless_digits() {
        let cases =
            [(0.0, "0"), (-0.001, "0"), (1.5, "1.5"), (10.0, "10"), (1.2345, "1.23"), (f64::NAN, "0")];
        for (number, text) in cases {
            assert_eq!(PixelLength(number).to_string(), text);
        }
        assert_eq!(WidthShare(1.0 / 3.0).to_string(), "33.333%");
    }

    #[test]
    fn names_that_cannot_be_seen_are_told_apart_from_no_label() {
        for (name, text) in
            [("a", "a"), ("", "(no name)"), (" \t", "(no name)"), ("\u{0}\u{202e}", "(no name)")]
        {
            assert_eq!(name_text(name, 20), text);
        }
    }

    #[test]
    fn a_name_changes_no_text_around_it() {
        assert_eq!(name_text("1.0\u{202e}gpj.<b>\u{7}\u{2066}", 20), "1.0\u{fffd}gpj.<b>\u{fffd}\u{fffd}");
    }

    #[test]
    fn names_that_differ_at_their_ends_are_told_apart() {
        let names = ["/p/$projectId/app/$id/CPU", "/p/$projectId/app/$id/Memory", "/p/new", "\u{202e}"];
        let cut = names.map(|name| name_with_end(name, 20));
        assert_eq!(cut, ["/p/$pr…d/app/$id/CPU", "/p/$pr…pp/$id/Memory", "/p/new", "(no name)"]);
    }

    #[test]
    fn long_texts_end_with_an_ellipsis() {
        let cases = [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("ab cd", 4, "ab…"), ("ééé", 2, "é…")];
        for (text, characters, short) in cases {
            assert_eq!(shortened(text, characters), short);
        }
    }
}
