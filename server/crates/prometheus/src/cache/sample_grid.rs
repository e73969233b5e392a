//! Assigns values to the times of a grid.
//!
//! A time of a grid has the last value after the time before it, up to itself.

use super::incoming_series::{IncomingSeries, larger};
use crate::results::ResultPoints;

/// Times that are multiples of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleGrid {
    /// The first time.
    pub(super) from: u32,
    /// The last time.
    pub(super) to: u32,
    /// The distance between two times, at least 1.
    pub(super) step: u32,
}

impl SampleGrid {
    /// The times of the `keep` seconds before `to`.
    pub(super) const fn back_from(to: u32, keep: u32, step: u32) -> Self {
        Self { from: moment(to.saturating_sub(keep), step), to: to / step * step, step }
    }

    /// The times of this grid that have values from `first` to `last`; `None` if there are none.
    pub(super) fn within(self, first: u32, last: u32) -> Option<Self> {
        let from = self.from.max(moment(first, self.step));
        let to = self.to.min(moment(last, self.step));
        (from <= to).then_some(Self { from, to, ..self })
    }

    /// The times from the first to the last of two grids with the same step.
    pub(super) fn join(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to), ..self }
    }

    /// The number of times, at least one.
    pub(super) const fn moments(self) -> usize {
        self.to.saturating_sub(self.from) as usize / self.step as usize + 1
    }

    /// Points without any value, for `rows` rows.
    pub(super) fn empty(self, rows: usize) -> ResultPoints {
        ResultPoints { from: self.from, step: self.step, values: vec![f32::NAN; self.moments() * rows] }
    }

    /// The index of the time that has the value of `at`.
    fn place(self, at: u32) -> Option<usize> {
        let moment = moment(at, self.step);
        (self.from..=self.to).contains(&moment).then(|| (moment - self.from) as usize / self.step as usize)
    }

    /// The values of an answer, for `rows` rows. `numbers` contains the row number for each row of the
    /// answer, if it has one.
    pub(super) fn answered(
        self,
        answer: &IncomingSeries,
        numbers: &[Option<u32>],
        rows: usize,
    ) -> ResultPoints {
        let mut points = self.empty(rows);
        for (row, series) in answer.points() {
            let Some(row) = numbers[row as usize] else { continue };
            let mut series = series.iter().map(|(at, value)| (self.place(*at), *value)).peekable();
            while let Some((place, value)) = series.next() {
                let is_last = series.peek().is_none_or(|(next, _)| *next != place);
                let Some(place) = place.filter(|_| is_last) else { continue };
                let present = &mut points.values[place * rows + row as usize];
                *present = larger(*present, value);
            }
        }
        points
    }

    /// Overwrites the values of `points` (of `rows` rows at the times of this grid) with those of `others`
    /// (of the first `width` rows). Missing values overwrite nothing.
    pub(super) fn put(self, points: &mut ResultPoints, rows: usize, others: &ResultPoints, width: usize) {
        let moments = (0_u32..).map(|number| others.from.saturating_add(number.saturating_mul(others.step)));
        for (at, values) in moments.zip(others.values.chunks_exact(width.max(1))) {
            let Some(place) = self.place(at) else { continue };
            let present = &mut points.values[place * rows..][..width];
            for (present, value) in present.iter_mut().zip(values) {
                *present = if value.is_nan() { *present } else { *value };
            }
        }
    }
}

/// The time of a grid that has the value of `at`.
const fn moment(at: u32, step: u32) -> u32 {
    at.div_ceil(step).saturating_mul(step)
}
