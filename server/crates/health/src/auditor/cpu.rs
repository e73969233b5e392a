//! The report on the CPU usage of containers and nodes.

use headcount_prometheus::results::InternedString;
use headcount_topology::{
    model::{ApplicationInstance, ContainerSeries, NodeId},
    queries::AWS_RDS_CPU_USAGE_PERCENT,
};

use super::{
    AuditReport, audit_context::last_value, audited_application::AuditedApplication,
    flagged_items::FlaggedItems,
};
use crate::inspections::Inspection;

/// The report on the CPU.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let (mut nodes, mut containers) =
        (subject.items(Inspection::CPUNode), subject.items(Inspection::CPUContainer));
    let mut has_nodes = false;
    for (_, instance) in subject.instances() {
        if let Some(node) = instance.node {
            has_nodes = true;
            add_node(subject, &mut nodes, node, instance);
        }
    }
    for (_, container, instance) in subject.containers() {
        let percent = usage(subject, container.cpu_usage) / container.cpu_limit * 100.0;
        containers.add_above(percent, [container.name, instance.name]);
    }
    let nodes = if has_nodes {
        nodes.check("a node has hardly any CPU time left")
    } else {
        subject.unknown(Inspection::CPUNode)
    };
    let containers = if subject.has_containers() {
        containers.check("a container uses almost all the CPU time that it may")
    } else {
        subject.unknown(Inspection::CPUContainer)
    };
    Some(AuditReport::new("CPU", vec![nodes, containers]))
}

fn add_node(
    subject: &AuditedApplication<'_, '_>,
    items: &mut FlaggedItems,
    node: NodeId,
    instance: &ApplicationInstance,
) {
    let world = subject.world;
    let percent = match instance.managed {
        None => last_value(subject.ground.tables.node_cpu, world.nodes[node].cpu_usage),
        // Summed over modes.
        Some(managed) => {
            let series = world.managed_series.of(managed);
            let modes = series.filter(|(query, _)| *query == &AWS_RDS_CPU_USAGE_PERCENT);
            let values = modes.map(|(query, row)| last_value(world.answers.table(query), Some(*row)));
            let sum: f64 = values.filter(|value| !value.is_nan()).map(f64::from).sum();
            sum as f32
        }
    };
    items.add_above(percent, [world.nodes[node].name(), InternedString::EMPTY]);
}

/// The current CPU usage of a container in cores; NaN if unknown.
fn usage(subject: &AuditedApplication<'_, '_>, series: ContainerSeries) -> f32 {
    let tables = &subject.ground.tables;
    let agent = last_value(tables.container_cpu, series.agent);
    agent.max(last_value(tables.fargate_cpu, series.fargate))
}
