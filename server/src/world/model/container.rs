//! Containers and what they use. Values are NaN where nothing is known.

use super::{InstanceId, Latest, RowId};
use crate::world::answers::Symbol;

/// A container.
#[derive(Debug, Clone)]
pub struct Container {
    /// The instance that it is a part of.
    pub instance: InstanceId,
    /// Its name within the instance.
    pub name: Symbol,
    /// Its id as the node agent says it; empty for one that only kube-state-metrics or cAdvisor knows.
    pub id: Symbol,
    /// Its image.
    pub image: Latest,
    /// Whether a timer starts it, so that it need not run.
    pub periodic: bool,
    /// Whether it prepares a pod and ends then.
    pub init: bool,
    /// CPU limit in cores.
    pub cpu_limit: f32,
    /// Requested CPU in cores.
    pub cpu_request: f32,
    /// Seconds a second that it waited for a CPU.
    pub cpu_delay: f32,
    /// Seconds a second that it was throttled.
    pub throttled_time: f32,
    /// Page cache in bytes.
    pub memory_cache: f32,
    /// Memory limit in bytes.
    pub memory_limit: f32,
    /// Requested memory in bytes.
    pub memory_request: f32,
    /// CPU usage in cores over time.
    pub cpu_usage: Series,
    /// Resident memory in bytes over time.
    pub memory_rss: Series,
    /// Resident memory in bytes over four hours.
    pub memory_rss_trend: Series,
    /// The counter of kills for lack of memory over time.
    pub oom_kills: Series,
    /// The counter of restarts over time.
    pub restarts: Option<RowId>,
    /// Seconds a second that threads of Python waited for the interpreter lock.
    pub python_lock_wait_time: f32,
    /// What kube-state-metrics says of it.
    pub status: Status,
}

/// A series of a container, which one of two agents has: the row in the answer of the one or of the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Series {
    /// The row in the answer to the query about containers of the node agent.
    pub agent: Option<RowId>,
    /// The row in the answer to the query about containers on Fargate.
    pub fargate: Option<RowId>,
}

/// The state of a container of a pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether it is ready.
    pub ready: bool,
    /// What it does at present; `None` where nothing says so.
    pub state: Option<State>,
    /// Why it waits or ended; empty where nothing says so.
    pub reason: Symbol,
    /// Why it ended the last time; empty if it never did.
    pub last_terminated_reason: Symbol,
}

/// What a container does. Where several are reported at once, the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It ended.
    Terminated,
    /// It waits to be started.
    Waiting,
    /// It runs.
    Running,
}

impl Container {
    /// A container of which nothing is known but its name.
    #[must_use]
    pub fn new(instance: InstanceId, name: Symbol) -> Self {
        Self {
            instance,
            name,
            id: Symbol::EMPTY,
            image: Latest::default(),
            periodic: false,
            init: false,
            cpu_limit: f32::NAN,
            cpu_request: f32::NAN,
            cpu_delay: f32::NAN,
            throttled_time: f32::NAN,
            memory_cache: f32::NAN,
            memory_limit: f32::NAN,
            memory_request: f32::NAN,
            cpu_usage: Series::default(),
            memory_rss: Series::default(),
            memory_rss_trend: Series::default(),
            oom_kills: Series::default(),
            restarts: None,
            python_lock_wait_time: f32::NAN,
            status: Status::default(),
        }
    }
}

/// A volume that a container has mounted.
#[derive(Debug, Clone)]
pub struct Volume {
    /// Where it is mounted.
    pub mount_point: Symbol,
    /// The device on the node.
    pub device: Symbol,
    /// The name of the volume; empty for a directory of the node.
    pub name: Symbol,
    /// Its size in bytes.
    pub size: f32,
    /// How much of it is used, in bytes.
    pub used: f32,
}
