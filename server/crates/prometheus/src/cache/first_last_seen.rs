//! Finds when each row of a table was first and last seen, from its values over time.

use crate::results::{ResultPoints, ResultTable};

/// The state of the search in the rows of a table.
#[derive(Debug)]
pub(super) struct FirstLastSeen {
    first_seen: Vec<u32>,
    last_seen: Vec<u32>,
    newest: Vec<f32>,
    /// The rows whose first value is not found yet, in order.
    without_first: Vec<usize>,
    /// The rows whose last value is not found yet, in order.
    without_last: Vec<usize>,
}

impl FirstLastSeen {
    /// Starts the search for `rows` rows.
    pub(super) fn of(rows: usize) -> Self {
        Self {
            first_seen: vec![0; rows],
            last_seen: vec![0; rows],
            newest: vec![f32::NAN; rows],
            without_first: (0..rows).collect(),
            without_last: (0..rows).collect(),
        }
    }

    /// Whether the first value of one of the first `width` rows is not found yet.
    pub(super) fn lack_first(&self, width: usize) -> bool {
        self.without_first.first().is_some_and(|row| *row < width)
    }

    /// Whether the last value of one of the first `width` rows is not found yet.
    pub(super) fn lack_last(&self, width: usize) -> bool {
        self.without_last.first().is_some_and(|row| *row < width)
    }

    /// Searches first values in `moments`, which must follow those of earlier calls.
    pub(super) fn firsts<'v>(&mut self, moments: impl Iterator<Item = (u32, &'v [f32])>) {
        for (at, values) in moments {
            self.without_first.retain(|row| match value(values, *row) {
                Some(_) => {
                    self.first_seen[*row] = at;
                    false
                }
                None => true,
            });
        }
    }

    /// Searches last values in `moments`, which must precede those of earlier calls.
    pub(super) fn lasts<'v>(&mut self, moments: impl DoubleEndedIterator<Item = (u32, &'v [f32])>) {
        for (at, values) in moments.rev() {
            self.without_last.retain(|row| match value(values, *row) {
                Some(value) => {
                    (self.last_seen[*row], self.newest[*row]) = (at, value);
                    false
                }
                None => true,
            });
        }
    }

    /// Writes the results into `table` and removes the rows that have no value.
    pub(super) fn put_into(self, table: &mut ResultTable) {
        let rows = self.newest.len();
        (table.first_seen, table.last_seen, table.values) = (self.first_seen, self.last_seen, self.newest);
        leave_out_missing(table, rows);
    }
}

/// Searches the points of `table`, which has `rows` rows, and removes the rows that have no value.
pub(super) fn find(table: &mut ResultTable, rows: usize) {
    let ResultPoints { from, step, values } = &table.points;
    let count = u32::try_from(values.len() / rows.max(1)).unwrap_or(u32::MAX);
    let moments = || (0..count).map(|number| from + number * step).zip(values.chunks_exact(rows.max(1)));
    let mut ends = FirstLastSeen::of(rows);
    ends.firsts(moments());
    ends.lasts(moments());
    ends.put_into(table);
}

/// The value of a row, if there is one.
fn value(values: &[f32], row: usize) -> Option<f32> {
    values.get(row).copied().filter(|value| !value.is_nan())
}

fn leave_out_missing(table: &mut ResultTable, rows: usize) {
    let kept: Vec<usize> = (0..rows).filter(|row| !table.values[*row].is_nan()).collect();
    if kept.len() == rows {
        return;
    }
    let width = table.width;
    table.labels = kept.iter().flat_map(|row| &table.labels[row * width..][..width]).copied().collect();
    table.points.values = table
        .points
        .values
        .chunks_exact(rows)
        .flat_map(|moment| kept.iter().map(|row| moment[*row]))
        .collect();
    table.sums = kept.iter().filter_map(|row| table.sums.get(*row).copied()).collect();
    table.first_seen = kept.iter().map(|row| table.first_seen[*row]).collect();
    table.last_seen = kept.iter().map(|row| table.last_seen[*row]).collect();
    table.values = kept.iter().map(|row| table.values[*row]).collect();
    if kept.is_empty() {
        table.points = ResultPoints::default();
    }
}
