//! Which share of requests was bad lately?

use super::{
    SLOT_S,
    day::{Day, Slot},
    slots,
};

/// After so many slots without requests nothing is known any more.
const SILENT_SLOTS: u32 = 3;

/// What makes a request bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Asked {
    /// It failed.
    Failed,
    /// It took longer than the largest bucket that is not larger than this, in seconds.
    Slow {
        /// What the operator says is quick.
        bucket_s: f32,
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
        series.shares(super::DAY_S).next().map(|_| series)
    }

    /// The share of bad requests in the last `window_s` seconds; `None` without requests, and when less than half of the
    /// slots are known.
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
    fn shares(&self, window_s: u32) -> impl Iterator<Item = [f32; 2]> {
        let ends = slots(self.to.saturating_sub(window_s), self.to);
        ends.filter_map(|end| self.asked.of(&self.day.at(end)?))
    }
}

impl Asked {
    fn of(self, slot: &Slot<'_>) -> Option<[f32; 2]> {
        match self {
            Self::Failed => slot.requests(),
            Self::Slow { bucket_s } => {
                let (mut all, mut quick) = (None, None);
                for (bound, count) in slot.buckets() {
                    all = Some(count);
                    if bound <= bucket_s {
                        quick = all;
                    }
                }
                // Where every bucket is larger, it is not known what was quick.
                let (all, quick) = all.zip(quick)?;
                Some([all, (all - quick).max(0.0)])
            }
        }
    }
}
