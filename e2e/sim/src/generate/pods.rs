//! Generates the pods of workloads.

use super::ModelBuilder;
use crate::{
    lifetime::SimulatedLifetime,
    model::{SimulatedContainer, SimulatedInstance, SimulatedPod},
    shape::{VersionLoad, WorkloadKind, WorkloadPlan},
};

impl ModelBuilder {
    pub(super) fn pod(
        &mut self,
        workload: &WorkloadPlan,
        lifetime: SimulatedLifetime,
        load: VersionLoad,
        replica_set: &str,
        number: u32,
        node: usize,
    ) -> SimulatedInstance {
        let WorkloadPlan { namespace, name, kind, software, .. } = workload;
        let machine = self.model.nodes[node].clone();
        let (pod_name, owner_kind, owner) = match kind {
            WorkloadKind::Deployment => {
                (format!("{replica_set}-{}", self.random.hash(5)), "ReplicaSet", replica_set.to_owned())
            }
            WorkloadKind::ReplicaSet => {
                (format!("{name}-{}", self.random.hash(5)), "ReplicaSet", name.clone())
            }
            WorkloadKind::StatefulSet => (format!("{name}-{number}"), "StatefulSet", name.clone()),
            WorkloadKind::DaemonSet => (format!("{name}-{}", self.random.hash(5)), "DaemonSet", name.clone()),
            WorkloadKind::CronJob => {
                let job = format!("{name}-{}", 29_000_000 + self.random.between(0, 99_999));
                (format!("{job}-{}", self.random.hash(5)), "Job", job)
            }
            WorkloadKind::Job => (format!("{name}-{}", self.random.hash(5)), "Job", name.clone()),
            WorkloadKind::StaticPods => (format!("{name}-{}", machine.name), "Node", machine.name.clone()),
            WorkloadKind::Operated => (format!("{name}-{}", number + 1), "Cluster", name.clone()),
            _ => (name.clone(), "<none>", "<none>".to_owned()),
        };
        let shares = workload.host_network;
        let ip = if shares { machine.ip } else { self.address("10.244") };
        let port = if shares { self.new_host_port() } else { software.port };
        let directory = match kind {
            WorkloadKind::CronJob => format!("/k8s-cronjob/{namespace}/{name}"),
            _ => format!("/k8s/{namespace}/{pod_name}"),
        };
        let container = |name: &str, software, port| SimulatedContainer {
            name: name.to_owned(),
            id: format!("{directory}/{name}"),
            software,
            listens: vec![(format!("{ip}:{port}"), "")],
        };
        let mut containers = vec![container("main", *software, port)];
        containers.extend(workload.sidecar.map(|beside| container("sidecar", beside, beside.port)));
        let instance = if *kind == WorkloadKind::CronJob {
            format!("{name}@{}", machine.name)
        } else {
            pod_name.clone()
        };
        let labels = workload.cluster.as_ref().map(|cluster| cluster.labels(number == 0));
        let pod = SimulatedPod {
            name: pod_name,
            uid: self.random.uuid(),
            owner_kind,
            owner,
            host_network: shares,
            phase: if *kind == WorkloadKind::CronJob { "Succeeded" } else { "Running" },
            labels: labels.unwrap_or_default(),
        };
        let pod = Some(pod);
        SimulatedInstance {
            name: instance,
            node: Some(node),
            ip,
            port,
            pod,
            containers,
            lifetime,
            load,
            domains: Vec::new(),
            reached: None,
        }
    }

    /// Adds the pods that the first pod of a workload owns.
    pub(super) fn add_children(&mut self, workload: &WorkloadPlan, instances: &mut Vec<SimulatedInstance>) {
        let Some((parent, node)) =
            instances.first().and_then(|first| Some((first.pod.clone()?, first.node?)))
        else {
            return;
        };
        for number in 1..=workload.children {
            let lifetime = SimulatedLifetime::since(self.epoch - 7200);
            let task = WorkloadPlan::new(
                WorkloadKind::BarePod,
                &workload.namespace,
                &format!("{}-task-{number}", parent.name),
                workload.software,
            );
            let mut child = self.pod(&task, lifetime, VersionLoad::BASELINE, "", 0, node);
            if let Some(pod) = &mut child.pod {
                pod.owner_kind = "Pod";
                pod.owner.clone_from(&parent.name);
            }
            instances.push(child);
        }
    }
}
