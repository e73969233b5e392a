//! Tests of the evaluation of windows.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::sli::sli_window::requests_of;

/// Indicators with these requests and failures in each slot, the newest last; `None` for an unknown slot.
fn known(slots: &[Option<[f32; 2]>]) -> ServiceLevelIndicators {
    let mut indicators = ServiceLevelIndicators::default();
    for (ago, counts) in slots.iter().rev().enumerate() {
        let end = END - ago as u32 * SLOT_S;
        let slot = slot("cart", end, *counts, &[]);
        let slots = if counts.is_some() { vec![slot] } else { Vec::new() };
        indicators.add(&SlotBatch {
            requests: vec![end],
            latencies: vec![end],
            slots,
            ..SlotBatch::default()
        });
    }
    indicators
}

#[test]
fn a_share_is_that_of_the_window_and_needs_half_of_its_slots() {
    const ALL: Option<[f32; 2]> = Some([10.0, 10.0]);
    const HALF: Option<[f32; 2]> = Some([10.0, 5.0]);
    const NONE: Option<[f32; 2]> = Some([10.0, 0.0]);
    const IDLE: Option<[f32; 2]> = Some([0.0, 0.0]);
    for (slots, window_s, expected, is_silent) in [
        (&[NONE, ALL][..], 300, Some(1.0), false),
        (&[NONE, ALL], 600, Some(0.5), false),
        (&[ALL, NONE], 300, Some(0.0), false),
        (&[Some([90.0, 0.0]), ALL], 600, Some(0.1), false),
        (&[ALL, None], 300, None, false),
        (&[HALF, None], 600, Some(0.5), false),
        (&[HALF, None, None], 900, None, false),
        (&[HALF, None, None, None], 1200, None, true),
        (&[HALF, HALF, None, None, None], 1200, None, true),
        (&[IDLE, IDLE], 600, None, false),
    ] {
        let indicators = known(slots);
        let cart = indicators.requests_to(&key("cart")).unwrap();
        let series = cart.availability(&AvailabilityObjective::DEFAULT).unwrap();
        assert_eq!(series.bad_share(window_s), expected, "{slots:?} {window_s}");
        assert_eq!(series.is_silent(), is_silent, "{slots:?}");
    }
    let nothing = known(&[None, None]);
    assert!(nothing.requests_to(&key("cart")).is_none());
}

#[test]
fn quick_is_what_the_largest_bucket_within_the_objective_has() {
    let inf = f32::INFINITY;
    for (latency, bucket_s, expected) in [
        (&[(0.25, 5.0), (0.5, 8.0), (inf, 10.0)][..], 0.5, Some(0.2)),
        (&[(0.25, 5.0), (0.5, 8.0), (inf, 10.0)], 0.4, Some(0.5)),
        (&[(0.25, 5.0), (0.5, 8.0), (inf, 10.0)], 0.1, None),
        (&[(0.5, 10.0), (inf, 10.0)], 5.0, Some(0.0)),
        (&[(0.5, 11.0), (inf, 10.0)], 0.5, Some(0.0)),
        (&[], 0.5, None),
    ] {
        let mut indicators = ServiceLevelIndicators::default();
        let slots = vec![slot("cart", END, None, latency)];
        indicators.add(&SlotBatch { latencies: vec![END], slots, ..SlotBatch::default() });
        let objective = LatencyObjective { percent: 99.0, bucket_s, custom: None };
        let series = indicators.requests_to(&key("cart")).and_then(|cart| cart.latency(&objective));
        let share = series.and_then(|series| series.bad_share(300));
        match expected {
            Some(expected) => {
                assert!((share.unwrap() - expected).abs() < 1e-6, "{latency:?} {bucket_s}: {share:?}")
            }
            None => assert_eq!(share, None),
        }
    }
}

#[test]
fn sums_are_only_of_slots_that_are_known() {
    let indicators = known(&[Some([1.0, 0.0]), None, Some([4.0, 2.0])]);
    let sums = |from, to| indicators.sums(&key("cart"), [SlotSource::Seen; 2], from, to);
    let requests = |from, to| sums(from, to).map(|sums| (sums.requests, sums.errors));
    assert_eq!(requests(END - 900, END), Some((5.0, 2.0)));
    assert_eq!(requests(END - 300, END), Some((4.0, 2.0)));
    assert_eq!(requests(END - 1200, END), None);
    assert_eq!(requests(END - 300, END + 300), None);
    // An application without slots had no requests if the slots were fetched.
    assert_eq!(
        indicators.sums(&key("web"), [SlotSource::Seen; 2], END - 300, END),
        Some(RequestSums::default())
    );
}

proptest! {
    /// A day has the last values that were put for each slot, and no slot that is more than a day old.
    #[test]
    fn a_day_that_goes_round_is_a_map_of_its_slots(
        puts in proptest::collection::vec((0_u32..900, 0_u8..4, 0.0_f32..100.0), 1..60),
    ) {
        let mut day = SliWindow::default();
        let mut model: BTreeMap<u32, BTreeMap<u32, f32>> = BTreeMap::new();
        let mut newest = 0;
        for (number, bucket, count) in puts {
            let end = END + number * SLOT_S;
            let bound = f32::from(bucket);
            day.put(&slot("", end, None, &[(bound, count)]));
            newest = newest.max(end);
            model.entry(end).or_default().insert(bound.to_bits(), count);
            model.retain(|end, _| *end + DAY_S > newest);
        }
        for end in slots(END - SLOT_S, END + 900 * SLOT_S) {
            let found = day.at(end).map(|slot| slot.buckets().map(|(bound, count)| (bound.to_bits(), count)).collect());
            prop_assert_eq!(found, model.get(&end).cloned(), "{}", end);
        }
        prop_assert_eq!(day.newest(), newest);
    }

    /// The rows of a span are those of its slots, for any start and end.
    #[test]
    fn a_span_has_the_rows_of_its_slots_in_order(
        puts in proptest::collection::vec((0_u32..900, 0.0_f32..100.0), 1..60),
        from in 0_u32..1200,
        length in 0_u32..600,
    ) {
        let mut day = SliWindow::default();
        for (number, count) in puts {
            day.put(&slot("", END + number * SLOT_S, Some([count, 0.0]), &[]));
        }
        let from = END + from * SLOT_S - 300 * SLOT_S;
        let to = from + length * SLOT_S;
        let found: Vec<_> = day.rows(from, to).filter_map(requests_of).collect();
        let expected: Vec<_> =
            slots(from, to).filter_map(|end| day.at(end)).filter_map(|slot| slot.requests()).collect();
        prop_assert_eq!(found, expected);
    }
}
