//! A ring buffer with the slots of one application.

use std::ops::Range;

use headcount_topology::application_key::ApplicationKey;

use super::{ApplicationSlot, DAY_S, SLOT_S, SlotSource, slots};

/// The slots of a day.
const SLOTS: usize = (DAY_S / SLOT_S) as usize;

/// The columns before the buckets: requests and failures.
const COUNTS: usize = 2;

/// The maximum number of buckets; a histogram has about ten.
const MOST_BUCKETS: usize = 32;

/// The slots of a day in a ring buffer: a slot replaces the one of the day before.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SliWindow {
    /// The end of the newest slot; 0 without one.
    newest: u32,
    /// The upper bounds of buckets, in order.
    bounds: Vec<f32>,
    /// For each slot the requests, the failures, and the requests in each bucket; NaN if unknown.
    values: Vec<f32>,
}

/// Sums of requests to an application over some slots.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestSums {
    /// Requests.
    pub requests: f64,
    /// Those that failed.
    pub errors: f64,
    /// Cumulative latency histogram: requests by the upper bound in seconds, which is infinite for all.
    /// Sorted by bound.
    pub latency: Vec<(f32, f64)>,
}

/// A view of a slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct SliSlot<'d> {
    bounds: &'d [f32],
    values: &'d [f32],
}

impl SliWindow {
    /// The end of the newest slot, in Unix seconds; 0 without slots.
    pub(super) const fn newest(&self) -> u32 {
        self.newest
    }

    /// Stores the known values of a slot. Other values of that slot stay. A slot that is too old is ignored.
    pub(super) fn put(&mut self, slot: &ApplicationSlot) {
        if slot.end.saturating_add(DAY_S) <= self.newest {
            return;
        }
        self.make_room(slot);
        self.move_to(slot.end);
        let width = COUNTS + self.bounds.len();
        let bounds = &self.bounds;
        let Some(row) = self.values.chunks_exact_mut(width).nth(place(slot.end)) else { return };
        if let (Some(counts), Some(row)) = (slot.requests, row.first_chunk_mut()) {
            *row = counts;
        }
        for (bound, count) in &slot.latency {
            let column = bounds.iter().position(|known| known.total_cmp(bound).is_eq());
            if let Some(value) = column.and_then(|column| row.get_mut(COUNTS + column)) {
                *value = *count;
            }
        }
    }

    /// Adds columns for the buckets of a slot.
    fn make_room(&mut self, slot: &ApplicationSlot) {
        let mut bounds = self.bounds.clone();
        for (bound, _) in &slot.latency {
            if bounds.len() < MOST_BUCKETS && !bounds.contains(bound) && !bound.is_nan() {
                bounds.push(*bound);
            }
        }
        if bounds.len() == self.bounds.len() && !self.values.is_empty() {
            return;
        }
        bounds.sort_by(f32::total_cmp);
        let columns: Vec<Option<usize>> =
            bounds.iter().map(|bound| self.bounds.iter().position(|known| known == bound)).collect();
        let width = COUNTS + self.bounds.len();
        let mut values = Vec::with_capacity(SLOTS * (COUNTS + bounds.len()));
        for place in 0..SLOTS {
            let old = self.values.get(place * width..(place + 1) * width);
            let value = |column: usize| old.and_then(|row| row.get(column)).copied().unwrap_or(f32::NAN);
            values.extend((0..COUNTS).map(value));
            values.extend(
                columns.iter().map(|column| column.map_or(f32::NAN, |column| value(COUNTS + column))),
            );
        }
        (self.bounds, self.values) = (bounds, values);
    }

    /// Clears the rows of the slots after the newest one up to `end`, and makes `end` the newest.
    fn move_to(&mut self, end: u32) {
        if end <= self.newest {
            return;
        }
        let width = COUNTS + self.bounds.len();
        for end in slots(self.newest.max(end.saturating_sub(DAY_S)), end) {
            if let Some(row) = self.values.chunks_exact_mut(width).nth(place(end)) {
                row.fill(f32::NAN);
            }
        }
        self.newest = end;
    }

    /// Clears the rows of the slots that end after `latest`. The newest remaining slot becomes the newest.
    pub(super) fn forget_after(&mut self, latest: u32) {
        if self.newest <= latest {
            return;
        }
        let (earliest, newest) = (self.newest.saturating_sub(DAY_S), self.newest);
        let width = COUNTS + self.bounds.len();
        for end in slots(latest.max(earliest), newest) {
            if let Some(row) = self.values.chunks_exact_mut(width).nth(place(end)) {
                row.fill(f32::NAN);
            }
        }
        let left = slots(earliest, latest).filter(|end| self.at(*end).is_some());
        self.newest = left.last().unwrap_or_default();
    }

    /// The slot that ends at `end`; `None` if nothing is known of it.
    pub(super) fn at(&self, end: u32) -> Option<SliSlot<'_>> {
        if end > self.newest || end.saturating_add(DAY_S) <= self.newest {
            return None;
        }
        let values = self.values.chunks_exact(COUNTS + self.bounds.len()).nth(place(end))?;
        let is_known = values.iter().any(|value| !value.is_nan());
        is_known.then_some(SliSlot { bounds: &self.bounds, values })
    }

    /// The rows of the slots after `from` up to `to`, the oldest first, as far as the buffer reaches. A row
    /// may have no known values.
    pub(super) fn rows(&self, from: u32, to: u32) -> impl DoubleEndedIterator<Item = &[f32]> {
        let earliest = self.newest.checked_sub(DAY_S).map_or(0, |before| before / SLOT_S + 1);
        let first = earliest.max(from / SLOT_S + 1);
        let behind = self.newest.min(to) / SLOT_S + 1;
        let start = first as usize % SLOTS;
        let end = start + behind.saturating_sub(first) as usize;
        // Rows past the end of the buffer continue at its beginning.
        let pieces = [start..end.min(SLOTS), 0..end.saturating_sub(SLOTS)];
        let width = COUNTS + self.bounds.len();
        let rows = move |places: Range<usize>| {
            let values = self.values.get(places.start * width..places.end * width);
            values.unwrap_or_default().chunks_exact(width)
        };
        pieces.into_iter().flat_map(rows)
    }

    /// The number of buckets whose bound is not larger than this.
    pub(super) fn buckets_up_to(&self, bound: f32) -> usize {
        self.bounds.partition_point(|other| *other <= bound)
    }

    /// The slot that ends at `end`, with its application and source.
    pub(super) fn slot(
        &self,
        application: &ApplicationKey,
        source: SlotSource,
        end: u32,
    ) -> Option<ApplicationSlot> {
        let slot = self.at(end)?;
        let application = application.clone();
        Some(ApplicationSlot {
            application,
            source,
            end,
            requests: slot.requests(),
            latency: slot.buckets().collect(),
        })
    }

    /// The sums of the slots after `from` up to `to`.
    pub(super) fn sums(&self, from: u32, to: u32) -> RequestSums {
        let mut sums = RequestSums {
            latency: self.bounds.iter().map(|bound| (*bound, 0.0)).collect(),
            ..RequestSums::default()
        };
        for slot in slots(from, to).filter_map(|end| self.at(end)) {
            if let Some([all, failed]) = slot.requests() {
                sums.requests += f64::from(all);
                sums.errors += f64::from(failed);
            }
            for (bound, count) in slot.buckets() {
                if let Some((_, sum)) = sums.latency.iter_mut().find(|(known, _)| *known == bound) {
                    *sum += f64::from(count);
                }
            }
        }
        sums
    }
}

impl<'d> SliSlot<'d> {
    /// The row of the slot, in the columns of the buffer.
    pub(super) const fn row(&self) -> &'d [f32] {
        self.values
    }

    /// All requests and those that failed; `None` if unknown.
    pub(super) fn requests(&self) -> Option<[f32; COUNTS]> {
        requests_of(self.values)
    }

    /// The known buckets, by bound.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (f32, f32)> {
        let counts = self.values.iter().skip(COUNTS);
        self.bounds.iter().copied().zip(counts.copied()).filter(|(_, count)| !count.is_nan())
    }
}

/// All requests and those that failed, from the row of a slot; `None` if unknown.
pub(super) fn requests_of(row: &[f32]) -> Option<[f32; COUNTS]> {
    row.first_chunk().copied().filter(|[all, _]| !all.is_nan())
}

/// The requests in each bucket, from the row of a slot; NaN if unknown.
pub(super) fn buckets_of(row: &[f32]) -> &[f32] {
    row.get(COUNTS..).unwrap_or_default()
}

/// The index of a slot in the buffer.
const fn place(end: u32) -> usize {
    (end / SLOT_S) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_thousand_busy_applications_take_less_than_fifty_megabytes() {
        let latency = (0..12_u8).map(|bucket| (f32::from(bucket), 1.0)).collect();
        let application = ApplicationKey::default();
        let mut day = SliWindow::default();
        day.put(&ApplicationSlot {
            application,
            source: SlotSource::Seen,
            end: DAY_S,
            requests: Some([1.0, 0.0]),
            latency,
        });
        let values = day.values.capacity() + day.bounds.capacity();
        assert!((size_of::<SliWindow>() + values * size_of::<f32>()) * 2000 < 50_000_000, "{values}");
    }
}
