//! Sets up a test: a directory of its own, a server and a collector in it, and requests to both.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, Metadata},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use headcount_harness::{
    address, http, processes::HeadcountProcess, program::HeadcountProgram, test_run, wait::eventually,
};
use headcount_shared::{
    api::{CollectorReport, CollectorReportPage, ReportEntries, ReportEntry, Status, WouldForget},
    event::{BrowserEvent, EventKind},
    payload::Payload,
};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) use headcount_harness::wait::SOON;
pub(crate) use headcount_shared::breakpoint::Breakpoint;

/// A temporary directory, and a client that sends the admin token.
pub(crate) struct TestSetup {
    directory: TempDir,
    pub(crate) http: Client,
}

/// The browser activity of reports, added up.
///
/// Browsers have pseudonyms in reports, so totals compare the numbers of different browsers. Each event comes
/// from a new browser ([`event`]), so that one that is lost or in two reports makes a difference.
#[derive(Debug, Default)]
pub(crate) struct BrowserTotals {
    pub(crate) page_views: BTreeMap<String, u64>,
    pub(crate) users: BTreeSet<Uuid>,
}

impl PartialEq for BrowserTotals {
    fn eq(&self, other: &Self) -> bool {
        self.page_views == other.page_views && self.users.len() == other.users.len()
    }
}

impl BrowserTotals {
    pub(crate) fn add(&mut self, report: &Payload) {
        for (page, views) in &report.ux.page_views {
            *self.page_views.entry(page.clone()).or_default() += views;
        }
        self.users.extend(&report.ux.users);
    }

    pub(crate) fn count(&mut self, event: &BrowserEvent) {
        *self.page_views.entry(event.path.clone()).or_default() += 1;
        self.users.insert(event.device_id);
    }
}

/// Returns an event of a new browser.
pub(crate) fn event(path: &str) -> BrowserEvent {
    BrowserEvent {
        kind: EventKind::RouteOpen,
        device_id: Uuid::new_v4(),
        device_size: Breakpoint::Lg,
        path: path.to_owned(),
        ephemeral: false,
    }
}

/// Returns a loopback address that no other test uses, so that its port is free again after a process ends.
pub(crate) fn own_address() -> SocketAddr {
    address::own_address().unwrap()
}

impl TestSetup {
    pub(crate) fn new() -> Self {
        Self { directory: test_run::temporary_directory().unwrap(), http: http::operator().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn collector(&self) -> HeadcountProgram {
        HeadcountProgram::collect(self.path("collector")).listen(own_address())
    }

    /// A server that reports to `collector`, for the first time after an hour.
    pub(crate) fn server(&self, collector: &HeadcountProcess) -> HeadcountProgram {
        self.server_to(&collector.url("ce/usage-statistics"))
    }

    pub(crate) fn server_to(&self, collector_url: &str) -> HeadcountProgram {
        HeadcountProgram::serve(self.path("server"))
            .listen(own_address())
            .flag("--collector-url", collector_url)
            .flag("--first-report-after", "1h")
    }

    /// Restarts a server so that it reports at once, and then not for an hour. Returns the id and the bytes
    /// of that report as they arrived.
    pub(crate) async fn report_now(
        &self,
        server: HeadcountProcess,
        collector: &HeadcountProcess,
    ) -> (HeadcountProcess, String, Vec<u8>) {
        let earlier = self.stored(collector).await.len();
        server.stop().await.unwrap();
        let program = HeadcountProgram::serve(self.path("server"))
            .flag("--collector-url", collector.url("ce/usage-statistics"))
            .flag("--first-report-after", "0s");
        let server = program.start().await.unwrap();
        let report = eventually("the report arrives", SOON, async || {
            self.stored(collector).await.into_iter().nth(earlier)
        });
        let id = report.await.unwrap().id;
        let bytes = self.stored_bytes(collector, &id).await;
        (server, id, bytes)
    }

    /// A server that reports every second, from now on.
    pub(crate) fn busy_server_to(&self, collector_url: &str) -> HeadcountProgram {
        self.server_reporting(collector_url, "1s")
    }

    /// A server that reports at this interval, from now on.
    pub(crate) fn server_reporting(&self, collector_url: &str, interval: &str) -> HeadcountProgram {
        HeadcountProgram::serve(self.path("server"))
            .listen(own_address())
            .flag("--collector-url", collector_url)
            .flag("--first-report-after", "0s")
            .flag("--report-interval", interval)
    }

    pub(crate) fn busy_server(&self, collector: &HeadcountProcess) -> HeadcountProgram {
        self.busy_server_to(&collector.url("ce/usage-statistics"))
    }

    pub(crate) async fn get(&self, url: &str) -> Response {
        self.http.get(url).send().await.unwrap()
    }

    /// Sends bytes to a server's `stats`.
    pub(crate) async fn post_bytes(&self, server: &HeadcountProcess, body: impl Into<Vec<u8>>) -> Response {
        self.http.post(server.url("stats")).body(body.into()).send().await.unwrap()
    }

    /// Sends an event and returns the status.
    pub(crate) async fn post(&self, server: &HeadcountProcess, event: &BrowserEvent) -> StatusCode {
        self.post_bytes(server, serde_json::to_vec(event).unwrap()).await.status()
    }

    /// Sends an event and checks that it is accepted.
    pub(crate) async fn view(&self, server: &HeadcountProcess, event: &BrowserEvent) {
        assert_eq!(self.post(server, event).await, StatusCode::NO_CONTENT);
    }

    pub(crate) async fn switch(&self, server: &HeadcountProcess, enabled: bool) -> Response {
        let body = serde_json::to_vec(&json!({ "enabled": enabled })).unwrap();
        let url = server.url("api/usage-statistics");
        self.http.put(url).header("content-type", "application/json").body(body).send().await.unwrap()
    }

    pub(crate) async fn status(&self, server: &HeadcountProcess) -> Status {
        self.get(&server.url("api/usage-statistics")).await.json().await.unwrap()
    }

    /// What switching off now would delete.
    pub(crate) async fn would_forget(&self, server: &HeadcountProcess) -> WouldForget {
        self.get(&server.url("api/usage-statistics/forgets")).await.json().await.unwrap()
    }

    pub(crate) async fn preview(&self, server: &HeadcountProcess) -> Payload {
        let answer = self.get(&server.url("api/usage-statistics/preview")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// The reports that a server lists.
    pub(crate) async fn kept(&self, server: &HeadcountProcess) -> Vec<ReportEntry> {
        let answer = self.get(&server.url("api/usage-statistics/reports")).await;
        answer.json::<ReportEntries>().await.unwrap().reports
    }

    /// The reports that a collector holds, oldest first.
    pub(crate) async fn stored(&self, collector: &HeadcountProcess) -> Vec<CollectorReport> {
        let mut reports = Vec::new();
        let mut after = String::new();
        loop {
            let url = collector.url(&format!("api/reports?limit=1000{after}"));
            let page: CollectorReportPage = self.get(&url).await.json().await.unwrap();
            reports.extend(page.reports);
            let Some(next) = page.next else { return reports };
            after = format!("&after={next}");
        }
    }

    /// A report in a collector, as it was sent.
    pub(crate) async fn stored_bytes(&self, collector: &HeadcountProcess, id: &str) -> Vec<u8> {
        let answer = self.get(&collector.url(&format!("api/reports/{id}"))).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap().into()
    }

    /// The totals of all reports in a collector.
    pub(crate) async fn totals(&self, collector: &HeadcountProcess) -> BrowserTotals {
        let mut totals = BrowserTotals::default();
        for report in self.stored(collector).await {
            totals.add(&serde_json::from_slice(&self.stored_bytes(collector, &report.id).await).unwrap());
        }
        totals
    }

    /// Waits until the server has delivered all counts.
    async fn settled(&self, server: &HeadcountProcess) {
        eventually("everything counted is delivered", SOON, async || {
            let nothing_counted = self.preview(server).await.ux.page_views.is_empty();
            (nothing_counted && self.status(server).await.queued == 0).then_some(())
        })
        .await
        .unwrap();
    }

    /// Waits for all counts and checks that the collector has exactly these.
    pub(crate) async fn assert_arrived(
        &self,
        counted: &BrowserTotals,
        server: &HeadcountProcess,
        collector: &HeadcountProcess,
    ) {
        assert_eq!(self.arrived(counted, server, collector).await, *counted);
    }

    /// Waits until a collector has as much as was counted, and until nothing is left that could arrive twice.
    /// Returns what it has then.
    pub(crate) async fn arrived(
        &self,
        counted: &BrowserTotals,
        server: &HeadcountProcess,
        collector: &HeadcountProcess,
    ) -> BrowserTotals {
        let views = |totals: &BrowserTotals| totals.page_views.values().sum::<u64>();
        eventually("what was counted arrives", SOON, async || {
            (views(&self.totals(collector).await) >= views(counted)).then_some(())
        })
        .await
        .unwrap();
        self.settled(server).await;
        self.totals(collector).await
    }

    /// Waits until a collector has a report, and returns the first one.
    pub(crate) async fn first_report(&self, collector: &HeadcountProcess) -> CollectorReport {
        eventually("a report arrives", SOON, async || self.stored(collector).await.into_iter().next())
            .await
            .unwrap()
    }
}

/// Returns the detail of a problem document, and checks that it is one short sentence.
pub(crate) async fn problem(answer: Response) -> String {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["status"], status);
    let detail = problem["detail"].as_str().unwrap().to_owned();
    assert!((10..200).contains(&detail.len()) && !detail.contains('\n'), "{detail:?}");
    detail
}

/// Unwraps the result of an operation on a file; `None` if a running program has renamed or removed it.
pub(crate) fn if_there<T>(found: io::Result<T>) -> Option<T> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        found => Some(found.unwrap()),
    }
}

/// Every file and directory below `root`, and `root` itself.
pub(crate) fn everything(root: &Path) -> Vec<(PathBuf, Metadata)> {
    let mut found = vec![(root.to_owned(), fs::metadata(root).unwrap())];
    let mut open = vec![root.to_owned()];
    while let Some(next) = open.pop() {
        let entries = if_there(fs::read_dir(next)).into_iter().flatten().filter_map(if_there);
        for path in entries.map(|entry| entry.path()) {
            let Some(metadata) = if_there(fs::symlink_metadata(&path)) else { continue };
            if metadata.is_dir() {
                open.push(path.clone());
            }
            found.push((path, metadata));
        }
    }
    found
}

/// The relative paths of all files below a directory.
pub(crate) fn files(directory: &Path) -> BTreeSet<String> {
    let files = everything(directory).into_iter().filter(|(_, metadata)| !metadata.is_dir());
    files.map(|(path, _)| path.strip_prefix(directory).unwrap().to_string_lossy().into_owned()).collect()
}

/// Copies a directory with all that is below it.
pub(crate) fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let copy = to.join(&file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(from.join(&file), copy).unwrap();
    }
}
