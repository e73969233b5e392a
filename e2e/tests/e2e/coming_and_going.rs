//! Tests that projects can be created, changed and deleted while the server runs.

use std::fs;

use headcount_e2e::{
    clock::now,
    fleet::{SimulatedFleet, shape::FleetShape},
    observed::ObservedFleets,
    projects::{self, CorootProject},
    wait::eventually,
};

use crate::{
    scene::{SOON, TestScene},
    world::{REFRESH, failed, not_failed, observed, observer, until, until_true},
};

fn project(fleet: &SimulatedFleet, observed: &ObservedFleets) -> CorootProject {
    CorootProject {
        name: fleet.name().to_owned(),
        prometheus: observed.prometheus.url(""),
        refresh_interval: REFRESH,
        extra_selector: fleet.selector(),
    }
}

#[tokio::test]
async fn a_project_counts_from_its_coming_to_its_going() {
    let scene = TestScene::new();
    let epoch = now();
    let [stays, comes] = [("stays", FleetShape::document_b()), ("comes", FleetShape::document_a())]
        .map(|(name, shape)| SimulatedFleet::invent(name, &shape, 1, epoch).unwrap());
    let observed = observed(&scene, vec![stays.clone(), comes.clone()], REFRESH).await;
    let program = observer(&scene, "server");
    let data_dir = program.data_dir().to_owned();
    projects::write(&data_dir, &[project(&stays, &observed)]).await.unwrap();
    let server = program.start().await.unwrap();
    let alone = || stays.truth(now());
    until_true(&scene, &server, "one project", alone).await;

    let coming = project(&comes, &observed);
    let id = projects::create(&server, &coming).await.unwrap();
    let both = || stays.truth(now()) + comes.truth(now());
    let report = until_true(&scene, &server, "two projects", both).await;
    assert_eq!(report.infra.projects, 2);
    until(&scene, &server, "two projects", failed).await;

    let astray = CorootProject { prometheus: "http://127.0.0.1:1/".to_owned(), ..coming };
    projects::observe(&server, &id, &astray).await.unwrap();
    let report = until(&scene, &server, "one of them astray", not_failed).await;
    assert_eq!(alone().differences(&report), [""; 0]);
    assert_eq!(report.infra.projects, 2);

    projects::delete(&server, &id).await.unwrap();
    let report = until(&scene, &server, "one is gone", failed).await;
    assert_eq!(alone().differences(&report), [""; 0]);
    assert_eq!(report.infra.projects, 1);
    let caches = || fs::read_dir(data_dir.join("cache")).unwrap().map(|entry| entry.unwrap().file_name());
    eventually("one cache is left", SOON, async || (caches().count() == 1).then_some(())).await.unwrap();
    assert!(caches().all(|name| name.to_string_lossy().starts_with("stays-")));
}
