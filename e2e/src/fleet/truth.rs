//! What would a report on an installation truly say?

use std::{collections::BTreeSet, fmt::Debug, ops::Add};

use headcount_shared::payload::Payload;

/// The numbers of a report that follow from what runs. The default is that of no installation at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// Machines with an agent or in Kubernetes, and instances of managed databases.
    pub nodes: u64,
    /// Applications of users that are connected with another one, and external services among them.
    pub applications: u64,
    /// Their instances that existed within the last hour.
    pub instances: u64,
    /// The providers of the nodes.
    pub clouds: BTreeSet<String>,
    /// What runs in the containers of counted applications.
    pub services: BTreeSet<String>,
    /// The databases of counted applications of which there are metrics.
    pub instrumented: BTreeSet<String>,
    /// Whether there is a node agent.
    pub node_agent: bool,
    /// Whether there is kube-state-metrics; nothing where no agent sees a container of Kubernetes.
    pub kube_state_metrics: Option<bool>,
    /// Whether the price file has a price of any node.
    pub cloud_costs: bool,
}

impl Add for Truth {
    type Output = Self;

    /// The truth about two projects in one report.
    fn add(mut self, other: Self) -> Self {
        self.clouds.extend(other.clouds);
        self.services.extend(other.services);
        self.instrumented.extend(other.instrumented);
        Self {
            nodes: self.nodes + other.nodes,
            applications: self.applications + other.applications,
            instances: self.instances + other.instances,
            node_agent: self.node_agent || other.node_agent,
            kube_state_metrics: match (self.kube_state_metrics, other.kube_state_metrics) {
                (Some(one), Some(another)) => Some(one || another),
                (one, another) => one.or(another),
            },
            cloud_costs: self.cloud_costs || other.cloud_costs,
            ..self
        }
    }
}

impl From<&Payload> for Truth {
    /// What a report says instead.
    fn from(report: &Payload) -> Self {
        let set = |names: &[String]| names.iter().cloned().collect();
        Self {
            nodes: report.infra.nodes,
            applications: report.infra.applications,
            instances: report.infra.instances,
            clouds: set(&report.stack.clouds),
            services: set(&report.stack.services),
            instrumented: set(&report.stack.instrumented_service),
            node_agent: report.integration.node_agent,
            kube_state_metrics: report.integration.kube_state_metrics,
            cloud_costs: report.integration.cloud_costs,
        }
    }
}

impl Truth {
    /// A line for each number in which a report is wrong: what is true, and what it says.
    #[must_use]
    pub fn differences(&self, report: &Payload) -> Vec<String> {
        let said = Self::from(report);
        let pairs: [(&str, &dyn Debug, &dyn Debug); 9] = [
            ("nodes", &self.nodes, &said.nodes),
            ("applications", &self.applications, &said.applications),
            ("instances", &self.instances, &said.instances),
            ("clouds", &self.clouds, &said.clouds),
            ("services", &self.services, &said.services),
            ("instrumented services", &self.instrumented, &said.instrumented),
            ("node agent", &self.node_agent, &said.node_agent),
            ("kube-state-metrics", &self.kube_state_metrics, &said.kube_state_metrics),
            ("cloud costs", &self.cloud_costs, &said.cloud_costs),
        ];
        let lines = pairs.map(|(name, truth, said)| (format!("{truth:?}"), format!("{said:?}"), name));
        let wrong = lines.into_iter().filter(|(truth, said, _)| truth != said);
        wrong.map(|(truth, said, name)| format!("{name}: {truth} is true, {said} is said")).collect()
    }
}
