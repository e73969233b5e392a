//! Renders a summary as a mail in plain text.

use super::WeeklySummary;

/// Lines of a mail have at most so many characters (RFC 5322 recommends 78), unless a word is longer.
const LINE: usize = 76;

impl WeeklySummary {
    /// The subject of the mail: one line without control characters, not yet encoded for a header.
    #[must_use]
    pub fn mail_subject(&self) -> String {
        self.title()
    }

    /// The body of the mail in plain text: lines of at most 76 characters, ended by `\n`.
    #[must_use]
    pub fn mail_body(&self, page: &str) -> String {
        let mut body = format!("{}\n\n", self.title());
        for sentence in &self.sentences {
            add_item(&mut body, &sentence.text);
        }
        body.push('\n');
        body.push_str(page);
        body.push('\n');
        body
    }
}

/// Adds a text as `* `, with its further lines below its first one.
fn add_item(body: &mut String, text: &str) {
    let mut length = LINE;
    let mut start = "* ";
    for word in text.split_whitespace() {
        let letters = word.chars().count();
        if length + 1 + letters > LINE {
            if start == "  " {
                body.push('\n');
            }
            body.push_str(start);
            (length, start) = (2, "  ");
        } else {
            body.push(' ');
            length += 1;
        }
        body.push_str(word);
        length += letters;
    }
    body.push('\n');
}
