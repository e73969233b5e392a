//! A multimap from ids to values.
//!
//! Values are found by the number of the key, not by a search: an audit looks up about forty lists for each
//! instance. The table of offsets takes four bytes per key.

use std::fmt;

use super::ArenaIndex;

/// Any number of values for each key, such as the containers of an instance.
#[derive(Clone)]
pub struct OneToMany<K, V> {
    entries: Vec<(K, V)>,
    /// The offset of the first value of each key, by the index of the key, and the end of the last one.
    starts: Vec<u32>,
}

impl<K, V> Default for OneToMany<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new(), starts: Vec::new() }
    }
}

impl<K, V> fmt::Debug for OneToMany<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} values", self.entries.len())
    }
}

impl<K: ArenaIndex, V> OneToMany<K, V> {
    /// Groups entries by key. The entries of a key keep their order.
    #[must_use]
    pub fn gather(mut entries: Vec<(K, V)>) -> Self {
        entries.sort_by_key(|(key, _)| key.place());
        entries.shrink_to_fit();
        let starts = starts(entries.iter().map(|(key, _)| key.place()));
        Self { entries, starts }
    }

    /// The values of a key; empty for an unknown key.
    pub fn of(&self, key: K) -> impl ExactSizeIterator<Item = &V> {
        let bounds = self.starts.get(key.place()).zip(self.starts.get(key.place() + 1));
        let values = bounds.and_then(|(start, end)| self.entries.get(*start as usize..*end as usize));
        values.unwrap_or_default().iter().map(|(_, value)| value)
    }

    /// All entries, in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &(K, V)> {
        self.entries.iter()
    }

    /// The number of values of all keys.
    pub(crate) const fn len(&self) -> usize {
        self.entries.len()
    }
}

/// For indexes in ascending order: how many are smaller than each index, up to one past the last.
fn starts(places: impl DoubleEndedIterator<Item = usize> + Clone) -> Vec<u32> {
    let Some(last) = places.clone().next_back() else { return Vec::new() };
    let mut starts = Vec::with_capacity(last + 2);
    let mut count = 0;
    for place in places {
        if starts.len() <= place {
            starts.resize(place + 1, count);
        }
        count += 1;
    }
    starts.push(count);
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InstanceId;

    fn at(place: usize) -> InstanceId {
        InstanceId::at(place)
    }

    #[test]
    fn values_are_found_by_their_key() {
        let several = OneToMany::gather(vec![(at(3), 'c'), (at(1), 'a'), (at(3), 'd'), (at(1), 'b')]);
        assert_eq!(several.of(at(3)).collect::<String>(), "cd");
        assert_eq!(several.of(at(1)).collect::<String>(), "ab");
        assert_eq!([0, 2, 4, 5].map(|place| several.of(at(place)).len()), [0; 4]);
        assert_eq!(OneToMany::<InstanceId, char>::gather(Vec::new()).of(at(0)).len(), 0);
    }

    #[test]
    fn every_value_is_found_once_under_its_key() {
        let keys = [7, 0, 0, 4, 7, 2, 7, 0];
        let several = OneToMany::gather(keys.iter().map(|key| (at(*key), *key)).collect());
        for place in 0..10 {
            let found: Vec<_> = several.of(at(place)).copied().collect();
            let expected: Vec<_> = keys.iter().copied().filter(|key| *key == place).collect();
            assert_eq!(found, expected);
        }
    }
}
