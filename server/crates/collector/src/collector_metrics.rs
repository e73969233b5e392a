//! Renders the metrics of a collector for Prometheus: `GET /metrics`.
//!
//! What needs the database is left out while it cannot be read. Labels are names from lists in the program.
//! No metric tells of an installation, a product or an address.

use axum::{extract::State, http::HeaderMap, response::Response};
use headcount_fleet::published::ReleaseStage;
use headcount_web::{metrics_text::metrics_response, problem::ProblemResponse};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::{
    Collector, CollectorInner, DatabaseUnreadable,
    fleet_rollup::RollupLag,
    fleet_storage::FleetStorage,
    intake_entry::{IntakeEntry, NotStoredReason},
    intake_ledger::IntakeCounts,
    maker_alert::MakerAlert,
};

/// What the metrics are made of. `None` is what cannot be read.
#[derive(Debug)]
struct MetricsSnapshot {
    counts: IntakeCounts,
    lag: Option<RollupLag>,
    disk_bytes: Option<u64>,
    disk_free: Option<u64>,
    raw_copies_paused: bool,
    releases: Option<[(ReleaseStage, u64); 2]>,
    active: Option<Vec<MakerAlert>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabel {
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlertLabel {
    alert: &'static str,
}

/// Answers with the metrics.
pub(super) async fn metrics(
    State(collector): State<Collector>,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    let snapshot = collector.metrics_snapshot().await;
    let mut text = String::new();
    encode(&mut text, &snapshot.registry()).map_err(|error| ProblemResponse::internal(&error))?;
    Ok(metrics_response(&headers, text))
}

impl Collector {
    async fn metrics_snapshot(&self) -> MetricsSnapshot {
        let CollectorInner { store, ledger, writer, free_space, .. } = self.inner.as_ref();
        // Of ClickHouse, neither the disk nor alerts are known here.
        let is_here = matches!(**store, FleetStorage::Sqlite(_));
        MetricsSnapshot {
            counts: ledger.counts(),
            lag: self.rollup_lag().await.ok(),
            disk_bytes: self.read(store.disk_bytes().await).ok(),
            disk_free: free_space.disk_space().ok().map(|space| space.free).filter(|_| is_here),
            raw_copies_paused: writer.are_raw_copies_paused(),
            releases: self.release_counts().await.ok(),
            active: self.active_alerts().await.ok().filter(|_| is_here),
        }
    }

    async fn release_counts(&self) -> Result<[(ReleaseStage, u64); 2], DatabaseUnreadable> {
        let mut releases = [(ReleaseStage::Provisional, 0), (ReleaseStage::Final, 0)];
        for (stage, days) in &mut releases {
            *days = self.read(self.inner.store.releases(*stage).await)?;
        }
        Ok(releases)
    }

    async fn active_alerts(&self) -> Result<Vec<MakerAlert>, DatabaseUnreadable> {
        let alerts = self.read(self.inner.store.alerts().await)?.into_iter();
        Ok(alerts.filter(|state| state.is_active).map(|state| state.alert).collect())
    }
}

impl MetricsSnapshot {
    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("headcount_collector");
        self.register_reports(&mut registry);
        self.register_rollup(&mut registry);
        self.register_releases(&mut registry);
        self.register_disk(&mut registry);
        self.register_alerts(&mut registry);
        registry
    }

    fn register_alerts(&self, registry: &mut Registry) {
        let Some(active) = &self.active else { return };
        let alerts = Family::<AlertLabel, Gauge>::default();
        for alert in MakerAlert::ALL {
            let is_active = active.contains(alert);
            alerts.get_or_create(&AlertLabel { alert: alert.name() }).set(i64::from(is_active));
        }
        registry.register("alert", "1 while the alert is active", alerts);
    }

    fn register_reports(&self, registry: &mut Registry) {
        let counter = |count: u64| {
            let counter = Counter::<u64>::default();
            counter.inc_by(count);
            counter
        };
        let outcomes = &self.counts.outcomes;
        let of = |reason| outcomes.of(IntakeEntry::NotStored(reason));
        let refused = Family::<ReasonLabel, Counter>::default();
        for reason in NotStoredReason::ALL.iter().filter(|reason| **reason != NotStoredReason::Duplicate) {
            refused.get_or_create(&ReasonLabel { reason: reason.name() }).inc_by(of(*reason));
        }
        let help = "Reports that began to arrive since the start";
        registry.register("reports_received", help, counter(self.counts.arrived));
        let stored = counter(outcomes.of(IntakeEntry::Stored));
        registry.register("reports_stored", "Reports that were stored since the start", stored);
        let duplicate = counter(of(NotStoredReason::Duplicate));
        registry.register("reports_duplicate", "Reports since the start that were stored before", duplicate);
        registry.register(
            "reports_refused",
            "Reports that were not stored since the start, by reason",
            refused,
        );
    }

    fn register_rollup(&self, registry: &mut Registry) {
        let Some(RollupLag { behind, waiting_days, last_at }) = self.lag else { return };
        let help = "For how long reports may have been stored that are in no number of the fleet";
        registry.register_with_unit("rollup_lag", help, Unit::Seconds, gauge(behind.as_secs()));
        let help = "Days with reports that wait to be computed";
        registry.register("rollup_waiting_days", help, gauge(waiting_days as u64));
        if let Some(at) = last_at {
            let help = "When the newest complete computation ended, in Unix time";
            registry.register_with_unit("rollup_last_timestamp", help, Unit::Seconds, gauge(at));
        }
    }

    fn register_releases(&self, registry: &mut Registry) {
        let Some(counts) = self.releases else { return };
        let releases = Family::<StageLabel, Gauge>::default();
        for (stage, days) in counts {
            let label = StageLabel { stage: stage.name() };
            releases.get_or_create(&label).set(i64::try_from(days).unwrap_or(i64::MAX));
        }
        registry.register("releases", "Published days of all products by stage", releases);
    }

    fn register_disk(&self, registry: &mut Registry) {
        if let Some(bytes) = self.disk_bytes {
            let help = "Size of the database with its log and of the files with raw copies";
            registry.register_with_unit("disk", help, Unit::Bytes, gauge(bytes));
        }
        if let Some(free) = self.disk_free {
            let help = "Free space of the file system of the data directory";
            registry.register_with_unit("disk_free", help, Unit::Bytes, gauge(free));
        }
        let help = "1 while too little of the disk is free for raw copies of reports";
        registry.register("raw_copies_paused", help, gauge(u64::from(self.raw_copies_paused)));
    }
}

fn gauge(value: u64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    gauge
}
