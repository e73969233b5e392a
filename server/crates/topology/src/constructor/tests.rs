//! Tests of building worlds.

mod connections;
mod containers;
mod databases;
mod managed;
mod nodes;
mod pods;
pub mod properties;

use headcount_prometheus::results::QueryResults;

use super::{STAGES, WorldSettings, construct};
use crate::{fixture::scene, model::World, prices::CloudPrices};

#[test]
fn stages_have_the_names_and_the_order_that_reports_use() {
    let names: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
    let documented = [
        "load_nodes",
        "load_k8s_metadata",
        "load_rds",
        "load_containers",
        "enrich_instances",
        "join_db_cluster",
    ];
    let found: Vec<_> = names.iter().copied().filter(|name| documented.contains(name)).collect();
    assert_eq!(found, documented);
    assert_eq!(names.len(), 19);
}

#[test]
fn every_stage_is_told_when_it_ended_and_nothing_gives_nothing() {
    let (answers, none) = (QueryResults::default(), std::collections::BTreeMap::new());
    let mut ended = Vec::new();
    let configured = WorldSettings { application_categories: &none, custom_applications: &none };
    let world = construct(&answers, configured, &CloudPrices::default(), |name| ended.push(name));
    assert_eq!(ended, STAGES.iter().map(|stage| stage.name).collect::<Vec<_>>());
    assert_eq!((world.nodes.len(), world.apps.len(), world.instances.len()), (0, 0, 0));
    assert_eq!(crate::facts::InfrastructureFacts::of(&world), crate::facts::InfrastructureFacts::default());
}

#[test]
fn nothing_that_is_printed_names_what_runs() {
    let printed = |world: &World<'_>| {
        assert!(world.texts.find("secret").is_some() && world.texts.find("secret@secret").is_some());
        format!("{:#?} {world:#?} {:#?} {:#?}", world.answers, world.answers.symbols(), world.texts)
    };
    let printed = scene(
        "node_info machine_id=secret hostname=secret
         container_info machine_id=secret container_id=/docker/secret",
    )
    .look(printed);
    assert!(!printed.contains("secret") && printed.contains("series: 2"), "{printed}");
    let secret = [("secret".to_owned(), vec!["secret".to_owned()])].into();
    let configured = WorldSettings { application_categories: &secret, custom_applications: &secret };
    assert!(!format!("{configured:?}").contains("secret"));
}
