//! Several values for one thing, for many things at once.

use std::fmt;

/// Any number of values for each key, in one piece of memory.
#[derive(Clone)]
pub struct Several<K, V> {
    entries: Vec<(K, V)>,
}

impl<K, V> Default for Several<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<K, V> fmt::Debug for Several<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} values", self.entries.len())
    }
}

impl<K: Ord + Copy, V> Several<K, V> {
    /// The entries by their keys; those of one key keep their order.
    #[must_use]
    pub fn gather(mut entries: Vec<(K, V)>) -> Self {
        entries.sort_by_key(|(key, _)| *key);
        entries.shrink_to_fit();
        Self { entries }
    }

    /// The values of a key; none for a key that is not there.
    pub fn of(&self, key: K) -> impl ExactSizeIterator<Item = &V> {
        let start = self.entries.partition_point(|(other, _)| *other < key);
        let rest = self.entries.get(start..).unwrap_or_default();
        let length = rest.partition_point(|(other, _)| *other == key);
        rest.iter().take(length).map(|(_, value)| value)
    }

    /// All entries, in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &(K, V)> {
        self.entries.iter()
    }

    /// The number of values of all keys.
    pub(in crate::world) const fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_key() {
        let several = Several::gather(vec![(3, 'c'), (1, 'a'), (3, 'd'), (1, 'b')]);
        assert_eq!(several.of(3).collect::<String>(), "cd");
        assert_eq!(several.of(1).collect::<String>(), "ab");
        assert_eq!((several.of(0).len(), several.of(2).len(), several.of(4).len()), (0, 0, 0));
    }
}
