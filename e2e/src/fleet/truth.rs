//! What would a report on an installation truly say?

use std::{collections::BTreeSet, ops::Add};

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
