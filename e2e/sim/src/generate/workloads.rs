//! Generates the instances of workloads: on which nodes they run, and when.

use anyhow::bail;

use super::ModelBuilder;
use crate::{
    lifetime::{RunSchedule, SimulatedLifetime},
    model::{
        ApplicationOrigin, DatabaseMetricsSource, InstanceIndex, KubernetesService, MetricsAttribution,
        SimulatedApplication, SimulatedContainer, SimulatedInstance, SimulatedNode,
    },
    shape::{VersionLoad, WorkloadChange, WorkloadKind, WorkloadPlan},
};

/// How long the pods of two replica sets run side by side, in seconds.
const OVERLAP: i64 = 20;

/// How long before its first rollout a workload got its earlier version, in seconds. Its callers are older.
const BEFORE: i64 = 2 * 3600;

/// The schedule of cron jobs.
const SCHEDULE: RunSchedule = RunSchedule { every: 900, lasting: 240 };

/// How long rollouts are repeated, in seconds.
const HORIZON: i64 = 3 * 24 * 3600;

/// The instances of a workload that were started together.
#[derive(Clone, Copy)]
struct InstanceGeneration {
    replicas: u32,
    lifetime: SimulatedLifetime,
    load: VersionLoad,
    /// The number of the first of them among those that run at once.
    first: u32,
}

impl ModelBuilder {
    pub(super) fn add_workload(&mut self, workload: &WorkloadPlan) -> anyhow::Result<()> {
        let nodes = self.nodes_for(workload);
        if nodes.is_empty() {
            bail!("no node can run {}/{}", workload.namespace, workload.name);
        }
        let mut instances = Vec::new();
        let mut replica_set = format!("{}-{}", workload.name, self.random.hash(9));
        for generation in self.generations(workload, nodes.len()) {
            if matches!(workload.change, WorkloadChange::Rollout { .. }) {
                replica_set = format!("{}-{}", workload.name, self.random.hash(9));
            }
            for number in generation.first..generation.first + generation.replicas {
                let node = nodes[number as usize % nodes.len()];
                let instance = self.instance(workload, &generation, &replica_set, number, node);
                instances.push(instance);
            }
        }
        self.add_children(workload, &mut instances);
        self.add_exports(workload, instances.len());
        let service = workload.kind.is_kubernetes().then(|| self.add_service(workload));
        self.add_application(SimulatedApplication {
            namespace: workload.namespace.clone(),
            name: workload.name.clone(),
            origin: ApplicationOrigin::Workload(workload.kind),
            auxiliary: workload.auxiliary,
            cluster: workload.cluster.clone(),
            instances,
            service,
        });
        Ok(())
    }

    /// The nodes on which a workload may run, in random order.
    fn nodes_for(&mut self, workload: &WorkloadPlan) -> Vec<usize> {
        let fits = |node: &SimulatedNode| {
            if workload.kind.is_kubernetes() {
                node.kubernetes && node.fargate == workload.fargate
            } else {
                node.agent
            }
        };
        let mut nodes: Vec<usize> =
            (0..self.model.nodes.len()).filter(|&at| fits(&self.model.nodes[at])).collect();
        if let Some(last) = nodes.len().checked_sub(1) {
            nodes.rotate_left(self.random.between(0, last as u32) as usize);
        }
        nodes
    }

    fn generations(&mut self, workload: &WorkloadPlan, nodes: usize) -> Vec<InstanceGeneration> {
        let nodes = nodes as u32;
        let replicas = match workload.kind {
            WorkloadKind::DaemonSet => nodes,
            WorkloadKind::BarePod => 1,
            WorkloadKind::CronJob
            | WorkloadKind::StaticPods
            | WorkloadKind::Docker
            | WorkloadKind::Systemd
            | WorkloadKind::Lxc => workload.replicas.min(nodes),
            _ => workload.replicas,
        };
        let begin = self.epoch - i64::from(self.random.between(24, 300)) * 3600;
        let lifetime = match workload.kind {
            WorkloadKind::CronJob => SimulatedLifetime::since(begin).running(SCHEDULE),
            _ => SimulatedLifetime::since(begin),
        };
        let steady = InstanceGeneration { replicas, lifetime, load: VersionLoad::BASELINE, first: 0 };
        match workload.change {
            WorkloadChange::Steady => vec![steady],
            WorkloadChange::Restarts(every) => {
                vec![InstanceGeneration { lifetime: lifetime.restarting(every), ..steady }]
            }
            WorkloadChange::Shrinks(at, more) => {
                let ended = InstanceGeneration {
                    replicas: more,
                    lifetime: lifetime.until(self.epoch + at),
                    first: replicas,
                    ..steady
                };
                vec![steady, ended]
            }
            WorkloadChange::Rollout { at, every, load } => {
                self.versions(steady, self.epoch + at, every, load)
            }
        }
    }

    /// Two alternating versions of a workload, the default one and another, which replace each other from a
    /// moment on.
    fn versions(
        &self,
        base: InstanceGeneration,
        first: i64,
        every: Option<i64>,
        load: VersionLoad,
    ) -> Vec<InstanceGeneration> {
        let times = (first..self.epoch + HORIZON).step_by(every.unwrap_or(HORIZON) as usize);
        let starts = [first - BEFORE].into_iter().chain(times.clone());
        let ends = times.map(Some).chain([None]);
        let of = |(version, (start, end)): (usize, (i64, Option<i64>))| {
            let load = if version % 2 == 0 { base.load } else { load };
            let lifetime = end.map_or(SimulatedLifetime::since(start), |end| {
                SimulatedLifetime::since(start).until(end + OVERLAP)
            });
            let lifetime = match load.restarts {
                0 => lifetime,
                restarts => lifetime.restarting((3600 / i64::from(restarts)).max(1)),
            };
            InstanceGeneration { lifetime, load, ..base }
        };
        starts.zip(ends).enumerate().map(of).collect()
    }

    fn instance(
        &mut self,
        workload: &WorkloadPlan,
        generation: &InstanceGeneration,
        replica_set: &str,
        number: u32,
        node: usize,
    ) -> SimulatedInstance {
        if workload.kind.is_kubernetes() {
            return self.pod(workload, generation.lifetime, generation.load, replica_set, number, node);
        }
        self.plain(workload, generation, number, node)
    }

    /// An instance without a pod.
    fn plain(
        &mut self,
        workload: &WorkloadPlan,
        generation: &InstanceGeneration,
        number: u32,
        node: usize,
    ) -> SimulatedInstance {
        let WorkloadPlan { namespace, name, software, .. } = workload;
        let machine = self.model.nodes[node].clone();
        let port = self.new_host_port();
        let at_node = format!("{name}@{}", machine.name);
        let on_machine = vec![(format!("{}:{port}", machine.ip), ""), (format!("127.0.0.1:{port}"), "")];
        let (instance, id, ip, listens) = match workload.kind {
            WorkloadKind::Docker => {
                let own = self.address("172.17");
                let behind_proxy = vec![
                    (format!("{own}:{}", software.port), ""),
                    (format!("{}:{port}", machine.ip), "docker-proxy"),
                ];
                (at_node, format!("/docker/{name}"), machine.ip, behind_proxy)
            }
            WorkloadKind::Lxc => {
                let own = self.address("10.200");
                let listens = vec![(format!("{own}:{port}"), "")];
                (at_node, format!("/lxc/{name}"), own, listens)
            }
            WorkloadKind::Nomad => {
                let allocation = self.random.uuid();
                let (job, group) = name.split_once('.').unwrap_or((name, name));
                let id = format!("/nomad/{namespace}/{job}/{group}/{allocation}/{group}");
                (format!("{group}-{allocation}"), id, machine.ip, on_machine)
            }
            WorkloadKind::Swarm => {
                let own = self.address("10.11");
                let listens = vec![(format!("{own}:{port}"), "")];
                let id = format!("/swarm/{namespace}/{name}/{}", number + 1);
                (format!("{name}.{}", number + 1), id, own, listens)
            }
            _ => (at_node, format!("/system.slice/{name}.service"), machine.ip, on_machine),
        };
        let container = SimulatedContainer { name: name.clone(), id, software, listens };
        SimulatedInstance {
            name: instance,
            node: Some(node),
            ip,
            port,
            pod: None,
            containers: vec![container],
            lifetime: generation.lifetime,
            load: generation.load,
            domains: Vec::new(),
            reached: None,
        }
    }

    pub(super) fn new_host_port(&mut self) -> u16 {
        self.host_port += 1;
        self.host_port
    }

    fn add_exports(&mut self, workload: &WorkloadPlan, instances: usize) {
        let (Some(exporter), Some(database)) = (workload.exporter, workload.software.database) else {
            return;
        };
        let application = self.model.applications.len();
        let places = (0..instances).map(|instance| InstanceIndex { application, instance });
        self.model.exports.extend(places.map(|by| DatabaseMetricsSource {
            database,
            by,
            found: MetricsAttribution::By(exporter),
        }));
    }

    fn add_service(&mut self, workload: &WorkloadPlan) -> usize {
        let cluster_ip = self.address("10.96");
        let service = KubernetesService {
            namespace: workload.namespace.clone(),
            name: workload.name.clone(),
            cluster_ip,
        };
        self.model.services.push(service);
        self.model.services.len() - 1
    }
}
