//! Tests of pods and their owners.

use crate::{
    fixture::{PrometheusFixture, scene},
    model::{ContainerState, PodPhase},
};

#[test]
fn pods_are_instances_of_what_owns_them() {
    scene(
        "kube_pod_info uid=1 namespace=shop pod=cart-5d9c7b6f4-a created_by_kind=ReplicaSet created_by_name=cart-5d9c7b6f4
         kube_pod_info uid=2 namespace=shop pod=cart-5d9c7b6f4-b created_by_kind=ReplicaSet created_by_name=cart-5d9c7b6f4
         kube_pod_info uid=3 namespace=shop pod=cart-6f8b5c7d9-a created_by_kind=ReplicaSet created_by_name=cart-6f8b5c7d9 ~600
         kube_pod_info uid=4 namespace=shop pod=db-0 created_by_kind=StatefulSet created_by_name=db
         kube_pod_info uid=5 pod=agent-x created_by_kind=DaemonSet created_by_name=agent
         kube_pod_info uid=6 namespace=kube-system pod=etcd-n1 created_by_kind=Node created_by_name=n1 node=n1
         kube_pod_info uid=7 namespace=shop pod=backup-28394820-x created_by_kind=Job created_by_name=backup-28394820
         kube_pod_info uid=8 namespace=shop pod=migrate-x created_by_kind=Job created_by_name=migrate
         kube_pod_info uid=9 namespace=shop pod=lost created_by_kind=DaemonSet
         kube_pod_info namespace=shop pod=ghost created_by_kind=DaemonSet created_by_name=ghost",
    )
    .check_applications(&[
        "_:DaemonSet:agent agent-x",
        "kube-system:StaticPods:etcd etcd-n1",
        "shop:CronJob:backup",
        "shop:Deployment:cart cart-5d9c7b6f4-a cart-5d9c7b6f4-b cart-6f8b5c7d9-a",
        "shop:Job:migrate migrate-x",
        "shop:StatefulSet:db db-0",
    ]);
}

#[test]
fn a_pod_counts_once_whatever_its_series_say() {
    scene(
        "kube_pod_info uid=1 namespace=shop pod=x created_by_kind=DaemonSet created_by_name=old ~600
         kube_pod_info uid=1 namespace=shop pod=x created_by_kind=DaemonSet created_by_name=new
         kube_pod_info uid=1 namespace=shop pod=x created_by_kind=DaemonSet created_by_name=new node=n1 pod_ip=10.0.0.1
         kube_pod_info uid=2 namespace=shop pod=x created_by_kind=DaemonSet created_by_name=new",
    )
    .check_applications(&["shop:DaemonSet:new x"]);
}

#[test]
fn a_pod_is_where_its_newest_series_with_a_node_says_in_any_order() {
    let nodes = "node_info machine_id=1 hostname=n1 \n node_info machine_id=2 hostname=n2";
    let [oldest, old, newest] = ["uid=1 node=n2 ~600", "uid=2 node=n1 ~60", "uid=3"].map(|says| {
        format!("kube_pod_info namespace=shop pod=x created_by_kind=DaemonSet created_by_name=x {says}\n")
    });
    for order in [[&oldest, &old, &newest], [&newest, &old, &oldest], [&old, &newest, &oldest]] {
        let node = scene(nodes).and(&order.map(String::as_str).concat()).look(|world| {
            let instance = world.instances.values().next().unwrap();
            world.text(world.nodes[instance.node.unwrap()].name()).to_owned()
        });
        assert_eq!(node, "n1", "{order:?}");
    }
}

#[test]
fn pods_of_stateful_sets_are_told_apart_by_node() {
    let nodes = "node_info machine_id=1 hostname=n1 \n node_info machine_id=2 hostname=n2";
    let moved = scene(nodes).and(
        "kube_pod_info uid=1 namespace=shop pod=db-0 created_by_kind=StatefulSet created_by_name=db node=n1 ~600
         kube_pod_info uid=2 namespace=shop pod=db-0 created_by_kind=StatefulSet created_by_name=db node=n2
         kube_pod_info uid=3 namespace=shop pod=db-0 created_by_kind=StatefulSet created_by_name=db
         kube_pod_info uid=4 namespace=shop pod=db-0 created_by_kind=StatefulSet created_by_name=db node=n2",
    );
    moved.check_applications(&["shop:StatefulSet:db db-0 db-0"]);
    let deployment = scene(nodes).and(
        "kube_pod_info uid=1 namespace=shop pod=x created_by_kind=DaemonSet created_by_name=x node=n1 ~600
         kube_pod_info uid=2 namespace=shop pod=x created_by_kind=DaemonSet created_by_name=x node=n2",
    );
    deployment.check_applications(&["shop:DaemonSet:x x"]);
    deployment.look(|world| {
        let node = world.instances.values().next().unwrap().node.unwrap();
        assert_eq!(world.text(world.nodes[node].name()), "n2");
    });
}

#[test]
fn pods_of_pods_belong_to_what_owns_those() {
    scene(
        "kube_pod_info uid=1 namespace=ci pod=runner created_by_kind=StatefulSet created_by_name=runners
         kube_pod_info uid=2 namespace=ci pod=step created_by_kind=Pod created_by_name=runner
         kube_pod_info uid=3 namespace=ci pod=substep created_by_kind=Pod created_by_name=step
         kube_pod_info uid=4 namespace=ci pod=orphan created_by_kind=Pod created_by_name=gone
         kube_pod_info uid=5 namespace=ci pod=a created_by_kind=Pod created_by_name=a",
    )
    .check_applications(&[
        "ci:Pod:a a",
        "ci:Pod:gone orphan",
        "ci:StatefulSet:runners runner step substep",
    ]);
}

#[test]
fn what_a_pod_of_a_cron_job_starts_belongs_to_the_cron_job() {
    let started = |job: &str, uid: u32| {
        format!(
            "kube_pod_info uid={uid}0 namespace=ci pod={job}-x created_by_kind=Job created_by_name={job}
             kube_pod_info uid={uid}1 namespace=ci pod=executor-{uid} created_by_kind=Pod created_by_name={job}-x\n"
        )
    };
    scene(&[started("nightly-28413735", 1), started("nightly-28415175", 2)].concat())
        .check_applications(&["ci:CronJob:nightly executor-1 executor-2"]);
}

fn phases(lines: &str) -> Vec<(Option<PodPhase>, bool)> {
    let pod = "kube_pod_info uid=1 namespace=a pod=x created_by_kind=DaemonSet created_by_name=x";
    scene(pod)
        .and(lines)
        .look(|world| world.pods.values().map(|pod| (pod.phase, pod.is_obsolete())).collect())
}

#[test]
fn a_pod_in_no_phase_is_gone() {
    assert_eq!(
        phases("kube_pod_status_phase uid=1 phase=Running \n kube_pod_status_phase uid=1 phase=Pending =0"),
        [(Some(PodPhase::Running), false)]
    );
    assert_eq!(phases("kube_pod_status_phase uid=1 phase=Succeeded"), [(Some(PodPhase::Succeeded), false)]);
    assert_eq!(phases("kube_pod_status_phase uid=1 phase=Running ~600"), [(None, true)]);
    assert_eq!(phases("kube_pod_status_phase uid=1 phase=Running =0"), [(None, true)]);
    assert_eq!(phases("kube_pod_status_phase uid=other phase=Running"), [(None, true)]);
}

#[test]
fn where_no_phase_is_known_no_pod_is_gone() {
    assert_eq!(phases(""), [(Some(PodPhase::NotObserved), false)]);
}

#[test]
fn containers_of_pods_have_requests_and_a_state() {
    let lines = "
        kube_pod_info uid=1 namespace=a pod=x created_by_kind=DaemonSet created_by_name=x
        kube_pod_init_container_info uid=1 namespace=a pod=x container=init
        kube_pod_container_resource_requests uid=1 container=main resource=cpu =0.5
        kube_pod_container_resource_requests uid=1 container=main resource=memory =1000
        kube_pod_container_status_running uid=1 container=main
        kube_pod_container_status_terminated uid=1 container=init
        kube_pod_container_status_terminated_reason uid=1 container=init reason=Completed
        kube_pod_container_status_last_terminated_reason uid=1 container=main reason=OOMKilled
        kube_pod_container_status_ready uid=1 container=main
        kube_pod_container_status_ready uid=2 container=main
        kube_pod_status_ready uid=1 \n kube_pod_status_scheduled uid=1";
    scene(lines).look(|world| {
        assert_eq!(world.containers.len(), 2);
        for container in world.containers.values() {
            let texts = [container.name, container.status.reason, container.status.last_terminated_reason];
            match texts.map(|text| world.text(text)) {
                ["init", "Completed", ""] => {
                    assert!(container.init && container.status.state == Some(ContainerState::Terminated));
                }
                ["main", "", "OOMKilled"] => {
                    assert_eq!((container.cpu_request, container.memory_request), (0.5, 1000.0));
                    assert!(
                        container.status.ready && container.status.state == Some(ContainerState::Running)
                    );
                }
                other => panic!("{other:?}"),
            }
        }
        let pod = world.pods.values().next().unwrap();
        assert!(pod.ready && pod.scheduled);
    });
}

#[test]
fn desired_instances_are_of_applications_that_have_pods() {
    let lines = "
        kube_pod_info uid=1 namespace=a pod=x created_by_kind=StatefulSet created_by_name=x
        kube_statefulset_replicas namespace=a statefulset=x =3
        kube_deployment_spec_replicas namespace=a deployment=x =5
        kube_statefulset_replicas namespace=a statefulset=other =3";
    let desired =
        scene(lines).look(|world| world.apps.values().map(|app| app.desired_instances).collect::<Vec<_>>());
    assert_eq!(desired, [3.0]);
}

fn cluster_scene() -> PrometheusFixture {
    scene(
        "kube_pod_info uid=1 namespace=db pod=pg-a created_by_kind=StatefulSet created_by_name=pg-a
         kube_pod_info uid=2 namespace=db pod=pg-b created_by_kind=StatefulSet created_by_name=pg-b
         kube_pod_info uid=3 namespace=db pod=pg-a-x created_by_kind=StatefulSet created_by_name=pg-a
         kube_pod_info uid=4 namespace=other pod=pg created_by_kind=StatefulSet created_by_name=pg
         kube_statefulset_replicas namespace=db statefulset=pg-a =2
         kube_statefulset_replicas namespace=db statefulset=pg-b =1
         kube_pod_labels uid=1 label_cnpg_io_cluster=main label_role=primary
         kube_pod_labels uid=2 label_cnpg_io_cluster=main label_role=replica",
    )
}

#[test]
fn members_of_a_database_cluster_are_one_application() {
    let scene = cluster_scene();
    scene.check_applications(&["db:DatabaseCluster:main pg-a pg-a-x pg-b", "other:StatefulSet:pg pg"]);
    scene.look(|world| {
        let cluster = world.applications().find(|(_, app)| app.instances.len() == 3).unwrap().1;
        assert_eq!(cluster.desired_instances, 3.0);
    });
}

#[test]
fn of_several_clusters_of_one_application_the_smallest_name_is_meant() {
    cluster_scene().and("kube_pod_labels uid=3 label_stackgres_io_cluster_name=aaa").check_applications(&[
        "db:DatabaseCluster:aaa pg-a pg-a-x",
        "db:DatabaseCluster:main pg-b",
        "other:StatefulSet:pg pg",
    ]);
}

#[test]
fn the_newest_labels_of_a_pod_count() {
    cluster_scene()
        .and("kube_pod_labels uid=2 label_cnpg_io_cluster=old ~600 \n kube_pod_labels uid=2 label_role=x")
        .check_applications(&["db:DatabaseCluster:main pg-a pg-a-x pg-b", "other:StatefulSet:pg pg"]);
}
