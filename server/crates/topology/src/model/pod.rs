//! Pods from kube-state-metrics.

use headcount_prometheus::results::InternedString;

use super::RowId;

/// A Kubernetes pod, as kube-state-metrics reports it.
#[derive(Debug, Clone)]
pub struct Pod {
    /// When its `kube_pod_info` was last seen, in Unix seconds.
    pub seen: u32,
    /// The replica set that owns it; empty for any other owner.
    pub replica_set: InternedString,
    /// Its phase; `None` if it has none.
    pub phase: Option<PodPhase>,
    /// When any phase of it was first seen within the last hour, in Unix seconds; `u32::MAX` if none was.
    pub first_seen: u32,
    /// When any phase of it was last seen, in Unix seconds; 0 if none was.
    pub last_seen: u32,
    /// Its series with the phase `Running` in the answer to `kube_pod_status_phase`.
    pub running: Option<RowId>,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it is scheduled on a node.
    pub scheduled: bool,
}

/// The phase of a pod. If several are reported at once, the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodPhase {
    /// A phase that Kubernetes does not document.
    Other,
    /// Its node does not report it.
    Unknown,
    /// It ended with an error.
    Failed,
    /// It ended without an error.
    Succeeded,
    /// It waits for a node, an image or a volume.
    Pending,
    /// It runs.
    Running,
    /// Prometheus has no phase of any pod, so that phases are unknown.
    NotObserved,
}

impl PodPhase {
    /// The phase with that name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "Failed" => Self::Failed,
            "Pending" => Self::Pending,
            "Running" => Self::Running,
            "Succeeded" => Self::Succeeded,
            "Unknown" => Self::Unknown,
            _ => Self::Other,
        }
    }
}

impl Pod {
    /// Whether the pod is gone: it has no phase.
    #[must_use]
    pub const fn is_obsolete(&self) -> bool {
        self.phase.is_none()
    }
}
