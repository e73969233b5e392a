//! When was each row of a table first and last seen, by its values over time?

use super::super::answers::{Points, Table};

/// Finds it for the `rows` rows of `table`, and leaves out those that have no value.
pub(super) fn find(table: &mut Table, rows: usize) {
    let Points { from, step, values } = &table.points;
    let moments = || (0_u32..).map(|number| from + number * step).zip(values.chunks_exact(rows.max(1)));
    let mut first = vec![0; rows];
    for_each_first(moments(), rows, |row, at, _| first[row] = at);
    let mut last = vec![0; rows];
    let mut newest = vec![f32::NAN; rows];
    let count = values.len() / rows.max(1);
    let backwards = (0..count).rev().map(|number| {
        #[expect(clippy::cast_possible_truncation, reason = "moments are numbers of four bytes")]
        let at = from + number as u32 * step;
        (at, &values[number * rows..][..rows])
    });
    for_each_first(backwards, rows, |row, at, value| (last[row], newest[row]) = (at, value));
    (table.first_seen, table.last_seen, table.values) = (first, last, newest);
    leave_out_missing(table, rows);
}

/// Calls `found` with the first value of each row in the order of `moments`, for rows that have one.
fn for_each_first<'v>(
    moments: impl Iterator<Item = (u32, &'v [f32])>,
    rows: usize,
    mut found: impl FnMut(usize, u32, f32),
) {
    let mut unknown: Vec<usize> = (0..rows).collect();
    for (at, values) in moments {
        if unknown.is_empty() {
            return;
        }
        unknown.retain(|row| {
            let value = values[*row];
            if !value.is_nan() {
                found(*row, at, value);
            }
            value.is_nan()
        });
    }
}

fn leave_out_missing(table: &mut Table, rows: usize) {
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
    table.first_seen = kept.iter().map(|row| table.first_seen[*row]).collect();
    table.last_seen = kept.iter().map(|row| table.last_seen[*row]).collect();
    table.values = kept.iter().map(|row| table.values[*row]).collect();
    if kept.is_empty() {
        table.points = Points::default();
    }
}
