//! Tests of fetching and storing the price list.

use std::{
    fs,
    io::Write,
    path::Path,
    sync::atomic::{AtomicU16, AtomicU32, Ordering},
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use headcount_outbound::{ForbiddenTarget, TargetPolicy};
use headcount_platform::disk::{
    DiskDirectory,
    simulated::{CrashKind, SimulatedDisk},
};
use headcount_topology::prices::{HourlyPrice, LifeCycle, is_compressed};
use reqwest::Url;
use tokio::net::TcpListener;

use super::*;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A list with the price of `aws`, `r`, `t` alone.
fn list_with(price: u32) -> Vec<u8> {
    gzip(&format!(r#"{{"aws":{{"compute":{{"r":{{"t":{{"on_demand":{price}}}}}}}}}}}"#))
}

fn price_in(list: &PriceList) -> Option<f64> {
    list.current().machine("aws", "r", "t", LifeCycle::OnDemand).map(HourlyPrice::dollars)
}

/// A server with one list.
#[derive(Debug, Default)]
struct PriceServer {
    price: AtomicU32,
    status: AtomicU16,
    /// The headers `If-Modified-Since` of the requests.
    asked: Mutex<Vec<Option<String>>>,
}

impl PriceServer {
    async fn start() -> (Arc<Self>, PriceSource) {
        let serving = Arc::new(Self { price: 1.into(), status: 200.into(), ..Self::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/list.json.gz", listener.local_addr().unwrap());
        let answering = Arc::clone(&serving);
        let handler = move |headers: HeaderMap| std::future::ready(answering.answer(&headers));
        let router = Router::new().route("/list.json.gz", get(handler));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (serving, PriceSource::new(&Url::parse(&url).unwrap(), TargetPolicy::default()).unwrap())
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let since = headers.get(header::IF_MODIFIED_SINCE).map(|since| since.to_str().unwrap().to_owned());
        let price = self.price.load(Ordering::SeqCst);
        let modified = format!("change {price}");
        let unchanged = since.as_deref() == Some(&*modified);
        self.asked.lock().unwrap().push(since);
        match StatusCode::from_u16(self.status.load(Ordering::SeqCst)).unwrap() {
            StatusCode::OK if unchanged => StatusCode::NOT_MODIFIED.into_response(),
            StatusCode::OK => ([(header::LAST_MODIFIED, modified)], list_with(price)).into_response(),
            status => status.into_response(),
        }
    }

    fn asked(&self) -> Vec<Option<String>> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn again(source: &PriceSource) -> PriceSource {
    PriceSource::new(&Url::parse(&source.url).unwrap(), TargetPolicy::default()).unwrap()
}

#[tokio::test]
async fn a_list_is_fetched_when_it_was_changed_and_stays_over_a_restart() {
    let (serving, source) = PriceServer::start().await;
    let disk = Arc::new(SimulatedDisk::default());
    let list = PriceList::open(again(&source), Arc::clone(&disk) as Arc<dyn DataDisk>);
    assert_eq!(list.current().number_of_prices(), 0);
    list.refresh().await.unwrap();
    list.refresh().await.unwrap();
    assert_eq!(price_in(&list), Some(1.0));
    let list = PriceList::open(again(&source), Arc::clone(&disk) as Arc<dyn DataDisk>);
    assert_eq!(price_in(&list), Some(1.0));
    serving.price.store(2, Ordering::SeqCst);
    list.refresh().await.unwrap();
    assert_eq!(price_in(&list), Some(2.0));
    let change = |number| Some(format!("change {number}"));
    assert_eq!(serving.asked(), [None, change(1), change(1)]);
    // Another address has other dates.
    let moved = PriceSource::new(&Url::parse(&format!("{}?a", source.url)).unwrap(), TargetPolicy::default())
        .unwrap();
    PriceList::open(moved, disk).refresh().await.unwrap();
    assert_eq!(serving.asked(), [None]);
}

#[tokio::test]
async fn a_damaged_list_is_fetched_again() {
    let (serving, source) = PriceServer::start().await;
    let disk = Arc::new(SimulatedDisk::default());
    PriceList::open(again(&source), Arc::clone(&disk) as Arc<dyn DataDisk>).refresh().await.unwrap();
    disk.spoil("cloud-pricing/cloud-pricing.json.gz", b"half");
    let list = PriceList::open(source, disk);
    assert_eq!(list.current().number_of_prices(), 0);
    list.refresh().await.unwrap();
    assert_eq!(price_in(&list), Some(1.0));
    assert_eq!(serving.asked(), [None, None]);
}

#[tokio::test]
async fn a_redirect_to_a_metadata_service_is_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/list.json.gz", listener.local_addr().unwrap());
    let elsewhere = || std::future::ready(Redirect::to("http://169.254.169.254/latest/meta-data/"));
    let router = Router::new().route("/list.json.gz", get(elsewhere));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let source = PriceSource::new(&Url::parse(&url).unwrap(), TargetPolicy::Guarded).unwrap();
    let list = PriceList::open(source, Arc::new(SimulatedDisk::default()));
    assert_eq!(list.refresh().await, Err(PriceFetchError::Unreachable(ForbiddenTarget::REASON)));
}

#[tokio::test]
async fn the_old_list_stays_when_there_is_no_new_one() {
    let (serving, source) = PriceServer::start().await;
    let list = PriceList::open(source, Arc::new(SimulatedDisk::default()));
    list.refresh().await.unwrap();
    serving.price.store(0, Ordering::SeqCst);
    assert_eq!(list.refresh().await, Err(PriceFetchError::NoPrices(InvalidPriceList)));
    serving.status.store(503, Ordering::SeqCst);
    assert_eq!(list.refresh().await, Err(PriceFetchError::Refused(503)));
    assert_eq!(price_in(&list), Some(1.0));
    assert_eq!(list.progress().failures, 2);
    serving.status.store(200, Ordering::SeqCst);
    serving.price.store(3, Ordering::SeqCst);
    list.refresh().await.unwrap();
    assert_eq!(price_in(&list), Some(3.0));
    assert_eq!(list.progress().failures, 0);
}

#[tokio::test]
async fn a_full_disk_costs_only_the_next_start() {
    let (_serving, source) = PriceServer::start().await;
    let disk = Arc::new(SimulatedDisk::default());
    disk.refuse_writes(true);
    let list = PriceList::open(source, disk);
    list.refresh().await.unwrap();
    assert_eq!(price_in(&list), Some(1.0));
}

#[test]
fn a_date_is_never_kept_beside_the_list_of_another() {
    let fetched =
        |price| FetchedPriceList { bytes: list_with(price), modified: Some(format!("change {price}")) };
    for crash in [CrashKind::Kill, CrashKind::PowerCut] {
        for steps in 0.. {
            let disk = SimulatedDisk::default();
            let kept = PriceListFile(Arc::new(disk.clone()));
            kept.store("u", fetched(1)).unwrap();
            disk.crash_after(steps);
            let stored = kept.store("u", fetched(2)).is_ok();
            disk.restart(crash);
            let (prices, modified) = kept.load("u").unwrap();
            let price = prices.machine("aws", "r", "t", LifeCycle::OnDemand).unwrap().dollars();
            assert!(
                modified.is_none_or(|modified| modified == format!("change {price}")),
                "{crash:?} {steps}"
            );
            if stored {
                break;
            }
        }
    }
}

fn file_source(path: &Path) -> PriceSource {
    PriceSource::new(&Url::from_file_path(path).unwrap(), TargetPolicy::default()).unwrap()
}

#[tokio::test]
async fn a_file_is_a_source_and_what_came_from_it_is_kept_compressed() {
    let dir = tempfile::tempdir().unwrap();
    let (file, data) = (dir.path().join("list.json"), dir.path().join("data"));
    fs::create_dir(&data).unwrap();
    fs::write(&file, r#"{"aws":{"compute":{"us-east-1":{"m5.large":{"on_demand":0.36,"spot":0.18}}}}}"#)
        .unwrap();
    let list = PriceList::open(file_source(&file), Arc::new(DiskDirectory::new(&data)));
    list.refresh().await.unwrap();
    assert_eq!(list.current().number_of_prices(), 1);
    assert!(is_compressed(&fs::read(data.join("cloud-pricing/cloud-pricing.json.gz")).unwrap()));
    fs::remove_file(&file).unwrap();
    let error = list.refresh().await.unwrap_err();
    assert_eq!(error.to_string(), "the file cannot be read: entity not found");
    let list = PriceList::open(file_source(&file), Arc::new(DiskDirectory::new(&data)));
    assert_eq!(list.current().number_of_prices(), 1);
}

#[test]
fn what_is_no_address_of_a_list_is_refused() {
    for url in ["ftp://a/b", "file://other-host/b", "data:,x"] {
        assert_eq!(
            PriceSource::new(&Url::parse(url).unwrap(), TargetPolicy::default()).err(),
            Some(InvalidPriceSource),
            "{url}"
        );
    }
}

#[tokio::test]
async fn where_nobody_listens_there_is_no_list_and_the_text_names_no_address() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let list = PriceList::open(
        PriceSource::new(&url, TargetPolicy::default()).unwrap(),
        Arc::new(SimulatedDisk::default()),
    );
    let error = list.refresh().await.unwrap_err();
    assert_eq!(error.to_string(), "its server cannot be reached: connection refused");
    assert!(!format!("{list:?}").contains("127.0.0.1"));
}

#[test]
fn pauses_grow_to_an_hour() {
    let pause = |failures| pause_after(failures, FIRST_PAUSE, LONGEST_PAUSE);
    let minutes: Vec<u64> = (1..10).map(|failures| pause(failures).as_secs() / 60).collect();
    assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_before_prices_are_needed_then_once_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("list.json");
    let list = Arc::new(PriceList::open(file_source(&file), Arc::new(SimulatedDisk::default())));
    let (stop, needed) = (CancellationToken::new(), Arc::new(Notify::new()));
    let running = tokio::spawn({
        let (list, stop, needed) = (Arc::clone(&list), stop.clone(), Arc::clone(&needed));
        async move { list.run(&stop, &needed).await }
    });
    let after = async |seconds: u64| tokio::time::sleep(Duration::from_secs(seconds)).await;
    after(1_000_000).await;
    assert_eq!(list.progress().failures, 0);
    needed.notify_one();
    after(1).await;
    assert_eq!(list.progress().failures, 1);
    fs::write(&file, list_with(1)).unwrap();
    after(58).await;
    assert_eq!(price_in(&list), None);
    after(2).await;
    assert_eq!(price_in(&list), Some(1.0));
    fs::write(&file, list_with(2)).unwrap();
    after(24 * 3600 - 10).await;
    assert_eq!(price_in(&list), Some(1.0));
    after(20).await;
    assert_eq!(price_in(&list), Some(2.0));
    stop.cancel();
    running.await.unwrap();
}
