//! Makes one attempt to send a notification and records the result.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use headcount_outbound::{ConnectionFailure, answer_head::is_success};
use headcount_platform::clock::Clock;
use tokio_util::sync::CancellationToken;

use super::{
    DestinationConfig, IncidentNotification, NotificationOutbox, ServiceEndpoints,
    destinations::{NotificationDestination, RequestContext},
    message::IncidentMessage,
    notification_outcome::NotificationOutcome,
    notification_request::{NotificationRequest, UnusableConfig},
    notification_schedule::is_expired,
    notification_transport::NotificationTransport,
};

/// How long a request in progress may continue after the stop.
const LAST_WAIT: Duration = Duration::from_millis(1500);

/// What an attempt needs.
#[derive(Debug)]
pub(super) struct SendContext {
    pub(super) outbox: Arc<dyn NotificationOutbox>,
    pub(super) endpoints: ServiceEndpoints,
    pub(super) transport: Box<dyn NotificationTransport>,
    pub(super) clock: Arc<dyn Clock>,
    /// Ends a request that takes too long after the stop.
    pub(super) stop: CancellationToken,
    /// Whether the log already has a warning about an invalid template.
    pub(super) template_refused: AtomicBool,
}

/// A notification that was sent.
pub(super) struct SentNotification {
    pub(super) notification: IncidentNotification,
    /// When it was sent, in Unix seconds.
    pub(super) at: u32,
    pub(super) external_key: String,
}

/// How an attempt ended.
pub(super) enum AttemptResult {
    /// It was sent, and the outbox has recorded it.
    Sent(IncidentNotification),
    /// It was sent, but the outbox has not recorded it yet.
    Unrecorded(SentNotification),
    /// Its destination no longer exists, and the outbox has recorded that.
    Dropped,
    /// It was not sent.
    Failed(IncidentNotification, SendFailure),
    /// It was not attempted: the outbox is unavailable, or there is no time left.
    NotTried,
}

/// Why a notification was not sent. Contains no names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SendFailure {
    /// The destination cannot accept it at the moment.
    #[error("{why}")]
    Later {
        /// The reason.
        why: String,
        /// How long the destination asks to wait.
        after: Option<Duration>,
    },
    /// The destination or its configuration is wrong.
    #[error("{0}")]
    Refused(&'static str),
}

impl SendFailure {
    /// How long the destination asks to wait.
    pub(super) const fn after(&self) -> Option<Duration> {
        match self {
            Self::Later { after, .. } => *after,
            Self::Refused(_) => None,
        }
    }
}

impl SendContext {
    /// Sends a notification, unless it is expired or its destination is gone.
    pub(super) async fn attempt(&self, notification: IncidentNotification) -> AttemptResult {
        let Ok(integrations) = self.outbox.integrations(&notification.project).await else {
            return AttemptResult::NotTried;
        };
        let Ok(before) = self.outbox.conversation(&notification).await else {
            return AttemptResult::NotTried;
        };
        let configured = integrations.get(notification.destination);
        self.log_template_error(configured);
        let Some(configured) = configured.filter(|configured| configured.incidents()) else {
            let is_dropped = self.dropped(&notification).await;
            return if is_dropped { AttemptResult::Dropped } else { AttemptResult::NotTried };
        };
        let destination = configured.destination();
        let known = if before.is_empty() { &notification.external_key } else { &before };
        let conversation = destination.conversation(known, &notification.incident_key);
        let request = destination.request(&RequestContext {
            notification: &notification,
            message: IncidentMessage::new(&notification, &integrations.base_url),
            endpoints: &self.endpoints,
            conversation: &conversation,
        });
        match request {
            Err(UnusableConfig(why)) => AttemptResult::Failed(notification, SendFailure::Refused(why)),
            // The lookups took time.
            Ok(_) if self.stop.is_cancelled() || is_expired(&notification, self.now()) => {
                AttemptResult::NotTried
            }
            Ok(request) => match self.send(destination, request, &conversation).await {
                None => AttemptResult::NotTried,
                Some(Err(failure)) => AttemptResult::Failed(notification, failure),
                Some(Ok(external_key)) => {
                    let sent = SentNotification { at: self.now(), notification, external_key };
                    if self.record(&sent).await {
                        AttemptResult::Sent(sent.notification)
                    } else {
                        AttemptResult::Unrecorded(sent)
                    }
                }
            },
        }
    }

    /// Sends a request. Returns the destination's id of the conversation; `None` if there is no time left.
    async fn send(
        &self,
        destination: &dyn NotificationDestination,
        request: NotificationRequest,
        conversation: &str,
    ) -> Option<Result<String, SendFailure>> {
        let answer = tokio::select! {
            biased;
            answer = self.transport.send(request) => answer,
            () = too_late(&self.stop) => return None,
        };
        let later = |why: &str| SendFailure::Later { why: why.to_owned(), after: None };
        Some(match answer {
            Err(ConnectionFailure::Unreachable(why)) => Err(later(why)),
            Err(ConnectionFailure::TimedOut) => Err(later("no answer in time")),
            Ok(answer) => match destination.classify(&answer, conversation, self.clock.wall()) {
                NotificationOutcome::Sent { external_key } => Ok(external_key),
                NotificationOutcome::Later { after } => {
                    Err(SendFailure::Later { why: why_later(answer.status), after })
                }
                NotificationOutcome::Refused(why) => Err(SendFailure::Refused(why)),
            },
        })
    }

    /// Records in the outbox that a notification was sent. Returns whether that succeeded.
    pub(super) async fn record(&self, sent: &SentNotification) -> bool {
        self.outbox.sent(&sent.notification, sent.at, &sent.external_key).await.is_ok()
    }

    /// Records in the outbox that a notification will not be sent. Returns whether that succeeded.
    pub(super) async fn dropped(&self, notification: &IncidentNotification) -> bool {
        self.outbox.dropped(notification, self.now()).await.is_ok()
    }

    /// Logs, once, that the operator's template is not used.
    fn log_template_error(&self, configured: Option<&DestinationConfig>) {
        if let Some(error) = configured.and_then(|configured| configured.destination().template_error())
            && !self.template_refused.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(why = %error, "the template of a webhook is not understood; JSON is sent instead");
        }
    }

    /// The time in Unix seconds.
    pub(super) fn now(&self) -> u32 {
        u32::try_from(self.clock.wall().as_secs()).unwrap_or(u32::MAX)
    }
}

/// Returns when a request in progress may not continue, because `stop` was cancelled a while ago.
pub(super) async fn too_late(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LAST_WAIT).await;
}

/// Why a destination cannot accept a notification now, after an answer with this status.
pub(super) fn why_later(status: u16) -> String {
    match status {
        status if is_success(status) => "it cannot accept them at the moment".to_owned(),
        429 => "it was asked too often".to_owned(),
        status => format!("it answered with status {status}"),
    }
}
