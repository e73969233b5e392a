//! Pods, as kube-state-metrics sees them.

use super::RowId;
use crate::world::answers::Symbol;

/// A pod.
#[derive(Debug, Clone)]
pub struct Pod {
    /// When its `kube_pod_info` was last seen, in Unix seconds.
    pub seen: u32,
    /// The replica set that owns it; empty for any other owner.
    pub replica_set: Symbol,
    /// The phase it is in; `None` when it is in none.
    pub phase: Option<Phase>,
    /// When any phase of it was first seen within the last hour, in Unix seconds; `u32::MAX` when none was.
    pub first_seen: u32,
    /// When any phase of it was last seen, in Unix seconds; 0 when none was.
    pub last_seen: u32,
    /// Its series with the phase `Running` in the answer to `kube_pod_status_phase`.
    pub running: Option<RowId>,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it has a place on a node.
    pub scheduled: bool,
}

/// The phase of a pod. Where several are reported at once, the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// One that Kubernetes does not document.
    Other,
    /// Its node does not say.
    Unknown,
    /// It ended with an error.
    Failed,
    /// It ended well.
    Succeeded,
    /// It waits for a node, an image or a volume.
    Pending,
    /// It runs.
    Running,
    /// Prometheus has no phases of any pod, so nothing can be said.
    NotObserved,
}

impl Phase {
    /// The phase of that name.
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
    /// Whether the pod is gone: it is in no phase.
    #[must_use]
    pub const fn is_obsolete(&self) -> bool {
        self.phase.is_none()
    }
}
