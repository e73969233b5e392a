//! Who is told about incidents? Loopback servers that stand for Slack, Microsoft Teams, PagerDuty, Opsgenie and a webhook.
//!
//! They refuse what the real ones refuse, answer as those do, and remember what they were told.

mod opsgenie;
mod pagerduty;
mod slack;
mod teams;
mod webhook;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// The longest body that is read, in bytes.
const BODY: usize = 1 << 20;

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

#[derive(Debug)]
struct Memory {
    mood: Mood,
    asked: u64,
    told: Vec<Told>,
    refused: Vec<String>,
}

/// A request, and what was told before it.
struct Asked<'a> {
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
    body: Value,
    before: &'a [Told],
}

/// A status and a body.
struct Answer(StatusCode, Value);

/// A request that the real one refuses too.
struct Refused {
    answer: Answer,
    why: String,
}

type Verdict = Result<(Told, Answer), Refused>;

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

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    State((service, memory)): State<(Service, Arc<Mutex<Memory>>)>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let text = String::from_utf8_lossy(&body);
    let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.into_owned()));
    let (mood, answer) = {
        let mut memory = lock(&memory);
        memory.asked += 1;
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        let before = &memory.told.clone();
        let asked = Asked { method: &head.method, path, query, headers: &head.headers, body, before };
        (memory.mood, memory.hear(service, &asked))
    };
    if let Mood::Slow(delay) = mood {
        tokio::time::sleep(delay).await;
    }
    answer
}

impl Memory {
    fn hear(&mut self, service: Service, asked: &Asked<'_>) -> Response {
        match self.mood {
            Mood::Busy(seconds) => {
                let answer = Answer(StatusCode::TOO_MANY_REQUESTS, service.busy());
                return ([(header::RETRY_AFTER, seconds.to_string())], answer).into_response();
            }
            Mood::Broken => {
                return (StatusCode::INTERNAL_SERVER_ERROR, "something went wrong").into_response();
            }
            Mood::Well | Mood::Slow(_) => {}
        }
        match service.judge(asked) {
            Ok((told, answer)) => {
                self.told.push(told);
                answer.into_response()
            }
            Err(Refused { answer, why }) => {
                self.refused.push(why);
                answer.into_response()
            }
        }
    }
}

impl Service {
    fn judge(self, asked: &Asked<'_>) -> Verdict {
        match self {
            Self::Slack => slack::judge(asked),
            Self::Teams => teams::judge(asked),
            Self::Pagerduty => pagerduty::judge(asked),
            Self::Opsgenie => opsgenie::judge(asked),
            Self::Webhook => webhook::judge(asked),
        }
    }

    /// What it says to those who ask too often.
    fn busy(self) -> Value {
        match self {
            Self::Slack => json!({ "ok": false, "error": "ratelimited" }),
            Self::Pagerduty => json!({ "status": "throttle exceeded", "message": "Please retry later." }),
            Self::Opsgenie => json!({ "message": "You are making too many requests!", "took": 0.0 }),
            Self::Teams | Self::Webhook => json!("Too many requests"),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let Self(status, body) = self;
        match body {
            Value::String(text) => (status, text).into_response(),
            body => (status, axum::Json(body)).into_response(),
        }
    }
}

impl Asked<'_> {
    /// Refuses everything that is not a `POST` of JSON to a path.
    fn is_post_of_json(&self, path: &str) -> Result<(), Refused> {
        let refused = |status, why: String| Err(Refused { answer: Answer(status, Value::Null), why });
        if self.path != path {
            return refused(StatusCode::NOT_FOUND, format!("there is no {}", self.path));
        }
        if self.method != Method::POST {
            return refused(StatusCode::METHOD_NOT_ALLOWED, format!("{} instead of POST", self.method));
        }
        let kind = self.header(header::CONTENT_TYPE.as_str()).split(';').next().unwrap_or_default().trim();
        match kind == "application/json" && self.body.is_object() {
            true => Ok(()),
            false => refused(StatusCode::BAD_REQUEST, format!("{kind:?} is no JSON object")),
        }
    }

    /// A header; empty where there is none.
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A text in the body by its JSON pointer; empty where there is none.
    fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn told(&self, action: &'static str, conversation: impl Into<String>) -> Told {
        Told { action, conversation: conversation.into(), body: self.body.clone() }
    }
}
