//! The report on instances: whether enough are available, and whether containers restart.

use headcount_topology::{
    model::{ApplicationInstance, ArenaIndex as _, InstanceId, Kind, PodPhase, RowId, World},
    queries::CONTAINER_RESTARTS,
};

use super::{AuditCheck, AuditReport, CheckMessage, audited_application::AuditedApplication};
use crate::{counter_increase::CounterIncreases, health_status::HealthStatus, inspections::Inspection};

/// The restarts of containers in the last hour, by row of their counters.
pub(super) struct RestartCounts(Vec<f64>);

impl RestartCounts {
    pub(super) fn of(world: &World<'_>) -> Self {
        Self(CounterIncreases::of(world, &CONTAINER_RESTARTS).sums(0..=u32::MAX))
    }

    fn of_container(&self, row: Option<RowId>) -> f64 {
        row.and_then(|row| self.0.get(row.place()).copied()).unwrap_or(0.0)
    }
}

/// The report on instances.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let inspections = [Inspection::InstanceAvailability, Inspection::InstanceRestarts];
    let checks = if subject.is_external() {
        inspections.map(|inspection| subject.unknown(inspection))
    } else if subject.is_periodic() {
        // Periodic applications need not run all the time.
        inspections.map(|inspection| subject.check(inspection, HealthStatus::Ok))
    } else {
        [availability(subject), restarts(subject)]
    };
    Some(AuditReport::new("Instances", checks.into()))
}

fn restarts(subject: &AuditedApplication<'_, '_>) -> AuditCheck {
    let restarts = &subject.ground.restarts;
    let count = subject.containers().map(|(_, container, _)| restarts.of_container(container.restarts)).sum();
    subject.events(Inspection::InstanceRestarts, count, "containers were restarted")
}

fn availability(subject: &AuditedApplication<'_, '_>) -> AuditCheck {
    let count = |count: usize| count as f32;
    let desired = match subject.app.id.kind {
        Kind::Unknown => count(subject.app.instances.len()),
        _ => subject.app.desired_instances,
    };
    let available = subject.instances().filter(|(id, instance)| is_available(subject, *id, instance));
    let available = count(available.count());
    let percent = available / desired * 100.0;
    let fires = desired > 0.0 && {
        let is_everywhere = subject.app.id.kind != Kind::DaemonSet || available >= desired;
        available == 0.0 || !is_everywhere || percent < subject.threshold(Inspection::InstanceAvailability)
    };
    let message = CheckMessage::Available { available, desired };
    let check = subject.fire_if(Inspection::InstanceAvailability, fires, message);
    AuditCheck { value: (desired > 0.0).then_some(percent), ..check }
}

/// Whether an instance is available. Without a node agent this cannot be observed, and the instance counts as
/// unavailable.
fn is_available(
    subject: &AuditedApplication<'_, '_>,
    id: InstanceId,
    instance: &ApplicationInstance,
) -> bool {
    let world = subject.world;
    if let Some(managed) = instance.managed {
        // The status has no history: it is only there while the provider reports it.
        return world.text(world.managed[managed].status.text()) == "available";
    }
    let Some(pod) = instance.pod.map(|pod| &world.pods[pod]) else { return uses_memory(subject, id) };
    match pod.phase {
        Some(PodPhase::Running) => pod.ready && uses_memory(subject, id),
        Some(PodPhase::NotObserved) => uses_memory(subject, id),
        Some(PodPhase::Succeeded) => true,
        Some(PodPhase::Pending | PodPhase::Failed | PodPhase::Unknown | PodPhase::Other) | None => false,
    }
}

/// Whether any container of an instance used memory recently, that is, whether it runs.
fn uses_memory(subject: &AuditedApplication<'_, '_>, instance: InstanceId) -> bool {
    let (ground, tables) = (subject.ground, &subject.ground.tables);
    ground.containers.of(instance).any(|container| {
        let series = subject.world.containers[*container].memory_rss;
        ground.is_fresh(tables.container_memory, series.agent)
            || ground.is_fresh(tables.fargate_memory, series.fargate)
    })
}
