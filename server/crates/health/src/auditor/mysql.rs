//! The report on MySQL.

use headcount_topology::{
    model::DatabaseEngine,
    queries::{
        MYSQL_CONNECTIONS_CURRENT, MYSQL_CONNECTIONS_MAX, MYSQL_REPLICATION_IO_STATUS,
        MYSQL_REPLICATION_LAG_SECONDS, MYSQL_REPLICATION_SQL_STATUS,
    },
};

use super::{
    AuditCheck, AuditReport,
    audited_application::AuditedApplication,
    audited_database::{self, AuditedDatabase},
};
use crate::inspections::Inspection;

/// The report on MySQL; `None` for an application without it.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    audited_database::report(subject, ("Mysql", DatabaseEngine::Mysql), |databases| {
        vec![
            audited_database::availability(subject, Inspection::MysqlAvailability, databases),
            replication_status(subject, databases),
            replication_lag(subject, databases),
            connections(subject, databases),
        ]
    })
}

fn replication_status(subject: &AuditedApplication<'_, '_>, databases: &[AuditedDatabase<'_>]) -> AuditCheck {
    let mut items = subject.items(Inspection::MysqlReplicationStatus);
    for monitored in databases {
        let threads = [&MYSQL_REPLICATION_IO_STATUS, &MYSQL_REPLICATION_SQL_STATUS];
        let mut values = threads
            .into_iter()
            .flat_map(|query| audited_database::series(subject, monitored.id, query))
            .filter_map(|row| row.last());
        if values.any(|value| value < 1.0) {
            items.add(monitored.name());
        }
    }
    items.check("a replica does not replicate")
}

fn replication_lag(subject: &AuditedApplication<'_, '_>, databases: &[AuditedDatabase<'_>]) -> AuditCheck {
    let mut items = subject.items(Inspection::MysqlReplicationLag);
    for monitored in databases {
        let seconds = audited_database::last(subject, monitored.id, &MYSQL_REPLICATION_LAG_SECONDS);
        items.add_above(seconds.trunc(), monitored.name());
    }
    items.check("a replica is behind")
}

fn connections(subject: &AuditedApplication<'_, '_>, databases: &[AuditedDatabase<'_>]) -> AuditCheck {
    let mut items = subject.items(Inspection::MysqlConnections);
    for monitored in databases {
        let [open, most] = [&MYSQL_CONNECTIONS_CURRENT, &MYSQL_CONNECTIONS_MAX]
            .map(|query| audited_database::last(subject, monitored.id, query));
        items.add_above(open / most * 100.0, monitored.name());
    }
    items.check("hardly any connections are left")
}
