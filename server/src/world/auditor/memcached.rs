//! The report on Memcached.

use super::{Report, database, subject::Subject};
use crate::world::{inspections::Inspection, model::Engine};

/// The report on Memcached; `None` for an application without it.
pub(super) fn report(subject: &Subject<'_, '_>) -> Option<Report> {
    database::report(subject, ("Memcached", Engine::Memcached), |databases| {
        vec![database::availability(subject, Inspection::MemcachedAvailability, databases)]
    })
}
