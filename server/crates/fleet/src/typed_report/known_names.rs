//! Numbers the names that reports usually have, so that a stored report has a number in place of most names.

use std::sync::LazyLock;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// A name a line. The order is part of the encoding of typed reports: names may be added at the end, and no other change
/// leaves stored reports readable.
static NAMES: &str = include_str!("known_names.txt");

/// The known names, by number and by text.
struct KnownNames {
    by_number: Vec<&'static str>,
    by_text: HashMap<&'static str, u32, FixedState>,
}

static KNOWN: LazyLock<KnownNames> = LazyLock::new(|| {
    let by_number: Vec<_> = NAMES.lines().collect();
    let by_text = (0..).zip(&by_number).map(|(number, name)| (*name, number)).collect();
    KnownNames { by_number, by_text }
});

/// Names in the order in which they were added: a known one as the difference of its number to that of the one before,
/// which is 1 most of the time, and any other as its text.
#[derive(Debug, Default)]
pub(super) struct NameWriter<'a> {
    /// The differences plus one; 0 for a name that is not known.
    pub(super) codes: Vec<i32>,
    /// The other names.
    pub(super) texts: Vec<&'a str>,
    before: i32,
}

/// The code of a name that is a text. No two known names differ by it, because no list has a name twice in a row.
const IS_TEXT: i32 = 0;

impl<'a> NameWriter<'a> {
    /// Adds a name.
    pub(super) fn add(&mut self, name: &'a str) {
        let known = KNOWN.by_text.get(name).and_then(|number| i32::try_from(*number).ok());
        match known.filter(|number| *number != self.before) {
            Some(number) => {
                self.codes.push(number - self.before);
                self.before = number;
            }
            None => {
                self.codes.push(IS_TEXT);
                self.texts.push(name);
            }
        }
    }
}

/// Reads what a [`NameWriter`] has written.
#[derive(Debug)]
pub(super) struct NameReader<'a> {
    codes: std::vec::IntoIter<i32>,
    texts: std::vec::IntoIter<&'a str>,
    before: i32,
}

impl<'a> NameReader<'a> {
    /// The names of these codes and texts.
    pub(super) fn new(codes: Vec<i32>, texts: Vec<&'a str>) -> Self {
        Self { codes: codes.into_iter(), texts: texts.into_iter(), before: 0 }
    }

    /// The next name; `None` at the end, and for a code that no name has.
    pub(super) fn next_name(&mut self) -> Option<&'a str> {
        let code = self.codes.next()?;
        if code == IS_TEXT {
            return self.texts.next();
        }
        self.before = self.before.checked_add(code)?;
        KNOWN.by_number.get(usize::try_from(self.before).ok()?).copied()
    }

    /// Whether all names were read.
    pub(super) fn is_at_end(&self) -> bool {
        self.codes.len() == 0 && self.texts.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_listed_once() {
        assert_eq!(KNOWN.by_text.len(), KNOWN.by_number.len());
    }

    proptest! {
        #[test]
        fn names_are_read_as_they_were_written(
            names in prop::collection::vec(prop_oneof![Just("redis".to_owned()), Just("node_info".to_owned()), "[a-z]{0,6}"], 0..30),
        ) {
            let mut writer = NameWriter::default();
            names.iter().for_each(|name| writer.add(name));
            let mut reader = NameReader::new(writer.codes, writer.texts);
            for name in &names {
                prop_assert_eq!(reader.next_name(), Some(name.as_str()));
            }
            prop_assert!(reader.is_at_end());
            prop_assert_eq!(reader.next_name(), None);
        }
    }
}
