//! Tests that no name that a person gave to something is in a report or in a log.

use std::{collections::BTreeSet, iter};

use headcount_harness::clock::now;
use headcount_shared::payload::Payload;
use headcount_sim::{
    SimulatedInfrastructure,
    coroot_projects::{self, CorootProject},
    shape::FleetShape,
};

use crate::{
    faulty_prometheus::{FaultyPrometheus, PrometheusFault},
    setup::TestSetup,
    world::{REFRESH, failed, observed, observer, until, until_true},
};

/// Shorter texts occur in others by chance.
const LONG: usize = 6;

/// States and kinds in labels that also occur in names of fields and queries. They are not names of anything.
const WORDS: [&str; 7] = ["active", "available", "failed", "memory", "prometheus", "replica", "service"];

/// The values of all labels of a fleet.
fn values(fleet: &SimulatedInfrastructure) -> BTreeSet<String> {
    let exposition = fleet.exposition(now());
    let quoted = exposition.lines().flat_map(|line| line.split('"').skip(1).step_by(2));
    quoted.map(str::to_owned).collect()
}

/// The names of a fleet: label values that are on none of our lists.
pub(crate) fn names(fleet: &SimulatedInfrastructure) -> BTreeSet<String> {
    let expected = fleet.expected_counts(now());
    let listed: Vec<String> =
        expected.clouds.into_iter().chain(expected.services).chain(expected.instrumented).collect();
    let listed = |value: &String| listed.contains(value) || WORDS.contains(&value.as_str());
    let names = values(fleet).into_iter().filter(|value| value.len() >= LONG && !listed(value));
    // Paths and images consist of names.
    let parts = |name: &String| name.split(['/', '@']).map(str::to_owned).collect::<Vec<_>>();
    let names: BTreeSet<String> = names.collect();
    let parts: Vec<String> = names.iter().flat_map(parts).collect();
    names.into_iter().chain(parts).filter(|name| name.len() >= LONG && !listed(name)).collect()
}

pub(crate) fn found(names: &BTreeSet<String>, text: &str) -> Vec<String> {
    names.iter().filter(|name| text.contains(name.as_str())).cloned().collect()
}

/// A report without its profiles, which have names of functions.
pub(crate) fn shown(report: &Payload) -> String {
    let mut report = serde_json::to_value(report).unwrap();
    report.as_object_mut().unwrap().retain(|section, _| section != "profile");
    report.to_string()
}

#[tokio::test]
async fn no_name_of_a_fleet_is_in_a_report_or_in_a_log() {
    let setup = TestSetup::new();
    let epoch = now();
    let fleets = [("acme-webshop", FleetShape::document_a()), ("acme-backoffice", FleetShape::random(9))]
        .map(|(name, shape)| SimulatedInfrastructure::generate(name, &shape, 9, epoch).unwrap());
    let observed = observed(&setup, fleets.to_vec(), REFRESH).await;
    let prometheus = FaultyPrometheus::start(observed.prometheus.url(""), "node_uptime_seconds").await;
    let program = observer(&setup, "server").flag("--log", "debug");
    let projects = fleets.each_ref().map(|fleet| CorootProject {
        name: fleet.name().to_owned(),
        prometheus: prometheus.url(),
        refresh_interval: REFRESH,
        extra_selector: fleet.selector(),
    });
    coroot_projects::write(program.data_dir(), &projects).await.unwrap();
    let server = program.start().await.unwrap();
    let expected = || fleets[0].expected_counts(now()) + fleets[1].expected_counts(now());
    until_true(&setup, &server, "two projects", expected).await;
    // Failures are logged too, and the error of a Prometheus may contain any text.
    prometheus.does(PrometheusFault::Status(422));
    let report = until(&setup, &server, "a query fails", |report| match failed(report).is_empty() {
        true => vec!["none failed".to_owned()],
        false => Vec::new(),
    })
    .await;

    let said = iter::once(crate::faulty_prometheus::REASON.to_owned());
    let names: BTreeSet<String> = fleets.iter().flat_map(names).chain(said).collect();
    assert!(names.len() > 500, "{} names", names.len());
    let exposed: String = fleets.iter().map(|fleet| fleet.exposition(now())).collect();
    assert!(found(&names, &exposed).len() + 1 >= names.len(), "they are found where they are");
    assert_eq!(found(&names, &shown(&report)), [""; 0], "in the report");
    let log = server.log().lines().join("\n");
    assert!(log.contains("a query failed"), "the log has details: {log}");
    assert_eq!(found(&names, &log), [""; 0], "in the log");
}
