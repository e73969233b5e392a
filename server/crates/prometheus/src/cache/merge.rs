//! Merges an answer with the stored one.

use super::{
    decode::DecodedRows,
    encode::MAX_VALUES,
    frame::FrameList,
    incoming_series::{IncomingSeries, RowSummary},
    label_rows::LabelRows,
    sample_grid::SampleGrid,
};
use crate::results::{ResultPoints, ResultTable};

/// The maximum number of frames in a file, since each takes time to read.
const MAX_FRAMES: usize = 16;

/// There are more values than a file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are too many values")]
pub(super) struct CacheLimitExceeded;

/// The series of an answer that have a value at `to`.
pub(super) fn now(answer: &IncomingSeries, to: u32) -> ResultTable {
    let present = |seen: &RowSummary| seen.last == to;
    table(answer, to, present)
}

/// The series of the `keep` seconds before `to`. `old` is the stored table, with the symbols of the answer.
pub(super) fn seen(
    answer: &mut IncomingSeries,
    old: Option<&ResultTable>,
    to: u32,
    keep: u32,
) -> ResultTable {
    let to = old.map_or(to, |old| old.to.max(to));
    for row in old.into_iter().flat_map(ResultTable::rows) {
        let seen = RowSummary { first: row.first_seen(), last: row.last_seen(), newest: row.newest() };
        answer.add_old(row.labels(), seen);
    }
    let earliest = to.saturating_sub(keep);
    let mut table = table(answer, to, |seen| seen.last >= earliest);
    for moment in table.first_seen.iter_mut().chain(&mut table.last_seen) {
        *moment = (*moment).clamp(earliest, to);
    }
    table
}

/// All values over time at the times of `kept`. `old` is the stored table, with the symbols of the answer.
pub(super) fn range(
    answer: &IncomingSeries,
    old: Option<&ResultTable>,
    kept: SampleGrid,
) -> Result<ResultTable, CacheLimitExceeded> {
    // If both do not fit, the stored values are dropped.
    joined(answer, old, kept).or_else(|CacheLimitExceeded| joined(answer, None, kept))
}

fn joined(
    answer: &IncomingSeries,
    old: Option<&ResultTable>,
    kept: SampleGrid,
) -> Result<ResultTable, CacheLimitExceeded> {
    let width = answer.query.labels.len();
    let mut rows = old.map_or_else(|| LabelRows::new(width), |old| LabelRows::of(width, &old.labels));
    let numbers = number(answer, &mut rows, kept);
    let grids =
        old.and_then(|old| kept.within(old.points.from, end(old)?)).into_iter().chain(grid(answer, kept));
    let mut table = ResultTable { to: kept.to, width, ..ResultTable::default() };
    let Some(grid) = grids.reduce(SampleGrid::join) else { return Ok(table) };
    if grid.moments().checked_mul(rows.len()).is_none_or(|values| values > MAX_VALUES) {
        return Err(CacheLimitExceeded);
    }
    table.points = grid.empty(rows.len());
    if let Some(old) = old {
        grid.put(&mut table.points, rows.len(), &old.points, old.len());
    }
    let new = grid.answered(answer, &numbers, rows.len());
    grid.put(&mut table.points, rows.len(), &new, rows.len());
    table.labels = rows.into_labels();
    Ok(table)
}

/// What an answer adds to a file: its values over time, for the rows of the file and new ones.
pub(super) fn addition(answer: &IncomingSeries, file: &DecodedRows, kept: SampleGrid) -> ResultTable {
    let width = answer.query.labels.len();
    let mut rows = LabelRows::of(width, &file.labels);
    let numbers = number(answer, &mut rows, kept);
    let points = grid(answer, kept).map(|grid| grid.answered(answer, &numbers, rows.len()));
    let points = points.unwrap_or(ResultPoints { from: kept.to, step: kept.step, values: Vec::new() });
    ResultTable { to: kept.to, width, labels: rows.into_labels(), points, ..ResultTable::default() }
}

/// Whether the addition of an answer can be appended to the file: all its times are later, and neither the
/// expired values nor the frames become too many.
pub(super) fn may_follow(answer: &IncomingSeries, file: &FrameList<'_>, kept: SampleGrid, keep: u32) -> bool {
    let Some(newest) = file.newest() else { return false };
    let (first, end) = (file.list.iter().find(|frame| frame.header.moments > 0), file.end());
    let (Some(first), Some(end)) = (first, end) else { return false };
    let few_frames = file.list.len() < MAX_FRAMES;
    let same_step = file.list.iter().all(|frame| frame.header.step == kept.step);
    let is_later = newest.to <= kept.to && grid(answer, kept).is_none_or(|grid| grid.from > end);
    let mostly_kept = kept.to - first.header.from.min(kept.to) <= keep.saturating_add(keep / 2);
    let rows = newest.rows as usize + answer.rows();
    let has_room = kept.moments().saturating_mul(rows) <= MAX_VALUES;
    few_frames && same_step && is_later && mostly_kept && has_room
}

/// The last time of the values over time.
fn end(table: &ResultTable) -> Option<u32> {
    let moments = table.points.values.len().checked_div(table.len())?;
    let steps = u32::try_from(moments.checked_sub(1)?).ok()?;
    Some(table.points.from + steps * table.points.step)
}

/// The times of `kept` for which the answer has values.
fn grid(answer: &IncomingSeries, kept: SampleGrid) -> Option<SampleGrid> {
    let (first, last) = answer.bounds()?;
    kept.within(first, last)
}

/// The number in `rows` of each row of the answer that was seen in `kept`. New rows are added.
fn number(answer: &IncomingSeries, rows: &mut LabelRows, kept: SampleGrid) -> Vec<Option<u32>> {
    let in_time = |seen: &RowSummary| kept.within(seen.first, seen.last).is_some();
    let all = answer.seen.iter().enumerate();
    all.map(|(row, seen)| in_time(seen).then(|| rows.number(answer.rows.row(row)))).collect()
}

fn table(answer: &IncomingSeries, to: u32, is_kept: impl Fn(&RowSummary) -> bool) -> ResultTable {
    let mut table = ResultTable { to, width: answer.query.labels.len(), ..ResultTable::default() };
    for (row, seen) in answer.seen.iter().enumerate().filter(|(_, seen)| is_kept(seen)) {
        table.labels.extend_from_slice(answer.rows.row(row));
        table.first_seen.push(seen.first);
        table.last_seen.push(seen.last);
        table.values.push(seen.newest);
    }
    table
}
