//! Tests of the reports on CPU, memory, storage and instances.

use super::*;

const SEEN: &str = "container_info APP";

#[test]
fn a_node_fires_above_80_percent() {
    check(
        Inspection::CPUNode,
        SEEN,
        &[
            ("node_cpu_usage_percent machine_id=m =80", Some(Ok)),
            ("node_cpu_usage_percent machine_id=m =80.1", Some(Warning)),
            ("node_cpu_usage_percent machine_id=m =99 ~60", Some(Ok)),
            ("", Some(Ok)),
        ],
    );
    let elsewhere = scene("container_info container_id=/docker/app");
    assert_eq!(answer(&elsewhere, "app", Inspection::CPUNode), Some(Unknown));
    let managed = "aws_rds_info rds_instance_id=r/db
        aws_rds_cpu_usage_percent rds_instance_id=r/db mode=user =50
        aws_rds_cpu_usage_percent rds_instance_id=r/db mode=system =31";
    assert_eq!(answer(&scene(managed), "db", Inspection::CPUNode), Some(Warning));
    assert_eq!(answer(&scene(&managed.replace("31", "30")), "db", Inspection::CPUNode), Some(Ok));
}

#[test]
fn a_container_fires_above_80_percent_of_its_limit() {
    check(
        Inspection::CPUContainer,
        SEEN,
        &[
            ("container_cpu_limit APP =5\n container_cpu_usage APP =4", Some(Ok)),
            ("container_cpu_limit APP =5\n container_cpu_usage APP =4.1", Some(Warning)),
            ("container_cpu_limit APP =5\n container_cpu_usage APP =5 ~60", Some(Ok)),
            ("container_cpu_usage APP =100", Some(Ok)),
            ("", Some(Ok)),
        ],
    );
}

#[test]
fn a_check_has_the_worst_value_also_if_it_does_not_fire() {
    let of = |lines: &str, inspection| value(&format!("{SEEN}\n {lines}"), inspection);
    let containers = "container_info machine_id=m container_id=/docker/app
        container_cpu_limit APP =4
        container_cpu_usage APP =1";
    assert_eq!(of(containers, Inspection::CPUContainer), Some(25.0));
    assert_eq!(of("node_cpu_usage_percent machine_id=m =81", Inspection::CPUNode), Some(81.0));
    assert_eq!(of("", Inspection::CPUNode), None);
    assert_eq!(of("", Inspection::MemoryOOM), Some(0.0));
    assert_eq!(of("container_memory_rss APP =1", Inspection::InstanceAvailability), Some(100.0));
    assert_eq!(of("", Inspection::InstanceAvailability), Some(0.0));
    let restarts = "container_restarts APP job=j instance=i =1,2,4";
    assert_eq!(of(restarts, Inspection::InstanceRestarts), Some(3.0));
}

#[test]
fn without_a_container_nothing_is_known_of_containers() {
    let managed = scene("aws_rds_info rds_instance_id=r/db");
    for inspection in [
        Inspection::CPUContainer,
        Inspection::MemoryOOM,
        Inspection::MemoryLeakPercent,
        Inspection::LogErrors,
    ] {
        assert_eq!(answer(&managed, "db", inspection), Some(Unknown), "{inspection:?}");
    }
}

#[test]
fn one_kill_for_lack_of_memory_is_enough() {
    check(
        Inspection::MemoryOOM,
        SEEN,
        &[
            ("container_oom_kills_total APP job=j instance=i =7,7,7", Some(Ok)),
            ("container_oom_kills_total APP job=j instance=i =7,7,8", Some(Warning)),
            ("container_oom_kills_total APP job=j instance=i =.,.,1", Some(Warning)),
            ("container_oom_kills_total APP job=j instance=other =7,7,8", Some(Ok)),
            ("", Some(Ok)),
        ],
    );
}

/// Points five minutes apart that grow within the last hour by `percent` of their value at its start.
fn trend(points: usize, percent: f32) -> String {
    let value = |ago: usize| 1000.0 + percent * 10.0 * (1.0 - ago as f32 / 12.0);
    let values: Vec<_> = (0..points).rev().map(|ago| value(ago).to_string()).collect();
    format!("container_memory_rss_for_trend APP ={}", values.join(","))
}

#[test]
fn memory_fires_when_it_grows_by_more_than_10_percent_an_hour() {
    check(
        Inspection::MemoryLeakPercent,
        SEEN,
        &[
            (&trend(49, 9.9), Some(Ok)),
            (&trend(49, 10.1), Some(Warning)),
            (&trend(39, 10.1), Some(Warning)),
            // Too few points for a trend.
            (&trend(38, 10.1), Some(Ok)),
            (&trend(49, -50.0), Some(Ok)),
            ("", Some(Ok)),
        ],
    );
    let timer = "container_info APP systemd_triggered_by=app.timer";
    check(Inspection::MemoryLeakPercent, timer, &[(&trend(49, 50.0), Some(Unknown))]);
}

#[test]
fn the_memory_of_all_containers_counts_together() {
    let [one, other] = [trend(49, 15.0), trend(49, 4.0).replace("/docker/app", "/docker/other")];
    let other = other.replace("APP", "machine_id=other container_id=/docker/app");
    let two = format!("node_info machine_id=other hostname=other\n{other}");
    check(Inspection::MemoryLeakPercent, &one, &[(&two, Some(Ok)), ("", Some(Warning))]);
}

#[test]
fn a_volume_fires_above_80_percent() {
    let volume = "node_disk_reads machine_id=m device=sda
        container_volume_size APP mount_point=/data device=sda =100";
    check(
        Inspection::StorageSpace,
        volume,
        &[
            ("container_volume_used APP mount_point=/data device=sda =80", Some(Ok)),
            ("container_volume_used APP mount_point=/data device=sda =80.1", Some(Warning)),
            ("", Some(Ok)),
        ],
    );
    // A device that its node does not have.
    let elsewhere = volume.replace("machine_id=m device=sda", "machine_id=m device=sdb");
    let full = "container_volume_used APP mount_point=/data device=sda =99";
    check(Inspection::StorageSpace, &elsewhere, &[(full, Some(Ok))]);
    check(Inspection::StorageSpace, SEEN, &[("", None)]);
    let managed = "aws_rds_info rds_instance_id=r/db\n aws_rds_fs_total_bytes rds_instance_id=r/db =10";
    for (used, expected) in [("8", Ok), ("9", Warning)] {
        let scene = scene(managed).and(&format!("aws_rds_fs_used_bytes rds_instance_id=r/db ={used}"));
        assert_eq!(answer(&scene, "db", Inspection::StorageSpace), Some(expected));
    }
}

#[test]
fn a_disk_fires_when_it_is_waited_for_more_than_5_seconds_a_second() {
    let volume = "container_volume_size APP mount_point=/data device=sda =100";
    let [read, write] =
        ["read", "write"].map(|what| format!("node_disk_{what}_time machine_id=m device=sda"));
    check(
        Inspection::StorageIOLoad,
        volume,
        &[
            (&format!("{read} =3\n{write} =2"), Some(Ok)),
            (&format!("{read} =3\n{write} =2.1"), Some(Warning)),
            (&format!("{read} =5.1"), Some(Warning)),
            (&format!("{read} =9 ~60"), Some(Ok)),
            ("", Some(Ok)),
        ],
    );
}

#[test]
fn a_directory_of_the_node_is_no_volume_of_a_pod() {
    let pod = "node_info machine_id=m hostname=n
        kube_pod_info uid=1 namespace=s pod=app-0 node=n created_by_kind=StatefulSet created_by_name=app
        kube_pod_status_phase uid=1 phase=Running
        container_volume_size machine_id=m container_id=/k8s/s/app-0/c mount_point=/data device=sda";
    assert_eq!(answer(&scene(pod), "app", Inspection::StorageSpace), None);
    assert_eq!(answer(&scene(&format!("{pod} volume=pvc")), "app", Inspection::StorageSpace), Some(Ok));
}

#[test]
fn a_container_is_there_as_long_as_it_uses_memory() {
    check(
        Inspection::InstanceAvailability,
        SEEN,
        &[
            ("container_memory_rss APP", Some(Ok)),
            ("container_memory_rss APP ~120", Some(Ok)),
            ("container_memory_rss APP ~180", Some(Warning)),
            ("", Some(Warning)),
        ],
    );
}

#[test]
fn three_of_four_instances_are_enough() {
    let node = |number: usize| {
        let labels = format!("machine_id=m{number} container_id=/docker/app");
        let rss = format!("container_memory_rss {labels}");
        [format!("node_info machine_id=m{number} hostname=n{number}\n container_info {labels}\n"), rss]
    };
    for (up, expected) in [(4, Ok), (3, Ok), (2, Warning), (0, Warning)] {
        let lines: Vec<_> =
            (0..4).map(|number| node(number)[..if number < up { 2 } else { 1 }].concat()).collect();
        assert_eq!(
            answer(&scene(&lines.join("\n")), "app", Inspection::InstanceAvailability),
            Some(expected)
        );
    }
}

/// Two pods of an owner; `second` describes the second one.
fn pods(kind: &str, replicas: &str, second: &str) -> PrometheusFixture {
    let pod = |number: usize| {
        format!(
            "kube_pod_info uid={number} namespace=s pod=app-{number} node=n created_by_kind={kind} created_by_name=app
             container_memory_rss machine_id=m container_id=/k8s/s/app-{number}/c\n"
        )
    };
    let first = "kube_pod_status_phase uid=1 phase=Running\n kube_pod_status_ready uid=1";
    on_a_node(&[&pod(1), &pod(2), first, "\n", replicas, "\n", second].concat())
}

#[test]
fn a_pod_is_available_when_it_runs_and_is_ready_or_has_done_its_work() {
    let replicas = "kube_statefulset_replicas namespace=s statefulset=app =2";
    for (second, expected) in [
        ("kube_pod_status_phase uid=2 phase=Running\n kube_pod_status_ready uid=2", Ok),
        ("kube_pod_status_phase uid=2 phase=Running\n kube_pod_status_ready uid=2 =0", Warning),
        ("kube_pod_status_phase uid=2 phase=Pending", Warning),
        ("kube_pod_status_phase uid=2 phase=Failed", Warning),
        ("kube_pod_status_phase uid=2 phase=Succeeded", Ok),
        ("kube_pod_status_phase uid=2 phase=Running =0\n kube_pod_status_ready uid=2", Warning),
    ] {
        let scene = pods("StatefulSet", replicas, second);
        assert_eq!(answer(&scene, "app", Inspection::InstanceAvailability), Some(expected), "{second}");
    }
    // A pod that uses no memory does not run.
    let dead = pods("StatefulSet", replicas, "").and(
        "kube_pod_info uid=3 namespace=s pod=b-1 node=n created_by_kind=StatefulSet created_by_name=b
         kube_pod_status_phase uid=3 phase=Running
         kube_pod_status_ready uid=3
         kube_statefulset_replicas namespace=s statefulset=b =1",
    );
    assert_eq!(answer(&dead, "b", Inspection::InstanceAvailability), Some(Warning));
}

#[test]
fn no_pod_of_a_daemon_set_may_be_missing() {
    let ready = "kube_pod_status_phase uid=2 phase=Running\n kube_pod_status_ready uid=2";
    let daemons = |desired: usize| {
        format!("kube_daemonset_status_desired_number_scheduled namespace=s daemonset=app ={desired}")
    };
    for (kind, replicas, expected) in [
        ("DaemonSet", daemons(2), Ok),
        ("DaemonSet", daemons(3), Warning),
        ("DaemonSet", daemons(0), Ok),
        ("StatefulSet", "kube_statefulset_replicas namespace=s statefulset=app =3".to_owned(), Warning),
        // The desired number of instances is unknown.
        ("StatefulSet", String::new(), Ok),
    ] {
        let scene = pods(kind, &replicas, ready);
        assert_eq!(
            answer(&scene, "app", Inspection::InstanceAvailability),
            Some(expected),
            "{kind} {replicas}"
        );
    }
}

#[test]
fn one_restart_is_enough() {
    check(
        Inspection::InstanceRestarts,
        SEEN,
        &[
            ("container_restarts APP job=j instance=i =3,3,3", Some(Ok)),
            ("container_restarts APP job=j instance=i =3,3,4", Some(Warning)),
            ("container_restarts APP job=j instance=i =3,3,0", Some(Ok)),
            ("container_restarts APP job=j instance=i =3,.,1", Some(Warning)),
            ("", Some(Ok)),
        ],
    );
}

#[test]
fn instances_that_need_not_run_or_are_not_observed_are_not_looked_at() {
    let restarts = "container_restarts APP job=j instance=i =3,3,4";
    let timer =
        on_a_node("container_info APP systemd_triggered_by=app.timer").and(&restarts.replace("APP", APP));
    let cron = restarts.replace("APP", "machine_id=m container_id=/k8s-cronjob/s/app/c");
    let client = on_a_node("container_net_tcp_active_connections APP destination=1.2.3.4:99");
    for (scene, name, expected) in
        [(timer, "app", Ok), (on_a_node(&cron), "app", Ok), (client, "external:99", Unknown)]
    {
        for inspection in [Inspection::InstanceAvailability, Inspection::InstanceRestarts] {
            assert_eq!(answer(&scene, name, inspection), Some(expected), "{name} {inspection:?}");
        }
    }
}
