//! Stores each text once and identifies it by a number.

use std::{fmt, hash::BuildHasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// A text, as its index in [`StringInterner`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct InternedString(u32);

impl InternedString {
    /// The empty text: a label that the series does not have.
    pub const EMPTY: Self = Self(0);

    /// Whether this is the empty text.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The symbol with this number.
    #[must_use]
    pub const fn from_number(number: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "memory ends before")]
        let number = number as u32;
        Self(number)
    }

    /// The text's unique number, below `StringInterner::len`.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0 as usize
    }
}

/// Texts, each held once.
#[derive(Clone)]
pub struct StringInterner {
    bytes: String,
    /// The end of each text.
    ends: Vec<usize>,
    /// For each text, the one that followed it the last time.
    following: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: FixedState,
}

impl Default for StringInterner {
    fn default() -> Self {
        let mut symbols = Self {
            bytes: String::new(),
            ends: Vec::new(),
            following: Vec::new(),
            numbers: HashTable::new(),
            hasher: FixedState::default(),
        };
        symbols.intern("");
        symbols
    }
}

impl StringInterner {
    /// The symbol of a text, which is added if it is new.
    ///
    /// # Panics
    /// There are more than 2³² texts.
    pub fn intern(&mut self, text: &str) -> InternedString {
        let Self { bytes, ends, following, numbers, hasher } = self;
        let same = |number: &u32| text_of(bytes, ends, *number) == text;
        let hash = hasher.hash_one(text);
        if let Some(number) = numbers.find(hash, same) {
            return InternedString(*number);
        }
        #[expect(clippy::cast_possible_truncation, reason = "memory ends before")]
        let number = ends.len() as u32;
        bytes.push_str(text);
        ends.push(bytes.len());
        following.push(number + 1);
        numbers.insert_unique(hash, number, |number| hasher.hash_one(text_of(bytes, ends, *number)));
        InternedString(number)
    }

    /// Same as [`StringInterner::intern`], but faster if `text` follows `previous` as it did the last time.
    pub fn intern_after(&mut self, previous: InternedString, text: &str) -> InternedString {
        let guess = self.following.get(previous.number()).copied().unwrap_or_default();
        // After the last text there is nothing, which is different from the empty text.
        if !text.is_empty() && text_of(&self.bytes, &self.ends, guess) == text {
            return InternedString(guess);
        }
        let symbol = self.intern(text);
        if let Some(following) = self.following.get_mut(previous.number()) {
            *following = symbol.0;
        }
        symbol
    }

    /// The symbol of a text; `None` if it is not stored.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<InternedString> {
        let same = |number: &u32| text_of(&self.bytes, &self.ends, *number) == text;
        self.numbers.find(self.hasher.hash_one(text), same).copied().map(InternedString)
    }

    /// The text of a symbol; empty for a symbol of another instance.
    #[must_use]
    pub fn text(&self, symbol: InternedString) -> &str {
        text_of(&self.bytes, &self.ends, symbol.0)
    }

    /// The number of texts, including the empty one.
    #[must_use]
    pub const fn number_of_texts(&self) -> usize {
        self.ends.len()
    }
}

impl fmt::Debug for StringInterner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the texts, since they contain names of the observed cluster.
        write!(formatter, "{} texts", self.number_of_texts())
    }
}

fn text_of<'b>(bytes: &'b str, ends: &[usize], number: u32) -> &'b str {
    let number = number as usize;
    let start = number.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(number).and_then(|end| bytes.get(start..*end)).unwrap_or_default()
}
