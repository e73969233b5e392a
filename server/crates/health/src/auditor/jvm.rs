//! The report on Java virtual machines.

use super::{AuditReport, audited_application::AuditedApplication};
use crate::inspections::Inspection;

/// The report on JVMs; `None` for an application without any.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let world = subject.world;
    if !subject.instances().any(|(id, _)| world.jvms.of(id).len() > 0) {
        return None;
    }
    let mut availability = subject.items(Inspection::JvmAvailability);
    let mut safepoints = subject.items(Inspection::JvmSafepointTime);
    for (id, instance) in subject.present() {
        for jvm in world.jvms.of(id) {
            let name = [jvm.name, instance.name];
            let is_up = jvm.heap_size > 0.0 || jvm.heap_used > 0.0;
            if !is_up {
                availability.add(name);
            }
            safepoints.add_above(jvm.safepoint_time, name);
        }
    }
    let checks = vec![
        availability.check("a JVM does not run"),
        safepoints.check("a JVM stops for long at safepoints"),
    ];
    Some(AuditReport::new("JVM", checks))
}
