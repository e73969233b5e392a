//! Tests that projects can be created, changed and deleted while the server runs.

use std::fs;

use headcount_harness::{clock::now, wait::eventually};
use headcount_sim::{
    SimulatedInfrastructure,
    coroot_projects::{self, CorootProject},
    observed_fleets::ObservedFleets,
    shape::FleetShape,
};

use crate::{
    setup::{SOON, TestSetup},
    world::{REFRESH, failed, not_failed, observed, observer, until, until_true},
};

fn project(fleet: &SimulatedInfrastructure, observed: &ObservedFleets) -> CorootProject {
    CorootProject {
        name: fleet.name().to_owned(),
        prometheus: observed.prometheus.url(""),
        refresh_interval: REFRESH,
        extra_selector: fleet.selector(),
    }
}

#[tokio::test]
async fn a_project_counts_from_its_coming_to_its_going() {
    let setup = TestSetup::new();
    let epoch = now();
    let [stays, comes] = [("stays", FleetShape::document_b()), ("comes", FleetShape::document_a())]
        .map(|(name, shape)| SimulatedInfrastructure::generate(name, &shape, 1, epoch).unwrap());
    let observed = observed(&setup, vec![stays.clone(), comes.clone()], REFRESH).await;
    let program = observer(&setup, "server");
    let data_dir = program.data_dir().to_owned();
    coroot_projects::write(&data_dir, &[project(&stays, &observed)]).await.unwrap();
    let server = program.start().await.unwrap();
    let alone = || stays.expected_counts(now());
    until_true(&setup, &server, "one project", alone).await;

    let coming = project(&comes, &observed);
    let id = coroot_projects::create(&server, &coming).await.unwrap();
    let both = || stays.expected_counts(now()) + comes.expected_counts(now());
    let report = until_true(&setup, &server, "two projects", both).await;
    assert_eq!(report.infra.projects, 2);
    until(&setup, &server, "two projects", failed).await;

    let astray = CorootProject { prometheus: "http://127.0.0.1:1/".to_owned(), ..coming };
    coroot_projects::observe(&server, &id, &astray).await.unwrap();
    let report = until(&setup, &server, "one of them astray", not_failed).await;
    assert_eq!(alone().differences(&report), [""; 0]);
    assert_eq!(report.infra.projects, 2);

    coroot_projects::delete(&server, &id).await.unwrap();
    let report = until(&setup, &server, "one is gone", failed).await;
    assert_eq!(alone().differences(&report), [""; 0]);
    assert_eq!(report.infra.projects, 1);
    let caches = || fs::read_dir(data_dir.join("cache")).unwrap().map(|entry| entry.unwrap().file_name());
    eventually("one cache is left", SOON, async || (caches().count() == 1).then_some(())).await.unwrap();
    assert!(caches().all(|name| name.to_string_lossy().starts_with("stays-")));
}
