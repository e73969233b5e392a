//! The report on PostgreSQL.

mod replication_lag;

use headcount_prometheus::query::Label;
use headcount_topology::{
    model::{DatabaseEngine, DatabaseId},
    queries::{PG_CONNECTIONS, PG_LATENCY_SECONDS, PG_SETTING, PG_WAL_REPLY_LSN},
};

use self::replication_lag::{PrimaryWalHistory, seconds_behind};
use super::{
    AuditCheck, AuditReport,
    audited_application::AuditedApplication,
    audited_database::{self, AuditedDatabase},
};
use crate::inspections::Inspection;

/// The settings with the number of connections that are reserved for administrators.
const RESERVED: [&str; 2] = ["superuser_reserved_connections", "rds.rds_superuser_reserved_connections"];

/// The report on PostgreSQL; `None` for an application without it.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    audited_database::report(subject, ("Postgres", DatabaseEngine::Postgres), |databases| {
        vec![
            audited_database::availability(subject, Inspection::PostgresAvailability, databases),
            latency(subject, databases),
            replication_lag(subject, databases),
            connections(subject, databases),
        ]
    })
}

fn latency(subject: &AuditedApplication<'_, '_>, databases: &[AuditedDatabase<'_>]) -> AuditCheck {
    let [column] = PG_LATENCY_SECONDS.columns([Label::Summary]);
    let mut items = subject.items(Inspection::PostgresLatency);
    for monitored in databases {
        let series = audited_database::series(subject, monitored.id, &PG_LATENCY_SECONDS);
        let means = series.filter(|row| subject.world.text(row.label(column)) == "avg");
        items.add_above(means.filter_map(|row| row.last()).fold(f32::NAN, f32::max), monitored.name());
    }
    items.check("queries are slow")
}

fn connections(subject: &AuditedApplication<'_, '_>, databases: &[AuditedDatabase<'_>]) -> AuditCheck {
    let mut items = subject.items(Inspection::PostgresConnections);
    for monitored in databases {
        let open =
            audited_database::series(subject, monitored.id, &PG_CONNECTIONS).filter_map(|row| row.last());
        let open: f64 = open.map(f64::from).sum();
        let reserved = RESERVED.map(|name| setting(subject, monitored.id, name));
        let reserved: f64 =
            reserved.iter().filter(|value| !value.is_nan()).map(|value| f64::from(*value)).sum();
        let most = f64::from(setting(subject, monitored.id, "max_connections"));
        if most > 0.0 {
            items.add_above(((open + reserved) / most * 100.0) as f32, monitored.name());
        }
    }
    items.check("hardly any connections are left")
}

/// The current value of a setting; NaN if unknown.
fn setting(subject: &AuditedApplication<'_, '_>, database: DatabaseId, name: &str) -> f32 {
    let [column] = PG_SETTING.columns([Label::Name]);
    let series = audited_database::series(subject, database, &PG_SETTING);
    let values = series.filter(|row| subject.world.text(row.label(column)) == name);
    values.filter_map(|row| row.last()).fold(f32::NAN, f32::max)
}

fn replication_lag(subject: &AuditedApplication<'_, '_>, databases: &[AuditedDatabase<'_>]) -> AuditCheck {
    let mut items = subject.items(Inspection::PostgresReplicationLag);
    let is_replica = |monitored: &&AuditedDatabase<'_>| {
        let membership = monitored.instance.membership;
        membership.is_some_and(|membership| subject.world.text(membership.role) == "replica")
    };
    let mut replicas = databases.iter().filter(is_replica).peekable();
    if replicas.peek().is_some() {
        let primary = PrimaryWalHistory::of(subject);
        for monitored in replicas {
            let replayed = audited_database::last(subject, monitored.id, &PG_WAL_REPLY_LSN);
            if let Some(seconds) = seconds_behind(&primary, replayed) {
                items.add_above(seconds as f32, monitored.name());
            }
        }
    }
    items.check("a replica is behind")
}
