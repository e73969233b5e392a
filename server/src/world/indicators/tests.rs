//! Tests of slots: recording answers, evaluating windows, and storing on disk.

mod keeping;
mod windows;

use super::*;
use crate::world::{
    answers::QueryResults,
    catalogue::INBOUND_REQUESTS,
    inspections::{InspectionThresholds, ProjectThresholds},
    scene::{PrometheusFixture, over_time, scene},
};

/// The end of a slot.
const END: u32 = 1_699_999_800;

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

fn key(name: &str) -> ApplicationKey {
    ApplicationKey { namespace: "_".to_owned(), kind: "Unknown".to_owned(), name: name.to_owned() }
}

fn slot(name: &str, end: u32, requests: Option<[f32; 2]>, latency: &[(f32, f32)]) -> ApplicationSlot {
    ApplicationSlot {
        application: key(name),
        source: SlotSource::Seen,
        end,
        requests,
        latency: latency.to_vec(),
    }
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

fn own(queries: [&str; 2], histogram: &str) -> ProjectThresholds {
    let availability = AvailabilityObjective { custom: Some(queries.map(str::to_owned)), percent: 99.0 };
    let latency = LatencyObjective { percent: 99.0, bucket_s: 0.5, custom: Some(histogram.to_owned()) };
    let thresholds = InspectionThresholds {
        availability: Some(availability),
        latency: Some(latency),
        ..InspectionThresholds::default()
    };
    ProjectThresholds {
        applications: HashMap::from([(key("cart"), thresholds)]),
        ..ProjectThresholds::default()
    }
}

#[tokio::test]
async fn the_operators_own_queries_replace_what_is_seen_and_one_that_fails_costs_only_itself() {
    use crate::{
        clock::SystemClock,
        outgoing::TargetPolicy,
        world::{
            project::PrometheusAccess,
            prometheus::PrometheusClient,
            stand_in::{MockAnswer, MockPrometheus},
        },
    };
    let refuses =
        |query: &str| if query.contains("sum by") { MockAnswer::Refusal } else { MockAnswer::Series };
    let (url, stand_in) = MockPrometheus::serve(refuses).await;
    let access = PrometheusAccess {
        url,
        refresh_interval: std::time::Duration::from_secs(15),
        tls_skip_verify: false,
        basic_auth: None,
        extra_selector: String::new(),
        custom_headers: Vec::new(),
    };
    let prometheus = std::sync::Arc::new(
        PrometheusClient::new(&access, TargetPolicy::default(), std::sync::Arc::new(SystemClock::new()))
            .unwrap(),
    );
    let overrides = own(["all{a=\"b\"}", "bad"], "took_bucket");
    let mut known = ServiceLevelIndicators::default();
    known.add(&taken(&known, END));
    known.add(&ask_own(&prometheus, known.missing(&overrides, END + 100)).await);

    let asked = stand_in.spans("sum(rate(all{a=\"b\"}[5m]))");
    assert_eq!(asked.iter().map(|span| (span.from, span.to)).collect::<Vec<_>>(), [(END - 3300, END)]);
    assert_eq!(stand_in.spans("sum by (le) (rate(took_bucket[5m]))").len(), 1);
    let objectives = overrides.applications[&key("cart")].clone();
    let cart = known.requests_to(&key("cart")).unwrap();
    let availability = cart.availability(&objectives.availability.unwrap()).unwrap();
    // The stand-in answers 1 to every query: all requests failed.
    assert_eq!(availability.bad_share(300), Some(1.0));
    assert!(cart.latency(&objectives.latency.unwrap()).is_none());
    assert_eq!(cart.availability(&AvailabilityObjective::DEFAULT).unwrap().bad_share(300), Some(0.0));
    // Nothing is missing until the next slot.
    assert!(known.missing(&overrides, END + 299).is_empty());
    assert_eq!(known.missing(&overrides, END + 300).len(), 2);
}
