//! Computes quantiles of histograms.

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{ColumnIndex, InternedString, ResultRow, ResultTable},
};
use headcount_topology::model::{ArenaIndex as _, FastMap, RowId, World};

/// The index for rows without a bucket.
const NO_BUCKET: u32 = u32::MAX;

/// The upper bounds of the buckets of a histogram, the smallest first.
#[derive(Debug, Default)]
pub(super) struct BucketBounds {
    bounds: Vec<f64>,
    /// The index of the bucket of each row.
    places: Vec<u32>,
}

/// The upper bound of a bucket, and the number of values up to it. Buckets are cumulative.
pub(super) type HistogramBucket = (f64, f64);

impl BucketBounds {
    /// The buckets of the series of a histogram.
    pub(super) fn of(world: &World<'_>, query: &'static PrometheusQuery) -> Self {
        let [column] = query.columns([Label::Le]);
        let (texts, mut places) = numbered(world.answers.table(query), column);
        let bound = |text: &InternedString| world.text(*text).parse().unwrap_or(f64::NAN);
        let of_texts: Vec<f64> = texts.iter().map(bound).collect();
        let mut bounds: Vec<f64> = of_texts.iter().copied().filter(|bound| !bound.is_nan()).collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let bucket = |bound: &f64| match bounds.partition_point(|other| other < bound) {
            _ if bound.is_nan() => NO_BUCKET,
            place => place as u32,
        };
        let of_texts: Vec<u32> = of_texts.iter().map(bucket).collect();
        for place in &mut places {
            *place = of_texts.get(*place as usize).copied().unwrap_or(NO_BUCKET);
        }
        Self { bounds, places }
    }

    /// The sums of the current values of some series of that histogram, by bucket.
    pub(super) fn buckets(
        &self,
        table: &ResultTable,
        rows: impl Iterator<Item = RowId>,
    ) -> Vec<HistogramBucket> {
        let mut buckets: Vec<HistogramBucket> = self.bounds.iter().map(|bound| (*bound, 0.0)).collect();
        for row in rows.filter_map(|row| table.row(row.place())) {
            let place = self.places.get(row.index());
            let bucket = place.and_then(|place| buckets.get_mut(*place as usize));
            if let (Some((_, count)), Some(value)) = (bucket, row.last()) {
                *count += f64::from(value);
            }
        }
        buckets
    }
}

/// The distinct texts in a column, and for each row the index of its text. There are many rows and few texts.
fn numbered(table: &ResultTable, column: ColumnIndex) -> (Vec<InternedString>, Vec<u32>) {
    let mut numbers = FastMap::<InternedString, u32>::default();
    let mut texts = Vec::new();
    let of_row = |row: ResultRow<'_>| {
        *numbers.entry(row.label(column)).or_insert_with_key(|text| {
            texts.push(*text);
            texts.len() as u32 - 1
        })
    };
    let of_rows = table.rows().map(of_row).collect();
    (texts, of_rows)
}

/// The quantile at a share, interpolated linearly within a bucket. Values above all finite bounds count as
/// the largest finite bound; `None` without values.
pub(super) fn quantile(buckets: &[HistogramBucket], share: f64) -> Option<f64> {
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
    fn check(buckets: &[HistogramBucket], expected: Option<f64>) {
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
