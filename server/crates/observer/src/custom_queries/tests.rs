//! Tests of custom queries with a scripted Prometheus.

use headcount_health::{
    inspections::AvailabilityObjective,
    sli::{
        ServiceLevelIndicators,
        sli_fixture::{END, key, own_objectives, slot},
    },
};

use super::*;

#[tokio::test]
async fn the_operators_own_queries_replace_what_is_seen_and_one_that_fails_costs_only_itself() {
    use headcount_outbound::TargetPolicy;
    use headcount_platform::clock::SystemClock;
    use headcount_prometheus::{
        client::PrometheusClient,
        mock_prometheus::{MockAnswer, MockPrometheus},
        prometheus_access::PrometheusAccess,
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
    let overrides = own_objectives(["all{a=\"b\"}", "bad"], "took_bucket");
    let mut known = ServiceLevelIndicators::default();
    known.add(&SlotBatch {
        requests: vec![END],
        latencies: vec![END],
        slots: vec![slot("cart", END, Some([900.0, 0.0]), &[(0.5, 300.0), (f32::INFINITY, 900.0)])],
        ..SlotBatch::default()
    });
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
