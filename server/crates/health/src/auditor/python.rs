//! The report on Python threads that wait for the interpreter lock.

use super::{AuditReport, audited_application::AuditedApplication};
use crate::inspections::Inspection;

/// The report on Python; `None` for an application that does not use it.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let mut waiting = subject.items(Inspection::PythonGILWaitingTime);
    let mut is_python = subject.runs_python();
    for (_, container, instance) in subject.containers() {
        let seconds = container.python_lock_wait_time;
        is_python |= !seconds.is_nan();
        waiting.add_above(seconds, [container.name, instance.name]);
    }
    is_python
        .then(|| AuditReport::new("Python", vec![waiting.check("threads wait for the interpreter lock")]))
}
