//! Tests of nodes.

use crate::{fixture::scene, model::World};

#[track_caller]
fn check(lines: &str, expected: &[&str]) {
    let names = |world: &World<'_>| {
        let mut names: Vec<_> = world
            .nodes
            .values()
            .map(|node| {
                format!("{} {}", world.text(node.name()), world.text(node.kernel.text())).trim().to_owned()
            })
            .collect();
        names.sort();
        names
    };
    assert_eq!(scene(lines).look(names), expected);
}

#[test]
fn a_node_is_known_by_its_pair_of_ids() {
    check(
        "node_info machine_id=m system_uuid=u-1 hostname=a \n node_info machine_id=m system_uuid=u1 hostname=a",
        &["a"],
    );
    check(
        "node_info machine_id=m system_uuid=u1 hostname=a \n node_info machine_id=m system_uuid=u2 hostname=b",
        &["a", "b"],
    );
    check(
        "node_info machine_id=x hostname=a \n node_info system_uuid=x hostname=a \n node_info machine_id=x system_uuid=x hostname=a",
        &["a"],
    );
    check("node_info machine_id=M hostname=a \n node_info machine_id=m hostname=b", &["a", "b"]);
    check("node_info hostname=a", &[]);
    assert!(!scene("node_info hostname=a").facts().node_agent);
    assert!(scene("node_info machine_id=m ~3000").facts().node_agent);
}

#[test]
fn kubernetes_finds_nodes_by_system_alone() {
    check(
        "node_info machine_id=m system_uuid=u-1 hostname=a kernel_version=6
         kube_node_info system_uuid=u1 node=k kernel_version=5",
        &["a 6"],
    );
    check(
        "node_info machine_id=m system_uuid=u1 hostname=a
         kube_node_info system_uuid=u1 node=k kernel_version=5",
        &["a 5"],
    );
    check("kube_node_info system_uuid=U-1 node=k kernel_version=5 \n kube_node_info node=x", &["k 5"]);
    let facts = scene("kube_node_info system_uuid=u node=k").facts();
    assert_eq!((facts.nodes, facts.node_agent), (1, false));
}

#[test]
fn the_newest_series_counts_and_of_those_the_largest_text() {
    check(
        "node_info machine_id=m hostname=z kernel_version=9 ~900
         node_info machine_id=m hostname=a kernel_version=5
         node_info machine_id=m hostname=b kernel_version=4",
        &["b 5"],
    );
}

#[test]
fn other_series_are_about_nodes_that_are_known() {
    check(
        "node_cloud_info machine_id=m provider=aws \n node_cpu_cores machine_id=m \n node_agent_info machine_id=m",
        &[],
    );
}

fn cloud(labels: &str) -> Vec<String> {
    let lines = format!("node_info machine_id=m \n node_cloud_info machine_id=m {labels}");
    scene(&lines).look(|world| {
        let clouds = world.nodes.values().map(|node| node.cloud);
        let texts = clouds.flat_map(|cloud| [cloud.provider, cloud.region, cloud.zone, cloud.instance_type]);
        texts.map(|latest| world.text(latest.text()).to_owned()).collect()
    })
}

#[test]
fn what_a_cloud_is_called_is_in_lower_case() {
    let labels = "provider=AWS region=US-East-1 availability_zone=us-east-1A instance_type=M5.Large";
    assert_eq!(cloud(labels), ["aws", "us-east-1", "us-east-1a", "m5.large"]);
    assert_eq!(
        cloud("provider=Azure region=WestEurope availability_zone=2"),
        ["azure", "westeurope", "westeurope-2", ""]
    );
    assert_eq!(cloud("provider=gcp region=r availability_zone=2"), ["gcp", "r", "2", ""]);
    assert_eq!(cloud("provider=azure region=r availability_zone=zone"), ["azure", "r", "zone", ""]);
}

#[test]
fn a_cloud_counts_once_and_a_word_that_is_not_known_does_not_leave() {
    let facts = scene(
        "node_info machine_id=a \n node_info machine_id=b \n node_info machine_id=c \n node_info machine_id=d
         node_cloud_info machine_id=a provider=aws \n node_cloud_info machine_id=b provider=Aws
         node_cloud_info machine_id=c provider=acme-dc \n node_cloud_info machine_id=d",
    )
    .facts();
    assert_eq!(facts.clouds.into_iter().collect::<Vec<_>>(), ["aws", "other"]);
}

#[test]
fn a_price_needs_a_region_and_a_type_that_have_one() {
    let with = |labels: &str| {
        scene(&format!("node_info machine_id=m \n node_cloud_info machine_id=m {labels}")).facts().cloud_costs
    };
    assert!(with("provider=AWS region=us-east-1 instance_type=m5.large"));
    assert!(with("provider=aws region=us-east-1 instance_type=m5.large instance_life_cycle=spot"));
    assert!(!with("provider=aws region=us-west-1 instance_type=m5.large"));
    assert!(!with("provider=aws region=us-east-1"));
    assert!(!with(""));
}

#[test]
fn sizes_are_kept_with_disks_and_interfaces() {
    let lines = "
        node_info machine_id=m
        node_cpu_cores machine_id=m =4 \n node_cpu_cores machine_id=m =8
        node_memory_total_bytes machine_id=m =1000
        node_cpu_usage_percent machine_id=m =50 \n node_cpu_usage_by_mode machine_id=m mode=user
        node_disk_read_time machine_id=m device=sda \n node_disk_io_time machine_id=m device=sda
        node_disk_read_time machine_id=m device=sdb \n node_disk_read_time machine_id=other device=sdb
        node_net_up machine_id=m interface=eth0 \n node_net_rx_bytes machine_id=m interface=eth0
        node_net_ip machine_id=m interface=eth0 ip=10.0.0.1";
    scene(lines).look(|world| {
        let (id, node) = world.nodes.iter().next().unwrap();
        assert_eq!((node.cpu_cores, node.memory_bytes), (8.0, 1000.0));
        assert!(node.cpu_usage.is_some() && node.memory_free.is_none() && node.uptime.is_nan());
        let disks: Vec<_> = world.disks.of(id).collect();
        assert_eq!(disks.len(), 2);
        assert!(disks[0].read_time.is_some() && disks[0].io_time.is_some() && disks[0].writes.is_none());
        let interface = world.interfaces.of(id).next().unwrap();
        assert!(interface.received_bytes.is_some() && interface.sent_bytes.is_none());
        assert_eq!((world.cpu_modes.of(id).len(), world.node_ips.of(id).len()), (1, 1));
    });
}

#[test]
fn fargate_marks_nodes_that_kubernetes_knows() {
    let lines = "
        kube_node_info system_uuid=u-1 node=fargate-ip-10-0-0-1
        fargate_node_machine_cpu_cores machine_id=m system_uuid=u1 kubernetes_io_hostname=ip-10 topology_kubernetes_io_region=us-east-1 topology_kubernetes_io_zone=us-east-1b =2
        fargate_node_machine_memory_bytes machine_id=m system_uuid=u1 kubernetes_io_hostname=ip-10 topology_kubernetes_io_region=us-east-1 topology_kubernetes_io_zone=us-east-1b =4000
        fargate_node_machine_cpu_cores machine_id=x system_uuid=x kubernetes_io_hostname=other";
    let scene = scene(lines);
    scene.look(|world| {
        let node = world.nodes.values().next().unwrap();
        assert!(node.is_fargate && !node.has_agent);
        assert_eq!((node.cpu_cores, node.memory_bytes), (2.0, 4000.0));
        let texts = [node.hostname, node.cloud.provider, node.cloud.region, node.cloud.zone];
        assert_eq!(
            texts.map(|latest| world.text(latest.text())),
            ["ip-10", "aws", "us-east-1", "us-east-1b"]
        );
    });
    let facts = scene.facts();
    assert_eq!((facts.nodes, facts.clouds.into_iter().collect::<Vec<_>>()), (1, vec!["aws"]));
}
