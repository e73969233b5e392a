//! Mocks the destinations of notifications: loopback servers for Slack, Microsoft Teams, PagerDuty, Opsgenie
//! and a webhook.
//!
//! They accept and refuse the same requests as the real services, answer like them, and record what they
//! received.

mod mock_server;
mod opsgenie;
mod pagerduty;
mod slack;
mod teams;
mod webhook;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use anyhow::Context;
use axum::Router;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use self::mock_server::{MockState, answer, lock};

/// The service that a mock stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DestinationKind {
    /// Slack's Web API, with a bot's token.
    Slack,
    /// An incoming webhook of Microsoft Teams.
    Teams,
    /// PagerDuty's Events API v2.
    Pagerduty,
    /// Opsgenie's Alert API.
    Opsgenie,
    /// A webhook of the operator's own, with a password and a header.
    Webhook,
}

/// How a mock behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationBehaviour {
    /// Processes requests and answers.
    Working,
    /// Processes requests at once, and answers after this delay.
    Slow(Duration),
    /// Processes requests, and answers once the behaviour changes.
    Holding,
    /// Processes nothing, and answers 429 with a `Retry-After` of this many seconds.
    RateLimited(u32),
    /// Processes nothing, and answers 500.
    Failing,
}

/// A message that a mock received and accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedMessage {
    /// The requested action: `message`, `reply`, `trigger`, `acknowledge`, `resolve`, `create`, `close`,
    /// `call`.
    pub action: &'static str,
    /// The id that messages about one incident share: the time stamp of the first one, the key or the alias;
    /// empty for services without one.
    pub conversation: String,
    /// The body; a string if it is not JSON.
    pub body: Value,
}

/// A mock server of a destination. It ends when this is dropped.
#[derive(Debug)]
pub struct MockDestination {
    service: DestinationKind,
    address: SocketAddr,
    memory: Arc<Mutex<MockState>>,
    serving: Option<ServingTask>,
}

#[derive(Debug)]
struct ServingTask {
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl MockDestination {
    /// Starts it. Any free port is taken if the port is 0.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start(service: DestinationKind, listen: SocketAddr) -> anyhow::Result<Self> {
        let memory = MockState {
            behaviour: DestinationBehaviour::Working,
            asked: 0,
            received: Vec::new(),
            refused: Vec::new(),
        };
        let memory = Arc::new(Mutex::new(memory));
        let mut destination = Self { service, address: listen, memory, serving: None };
        destination.up().await?;
        Ok(destination)
    }

    /// The address to configure at the server: for Slack, PagerDuty and Opsgenie the base URL of the API with
    /// a slash at the end, for the others the full URL.
    #[must_use]
    pub fn url(&self) -> String {
        let path = match self.service {
            DestinationKind::Slack => slack::BASE,
            DestinationKind::Pagerduty | DestinationKind::Opsgenie => "/",
            DestinationKind::Teams => teams::PATH,
            DestinationKind::Webhook => webhook::PATH,
        };
        format!("http://{}{path}", self.address)
    }

    /// The member of a project's integrations that sends incidents to it: its name and its value.
    #[must_use]
    pub fn integration(&self) -> (&'static str, Value) {
        match self.service {
            DestinationKind::Slack => ("slack", slack::integration()),
            DestinationKind::Teams => ("teams", json!({ "webhook_url": self.url(), "incidents": true })),
            DestinationKind::Pagerduty => ("pagerduty", pagerduty::integration()),
            DestinationKind::Opsgenie => ("opsgenie", opsgenie::integration()),
            DestinationKind::Webhook => ("webhook", webhook::integration(&self.url())),
        }
    }

    /// The messages that it accepted, in order.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedMessage> {
        self.memory().received.clone()
    }

    /// The reasons of its refusals, in order.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        self.memory().refused.clone()
    }

    /// The number of all requests, accepted or not.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.memory().asked
    }

    /// Sets its behaviour.
    pub fn behave(&self, behaviour: DestinationBehaviour) {
        self.memory().behaviour = behaviour;
    }

    /// Takes it down: connections close after pending answers, and new ones are refused.
    ///
    /// # Errors
    /// It had ended by itself.
    pub async fn down(&mut self) -> anyhow::Result<()> {
        let Some(ServingTask { stop, task }) = self.serving.take() else { return Ok(()) };
        // Fails if the task has ended; the task has the reason.
        stop.send(()).ok();
        task.await.context("the destination was ended")?.context("the destination has failed")
    }

    /// Starts it again at the same address.
    ///
    /// # Errors
    /// Its port is taken.
    pub async fn up(&mut self) -> anyhow::Result<()> {
        if self.serving.is_some() {
            return Ok(());
        }
        let listener = TcpListener::bind(self.address)
            .await
            .with_context(|| format!("cannot listen on {}", self.address))?;
        self.address = listener.local_addr().context("the destination has no address")?;
        let state = (self.service, Arc::clone(&self.memory));
        let router = Router::new().fallback(answer).with_state(state);
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            // A dropped sender stops it too.
            stopped.await.ok();
        };
        let task = tokio::spawn(axum::serve(listener, router).with_graceful_shutdown(stopped).into_future());
        self.serving = Some(ServingTask { stop, task });
        Ok(())
    }

    fn memory(&self) -> MutexGuard<'_, MockState> {
        lock(&self.memory)
    }
}

impl Drop for MockDestination {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.task.abort();
        }
    }
}
