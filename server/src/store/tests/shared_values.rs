//! Tests of values that servers on one database share.

use super::*;

on_both! {
    async fn the_first_candidate_is_the_value_for_every_server(place) {
        let (one, other) = (place.open().await, place.open().await);
        assert_eq!(one.shared_value("headcount_key", "first").await.unwrap(), "first");
        assert_eq!(other.shared_value("headcount_key", "second").await.unwrap(), "first");
        assert_eq!(one.shared_value("another", "third").await.unwrap(), "third");
    }
}
