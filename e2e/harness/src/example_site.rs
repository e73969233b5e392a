//! Serves built example applications, and stores or forwards the views that they send.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, bail};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    routing::{MethodRouter, get},
};
use headcount_shared::event::BrowserEvent;
use reqwest::Client;
use tokio::{net::TcpListener, task::JoinHandle};
use tower_http::services::{ServeDir, ServeFile};

use crate::{http, processes::HeadcountProcess, program::build_directory};

/// The output directory of `.ci/examples`: the applications by name, and the npm package.
///
/// # Errors
/// The system does not tell where this program is.
pub fn examples() -> anyhow::Result<PathBuf> {
    Ok(build_directory()?.with_file_name("examples"))
}

/// The path of something that `.ci/examples` builds.
///
/// # Errors
/// It was not built. The error names the command that builds it.
pub fn built(name: &str) -> anyhow::Result<PathBuf> {
    let path = examples()?.join(name);
    if !path.exists() {
        bail!("{} is missing; `.ci/wasm && .ci/examples` builds it", path.display());
    }
    Ok(path)
}

/// The route tables of several applications in one text, as `headcount serve --routes` reads it.
///
/// # Errors
/// One of them was not built.
pub fn tables(applications: &[&str]) -> anyhow::Result<String> {
    let table = |name: &&str| -> anyhow::Result<String> {
        let path = built(&format!("{name}.routes"))?;
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    applications.iter().map(table).collect()
}

/// An application at an origin of its own, which posts its views to `/stats` or `/stats-of-mine/stats`. The
/// server ends when this is dropped.
#[derive(Debug)]
pub struct ExampleSite {
    address: SocketAddr,
    kept: PostedBodies,
    task: JoinHandle<std::io::Result<()>>,
}

/// The bodies of all posted views, in the order of arrival.
type PostedBodies = Arc<Mutex<Vec<Bytes>>>;

impl ExampleSite {
    /// Serves a built application, answers that statistics are on, and stores its views.
    ///
    /// # Errors
    /// It was not built, or the address is taken.
    pub async fn keeping(application: &str, listen: SocketAddr) -> anyhow::Result<Self> {
        Self::keeping_of(&built(application)?, listen).await
    }

    /// Serves a directory in the same way.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn keeping_of(directory: &Path, listen: SocketAddr) -> anyhow::Result<Self> {
        let kept = PostedBodies::default();
        let stats = get(StatusCode::NO_CONTENT).post(keep).with_state(Arc::clone(&kept));
        Self::start(directory, listen, stats, kept).await
    }

    /// Serves a built application and forwards the requests of its tracker to a server, as a proxy in front
    /// of both would.
    ///
    /// # Errors
    /// It was not built, or the address is taken.
    pub async fn passing_on(
        application: &str,
        listen: SocketAddr,
        server: &HeadcountProcess,
    ) -> anyhow::Result<Self> {
        let upstream = UpstreamServer { client: http::client()?, stats: server.url("stats").into() };
        let stats = get(pass_question_on).post(pass_on).with_state(upstream);
        Self::start(&built(application)?, listen, stats, PostedBodies::default()).await
    }

    async fn start(
        directory: &Path,
        listen: SocketAddr,
        stats: MethodRouter,
        kept: PostedBodies,
    ) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr().context("the site has no address")?;
        // Other paths are pages of the application.
        let files = ServeDir::new(directory).fallback(ServeFile::new(directory.join("index.html")));
        let router = Router::new()
            .route("/stats", stats.clone())
            .route("/stats-of-mine/stats", stats)
            .fallback_service(files);
        let task = tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, kept, task })
    }

    /// The URL of a path, given with a leading slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The stored views, in the order of arrival.
    ///
    /// # Errors
    /// One of them is not what a server takes.
    pub fn views(&self) -> anyhow::Result<Vec<BrowserEvent>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|body| BrowserEvent::parse(body).context("an invalid event")).collect()
    }
}

impl Drop for ExampleSite {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(State(kept): State<PostedBodies>, body: Bytes) -> StatusCode {
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(body);
    StatusCode::NO_CONTENT
}

/// The server that views are forwarded to.
#[derive(Clone)]
struct UpstreamServer {
    client: Client,
    stats: Arc<str>,
}

async fn pass_question_on(State(upstream): State<UpstreamServer>) -> StatusCode {
    let answer = upstream.client.get(&*upstream.stats).send().await;
    answer.map_or(StatusCode::BAD_GATEWAY, |answer| answer.status())
}

async fn pass_on(State(upstream): State<UpstreamServer>, body: Bytes) -> StatusCode {
    let answer = upstream.client.post(&*upstream.stats).body(body).send().await;
    answer.map_or(StatusCode::BAD_GATEWAY, |answer| answer.status())
}
