//! A map from symbols to values, indexed by the number of the symbol. It is faster than a hash map for texts
//! of the answers.

use headcount_prometheus::results::InternedString;

/// A value for each of many symbols, by their numbers.
#[derive(Debug, Clone)]
pub(super) struct SymbolMap<T> {
    things: Vec<Option<T>>,
}

impl<T> Default for SymbolMap<T> {
    fn default() -> Self {
        Self { things: Vec::new() }
    }
}

impl<T: Copy> SymbolMap<T> {
    /// The value of a symbol.
    pub(super) fn get(&self, symbol: InternedString) -> Option<T> {
        self.things.get(symbol.number()).copied().flatten()
    }

    /// Sets the value of a symbol.
    pub(super) fn set(&mut self, symbol: InternedString, thing: T) {
        let number = symbol.number();
        if self.things.len() <= number {
            self.things.resize(number + 1, None);
        }
        if let Some(place) = self.things.get_mut(number) {
            *place = Some(thing);
        }
    }
}
