//! Holds a world with everything that views of it need, and finds things in it by their names.

use std::collections::BTreeMap;

use headcount_health::{
    auditor::{ApplicationAudit, AuditCheck, AuditReport},
    health_status::HealthStatus,
    history_store::ProjectHistory,
    sli::ServiceLevelIndicators,
};
use headcount_prometheus::results::InternedString;
use headcount_shared::api::ObservationStatus;
use headcount_topology::{
    application_key::ApplicationKey,
    model::{Application, ContainerId, InstanceId, NodeId, NodeKey, OneToMany, World},
};

/// A world, its audit and its history.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it has names of applications")]
pub struct WorldSight<'w, 'a> {
    /// The world.
    pub world: &'w World<'a>,
    /// The audits of all its applications.
    pub audits: &'w [ApplicationAudit],
    /// The recorded requests to applications.
    pub indicators: &'w ServiceLevelIndicators,
    /// The stored history of the project.
    pub history: &'w ProjectHistory,
    /// The operator's patterns by application category, with which the world was built.
    pub categories: &'w BTreeMap<String, Vec<String>>,
}

/// What every view of a part of a project begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectHeading {
    /// The name of the project.
    pub project: String,
    /// How the project is observed.
    pub observation: ObservationStatus,
}

impl<'w, 'a> WorldSight<'w, 'a> {
    /// The audit of an application; `None` if it is not in the world.
    pub(crate) fn audit_of(&self, key: &ApplicationKey) -> Option<&'w ApplicationAudit> {
        let texts = &self.world.texts;
        self.audits.iter().find(|audit| {
            let id = self.world.apps[audit.application].id;
            texts.text(id.name) == key.name
                && texts.text(id.namespace) == key.namespace
                && id.kind.name(texts) == key.kind
        })
    }

    /// The number of instances of an application that are not gone.
    pub(crate) fn present_instances(&self, application: &Application) -> u32 {
        let present = application.instances.iter().filter(|id| !self.world.is_obsolete(**id));
        bounded(present.count())
    }

    /// The desired number of instances of an application; `None` if unknown.
    pub(crate) fn desired_instances(&self, application: &Application) -> Option<u32> {
        let desired = application.desired_instances;
        (!desired.is_nan()).then_some(desired as u32)
    }

    /// The types of software that an application runs, sorted, each once.
    pub(crate) fn types_of(
        &self,
        application: &Application,
        containers: &OneToMany<InstanceId, ContainerId>,
    ) -> Vec<String> {
        let world = self.world;
        let mut types: Vec<&str> = Vec::new();
        let mut add = |name: &'w str| {
            if !types.contains(&name) {
                types.push(name);
            }
        };
        for instance in &application.instances {
            let containers = containers.of(*instance);
            let seen = containers.flat_map(|container| world.application_types.of(*container));
            seen.for_each(|name| add(world.text(*name)));
            if let Some(managed) = world.instances[*instance].managed {
                let managed = &world.managed[managed];
                managed.service.application_type(world.text(managed.engine)).into_iter().for_each(&mut add);
            }
        }
        types.sort_unstable();
        types.into_iter().map(str::to_owned).collect()
    }

    /// The name of a node, which is never empty: its own name, or else its id. Others may have the same one.
    pub(crate) fn node_name(&self, node: NodeId) -> &'w str {
        let node = &self.world.nodes[node];
        let id = match node.key {
            NodeKey::Machine { machine_id, .. } => machine_id,
            NodeKey::Managed(id) => id,
        };
        self.world.text(if node.name().is_empty() { id } else { node.name() })
    }

    /// A text; `None` if it is empty.
    pub(crate) fn text_of(&self, symbol: InternedString) -> Option<String> {
        (!symbol.is_empty()).then(|| self.world.text(symbol).to_owned())
    }
}

/// The worst check of the reports, if any check fired: that of the first of several equally bad ones.
pub(crate) fn worst_check<'r>(
    reports: impl IntoIterator<Item = &'r AuditReport>,
) -> Option<(&'r AuditReport, &'r AuditCheck)> {
    let checks =
        reports.into_iter().flat_map(|report| report.checks.iter().map(move |check| (report, check)));
    let fired = checks.filter(|(_, check)| check.status >= HealthStatus::Warning);
    // `max_by_key` would return the last one.
    fired.reduce(|worst, other| if other.1.status > worst.1.status { other } else { worst })
}

/// The most rows of a table.
pub(crate) const MOST_ROWS: usize = 20_000;

/// The first things of a list, and the number of those that are left out.
pub(crate) fn at_most<T>(mut things: Vec<T>, most: usize) -> (Vec<T>, u32) {
    let more = bounded(things.len().saturating_sub(most));
    things.truncate(most);
    (things, more)
}

/// A number of things in a world.
pub(crate) fn bounded(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A value for an answer; `None` if it is no number.
pub(crate) fn known(value: f32) -> Option<f32> {
    value.is_finite().then_some(value)
}
