//! Extracts new slots from the requests that the node agent sees, and assigns them to applications.

use std::collections::{BTreeMap, BTreeSet};

use headcount_prometheus::{
    query::{Label, PrometheusQuery, WINDOW},
    results::{InternedString, QueryResults},
};
use headcount_topology::{
    application_key::ApplicationKey,
    model::{AppId, FastMap, RemoteEndpoint, World},
    queries::{INBOUND_LATENCY, INBOUND_REQUESTS},
};

use super::{ApplicationSlot, SLOT_S, ServiceLevelIndicators, SlotBatch, SlotSource};

/// The new slots in the answers to the queries of [`INDICATORS`](headcount_topology::queries::INDICATORS),
/// which must have points. Requests to a destination count for the application that connections to it reach
/// in `world`. A destination that is unknown there, or that reaches several applications (such as a loopback
/// address of many nodes), counts for none.
#[must_use]
pub fn inbound(world: &World<'_>, answers: &QueryResults, known: &ServiceLevelIndicators) -> SlotBatch {
    let requests = new_slots(answers, &INBOUND_REQUESTS, &known.requests);
    let latencies = new_slots(answers, &INBOUND_LATENCY, &known.latencies);
    let mut slots = SlotBuilder { by_destination: destinations(world), by_application: BTreeMap::new() };
    slots.collect((world, answers), (&INBOUND_REQUESTS, Label::Status), &requests, |slot, status, count| {
        let [all, failed] = slot.requests.get_or_insert_default();
        *all += count;
        if is_failure(status) {
            *failed += count;
        }
    });
    slots.collect((world, answers), (&INBOUND_LATENCY, Label::Le), &latencies, |slot, le, count| {
        if let Ok(bound) = le.parse::<f32>() {
            slot.add_to_bucket(bound, count);
        }
    });
    let slots = slots.into_named(world);
    let [requests, latencies] = [requests, latencies].map(|ends| ends.into_iter().collect());
    SlotBatch { requests, latencies, slots, ..SlotBatch::default() }
}

/// Whether a request with that status failed.
fn is_failure(status: &str) -> bool {
    status == "failed" || status.starts_with('5')
}

/// The ends of the new slots that the answer to a query covers. An answer covers an hour. If its points are
/// further apart than slots, it covers only the slots that have a point.
fn new_slots(
    answers: &QueryResults,
    query: &'static PrometheusQuery,
    known: &BTreeSet<u32>,
) -> BTreeSet<u32> {
    let table = answers.table(query);
    let window = u32::try_from(WINDOW.as_secs()).unwrap_or(u32::MAX);
    let step = table.points.step.max(SLOT_S);
    let points = (table.to.saturating_sub(window) / step + 1..=table.to / step).map(|number| number * step);
    let newest = known.last().copied().unwrap_or_default();
    points.map(slot_of).filter(|end| *end > newest).collect()
}

/// The end of the slot in which a moment lies.
const fn slot_of(at: u32) -> u32 {
    at.div_ceil(SLOT_S) * SLOT_S
}

/// The application that connections to each destination reach; `None` if they reach several.
fn destinations(world: &World<'_>) -> FastMap<(InternedString, InternedString), Option<AppId>> {
    let mut destinations = FastMap::<_, Option<AppId>>::default();
    for connection in world.connections.values() {
        let application = match connection.remote {
            RemoteEndpoint::Unresolved => continue,
            RemoteEndpoint::Instance(instance) => world.instances[instance].application,
            RemoteEndpoint::Application(application) => application,
        };
        let application = world.apps[application].joined.unwrap_or(application);
        let ends = (connection.destination, connection.actual_destination);
        let kept = destinations.entry(ends).or_insert(Some(application));
        if *kept != Some(application) {
            *kept = None;
        }
    }
    destinations
}

/// Slots that are being built.
struct SlotBuilder {
    by_destination: FastMap<(InternedString, InternedString), Option<AppId>>,
    by_application: BTreeMap<AppId, BTreeMap<u32, ApplicationSlot>>,
}

impl SlotBuilder {
    /// Adds the points of an answer in the slots with these `ends`. Calls `add` with the value of a label and
    /// the number of requests.
    fn collect(
        &mut self,
        (world, answers): (&World<'_>, &QueryResults),
        (query, label): (&'static PrometheusQuery, Label),
        ends: &BTreeSet<u32>,
        add: impl Fn(&mut ApplicationSlot, &str, f32),
    ) {
        let table = answers.table(query);
        let labels = [Label::Destination, Label::ActualDestination, label];
        let ([destination, actual, label], rows) = answers.rows(query, labels);
        for row in rows {
            let destination = [destination, actual].map(|column| answers.text(row.label(column)));
            let Some(application) = self.receiver(world, destination) else { continue };
            let slots = self.by_application.entry(application).or_default();
            for (at, rate) in table.points_of(row.index()) {
                let end = slot_of(at);
                if ends.contains(&end) && rate.is_finite() {
                    let slot = slots.entry(end).or_insert_with(|| ApplicationSlot::unknown(end));
                    add(slot, answers.text(row.label(label)), rate * SLOT_S as f32);
                }
            }
        }
    }

    fn receiver(&self, world: &World<'_>, destination: [&str; 2]) -> Option<AppId> {
        let [destination, actual] = destination.map(|text| world.texts.find(text));
        *self.by_destination.get(&(destination?, actual?))?
    }

    fn into_named(self, world: &World<'_>) -> Vec<ApplicationSlot> {
        let mut named = Vec::new();
        for (application, slots) in self.by_application {
            let key = world.apps[application].id.key(&world.texts);
            named
                .extend(slots.into_values().map(|slot| ApplicationSlot { application: key.clone(), ..slot }));
        }
        named
    }
}

impl ApplicationSlot {
    /// An empty slot, without an application yet.
    fn unknown(end: u32) -> Self {
        let application = ApplicationKey::default();
        Self { application, source: SlotSource::Seen, end, requests: None, latency: Vec::new() }
    }

    /// Adds requests to the bucket with that upper bound in seconds.
    pub(super) fn add_to_bucket(&mut self, bound: f32, count: f32) {
        match self.latency.binary_search_by(|(known, _)| known.total_cmp(&bound)) {
            Ok(place) => {
                if let Some((_, sum)) = self.latency.get_mut(place) {
                    *sum += count;
                }
            }
            Err(place) => self.latency.insert(place, (bound, count)),
        }
    }
}
