//! Leaves out points of a line that nobody could see.

use crate::number_order::sort_by_number;

/// Columns of a line: about a pixel each on a wide screen.
const COLUMNS: usize = 1000;

/// The places and values of an unbroken part of a line.
type LinePart = Vec<(usize, f64)>;

/// The unbroken parts of a line, each as the places and values of its points. A place without a value ends a
/// part.
pub(crate) fn unbroken_parts(values: &[Option<f64>]) -> Vec<LinePart> {
    let mut parts = vec![LinePart::new()];
    for (place, value) in values.iter().enumerate() {
        match (value.filter(|value| value.is_finite()), parts.last_mut()) {
            (Some(value), Some(part)) => part.push((place, value)),
            _ => parts.push(LinePart::new()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The points of a part that can be seen, if the whole line has `places` places: of each column its first and
/// last point and its extremes.
pub(crate) fn visible_points(part: &[(usize, f64)], places: usize) -> LinePart {
    let column_width = places.div_ceil(COLUMNS).max(1);
    if column_width == 1 {
        return part.to_vec();
    }
    let columns = part.chunk_by(|(one, _), (other, _)| one / column_width == other / column_width);
    columns.flat_map(column_points).collect()
}

fn column_points(column: &[(usize, f64)]) -> LinePart {
    let by_value = |one: &&(usize, f64), other: &&(usize, f64)| one.1.total_cmp(&other.1);
    let extremes = [column.iter().min_by(by_value), column.iter().max_by(by_value)];
    let ends = [column.first(), column.last()];
    let mut kept: LinePart = ends.into_iter().chain(extremes).flatten().copied().collect();
    sort_by_number(&mut kept);
    kept.dedup_by_key(|(place, _)| *place);
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gaps_divide_a_line() {
        let values = [None, Some(1.0), Some(2.0), None, Some(f64::NAN), Some(3.0)];
        assert_eq!(unbroken_parts(&values), [vec![(1, 1.0), (2, 2.0)], vec![(5, 3.0)]]);
        assert!(unbroken_parts(&[None, None]).is_empty());
    }

    #[test]
    fn short_lines_keep_all_points() {
        let part: Vec<_> = (0..COLUMNS).map(|place| (place, place as f64)).collect();
        assert_eq!(visible_points(&part, COLUMNS), part);
    }

    proptest! {
        #[test]
        fn long_lines_keep_ends_and_extremes(values in prop::collection::vec(-1e6..1e6_f64, 2000..9000)) {
            let part: Vec<_> = values.into_iter().enumerate().collect();
            let visible = visible_points(&part, part.len());
            prop_assert!(visible.len() <= 4 * COLUMNS);
            prop_assert_eq!(visible.first(), part.first());
            prop_assert_eq!(visible.last(), part.last());
            let values = |points: &[(usize, f64)]| points.iter().map(|point| point.1).collect::<Vec<_>>();
            let greatest = |points: &[(usize, f64)]| values(points).into_iter().fold(f64::MIN, f64::max);
            let least = |points: &[(usize, f64)]| values(points).into_iter().fold(f64::MAX, f64::min);
            prop_assert_eq!(greatest(&visible), greatest(&part));
            prop_assert_eq!(least(&visible), least(&part));
            prop_assert!(visible.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
