//! Finds the changes to store in a world: rollouts, incidents, and events for reports.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use headcount_prometheus::results::QueryResults;
use headcount_topology::model::{AppId, World};

use super::{
    auditor::{ApplicationAudit, slo},
    health_status::HealthStatus,
    history_store::{HistoryChanges, ProjectHistory, ReportEvent},
    incidents::{self, IncidentReason, ObjectiveStatus, RequestHistory},
    matching_row::MatchingRows,
    rollouts::{self, DeploymentRollout, SnapshotWindow, by_application, countable, due, take},
    sli::{RequestSums, ServiceLevelIndicators, SlotSource},
};

/// How many seconds after its start a rollout and its summary can still become counted events: as long as the
/// history may be unavailable. The ledger keeps counted events for longer.
const COUNTED_FOR_S: u32 = 24 * 3600;

/// The input of the search for changes.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it has names of applications")]
pub struct ChangeDetector<'w, 'a> {
    /// The world.
    pub world: &'w World<'a>,
    /// The requests to applications of the last day.
    pub indicators: &'w ServiceLevelIndicators,
    /// What is stored so far.
    pub recalled: &'w ProjectHistory,
    /// The start of counting, in Unix seconds.
    pub counting_since: u32,
    /// The audits of the world.
    pub audits: &'w [ApplicationAudit],
    /// The distance between two points of the project, in seconds.
    pub step_s: u32,
    /// The current time, in Unix seconds.
    pub now: u32,
}

/// A rollout that needs a snapshot now, with the requests in its window.
struct PendingSnapshot<'d> {
    app: AppId,
    rollout: &'d DeploymentRollout,
    window: SnapshotWindow,
    sums: RequestSums,
}

impl ChangeDetector<'_, '_> {
    /// Finds the changes. `points` returns the answers that snapshots need, and is called only if there is a
    /// snapshot to take; `new_key` creates ids of incidents; `ended` is called with the name of each stage
    /// after its end.
    pub fn findings(
        self,
        points: impl FnOnce() -> Option<QueryResults>,
        new_key: impl FnMut() -> String,
        mut ended: impl FnMut(&'static str),
    ) -> HistoryChanges {
        let Self { world, recalled, now, step_s, .. } = self;
        if recalled.only_read {
            return HistoryChanges {
                countable: self.countable(&recalled.deployments),
                ..HistoryChanges::default()
            };
        }
        let found = rollouts::found(world, &recalled.deployments, step_s);
        let all = together(&recalled.deployments, &found);
        let snapshots = self.snapshots(&all, points);
        let all = together(&all, &snapshots);
        let countable = self.countable(&all);
        let deployments = together(&found, &snapshots).into_owned();
        ended("load_app_deployments");
        let incidents = incidents::changes(&recalled.incidents, &self.levels(), self.known(), now, new_key);
        ended("load_app_incidents");
        HistoryChanges { deployments, incidents, countable }
    }

    fn countable(&self, all: &[DeploymentRollout]) -> Vec<ReportEvent> {
        let since = self.now.saturating_sub(COUNTED_FOR_S).max(self.counting_since);
        countable(self.world, all, &self.recalled.overrides, since)
    }

    /// The rollouts that get a snapshot now, with their snapshots.
    fn snapshots(
        &self,
        all: &[DeploymentRollout],
        points: impl FnOnce() -> Option<QueryResults>,
    ) -> Vec<DeploymentRollout> {
        let due = self.due(all);
        if due.is_empty() {
            return Vec::new();
        }
        let Some(points) = points() else { return Vec::new() };
        let rows = MatchingRows::of(&points);
        due.into_iter()
            .filter_map(|PendingSnapshot { app, rollout, window, sums }| {
                let snapshot = take(self.world, &rows, app, window, &sums)?;
                Some(DeploymentRollout { snapshot: Some(snapshot), ..rollout.clone() })
            })
            .collect()
    }

    /// The rollouts that need a snapshot and whose requests are known.
    fn due<'d>(&self, all: &'d [DeploymentRollout]) -> Vec<PendingSnapshot<'d>> {
        let to = rollouts::newest(self.world);
        let mut due: HashMap<_, _> = by_application(all)
            .into_iter()
            .map(|(application, rollouts)| (application, due(rollouts, to)))
            .filter(|(_, due)| !due.is_empty())
            .collect();
        if due.is_empty() {
            return Vec::new();
        }
        let applications = self.world.applications().filter_map(|(app, application)| {
            let due = due.remove(&application.id.key(&self.world.texts))?;
            Some(due.into_iter().map(move |(rollout, window)| (app, rollout, window)))
        });
        let with_sums = applications.flatten().filter_map(|(app, rollout, window)| {
            let sources = SlotSource::of(&self.recalled.overrides, &rollout.application);
            let sums = self.indicators.sums(&rollout.application, sources, window.from, window.to)?;
            Some(PendingSnapshot { app, rollout, window, sums })
        });
        with_sums.collect()
    }

    const fn known(&self) -> RequestHistory<'_> {
        RequestHistory { indicators: self.indicators, overrides: &self.recalled.overrides }
    }

    /// How well applications meet their objectives.
    fn levels(&self) -> Vec<ObjectiveStatus> {
        self.audits.iter().map(|audit| level(self.world, audit)).collect()
    }
}

fn level(world: &World<'_>, audit: &ApplicationAudit) -> ObjectiveStatus {
    let report = audit.reports.iter().find(|report| report.name == slo::NAME);
    let fired = report
        .into_iter()
        .flat_map(|report| &report.checks)
        .filter(|check| check.status >= HealthStatus::Warning);
    let reasons = fired.map(|check| IncidentReason {
        report: slo::NAME.to_owned(),
        check: slo::title(check.inspection).to_owned(),
        message: check.message.text(&world.texts),
    });
    ObjectiveStatus {
        application: world.apps[audit.application].id.key(&world.texts),
        status: report.map_or(HealthStatus::Unknown, |report| report.status),
        reasons: reasons.collect(),
    }
}

/// The rollouts of both lists; if both have one, that of `newer`. Ordered by application, oldest first.
fn together<'d>(older: &'d [DeploymentRollout], newer: &[DeploymentRollout]) -> Cow<'d, [DeploymentRollout]> {
    if newer.is_empty() {
        return Cow::Borrowed(older);
    }
    let id =
        |rollout: &DeploymentRollout| (rollout.application.clone(), rollout.started_at, rollout.name.clone());
    let all = older.iter().chain(newer).map(|rollout| (id(rollout), rollout.clone()));
    all.collect::<BTreeMap<_, _>>().into_values().collect()
}

#[cfg(test)]
mod tests;
