//! What becomes of a workload, and what does it cost then?

/// What becomes of a workload. Times are seconds after the moment of invention, negative ones before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// Nothing.
    Steady,
    /// Its containers restart each time so many seconds have passed.
    Restarts(i64),
    /// At that time so many instances more than now have ended.
    Shrinks(i64, u32),
    /// At that time, and again each time so many seconds have passed, all pods of a Deployment are replaced by those of a
    /// new replica set. The first version that comes has another load, the second is as before, and so on.
    Rollout {
        /// When it happens first.
        at: i64,
        /// How often it happens again, for three days.
        every: Option<i64>,
        /// What the next version costs.
        load: Load,
    },
}

/// What a version of a program costs and how well it does. Whatever that is, it gets as many requests as before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// CPU time, 1 for the usual.
    pub cpu: f64,
    /// Memory in use, 1 for the usual.
    pub memory: f64,
    /// Errors in logs, 1 for the usual.
    pub log_errors: f64,
    /// How often each of its containers restarts in an hour; usually never.
    pub restarts: u32,
    /// How many of these restarts are kills for lack of memory.
    pub oom_kills: u32,
    /// The share of requests to it that fail, from 0 to 1; usually none.
    pub failing: f64,
}

impl Load {
    /// What everything costs that is not said to be special.
    pub const USUAL: Self =
        Self { cpu: 1.0, memory: 1.0, log_errors: 1.0, restarts: 0, oom_kills: 0, failing: 0.0 };

    /// The share of restarts that are kills for lack of memory. Where nothing is said of restarts, all are.
    pub(crate) fn killed(&self) -> f64 {
        match self.restarts {
            0 => 1.0,
            restarts => f64::from(self.oom_kills) / f64::from(restarts),
        }
    }
}

/// A time in which requests of a call fail or take long. Times are seconds after the moment of invention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trouble {
    /// Its begin.
    pub from: i64,
    /// Its end.
    pub until: i64,
    /// The share of requests that fail, from 0 to 1.
    pub failing: f64,
    /// The share of requests that take between 2.5 and 5 seconds, from 0 to 1.
    pub slow: f64,
}
