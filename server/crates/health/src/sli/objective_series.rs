//! Computes the share of bad requests for an objective.

use super::{
    SLOT_S,
    sli_window::{SliWindow, buckets_of, requests_of},
    slots,
};

/// The status is unknown after this many slots without requests.
const SILENT_SLOTS: u32 = 3;

/// The criterion by which a request is bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum FailureCriterion {
    /// It failed.
    Failed,
    /// It took longer than the bound of the largest quick bucket.
    Slow {
        /// The number of buckets that the objective counts as quick.
        quick_buckets: usize,
    },
}

/// The requests to one application, evaluated for one objective.
#[derive(Debug, Clone, Copy)]
pub struct ObjectiveSeries<'i> {
    day: &'i SliWindow,
    asked: FailureCriterion,
    to: u32,
}

impl<'i> ObjectiveSeries<'i> {
    /// The series of a day up to `to`, in Unix seconds; `None` if no slot is known for the criterion.
    pub(super) fn new(day: &'i SliWindow, asked: FailureCriterion, to: u32) -> Option<Self> {
        let series = Self { day, asked, to };
        // Starts from the newest slot, which is usually known and is read next.
        series.shares(super::DAY_S).next_back().map(|_| series)
    }

    /// The share of bad requests in the last `window_s` seconds; `None` without requests, or if less than
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

    /// All requests and the bad ones in each known slot of the last `window_s` seconds, with the end of the
    /// slot in Unix seconds, the oldest first.
    pub fn slots(&self, window_s: u32) -> impl Iterator<Item = (u32, [f32; 2])> {
        let ends = slots(self.to.saturating_sub(window_s), self.to);
        ends.filter_map(|end| Some((end, self.asked.of(self.day.at(end)?.row())?)))
    }

    /// All requests and the bad ones, in each known slot of the window.
    fn shares(&self, window_s: u32) -> impl DoubleEndedIterator<Item = [f32; 2]> {
        let rows = self.day.rows(self.to.saturating_sub(window_s), self.to);
        rows.filter_map(|row| self.asked.of(row))
    }
}

impl FailureCriterion {
    /// Requests that take longer than the largest bound that is not above `bucket_s`.
    pub(super) fn slower_than(bucket_s: f32, day: &SliWindow) -> Self {
        Self::Slow { quick_buckets: day.buckets_up_to(bucket_s) }
    }

    /// All requests and the bad ones, from the row of a slot; `None` if unknown.
    fn of(self, row: &[f32]) -> Option<[f32; 2]> {
        match self {
            Self::Failed => requests_of(row),
            Self::Slow { quick_buckets } => {
                let buckets = buckets_of(row);
                // Buckets are cumulative. If all of them are larger than the objective's bound, the number of
                // quick requests is unknown.
                let (all, quick) = (largest(buckets)?, largest(buckets.get(..quick_buckets)?)?);
                Some([all, (all - quick).max(0.0)])
            }
        }
    }
}

/// The requests in the largest known bucket.
fn largest(buckets: &[f32]) -> Option<f32> {
    buckets.iter().copied().rfind(|count| !count.is_nan())
}
