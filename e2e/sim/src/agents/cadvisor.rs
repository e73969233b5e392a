//! Exports the metrics of cAdvisor for nodes of Fargate, on which no agent can run.

use super::ExportedSeries;
use crate::{
    model::SimulatedModel,
    series::ValueCurve::{About, Flows, Is},
};

pub(super) fn export(model: &SimulatedModel, exported: &mut ExportedSeries) {
    for node in model.nodes.iter().filter(|node| node.fargate) {
        let target = exported.target("kubernetes-cadvisor", &node.name);
        let labels = target.and(&[
            ("eks_amazonaws_com_compute_type", &"fargate"),
            ("kubernetes_io_hostname", &node.name),
            ("topology_kubernetes_io_region", &node.machine.region),
            ("topology_kubernetes_io_zone", &node.machine.zone),
        ]);
        let machine = labels.and(&[("machine_id", &node.machine_id), ("system_uuid", &node.system_uuid)]);
        let lifetime = exported.always;
        exported.add("machine_cpu_cores", &machine, lifetime, Is(f64::from(node.machine.cores)));
        exported.add("machine_memory_bytes", &machine, lifetime, Is(node.machine.memory_bytes as f64));
        for (_, app, instance) in model.instances() {
            let here = instance.node.is_some_and(|at| model.nodes[at].name == node.name);
            let Some(pod) = instance.pod.as_ref().filter(|_| here) else { continue };
            for container in &instance.containers {
                let labels = labels.and(&[
                    ("namespace", &app.namespace),
                    ("pod", &pod.name),
                    ("container", &container.name),
                ]);
                for (name, value) in [
                    ("container_spec_cpu_quota", Is(25_000.0)),
                    ("container_spec_cpu_period", Is(100_000.0)),
                    ("container_spec_memory_limit_bytes", Is(f64::from(1 << 29))),
                    ("container_memory_rss", About(9e7)),
                    ("container_memory_cache", About(1e7)),
                    ("container_cpu_usage_seconds_total", Flows(0.03 * instance.load.cpu)),
                    ("container_cpu_cfs_throttled_seconds_total", Flows(0.0001)),
                    ("container_oom_events_total", Is(0.0)),
                ] {
                    exported.add(name, &labels, instance.lifetime, value);
                }
            }
        }
    }
}
