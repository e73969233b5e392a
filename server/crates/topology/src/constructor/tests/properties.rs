//! Property tests of worlds: the order of series does not matter, among others.

use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{
    facts::InfrastructureFacts,
    fixture::{
        digest,
        random_series::{cases, fixture_of, series, two_orders},
    },
    model::World,
};

/// The lines without the rows of tables.
fn without_rows(world: &World<'_>) -> Vec<String> {
    let mut lines = digest(world);
    lines.retain(|line| !line.starts_with("series "));
    lines
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_order_of_series_and_the_numbers_of_texts_do_not_matter((series, shuffled) in two_orders()) {
        let (one, other) = (fixture_of(series), fixture_of(shuffled));
        prop_assert_eq!(one.look(digest), other.look_numbered(true, digest));
        prop_assert_eq!(one.facts(), other.look_numbered(true, InfrastructureFacts::of));
    }

    #[test]
    fn series_that_come_twice_change_nothing(
        series in vec(series(), 1..60),
        twice in vec(any::<Index>(), 0..30),
    ) {
        let mut more = series.clone();
        more.extend(twice.iter().map(|index| index.get(&series).clone()));
        let (one, other) = (fixture_of(series), fixture_of(more));
        prop_assert_eq!(one.facts(), other.facts());
        prop_assert_eq!(one.look(without_rows), other.look(without_rows));
    }

    #[test]
    fn labels_of_any_text_never_panic(
        series in vec(series(), 1..20),
        texts in vec(".{0,12}", 24),
    ) {
        let garbled = series.into_iter().map(|mut series| {
            for (text, garbage) in series.labels.values_mut().zip(&texts) {
                garbage.clone_into(text);
            }
            series
        });
        fixture_of(garbled.collect()).facts();
    }
}
