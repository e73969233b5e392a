//! Measures the memory of a server after an hour of browsing.
//!
//! A browser walks over all pages and notes what it asks for when a page opens, and every half minute after that. The
//! requests of an hour are sent as soon as the server has new answers of Prometheus, so that every refresh of a page
//! needs a new world, as it does after half a minute.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, ensure};
use headcount_harness::{
    browser::Browser,
    wait::{SOON, eventually},
};
use headcount_measures::{MeasureRun, SortedFigures};
use procfs::process::Process;
use reqwest::{Method, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;
use tokio::task::{JoinHandle, JoinSet};

use super::observed_server::ObservedServer;

/// How often a page that is open in an hour asks again.
const REFRESHES: usize = 120;

/// How often Prometheus is asked: as usual, and as often as possible.
const USUAL: Duration = Duration::from_secs(30);
const OFTEN: Duration = Duration::from_secs(1);

/// Longer than a world is kept after the last question.
const DROPPED: Duration = Duration::from_secs(30);

/// How long memory is watched for the median, and how often it is looked at. Two rounds of queries are in it.
const WATCHED: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// How long a page asks for nothing more before it counts as complete.
const QUIET: Duration = Duration::from_secs(2);

/// Notes all requests of programs.
const NOTED: &str = "
    window.asked = []
    const fetched = window.fetch
    window.fetch = (address, options) => {
        asked.push({
            method: options?.method ?? 'GET',
            url: new URL(address?.url ?? address, location.href).href,
            body: options?.body ?? null,
        })
        return fetched(address, options)
    }";

/// What was asked for since the last call.
const ASKED: &str = "return asked.splice(0)";

/// What the browser itself asked for.
const FILES: &str = "return performance.getEntriesByType('resource')
    .filter(entry => !['fetch', 'beacon', 'xmlhttprequest'].includes(entry.initiatorType))
    .map(entry => ({ method: 'GET', url: entry.name, body: null }))";

/// Half a minute passes at once.
const ASKED_AGAIN: &str = "const now = Date.now; Date.now = () => now() + 31_000";

/// A request of a browser.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct BrowserRequest {
    method: String,
    url: String,
    body: Option<String>,
}

/// What a page asks for.
struct PageRequests {
    opened: Vec<BrowserRequest>,
    again: Vec<BrowserRequest>,
}

/// Measures and prints what an hour of browsing adds, and the memory at its highest meanwhile.
pub(crate) async fn measure(
    browser: &Browser,
    server: &ObservedServer,
    measures: &mut MeasureRun,
) -> anyhow::Result<()> {
    println!("\nan hour of browsing");
    let pages = noted_requests(browser, server).await?;
    browser.goto("about:blank").await;
    tokio::time::sleep(DROPPED).await;
    let idle = watched(server).await?;
    println!("  resident before                          {idle} MiB");

    server.refresh_every(OFTEN).await?;
    let peak = PeakMemory::watch(server)?;
    let (began, mut sent, mut worlds) = (tokio::time::Instant::now(), 0, BTreeSet::new());
    let each = REFRESHES.div_ceil(pages.len());
    for PageRequests { opened, again } in &pages {
        for requests in [opened].into_iter().chain(std::iter::repeat_n(again, each)) {
            worlds.insert(newer_answers(server, worlds.last().copied()).await?);
            sent += requests.len();
            send(server, requests).await?;
        }
    }
    let highest = peak.mib();
    drop(peak);
    println!("  {sent} requests to {} worlds in {} s", worlds.len(), began.elapsed().as_secs());

    server.refresh_every(USUAL).await?;
    tokio::time::sleep(DROPPED).await;
    let after = watched(server).await?;
    println!("  resident after                           {after} MiB");
    measures.record("interface: MiB that an hour of browsing adds", after.median() - idle.median())?;
    measures.record("interface: MiB that it adds at its highest", highest - idle.median())
}

/// What each page asks for, as a browser does it.
async fn noted_requests(browser: &Browser, server: &ObservedServer) -> anyhow::Result<Vec<PageRequests>> {
    let added = browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": NOTED })).await;
    let mut all = Vec::new();
    for page in server.pages() {
        server.show(browser, &page).await;
        let url = server.process.url(&page);
        let mut opened = vec![BrowserRequest { method: "GET".to_owned(), url, body: None }];
        opened.extend(asked(browser).await?);
        opened.extend(serde_json::from_value::<Vec<_>>(browser.run(FILES).await)?);
        browser.run(ASKED_AGAIN).await;
        let again = asked(browser).await?;
        println!("    /{page:<60} {} requests when it opens, {} later", opened.len(), again.len());
        all.push(PageRequests { opened, again });
    }
    ensure!(all.iter().any(|page| !page.again.is_empty()), "no page asks again");
    let identifier = json!({ "identifier": added["identifier"] });
    browser.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier).await;
    Ok(all)
}

/// The requests of the page until it asks for nothing more.
async fn asked(browser: &Browser) -> anyhow::Result<Vec<BrowserRequest>> {
    let mut all = Vec::new();
    loop {
        tokio::time::sleep(QUIET).await;
        let more: Vec<BrowserRequest> = serde_json::from_value(browser.run(ASKED).await)?;
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}

/// Waits for answers of Prometheus that are newer than those of a moment, and returns their time.
async fn newer_answers(server: &ObservedServer, before: Option<u64>) -> anyhow::Result<u64> {
    eventually("Prometheus has answered anew", SOON, async || {
        let at = server.observation().await.ok()?["answered_at"].as_u64();
        at.filter(|at| before.is_none_or(|before| *at > before))
    })
    .await
}

/// Sends requests as a browser does, all at once.
async fn send(server: &ObservedServer, requests: &[BrowserRequest]) -> anyhow::Result<()> {
    let mut answers = JoinSet::new();
    for BrowserRequest { method, url, body } in requests {
        let request = server.client.request(Method::from_bytes(method.as_bytes())?, url);
        let request = match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
            None => request,
        };
        answers.spawn(async move {
            let answer = request.send().await?;
            let (status, url) = (answer.status(), answer.url().clone());
            answer.bytes().await?;
            ensure!(status.is_success(), "{url} is answered with {status}");
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(answered) = answers.join_next().await {
        answered.context("a request ended")??;
    }
    Ok(())
}

/// Memory over two rounds of queries.
async fn watched(server: &ObservedServer) -> anyhow::Result<SortedFigures> {
    let process = process(server)?;
    let mut figures = Vec::new();
    let end = tokio::time::Instant::now() + WATCHED;
    while tokio::time::Instant::now() < end {
        figures.push(resident_mib(&process)?);
        tokio::time::sleep(LOOK).await;
    }
    Ok(SortedFigures::new(figures))
}

/// Watches how high memory goes, until this is dropped.
struct PeakMemory {
    highest: Arc<AtomicU64>,
    watching: JoinHandle<()>,
}

impl PeakMemory {
    fn watch(server: &ObservedServer) -> anyhow::Result<Self> {
        let highest = Arc::<AtomicU64>::default();
        let (seen, process) = (Arc::clone(&highest), process(server)?);
        let watching = tokio::spawn(async move {
            while let Ok(memory) = process.statm() {
                seen.fetch_max(memory.resident, Ordering::Relaxed);
                tokio::time::sleep(LOOK).await;
            }
        });
        Ok(Self { highest, watching })
    }

    /// The highest resident memory so far, in MiB.
    fn mib(&self) -> f64 {
        mib(self.highest.load(Ordering::Relaxed))
    }
}

impl Drop for PeakMemory {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

fn process(server: &ObservedServer) -> anyhow::Result<Process> {
    Ok(Process::new(i32::try_from(server.process.id())?)?)
}

fn resident_mib(process: &Process) -> anyhow::Result<f64> {
    Ok(mib(process.statm()?.resident))
}

fn mib(pages: u64) -> f64 {
    (pages * procfs::page_size()) as f64 / (1024.0 * 1024.0)
}
