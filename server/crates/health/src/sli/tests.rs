//! Tests of slots: recording answers, evaluating windows, and storing on disk.
mod windows;

use headcount_prometheus::results::QueryResults;
use headcount_topology::{
    fixture::{PrometheusFixture, over_time, scene},
    queries::INBOUND_REQUESTS,
};

use super::{
    sli_fixture::{END, key, slot},
    *,
};

const SHOP: &str = "
    node_info machine_id=1 hostname=n1
    node_info machine_id=2 hostname=n2
    container_net_tcp_listen_info machine_id=1 container_id=/docker/cart listen_addr=10.0.0.1:80
    container_net_tcp_listen_info machine_id=1 container_id=/docker/side listen_addr=127.0.0.1:90
    container_net_tcp_listen_info machine_id=2 container_id=/docker/car listen_addr=127.0.0.1:90
    container_http_requests_count machine_id=1 container_id=/docker/web destination=cart:80 actual_destination=10.0.0.1:80
    container_http_requests_count machine_id=1 container_id=/docker/web destination=10.0.0.1:80 actual_destination=10.0.0.1:80
    container_http_requests_count machine_id=1 container_id=/docker/web destination=127.0.0.1:90
    container_http_requests_count machine_id=2 container_id=/docker/web destination=127.0.0.1:90";

fn shop() -> PrometheusFixture {
    scene(SHOP)
}

const REQUESTS: (&str, &str) = ("10.0.0.1:80", "10.0.0.1:80");

fn answered(to: u32) -> QueryResults {
    let nan = f32::NAN;
    let mut answers = QueryResults::default();
    let grid = (to - 600, 300);
    over_time(
        &mut answers,
        &INBOUND_REQUESTS,
        grid,
        &[
            (&[REQUESTS.0, REQUESTS.1, "200"], &[1.0, 2.0, 3.0]),
            (&["cart:80", REQUESTS.1, "200"], &[nan, 10.0, nan]),
            (&["cart:80", REQUESTS.1, "503"], &[nan, 1.0, nan]),
            (&["cart:80", REQUESTS.1, "failed"], &[nan, 2.0, nan]),
            (&["127.0.0.1:90", "", "200"], &[5.0, 5.0, 5.0]),
            (&["nobody:1", "", "200"], &[5.0, 5.0, 5.0]),
        ],
    );
    over_time(
        &mut answers,
        &INBOUND_LATENCY,
        grid,
        &[
            (&[REQUESTS.0, REQUESTS.1, "+Inf"], &[1.0, 2.0, 3.0]),
            (&[REQUESTS.0, REQUESTS.1, "0.5"], &[1.0, 1.0, 1.0]),
            (&["cart:80", REQUESTS.1, "+Inf"], &[nan, 13.0, nan]),
            (&["cart:80", REQUESTS.1, "nonsense"], &[nan, 13.0, nan]),
        ],
    );
    answers
}

fn taken(known: &ServiceLevelIndicators, to: u32) -> SlotBatch {
    shop().look(|world| inbound(world, &answered(to), known))
}

#[test]
fn requests_belong_to_what_their_destination_leads_to() {
    let batch = taken(&ServiceLevelIndicators::default(), END);
    let inf = f32::INFINITY;
    let expected = [
        slot("cart", END - 600, Some([300.0, 0.0]), &[(0.5, 300.0), (inf, 300.0)]),
        slot("cart", END - 300, Some([4500.0, 900.0]), &[(0.5, 300.0), (inf, 4500.0)]),
        slot("cart", END, Some([900.0, 0.0]), &[(0.5, 300.0), (inf, 900.0)]),
    ];
    assert_eq!(batch.slots, expected);
    // An hour is answered, with or without requests.
    assert_eq!(batch.requests, slots(END - 3600, END).collect::<Vec<_>>());
    assert_eq!(batch.latencies, batch.requests);
}

#[test]
fn a_slot_is_taken_once_and_stays_with_the_application_that_had_the_address() {
    let mut known = ServiceLevelIndicators::default();
    known.add(&taken(&known, END - 300));
    let batch = taken(&known, END);
    assert_eq!(batch.requests, [END]);
    assert!(batch.slots.iter().all(|slot| slot.end == END) && batch.slots.len() == 1, "{batch:?}");
    known.add(&batch);
    assert_eq!(taken(&known, END), SlotBatch::default());
    let once: Vec<_> = known.batches().collect();
    known.add(&batch);
    assert_eq!(known.batches().collect::<Vec<_>>(), once);
}

#[test]
fn requests_are_taken_also_when_latencies_are_not_answered() {
    let mut answers = QueryResults::default();
    over_time(&mut answers, &INBOUND_REQUESTS, (END, 300), &[(&[REQUESTS.0, REQUESTS.1, "200"], &[1.0])]);
    let mut known = ServiceLevelIndicators::default();
    known.add(&shop().look(|world| inbound(world, &answers, &known)));
    assert_eq!(known.newest(), Some(END));
    assert_eq!(known.sums(&key("cart"), [SlotSource::Seen; 2], END - 300, END), None);
    let batch = taken(&known, END);
    assert!(batch.requests.is_empty());
    known.add(&batch);
    let sums = known.sums(&key("cart"), [SlotSource::Seen; 2], END - 300, END).unwrap();
    assert_eq!((sums.requests, sums.latency), (300.0, vec![(0.5, 300.0), (f32::INFINITY, 900.0)]));
}

#[test]
fn after_a_clock_is_set_back_custom_queries_are_sent_again_for_its_future() {
    let progress = |end| QueryProgress { put: end, answered: end };
    let sent = CustomQueryProgress {
        application: key("web"),
        source: SlotSource::Own(7),
        progress: progress(END + 25 * SLOT_S),
    };
    let mut known = ServiceLevelIndicators::default();
    known.add(&SlotBatch {
        requests: vec![END, END + SLOT_S, END + 25 * SLOT_S],
        own: vec![sent],
        ..SlotBatch::default()
    });
    known.forget_after(END + SLOT_S + 17);
    assert_eq!(known.own.values().collect::<Vec<_>>(), [&progress(END + SLOT_S)]);
}
