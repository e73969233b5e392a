//! Generates the pods of workloads.

use super::Inventor;
use crate::fleet::{
    life::Life,
    model::{Container, Instance, Pod},
    shape::{Kind, Load, Workload},
};

impl Inventor {
    pub(super) fn pod(
        &mut self,
        workload: &Workload,
        life: Life,
        load: Load,
        replica_set: &str,
        number: u32,
        node: usize,
    ) -> Instance {
        let Workload { namespace, name, kind, software, .. } = workload;
        let machine = self.model.nodes[node].clone();
        let (pod_name, owner_kind, owner) = match kind {
            Kind::Deployment => {
                (format!("{replica_set}-{}", self.chance.hash(5)), "ReplicaSet", replica_set.to_owned())
            }
            Kind::ReplicaSet => (format!("{name}-{}", self.chance.hash(5)), "ReplicaSet", name.clone()),
            Kind::StatefulSet => (format!("{name}-{number}"), "StatefulSet", name.clone()),
            Kind::DaemonSet => (format!("{name}-{}", self.chance.hash(5)), "DaemonSet", name.clone()),
            Kind::CronJob => {
                let job = format!("{name}-{}", 29_000_000 + self.chance.between(0, 99_999));
                (format!("{job}-{}", self.chance.hash(5)), "Job", job)
            }
            Kind::Job => (format!("{name}-{}", self.chance.hash(5)), "Job", name.clone()),
            Kind::StaticPods => (format!("{name}-{}", machine.name), "Node", machine.name.clone()),
            Kind::Operated => (format!("{name}-{}", number + 1), "Cluster", name.clone()),
            _ => (name.clone(), "<none>", "<none>".to_owned()),
        };
        let shares = workload.host_network;
        let ip = if shares { machine.ip } else { self.address("10.244") };
        let port = if shares { self.new_host_port() } else { software.port };
        let directory = match kind {
            Kind::CronJob => format!("/k8s-cronjob/{namespace}/{name}"),
            _ => format!("/k8s/{namespace}/{pod_name}"),
        };
        let container = |name: &str, software, port| Container {
            name: name.to_owned(),
            id: format!("{directory}/{name}"),
            software,
            listens: vec![(format!("{ip}:{port}"), "")],
        };
        let mut containers = vec![container("main", *software, port)];
        containers.extend(workload.sidecar.map(|beside| container("sidecar", beside, beside.port)));
        let instance =
            if *kind == Kind::CronJob { format!("{name}@{}", machine.name) } else { pod_name.clone() };
        let labels = workload.cluster.as_ref().map(|cluster| cluster.labels(number == 0));
        let pod = Pod {
            name: pod_name,
            uid: self.chance.uuid(),
            owner_kind,
            owner,
            host_network: shares,
            phase: if *kind == Kind::CronJob { "Succeeded" } else { "Running" },
            labels: labels.unwrap_or_default(),
        };
        let pod = Some(pod);
        Instance {
            name: instance,
            node: Some(node),
            ip,
            port,
            pod,
            containers,
            life,
            load,
            domains: Vec::new(),
            reached: None,
        }
    }

    /// Adds the pods that the first pod of a workload owns.
    pub(super) fn add_children(&mut self, workload: &Workload, instances: &mut Vec<Instance>) {
        let Some((parent, node)) =
            instances.first().and_then(|first| Some((first.pod.clone()?, first.node?)))
        else {
            return;
        };
        for number in 1..=workload.children {
            let life = Life::since(self.epoch - 7200);
            let task = Workload::new(
                Kind::BarePod,
                &workload.namespace,
                &format!("{}-task-{number}", parent.name),
                workload.software,
            );
            let mut child = self.pod(&task, life, Load::USUAL, "", 0, node);
            if let Some(pod) = &mut child.pod {
                pod.owner_kind = "Pod";
                pod.owner.clone_from(&parent.name);
            }
            instances.push(child);
        }
    }
}
