//! How long does it take in all but a few cases, by a histogram?

use crate::world::{
    answers::{Symbol, Table},
    catalogue::{Label, Query},
    model::{Id as _, Map, RowId, World},
};

/// The upper bounds of the buckets of a histogram, the smallest first.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    bounds: Vec<f64>,
    /// The place of the bucket that each text means.
    places: Map<Symbol, usize>,
    column: usize,
}

/// How many values are at most so large, by the upper bound of a bucket; the larger buckets have those of the smaller ones.
pub(super) type Bucket = (f64, f64);

impl Bounds {
    /// The buckets that the series of a histogram are for.
    pub(super) fn of(world: &World<'_>, query: &'static Query) -> Self {
        let [column] = query.columns([Label::Le]);
        let mut texts = Map::<Symbol, f64>::default();
        for row in world.answers.table(query).rows() {
            let text = row.label(column);
            texts.entry(text).or_insert_with(|| world.text(text).parse().unwrap_or(f64::NAN));
        }
        texts.retain(|_, bound| !bound.is_nan());
        let mut bounds: Vec<f64> = texts.values().copied().collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let place = |bound: f64| bounds.partition_point(|other| *other < bound);
        let places = texts.into_iter().map(|(text, bound)| (text, place(bound))).collect();
        Self { bounds, places, column }
    }

    /// The sums of some series of that histogram at present.
    pub(super) fn buckets(&self, table: &Table, rows: impl Iterator<Item = RowId>) -> Vec<Bucket> {
        let mut buckets: Vec<Bucket> = self.bounds.iter().map(|bound| (*bound, 0.0)).collect();
        for row in rows.filter_map(|row| table.row(row.place())) {
            let bucket = self.places.get(&row.label(self.column)).and_then(|place| buckets.get_mut(*place));
            if let (Some((_, count)), Some(value)) = (bucket, row.last()) {
                *count += f64::from(value);
            }
        }
        buckets
    }
}

/// The value that a share of all values does not exceed, as if values were spread evenly over their bucket. Of values above
/// all bounds, the largest bound; `None` where there are no values.
pub(super) fn quantile(buckets: &[Bucket], share: f64) -> Option<f64> {
    let (_, all) = *buckets.last()?;
    let rank = share * all;
    let place = buckets.iter().position(|(_, count)| all > 0.0 && *count >= rank)?;
    let (from, below) =
        place.checked_sub(1).and_then(|before| buckets.get(before)).copied().unwrap_or_default();
    let (to, count) = *buckets.get(place)?;
    if to.is_infinite() {
        return (place > 0).then_some(from);
    }
    Some(from + (to - from) * (rank - below) / (count - below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(buckets: &[Bucket], expected: Option<f64>) {
        let found = quantile(buckets, 0.95);
        let same = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
            (found, expected) => found == expected,
        };
        assert!(same, "{found:?} instead of {expected:?}");
    }

    #[test]
    fn values_are_spread_evenly_over_their_bucket() {
        const INFINITY: f64 = f64::INFINITY;
        check(&[(0.1, 90.0), (0.2, 100.0), (INFINITY, 100.0)], Some(0.15));
        check(&[(0.1, 100.0), (0.2, 100.0), (INFINITY, 100.0)], Some(0.095));
        check(&[(0.1, 50.0), (0.2, 60.0), (INFINITY, 100.0)], Some(0.2));
        check(&[(INFINITY, 100.0)], None);
        check(&[(0.1, 0.0), (INFINITY, 0.0)], None);
        check(&[], None);
    }
}
