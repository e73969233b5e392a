//! Sorts numbered values. All of them are sorted by one function, because each kind of sorting is some
//! kilobytes of a program.

use std::cmp::Ordering;

/// A value after its number.
type NumberedValue = (usize, f64);

/// Sorts by the values; equal ones stay in their order.
pub(crate) fn sort_by_value(values: &mut [NumberedValue]) {
    sort_with(values, |one, other| one.1.total_cmp(&other.1));
}

/// Sorts by the numbers.
pub(crate) fn sort_by_number(values: &mut [NumberedValue]) {
    sort_with(values, |one, other| one.0.cmp(&other.0));
}

fn sort_with(values: &mut [NumberedValue], order: fn(&NumberedValue, &NumberedValue) -> Ordering) {
    values.sort_by(order);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_sorted_and_put_back() {
        let mut values = [(0, 2.0), (1, 1.0), (2, 2.0), (3, -1.0)];
        sort_by_value(&mut values);
        assert_eq!(values, [(3, -1.0), (1, 1.0), (0, 2.0), (2, 2.0)]);
        sort_by_number(&mut values);
        assert_eq!(values, [(0, 2.0), (1, 1.0), (2, 2.0), (3, -1.0)]);
    }
}
