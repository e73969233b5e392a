//! Counts what a report on an installation counts, from the model alone and not from any metric.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    expected_counts::ExpectedCounts,
    model::{
        ApplicationOrigin, DatabaseMetricsSource, InstanceIndex, MetricsAttribution, SimulatedConnection,
        SimulatedModel, SimulatedNode,
    },
    prices,
    shape::{CallRoute, WorkloadKind},
    software::SimulatedDatabaseKind,
};

/// A model as it is seen at a moment.
struct ModelView<'a> {
    model: &'a SimulatedModel,
    moment: i64,
    /// The connections that an agent reported within the window.
    heard: Vec<&'a SimulatedConnection>,
}

/// What counts as one application: an application, by its index in the model, or a database cluster.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ApplicationIdentity {
    Application(usize),
    Cluster(String, String),
}

impl SimulatedModel {
    /// The expected numbers of a report on the hour before a moment, in Unix seconds.
    pub(crate) fn expected_counts(&self, moment: i64) -> ExpectedCounts {
        self.view(moment).expected_counts()
    }

    /// The instances of the applications that are counted at a moment, in Unix seconds.
    pub(crate) fn counted_places(&self, moment: i64) -> Vec<InstanceIndex> {
        self.view(moment).counted().into_values().flatten().collect()
    }

    fn view(&self, moment: i64) -> ModelView<'_> {
        let mut view = ModelView { model: self, moment, heard: Vec::new() };
        view.heard = self.connections.iter().filter(|connection| view.hears(connection)).collect();
        view
    }
}

impl ModelView<'_> {
    fn expected_counts(&self) -> ExpectedCounts {
        let counted = self.counted();
        let managed = self
            .model
            .instances()
            .filter(|(_, app, _)| matches!(app.origin, ApplicationOrigin::Cloud(_)))
            .count();
        let clouds = self.model.nodes.iter().filter_map(provider);
        ExpectedCounts {
            nodes: (self.model.nodes.iter().filter(|node| self.knows(node)).count() + managed) as u64,
            applications: counted.len() as u64,
            instances: counted.values().map(Vec::len).sum::<usize>() as u64,
            clouds: clouds.chain((managed > 0).then(|| "aws".to_owned())).collect(),
            services: counted.values().flatten().flat_map(|place| self.services(*place)).collect(),
            instrumented: self.instrumented(&counted),
            node_agent: self.model.nodes.iter().any(|node| node.agent),
            kube_state_metrics: self.sees_kubernetes().then_some(self.model.kube_state_metrics),
            cloud_costs: self.model.nodes.iter().any(prices::knows_node)
                || self.model.applications.iter().any(prices::knows_application),
        }
    }

    /// Whether a node is known: by its agent, or by kube-state-metrics.
    fn knows(&self, node: &SimulatedNode) -> bool {
        node.agent || (node.kubernetes && self.model.kube_state_metrics)
    }

    /// Whether an agent reports a connection. Those of Docker's own daemon are left out.
    fn hears(&self, connection: &SimulatedConnection) -> bool {
        let caller = self.model.instance(connection.from);
        connection.lifetime.seen(self.moment)
            && self.model.agent_of(caller).is_some()
            && self.model.applications[connection.from.application].name != "docker"
            && self.sees(connection.from)
    }

    /// Whether an instance was seen within the window by the agent that reports its kind.
    fn sees(&self, place: InstanceIndex) -> bool {
        let app = &self.model.applications[place.application];
        let instance = self.model.instance(place);
        let by_agent = self.model.agent_of(instance).is_some();
        instance.lifetime.seen(self.moment)
            && match app.origin {
                ApplicationOrigin::Workload(WorkloadKind::CronJob) => by_agent,
                ApplicationOrigin::Workload(kind) if kind.is_kubernetes() => self.model.kube_state_metrics,
                ApplicationOrigin::Workload(_) => by_agent,
                ApplicationOrigin::Cloud(_) => true,
                ApplicationOrigin::External => self.heard.iter().any(|connection| connection.to == place),
            }
    }

    /// The counted applications with their instances. Auxiliary and unconnected ones are left out.
    fn counted(&self) -> BTreeMap<ApplicationIdentity, Vec<InstanceIndex>> {
        let connected = self.connected();
        let mut counted: BTreeMap<ApplicationIdentity, Vec<InstanceIndex>> = BTreeMap::new();
        for (place, app, _) in self.model.instances() {
            let identity = self.identity(place.application);
            if !app.auxiliary && connected.contains(&identity) && self.sees(place) {
                counted.entry(identity).or_default().push(place);
            }
        }
        counted
    }

    /// Applications whose pods belong to a database cluster count as that cluster, if kube-state-metrics
    /// exports their labels.
    fn identity(&self, application: usize) -> ApplicationIdentity {
        let app = &self.model.applications[application];
        match &app.cluster {
            Some(cluster) if self.model.kube_state_metrics => {
                ApplicationIdentity::Cluster(app.namespace.clone(), cluster.name())
            }
            _ => ApplicationIdentity::Application(application),
        }
    }

    /// The applications with a live connection to another one. A call that reached no instance counts only
    /// for its callee.
    fn connected(&self) -> BTreeSet<ApplicationIdentity> {
        let mut connected = BTreeSet::new();
        for connection in &self.heard {
            let (from, to) =
                (self.identity(connection.from.application), self.identity(connection.to.application));
            let reached = connection.via != CallRoute::ServiceInVain;
            if from == to || self.obsolete(connection.from) || (reached && self.obsolete(connection.to)) {
                continue;
            }
            connected.extend(reached.then_some(from));
            connected.insert(to);
        }
        connected
    }

    /// Whether an instance is a pod that has ended.
    fn obsolete(&self, place: InstanceIndex) -> bool {
        let is_pod = match self.model.applications[place.application].origin {
            ApplicationOrigin::Workload(kind) => kind.is_kubernetes() && kind != WorkloadKind::CronJob,
            _ => false,
        };
        is_pod && self.model.instance(place).lifetime.ended(self.moment)
    }

    /// The kinds of services that an instance is known to be.
    fn services(&self, place: InstanceIndex) -> Vec<String> {
        let instance = self.model.instance(place);
        if let ApplicationOrigin::Cloud(plan) = &self.model.applications[place.application].origin {
            return plan.database.iter().map(|database| database.service().to_owned()).collect();
        }
        let containers = self.model.agent_of(instance).map(|_| &instance.containers);
        let services = containers.into_iter().flatten().filter_map(|container| container.software.service);
        services.map(str::to_owned).collect()
    }

    fn instrumented(&self, counted: &BTreeMap<ApplicationIdentity, Vec<InstanceIndex>>) -> BTreeSet<String> {
        let is_counted = |place: &InstanceIndex| counted.values().any(|places| places.contains(place));
        let exports = self.model.exports.iter().filter(|export| self.sees(export.by));
        let known = exports.map(|export| (self.exported_of(export), export.database));
        // Of several databases in one instance, the first one counts.
        let mut told: BTreeMap<InstanceIndex, SimulatedDatabaseKind> = BTreeMap::new();
        for (place, database) in known.filter(|(place, _)| is_counted(place)) {
            told.entry(place).and_modify(|first| *first = database.min(*first)).or_insert(database);
        }
        told.into_values().map(|database| database.service().to_owned()).collect()
    }

    /// The instance whose metrics an exporter has: the exporter itself if it is such a database; else a
    /// database that it calls; else an external service that it calls; else itself.
    fn exported_of(&self, export: &DatabaseMetricsSource) -> InstanceIndex {
        let is_it = |place: InstanceIndex| {
            self.services(place).iter().any(|service| service == export.database.service())
        };
        if export.found == MetricsAttribution::ByCloudName || is_it(export.by) {
            return export.by;
        }
        let called = || self.heard.iter().filter(|connection| connection.from == export.by).map(|it| it.to);
        let outside = |place: &InstanceIndex| {
            matches!(self.model.applications[place.application].origin, ApplicationOrigin::External)
        };
        called().find(|place| is_it(*place)).or_else(|| called().find(outside)).unwrap_or(export.by)
    }

    /// Whether an agent saw a container of Kubernetes within the window.
    fn sees_kubernetes(&self) -> bool {
        self.model.instances().any(|(_, app, instance)| {
            matches!(app.origin, ApplicationOrigin::Workload(kind) if kind.is_kubernetes())
                && self.model.agent_of(instance).is_some()
                && instance.lifetime.seen(self.moment)
        })
    }
}

/// The cloud provider of a node, from its agent or because it is a node of Fargate.
fn provider(node: &SimulatedNode) -> Option<String> {
    let known = node.agent || node.fargate;
    (known && !node.machine.provider.is_empty()).then(|| node.machine.provider.to_owned())
}
