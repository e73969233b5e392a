//! Forwards requests to a real Prometheus, except that queries for one metric fail in a chosen way.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use headcount_harness::{
    http,
    wait::{SOON, eventually},
};
use hyper::body::Frame;
use procfs::net::{TcpNetEntry, TcpState};
use reqwest::{Client, StatusCode};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, SemaphorePermit},
    task::JoinHandle,
};

/// The error of its refusals. Prometheus names series in such texts.
pub(crate) const REASON: &str = "found duplicate series for the match group";

/// The answer to queries for the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrometheusFault {
    /// The real answer.
    None,
    /// The real answer after a delay.
    Late(Duration),
    /// An error with this status.
    Status(u16),
    /// A body that is not an answer of Prometheus.
    Garbage,
    /// No answer at all.
    Silence,
    /// An answer without end, within one string.
    Endless,
    /// An answer with this number of series.
    Series(u64),
}

/// The misbehaving Prometheus. It ends when this is dropped.
pub(crate) struct FaultyPrometheus {
    address: SocketAddr,
    setting: Arc<FaultSettings>,
    task: JoinHandle<std::io::Result<()>>,
}

struct FaultSettings {
    real: String,
    metric: &'static str,
    misdeed: Mutex<PrometheusFault>,
    asked: AtomicU64,
    /// The number of requests that may still pass, if it is limited.
    passes: Mutex<Option<Arc<Semaphore>>>,
    client: Client,
}

impl FaultyPrometheus {
    pub(crate) async fn start(real: String, metric: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let misdeed = Mutex::new(PrometheusFault::None);
        let setting = Arc::new(FaultSettings {
            real,
            metric,
            misdeed,
            asked: AtomicU64::new(0),
            passes: Mutex::default(),
            client: http::client().unwrap(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&setting));
        let task = tokio::spawn(axum::serve(listener, router).into_future());
        Self { address, setting, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The number of requests so far.
    pub(crate) fn asked(&self) -> u64 {
        self.setting.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn does(&self, misdeed: PrometheusFault) {
        *self.setting.misdeed.lock().unwrap() = misdeed;
    }

    /// Answers this number of further requests, and then none until [`FaultyPrometheus::goes_on`].
    pub(crate) fn stops_after(&self, requests: usize) {
        *self.setting.passes.lock().unwrap() = Some(Arc::new(Semaphore::new(requests)));
    }

    /// Answers all requests again, including waiting ones.
    pub(crate) fn goes_on(&self) {
        if let Some(passes) = self.setting.passes.lock().unwrap().take() {
            passes.close();
        }
    }

    /// Waits until it has no connections. Everything that was sent to it has arrived then.
    pub(crate) async fn is_left_alone(&self) {
        let is_open = |entry: &TcpNetEntry| {
            let over = [TcpState::Listen, TcpState::TimeWait];
            entry.local_address == self.address && !over.contains(&entry.state)
        };
        eventually("all connections end", SOON, async || {
            (!procfs::net::tcp().unwrap().iter().any(is_open)).then_some(())
        })
        .await
        .unwrap();
    }
}

impl Drop for FaultyPrometheus {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(setting): State<Arc<FaultSettings>>, request: Request) -> Response {
    setting.asked.fetch_add(1, Ordering::Relaxed);
    let passes = setting.passes.lock().unwrap().clone();
    if let Some(passes) = passes {
        // Requests that waited when the semaphore was closed pass too.
        passes.acquire().await.map(SemaphorePermit::forget).ok();
    }
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let asked = format!("{}\n{}", head.uri, String::from_utf8_lossy(&body));
    let misdeed =
        if asked.contains(setting.metric) { *setting.misdeed.lock().unwrap() } else { PrometheusFault::None };
    match misdeed {
        PrometheusFault::None => pass_on(&setting, head, body).await,
        PrometheusFault::Late(delay) => {
            tokio::time::sleep(delay).await;
            pass_on(&setting, head, body).await
        }
        PrometheusFault::Status(status) => {
            let error = format!(r#"{{"status":"error","errorType":"execution","error":"{REASON}"}}"#);
            (StatusCode::from_u16(status).unwrap(), error).into_response()
        }
        PrometheusFault::Garbage => "<html>a proxy says hello</html>".into_response(),
        PrometheusFault::Silence => std::future::pending().await,
        PrometheusFault::Endless => EndlessAnswer::of("x".repeat(1 << 16), u64::MAX),
        PrometheusFault::Series(series) => {
            let one = r#"{"metric":{"machine_id":"0123456789abcdef","container_id":"/docker/x"},"values":[[1,"1"]]},"#;
            EndlessAnswer::of(one.repeat(1000), series / 1000)
        }
    }
}

/// Forwards a request to the real Prometheus.
async fn pass_on(setting: &FaultSettings, head: Parts, body: Bytes) -> Response {
    let path = head.uri.path_and_query().map_or("", |path| path.as_str());
    let url = format!("{}{path}", setting.real.trim_end_matches('/'));
    let mut passed = setting.client.request(head.method, url).body(body);
    if let Some(kind) = head.headers.get("content-type") {
        passed = passed.header("content-type", kind);
    }
    match passed.send().await {
        Ok(answer) => (answer.status(), answer.bytes().await.unwrap_or_default()).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// An answer that begins like one of Prometheus and repeats the same part.
struct EndlessAnswer {
    begin: Option<Bytes>,
    again: Bytes,
    times: u64,
}

impl EndlessAnswer {
    fn of(again: String, times: u64) -> Response {
        let begin = r#"{"status":"success","data":{"resultType":"matrix","result":["#;
        let begin = if times == u64::MAX { r#"{"status":"success","data":{"resultType":""# } else { begin };
        let flood = Self { begin: Some(begin.into()), again: again.into(), times };
        ([("content-type", "application/json")], Body::new(flood)).into_response()
    }
}

impl HttpBody for EndlessAnswer {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(begin) = self.begin.take() {
            return Poll::Ready(Some(Ok(Frame::data(begin))));
        }
        if self.times == 0 {
            return Poll::Ready(None);
        }
        self.times -= 1;
        Poll::Ready(Some(Ok(Frame::data(self.again.clone()))))
    }
}
