//! Makes reports when they are due, and previews the next one.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount_platform::{clock::Clock, joined::joined, lock::lock, on_change::OnChange};
use headcount_profiler::process_costs::{MeasuredProcess, ProcessCosts};
use headcount_shared::payload::{InstanceSection, Payload, ProfileSection};
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    assemble::{Facts, Installation, PayloadSources, assemble, encode},
    deliver::ReportDelivery,
    report_id::new_report_id,
    schedule::ReportSchedule,
    spool::{DeliveryHeaders, Spool, SpooledReport},
};
use crate::{
    browsers::{PageViewCounts, PageViewStore},
    metrics::ProcessMetrics,
};

/// How long to wait after a report could not be put on disk.
const RETRY: Duration = Duration::from_secs(10);

/// Makes the reports of this server, one at a time, and puts them on disk.
#[derive(Debug)]
pub struct Reporter {
    sources: ReportSources,
    spool: Arc<Spool>,
    delivery: Arc<ReportDelivery>,
    clock: Arc<dyn Clock>,
    metrics: ProcessMetrics,
    schedule: Mutex<ReportSchedule>,
    chance: fn() -> f64,
    /// The report that is not on disk yet, if there is one: its counts are in no other. Locked while a report
    /// or a preview is made: one at a time.
    unspooled: AsyncMutex<Option<UnspooledReport>>,
}

/// The sources of a report's sections.
#[derive(Debug, Clone)]
pub struct ReportSources {
    /// The identity of the installation.
    pub instance: InstanceSection,
    /// The headers of its reports, as those of a server that is no replica.
    pub headers: DeliveryHeaders,
    /// What the installation observes.
    pub installation: Arc<dyn Installation>,
    /// What browsers did.
    pub browsers: Arc<PageViewStore>,
    /// What the process costs.
    pub process: Arc<MeasuredProcess>,
}

impl ReportSources {
    fn encode(&self, facts: Facts, counts: PageViewCounts, costs: ProcessCosts) -> io::Result<SpooledReport> {
        let headers = DeliveryHeaders { replica: facts.replica, ..self.headers.clone() };
        let bytes = encode(&self.assemble(facts, counts, costs))?;
        Ok(SpooledReport { bytes, headers })
    }

    fn assemble(&self, facts: Facts, counts: PageViewCounts, costs: ProcessCosts) -> Payload {
        assemble(PayloadSources { instance: self.instance.clone(), facts, counts, costs })
    }
}

#[derive(Debug, Clone)]
struct UnspooledReport {
    id: Uuid,
    report: SpooledReport,
}

/// The outcome of a report that was due.
#[derive(Debug, PartialEq, Eq)]
enum ReportingOutcome {
    /// It is on disk.
    Spooled,
    /// Too many reports wait for the collector. The counts continue to accumulate.
    NoRoom,
}

/// The last logged state of making reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReporterState {
    Works,
    NoRoom,
    DiskRefuses,
}

impl ReporterState {
    /// The state after a report was due.
    const fn after(made: &io::Result<ReportingOutcome>) -> Self {
        match made {
            Ok(ReportingOutcome::Spooled) => Self::Works,
            Ok(ReportingOutcome::NoRoom) => Self::NoRoom,
            Err(_) => Self::DiskRefuses,
        }
    }
}

fn log_change(state: &OnChange<ReporterState>, made: &io::Result<ReportingOutcome>) {
    if !state.set(ReporterState::after(made)) {
        return;
    }
    match made {
        Ok(ReportingOutcome::Spooled) => tracing::info!("reports are put on disk again"),
        Ok(ReportingOutcome::NoRoom) => {
            tracing::warn!("too many reports wait for the collector; counts add up until one is delivered");
        }
        Err(error) => tracing::error!(%error, "a report could not be put on disk; it waits"),
    }
}

impl Reporter {
    /// A reporter that puts its reports into `spool`, for `delivery`. `chance` picks a number in 0..1, which
    /// determines the moment at which a report is made.
    #[must_use]
    pub fn new(
        sources: ReportSources,
        spool: Arc<Spool>,
        delivery: Arc<ReportDelivery>,
        clock: Arc<dyn Clock>,
        metrics: ProcessMetrics,
        schedule: ReportSchedule,
        chance: fn() -> f64,
    ) -> Self {
        let schedule = Mutex::new(schedule);
        Self { sources, spool, delivery, clock, metrics, schedule, chance, unspooled: AsyncMutex::default() }
    }

    /// When the next report is due, in Unix seconds.
    #[must_use]
    pub fn next_at(&self) -> u64 {
        self.with_schedule(|schedule| schedule.next_at(&*self.clock))
    }

    /// The report as it would be sent now. Changes nothing.
    ///
    /// # Errors
    /// The process cannot start a thread for the work.
    pub async fn preview(&self) -> io::Result<SpooledReport> {
        let unspooled = self.unspooled.lock().await;
        if let Some(UnspooledReport { report, .. }) = &*unspooled {
            return Ok(report.clone());
        }
        let sources = self.sources.clone();
        let facts = sources.installation.facts().await;
        blocking(move || {
            let (counts, costs) = (sources.browsers.peek(), sources.process.peek());
            sources.encode(facts, counts, costs)
        })
        .await
    }

    /// The numbers of the report as it would be sent now, without its profiles, which take long. Changes nothing.
    ///
    /// # Errors
    /// The process cannot start a thread for the work, or the work has panicked, or a report that waits to be stored
    /// cannot be read.
    pub async fn preview_numbers(&self) -> io::Result<Payload> {
        let unspooled = self.unspooled.lock().await;
        if let Some(UnspooledReport { report, .. }) = &*unspooled {
            let bytes = report.bytes.clone();
            return blocking(move || {
                let numbers: Payload = serde_json::from_slice(&bytes)?;
                Ok(Payload { profile: ProfileSection::default(), ..numbers })
            })
            .await;
        }
        let sources = self.sources.clone();
        let facts = sources.installation.facts().await;
        blocking(move || {
            let costs = ProcessCosts { samples: sources.process.peek_samples(), ..ProcessCosts::default() };
            Ok(sources.assemble(facts, sources.browsers.peek(), costs))
        })
        .await
    }

    /// Makes reports when they are due, until `stop`.
    pub async fn run(&self, stop: &CancellationToken) {
        let state = OnChange::new(ReporterState::Works);
        loop {
            let wait = self.with_schedule(|schedule| schedule.wait(self.clock.monotonic()));
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
            // This is not cancelled halfway, which would lose the report's process samples and profiles.
            let made = self.make().await;
            let now = self.clock.monotonic();
            match &made {
                Ok(_) => self.with_schedule(|schedule| schedule.advance(now, (self.chance)())),
                Err(_) => self.with_schedule(|schedule| schedule.retry(now, RETRY)),
            }
            log_change(&state, &made);
        }
    }

    async fn make(&self) -> io::Result<ReportingOutcome> {
        let mut unspooled = self.unspooled.lock().await;
        let made = match unspooled.take() {
            Some(made) => made,
            None if !self.spool.has_room() => return Ok(ReportingOutcome::NoRoom),
            None => self.cut().await?,
        };
        let UnspooledReport { id, report } = made.clone();
        let (spool, browsers) = (Arc::clone(&self.spool), Arc::clone(&self.sources.browsers));
        if let Err(error) = blocking(move || spool.put(id, &report.bytes, &report.headers)).await {
            *unspooled = Some(made);
            return Err(error);
        }
        // The report is safe. If its counts cannot be removed from the journal now, the next cut removes
        // them.
        if let Err(error) = blocking(move || browsers.forget(id)).await {
            tracing::warn!(%error, "the journal could not be cleared after a report");
        }
        self.metrics.report_made();
        self.delivery.notify();
        Ok(ReportingOutcome::Spooled)
    }

    /// Cuts all sources for a report.
    async fn cut(&self) -> io::Result<UnspooledReport> {
        let id = new_report_id(self.clock.wall());
        let sources = self.sources.clone();
        let browsers = Arc::clone(&sources.browsers);
        // This comes first, because only this can fail: nothing else is cut for a report that is not made.
        let counts = blocking(move || browsers.cut(id)).await?;
        let facts = sources.installation.cut(id).await;
        blocking(move || {
            let report = sources.encode(facts, counts, sources.process.cut())?;
            Ok(UnspooledReport { id, report })
        })
        .await
    }

    fn with_schedule<T>(&self, f: impl FnOnce(&mut ReportSchedule) -> T) -> T {
        f(&mut lock(&self.schedule))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    joined(tokio::task::spawn_blocking(work)).await?
}

#[cfg(test)]
mod tests;
