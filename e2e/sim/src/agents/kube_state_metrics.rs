//! Exports the metrics of kube-state-metrics.

use super::ExportedSeries;
use crate::{
    lifetime::SimulatedLifetime,
    model::{ApplicationOrigin, SimulatedApplication, SimulatedInstance, SimulatedModel, SimulatedPod},
    series::{SeriesLabels, ValueCurve::Is},
    shape::WorkloadKind,
};

const PHASES: [&str; 5] = ["Pending", "Succeeded", "Failed", "Unknown", "Running"];

pub(super) fn export(model: &SimulatedModel, exported: &mut ExportedSeries) {
    if !model.kube_state_metrics {
        return;
    }
    let target = exported.target("kube-state-metrics", "10.244.255.2:8080");
    let lifetime = exported.always;
    for node in model.nodes.iter().filter(|node| node.kubernetes) {
        let labels = target.and(&[
            ("node", &node.name),
            ("kernel_version", &"6.1.0-32-amd64"),
            ("system_uuid", &node.system_uuid),
            ("internal_ip", &node.ip),
        ]);
        exported.add("kube_node_info", &labels, lifetime, Is(1.0));
    }
    for service in &model.services {
        let labels = target.and(&[
            ("namespace", &service.namespace),
            ("service", &service.name),
            ("cluster_ip", &service.cluster_ip),
        ]);
        exported.add("kube_service_info", &labels, lifetime, Is(1.0));
    }
    for app in &model.applications {
        replicas(app, &target, lifetime, exported);
        for instance in &app.instances {
            if let Some(pod) = &instance.pod {
                export_pod(model, app, instance, pod, &target, exported);
            }
        }
    }
}

fn replicas(
    app: &SimulatedApplication,
    target: &SeriesLabels,
    lifetime: SimulatedLifetime,
    exported: &mut ExportedSeries,
) {
    let (name, label) = match app.origin {
        ApplicationOrigin::Workload(WorkloadKind::Deployment) => {
            ("kube_deployment_spec_replicas", "deployment")
        }
        ApplicationOrigin::Workload(WorkloadKind::StatefulSet) => {
            ("kube_statefulset_replicas", "statefulset")
        }
        ApplicationOrigin::Workload(WorkloadKind::DaemonSet) => {
            ("kube_daemonset_status_desired_number_scheduled", "daemonset")
        }
        _ => return,
    };
    let lasting = app.instances.iter().filter(|instance| instance.lifetime.until.is_none()).count();
    let labels = target.and(&[("namespace", &app.namespace), (label, &app.name)]);
    exported.add(name, &labels, lifetime, Is(lasting as f64));
}

fn export_pod(
    model: &SimulatedModel,
    app: &SimulatedApplication,
    instance: &SimulatedInstance,
    pod: &SimulatedPod,
    target: &SeriesLabels,
    exported: &mut ExportedSeries,
) {
    // A pod still exists when its work is done.
    let lifetime = SimulatedLifetime { runs: None, restarts: None, ..instance.lifetime };
    let labels = target.and(&[("namespace", &app.namespace), ("pod", &pod.name), ("uid", &pod.uid)]);
    let node = instance.node.map(|node| &model.nodes[node]);
    let info = labels.and(&[
        ("host_ip", &node.map_or("", |node| &node.ip)),
        ("pod_ip", &instance.ip),
        ("node", &node.map_or("", |node| &node.name)),
        ("created_by_kind", &pod.owner_kind),
        ("created_by_name", &pod.owner),
        ("host_network", &pod.host_network),
    ]);
    exported.add("kube_pod_info", &info, lifetime, Is(1.0));
    if !pod.labels.is_empty() {
        let said: Vec<(&str, &dyn std::fmt::Display)> =
            pod.labels.iter().map(|(name, value)| (*name, value as &dyn std::fmt::Display)).collect();
        exported.add("kube_pod_labels", &labels.and(&said), lifetime, Is(1.0));
    }
    for phase in PHASES {
        let is_it = f64::from(u8::from(phase == pod.phase));
        exported.add("kube_pod_status_phase", &labels.with("phase", phase), lifetime, Is(is_it));
    }
    let runs = f64::from(u8::from(pod.phase == "Running"));
    for (condition, value) in [("true", runs), ("false", 1.0 - runs)] {
        exported.add("kube_pod_status_ready", &labels.with("condition", condition), lifetime, Is(value));
    }
    exported.add("kube_pod_status_scheduled", &labels.with("condition", "true"), lifetime, Is(1.0));
    export_containers(instance, pod, &labels, lifetime, exported);
}

fn export_containers(
    instance: &SimulatedInstance,
    pod: &SimulatedPod,
    labels: &SeriesLabels,
    lifetime: SimulatedLifetime,
    exported: &mut ExportedSeries,
) {
    if prepares_itself(pod) {
        let labels = labels.and(&[("container", &"init"), ("image", &"busybox:1.36")]);
        exported.add("kube_pod_init_container_info", &labels, lifetime, Is(1.0));
    }
    let runs = f64::from(u8::from(pod.phase == "Running"));
    for container in &instance.containers {
        let labels = labels.with("container", &container.name);
        for (name, value) in [
            ("kube_pod_container_status_ready", runs),
            ("kube_pod_container_status_running", runs),
            ("kube_pod_container_status_waiting", 0.0),
            ("kube_pod_container_status_terminated", 1.0 - runs),
        ] {
            exported.add(name, &labels, lifetime, Is(value));
        }
        if instance.lifetime.restarts.is_some() {
            let killed = instance.load.killed() > 0.0;
            let labels = labels.with("reason", if killed { "OOMKilled" } else { "Error" });
            exported.add("kube_pod_container_status_last_terminated_reason", &labels, lifetime, Is(1.0));
        }
        for (resource, unit, value) in [("cpu", "core", 0.1), ("memory", "byte", 1e8)] {
            let labels = labels.and(&[("resource", &resource), ("unit", &unit)]);
            exported.add("kube_pod_container_resource_requests", &labels, lifetime, Is(value));
        }
    }
}

/// Whether a pod has an init container: those of stateful sets do.
fn prepares_itself(pod: &SimulatedPod) -> bool {
    pod.owner_kind == "StatefulSet"
}
