//! Defines how a workload changes over time, and what its versions cost.

/// How a workload changes over time. Times are seconds after the epoch; negative ones are before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WorkloadChange {
    /// It does not change.
    Steady,
    /// Its containers restart at this interval, in seconds.
    Restarts(i64),
    /// At this time, this number of additional instances end.
    Shrinks(i64, u32),
    /// At this time, and again at an interval, all pods of a Deployment are replaced by those of a new
    /// replica set. The first new version has another load, the second has the default load, and so on.
    Rollout {
        /// The time of the first rollout.
        at: i64,
        /// The interval of further ones, for three days.
        every: Option<i64>,
        /// The load of the new version.
        load: VersionLoad,
    },
}

/// The resource usage and failures of a version. The number of requests to it is always the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VersionLoad {
    /// CPU time, relative to the default.
    pub cpu: f64,
    /// Memory in use, relative to the default.
    pub memory: f64,
    /// Errors in logs, relative to the default.
    pub log_errors: f64,
    /// Restarts of each of its containers per hour; 0 by default.
    pub restarts: u32,
    /// How many of these restarts are OOM kills.
    pub oom_kills: u32,
    /// The share of requests to it that fail, from 0 to 1; 0 by default.
    pub failing: f64,
}

impl VersionLoad {
    /// The default load.
    pub const BASELINE: Self =
        Self { cpu: 1.0, memory: 1.0, log_errors: 1.0, restarts: 0, oom_kills: 0, failing: 0.0 };

    /// The share of restarts that are OOM kills; 1 if `restarts` is 0.
    pub(crate) fn killed(&self) -> f64 {
        match self.restarts {
            0 => 1.0,
            restarts => f64::from(self.oom_kills) / f64::from(restarts),
        }
    }
}

/// A time range in which requests of a call fail or are slow. Times are seconds after the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallFailures {
    /// Its begin.
    pub from: i64,
    /// Its end.
    pub until: i64,
    /// The share of requests that fail, from 0 to 1.
    pub failing: f64,
    /// The share of requests that take between 2.5 and 5 seconds, from 0 to 1.
    pub slow: f64,
}
