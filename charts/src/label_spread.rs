//! Moves labels apart that would lie on each other.

use crate::number_order::{sort_by_number, sort_by_value};

/// The positions nearest to the wanted ones that are `distance` apart and between `min` and `max`, in the
/// order of the input. If there is no room for all, they are closer together, evenly.
pub(crate) fn spread_labels(wanted: &[f64], distance: f64, min: f64, max: f64) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = wanted.iter().copied().enumerate().collect();
    sort_by_value(&mut order);
    let gaps = order.len().saturating_sub(1) as f64;
    let distance = if gaps > 0.0 { distance.min((max - min) / gaps) } else { distance };
    // Downwards no label is nearer to the one before; then upwards the last ones come back inside.
    let mut least = min;
    for (_, position) in &mut order {
        *position = position.max(least).min(max.max(least));
        least = *position + distance;
    }
    let mut greatest = max;
    for (_, position) in order.iter_mut().rev() {
        *position = position.min(greatest);
        greatest = *position - distance;
    }
    sort_by_number(&mut order);
    order.into_iter().map(|(_, position)| position).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_with_room_stay_where_they_are() {
        assert_eq!(spread_labels(&[100.0, 20.0], 14.0, 0.0, 200.0), [100.0, 20.0]);
        assert_eq!(spread_labels(&[10.0, 10.0], 14.0, 0.0, 200.0), [10.0, 24.0]);
        assert_eq!(spread_labels(&[200.0, 199.0], 14.0, 0.0, 200.0), [200.0, 186.0]);
    }

    proptest! {
        #[test]
        fn labels_are_inside_in_order_and_apart(wanted in prop::collection::vec(0.0..200.0_f64, 0..30)) {
            let placed = spread_labels(&wanted, 14.0, 0.0, 200.0);
            let distance = 14.0_f64.min(200.0 / (wanted.len().max(2) - 1) as f64) - 1e-9;
            for (one, at) in placed.iter().enumerate() {
                prop_assert!((-1e-9..=200.0 + 1e-9).contains(at));
                for other in 0..one {
                    prop_assert!((at - placed[other]).abs() >= distance);
                    prop_assert!(wanted[one] >= wanted[other] || *at < placed[other]);
                }
            }
        }
    }
}
