//! Generates the instances of workloads: on which nodes they run, and when.

use anyhow::bail;

use super::Inventor;
use crate::fleet::{
    life::{Life, Runs},
    model::{Application, Container, Export, Found, Instance, Node, Origin, Place, Service},
    shape::{Fate, Kind, Load, Workload},
};

/// How long the pods of two replica sets run side by side, in seconds.
const OVERLAP: i64 = 20;

/// How long before its first rollout a workload got its earlier version, in seconds. Its callers are older.
const BEFORE: i64 = 2 * 3600;

/// The schedule of cron jobs.
const SCHEDULE: Runs = Runs { every: 900, lasting: 240 };

/// How long rollouts are repeated, in seconds.
const HORIZON: i64 = 3 * 24 * 3600;

/// The instances of a workload that were started together.
#[derive(Clone, Copy)]
struct Generation {
    replicas: u32,
    life: Life,
    load: Load,
    /// The number of the first of them among those that run at once.
    first: u32,
}

impl Inventor {
    pub(super) fn add_workload(&mut self, workload: &Workload) -> anyhow::Result<()> {
        let nodes = self.nodes_for(workload);
        if nodes.is_empty() {
            bail!("no node can run {}/{}", workload.namespace, workload.name);
        }
        let mut instances = Vec::new();
        let mut replica_set = format!("{}-{}", workload.name, self.chance.hash(9));
        for generation in self.generations(workload, nodes.len()) {
            if matches!(workload.fate, Fate::Rollout { .. }) {
                replica_set = format!("{}-{}", workload.name, self.chance.hash(9));
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
        self.add_application(Application {
            namespace: workload.namespace.clone(),
            name: workload.name.clone(),
            origin: Origin::Workload(workload.kind),
            auxiliary: workload.auxiliary,
            cluster: workload.cluster.clone(),
            instances,
            service,
        });
        Ok(())
    }

    /// The nodes on which a workload may run, in random order.
    fn nodes_for(&mut self, workload: &Workload) -> Vec<usize> {
        let fits = |node: &Node| {
            if workload.kind.is_kubernetes() {
                node.kubernetes && node.fargate == workload.fargate
            } else {
                node.agent
            }
        };
        let mut nodes: Vec<usize> =
            (0..self.model.nodes.len()).filter(|&at| fits(&self.model.nodes[at])).collect();
        if let Some(last) = nodes.len().checked_sub(1) {
            nodes.rotate_left(self.chance.between(0, last as u32) as usize);
        }
        nodes
    }

    fn generations(&mut self, workload: &Workload, nodes: usize) -> Vec<Generation> {
        let nodes = nodes as u32;
        let replicas = match workload.kind {
            Kind::DaemonSet => nodes,
            Kind::BarePod => 1,
            Kind::CronJob | Kind::StaticPods | Kind::Docker | Kind::Systemd | Kind::Lxc => {
                workload.replicas.min(nodes)
            }
            _ => workload.replicas,
        };
        let begin = self.epoch - i64::from(self.chance.between(24, 300)) * 3600;
        let life = match workload.kind {
            Kind::CronJob => Life::since(begin).running(SCHEDULE),
            _ => Life::since(begin),
        };
        let steady = Generation { replicas, life, load: Load::USUAL, first: 0 };
        match workload.fate {
            Fate::Steady => vec![steady],
            Fate::Restarts(every) => vec![Generation { life: life.restarting(every), ..steady }],
            Fate::Shrinks(at, more) => {
                let ended = Generation {
                    replicas: more,
                    life: life.until(self.epoch + at),
                    first: replicas,
                    ..steady
                };
                vec![steady, ended]
            }
            Fate::Rollout { at, every, load } => self.versions(steady, self.epoch + at, every, load),
        }
    }

    /// Two alternating versions of a workload, the default one and another, which replace each other from a
    /// moment on.
    fn versions(&self, usual: Generation, first: i64, every: Option<i64>, load: Load) -> Vec<Generation> {
        let times = (first..self.epoch + HORIZON).step_by(every.unwrap_or(HORIZON) as usize);
        let starts = [first - BEFORE].into_iter().chain(times.clone());
        let ends = times.map(Some).chain([None]);
        let of = |(version, (start, end)): (usize, (i64, Option<i64>))| {
            let load = if version % 2 == 0 { usual.load } else { load };
            let life = end.map_or(Life::since(start), |end| Life::since(start).until(end + OVERLAP));
            let life = match load.restarts {
                0 => life,
                restarts => life.restarting((3600 / i64::from(restarts)).max(1)),
            };
            Generation { life, load, ..usual }
        };
        starts.zip(ends).enumerate().map(of).collect()
    }

    fn instance(
        &mut self,
        workload: &Workload,
        generation: &Generation,
        replica_set: &str,
        number: u32,
        node: usize,
    ) -> Instance {
        if workload.kind.is_kubernetes() {
            return self.pod(workload, generation.life, generation.load, replica_set, number, node);
        }
        self.plain(workload, generation, number, node)
    }

    /// An instance without a pod.
    fn plain(&mut self, workload: &Workload, generation: &Generation, number: u32, node: usize) -> Instance {
        let Workload { namespace, name, software, .. } = workload;
        let machine = self.model.nodes[node].clone();
        let port = self.new_host_port();
        let at_node = format!("{name}@{}", machine.name);
        let on_machine = vec![(format!("{}:{port}", machine.ip), ""), (format!("127.0.0.1:{port}"), "")];
        let (instance, id, ip, listens) = match workload.kind {
            Kind::Docker => {
                let own = self.address("172.17");
                let behind_proxy = vec![
                    (format!("{own}:{}", software.port), ""),
                    (format!("{}:{port}", machine.ip), "docker-proxy"),
                ];
                (at_node, format!("/docker/{name}"), machine.ip, behind_proxy)
            }
            Kind::Lxc => {
                let own = self.address("10.200");
                let listens = vec![(format!("{own}:{port}"), "")];
                (at_node, format!("/lxc/{name}"), own, listens)
            }
            Kind::Nomad => {
                let allocation = self.chance.uuid();
                let (job, group) = name.split_once('.').unwrap_or((name, name));
                let id = format!("/nomad/{namespace}/{job}/{group}/{allocation}/{group}");
                (format!("{group}-{allocation}"), id, machine.ip, on_machine)
            }
            Kind::Swarm => {
                let own = self.address("10.11");
                let listens = vec![(format!("{own}:{port}"), "")];
                let id = format!("/swarm/{namespace}/{name}/{}", number + 1);
                (format!("{name}.{}", number + 1), id, own, listens)
            }
            _ => (at_node, format!("/system.slice/{name}.service"), machine.ip, on_machine),
        };
        let container = Container { name: name.clone(), id, software, listens };
        Instance {
            name: instance,
            node: Some(node),
            ip,
            port,
            pod: None,
            containers: vec![container],
            life: generation.life,
            load: generation.load,
            domains: Vec::new(),
            reached: None,
        }
    }

    pub(super) fn new_host_port(&mut self) -> u16 {
        self.host_port += 1;
        self.host_port
    }

    fn add_exports(&mut self, workload: &Workload, instances: usize) {
        let (Some(exporter), Some(database)) = (workload.exporter, workload.software.database) else {
            return;
        };
        let application = self.model.applications.len();
        let places = (0..instances).map(|instance| Place { application, instance });
        self.model.exports.extend(places.map(|by| Export { database, by, found: Found::By(exporter) }));
    }

    fn add_service(&mut self, workload: &Workload) -> usize {
        let cluster_ip = self.address("10.96");
        let service =
            Service { namespace: workload.namespace.clone(), name: workload.name.clone(), cluster_ip };
        self.model.services.push(service);
        self.model.services.len() - 1
    }
}
