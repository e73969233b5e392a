//! A transport with scripted answers that records the requests.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use headcount_outbound::ConnectionFailure;

use super::*;
use crate::notifications::{
    notification_request::NotificationRequest, notification_transport::DestinationFuture,
};

/// An answer and its delay.
#[derive(Debug, Clone)]
pub(super) struct ScriptedReply {
    after: Duration,
    answer: Result<NotificationAnswer, ConnectionFailure>,
}

/// A recorded request.
#[derive(Debug, Clone)]
pub(super) struct ScriptedRequest {
    /// When, since the start of the test.
    pub(super) at: Duration,
    pub(super) url: String,
    pub(super) body: String,
    /// Whether the destination accepted it.
    pub(super) taken: bool,
    /// Whether no other request to the same address was in progress.
    pub(super) alone: bool,
}

/// Gives scripted replies in turn: each list is for the requests whose address contains a text. Then it gives
/// the default reply.
#[derive(Debug, Clone)]
pub(super) struct ScriptedDestinations {
    usual: ScriptedReply,
    scripts: Arc<Mutex<HashMap<String, VecDeque<ScriptedReply>>>>,
    asked: Arc<Mutex<Vec<ScriptedRequest>>>,
    under_way: Arc<Mutex<Vec<String>>>,
    started: tokio::time::Instant,
}

impl ScriptedReply {
    pub(super) fn status(status: u16) -> Self {
        let body = r#"{"ok":true,"channel":"C1","ts":"17.01"}"#.into();
        let answer = Ok(NotificationAnswer { status, retry_after: None, body });
        Self { after: Duration::ZERO, answer }
    }

    pub(super) fn ok() -> Self {
        Self::status(200)
    }

    pub(super) fn asking_to_wait(retry_after: &str) -> Self {
        let retry_after = Some(retry_after.to_owned());
        let answer = Ok(NotificationAnswer { status: 429, retry_after, body: Vec::new() });
        Self { after: Duration::ZERO, answer }
    }

    pub(super) fn refused_connection() -> Self {
        Self { after: Duration::ZERO, answer: Err(ConnectionFailure::Unreachable("connection refused")) }
    }

    pub(super) fn timed_out() -> Self {
        Self { after: REQUEST_TIMEOUT, answer: Err(ConnectionFailure::TimedOut) }
    }

    pub(super) fn after(seconds: u64, reply: Self) -> Self {
        Self { after: Duration::from_secs(seconds), ..reply }
    }
}

impl Default for ScriptedDestinations {
    fn default() -> Self {
        Self::always(ScriptedReply::ok())
    }
}

impl ScriptedDestinations {
    pub(super) fn always(usual: ScriptedReply) -> Self {
        let started = tokio::time::Instant::now();
        let (scripts, asked, under_way) = (Arc::default(), Arc::default(), Arc::default());
        Self { usual, scripts, asked, under_way, started }
    }

    pub(super) fn answer_for(&self, part_of_url: &str, replies: impl IntoIterator<Item = ScriptedReply>) {
        self.scripts.lock().unwrap().entry(part_of_url.to_owned()).or_default().extend(replies);
    }

    pub(super) fn requests(&self) -> Vec<ScriptedRequest> {
        self.asked.lock().unwrap().clone()
    }

    /// Records the start of a request. Returns whether no other request to the same address is in progress.
    fn begin(&self, url: &str) -> bool {
        let mut under_way = self.under_way.lock().unwrap();
        let alone = !under_way.iter().any(|other| other == url);
        under_way.push(url.to_owned());
        alone
    }

    fn reply_to(&self, url: &str) -> ScriptedReply {
        let mut scripts = self.scripts.lock().unwrap();
        let script = scripts.iter_mut().find(|(part, _)| url.contains(part.as_str()));
        script.and_then(|(_, replies)| replies.pop_front()).unwrap_or_else(|| self.usual.clone())
    }
}

impl NotificationTransport for ScriptedDestinations {
    fn send(&self, request: NotificationRequest) -> DestinationFuture<'_> {
        let url = request.url.to_string();
        let reply = self.reply_to(&url);
        let taken = reply.answer.as_ref().is_ok_and(|answer| answer.status < 300);
        let alone = self.begin(&url);
        let asked = ScriptedRequest {
            at: self.started.elapsed(),
            url: url.clone(),
            body: request.body,
            taken,
            alone,
        };
        self.asked.lock().unwrap().push(asked);
        Box::pin(async move {
            sleep(reply.after).await;
            self.under_way.lock().unwrap().retain(|other| *other != url);
            reply.answer
        })
    }
}
