//! Tests of managed databases and caches.

use crate::fixture::{PrometheusFixture, scene};

const DATABASES: &str = "
    aws_rds_info rds_instance_id=us-east-1/orders-1 cluster_id=us-east-1/orders ipv4=10.0.0.8 port=5432 engine=aurora-postgresql engine_version=15 instance_type=db.r5.large region=us-east-1 availability_zone=us-east-1a multi_az=true
    aws_rds_info rds_instance_id=us-east-1/orders-2 cluster_id=us-east-1/orders ipv4=10.0.0.9 port=5432 engine=aurora-postgresql
    aws_rds_info rds_instance_id=us-east-1/legacy ipv4=10.0.0.10 port=3306 engine=mysql
    aws_rds_info rds_instance_id=us-east-1/mssql ipv4=10.0.0.11 port=1433 engine=sqlserver-ex
    aws_rds_info rds_instance_id=nonsense engine=mysql
    aws_elasticache_info ec_instance_id=us-east-1/sessions/0001 cluster_id=sessions ipv4=10.0.0.20 port=6379 engine=redis instance_type=cache.t3.micro region=us-east-1
    aws_elasticache_info ec_instance_id=us-east-1/sessions/0002 cluster_id=sessions ipv4=10.0.0.21 port=6379 engine=redis instance_type=cache.t3.micro region=us-east-1";

fn databases() -> PrometheusFixture {
    scene(DATABASES)
}

#[test]
fn managed_databases_are_instances_with_nodes_of_their_own() {
    let scene = databases();
    scene.check_applications(&[
        "_:ElasticacheCluster:sessions sessions-0001 sessions-0002",
        "_:RDS:legacy legacy",
        "_:RDS:mssql mssql",
        "_:RDS:orders orders-1 orders-2",
    ]);
    let facts = scene.facts();
    assert_eq!((facts.nodes, facts.applications, facts.node_agent), (6, 0, false));
    assert_eq!(facts.clouds.into_iter().collect::<Vec<_>>(), ["aws"]);
    scene.look(|world| {
        let mut names: Vec<_> = world.nodes.values().map(|node| world.text(node.name())).collect();
        names.sort_unstable();
        assert_eq!(names[..2], ["elasticache:sessions-0001", "elasticache:sessions-0002"]);
        assert_eq!(names[2..4], ["rds:legacy", "rds:mssql"]);
    });
}

#[test]
fn their_engines_are_services() {
    let client = "
        container_net_tcp_active_connections machine_id=1 container_id=/docker/x destination=10.0.0.8:5432
        container_net_tcp_active_connections machine_id=1 container_id=/docker/x destination=10.0.0.10:3306
        container_net_tcp_active_connections machine_id=1 container_id=/docker/x destination=10.0.0.11:1433
        container_net_tcp_active_connections machine_id=1 container_id=/docker/x destination=10.0.0.21:6379";
    let facts = databases().and(client).facts();
    assert_eq!((facts.applications, facts.instances), (5, 7));
    assert_eq!(facts.services.into_iter().collect::<Vec<_>>(), ["mysql", "postgres", "redis"]);
}

#[test]
fn a_database_counts_once_whatever_its_series_say() {
    let scene = databases().and(
        "aws_rds_info rds_instance_id=us-east-1/orders-1 cluster_id=us-east-1/old ipv4=10.0.0.99 port=5432 engine=postgres ~600
         aws_rds_info rds_instance_id=us-east-1/legacy ipv4=10.0.0.10 port=nonsense engine=mysql multi_az=true
         aws_rds_info rds_instance_id=eu-west-1/legacy ipv4=10.9.0.10 port=3306 engine=mysql",
    );
    scene.look(|world| assert_eq!(world.managed.len(), 7));
    // The other one is in another region.
    scene.check_applications(&[
        "_:ElasticacheCluster:sessions sessions-0001 sessions-0002",
        "_:RDS:legacy legacy legacy",
        "_:RDS:mssql mssql",
        "_:RDS:orders orders-1 orders-2",
    ]);
}

#[test]
fn a_cache_without_the_id_of_a_cluster_belongs_to_the_cluster_in_its_own_id() {
    scene(
        "aws_elasticache_info ec_instance_id=us-east-1/sessions/0001 engine=redis
         aws_elasticache_info ec_instance_id=us-east-1/carts/0001 engine=redis",
    )
    .check_applications(&[
        "_:ElasticacheCluster:carts carts-0001",
        "_:ElasticacheCluster:sessions sessions-0001",
    ]);
}

#[test]
fn they_have_sizes_a_status_and_a_price() {
    let scene = databases().and(
        "aws_rds_status rds_instance_id=us-east-1/orders-1 status=available
         aws_rds_cpu_cores rds_instance_id=us-east-1/orders-1 =2
         aws_rds_memory_total_bytes rds_instance_id=us-east-1/orders-1 =16000000000
         aws_rds_fs_total_bytes rds_instance_id=us-east-1/orders-1 =100
         aws_rds_cpu_usage_percent rds_instance_id=us-east-1/orders-1 mode=user
         aws_rds_cpu_usage_percent rds_instance_id=us-east-1/unknown mode=user
         aws_elasticache_status ec_instance_id=us-east-1/sessions/0001 status=modifying
         aws_discovery_error error=denied \n aws_discovery_error error=denied \n aws_discovery_error error=old =0",
    );
    assert!(scene.facts().cloud_costs);
    scene.look(|world| {
        let (id, database) = world.managed.iter().find(|(_, managed)| managed.is_multi_zone).unwrap();
        let node = &world.nodes[database.node];
        assert_eq!(
            (world.text(database.status.text()), database.volume_size, node.cpu_cores),
            ("available", 100.0, 2.0)
        );
        assert_eq!(node.price.unwrap().node, 2.0 / 3600.0);
        assert_eq!((world.managed_series.of(id).len(), world.managed_series.len()), (1, 1));
        assert_eq!(world.nodes.values().filter(|node| node.price.is_some()).count(), 3);
        assert_eq!(world.aws_errors.len(), 1);
    });
}
