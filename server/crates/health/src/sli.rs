//! Records the requests to each application during the last day. Service levels are computed from them.
//!
//! Requests are recorded in slots of five minutes that end at multiples of five minutes. A slot is recorded
//! when it is complete (`inbound_requests`), for the application at its destination at that time: when an
//! address moves to another pod, its past requests do not. The caller stores the records on disk for a day.
mod custom_queries;
mod inbound_requests;
mod objective_series;
#[cfg(any(test, feature = "test-support"))]
pub mod sli_fixture;
mod sli_window;
mod slot_batch;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use headcount_prometheus::query::PrometheusQuery;
use headcount_topology::{application_key::ApplicationKey, queries::INBOUND_LATENCY};

pub use self::{
    custom_queries::{CustomExpression, CustomQuery, CustomQuerySlots, HISTOGRAM},
    inbound_requests::inbound,
    objective_series::ObjectiveSeries,
    sli_window::RequestSums,
    slot_batch::{ApplicationSlot, CustomQueryProgress, SlotBatch, SlotSource},
};
use self::{objective_series::FailureCriterion, sli_window::SliWindow, slot_batch::QueryProgress};
use super::inspections::{AvailabilityObjective, LatencyObjective};

/// The length of a slot, in seconds.
pub const SLOT_S: u32 = 300;

/// How long slots are stored, in seconds.
pub const DAY_S: u32 = 24 * 3600;

/// The maximum number of applications; slots of others are dropped. Each takes 16 kB, one without requests
/// nothing.
const MOST_APPLICATIONS: usize = 4000;

/// The recorded requests to the applications of one project.
#[derive(Clone, Default)]
pub struct ServiceLevelIndicators {
    /// The ends of the slots for which requests, and latencies, were fetched.
    requests: BTreeSet<u32>,
    latencies: BTreeSet<u32>,
    applications: HashMap<ApplicationKey, Vec<(SlotSource, SliWindow)>>,
    /// The progress of the operator's custom queries.
    own: HashMap<(ApplicationKey, SlotSource), QueryProgress>,
    /// The number of slots that were dropped.
    dropped: u64,
}

/// The recorded requests to one application.
#[derive(Debug, Clone, Copy)]
pub struct ApplicationIndicators<'i> {
    indicators: &'i ServiceLevelIndicators,
    days: &'i [(SlotSource, SliWindow)],
}

impl ServiceLevelIndicators {
    /// Adds a batch, and removes what is more than a day older than the newest slot. Adding the same batch
    /// again changes nothing.
    pub fn add(&mut self, batch: &SlotBatch) {
        self.requests.extend(&batch.requests);
        self.latencies.extend(&batch.latencies);
        for slot in &batch.slots {
            self.put(slot);
        }
        for CustomQueryProgress { application, source, progress } in &batch.own {
            let known = self.own.entry((application.clone(), *source)).or_default();
            known.put = known.put.max(progress.put);
            known.answered = known.answered.max(progress.answered);
        }
        self.forget();
    }

    fn put(&mut self, slot: &ApplicationSlot) {
        let is_known = self.applications.contains_key(&slot.application);
        if !is_known && self.applications.len() >= MOST_APPLICATIONS {
            self.dropped += 1;
            return;
        }
        let days = self.applications.entry(slot.application.clone()).or_default();
        let place = days.iter().position(|(source, _)| *source == slot.source).unwrap_or_else(|| {
            days.push((slot.source, SliWindow::default()));
            days.len() - 1
        });
        if let Some((_, day)) = days.get_mut(place) {
            day.put(slot);
        }
    }

    /// Removes slots that ended more than a day before the newest one.
    fn forget(&mut self) {
        let Some(newest) = self.newest() else { return };
        let earliest = newest.saturating_sub(DAY_S);
        self.requests.retain(|end| *end > earliest);
        self.latencies.retain(|end| *end > earliest);
        self.own.retain(|_, progress| progress.put > earliest);
        self.applications.retain(|_, days| {
            days.retain(|(_, day)| day.newest() > earliest);
            !days.is_empty()
        });
    }

    /// Whether there are slots that ended after `latest`.
    #[must_use]
    pub fn has_after(&self, latest: u32) -> bool {
        let slots = self.applications.values().flatten().map(|(_, day)| day.newest());
        let own = self.own.values().map(|progress| progress.put);
        slots.chain(own).chain(self.newest()).any(|end| end > latest)
    }

    /// Removes slots that ended after `latest`.
    pub fn forget_after(&mut self, latest: u32) {
        if !self.has_after(latest) {
            return;
        }
        self.requests.retain(|end| *end <= latest);
        self.latencies.retain(|end| *end <= latest);
        for progress in self.own.values_mut() {
            progress.put = progress.put.min(slot_before(latest));
            progress.answered = progress.answered.min(slot_before(latest));
        }
        self.applications.retain(|_, days| {
            days.iter_mut().for_each(|(_, day)| day.forget_after(latest));
            days.retain(|(_, day)| day.newest() > 0);
            !days.is_empty()
        });
    }

    /// Whether nothing is known of any application.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.applications.is_empty()
    }

    /// The end of the newest known slot, in Unix seconds; `None` without slots.
    #[must_use]
    pub fn newest(&self) -> Option<u32> {
        self.requests.last().max(self.latencies.last()).copied()
    }

    /// The end of the newest slot that was fetched with one of the queries of
    /// [`INDICATORS`](headcount_topology::queries::INDICATORS).
    #[must_use]
    pub fn newest_of(&self, query: &'static PrometheusQuery) -> Option<u32> {
        let ends = if query == &INBOUND_LATENCY { &self.latencies } else { &self.requests };
        ends.last().copied()
    }

    /// The number of slots that were dropped because there are too many applications.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The requests to an application in the slots that end after `from` and not after `to`, in Unix seconds.
    /// `None` unless all of these slots were fetched. If they were, an application without slots had no
    /// requests.
    #[must_use]
    pub fn sums(
        &self,
        application: &ApplicationKey,
        [availability, latency]: [SlotSource; 2],
        from: u32,
        to: u32,
    ) -> Option<RequestSums> {
        let is_known = |ends: &BTreeSet<u32>| slots(from, to).all(|end| ends.contains(&end));
        if !is_known(&self.requests) || !is_known(&self.latencies) {
            return None;
        }
        let sums = |source| self.day(application, source).map(|day| day.sums(from, to)).unwrap_or_default();
        Some(RequestSums { latency: sums(latency).latency, ..sums(availability) })
    }

    /// The recorded requests to an application; `None` without any.
    #[must_use]
    pub fn requests_to(&self, application: &ApplicationKey) -> Option<ApplicationIndicators<'_>> {
        let days = self.applications.get(application)?;
        Some(ApplicationIndicators { indicators: self, days })
    }

    /// The end of the newest slot of an application from these sources; `None` without any.
    #[must_use]
    pub fn last_heard(&self, application: &ApplicationKey, sources: [SlotSource; 2]) -> Option<u32> {
        sources.into_iter().filter_map(|source| self.day(application, source)).map(SliWindow::newest).max()
    }

    fn day(&self, application: &ApplicationKey, source: SlotSource) -> Option<&SliWindow> {
        self.requests_to(application)?.day(source)
    }

    /// All records as a batch for each slot, the oldest first.
    pub fn batches(&self) -> impl Iterator<Item = (u32, SlotBatch)> {
        let newest = self.newest().unwrap_or_default();
        slots(newest.saturating_sub(DAY_S), newest.saturating_add(SLOT_S)).filter_map(|end| {
            let is_in = |ends: &BTreeSet<u32>| ends.contains(&end).then_some(end).into_iter().collect();
            let slots = self.applications.iter().flat_map(|(application, days)| {
                days.iter().filter_map(move |(source, day)| day.slot(application, *source, end))
            });
            let batch = SlotBatch {
                requests: is_in(&self.requests),
                latencies: is_in(&self.latencies),
                slots: slots.collect(),
                ..SlotBatch::default()
            };
            (!batch.is_empty()).then_some((end, batch))
        })
    }
}

impl<'i> ApplicationIndicators<'i> {
    /// The requests for an availability objective; `None` if there were none during the last day.
    #[must_use]
    pub fn availability(self, objective: &AvailabilityObjective) -> Option<ObjectiveSeries<'i>> {
        let day = self.day(SlotSource::of_availability(objective))?;
        ObjectiveSeries::new(day, FailureCriterion::Failed, self.indicators.requests.last().copied()?)
    }

    /// The requests for a latency objective; `None` if there were none during the last day.
    #[must_use]
    pub fn latency(self, objective: &LatencyObjective) -> Option<ObjectiveSeries<'i>> {
        let day = self.day(SlotSource::of_latency(objective))?;
        let asked = FailureCriterion::slower_than(objective.bucket_s, day);
        ObjectiveSeries::new(day, asked, self.indicators.latencies.last().copied()?)
    }

    fn day(self, source: SlotSource) -> Option<&'i SliWindow> {
        self.days.iter().find(|(other, _)| *other == source).map(|(_, day)| day)
    }
}

/// The end of the newest slot that is complete at a moment. Both are in Unix seconds.
#[must_use]
pub const fn slot_before(at: u32) -> u32 {
    at / SLOT_S * SLOT_S
}

/// The ends of the slots after `from` and not after `to`.
fn slots(from: u32, to: u32) -> impl Iterator<Item = u32> {
    (from / SLOT_S + 1..=to / SLOT_S).map(|number| number * SLOT_S)
}

impl fmt::Debug for ServiceLevelIndicators {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only sizes, without the names of applications.
        formatter
            .debug_struct("ServiceLevelIndicators")
            .field("applications", &self.applications.len())
            .field("slots", &self.requests.len())
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}
