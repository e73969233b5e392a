//! A batch of new slots, and their sources.

use std::fmt;

use headcount_topology::application_key::ApplicationKey;

use crate::inspections::{AvailabilityObjective, LatencyObjective, ProjectThresholds};

/// New slots of applications.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SlotBatch {
    /// The ends of the slots for which requests of the node agent were fetched.
    pub requests: Vec<u32>,
    /// The ends of the slots for which latencies were fetched.
    pub latencies: Vec<u32>,
    /// The slots of applications.
    pub slots: Vec<ApplicationSlot>,
    /// The progress of the operator's custom queries, which is not stored on disk.
    pub own: Vec<CustomQueryProgress>,
}

/// The progress of one of the operator's custom queries.
#[derive(Clone, PartialEq)]
pub struct CustomQueryProgress {
    pub(super) application: ApplicationKey,
    pub(super) source: SlotSource,
    pub(super) progress: QueryProgress,
}

/// A slot of an application.
#[derive(Clone, PartialEq)]
pub struct ApplicationSlot {
    /// The application.
    pub application: ApplicationKey,
    /// Its source.
    pub source: SlotSource,
    /// When the slot ends, in Unix seconds.
    pub end: u32,
    /// All requests and those that failed; `None` if only latencies are known.
    pub requests: Option<[f32; 2]>,
    /// Cumulative latency histogram: the upper bound in seconds, which is infinite for all requests, and the
    /// number of requests. Sorted by bound, without duplicates.
    pub latency: Vec<(f32, f32)>,
}

impl SlotBatch {
    /// Whether it has nothing to store on disk.
    pub const fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.latencies.is_empty() && self.slots.is_empty()
    }
}

/// The source of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotSource {
    /// The node agent.
    Seen,
    /// Custom queries of the operator, identified by their checksum.
    Own(u32),
}

/// The progress of a custom query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct QueryProgress {
    /// The end of the newest slot for which it was sent, and for which it was answered.
    pub(super) put: u32,
    pub(super) answered: u32,
}

impl SlotSource {
    /// The sources of the requests and the latencies of an application.
    #[must_use]
    pub fn of(overrides: &ProjectThresholds, application: &ApplicationKey) -> [Self; 2] {
        let availability = Self::of_availability(&overrides.availability_of(application));
        // The source does not depend on whether the application is auxiliary.
        [availability, Self::of_latency(&overrides.latency_of(application, false))]
    }

    /// The source of the requests of an objective.
    #[must_use]
    pub fn of_availability(objective: &AvailabilityObjective) -> Self {
        match &objective.custom {
            Some([all, failed]) => Self::Own(crc32fast::hash(format!("{all}\n{failed}").as_bytes())),
            None => Self::Seen,
        }
    }

    /// The source of the latencies of an objective.
    #[must_use]
    pub fn of_latency(objective: &LatencyObjective) -> Self {
        match &objective.custom {
            Some(histogram) => Self::Own(crc32fast::hash(histogram.as_bytes())),
            None => Self::Seen,
        }
    }
}

impl fmt::Debug for CustomQueryProgress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the name of the application.
        self.progress.fmt(formatter)
    }
}

impl fmt::Debug for ApplicationSlot {
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
