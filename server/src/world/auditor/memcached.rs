//! The report on Memcached.

use super::{AuditReport, database, subject::AuditedApplication};
use crate::world::{inspections::Inspection, model::DatabaseEngine};

/// The report on Memcached; `None` for an application without it.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    database::report(subject, ("Memcached", DatabaseEngine::Memcached), |databases| {
        vec![database::availability(subject, Inspection::MemcachedAvailability, databases)]
    })
}
