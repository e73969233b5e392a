//! Tests of facts.

use super::*;
use crate::fixture::scene;

const NAMES: &str = "
    node_info machine_id=secret-machine hostname=secret-host
    node_cloud_info machine_id=secret-machine provider=secret-cloud region=secret-region
    container_application_type machine_id=secret-machine container_id=/docker/secret-app application_type=secret-type
    container_net_tcp_active_connections machine_id=secret-machine container_id=/docker/secret-app destination=secret.example:80
    aws_rds_info rds_instance_id=secret/secret engine=secret
    pg_up instance=10.0.0.1:1 namespace=secret pod=secret";

#[test]
fn no_name_is_in_facts_or_in_what_a_world_says_of_itself() {
    let scene = scene(NAMES);
    let facts = scene.facts();
    assert_eq!((facts.nodes, facts.applications, facts.instances), (2, 2, 2));
    assert_eq!(facts.clouds.iter().copied().collect::<Vec<_>>(), ["aws", "other"]);
    assert!(!format!("{facts:?}").contains("secret"));
    let debugged = scene.look(|world| format!("{world:?} {:?} {:?}", world.texts, world.apps));
    assert!(!debugged.contains("secret"), "{debugged}");
}

#[test]
fn facts_of_projects_add_up() {
    let one = InfrastructureFacts {
        node_agent: true,
        kube_state_metrics: Some(false),
        clouds: ["aws"].into(),
        services: ["redis"].into(),
        nodes: 1,
        applications: 2,
        instances: 3,
        ..InfrastructureFacts::default()
    };
    let other = InfrastructureFacts {
        kube_state_metrics: Some(true),
        cloud_costs: true,
        clouds: ["aws", "gcp"].into(),
        instrumented_services: ["redis"].into(),
        nodes: 10,
        applications: 20,
        instances: 30,
        ..InfrastructureFacts::default()
    };
    let mut all = InfrastructureFacts::default();
    all.merge(one);
    all.merge(other);
    let expected = InfrastructureFacts {
        node_agent: true,
        kube_state_metrics: Some(true),
        cloud_costs: true,
        clouds: ["aws", "gcp"].into(),
        services: ["redis"].into(),
        instrumented_services: ["redis"].into(),
        nodes: 11,
        applications: 22,
        instances: 33,
    };
    assert_eq!(all, expected);
}

#[test]
fn kube_state_metrics_is_missed_only_where_there_is_kubernetes() {
    for (one, other, expected) in [
        (None, None, None),
        (None, Some(false), Some(false)),
        (Some(true), None, Some(true)),
        (Some(false), Some(false), Some(false)),
        (Some(true), Some(false), Some(true)),
    ] {
        let facts =
            |kube_state_metrics| InfrastructureFacts { kube_state_metrics, ..InfrastructureFacts::default() };
        let mut all = facts(one);
        all.merge(facts(other));
        assert_eq!(all.kube_state_metrics, expected);
    }
}
