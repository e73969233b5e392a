//! Works out where this installation stands among those whose numbers are published. Everything happens here:
//! the collector is told nothing.

use std::collections::BTreeMap;

use headcount_fleet::{published::count_class, typed_report::IntegrationFlags};
use headcount_shared::{
    api::{
        FleetCostPosition, FleetPosition, FleetSharePosition, FleetSizePosition, PublishedCellAnswer,
        PublishedTableAnswer, PublishedTableRelease,
    },
    payload::{DatabaseType, Payload},
};

use super::{
    fleet_sentences::share_text,
    reported_rows::{mean, mean_bytes},
};

/// The most shares that are told of what this installation does not have.
const MOST_OTHERS: usize = 8;

/// Where the installation of a report stands in the newest release of each table. `None` if nothing is
/// released.
#[must_use]
pub fn fleet_position(tables: &[PublishedTableAnswer], own: &Payload) -> Option<FleetPosition> {
    let newest = tables.iter().filter_map(|table| Some((table.table.as_str(), table.releases.last()?)));
    let releases: BTreeMap<&str, &PublishedTableRelease> = newest.collect();
    let release = &releases.values().max_by_key(|release| &release.release.day)?.release;
    let cells = |table: &str| releases.get(table).map(|release| release.cells.as_slice()).unwrap_or_default();
    let sizes = [("nodes", own.infra.nodes), ("applications", own.infra.applications)];
    let costs = [
        ("cpu_usage", mean(&own.performance.cpu_usage)),
        ("memory_usage", mean_bytes(&own.performance.memory_usage)),
    ];
    Some(FleetPosition {
        day: release.day.clone(),
        installations: counted(release.installations),
        sizes: sizes.into_iter().filter_map(|(table, own)| size_position(table, own, cells(table))).collect(),
        costs: costs
            .into_iter()
            .filter_map(|(table, mean)| cost_position(table, mean?, &own.instance.version, cells(table)))
            .collect(),
        shares: told_shares(
            own_labels(own)
                .iter()
                .flat_map(|(table, labels)| share_positions(table, labels, cells(table)))
                .collect(),
        ),
    })
}

/// What this installation has, however rare, and what most others have, those first that most have.
fn told_shares(mut shares: Vec<FleetSharePosition>) -> Vec<FleetSharePosition> {
    shares.sort_by_key(|share| std::cmp::Reverse(share.have));
    let mut others = 0;
    shares.retain(|share| {
        others += usize::from(!share.own);
        share.own || others <= MOST_OTHERS
    });
    shares
}

/// The labels of this installation in the tables of labels.
fn own_labels(own: &Payload) -> [(&'static str, Vec<&str>); 6] {
    let database = match own.instance.database_type {
        DatabaseType::Sqlite => "sqlite",
        DatabaseType::Postgres => "postgres",
    };
    let flags = IntegrationFlags::in_section(&own.integration).flags().map(|flag| flag.label());
    let alerting = own.integration.alerting_integrations.iter().map(|kind| kind.name());
    [
        ("databases", vec![database]),
        ("integrations", flags.collect()),
        ("alerting_destinations", alerting.collect()),
        ("clouds", texts(&own.stack.clouds)),
        ("services", texts(&own.stack.services)),
        ("instrumented_services", texts(&own.stack.instrumented_service)),
    ]
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn size_position(table: &str, own: u64, cells: &[PublishedCellAnswer]) -> Option<FleetSizePosition> {
    let class = count_class(own);
    let mut position = FleetSizePosition {
        table: table.to_owned(),
        own,
        class: class.to_owned(),
        ..FleetSizePosition::default()
    };
    for cell in cells {
        let (Some(label), installations) = (&cell.label, counted(cell.installations)) else { continue };
        position.of = position.of.saturating_add(installations);
        if label == class {
            position.same = position.same.saturating_add(installations);
        } else if least_of(label)? < own {
            position.fewer = position.fewer.saturating_add(installations);
        }
    }
    (position.of > 0).then_some(position)
}

/// The least number of a class such as `8-15` or `4096+`. `None` for a class of another version.
fn least_of(class: &str) -> Option<u64> {
    class.split(['-', '+']).next()?.parse().ok()
}

/// Beside the installations of its version, or, where too few have it, of the version that most have.
fn cost_position(
    table: &str,
    own: f64,
    version: &str,
    cells: &[PublishedCellAnswer],
) -> Option<FleetCostPosition> {
    let with_percentiles = cells.iter().filter(|cell| !cell.percentiles.is_empty());
    let cell =
        with_percentiles.max_by_key(|cell| (cell.version.as_deref() == Some(version), cell.installations))?;
    Some(FleetCostPosition {
        table: table.to_owned(),
        own,
        version: cell.version.clone(),
        of: counted(cell.installations),
        percentiles: cell.percentiles.clone(),
    })
}

/// How many have each label of a table.
fn share_positions(table: &str, own: &[&str], cells: &[PublishedCellAnswer]) -> Vec<FleetSharePosition> {
    let mut shares = BTreeMap::<&str, (u64, u64)>::new();
    for cell in cells {
        // A label has a cell in each version that it is published of, with the installations of that version.
        if let Some(label) = &cell.label {
            let (have, of) = shares.entry(label).or_default();
            *have = have.saturating_add(counted(cell.installations));
            *of = of.saturating_add(counted(cell.of_installations));
        }
    }
    let shares = shares.into_iter().filter(|(_, (_, of))| *of > 0);
    let position = |(label, (have, of)): (&str, (u64, u64))| {
        // Noise can make a part larger than the whole.
        let have = have.min(of);
        FleetSharePosition {
            table: table.to_owned(),
            label: label.to_owned(),
            own: own.contains(&label),
            have,
            of,
            text: share_text(have, of),
        }
    };
    shares.map(position).collect()
}

/// A number with noise, which can make it less than nothing.
fn counted(installations: i64) -> u64 {
    u64::try_from(installations).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const REPORT: &str = include_str!("../../../shared/tests/payload.json");

    fn cell(version: Option<&str>, label: Option<&str>, installations: i64, of: i64) -> Value {
        json!({"version": version, "label": label, "installations": installations, "of_installations": of,
            "sum": null, "percentiles": []})
    }

    fn table(name: &str, cells: Vec<Value>) -> PublishedTableAnswer {
        let rule = json!({"smallest_group": 10, "noise_sd": 25.0, "noise_cut": 75, "shown_from": 85,
            "release_every_days": 7, "provisional_after_days": 2, "final_after_days": 15, "counted_from_day": 3});
        let release = |day: &str, cells: Vec<Value>| {
            json!({"day": day, "stage": "final", "released_at": 1, "installations": 1200,
            "folded_versions": 0, "folded_names": 0, "without_number": [], "cells": cells})
        };
        let answer = json!({"product": "coroot", "table": name, "from": "", "to": "", "version": null, "rule": rule,
            "releases": [release("2026-11-15", vec![]), release("2026-11-22", cells)]});
        serde_json::from_value(answer).unwrap()
    }

    fn own() -> Payload {
        serde_json::from_str(REPORT).unwrap()
    }

    #[test]
    fn smaller_classes_of_all_versions_are_fewer_and_the_own_one_is_the_same() {
        let cells = vec![
            cell(Some("1.0"), Some("0"), 100, 700),
            cell(Some("1.0"), Some("4-7"), 200, 700),
            cell(Some("1.0"), Some("8-15"), 300, 700),
            cell(None, Some("2-3"), 90, 400),
            cell(None, Some("16-31"), 110, 400),
            cell(None, Some("4096+"), 85, 400),
            cell(None, Some("1"), -20, 400),
            cell(None, None, 50, 400),
        ];
        let position = fleet_position(&[table("nodes", cells)], &own()).unwrap();
        assert_eq!((position.day.as_str(), position.installations), ("2026-11-22", 1200));
        let expected = FleetSizePosition {
            table: "nodes".to_owned(),
            own: 10,
            class: "8-15".to_owned(),
            of: 885,
            fewer: 390,
            same: 300,
        };
        assert_eq!(position.sizes, [expected]);
    }

    #[test]
    fn costs_are_compared_with_the_own_version_or_that_of_most() {
        let with_percentiles = |version: &str, installations: i64| {
            let mut cell = cell(Some(version), None, installations, installations);
            cell["percentiles"] =
                json!([{"percentile": 0.5, "at_most": 3e7}, {"percentile": 0.95, "at_most": 9e7}]);
            cell
        };
        let common = vec![with_percentiles("1.0", 700), cell(Some("0.20.0"), None, 90, 90)];
        let cost = |cells| fleet_position(&[table("memory_usage", cells)], &own()).unwrap().costs.remove(0);
        let position = cost(common.clone());
        assert_eq!(
            (position.version.as_deref(), position.of, position.own),
            (Some("1.0"), 700, 27_086_848.0)
        );
        assert_eq!(position.percentiles.len(), 2);
        let own_version = cost([common, vec![with_percentiles("0.20.0", 200)]].concat());
        assert_eq!((own_version.version.as_deref(), own_version.of), (Some("0.20.0"), 200));
    }

    #[test]
    fn what_others_have_is_beside_what_this_one_has() {
        let clouds = vec![
            cell(Some("1.0"), Some("aws"), 300, 700),
            cell(None, Some("aws"), 100, 400),
            cell(Some("1.0"), Some("gcp"), 720, 700),
            cell(None, None, 10, 400),
        ];
        let integrations = vec![cell(Some("1.0"), Some("kubernetes"), 200, 700)];
        let databases = vec![cell(Some("1.0"), Some("postgres"), 90, 700)];
        let tables =
            [table("clouds", clouds), table("integrations", integrations), table("databases", databases)];
        let shares = fleet_position(&tables, &own()).unwrap().shares;
        let share = |table: &str, label: &str, own, have, of| FleetSharePosition {
            table: table.to_owned(),
            label: label.to_owned(),
            own,
            have,
            of,
            text: share_text(have, of),
        };
        assert_eq!(
            shares,
            [
                share("clouds", "gcp", false, 700, 700),
                share("clouds", "aws", true, 400, 1100),
                share("integrations", "kubernetes", true, 200, 700),
                share("databases", "postgres", false, 90, 700),
            ]
        );
    }

    #[test]
    fn what_this_installation_has_is_told_however_rare_and_of_others_the_most_frequent() {
        let mut clouds: Vec<Value> =
            (0..20).map(|place| cell(None, Some(&format!("cloud-{place}")), 500 - place, 700)).collect();
        clouds.push(cell(None, Some("hetzner"), 90, 700));
        let shares = fleet_position(&[table("clouds", clouds)], &own()).unwrap().shares;
        let labels: Vec<&str> = shares.iter().map(|share| share.label.as_str()).collect();
        let others = (0..8).map(|place| format!("cloud-{place}"));
        assert_eq!(labels, others.chain(["hetzner".to_owned()]).collect::<Vec<_>>());
    }

    #[test]
    fn numbers_that_no_fleet_has_do_not_overflow() {
        let cell = |label: &str| cell(None, Some(label), i64::MAX, i64::MAX);
        let cells = |labels: [&str; 3]| [labels, labels, labels].concat().into_iter().map(cell).collect();
        let tables =
            [table("nodes", cells(["0", "4-7", "8-15"])), table("clouds", cells(["aws", "gcp", "x"]))];
        let position = fleet_position(&tables, &own()).unwrap();
        assert_eq!((position.sizes[0].of, position.sizes[0].fewer), (u64::MAX, u64::MAX));
        assert!(position.shares.iter().all(|share| share.have == u64::MAX && share.of == u64::MAX));
    }

    #[test]
    fn without_a_release_there_is_no_position() {
        assert_eq!(fleet_position(&[], &own()), None);
        let mut empty = table("nodes", vec![]);
        empty.releases.clear();
        assert_eq!(fleet_position(&[empty], &own()), None);
        let position = fleet_position(&[table("nodes", vec![])], &own()).unwrap();
        assert!(position.sizes.is_empty() && position.shares.is_empty() && position.costs.is_empty());
    }
}
