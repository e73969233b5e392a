//! Tests of databases that exporters monitor.

use crate::{
    fixture::{PrometheusFixture, scene},
    model::World,
};

const POSTGRES: &str = "
    node_info machine_id=1 hostname=n1
    container_application_type machine_id=1 container_id=/docker/pg application_type=postgres
    container_net_tcp_listen_info machine_id=1 container_id=/docker/pg listen_addr=10.0.0.1:5432";

const EXPORTER: &str = "
    container_net_tcp_listen_info machine_id=1 container_id=/docker/exporter listen_addr=10.0.0.1:9187
    container_net_tcp_active_connections machine_id=1 container_id=/docker/exporter destination=10.0.0.1:5432";

fn postgres() -> PrometheusFixture {
    scene(POSTGRES)
}

/// Each database with its instance, its kind, whether the cluster agent monitors it, and how many series it
/// has.
fn databases(world: &World<'_>) -> Vec<String> {
    let mut databases: Vec<_> = world
        .databases
        .iter()
        .map(|(id, database)| {
            let instance = world.text(world.instances[database.instance].name);
            let internal = if database.is_internal { "internal" } else { "external" };
            format!("{instance} {} {internal} {}", database.engine.name(), world.database_series.of(id).len())
        })
        .collect();
    databases.sort();
    databases
}

/// The kinds of the applications of databases.
fn of_application(world: &World<'_>) -> Vec<String> {
    let instances = world.databases.values().map(|database| database.instance);
    let apps = instances.map(|instance| &world.apps[world.instances[instance].application]);
    apps.map(|app| app.id.kind.name(&world.texts).to_owned()).collect()
}

#[track_caller]
fn check(scene: &PrometheusFixture, expected: &[&str]) {
    scene.check(databases, expected);
}

#[test]
fn the_cluster_agent_monitors_what_it_reaches() {
    check(
        &postgres().and(
            "pg_up job=coroot-cluster-agent address=10.0.0.1:5432
             pg_wal_current_lsn job=coroot-cluster-agent address=10.0.0.1:5432
             pg_up job=other address=10.0.0.1:5432",
        ),
        &["pg@n1 postgres internal 2"],
    );
    check(&postgres().and("pg_up job=coroot-cluster-agent address=10.0.0.9:5432"), &[]);
}

#[test]
fn the_cluster_agent_has_no_exporter_in_between() {
    let untyped = POSTGRES.replace("application_type=postgres", "application_type=");
    let upstream = "
        container_net_tcp_active_connections machine_id=1 container_id=/docker/pg destination=9.9.9.9:443
        pg_up job=coroot-cluster-agent address=10.0.0.1:5432";
    check(&scene(&untyped).and(upstream), &["pg@n1 postgres internal 1"]);
}

#[test]
fn an_exporter_monitors_what_it_is_connected_to() {
    let scene = postgres()
        .and(EXPORTER)
        .and("pg_up job=x instance=10.0.0.1:9187 \n pg_info instance=10.0.0.1:9187 server_version=15");
    check(&scene, &["pg@n1 postgres external 2"]);
    scene.look(|world| {
        let database = world.databases.values().next().unwrap();
        assert_eq!((world.text(database.version.text()), database.up), ("15", 1.0));
    });
    check(&postgres().and("redis_up instance=10.0.0.1:5432"), &["pg@n1 redis external 1"]);
}

#[test]
fn an_exporter_of_something_that_is_not_observed_monitors_that() {
    let lines = "
        container_net_tcp_listen_info machine_id=1 container_id=/docker/exporter listen_addr=10.0.0.1:9187
        container_net_tcp_active_connections machine_id=1 container_id=/docker/exporter destination=9.9.9.9:5432 actual_destination=9.9.9.9:5432
        container_net_tcp_active_connections machine_id=1 container_id=/docker/exporter destination=9.9.9.8:443 actual_destination=9.9.9.8:443
        pg_up instance=10.0.0.1:9187";
    // Of two external services the one with the smaller name.
    check(&postgres().and(lines), &["9.9.9.8:443 postgres external 1"]);
    check(
        &postgres().and(&format!("{lines}\ncontainer_net_tcp_active_connections machine_id=1 container_id=/docker/exporter destination=10.0.0.1:5432")),
        &["pg@n1 postgres external 1"],
    );
}

#[test]
fn series_are_found_by_the_pod_too() {
    let pod =
        "kube_pod_info uid=1 namespace=shop pod=redis-0 created_by_kind=StatefulSet created_by_name=redis";
    for labels in [
        "namespace=shop pod=redis-0",
        "kubernetes_namespace=shop kubernetes_pod=redis-0",
        "ns=shop k8s_pod=redis-0",
    ] {
        check(
            &scene(pod).and(&format!("redis_up instance=127.0.0.1:9121 {labels}")),
            &["redis-0 redis external 1"],
        );
    }
    check(&scene(pod).and("redis_up instance=127.0.0.1:9121 namespace=other pod=redis-0"), &[]);
    check(&scene(pod).and("redis_up"), &[]);
    let twice = "
        kube_pod_info uid=2 namespace=shop pod=redis-0 created_by_kind=DaemonSet created_by_name=redis
        kube_pod_info uid=3 namespace=shop pod=redis-0 created_by_kind=Custom created_by_name=redis
        redis_up namespace=shop pod=redis-0";
    check(&scene(pod).and(twice), &["redis-0 redis external 1"]);
    scene(pod).and(twice).check(of_application, &["Custom"]);
}

#[test]
fn an_exporter_at_an_address_that_nobody_has_is_known_by_its_pod() {
    let pod =
        "kube_pod_info uid=1 namespace=shop pod=redis-0 created_by_kind=StatefulSet created_by_name=redis";
    let series = "redis_up instance=10.9.9.9:9121 namespace=shop pod=redis-0";
    check(&scene(pod).and(series), &["redis-0 redis external 1"]);
}

#[test]
fn what_speaks_like_redis_is_monitored_behind_its_exporter() {
    for engine in ["redis", "keydb", "valkey", "dragonfly"] {
        let lines = format!(
            "container_application_type machine_id=1 container_id=/docker/store application_type={engine}
             container_net_tcp_listen_info machine_id=1 container_id=/docker/store listen_addr=10.0.0.5:6379
             container_net_tcp_listen_info machine_id=1 container_id=/docker/exporter listen_addr=10.0.0.6:9121
             container_net_tcp_active_connections machine_id=1 container_id=/docker/exporter destination=10.0.0.5:6379 actual_destination=10.0.0.5:6379
             redis_up instance=10.0.0.6:9121"
        );
        check(&scene("node_info machine_id=1 hostname=n1").and(&lines), &["store@n1 redis external 1"]);
    }
}

#[test]
fn managed_databases_are_found_by_their_ids() {
    let managed = "
        aws_rds_info rds_instance_id=us-east-1/orders engine=postgres ipv4=10.0.0.8 port=5432
        aws_elasticache_info ec_instance_id=us-east-1/s/1 cluster_id=s engine=redis";
    check(
        &scene(managed).and(
            "pg_up job=coroot-cluster-agent rds_instance_id=us-east-1/orders address=orders.example:5432
             redis_up job=x ec_instance_id=us-east-1/s/1
             pg_up rds_instance_id=us-east-1/unknown address=10.0.0.8:5432",
        ),
        &["orders postgres internal 1", "s-1 redis external 1"],
    );
}

#[test]
fn mysql_takes_series_of_any_job() {
    let mysql = POSTGRES.replace("postgres", "mysql");
    let series = "
        mysql_up job=coroot-cluster-agent address=10.0.0.1:5432
        mysql_connections_max job=x address=10.0.0.1:5432";
    check(&scene(&mysql).and(series), &["pg@n1 mysql external 2"]);
}

#[test]
fn one_series_is_enough_for_a_counted_application() {
    let client = "
        container_net_tcp_active_connections machine_id=1 container_id=/docker/client destination=10.0.0.1:5432";
    let instrumented = |lines: &str| {
        let facts = postgres().and(client).and(lines).facts();
        facts.instrumented_services.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(instrumented(""), Vec::<&str>::new());
    assert_eq!(instrumented("pg_scrape_error address=10.0.0.1:5432 =0"), ["postgres"]);
    assert_eq!(instrumented("redis_up address=10.0.0.1:5432 \n mysql_up address=10.0.0.1:5432"), ["mysql"]);
    // It has no connections, so it does not count.
    assert!(postgres().and("pg_up address=10.0.0.1:5432").facts().instrumented_services.is_empty());
}

#[test]
fn clusters_keep_what_leads_to_them() {
    let lines = "
        node_info machine_id=1 hostname=n1
        kube_pod_info uid=1 namespace=db pod=pg-0 created_by_kind=StatefulSet created_by_name=pg pod_ip=10.1.0.1 host_ip=10.0.0.1
        kube_pod_labels uid=1 label_cnpg_io_cluster=main
        kube_service_info namespace=db service=pg cluster_ip=10.96.0.1
        container_net_tcp_active_connections machine_id=1 container_id=/docker/client destination=10.96.0.1:5432 actual_destination=10.1.0.1:5432
        container_net_tcp_failed_connects machine_id=1 container_id=/docker/client destination=10.96.0.1:5432";
    let scene = scene(lines);
    scene.check_edges(&["client@n1 -> db:DatabaseCluster:main", "client@n1 -> db:DatabaseCluster:main pg-0"]);
    assert_eq!(scene.facts().applications, 2);
}

#[test]
fn a_cluster_that_is_a_member_of_another_takes_its_members_along() {
    let scene = scene(
        "
        node_info machine_id=1 hostname=n1
        kube_pod_info uid=1 namespace=db pod=pg-0 created_by_kind=StatefulSet created_by_name=pg pod_ip=10.1.0.1 host_ip=10.0.0.1
        kube_pod_labels uid=1 label_cnpg_io_cluster=inner
        kube_pod_info uid=2 namespace=db pod=proxy created_by_kind=DatabaseCluster created_by_name=inner pod_ip=10.1.0.2 host_ip=10.0.0.1
        kube_pod_labels uid=2 label_cnpg_io_cluster=outer
        container_net_tcp_active_connections machine_id=1 container_id=/docker/client destination=10.1.0.1:5432 actual_destination=10.1.0.1:5432",
    );
    scene.check_edges(&["client@n1 -> db:DatabaseCluster:outer pg-0"]);
    assert_eq!((scene.facts().applications, scene.facts().instances), (2, 3));
}
