//! Downloads what a collector publishes of its fleet.
//!
//! The requests are the same for every installation: the same tables, whole, in the same order, with nothing
//! in them that tells who asks. After a download that succeeded there is none for a day, unless statistics are
//! started again meanwhile: what was downloaded is kept in memory alone.

use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use headcount_outbound::{ConnectionFailure, client_in, tls_config};
use headcount_platform::{clock::Clock, lock::lock};
use headcount_shared::{
    api::{PublishedTableAnswer, PublishedTableRelease},
    json::StrictJson,
    limits::{NAME_BYTES, VERSION_BYTES},
    product::ProductName,
};
use reqwest::{Client, StatusCode, Url, redirect};
use rustls::client::Resumption;
use thiserror::Error;
use tokio::sync::Mutex as AsyncMutex;

/// The tables that are downloaded, in this order.
pub const COMPARED_TABLES: [&str; 10] = [
    "nodes",
    "applications",
    "databases",
    "integrations",
    "alerting_destinations",
    "clouds",
    "services",
    "instrumented_services",
    "cpu_usage",
    "memory_usage",
];

/// The path of a collector for reports, beside which it publishes.
const REPORTS: &str = "/ce/usage-statistics";

/// The longest day, such as `2026-11-22`.
const DAY_BYTES: usize = 10;

const DAY: Duration = Duration::from_secs(24 * 3600);
const AFTER_FAILURE: Duration = Duration::from_secs(60);
/// How long a whole download may take.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest table. A year of releases with twenty versions has a quarter of it.
const TABLE_BYTES: usize = 4 * 1024 * 1024;

/// Why there are no tables. Names no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DownloadFailure {
    /// There was no connection, or it broke.
    #[error("the collector cannot be reached: {0}")]
    Unreachable(&'static str),
    /// It took too long.
    #[error("the collector did not answer in time")]
    TimedOut,
    /// The collector refused.
    #[error("the collector answers {0}")]
    Status(u16),
    /// The answer is none of a collector, or too large.
    #[error("what the collector answers is no published table")]
    NoTable,
}

impl From<ConnectionFailure> for DownloadFailure {
    fn from(failure: ConnectionFailure) -> Self {
        match failure {
            ConnectionFailure::Unreachable(reason) => Self::Unreachable(reason),
            ConnectionFailure::TimedOut => Self::TimedOut,
        }
    }
}

impl From<reqwest::Error> for DownloadFailure {
    fn from(error: reqwest::Error) -> Self {
        ConnectionFailure::from(error).into()
    }
}

/// The published tables of one collector, as far as they were downloaded.
#[derive(Debug)]
pub struct PublishedFleetTables {
    collector: Url,
    product: Option<ProductName>,
    clock: Arc<dyn Clock>,
    client: OnceLock<Client>,
    downloaded: Mutex<DownloadedTables>,
    /// Held during a download, so that many requests are one.
    downloading: AsyncMutex<()>,
}

/// What was downloaded, and when.
#[derive(Debug, Clone, Default)]
pub struct DownloadedTables {
    /// When the last download succeeded, in Unix seconds.
    pub at: Option<u64>,
    /// Why the last one did not.
    pub failure: Option<DownloadFailure>,
    /// The tables, each with its newest release alone; none if nothing is published.
    pub tables: Arc<Vec<PublishedTableAnswer>>,
    /// When the next download may begin, on the clock that never jumps.
    not_before: Duration,
}

impl PublishedFleetTables {
    /// The tables of the collector that receives reports at an address. Downloads nothing yet.
    #[must_use]
    pub fn new(collector: Url, product: Option<ProductName>, clock: Arc<dyn Clock>) -> Self {
        Self {
            collector,
            product,
            clock,
            client: OnceLock::new(),
            downloaded: Mutex::default(),
            downloading: AsyncMutex::default(),
        }
    }

    /// The origin that is asked.
    #[must_use]
    pub fn origin(&self) -> String {
        self.collector.origin().ascii_serialization()
    }

    /// What was downloaded so far. Waits for no download.
    #[must_use]
    pub fn downloaded(&self) -> DownloadedTables {
        lock(&self.downloaded).clone()
    }

    /// Downloads the tables, unless they were downloaded within a day or could not be within a minute.
    /// Dropping the future ends the download.
    pub async fn download(&self) -> DownloadedTables {
        let _only_one = self.downloading.lock().await;
        let now = self.clock.monotonic();
        let before = self.downloaded();
        if now < before.not_before {
            return before;
        }
        let fetched = tokio::time::timeout(DOWNLOAD_TIMEOUT, self.fetch()).await;
        let downloaded = match fetched.unwrap_or(Err(DownloadFailure::TimedOut)) {
            Ok(tables) => DownloadedTables {
                at: Some(self.clock.wall().as_secs()),
                failure: None,
                tables: Arc::new(tables),
                not_before: now + DAY,
            },
            Err(failure) => {
                DownloadedTables { failure: Some(failure), not_before: now + AFTER_FAILURE, ..before }
            }
        };
        lock(&self.downloaded).clone_from(&downloaded);
        downloaded
    }

    async fn fetch(&self) -> Result<Vec<PublishedTableAnswer>, DownloadFailure> {
        let client = self.client()?;
        let mut tables = Vec::with_capacity(COMPARED_TABLES.len());
        for table in COMPARED_TABLES {
            let Some(mut answer) = fetch_table(client, self.address(table)).await? else {
                // A collector that does not publish is asked no more; one of another version may lack a table.
                if tables.is_empty() { break } else { continue }
            };
            answer.releases.drain(..answer.releases.len().saturating_sub(1));
            if answer.table != table || !answer.releases.iter().all(is_within_bounds) {
                return Err(DownloadFailure::NoTable);
            }
            tables.push(answer);
        }
        Ok(tables)
    }

    /// The address of a table: without what an operator may have put into the address for reports.
    fn address(&self, table: &str) -> Url {
        let mut url = self.collector.clone();
        // These fail only for addresses without a host, which have neither.
        let _is_bare = url.set_username("").and_then(|()| url.set_password(None));
        url.set_fragment(None);
        let prefix = self.collector.path().strip_suffix(REPORTS).unwrap_or_default();
        url.set_path(&format!("{prefix}/public/fleet/tables/{table}"));
        url.set_query(None);
        if let Some(product) = &self.product {
            url.query_pairs_mut().append_pair("product", product.as_str());
        }
        url
    }

    fn client(&self) -> Result<&Client, DownloadFailure> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut tls = tls_config().map_err(DownloadFailure::Unreachable)?;
        // A resumed session would show that two downloads come from one installation.
        tls.resumption = Resumption::disabled();
        let client = client_in(&self.client, |client| {
            client
                .tls_backend_preconfigured(tls)
                // Without the version, which would tell some installations from others.
                .user_agent("headcount")
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(redirect::Policy::none())
                .pool_max_idle_per_host(0)
        });
        Ok(client?)
    }
}

/// Whether the texts of a release that are shown are as short as those that a collector accepts.
fn is_within_bounds(release: &PublishedTableRelease) -> bool {
    let is_short = |text: &Option<String>, most: usize| text.as_ref().is_none_or(|text| text.len() <= most);
    let mut cells = release.cells.iter();
    release.release.day.len() <= DAY_BYTES
        && cells.all(|cell| is_short(&cell.label, NAME_BYTES) && is_short(&cell.version, VERSION_BYTES))
}

/// A table; `None` if nothing is published there.
async fn fetch_table(client: &Client, url: Url) -> Result<Option<PublishedTableAnswer>, DownloadFailure> {
    let mut response = client.get(url).send().await?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Ok(None),
        other => return Err(DownloadFailure::Status(other.as_u16())),
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > TABLE_BYTES {
            return Err(DownloadFailure::NoTable);
        }
        body.extend_from_slice(&chunk);
    }
    let table = serde_json::from_slice(&body).map(|StrictJson(table)| Some(table));
    table.map_err(|_| DownloadFailure::NoTable)
}

#[cfg(test)]
mod tests {
    use headcount_platform::clock::SystemClock;
    use serde_json::{Value, json};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_util::sync::CancellationToken;

    use super::*;

    const NOTHING: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    fn published(table: &str, releases: usize) -> String {
        answer_of(table, &vec![release("2026-11-22", &json!([])); releases])
    }

    /// The first table, with one cell.
    fn published_of(day: &str, label: &str) -> String {
        let cell = json!({"version": null, "label": label, "installations": 90, "of_installations": 900,
            "sum": null, "percentiles": []});
        answer_of(COMPARED_TABLES[0], &[release(day, &json!([cell]))])
    }

    fn release(day: &str, cells: &Value) -> Value {
        json!({"day": day, "stage": "final", "released_at": 1, "installations": 900, "folded_versions": 0,
            "folded_names": 0, "cells": cells, "without_number": []})
    }

    fn answer_of(table: &str, releases: &[Value]) -> String {
        let rule = json!({"smallest_group": 10, "noise_sd": 25.0, "noise_cut": 75, "shown_from": 85,
            "release_every_days": 7, "provisional_after_days": 2, "final_after_days": 15, "counted_from_day": 3});
        let body = json!({"product": "coroot", "table": table, "from": "", "to": "", "version": null,
            "rule": rule, "releases": releases});
        let body = body.to_string();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    }

    /// A collector that gives a raw answer for the name of each table. Its origin, and the requests as they
    /// came.
    async fn answering(
        answer: impl Fn(&str) -> String + Send + 'static,
    ) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                let request = String::from_utf8(request).unwrap();
                let table =
                    request.split(['/', '?', ' ']).skip_while(|part| *part != "tables").nth(1).unwrap();
                let answered = answer(table);
                seen.lock().unwrap().push(request);
                stream.write_all(answered.as_bytes()).await.ok();
            }
        });
        (origin, requests)
    }

    fn source(collector: &str, product: Option<&str>) -> PublishedFleetTables {
        let product = product.map(|product| product.parse().unwrap());
        PublishedFleetTables::new(collector.parse().unwrap(), product, Arc::new(SystemClock::new()))
    }

    #[tokio::test]
    async fn every_installation_sends_the_same_requests() {
        let (origin, requests) = answering(|table| published(table, 1)).await;
        let host = origin.strip_prefix("http://").unwrap();
        let addresses = [
            format!("{origin}/ce/usage-statistics"),
            format!("http://mine:swordfish@{host}/ce/usage-statistics?installation=7#mine"),
        ];
        let mut sent = Vec::new();
        for address in &addresses {
            assert!(source(address, None).download().await.failure.is_none());
            sent.push(std::mem::take(&mut *requests.lock().unwrap()));
        }
        let expected: Vec<String> = COMPARED_TABLES
            .iter()
            .map(|table| {
                format!(
                    "GET /public/fleet/tables/{table} HTTP/1.1\r\naccept: */*\r\nuser-agent: headcount\r\nhost: {host}\r\n\r\n"
                )
            })
            .collect();
        assert_eq!(sent, [expected.clone(), expected]);
    }

    #[tokio::test]
    async fn a_product_asks_for_its_own_tables_below_the_path_of_its_collector() {
        let (origin, requests) = answering(|_| NOTHING.to_owned()).await;
        let downloaded =
            source(&format!("{origin}/fleet/ce/usage-statistics"), Some("a-shop")).download().await;
        assert!(downloaded.failure.is_none() && downloaded.at.is_some() && downloaded.tables.is_empty());
        let requests = requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "where nothing is published, nothing more is asked");
        assert!(requests[0].starts_with("GET /fleet/public/fleet/tables/nodes?product=a-shop HTTP/1.1\r\n"));
    }

    #[tokio::test]
    async fn one_download_a_day_keeps_the_newest_release_of_each_table() {
        let (origin, requests) = answering(|table| published(table, 3)).await;
        let source = source(&origin, None);
        assert!(source.downloaded().at.is_none());
        for _ in 0..3 {
            let downloaded = source.download().await;
            assert_eq!(downloaded.tables.len(), COMPARED_TABLES.len());
            assert!(downloaded.tables.iter().all(|table| table.releases.len() == 1));
        }
        assert_eq!(requests.lock().unwrap().len(), COMPARED_TABLES.len());
    }

    #[tokio::test]
    async fn who_only_looks_waits_for_no_download_and_a_download_can_be_stopped() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let source = source(&format!("http://{}", listener.local_addr().unwrap()), None);
        let stop = CancellationToken::new();
        let look_and_stop = async {
            let silent = listener.accept().await.unwrap();
            assert!(source.downloaded().at.is_none());
            stop.cancel();
            silent
        };
        let (downloaded, _silent) = tokio::join!(stop.run_until_cancelled(source.download()), look_and_stop);
        assert!(downloaded.is_none() && source.downloaded().failure.is_none());
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said_without_an_address() {
        let large = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[{}]", " ".repeat(TABLE_BYTES));
        for (answer, failure) in [
            ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".to_owned(), DownloadFailure::Status(503)),
            (
                "HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".to_owned(),
                DownloadFailure::Status(301),
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>".to_owned(), DownloadFailure::NoTable),
            (large, DownloadFailure::NoTable),
            (published("clouds", 1), DownloadFailure::NoTable),
            (published_of(&"2".repeat(DAY_BYTES + 1), "x"), DownloadFailure::NoTable),
            (published_of("2026-11-22", &"x".repeat(NAME_BYTES + 1)), DownloadFailure::NoTable),
        ] {
            let (origin, requests) = answering(move |_| answer.clone()).await;
            let source = source(&origin, None);
            for _ in 0..2 {
                assert_eq!(source.download().await.failure, Some(failure));
            }
            assert_eq!(requests.lock().unwrap().len(), 1, "it is not asked again at once");
        }
        let failure = source("http://127.0.0.1:9/", None).download().await.failure;
        assert_eq!(failure, Some(DownloadFailure::Unreachable("connection refused")));
    }
}
