//! Tests deliveries to a scripted collector, from a simulated disk.

use std::{collections::VecDeque, future::pending};

use headcount_platform::{clock::SystemClock, disk::simulated::SimulatedDisk};
use headcount_shared::{
    api::{DeletionReceipt, ReportState, StoredReceipt},
    deletion_commitment::instance_sha256,
};

use super::*;
use crate::report::{spool::DeliveryHeaders, transport::FutureAnswer};

type ScriptedResult = Result<CollectorAnswer, DeliveryFailure>;
type DeliveredReports = Vec<(Uuid, SpooledReport)>;

/// Returns the answers in turn, then accepts everything.
#[derive(Debug, Clone, Default)]
struct ScriptedCollector {
    answers: Arc<Mutex<VecDeque<ScriptedResult>>>,
    sent: Arc<Mutex<DeliveredReports>>,
}

impl ReportTransport for ScriptedCollector {
    fn send(&self, id: Uuid, report: SpooledReport) -> FutureAnswer<'_> {
        self.sent.lock().unwrap().push((id, report));
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or_else(|| status(200));
        Box::pin(std::future::ready(answer))
    }
}

fn status(status: u16) -> ScriptedResult {
    Ok(CollectorAnswer { status, ..CollectorAnswer::default() })
}

fn delivery(
    answers: impl IntoIterator<Item = ScriptedResult>,
    reports: u128,
) -> (ReportDelivery, ScriptedCollector, Arc<Spool>) {
    let disk = Arc::new(SimulatedDisk::default());
    let spool = Arc::new(Spool::open(Arc::clone(&disk) as _).unwrap());
    let receipts = Arc::new(DeletionReceipts::open(disk).unwrap());
    for n in 0..reports {
        spool.put(Uuid::from_u128(n), format!("report {n}").as_bytes(), &DeliveryHeaders::default()).unwrap();
    }
    let transport = ScriptedCollector {
        answers: Arc::new(Mutex::new(answers.into_iter().collect())),
        ..ScriptedCollector::default()
    };
    let clock = Arc::new(SystemClock::new());
    let hour = Duration::from_secs(3600);
    let delivery = ReportDelivery::new(
        Arc::clone(&spool),
        receipts,
        Box::new(transport.clone()),
        clock,
        ProcessMetrics::new(),
        hour,
        || 1.0,
    );
    (delivery, transport, spool)
}

fn tried(transport: &ScriptedCollector) -> Vec<u128> {
    transport.sent.lock().unwrap().iter().map(|(id, _)| id.as_u128()).collect()
}

async fn until_idle(delivery: &ReportDelivery) -> Vec<Duration> {
    let mut waits = Vec::new();
    loop {
        match delivery.attempt(&CancellationToken::new()).await {
            DeliveryStep::Report => {}
            DeliveryStep::NewReport => return waits,
            DeliveryStep::Wait(wait) => waits.push(wait),
            DeliveryStep::Stop => panic!("nothing stops it"),
        }
    }
}

#[tokio::test]
async fn reports_are_delivered_in_the_order_in_which_they_were_made() {
    let (delivery, transport, spool) = delivery([], 3);
    assert!(until_idle(&delivery).await.is_empty());
    assert_eq!(tried(&transport), [0, 1, 2]);
    assert_eq!(transport.sent.lock().unwrap()[1].1.bytes, b"report 1");
    assert_eq!(spool.count(ReportState::Sent), 3);
    assert!(delivery.progress().last_delivered_at.is_some());
}

#[tokio::test]
async fn a_report_that_the_collector_chokes_on_holds_up_no_other() {
    let (delivery, transport, spool) = delivery([status(500)], 3);
    let waits = until_idle(&delivery).await;
    assert_eq!(waits, [Duration::from_secs(30)]);
    assert_eq!(tried(&transport), [0, 1, 2, 0]);
    assert_eq!(spool.count(ReportState::Sent), 3);
}

#[tokio::test]
async fn a_dead_collector_loses_nothing_and_waits_grow() {
    let dead = std::iter::repeat_n(Err(DeliveryFailure::Timeout), 4);
    let (delivery, transport, spool) = delivery(dead, 2);
    let waits: Vec<u64> = until_idle(&delivery).await.iter().map(Duration::as_secs).collect();
    assert_eq!(waits, [30, 60, 120, 240]);
    assert_eq!(tried(&transport), [0, 1, 0, 1, 0, 1]);
    assert_eq!(spool.count(ReportState::Sent), 2);
    assert_eq!(delivery.progress().last_failure, None);
}

#[tokio::test]
async fn a_refused_report_is_kept_and_the_next_one_sent() {
    let (delivery, transport, spool) = delivery([status(422)], 2);
    assert!(until_idle(&delivery).await.is_empty());
    assert_eq!(tried(&transport), [0, 1]);
    assert_eq!((spool.count(ReportState::Refused), spool.count(ReportState::Sent)), (1, 1));
}

#[tokio::test]
async fn the_collector_is_asked_no_sooner_than_it_wants() {
    let busy = Ok(CollectorAnswer {
        status: 503,
        retry_after: Some("900".to_owned()),
        ..CollectorAnswer::default()
    });
    let (delivery, _, _) = delivery([busy], 1);
    assert_eq!(until_idle(&delivery).await, [Duration::from_secs(900)]);
}

#[tokio::test(start_paused = true)]
async fn a_new_report_does_not_shorten_a_wait() {
    let (delivery, transport, spool) = delivery([status(503), status(503)], 1);
    let stop = CancellationToken::new();
    let work = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        spool.put(Uuid::from_u128(1), b"new", &DeliveryHeaders::default()).unwrap();
        delivery.notify();
        tokio::time::sleep(Duration::from_secs(28)).await;
        assert_eq!(tried(&transport), [0]);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(tried(&transport), [0, 1]);
        stop.cancel();
    };
    tokio::join!(delivery.run(&stop), work);
}

#[tokio::test]
async fn what_is_sent_beside_a_report_is_handed_on() {
    let (delivery, transport, spool) = delivery([], 1);
    let replica = DeliveryHeaders { replica: true, ..DeliveryHeaders::default() };
    spool.put(Uuid::from_u128(1), b"of a replica", &replica).unwrap();
    until_idle(&delivery).await;
    let sent: Vec<_> =
        transport.sent.lock().unwrap().iter().map(|(_, report)| report.headers.clone()).collect();
    assert_eq!(sent, [DeliveryHeaders::default(), replica]);
}

#[tokio::test]
async fn what_waits_of_an_installation_that_asked_for_its_deletion_is_dropped_and_of_no_other() {
    let (delivery, transport, spool) = delivery([status(410), status(410)], 0);
    let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let receipt = DeletionReceipt {
        instance_sha256: instance_sha256(own),
        hour: 0,
        reports: 0,
        raw_reports: 0,
        days: 0,
        released: String::new(),
        tombstone_until: 0,
        key: String::new(),
        signature: String::new(),
    };
    delivery.receipts.store(StoredReceipt { collector: String::new(), receipt }).unwrap();
    for (n, instance) in [own, other, own].into_iter().enumerate() {
        let report = format!(r#"{{"instance":{{"uuid":"{instance}"}}}}"#);
        spool.put(Uuid::from_u128(n as u128), report.as_bytes(), &DeliveryHeaders::default()).unwrap();
    }
    let stop = CancellationToken::new();
    assert_eq!(delivery.attempt(&stop).await, DeliveryStep::Report);
    assert_eq!(spool.queued(), [Uuid::from_u128(1)]);
    assert!(spool.holds(Uuid::from_u128(2)), "what it counts is not counted again");
    assert!(matches!(delivery.attempt(&stop).await, DeliveryStep::Wait(_)));
    assert_eq!((tried(&transport), spool.queued()), (vec![0, 1], vec![Uuid::from_u128(1)]));
}

#[tokio::test]
async fn an_answer_that_is_no_collectors_delivers_nothing() {
    let portal = || {
        let (content_type, body) = (Some("text/html".to_owned()), b"<html>".to_vec());
        Ok(CollectorAnswer { status: 200, content_type, body, ..CollectorAnswer::default() })
    };
    let answers = [portal(), status(401), status(403), status(404), status(405), status(410), portal()];
    let (delivery, transport, spool) = delivery(answers, 1);
    assert_eq!(until_idle(&delivery).await.len(), 7);
    assert_eq!(tried(&transport), [0; 8]);
    assert_eq!((spool.count(ReportState::Refused), spool.count(ReportState::Sent)), (0, 1));
}

#[tokio::test]
async fn each_reason_is_logged_once_until_a_report_is_delivered() {
    let timeout = || Err(DeliveryFailure::Timeout);
    let (delivery, _, _) = delivery([timeout(), status(503), timeout(), status(503)], 1);
    let stop = CancellationToken::new();
    for logged in [1, 2, 2, 2, 0] {
        delivery.attempt(&stop).await;
        assert_eq!(delivery.progress().logged.len(), logged);
    }
}

/// Whether switching off would store the report as `unknown`.
fn may_have_left(spool: &Spool) -> bool {
    spool.unsent().unwrap().unknown == 1
}

#[tokio::test]
async fn only_a_report_without_an_answer_may_have_left() {
    for (answer, left) in [
        (Err(DeliveryFailure::Unreachable("connection refused")), false),
        (Err(DeliveryFailure::Timeout), true),
        (Err(DeliveryFailure::Broken("the connection broke")), true),
        (status(500), true),
        (status(502), true),
        (status(503), false),
        (status(504), true),
        (status(302), false),
    ] {
        let (delivery, _, spool) = delivery([answer.clone()], 1);
        delivery.attempt(&CancellationToken::new()).await;
        assert_eq!(may_have_left(&spool), left, "{answer:?}");
    }
}

#[tokio::test]
async fn what_may_have_left_once_may_have_left_whatever_comes_afterwards() {
    for later in [Err(DeliveryFailure::Unreachable("connection refused")), status(503), status(302)] {
        let (delivery, _, spool) = delivery([Err(DeliveryFailure::Timeout), later.clone()], 1);
        for _ in 0..2 {
            delivery.attempt(&CancellationToken::new()).await;
        }
        assert!(may_have_left(&spool), "{later:?}");
    }
}

/// Takes the report and never answers.
#[derive(Debug)]
struct SilentCollector(Arc<Notify>);

impl ReportTransport for SilentCollector {
    fn send(&self, _: Uuid, _: SpooledReport) -> FutureAnswer<'_> {
        self.0.notify_one();
        Box::pin(pending())
    }
}

#[tokio::test]
async fn a_request_that_is_cut_short_leaves_a_report_that_may_have_left() {
    let (mut delivery, _, spool) = delivery([], 1);
    let asked = Arc::new(Notify::new());
    delivery.transport = Box::new(SilentCollector(Arc::clone(&asked)));
    let stop = CancellationToken::new();
    tokio::join!(delivery.run(&stop), async {
        asked.notified().await;
        stop.cancel();
    });
    assert!(may_have_left(&spool));
    spool.forget_unsent().unwrap();
    assert_eq!(spool.count(ReportState::Unknown), 1);
}
