//! Derives the versions of a Deployment and their rollouts from the model.

use super::{
    growth_rate::TimeSpan,
    model::{ApplicationOrigin, SimulatedApplication, SimulatedModel},
    shape::WorkloadKind,
};

/// How long after a rollout its snapshot begins, in seconds.
const SETTLING: i64 = 600;

/// The duration of a snapshot, in seconds.
const LOOKING: i64 = 1200;

/// A version of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeploymentVersion {
    pub(crate) replica_set: String,
    /// When its pods started, in Unix seconds.
    pub(crate) started: i64,
    /// When all pods of the version before had ended.
    pub(crate) finished: i64,
    /// When the next version started.
    replaced: Option<i64>,
}

impl DeploymentVersion {
    /// The time range of its snapshot; `None` if the next version started too early.
    pub(crate) fn looked_at(&self) -> Option<TimeSpan> {
        let from = self.finished + SETTLING;
        let span = TimeSpan { from, until: from + LOOKING };
        self.replaced.is_none_or(|replaced| span.until <= replaced).then_some(span)
    }
}

impl SimulatedApplication {
    /// Its versions, oldest first. A Deployment without rollouts has one, anything else none.
    pub(crate) fn versions(&self) -> Vec<DeploymentVersion> {
        if !matches!(self.origin, ApplicationOrigin::Workload(WorkloadKind::Deployment)) {
            return Vec::new();
        }
        let mut versions: Vec<DeploymentVersion> = Vec::new();
        let owned = self.instances.iter().filter_map(|instance| Some((instance, instance.pod.as_ref()?)));
        for (instance, pod) in owned.filter(|(_, pod)| pod.owner_kind == "ReplicaSet") {
            if versions.last().is_some_and(|version| version.replica_set == pod.owner) {
                continue;
            }
            let started = instance.lifetime.from;
            let before = self.instances.iter().filter(|other| other.lifetime.from < started);
            let gone = before.filter_map(|other| other.lifetime.until).max();
            if let Some(previous) = versions.last_mut() {
                previous.replaced = Some(started);
            }
            versions.push(DeploymentVersion {
                replica_set: pod.owner.clone(),
                started,
                finished: gone.map_or(started, |gone| gone.max(started)),
                replaced: None,
            });
        }
        versions
    }
}

impl SimulatedModel {
    /// The Deployments with rollouts, by their indices, with their versions. Without kube-state-metrics there
    /// are none.
    pub(crate) fn rolling(&self) -> impl Iterator<Item = (usize, Vec<DeploymentVersion>)> {
        let told = self.applications.iter().enumerate().filter(|_| self.kube_state_metrics);
        let rolling = told.map(|(application, app)| (application, app.versions()));
        rolling.filter(|(_, versions)| versions.len() > 1)
    }
}
