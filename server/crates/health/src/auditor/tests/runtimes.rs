//! Tests of the reports on language runtimes.

use super::*;

#[test]
fn a_runtime_that_is_not_there_any_more_fires() {
    check(
        Inspection::JvmAvailability,
        "container_info APP",
        &[
            ("container_jvm_info APP jvm=a\n container_jvm_heap_size_bytes APP jvm=a", Some(Ok)),
            ("container_jvm_info APP jvm=a\n container_jvm_heap_used_bytes APP jvm=a", Some(Ok)),
            ("container_jvm_info APP jvm=a ~60", Some(Warning)),
            ("", None),
        ],
    );
    check(
        Inspection::DotNetAvailability,
        "container_info APP",
        &[
            ("container_dotnet_info APP application=a", Some(Ok)),
            ("container_dotnet_info APP application=a ~60", Some(Warning)),
            ("", None),
        ],
    );
}

#[test]
fn a_runtime_that_stands_still_for_more_than_50_ms_a_second_fires() {
    let jvm = |seconds: &str| format!("container_jvm_safepoint_time_seconds APP jvm=a ={seconds}");
    check(
        Inspection::JvmSafepointTime,
        "container_info APP\n container_jvm_info APP jvm=a",
        &[(&jvm("0.05"), Some(Ok)), (&jvm("0.06"), Some(Warning)), ("", Some(Ok))],
    );
    let python = |seconds: &str| format!("container_python_thread_lock_wait_time_seconds APP ={seconds}");
    check(
        Inspection::PythonGILWaitingTime,
        "container_info APP",
        &[
            (&python("0.05"), Some(Ok)),
            (&python("0.06"), Some(Warning)),
            ("container_application_type APP application_type=python", Some(Ok)),
            ("", None),
        ],
    );
}

#[test]
fn a_runtime_in_a_pod_that_did_its_work_need_not_run() {
    let pod =
        "kube_pod_info uid=1 namespace=s pod=app-0 node=n created_by_kind=StatefulSet created_by_name=app
        container_info machine_id=m container_id=/k8s/s/app-0/c
        container_jvm_info machine_id=m container_id=/k8s/s/app-0/c jvm=a";
    for (phase, expected) in [("Succeeded", Ok), ("Running =0", Ok), ("Running", Warning)] {
        let scene = on_a_node(pod).and(&format!("kube_pod_status_phase uid=1 phase={phase}"));
        assert_eq!(answer(&scene, "app", Inspection::JvmAvailability), Some(expected), "{phase}");
    }
}
