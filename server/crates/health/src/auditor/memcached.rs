//! The report on Memcached.

use headcount_topology::model::DatabaseEngine;

use super::{AuditReport, audited_application::AuditedApplication, audited_database};
use crate::inspections::Inspection;

/// The report on Memcached; `None` for an application without it.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    audited_database::report(subject, ("Memcached", DatabaseEngine::Memcached), |databases| {
        vec![audited_database::availability(subject, Inspection::MemcachedAvailability, databases)]
    })
}
