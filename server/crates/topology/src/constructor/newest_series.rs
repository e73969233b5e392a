//! Selects the newest of several series with the same id.

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{InternedString, QueryResults, ResultRow},
};

use super::symbol_map::SymbolMap;

/// The row seen last for each value of a label. Of rows that were seen at the same time, the one with the
/// larger texts, so that the order of rows does not matter. Rows without the label are skipped.
pub(super) fn newest_by<'a>(
    answers: &'a QueryResults,
    query: &'static PrometheusQuery,
    label: Label,
) -> Vec<(InternedString, ResultRow<'a>)> {
    let mut places = SymbolMap::<u32>::default();
    let mut newest: Vec<(InternedString, ResultRow<'a>)> = Vec::new();
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

fn is_newer(answers: &QueryResults, row: ResultRow<'_>, other: ResultRow<'_>) -> bool {
    let texts =
        |row: ResultRow<'_>| row.labels().iter().map(|symbol| answers.text(*symbol)).collect::<Vec<_>>();
    row.last_seen().cmp(&other.last_seen()).then_with(|| texts(row).cmp(&texts(other))).is_gt()
}
