//! The report on MongoDB.

use headcount_topology::{model::DatabaseEngine, queries::MONGO_RS_LAST_APPLIED_TIMESTAMP_MS};

use super::{
    AuditCheck, AuditReport,
    audited_application::AuditedApplication,
    audited_database::{self, AuditedDatabase},
};
use crate::inspections::Inspection;

/// The report on MongoDB; `None` for an application without it.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    audited_database::report(subject, ("Mongodb", DatabaseEngine::Mongodb), |databases| {
        vec![
            audited_database::availability(subject, Inspection::MongodbAvailability, databases),
            replication_lag(subject, databases),
        ]
    })
}

fn replication_lag(subject: &AuditedApplication<'_, '_>, databases: &[AuditedDatabase<'_>]) -> AuditCheck {
    let mut items = subject.items(Inspection::MongodbReplicationLag);
    for monitored in databases {
        // The value is the time since the last operation was applied.
        let seconds = audited_database::last(subject, monitored.id, &MONGO_RS_LAST_APPLIED_TIMESTAMP_MS);
        items.add_above(seconds.trunc(), monitored.name());
    }
    items.check("a replica is behind")
}
