//! Generates random values that follow from the seed alone.

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

/// The characters of the hashes in names of replica sets and pods, as Kubernetes writes them.
const HASH: &[u8] = b"bcdf456789";

/// A random generator with a fixed seed.
pub(crate) struct SeededRandom(StdRng);

impl SeededRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Returns a number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        self.0.random_range(low..=high)
    }

    /// Returns true with this probability in percent.
    pub(crate) fn percent(&mut self, of_hundred: u32) -> bool {
        self.between(1, 100) <= of_hundred
    }

    /// Returns one of `choices`; `None` if there are none.
    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.choose(&mut self.0)
    }

    /// Returns this number of hexadecimal digits.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        self.word(digits, b"0123456789abcdef")
    }

    /// Returns a hash for the name of a pod or a replica set.
    pub(crate) fn hash(&mut self, characters: usize) -> String {
        self.word(characters, HASH)
    }

    /// A random UUID as text, with dashes.
    pub(crate) fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|digits| self.hex(digits)).join("-")
    }

    fn word(&mut self, length: usize, of: &[u8]) -> String {
        (0..length).filter_map(|_| self.of(of).copied()).map(char::from).collect()
    }
}
