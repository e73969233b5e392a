//! Tests of containers.

use crate::fixture::{PrometheusFixture, scene};

const NODES: &str = "
    node_info machine_id=1 hostname=n1
    node_info machine_id=2 hostname=n2";

const POD: &str = "
    kube_pod_info uid=1 namespace=shop pod=cart-5d9c7b6f4-a created_by_kind=ReplicaSet created_by_name=cart-5d9c7b6f4 node=n1";

fn nodes() -> PrometheusFixture {
    scene(NODES)
}

#[test]
fn containers_outside_pods_are_instances_of_their_own() {
    nodes()
        .and(
            "container_info machine_id=1 container_id=/system.slice/nginx.service
             container_cpu_limit machine_id=2 container_id=/system.slice/nginx.service
             container_memory_rss machine_id=1 container_id=/docker/redis
             container_oom_kills_total machine_id=1 container_id=/nomad/ns/job/group/4f/task
             container_restarts machine_id=2 container_id=/swarm/stack/web/2
             container_info machine_id=2 container_id=/k8s-cronjob/shop/backup/dump
             container_info machine_id=9 container_id=/lxc/box
             container_info machine_id=1 container_id=not-a-path",
        )
        .check_applications(&[
            "_:Unknown:box box@",
            "_:Unknown:nginx nginx@n1 nginx@n2",
            "_:Unknown:redis redis@n1",
            "ns:NomadJobGroup:job.group group-4f",
            "shop:CronJob:backup backup@n2",
            "stack:DockerSwarmService:web web.2",
        ]);
}

#[test]
fn a_container_of_a_pod_needs_its_pod_on_its_node() {
    let types = |scene: PrometheusFixture| scene.look(|world| world.application_types.len());
    let container = |machine: &str, id: &str| {
        let line = format!(
            "container_application_type machine_id={machine} container_id={id} application_type=redis"
        );
        nodes().and(POD).and(&line)
    };
    assert_eq!(types(container("1", "/k8s/shop/cart-5d9c7b6f4-a/cart")), 1);
    assert_eq!(types(container("2", "/k8s/shop/cart-5d9c7b6f4-a/cart")), 0);
    assert_eq!(types(container("9", "/k8s/shop/cart-5d9c7b6f4-a/cart")), 0);
    assert_eq!(types(container("1", "/k8s/other/cart-5d9c7b6f4-a/cart")), 0);
    assert_eq!(types(container("1", "/k8s/shop/cart-5d9c7b6f4-b/cart")), 0);
    let without_node =
        scene("kube_pod_info uid=1 namespace=shop pod=x created_by_kind=DaemonSet created_by_name=x")
            .and("container_application_type machine_id=9 container_id=/k8s/shop/x/x application_type=redis");
    assert_eq!(types(without_node), 1);
}

#[test]
fn a_container_is_one_for_both_agents() {
    let scene = nodes().and(POD).and(
        "kube_pod_container_resource_requests uid=1 container=cart resource=cpu =0.5
         container_cpu_limit machine_id=1 container_id=/k8s/shop/cart-5d9c7b6f4-a/cart =2",
    );
    scene.look(|world| {
        let limits: Vec<_> =
            world.containers.values().map(|container| (container.cpu_request, container.cpu_limit)).collect();
        assert_eq!(limits, [(0.5, 2.0)]);
    });
}

#[test]
fn where_there_is_kubernetes_its_metrics_should_be_there() {
    let seen = |lines: &str| scene(lines).facts().kube_state_metrics;
    assert_eq!(seen(""), None);
    assert_eq!(seen(POD), None);
    assert_eq!(seen("container_info machine_id=1 container_id=/docker/x"), None);
    assert_eq!(seen("container_info machine_id=1 container_id=/k8s/a/b/c"), Some(false));
    assert_eq!(seen("container_info machine_id=1 container_id=/k8s-cronjob/a/b/c"), Some(false));
    assert_eq!(seen("container_info machine_id=1 container_id=/k8s/a/b"), None);
    assert_eq!(
        nodes()
            .and(POD)
            .and("container_info machine_id=1 container_id=/k8s/a/b/c")
            .facts()
            .kube_state_metrics,
        Some(true)
    );
}

#[test]
fn the_same_series_twice_is_the_same_container() {
    let lines = "
        container_cpu_limit machine_id=1 container_id=/docker/x =1
        container_cpu_limit machine_id=1 system_uuid=1 container_id=/docker/x =2
        container_info machine_id=1 container_id=/docker/x image=old ~600
        container_info machine_id=1 container_id=/docker/x image=new
        container_info machine_id=1 container_id=/docker/x image=new systemd_triggered_by=x.timer";
    nodes().and(lines).look(|world| {
        let containers: Vec<_> = world.containers.values().collect();
        assert_eq!(containers.len(), 1);
        assert_eq!((containers[0].cpu_limit, world.text(containers[0].image.text())), (2.0, "new"));
        assert!(containers[0].periodic);
    });
}

#[test]
fn a_custom_application_takes_instances_by_name() {
    nodes()
        .and(POD)
        .and(
            "container_info machine_id=1 container_id=/docker/web-1
             container_info machine_id=2 container_id=/docker/web-2
             container_info machine_id=2 container_id=/swarm/stack/web/2
             container_info machine_id=2 container_id=/docker/other
             container_info machine_id=1 container_id=/k8s/shop/cart-5d9c7b6f4-a/cart",
        )
        .custom_application("b-site", "web*")
        .custom_application("a-site", "web-1@*")
        .custom_application("c-site", "cart*")
        .check_applications(&[
            "_:Unknown:a-site web-1@n1",
            "_:Unknown:b-site web-2@n2",
            "_:Unknown:other other@n2",
            "shop:Deployment:cart cart-5d9c7b6f4-a",
            "stack:DockerSwarmService:b-site web.2",
        ]);
}

#[test]
fn volumes_are_known_by_mount_point() {
    let lines = "
        container_volume_size machine_id=1 container_id=/docker/x mount_point=/data volume=v device=sda =10
        container_volume_used machine_id=1 container_id=/docker/x mount_point=/data volume=v device=sda =5
        container_volume_size machine_id=1 container_id=/docker/x mount_point=/log device=sda =1";
    nodes().and(lines).look(|world| {
        let mut volumes: Vec<_> = world
            .volumes
            .iter()
            .map(|(_, volume)| {
                (
                    world.text(volume.mount_point),
                    world.text(volume.name),
                    volume.size,
                    volume.used.to_string(),
                )
            })
            .collect();
        volumes.sort_by(|one, other| one.0.cmp(other.0));
        assert_eq!(volumes, [("/data", "v", 10.0, "5".to_owned()), ("/log", "", 1.0, "NaN".to_owned())]);
    });
}

#[test]
fn runtimes_are_of_containers_that_are_known() {
    let lines = "
        container_info machine_id=1 container_id=/docker/x
        container_jvm_info machine_id=1 container_id=/docker/x jvm=a.jar java_version=17
        container_jvm_heap_size_bytes machine_id=1 container_id=/docker/x jvm=a.jar =100
        container_jvm_heap_size_bytes machine_id=1 container_id=/docker/x jvm=b.jar =200
        container_jvm_gc_time_seconds machine_id=1 container_id=/docker/x jvm=a.jar gc=g1
        container_jvm_info machine_id=1 container_id=/docker/unknown jvm=a.jar
        container_dotnet_info machine_id=1 container_id=/docker/x application=app runtime_version=8
        container_dotnet_thread_pool_size machine_id=1 container_id=/docker/x application=app =4
        container_dotnet_gc_count_total machine_id=1 container_id=/docker/x application=app generation=0
        container_python_thread_lock_wait_time_seconds machine_id=1 container_id=/docker/x =0.25
        container_dns_requests_total machine_id=1 container_id=/docker/x request_type=A domain=d status=ok
        container_log_messages machine_id=1 container_id=/docker/x level=error
        container_log_messages machine_id=1 container_id=/docker/x level=info";
    nodes().and(lines).look(|world| {
        let mut heaps: Vec<_> = world.jvms.iter().map(|(_, jvm)| jvm.heap_size).collect();
        heaps.sort_by(f32::total_cmp);
        assert_eq!((heaps.as_slice(), world.jvm_gc.len()), ([100.0, 200.0].as_slice(), 1));
        let dotnet = &world.dotnets.iter().next().unwrap().1;
        assert_eq!(
            (world.text(dotnet.runtime_version.text()), dotnet.up, dotnet.thread_pool_size),
            ("8", 1.0, 4.0)
        );
        assert_eq!(
            (world.dotnet_generations.len(), world.dns_requests.len(), world.log_messages.len()),
            (1, 1, 2)
        );
        let container = world.containers.values().next().unwrap();
        assert_eq!((world.containers.len(), container.python_lock_wait_time), (1, 0.25));
    });
}

#[test]
fn containers_on_fargate_belong_to_pods_that_are_known() {
    let lines = "
        kube_node_info system_uuid=u node=ip-10
        fargate_node_machine_cpu_cores system_uuid=u kubernetes_io_hostname=ip-10
        kube_pod_info uid=1 namespace=shop pod=a created_by_kind=DaemonSet created_by_name=a node=ip-10 pod_ip=10.0.0.5 host_ip=10.0.0.5
        fargate_container_memory_rss kubernetes_io_hostname=ip-10 namespace=shop pod=a container=main
        fargate_container_spec_cpu_limit_cores kubernetes_io_hostname=ip-10 namespace=shop pod=a container=main =2
        fargate_container_memory_rss kubernetes_io_hostname=ip-10 namespace=shop pod=a
        fargate_container_memory_rss kubernetes_io_hostname=ip-10 namespace=shop pod=a container=POD
        fargate_container_memory_rss kubernetes_io_hostname=ip-99 namespace=shop pod=a container=main
        fargate_container_memory_rss kubernetes_io_hostname=ip-10 namespace=shop pod=b container=main";
    scene(lines).look(|world| {
        let containers: Vec<_> = world.containers.values().collect();
        assert_eq!(containers.len(), 1);
        assert!(containers[0].memory_rss.fargate.is_some() && containers[0].cpu_limit == 2.0);
        // The pod and its node have one address, and yet the pod listens there.
        assert_eq!(world.listens.len(), 1);
    });
}
