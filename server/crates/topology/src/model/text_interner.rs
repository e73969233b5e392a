//! Interns the texts of a world: those of the answers, and those that are derived from them.

use std::{
    cmp::Ordering,
    fmt::{self, Write as _},
};

use headcount_prometheus::results::{InternedString, StringInterner};

/// Texts by symbol. Symbols of the answers stay valid. A derived text that is also in the answers has the
/// same symbol, so that texts are equal if and only if their symbols are.
pub struct TextInterner<'a> {
    answered: &'a StringInterner,
    derived: StringInterner,
    /// A buffer for formatting.
    draft: String,
}

impl fmt::Debug for TextInterner<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the texts: they contain names of the operator's applications.
        write!(formatter, "{} texts", self.answered.number_of_texts() + self.derived.number_of_texts())
    }
}

impl<'a> TextInterner<'a> {
    /// The texts of answers.
    #[must_use]
    pub fn new(answered: &'a StringInterner) -> Self {
        Self { answered, derived: StringInterner::default(), draft: String::new() }
    }

    /// The text of a symbol.
    #[must_use]
    pub fn text(&self, symbol: InternedString) -> &str {
        match symbol.number().checked_sub(self.answered.number_of_texts()) {
            None => self.answered.text(symbol),
            Some(number) => self.derived.text(InternedString::from_number(number)),
        }
    }

    /// The symbol of a text; `None` if the text is unknown.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<InternedString> {
        let derived = || self.derived.find(text).map(|symbol| self.derived_symbol(symbol));
        self.answered.find(text).or_else(derived)
    }

    /// The symbol of a text. Adds it if it is new.
    pub fn intern(&mut self, text: &str) -> InternedString {
        if let Some(symbol) = self.answered.find(text) {
            return symbol;
        }
        let symbol = self.derived.intern(text);
        self.derived_symbol(symbol)
    }

    /// The symbol of a formatted text. Adds it if it is new.
    pub fn format(&mut self, text: fmt::Arguments<'_>) -> InternedString {
        let mut draft = std::mem::take(&mut self.draft);
        draft.clear();
        // Writing to a string does not fail.
        draft.write_fmt(text).ok();
        let symbol = self.intern(&draft);
        self.draft = draft;
        symbol
    }

    /// Compares two texts, independently of their symbols.
    #[must_use]
    pub fn compare(&self, one: InternedString, other: InternedString) -> Ordering {
        if one == other { Ordering::Equal } else { self.text(one).cmp(self.text(other)) }
    }

    fn derived_symbol(&self, symbol: InternedString) -> InternedString {
        InternedString::from_number(self.answered.number_of_texts() + symbol.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_equal_symbols_wherever_they_come_from() {
        let mut answered = StringInterner::default();
        let known = answered.intern("known");
        let mut texts = TextInterner::new(&answered);
        assert_eq!(texts.intern("known"), known);
        assert_eq!(texts.intern(""), InternedString::EMPTY);
        let derived = texts.format(format_args!("{}@{}", "known", 1));
        assert_eq!(texts.text(derived), "known@1");
        assert_eq!(texts.intern("known@1"), derived);
        assert_eq!(
            (texts.find("known@1"), texts.find("known"), texts.find("no")),
            (Some(derived), Some(known), None)
        );
        assert_eq!(texts.compare(derived, known), Ordering::Greater);
    }
}
