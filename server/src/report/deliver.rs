//! Reports on their way from the spool to the collector.
//!
//! One request at a time. After a failure the report that was tried least comes next, so that one report which the
//! collector chokes on holds up no other, and a dead collector costs one request per wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    outcome::{Outcome, judge, wait_after},
    spool::{ReadError, Spool},
    transport::Transport,
};
use crate::{
    clock::Clock,
    metrics::{DeliveryLabel, Metrics},
};

/// The delivery of one spool.
#[derive(Debug)]
pub struct Delivery {
    spool: Arc<Spool>,
    transport: Box<dyn Transport>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    interval: Duration,
    chance: fn() -> f64,
    new_report: Notify,
    progress: Mutex<Progress>,
}

/// How it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// When a collector last confirmed a report, in Unix seconds; `None` when none did since the start.
    pub last_delivered_at: Option<u64>,
    /// Why the last attempt failed; `None` when it did not.
    pub last_failure: Option<String>,
    /// Failures in a row.
    failures: u32,
    attempts: HashMap<Uuid, u32>,
}

/// What comes after an attempt.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Look for another report at once.
    Report,
    /// Wait for a new report: none is queued.
    NewReport,
    /// Wait, whatever comes.
    Wait(Duration),
}

impl Delivery {
    /// Delivers what is in `spool`, where a report comes every `interval`. `chance` picks a number in 0..1 that spreads
    /// the attempts of many installations.
    #[must_use]
    pub fn new(
        spool: Arc<Spool>,
        transport: Box<dyn Transport>,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
        interval: Duration,
        chance: fn() -> f64,
    ) -> Self {
        let (new_report, progress) = (Notify::new(), Mutex::default());
        Self { spool, transport, clock, metrics, interval, chance, new_report, progress }
    }

    /// Says that a report was queued.
    pub fn notify(&self) {
        self.new_report.notify_one();
    }

    /// How it goes.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.lock().clone()
    }

    /// Delivers until `stop`, which also ends a request that is under way; its report stays in the spool.
    pub async fn run(&self, stop: &CancellationToken) {
        stop.run_until_cancelled(async {
            loop {
                match self.attempt().await {
                    Next::Report => {}
                    Next::NewReport => self.new_report.notified().await,
                    Next::Wait(wait) => tokio::time::sleep(wait).await,
                }
            }
        })
        .await;
    }

    async fn attempt(&self) -> Next {
        let Some(id) = self.pick() else { return Next::NewReport };
        let report = match self.read(id).await {
            Ok(report) => report,
            // Set aside, or gone since it was picked.
            Err(ReadError::Damaged | ReadError::Unknown) => return Next::Report,
            Err(error) => return self.later(id, &error.to_string(), None),
        };
        match self.transport.send(id, report).await {
            Err(no_answer) => self.later(id, &no_answer.to_string(), None),
            Ok(answer) => match judge(answer.status, answer.retry_after.as_deref()) {
                Outcome::Delivered => self.delivered(id),
                Outcome::Refused => self.refused(id, answer.status),
                Outcome::Later { wait } => {
                    self.later(id, &format!("the collector answered with status {}", answer.status), wait)
                }
            },
        }
    }

    /// The report that was tried least, the oldest of those.
    fn pick(&self) -> Option<Uuid> {
        let queued = self.spool.queued();
        let mut progress = self.lock();
        progress.attempts.retain(|id, _| queued.contains(id));
        queued.into_iter().min_by_key(|id| progress.attempts.get(id).copied().unwrap_or_default())
    }

    async fn read(&self, id: Uuid) -> Result<Vec<u8>, ReadError> {
        let spool = Arc::clone(&self.spool);
        let read = tokio::task::spawn_blocking(move || spool.read(id)).await;
        Ok(read.map_err(std::io::Error::other)??.bytes)
    }

    fn delivered(&self, id: Uuid) -> Next {
        if let Err(error) = self.spool.mark_sent(id) {
            // It will be sent again, and the collector will know it.
            return self.later(id, &error.to_string(), None);
        }
        self.metrics.delivered(DeliveryLabel::Delivered);
        let mut progress = self.lock();
        if progress.failures > 0 {
            tracing::info!("reports are delivered again");
        }
        progress.failures = 0;
        progress.last_failure = None;
        progress.last_delivered_at = Some(self.clock.wall().as_secs());
        Next::Report
    }

    fn refused(&self, id: Uuid, status: u16) -> Next {
        if let Err(error) = self.spool.mark_refused(id) {
            return self.later(id, &error.to_string(), None);
        }
        self.metrics.delivered(DeliveryLabel::Refused);
        tracing::warn!(%id, status, "the collector refused a report; it is kept to be looked at");
        let mut progress = self.lock();
        progress.failures = 0;
        progress.last_failure = Some(format!("the collector refused a report with status {status}"));
        Next::Report
    }

    fn later(&self, id: Uuid, why: &str, asked: Option<Duration>) -> Next {
        self.metrics.delivered(DeliveryLabel::Failed);
        let mut progress = self.lock();
        if progress.failures == 0 {
            tracing::warn!(why, "a report could not be delivered; reports wait until it works");
        }
        progress.failures = progress.failures.saturating_add(1);
        progress.last_failure = Some(why.to_owned());
        *progress.attempts.entry(id).or_default() += 1;
        Next::Wait(wait_after(progress.failures, self.interval, asked, (self.chance)()))
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // A half-made change of the progress costs a wait, no report.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, pin::Pin};

    use headcount_shared::api::ReportState;

    use super::*;
    use crate::{
        clock::SystemClock,
        disk::simulated::SimulatedDisk,
        report::transport::{Answer, NoAnswer},
    };

    type Given = Result<Answer, NoAnswer>;
    type Sent = Vec<(Uuid, Vec<u8>)>;

    /// Gives the answers in turn, then takes everything.
    #[derive(Debug, Clone, Default)]
    struct Scripted {
        answers: Arc<Mutex<VecDeque<Given>>>,
        sent: Arc<Mutex<Sent>>,
    }

    impl Transport for Scripted {
        fn send(&self, id: Uuid, report: Vec<u8>) -> Pin<Box<dyn Future<Output = Given> + Send + '_>> {
            self.sent.lock().unwrap().push((id, report));
            let answer = self.answers.lock().unwrap().pop_front().unwrap_or_else(|| status(200));
            Box::pin(std::future::ready(answer))
        }
    }

    fn status(status: u16) -> Given {
        Ok(Answer { status, retry_after: None })
    }

    fn delivery(answers: impl IntoIterator<Item = Given>, reports: u128) -> (Delivery, Scripted, Arc<Spool>) {
        let spool = Arc::new(Spool::open(Arc::new(SimulatedDisk::default())).unwrap());
        for n in 0..reports {
            spool.add(Uuid::from_u128(n), format!("report {n}").as_bytes()).unwrap();
        }
        let transport =
            Scripted { answers: Arc::new(Mutex::new(answers.into_iter().collect())), ..Scripted::default() };
        let clock = Arc::new(SystemClock::new());
        let hour = Duration::from_secs(3600);
        let delivery = Delivery::new(
            Arc::clone(&spool),
            Box::new(transport.clone()),
            clock,
            Metrics::new(),
            hour,
            || 1.0,
        );
        (delivery, transport, spool)
    }

    fn tried(transport: &Scripted) -> Vec<u128> {
        transport.sent.lock().unwrap().iter().map(|(id, _)| id.as_u128()).collect()
    }

    async fn until_idle(delivery: &Delivery) -> Vec<Duration> {
        let mut waits = Vec::new();
        loop {
            match delivery.attempt().await {
                Next::Report => {}
                Next::NewReport => return waits,
                Next::Wait(wait) => waits.push(wait),
            }
        }
    }

    #[tokio::test]
    async fn reports_are_delivered_in_the_order_in_which_they_were_made() {
        let (delivery, transport, spool) = delivery([], 3);
        assert!(until_idle(&delivery).await.is_empty());
        assert_eq!(tried(&transport), [0, 1, 2]);
        assert_eq!(transport.sent.lock().unwrap()[1].1, b"report 1");
        assert_eq!(spool.count(ReportState::Sent), 3);
        assert!(delivery.progress().last_delivered_at.is_some());
    }

    #[tokio::test]
    async fn a_report_that_the_collector_chokes_on_holds_up_no_other() {
        let (delivery, transport, spool) = delivery([status(500)], 3);
        let waits = until_idle(&delivery).await;
        assert_eq!(waits, [Duration::from_secs(30)]);
        assert_eq!(tried(&transport), [0, 1, 2, 0]);
        assert_eq!(spool.count(ReportState::Sent), 3);
    }

    #[tokio::test]
    async fn a_dead_collector_loses_nothing_and_waits_grow() {
        let dead = std::iter::repeat_n(Err(NoAnswer::Timeout), 4);
        let (delivery, transport, spool) = delivery(dead, 2);
        let waits: Vec<u64> = until_idle(&delivery).await.iter().map(Duration::as_secs).collect();
        assert_eq!(waits, [30, 60, 120, 240]);
        assert_eq!(tried(&transport), [0, 1, 0, 1, 0, 1]);
        assert_eq!(spool.count(ReportState::Sent), 2);
        assert_eq!(delivery.progress().last_failure, None);
    }

    #[tokio::test]
    async fn a_refused_report_is_kept_and_the_next_one_sent() {
        let (delivery, transport, spool) = delivery([status(422)], 2);
        assert!(until_idle(&delivery).await.is_empty());
        assert_eq!(tried(&transport), [0, 1]);
        assert_eq!((spool.count(ReportState::Refused), spool.count(ReportState::Sent)), (1, 1));
    }

    #[tokio::test]
    async fn the_collector_is_asked_no_sooner_than_it_wants() {
        let busy = Ok(Answer { status: 503, retry_after: Some("900".to_owned()) });
        let (delivery, _, _) = delivery([busy], 1);
        assert_eq!(until_idle(&delivery).await, [Duration::from_secs(900)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_report_does_not_shorten_a_wait() {
        let (delivery, transport, spool) = delivery([status(503), status(503)], 1);
        let stop = CancellationToken::new();
        let work = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            spool.add(Uuid::from_u128(1), b"new").unwrap();
            delivery.notify();
            tokio::time::sleep(Duration::from_secs(28)).await;
            assert_eq!(tried(&transport), [0]);
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(tried(&transport), [0, 1]);
            stop.cancel();
        };
        tokio::join!(delivery.run(&stop), work);
    }
}
