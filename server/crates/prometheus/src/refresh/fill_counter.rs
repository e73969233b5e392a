//! Counts how much of what a round fetches is in the cache.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the spans of a round. It is read while the round runs.
#[derive(Debug, Default)]
pub struct FillCounter {
    wanted: AtomicU64,
    stored: AtomicU64,
}

/// How much of what a round fetches is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FillProgress {
    /// The spans that were missing when the round began.
    pub wanted: u64,
    /// How many of them are in the cache; at most all.
    pub stored: u64,
}

impl FillCounter {
    /// Begins a round that fetches this many spans.
    pub(super) fn begin(&self, wanted: usize) {
        self.stored.store(0, Ordering::Relaxed);
        self.wanted.store(u64::try_from(wanted).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// A span is in the cache. It may be one of a query that has taken longer than its round.
    pub(super) fn stored(&self) {
        self.stored.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts of the present round.
    #[must_use]
    pub fn progress(&self) -> FillProgress {
        let wanted = self.wanted.load(Ordering::Relaxed);
        FillProgress { wanted, stored: self.stored.load(Ordering::Relaxed).min(wanted) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_begins_with_nothing_and_never_has_more_than_it_wants() {
        let counter = FillCounter::default();
        assert_eq!(counter.progress(), FillProgress::default());
        counter.begin(2);
        counter.stored();
        assert_eq!(counter.progress(), FillProgress { wanted: 2, stored: 1 });
        counter.stored();
        counter.stored();
        assert_eq!(counter.progress(), FillProgress { wanted: 2, stored: 2 });
        counter.begin(1);
        assert_eq!(counter.progress(), FillProgress { wanted: 1, stored: 0 });
    }
}
