//! Indexes that an audit builds once for all applications.

use std::collections::HashMap;

use headcount_prometheus::results::{ResultRow, ResultTable};
use headcount_topology::{
    application_key::ApplicationKey,
    model::{ArenaIndex as _, ConnectionId, ContainerId, DatabaseId, InstanceId, OneToMany, RowId, World},
    queries::{
        CONTAINER_CPU_USAGE, CONTAINER_DNS_REQUESTS_LATENCY, CONTAINER_DNS_REQUESTS_TOTAL,
        CONTAINER_MEMORY_RSS, CONTAINER_NET_LATENCY, FARGATE_CONTAINER_CPU_USAGE_SECONDS,
        FARGATE_CONTAINER_MEMORY_RSS, NODE_CPU_USAGE_PERCENT, NODE_DISK_READ_TIME, NODE_DISK_WRITE_TIME, UP,
    },
};

use super::{
    AuditInput,
    dns::DnsIndex,
    instances::RestartCounts,
    logs::LogErrorCounts,
    memory::{MemoryTrends, OomKills},
};
use crate::rollouts::{DeploymentRollout, by_application};

/// The assumed distance between two points if Prometheus has no series `up`, in seconds.
const USUAL_STEP_S: u32 = 30;

/// A series counts as gone after this many points without a value.
const MISSING_POINTS: u32 = 3;

/// The input of an audit, and indexes over it.
pub(super) struct AuditContext<'w, 'a> {
    pub(super) evidence: AuditInput<'w, 'a>,
    pub(super) world: &'w World<'a>,
    pub(super) containers: OneToMany<InstanceId, ContainerId>,
    pub(super) connections: OneToMany<InstanceId, ConnectionId>,
    pub(super) databases: OneToMany<InstanceId, DatabaseId>,
    pub(super) restarts: RestartCounts,
    pub(super) oom_kills: OomKills,
    pub(super) errors: LogErrorCounts,
    pub(super) dns: DnsIndex,
    pub(super) trends: Option<MemoryTrends<'a>>,
    pub(super) tables: KnownTables<'a>,
    pub(super) rollouts: HashMap<&'w ApplicationKey, &'w [DeploymentRollout]>,
    step_s: u32,
}

impl<'w, 'a> AuditContext<'w, 'a> {
    pub(super) fn of(evidence: AuditInput<'w, 'a>) -> Self {
        let world = evidence.world;
        let databases = world.databases.iter().map(|(id, database)| (database.instance, id));
        let step_s = match world.answers.table(&UP).points.step {
            0 => USUAL_STEP_S,
            step => step,
        };
        Self {
            evidence,
            world,
            containers: world.containers_by_instance(),
            connections: world.upstreams(),
            databases: OneToMany::gather(databases.collect()),
            restarts: RestartCounts::of(world),
            oom_kills: OomKills::of(world),
            errors: LogErrorCounts::of(world),
            dns: DnsIndex::of(world),
            trends: MemoryTrends::of(world),
            tables: KnownTables::of(world),
            rollouts: by_application(evidence.deployments),
            step_s,
        }
    }

    /// Whether a series exists and has had no value recently.
    pub(super) fn is_silent(&self, table: &ResultTable, row: Option<RowId>) -> bool {
        let silence_s = MISSING_POINTS * self.step_s;
        row_of(table, row).is_some_and(|row| row.last_seen().saturating_add(silence_s) <= table.to)
    }

    /// Whether a series has had a value recently.
    pub(super) fn is_fresh(&self, table: &ResultTable, row: Option<RowId>) -> bool {
        row.is_some() && !self.is_silent(table, row)
    }
}

/// The answers in which series are looked up for every application. Each table is looked up once.
pub(super) struct KnownTables<'a> {
    pub(super) node_cpu: &'a ResultTable,
    pub(super) disk_read_time: &'a ResultTable,
    pub(super) disk_write_time: &'a ResultTable,
    pub(super) container_cpu: &'a ResultTable,
    pub(super) fargate_cpu: &'a ResultTable,
    pub(super) container_memory: &'a ResultTable,
    pub(super) fargate_memory: &'a ResultTable,
    pub(super) net_latency: &'a ResultTable,
    pub(super) dns_requests: &'a ResultTable,
    pub(super) dns_latency: &'a ResultTable,
}

impl<'a> KnownTables<'a> {
    fn of(world: &World<'a>) -> Self {
        let table = |query| world.answers.table(query);
        Self {
            node_cpu: table(&NODE_CPU_USAGE_PERCENT),
            disk_read_time: table(&NODE_DISK_READ_TIME),
            disk_write_time: table(&NODE_DISK_WRITE_TIME),
            container_cpu: table(&CONTAINER_CPU_USAGE),
            fargate_cpu: table(&FARGATE_CONTAINER_CPU_USAGE_SECONDS),
            container_memory: table(&CONTAINER_MEMORY_RSS),
            fargate_memory: table(&FARGATE_CONTAINER_MEMORY_RSS),
            net_latency: table(&CONTAINER_NET_LATENCY),
            dns_requests: table(&CONTAINER_DNS_REQUESTS_TOTAL),
            dns_latency: table(&CONTAINER_DNS_REQUESTS_LATENCY),
        }
    }
}

/// The current value of a series; NaN if there is none.
pub(super) fn last_value(table: &ResultTable, row: Option<RowId>) -> f32 {
    row_of(table, row).and_then(|row| row.last()).unwrap_or(f32::NAN)
}

fn row_of(table: &ResultTable, row: Option<RowId>) -> Option<ResultRow<'_>> {
    table.row(row?.place())
}
