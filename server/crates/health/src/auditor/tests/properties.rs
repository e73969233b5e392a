//! Property tests of audits.

use std::collections::BTreeMap;

use headcount_topology::fixture::random_series::{cases, fixture_of, two_orders};
use proptest::prelude::*;

use super::*;
use crate::inspections::InspectionThresholds;

/// The content of audits, with names instead of numbers.
fn said(world: &World<'_>) -> Vec<String> {
    // Low enough that almost every inspection fires.
    let values: BTreeMap<_, _> = Inspection::ALL.iter().map(|inspection| (*inspection, 0.5)).collect();
    let project = InspectionThresholds { values, ..InspectionThresholds::default() };
    let audits = audits_with(world, &ProjectThresholds { project, ..ProjectThresholds::default() });
    let mut lines = Vec::new();
    for audit in audits {
        let key = world.apps[audit.application].id.key(&world.texts);
        lines.push(format!("{key} {:?}", audit.status));
        for report in &audit.reports {
            let messages: Vec<_> =
                report.checks.iter().map(|check| check.message.text(&world.texts)).collect();
            lines.push(format!("{key} {report:?} {messages:?}"));
        }
    }
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_order_of_series_and_the_numbers_of_texts_do_not_matter((series, shuffled) in two_orders()) {
        prop_assert_eq!(fixture_of(series).look(said), fixture_of(shuffled).look_numbered(true, said));
    }
}
