//! The report on .NET applications.

use super::{AuditReport, audited_application::AuditedApplication};
use crate::inspections::Inspection;

/// The report on .NET; `None` for an application that does not use it.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let world = subject.world;
    if !subject.instances().any(|(id, _)| world.dotnets.of(id).len() > 0) {
        return None;
    }
    let mut availability = subject.items(Inspection::DotNetAvailability);
    for (id, instance) in subject.present() {
        for dotnet in world.dotnets.of(id) {
            let is_up = dotnet.up > 0.0;
            if !is_up {
                availability.add([dotnet.name, instance.name]);
            }
        }
    }
    Some(AuditReport::new(".NET", vec![availability.check("a .NET application does not run")]))
}
