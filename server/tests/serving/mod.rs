//! Starts servers for tests: the real router on loopback.

use std::{path::Path, sync::Arc, time::Duration};

use headcount::{app::Server, config::Serve};
use headcount_platform::clock::{Clock, SystemClock};
use headcount_web::listen;
use reqwest::{Method, StatusCode, header::HeaderMap, redirect::Policy};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The admin token of servers in tests, which [`RunningServer::send`] uses.
pub(crate) const ADMIN_TOKEN: &str = "a-token-for-tests-4fd1c6a09b";

/// A server on a free port, with a collector that does not run.
pub(crate) struct RunningServer {
    pub(crate) url: String,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

pub(crate) struct ServerAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl ServerAnswer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl RunningServer {
    pub(crate) async fn start(data_dir: &Path, flags: &[&str]) -> Self {
        Self::start_by(Arc::new(SystemClock::new()), data_dir, flags).await
    }

    /// The same by another clock.
    pub(crate) async fn start_by(clock: Arc<dyn Clock>, data_dir: &Path, flags: &[&str]) -> Self {
        let data_dir = format!("--data-dir={}", data_dir.display());
        let token = format!("--admin-token={ADMIN_TOKEN}");
        let mut all = vec![data_dir.as_str(), token.as_str(), "--disable-profiling"];
        if !flags.iter().any(|flag| flag.starts_with("--collector-url")) {
            all.push("--collector-url=http://127.0.0.1:9/");
        }
        if !flags.iter().any(|flag| flag.starts_with("--first-report-after")) {
            all.push("--first-report-after=1h");
        }
        all.extend(flags);
        let config = Serve::from_flags(&all).unwrap();
        let server = Server::open(&config, clock, None).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{}", listener.local_addr().unwrap(), config.url_base_path.as_str());
        let stop = CancellationToken::new();
        let serving = stop.clone();
        let task = tokio::spawn(async move {
            listen::serve(listener, server.standalone_router(), serving, Duration::from_secs(1)).await;
            server.close().await;
        });
        Self { url, stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Sends a request with the admin token.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> ServerAnswer {
        let bearer = format!("Bearer {ADMIN_TOKEN}");
        let shown = [("authorization", bearer.as_str())];
        self.send_as_stranger(method, path, &[&shown, headers].concat(), body).await
    }

    /// Sends a request with these headers and no credential of its own.
    pub(crate) async fn send_as_stranger(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> ServerAnswer {
        let client =
            headcount_outbound::client_builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let mut request = client.request(method, format!("{}{path}", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        ServerAnswer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) async fn get(&self, path: &str) -> ServerAnswer {
        self.send(Method::GET, path, &[], "").await
    }
}
