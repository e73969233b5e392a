//! Counts and renders the metrics of this process for Prometheus. None of them contains a browser, a page or
//! an address.

use std::sync::{Arc, atomic::AtomicU64};

use headcount_observer::ObserverMetrics;
use headcount_profiler::process_samples::ProcessUsage;
use headcount_prometheus::refresh::QueryMetrics;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

/// The counters of this process; clones count together.
#[derive(Debug, Clone)]
pub struct ProcessMetrics(Arc<MetricCounters>);

#[derive(Debug)]
struct MetricCounters {
    /// In the order of [`EventLabel`]; looked up once instead of for every event.
    events: [Counter; 3],
    deliveries: Family<DeliveryLabels, Counter>,
    reports: Counter,
    queued: Gauge,
    dropped_browsers: Gauge,
    queries: Family<QueryLabels, Counter>,
    fetched: Counter,
    worlds: Counter,
    notifications: Family<NotificationLabels, Counter>,
    registry: Registry,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum EventLabel {
    /// Counted.
    Counted,
    /// Not a valid event.
    Refused,
    /// The disk refused it.
    Failed,
}

/// What became of an attempt to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum DeliveryLabel {
    /// The collector has the report.
    Delivered,
    /// It will be tried again.
    Failed,
    /// The collector will never take the report.
    Refused,
}

/// What became of a query to Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum QueryLabel {
    /// Its answer is in the cache.
    Answered,
    /// It will be sent again.
    Failed,
}

/// What became of an attempt to send a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum NotificationLabel {
    /// The destination has accepted it.
    Sent,
    /// The destination could not take it; it is tried again.
    Failed,
    /// The destination rejects it, or its settings are wrong; it is tried again.
    Refused,
    /// It is not tried again: its destination is gone, or did not accept it for an hour.
    Dropped,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NotificationLabels {
    destination: &'static str,
    outcome: NotificationLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueryLabels {
    outcome: QueryLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    outcome: EventLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    outcome: DeliveryLabel,
}

impl ProcessMetrics {
    /// Counters at zero.
    #[must_use]
    pub fn new() -> Self {
        let (events, deliveries) = (Family::<EventLabels, Counter>::default(), Family::default());
        let (reports, queued) = (Counter::default(), Gauge::default());
        let mut registry = Registry::with_prefix("headcount");
        registry.register("events", "Browser events by what became of them", events.clone());
        registry.register(
            "deliveries",
            "Attempts to deliver a report by what became of them",
            deliveries.clone(),
        );
        registry.register("reports", "Reports made", reports.clone());
        registry.register("reports_queued", "Reports that wait for the collector", queued.clone());
        let dropped_browsers = Gauge::default();
        let help = "Different browsers that had no place since the last report, estimated";
        registry.register("dropped_browsers", help, dropped_browsers.clone());
        let (queries, fetched) = (Family::<QueryLabels, Counter>::default(), Counter::default());
        registry.register("queries", "Queries to Prometheus by what became of them", queries.clone());
        registry.register_with_unit("fetched", "Bytes of Prometheus' answers", Unit::Bytes, fetched.clone());
        let worlds = Counter::default();
        registry.register("worlds", "Worlds loaded from the cache", worlds.clone());
        let notifications = Family::<NotificationLabels, Counter>::default();
        let help = "Attempts to send a notification by what became of them";
        registry.register("notifications", help, notifications.clone());
        let events = [EventLabel::Counted, EventLabel::Refused, EventLabel::Failed]
            .map(|outcome| events.get_or_create_owned(&EventLabels { outcome }));
        Self(Arc::new(MetricCounters {
            events,
            deliveries,
            reports,
            queued,
            dropped_browsers,
            queries,
            fetched,
            worlds,
            notifications,
            registry,
        }))
    }

    /// Counts an event.
    pub fn event(&self, outcome: EventLabel) {
        if let Some(counter) = self.0.events.get(outcome as usize) {
            counter.inc();
        }
    }

    /// Counts an attempt to deliver.
    pub fn delivered(&self, outcome: DeliveryLabel) {
        self.0.deliveries.get_or_create(&DeliveryLabels { outcome }).inc();
    }

    /// Counts an attempt to send a notification to a kind of destination.
    pub fn notification(&self, destination: &'static str, outcome: NotificationLabel) {
        self.0.notifications.get_or_create(&NotificationLabels { destination, outcome }).inc();
    }

    /// Counts a report that was made.
    pub fn report_made(&self) {
        self.0.reports.inc();
    }

    /// The counters in the text format of `OpenMetrics`, with the number of reports that wait, an estimate of
    /// the browsers without a place, and the cost of the process if the system provides it.
    ///
    /// # Errors
    /// None in practice: writing to a string does not fail.
    pub fn render(
        &self,
        queued: u64,
        dropped_browsers: u64,
        used: Option<ProcessUsage>,
    ) -> Result<String, std::fmt::Error> {
        self.0.queued.set(i64::try_from(queued).unwrap_or(i64::MAX));
        self.0.dropped_browsers.set(i64::try_from(dropped_browsers).unwrap_or(i64::MAX));
        let mut text = String::new();
        if let Some(used) = used {
            encode(&mut text, &registry_of(used))?;
            // A document has only one end marker.
            text.truncate(text.len() - "# EOF\n".len());
        }
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

impl Default for ProcessMetrics {
    fn default() -> Self {
        Self::new()
    }
}

fn registry_of(used: ProcessUsage) -> Registry {
    let cpu = Counter::<f64, AtomicU64>::default();
    cpu.inc_by(used.cpu.as_secs_f64());
    let resident = Gauge::<i64>::default();
    resident.set(i64::try_from(used.resident_bytes).unwrap_or(i64::MAX));
    let mut registry = Registry::with_prefix("process");
    registry.register_with_unit("cpu", "CPU time of this process", Unit::Seconds, cpu);
    registry.register_with_unit("resident_memory", "Resident memory of this process", Unit::Bytes, resident);
    registry
}

impl QueryMetrics for ProcessMetrics {
    fn query_answered(&self, bytes: u64) {
        self.0.queries.get_or_create(&QueryLabels { outcome: QueryLabel::Answered }).inc();
        self.0.fetched.inc_by(bytes);
    }

    fn query_failed(&self) {
        self.0.queries.get_or_create(&QueryLabels { outcome: QueryLabel::Failed }).inc();
    }
}

impl ObserverMetrics for ProcessMetrics {
    fn world_loaded(&self) {
        self.0.worlds.inc();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_text_names_every_counter_with_its_unit() {
        let metrics = ProcessMetrics::new();
        metrics.event(EventLabel::Counted);
        metrics.event(EventLabel::Counted);
        metrics.event(EventLabel::Refused);
        metrics.delivered(DeliveryLabel::Failed);
        metrics.report_made();
        metrics.query_answered(700);
        metrics.query_failed();
        metrics.world_loaded();
        metrics.notification("slack", NotificationLabel::Sent);
        let text = metrics
            .render(3, 40, Some(ProcessUsage { cpu: Duration::from_millis(1500), resident_bytes: 2048 }))
            .unwrap();
        for line in [
            "process_cpu_seconds_total 1.5",
            "process_resident_memory_bytes 2048",
            "headcount_events_total{outcome=\"Counted\"} 2",
            "headcount_events_total{outcome=\"Refused\"} 1",
            "headcount_deliveries_total{outcome=\"Failed\"} 1",
            "headcount_reports_total 1",
            "headcount_reports_queued 3",
            "headcount_dropped_browsers 40",
            "headcount_queries_total{outcome=\"Answered\"} 1",
            "headcount_queries_total{outcome=\"Failed\"} 1",
            "headcount_fetched_bytes_total 700",
            "headcount_worlds_total 1",
            "headcount_notifications_total{destination=\"slack\",outcome=\"Sent\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in:\n{text}");
        }
        assert_eq!(text.matches("# EOF").count(), 1);
    }
}
