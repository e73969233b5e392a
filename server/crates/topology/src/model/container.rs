//! Containers and their resource usage. Values are NaN if unknown.

use headcount_prometheus::results::InternedString;

use super::{InstanceId, LatestText, RowId};

/// A container of an instance, and what it uses.
#[derive(Debug, Clone)]
pub struct Container {
    /// The instance that it belongs to.
    pub instance: InstanceId,
    /// Its name within the instance.
    pub name: InternedString,
    /// Its id from the node agent; empty for one that only kube-state-metrics or cAdvisor reports.
    pub id: InternedString,
    /// Its image.
    pub image: LatestText,
    /// Whether a timer starts it, so that it need not run all the time.
    pub periodic: bool,
    /// Whether it is an init container.
    pub init: bool,
    /// CPU limit in cores.
    pub cpu_limit: f32,
    /// Requested CPU in cores.
    pub cpu_request: f32,
    /// Seconds per second that it waited for a CPU.
    pub cpu_delay: f32,
    /// Seconds per second that it was throttled.
    pub throttled_time: f32,
    /// Page cache in bytes.
    pub memory_cache: f32,
    /// Memory limit in bytes.
    pub memory_limit: f32,
    /// Requested memory in bytes.
    pub memory_request: f32,
    /// CPU usage in cores over time.
    pub cpu_usage: ContainerSeries,
    /// Resident memory in bytes over time.
    pub memory_rss: ContainerSeries,
    /// Resident memory in bytes over four hours.
    pub memory_rss_trend: ContainerSeries,
    /// The counter of OOM kills over time.
    pub oom_kills: ContainerSeries,
    /// The counter of restarts over time.
    pub restarts: Option<RowId>,
    /// Seconds per second that Python threads waited for the interpreter lock.
    pub python_lock_wait_time: f32,
    /// Its status from kube-state-metrics.
    pub status: ContainerStatus,
}

/// A series of a container that comes from one of two agents, as a row in the answer to the query of that
/// agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContainerSeries {
    /// The row in the answer to the query about containers of the node agent.
    pub agent: Option<RowId>,
    /// The row in the answer to the query about containers on Fargate.
    pub fargate: Option<RowId>,
}

/// The state of a container of a pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContainerStatus {
    /// Whether it is ready.
    pub ready: bool,
    /// Its current state; `None` if unknown.
    pub state: Option<ContainerState>,
    /// Why it waits or ended; empty if unknown.
    pub reason: InternedString,
    /// Why it ended the last time; empty if it never did.
    pub last_terminated_reason: InternedString,
}

/// The state of a container. If several are reported at once, the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContainerState {
    /// It ended.
    Terminated,
    /// It waits to be started.
    Waiting,
    /// It runs.
    Running,
}

impl Container {
    /// A container with a name and no known values.
    #[must_use]
    pub fn new(instance: InstanceId, name: InternedString) -> Self {
        Self {
            instance,
            name,
            id: InternedString::EMPTY,
            image: LatestText::default(),
            periodic: false,
            init: false,
            cpu_limit: f32::NAN,
            cpu_request: f32::NAN,
            cpu_delay: f32::NAN,
            throttled_time: f32::NAN,
            memory_cache: f32::NAN,
            memory_limit: f32::NAN,
            memory_request: f32::NAN,
            cpu_usage: ContainerSeries::default(),
            memory_rss: ContainerSeries::default(),
            memory_rss_trend: ContainerSeries::default(),
            oom_kills: ContainerSeries::default(),
            restarts: None,
            python_lock_wait_time: f32::NAN,
            status: ContainerStatus::default(),
        }
    }
}

/// A volume that a container has mounted.
#[derive(Debug, Clone)]
pub struct MountedVolume {
    /// Where it is mounted.
    pub mount_point: InternedString,
    /// The device on the node.
    pub device: InternedString,
    /// The name of the volume; empty for a directory of the node.
    pub name: InternedString,
    /// Its size in bytes.
    pub size: f32,
    /// The used space in bytes.
    pub used: f32,
}
