//! What is the same for all applications of an audit, and so looked up once?

use std::collections::HashMap;

use super::{Evidence, dns::Dns, instances::Restarts, logs::Errors, memory::OomKills};
use crate::world::{
    answers::Row,
    application_key::ApplicationKey,
    catalogue::{Query, UP},
    deployments::{Deployment, by_application},
    model::{ConnectionId, ContainerId, DatabaseId, Id as _, InstanceId, RowId, Several, World},
};

/// The distance between two points of a Prometheus that says nothing of its targets, in seconds.
const USUAL_STEP_S: u32 = 30;

/// After so many points without a value something is not there any more.
const MISSING_POINTS: u32 = 3;

/// What applications are audited with.
pub(super) struct Ground<'w, 'a> {
    pub(super) evidence: Evidence<'w, 'a>,
    pub(super) world: &'w World<'a>,
    pub(super) containers: Several<InstanceId, ContainerId>,
    pub(super) connections: Several<InstanceId, ConnectionId>,
    pub(super) databases: Several<InstanceId, DatabaseId>,
    pub(super) restarts: Restarts,
    pub(super) oom_kills: OomKills,
    pub(super) errors: Errors,
    pub(super) dns: Dns,
    pub(super) rollouts: HashMap<&'w ApplicationKey, &'w [Deployment]>,
    step_s: u32,
}

impl<'w, 'a> Ground<'w, 'a> {
    pub(super) fn of(evidence: Evidence<'w, 'a>) -> Self {
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
            databases: Several::gather(databases.collect()),
            restarts: Restarts::of(world),
            oom_kills: OomKills::of(world),
            errors: Errors::of(world),
            dns: Dns::of(world),
            rollouts: by_application(evidence.deployments),
            step_s,
        }
    }

    /// The value of a series at present; NaN where there is none.
    pub(super) fn last(&self, query: &'static Query, row: Option<RowId>) -> f32 {
        self.row(query, row).and_then(|row| row.last()).unwrap_or(f32::NAN)
    }

    /// Whether a series is there and had no value lately.
    pub(super) fn is_silent(&self, query: &'static Query, row: Option<RowId>) -> bool {
        let silence_s = MISSING_POINTS * self.step_s;
        let to = self.world.answers.table(query).to;
        self.row(query, row).is_some_and(|row| row.last_seen().saturating_add(silence_s) <= to)
    }

    /// Whether a series had a value lately.
    pub(super) fn is_fresh(&self, query: &'static Query, row: Option<RowId>) -> bool {
        row.is_some() && !self.is_silent(query, row)
    }

    fn row(&self, query: &'static Query, row: Option<RowId>) -> Option<Row<'a>> {
        let row = row?;
        self.world.answers.table(query).row(row.place())
    }
}
