//! Who is told about incidents? Loopback servers that stand for Slack, Microsoft Teams, PagerDuty, Opsgenie and a webhook.
//!
//! They refuse what the real ones refuse, answer as those do, and remember what they were told.

mod hearing;
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

use self::hearing::{Memory, answer, lock};

/// Whom a server stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
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

/// How it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It hears and answers.
    Well,
    /// It hears at once, and answers so much later.
    Slow(Duration),
    /// It hears, and answers once it feels otherwise.
    Holding,
    /// It hears nothing and answers 429 with so many seconds to wait.
    Busy(u32),
    /// It hears nothing and answers 500.
    Broken,
}

/// Something that it was told, and accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What it was asked to do: `message`, `reply`, `trigger`, `acknowledge`, `resolve`, `create`, `close`, `call`.
    pub action: &'static str,
    /// What ties messages about the same thing: the time stamp of the first one, the key, the alias; empty where there is
    /// nothing like that.
    pub conversation: String,
    /// The body; a text where it is no JSON.
    pub body: Value,
}

/// A server that stands for a destination. It ends when this is dropped.
#[derive(Debug)]
pub struct Destination {
    service: Service,
    address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    serving: Option<Serving>,
}

#[derive(Debug)]
struct Serving {
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Destination {
    /// Starts it. Any free port is taken if the port is 0.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start(service: Service, listen: SocketAddr) -> anyhow::Result<Self> {
        let memory = Memory { mood: Mood::Well, asked: 0, told: Vec::new(), refused: Vec::new() };
        let memory = Arc::new(Mutex::new(memory));
        let mut destination = Self { service, address: listen, memory, serving: None };
        destination.up().await?;
        Ok(destination)
    }

    /// The address under which the server knows the service: for Slack, PagerDuty and Opsgenie that of its API with a slash
    /// at the end, for the others all of it.
    #[must_use]
    pub fn url(&self) -> String {
        let path = match self.service {
            Service::Slack => slack::BASE,
            Service::Pagerduty | Service::Opsgenie => "/",
            Service::Teams => teams::PATH,
            Service::Webhook => webhook::PATH,
        };
        format!("http://{}{path}", self.address)
    }

    /// The member of a project's integrations by which it is told about incidents: its name and its value.
    #[must_use]
    pub fn integration(&self) -> (&'static str, Value) {
        match self.service {
            Service::Slack => ("slack", slack::integration()),
            Service::Teams => ("teams", json!({ "webhook_url": self.url(), "incidents": true })),
            Service::Pagerduty => ("pagerduty", pagerduty::integration()),
            Service::Opsgenie => ("opsgenie", opsgenie::integration()),
            Service::Webhook => ("webhook", webhook::integration(&self.url())),
        }
    }

    /// What it was told and accepted, in order.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.memory().told.clone()
    }

    /// Why it refused what it refused, in order.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        self.memory().refused.clone()
    }

    /// How many requests there were, whatever became of them.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.memory().asked
    }

    /// Puts it in a mood.
    pub fn feels(&self, mood: Mood) {
        self.memory().mood = mood;
    }

    /// Takes it down: connections are closed when what is under way is answered, and new ones are refused.
    ///
    /// # Errors
    /// It had ended by itself.
    pub async fn down(&mut self) -> anyhow::Result<()> {
        let Some(Serving { stop, task }) = self.serving.take() else { return Ok(()) };
        // Whoever has ended does not listen; the task tells.
        stop.send(()).ok();
        task.await.context("the destination was ended")?.context("the destination has failed")
    }

    /// Brings it up again at the same address.
    ///
    /// # Errors
    /// Somebody else has taken its port.
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
            // Dropped is stopped too.
            stopped.await.ok();
        };
        let task = tokio::spawn(axum::serve(listener, router).with_graceful_shutdown(stopped).into_future());
        self.serving = Some(Serving { stop, task });
        Ok(())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.task.abort();
        }
    }
}
