//! Which share of requests was bad lately?

use super::{
    SLOT_S,
    day::{Day, buckets_of, requests_of},
};

/// After so many slots without requests nothing is known any more.
const SILENT_SLOTS: u32 = 3;

/// What makes a request bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Asked {
    /// It failed.
    Failed,
    /// It took longer than the largest of so many buckets.
    Slow {
        /// The buckets that the operator says are quick.
        quick_buckets: usize,
    },
}

/// Requests to one application, as one objective sees them.
#[derive(Debug, Clone, Copy)]
pub struct Series<'i> {
    day: &'i Day,
    asked: Asked,
    to: u32,
}

impl<'i> Series<'i> {
    /// What a day says up to `to`, in Unix seconds; `None` when it says nothing of that.
    pub(super) fn new(day: &'i Day, asked: Asked, to: u32) -> Option<Self> {
        let series = Self { day, asked, to };
        // From the newest slot, which is looked at again soon, and not from that of a day ago.
        series.shares(super::DAY_S).next_back().map(|_| series)
    }

    /// The share of bad requests in the last `window_s` seconds; `None` without requests, and when less than
    /// half of the slots are known.
    #[must_use]
    pub fn bad_share(&self, window_s: u32) -> Option<f64> {
        let (mut known, mut all, mut bad) = (0, 0.0, 0.0);
        for [slot_all, slot_bad] in self.shares(window_s) {
            known += 1;
            all += f64::from(slot_all);
            bad += f64::from(slot_bad);
        }
        (known * 2 >= window_s / SLOT_S && all > 0.0).then(|| bad / all)
    }

    /// Whether nothing is known of the last three slots.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.shares(SILENT_SLOTS * SLOT_S).next().is_none()
    }

    /// All requests and the bad ones, in each slot of the window that is known.
    fn shares(&self, window_s: u32) -> impl DoubleEndedIterator<Item = [f32; 2]> {
        let rows = self.day.rows(self.to.saturating_sub(window_s), self.to);
        rows.filter_map(|row| self.asked.of(row))
    }
}

impl Asked {
    /// What takes longer than the largest bucket that is not larger than this, in seconds.
    pub(super) fn slower_than(bucket_s: f32, day: &Day) -> Self {
        Self::Slow { quick_buckets: day.buckets_up_to(bucket_s) }
    }

    /// All requests and the bad ones, of the row of a slot; `None` where that is not known.
    fn of(self, row: &[f32]) -> Option<[f32; 2]> {
        match self {
            Self::Failed => requests_of(row),
            Self::Slow { quick_buckets } => {
                let buckets = buckets_of(row);
                // Each bucket has the requests of the smaller ones too. Where every bucket is larger, it is
                // not known what was quick.
                let (all, quick) = (largest(buckets)?, largest(buckets.get(..quick_buckets)?)?);
                Some([all, (all - quick).max(0.0)])
            }
        }
    }
}

/// The requests in the largest bucket of which that is known.
fn largest(buckets: &[f32]) -> Option<f32> {
    buckets.iter().copied().rfind(|count| !count.is_nan())
}
