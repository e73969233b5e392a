//! Defines the numbers that a report on an installation has to have, and compares them with a report.

use std::{collections::BTreeSet, fmt::Debug, ops::Add};

use headcount_shared::payload::Payload;

/// The numbers of a report that follow from what runs. The default is that of an empty installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpectedCounts {
    /// Machines with an agent or in Kubernetes, and instances of managed databases.
    pub nodes: u64,
    /// Applications of users that are connected with another one, including external services.
    pub applications: u64,
    /// Their instances that existed within the last hour.
    pub instances: u64,
    /// The providers of the nodes.
    pub clouds: BTreeSet<String>,
    /// The kinds of services in the containers of counted applications.
    pub services: BTreeSet<String>,
    /// The databases of counted applications that have metrics.
    pub instrumented: BTreeSet<String>,
    /// Whether there is a node agent.
    pub node_agent: bool,
    /// Whether there is kube-state-metrics; `None` if no agent sees a container of Kubernetes.
    pub kube_state_metrics: Option<bool>,
    /// Whether the price file has the price of any node.
    pub cloud_costs: bool,
}

impl Add for ExpectedCounts {
    type Output = Self;

    /// The numbers of two projects in one report.
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

impl From<&Payload> for ExpectedCounts {
    /// Reads these numbers from a report.
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

impl ExpectedCounts {
    /// Returns a line for each wrong number of a report, with the expected and the reported value.
    #[must_use]
    pub fn differences(&self, report: &Payload) -> Vec<String> {
        let reported = Self::from(report);
        let pairs: [(&str, &dyn Debug, &dyn Debug); 9] = [
            ("nodes", &self.nodes, &reported.nodes),
            ("applications", &self.applications, &reported.applications),
            ("instances", &self.instances, &reported.instances),
            ("clouds", &self.clouds, &reported.clouds),
            ("services", &self.services, &reported.services),
            ("instrumented services", &self.instrumented, &reported.instrumented),
            ("node agent", &self.node_agent, &reported.node_agent),
            ("kube-state-metrics", &self.kube_state_metrics, &reported.kube_state_metrics),
            ("cloud costs", &self.cloud_costs, &reported.cloud_costs),
        ];
        let lines =
            pairs.map(|(name, expected, reported)| (format!("{expected:?}"), format!("{reported:?}"), name));
        let wrong = lines.into_iter().filter(|(expected, reported, _)| expected != reported);
        wrong
            .map(|(expected, reported, name)| format!("{name}: expected {expected}, reported {reported}"))
            .collect()
    }
}
