//! Tests reports from real sources on a simulated disk.

use std::collections::BTreeSet;

use headcount_platform::{
    clock::SystemClock,
    disk::simulated::{CrashKind, SimulatedDisk},
};
use headcount_profiler::saved_costs::SavedCosts;
use headcount_shared::{
    api::ReportState,
    breakpoint::Breakpoint,
    event::{BrowserEvent, EventKind},
    payload::{DatabaseType, InfraSection, Payload},
};

use super::*;
use crate::{
    browsers::BrowserKey,
    report::{
        assemble::FutureFacts,
        deletion_receipts::DeletionReceipts,
        spool::{DeliveryHeaders, SpooledReport},
        transport::{DeliveryFailure, FutureAnswer, ReportTransport},
    },
};

#[derive(Debug)]
struct ProductInstallation;

impl Installation for ProductInstallation {
    fn facts(&self) -> FutureFacts<'_> {
        Box::pin(async {
            Facts { infra: InfraSection { projects: 3, ..InfraSection::default() }, ..Facts::default() }
        })
    }
}

#[derive(Debug)]
struct TimeoutTransport;

impl ReportTransport for TimeoutTransport {
    fn send(&self, _: Uuid, _: SpooledReport) -> FutureAnswer<'_> {
        Box::pin(async { Err(DeliveryFailure::Timeout) })
    }
}

fn reporter(disk: &SimulatedDisk) -> io::Result<Reporter> {
    let spool = Arc::new(Spool::open(Arc::new(disk.clone()))?);
    let browsers =
        PageViewStore::open(Arc::new(disk.clone()), key(), ["/".to_owned()], &|id| spool.holds(id))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let metrics = ProcessMetrics::new();
    let hour = Duration::from_secs(3600);
    let delivery = ReportDelivery::new(
        Arc::clone(&spool),
        Arc::new(DeletionReceipts::open(Arc::new(disk.clone()))?),
        Box::new(TimeoutTransport),
        Arc::clone(&clock),
        metrics.clone(),
        hour,
        || 0.5,
    );
    let sources = ReportSources {
        instance: InstanceSection {
            uuid: Uuid::from_u128(1),
            version: "1".to_owned(),
            database_type: DatabaseType::Sqlite,
        },
        headers: made_by_a_shop(),
        installation: Arc::new(ProductInstallation),
        browsers: Arc::new(browsers),
        process: Arc::new(MeasuredProcess::start(Arc::clone(&clock), false, SavedCosts::default())),
    };
    let schedule = ReportSchedule::new(Duration::ZERO, Some(hour), hour, 0.5);
    Ok(Reporter::new(sources, spool, Arc::new(delivery), clock, metrics, schedule, || 0.5))
}

/// The headers of a product's reports.
fn made_by_a_shop() -> DeliveryHeaders {
    DeliveryHeaders { product: Some("a-shop".parse().unwrap()), ..DeliveryHeaders::default() }
}

/// The UUID of the browser with a number.
fn uuid(browser: u128) -> Uuid {
    uuid::Builder::from_random_bytes(browser.to_be_bytes()).into_uuid()
}

async fn view(reporter: &Reporter, browser: u128) -> bool {
    let event = BrowserEvent {
        kind: EventKind::RouteOpen,
        device_id: uuid(browser),
        device_size: Breakpoint::Xl,
        path: "/".to_owned(),
        ephemeral: false,
    };
    reporter.sources.browsers.record(&event, None).await.is_ok()
}

/// The number of the browser with a pseudonym.
fn number(pseudonym: Uuid) -> u128 {
    let key = key();
    let has_it = |browser: &u128| key.pseudonym(uuid(*browser)).unwrap().as_uuid() == pseudonym;
    (0..100).find(has_it).unwrap()
}

fn key() -> BrowserKey {
    BrowserKey::new(&[1; 32])
}

fn payload(bytes: &[u8]) -> Payload {
    serde_json::from_slice(bytes).unwrap()
}

/// The payloads in the spool, oldest first.
fn spooled(reporter: &Reporter) -> Vec<Payload> {
    reporter.spool.queued().into_iter().map(|id| payload(&reporter.spool.read(id).unwrap().bytes)).collect()
}

#[tokio::test]
async fn a_preview_is_the_report_that_follows() {
    let reporter = reporter(&SimulatedDisk::default()).unwrap();
    assert!(view(&reporter, 7).await);
    let preview = reporter.preview().await.unwrap();
    assert_eq!(reporter.preview().await.unwrap(), preview);
    assert_eq!(reporter.make().await.unwrap(), ReportingOutcome::Spooled);
    let id = reporter.spool.queued()[0];
    assert_eq!(reporter.spool.read(id).unwrap(), preview);
    assert_eq!(preview.headers, made_by_a_shop());
    assert_eq!(payload(&preview.bytes).infra.projects, 3);
    assert_eq!(payload(&preview.bytes).ux.page_views["/"], 1);
}

#[tokio::test]
async fn the_numbers_alone_are_those_of_the_preview_and_have_no_profile() {
    let reporter = reporter(&SimulatedDisk::default()).unwrap();
    assert!(view(&reporter, 7).await);
    reporter.sources.process.sample();
    let numbers = reporter.preview_numbers().await.unwrap();
    assert_eq!(payload(&reporter.preview().await.unwrap().bytes), numbers);
    assert_eq!(numbers.performance.cpu_usage.len(), 1);

    // A report that is not on disk yet has its profiles already.
    let profile = ProfileSection { memory: "AQID".to_owned(), ..ProfileSection::default() };
    let bytes = encode(&Payload { profile, ..numbers.clone() }).unwrap();
    let report = SpooledReport { bytes, headers: made_by_a_shop() };
    *reporter.unspooled.lock().await = Some(UnspooledReport { id: Uuid::from_u128(9), report });
    assert_eq!(reporter.preview_numbers().await.unwrap(), numbers);
}

#[tokio::test]
async fn each_report_holds_what_came_since_the_last_one() {
    let reporter = reporter(&SimulatedDisk::default()).unwrap();
    for browsers in [&[1, 2][..], &[], &[2]] {
        for &browser in browsers {
            assert!(view(&reporter, browser).await);
        }
        reporter.make().await.unwrap();
    }
    let views: Vec<u64> =
        spooled(&reporter).iter().map(|report| report.ux.page_views.values().sum()).collect();
    assert_eq!(views, [2, 0, 1]);
}

#[tokio::test]
async fn a_report_that_the_disk_refused_is_made_once_it_takes_it() {
    let disk = SimulatedDisk::default();
    let reporter = reporter(&disk).unwrap();
    assert!(view(&reporter, 1).await);
    disk.refuse_writes(true);
    assert!(reporter.make().await.is_err());
    assert!(!view(&reporter, 2).await, "an event that is not on disk is not acknowledged");
    disk.refuse_writes(false);
    assert!(view(&reporter, 3).await);
    reporter.make().await.unwrap();
    reporter.make().await.unwrap();
    let views: u64 = spooled(&reporter).iter().flat_map(|report| report.ux.page_views.values()).sum();
    assert_eq!(views, 2);
}

#[tokio::test]
async fn without_room_counts_add_up() {
    let reporter = reporter(&SimulatedDisk::default()).unwrap();
    for n in 0..headcount_shared::limits::QUEUED_REPORTS {
        reporter.spool.put(Uuid::from_u128(n as u128), b"{}", &DeliveryHeaders::default()).unwrap();
    }
    assert!(view(&reporter, 1).await);
    assert_eq!(reporter.make().await.unwrap(), ReportingOutcome::NoRoom);
    reporter.spool.mark_sent(Uuid::from_u128(0)).unwrap();
    assert!(view(&reporter, 2).await);
    assert_eq!(reporter.make().await.unwrap(), ReportingOutcome::Spooled);
    let last = reporter.spool.entries().into_iter().find(|entry| entry.bytes > 2).unwrap();
    let report = reporter.spool.read(last.id.parse().unwrap()).unwrap();
    assert_eq!(payload(&report.bytes).ux.page_views["/"], 2);
}

/// Alternates events and reports until the disk crashes. Returns the browsers whose events were acknowledged,
/// and those in doubt.
async fn run(disk: &SimulatedDisk) -> (BTreeSet<u128>, BTreeSet<u128>) {
    let (mut acknowledged, mut in_doubt) = (BTreeSet::new(), BTreeSet::new());
    let Ok(reporter) = reporter(disk) else { return (acknowledged, in_doubt) };
    for browser in 1..=6 {
        if view(&reporter, browser).await {
            acknowledged.insert(browser);
        } else {
            in_doubt.insert(browser);
        }
        if browser % 2 == 0 && reporter.make().await.is_ok() {
            for id in reporter.spool.queued() {
                // The collector has this report. Its answer may get lost with the process.
                reporter.spool.mark_sent(id).ok();
            }
        }
    }
    (acknowledged, in_doubt)
}

#[tokio::test]
async fn journal_and_spool_together_lose_and_double_nothing_whenever_the_process_ends() {
    for crash_after in 0.. {
        let disk = SimulatedDisk::default();
        disk.crash_after(crash_after);
        let (acknowledged, in_doubt) = run(&disk).await;
        let crashed = disk.crashed();
        disk.restart(CrashKind::Kill);

        let reporter = reporter(&disk).unwrap();
        reporter.make().await.unwrap();
        assert_eq!(reporter.spool.count(ReportState::Refused), 0);
        let mut reported = Vec::new();
        for entry in reporter.spool.entries() {
            let report = payload(&reporter.spool.read(entry.id.parse().unwrap()).unwrap().bytes);
            reported.extend(report.ux.users.iter().map(|user| number(*user)));
        }
        let distinct: BTreeSet<u128> = reported.iter().copied().collect();
        assert_eq!(distinct.len(), reported.len(), "doubled after {crash_after}: {reported:?}");
        assert!(
            distinct.is_superset(&acknowledged),
            "lost after {crash_after}: {reported:?} of {acknowledged:?}"
        );
        assert!(distinct.iter().all(|browser| acknowledged.contains(browser) || in_doubt.contains(browser)));
        if !crashed {
            return;
        }
    }
}
