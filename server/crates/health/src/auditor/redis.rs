//! The report on Redis and compatible databases.

use headcount_prometheus::{
    query::Label,
    results::{InternedString, ResultRow},
};
use headcount_topology::{
    model::{DatabaseEngine, DatabaseId},
    queries::{REDIS_COMMANDS_DURATION_SECONDS_TOTAL, REDIS_COMMANDS_TOTAL},
};

use super::{
    AuditCheck, AuditReport,
    audited_application::AuditedApplication,
    audited_database::{self, AuditedDatabase},
};
use crate::inspections::Inspection;

/// The report on Redis; `None` for an application without it.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    audited_database::report(subject, ("Redis", DatabaseEngine::Redis), |databases| {
        vec![
            audited_database::availability(subject, Inspection::RedisAvailability, databases),
            latency(subject, databases),
        ]
    })
}

fn latency(subject: &AuditedApplication<'_, '_>, databases: &[AuditedDatabase<'_>]) -> AuditCheck {
    let mut items = subject.items(Inspection::RedisLatency);
    for monitored in databases {
        items.add_above(mean_latency(subject, monitored.id), monitored.name());
    }
    items.check("commands are slow")
}

/// The current mean latency of commands in seconds; NaN if there are none. Only commands count for which both
/// the number of calls and the duration are known.
fn mean_latency(subject: &AuditedApplication<'_, '_>, id: DatabaseId) -> f32 {
    let times = || audited_database::series(subject, id, &REDIS_COMMANDS_DURATION_SECONDS_TOTAL);
    let calls = || audited_database::series(subject, id, &REDIS_COMMANDS_TOTAL);
    let [of_times] = REDIS_COMMANDS_DURATION_SECONDS_TOTAL.columns([Label::Cmd]);
    let [of_calls] = REDIS_COMMANDS_TOTAL.columns([Label::Cmd]);
    let sorted = |mut commands: Vec<InternedString>| {
        commands.sort_unstable_by_key(|command| command.number());
        commands
    };
    let timed = sorted(times().map(|row| row.label(of_times)).collect());
    let called = sorted(calls().map(|row| row.label(of_calls)).collect());
    let has = |commands: &[InternedString], command: InternedString| {
        commands.binary_search_by_key(&command.number(), |command| command.number()).is_ok()
    };
    let sum = |rows: &mut dyn Iterator<Item = ResultRow<'_>>| {
        rows.filter_map(|row| row.last()).map(f64::from).sum::<f64>()
    };
    let time = sum(&mut times().filter(|row| has(&called, row.label(of_times))));
    let count = sum(&mut calls().filter(|row| has(&timed, row.label(of_calls))));
    if time > 0.0 && count > 0.0 { (time / count) as f32 } else { f32::NAN }
}
