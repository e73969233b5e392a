//! Sends the notifications of the outbox to their destinations.
//!
//! Destinations do not wait for each other: each destination of each project gets one request at a time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use headcount_platform::clock::Clock;
use headcount_shared::payload::AlertingIntegration;
use tokio::{
    sync::Notify,
    task::{Id as TaskId, JoinError, JoinSet},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    IncidentNotification, NotificationOutbox, ServiceEndpoints,
    attempt::{AttemptResult, SendContext, SendFailure, SentNotification},
    notification_schedule::{LIFETIME_S, NotificationSchedule, ProjectDestination, ScheduledNotifications},
    notification_transport::{HttpNotificationTransport, NotificationTransport},
};
use crate::metrics::{NotificationLabel, ProcessMetrics};

/// How often the outbox is read without a call of `notify`.
const PACE: Duration = Duration::from_secs(5);

/// How long one request may take, including the connection.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the attempts in progress may take to end after the stop.
const END: Duration = Duration::from_secs(2);

/// Sends the notifications of all projects.
#[derive(Debug)]
pub struct NotificationSender {
    sending: Arc<SendContext>,
    metrics: ProcessMetrics,
    news: Notify,
    stop: CancellationToken,
}

/// The state of the loop.
#[derive(Default)]
struct SenderProgress {
    schedule: NotificationSchedule,
    /// The destination to which each task sends.
    under_way: HashMap<TaskId, ProjectDestination>,
    /// Sent, but not yet recorded in the outbox.
    unrecorded: Vec<SentNotification>,
    /// The destinations whose last attempt failed.
    failing: BTreeSet<ProjectDestination>,
}

type RunningAttempts = JoinSet<AttemptResult>;

impl NotificationSender {
    /// A sender of the notifications in `outbox`, over HTTP.
    #[must_use]
    pub fn new(
        outbox: Arc<dyn NotificationOutbox>,
        endpoints: ServiceEndpoints,
        clock: Arc<dyn Clock>,
        metrics: ProcessMetrics,
    ) -> Self {
        let transport = HttpNotificationTransport::new(REQUEST_TIMEOUT, endpoints.targets);
        Self::over(Box::new(transport), outbox, endpoints, clock, metrics)
    }

    fn over(
        transport: Box<dyn NotificationTransport>,
        outbox: Arc<dyn NotificationOutbox>,
        endpoints: ServiceEndpoints,
        clock: Arc<dyn Clock>,
        metrics: ProcessMetrics,
    ) -> Self {
        let stop = CancellationToken::new();
        let template_refused = AtomicBool::new(false);
        let sending =
            SendContext { outbox, endpoints, transport, clock, stop: stop.clone(), template_refused };
        Self { sending: Arc::new(sending), metrics, news: Notify::new(), stop }
    }

    /// Wakes the sender because the outbox has a new notification.
    pub fn notify(&self) {
        self.news.notify_one();
    }

    /// Sends until `stop`. Attempts in progress then get two seconds to end; they are not repeated. Runs
    /// once.
    pub async fn run(&self, stop: &CancellationToken) {
        let (mut progress, mut attempts) = (SenderProgress::default(), RunningAttempts::new());
        let work = async {
            loop {
                self.start_due(&mut progress, &mut attempts).await;
                tokio::select! {
                    Some(ended) = attempts.join_next_with_id() => self.note(ended, &mut progress),
                    () = self.news.notified() => {}
                    () = sleep(PACE) => {}
                }
            }
        };
        stop.run_until_cancelled(work).await;
        self.stop.cancel();
        let end = async {
            while let Some(ended) = attempts.join_next_with_id().await {
                self.note(ended, &mut progress);
            }
            self.record_sent(&mut progress).await;
        };
        if timeout(END, end).await.is_err() {
            tracing::warn!("a notification was being sent when the process ended; it may be sent again");
        }
    }

    /// Starts the attempts that are possible now, after everything that was sent is recorded.
    async fn start_due(&self, progress: &mut SenderProgress, attempts: &mut RunningAttempts) {
        if !self.record_sent(progress).await {
            return;
        }
        let now = self.sending.now();
        // Includes notifications that expired while no server was running.
        let Ok(waiting) = self.sending.outbox.waiting(now.saturating_sub(2 * LIFETIME_S)).await else {
            return;
        };
        let busy = progress.under_way.values().cloned().collect();
        let monotonic = self.sending.clock.monotonic();
        let ScheduledNotifications { to_send, expired } =
            progress.schedule.due(waiting, &busy, now, monotonic);
        if !self.drop_expired(expired).await {
            return;
        }
        for notification in to_send {
            let lane = ProjectDestination::from(&notification);
            let sending = Arc::clone(&self.sending);
            let task = attempts.spawn(async move { sending.attempt(notification).await });
            progress.under_way.insert(task.id(), lane);
        }
    }

    /// Records in the outbox what is not recorded yet. Returns whether everything is recorded now.
    async fn record_sent(&self, progress: &mut SenderProgress) -> bool {
        while let Some(sent) = progress.unrecorded.last() {
            if !self.sending.record(sent).await {
                return false;
            }
            progress.unrecorded.pop();
        }
        true
    }

    /// Drops notifications that were not accepted for an hour. Returns whether the outbox recorded that.
    async fn drop_expired(&self, expired: Vec<IncidentNotification>) -> bool {
        let mut dropped: BTreeMap<AlertingIntegration, u32> = BTreeMap::new();
        let mut all = true;
        for notification in expired {
            all = self.sending.dropped(&notification).await;
            if !all {
                break;
            }
            self.metrics.notification(notification.destination.name(), NotificationLabel::Dropped);
            *dropped.entry(notification.destination).or_default() += 1;
        }
        for (destination, count) in dropped {
            let name = destination.name();
            tracing::warn!(count, "{name} did not take notifications for an hour; they are dropped");
        }
        all
    }

    /// Processes the end of an attempt.
    fn note(&self, ended: Result<(TaskId, AttemptResult), JoinError>, progress: &mut SenderProgress) {
        let (task, ended) = match ended {
            Ok((task, ended)) => (task, ended),
            // The task panicked.
            Err(error) => (error.id(), AttemptResult::NotTried),
        };
        let Some(lane) = progress.under_way.remove(&task) else { return };
        let monotonic = self.sending.clock.monotonic();
        match ended {
            AttemptResult::Sent(notification) => self.sent(&notification, &lane, progress),
            AttemptResult::Unrecorded(sent) => {
                self.sent(&sent.notification, &lane, progress);
                progress.unrecorded.push(sent);
            }
            AttemptResult::Dropped => {
                self.metrics.notification(lane.destination.name(), NotificationLabel::Dropped);
                progress.failing.remove(&lane);
            }
            AttemptResult::Failed(notification, failure) => {
                progress.schedule.failed(&notification, monotonic, failure.after());
                self.failed(lane, &failure, progress);
            }
            AttemptResult::NotTried => progress.schedule.rest(lane, monotonic, PACE),
        }
    }

    fn sent(
        &self,
        notification: &IncidentNotification,
        lane: &ProjectDestination,
        progress: &mut SenderProgress,
    ) {
        progress.schedule.sent(notification);
        let name = lane.destination.name();
        self.metrics.notification(name, NotificationLabel::Sent);
        if progress.failing.remove(lane) && !progress.is_failing(lane.destination) {
            tracing::info!("{name} accepts notifications again");
        }
    }

    fn failed(&self, lane: ProjectDestination, failure: &SendFailure, progress: &mut SenderProgress) {
        let name = lane.destination.name();
        self.metrics.notification(name, failure.label());
        if !progress.is_failing(lane.destination) {
            tracing::warn!("{name} does not accept notifications: {failure}");
        }
        progress.failing.insert(lane);
    }
}

impl SenderProgress {
    /// Whether the last attempt failed in any project.
    fn is_failing(&self, destination: AlertingIntegration) -> bool {
        self.failing.iter().any(|lane| lane.destination == destination)
    }
}

impl SendFailure {
    const fn label(&self) -> NotificationLabel {
        match self {
            Self::Later { .. } => NotificationLabel::Failed,
            Self::Refused(_) => NotificationLabel::Refused,
        }
    }
}

#[cfg(test)]
mod tests;
