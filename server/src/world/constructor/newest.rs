//! Selects the newest of several series with the same id.

use super::by_symbol::BySymbol;
use crate::world::{
    answers::{Answers, Row, Symbol},
    catalogue::{Label, Query},
};

/// The row seen last for each value of a label. Of rows that were seen at the same time, the one with the
/// larger texts, so that the order of rows does not matter. Rows without the label are skipped.
pub(super) fn newest_by<'a>(
    answers: &'a Answers,
    query: &'static Query,
    label: Label,
) -> Vec<(Symbol, Row<'a>)> {
    let mut places = BySymbol::<u32>::default();
    let mut newest: Vec<(Symbol, Row<'a>)> = Vec::new();
    let ([column], rows) = answers.rows(query, [label]);
    for row in rows {
        let key = row.label(column);
        if key.is_empty() {
            continue;
        }
        match places.get(key).and_then(|place| newest.get_mut(place as usize)) {
            Some((_, kept)) if is_newer(answers, row, *kept) => *kept = row,
            Some(_) => {}
            None => {
                places.set(key, u32::try_from(newest.len()).unwrap_or(u32::MAX));
                newest.push((key, row));
            }
        }
    }
    newest
}

fn is_newer(answers: &Answers, row: Row<'_>, other: Row<'_>) -> bool {
    let texts = |row: Row<'_>| row.labels().iter().map(|symbol| answers.text(*symbol)).collect::<Vec<_>>();
    row.last_seen().cmp(&other.last_seen()).then_with(|| texts(row).cmp(&texts(other))).is_gt()
}
