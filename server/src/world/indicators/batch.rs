//! What becomes known of requests at a time?

use std::fmt;

use crate::world::{
    application_key::ApplicationKey,
    inspections::{AvailabilityObjective, LatencyObjective, Overrides},
};

/// What becomes known at a time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The ends of the slots for which requests were answered by the node agent.
    pub requests: Vec<u32>,
    /// The ends of the slots for which latencies were.
    pub latencies: Vec<u32>,
    /// The slots of applications.
    pub slots: Vec<SlotOf>,
    /// How far the operator's own queries got, which is not kept on disk.
    pub own: Vec<OwnProgress>,
}

/// How far one of the operator's own queries got.
#[derive(Clone, PartialEq)]
pub struct OwnProgress {
    pub(super) application: ApplicationKey,
    pub(super) source: Source,
    pub(super) progress: Progress,
}

/// What becomes known of a slot of an application.
#[derive(Clone, PartialEq)]
pub struct SlotOf {
    /// The application.
    pub application: ApplicationKey,
    /// Where that comes from.
    pub source: Source,
    /// When the slot ends, in Unix seconds.
    pub end: u32,
    /// All requests and those that failed; `None` where only latencies are known.
    pub requests: Option<[f32; 2]>,
    /// Requests that took at most so long: the upper bound in seconds, infinite for all of them. By bound,
    /// each once.
    pub latency: Vec<(f32, f32)>,
}

impl Batch {
    /// Whether nothing becomes known that is kept on disk.
    pub(super) const fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.latencies.is_empty() && self.slots.is_empty()
    }
}

/// Where slots come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The node agent.
    Seen,
    /// Queries of the operator, told from others by a checksum of theirs.
    Own(u32),
}

/// How far a query of the operator's got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The end of the newest slot for which it was put, and for which it was answered.
    pub(super) put: u32,
    pub(super) answered: u32,
}

impl Source {
    /// Where the requests and the latencies of an application are counted.
    #[must_use]
    pub fn of(overrides: &Overrides, application: &ApplicationKey) -> [Self; 2] {
        let availability = Self::of_availability(&overrides.availability_of(application));
        // Whether an application is auxiliary does not matter for that.
        [availability, Self::of_latency(&overrides.latency_of(application, false))]
    }

    /// Where the requests of an objective are counted.
    #[must_use]
    pub fn of_availability(objective: &AvailabilityObjective) -> Self {
        match &objective.custom {
            Some([all, failed]) => Self::Own(crc32fast::hash(format!("{all}\n{failed}").as_bytes())),
            None => Self::Seen,
        }
    }

    /// Where the latencies of an objective are counted.
    #[must_use]
    pub fn of_latency(objective: &LatencyObjective) -> Self {
        match &objective.custom {
            Some(histogram) => Self::Own(crc32fast::hash(histogram.as_bytes())),
            None => Self::Seen,
        }
    }
}

impl fmt::Debug for OwnProgress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the name of the application.
        self.progress.fmt(formatter)
    }
}

impl fmt::Debug for SlotOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the name of the application.
        formatter
            .debug_struct("SlotOf")
            .field("end", &self.end)
            .field("requests", &self.requests)
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}
