//! Tests of rounds with a scripted Prometheus that answers, refuses and hangs.

use std::sync::atomic::Ordering;

use headcount_outbound::TargetPolicy;
use headcount_platform::{
    clock::SystemClock,
    disk::{DataDisk, simulated::SimulatedDisk},
};

use super::*;
use crate::{
    cache::PointSelection,
    mock_prometheus::{IgnoredMetrics, MockAnswer, MockBehaviour, MockPrometheus},
    prometheus_access::PrometheusAccess,
    test_queries::{
        CONTAINER_MEMORY_RSS, CONTAINER_MEMORY_RSS_FOR_TREND, KUBE_POD_INFO, NODE_CPU_CORES, NODE_INFO, PLAN,
    },
};

const NOW: u32 = 1_700_000_025;
const STEP: u32 = 15;

fn refresh(url: &str, disk: &Arc<dyn DataDisk>, refresh_interval: Duration) -> CacheRefresher {
    let access = PrometheusAccess {
        url: url.to_owned(),
        refresh_interval,
        tls_skip_verify: false,
        basic_auth: None,
        extra_selector: String::new(),
        custom_headers: Vec::new(),
    };
    let prometheus =
        PrometheusClient::new(&access, TargetPolicy::default(), Arc::new(SystemClock::new())).unwrap();
    let store = SeriesCache::open(Arc::clone(disk), "cache/p".to_owned(), PLAN).unwrap();
    CacheRefresher::new(
        Arc::new(prometheus),
        Arc::new(store),
        Arc::default(),
        Arc::new(IgnoredMetrics),
        TaskTracker::new(),
        refresh_interval,
        Arc::default(),
    )
}

fn disk() -> Arc<dyn DataDisk> {
    Arc::new(SimulatedDisk::default())
}

fn failed(refresh: &CacheRefresher) -> Vec<&'static str> {
    let costs = refresh.costs.lock().unwrap();
    costs.0.iter().filter(|(_, cost)| cost.failed).map(|(name, _)| *name).collect()
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_round_asks_everything_and_stores_it() {
    let (url, _) = MockPrometheus::serve(|_| MockAnswer::Series).await;
    let mut refresh = refresh(&url, &disk(), MINUTE);
    assert_eq!(refresh.asking.filled.progress(), FillProgress::default());
    let round = refresh.round(NOW, STEP).await;
    let all = PLAN.all().count();
    assert_eq!(round, RoundResult { answered: all, failed: 0 });
    assert_eq!(refresh.costs.lock().unwrap().0.len(), all);
    assert!(refresh.costs.lock().unwrap().0.values().all(|cost| cost.series == 1));
    assert_eq!(
        refresh.asking.store.read(PLAN.all(), PointSelection::default()).unwrap().table(&NODE_INFO).len(),
        1
    );
}

#[tokio::test]
async fn the_present_is_asked_as_one_point_and_later_rounds_ask_for_what_is_new_also_after_a_restart() {
    let (url, stand_in) = MockPrometheus::serve(|_| MockAnswer::Series).await;
    let disk = disk();
    let to = NOW - STEP;
    refresh(&url, &disk, MINUTE).round(NOW, STEP).await;
    let point = |at| vec![QuerySpan { from: at, to: at, step: STEP }];
    assert_eq!(stand_in.spans(NODE_CPU_CORES.expression), point(to));
    let first = stand_in.spans(NODE_INFO.expression);
    // An hour, on a grid of minutes.
    assert!((to - 3600..to - 3540).contains(&first[0].from));
    assert_eq!(first.last().unwrap().to, to);
    stand_in.spans("container_resources_memory_rss_bytes");

    // After a restart, only the missing time is requested.
    let mut refresh = refresh(&url, &disk, MINUTE);
    assert_eq!(refresh.round(NOW, STEP).await.answered, 0);
    refresh.round(NOW + 2 * STEP, STEP).await;
    assert_eq!(stand_in.spans(NODE_CPU_CORES.expression), point(to + 2 * STEP));
    let two = vec![QuerySpan { from: to + STEP, to: to + 2 * STEP, step: STEP }];
    let again = vec![QuerySpan { from: to + STEP - LATE, to: to + 2 * STEP, step: STEP }];
    assert_eq!(stand_in.spans(NODE_INFO.expression), again);
    assert_eq!(stand_in.spans(CONTAINER_MEMORY_RSS.expression), two);
}

#[tokio::test]
async fn a_query_that_is_refused_costs_only_itself_and_recovers() {
    let refuses =
        |query: &str| if query == "kube_pod_info" { MockAnswer::Refusal } else { MockAnswer::Series };
    let (url, stand_in) = MockPrometheus::serve(refuses).await;
    let mut refresh = refresh(&url, &disk(), MINUTE);
    let round = refresh.round(NOW, STEP).await;
    assert_eq!(round, RoundResult { answered: PLAN.all().count() - 1, failed: 1 });
    assert_eq!(failed(&refresh), [KUBE_POD_INFO.name]);
    assert_eq!(refresh.asking.store.to(&KUBE_POD_INFO), None);

    stand_in.behave(|_| MockAnswer::Series);
    refresh.round(NOW + STEP, STEP).await;
    assert!(failed(&refresh).is_empty());
    assert_eq!(refresh.asking.store.to(&KUBE_POD_INFO), Some(NOW));
}

#[tokio::test]
async fn a_query_that_hangs_delays_no_other_and_is_not_asked_twice() {
    let hangs = |query: &str| if query == "node_info" { MockAnswer::Silence } else { MockAnswer::Series };
    let (url, stand_in) = MockPrometheus::serve(hangs).await;
    let mut refresh = refresh(&url, &disk(), MINUTE);
    for (now, asked) in [(NOW, 1), (NOW + STEP, 0)] {
        let round = refresh.round(now, STEP).await;
        assert_eq!(round.failed, 0);
        assert!(round.answered > PLAN.all().count() / 2, "{round:?}");
        assert_eq!(stand_in.spans("node_info").len(), asked);
        assert_eq!(refresh.asking.store.to(&NODE_CPU_CORES), Some(now - STEP));
    }
    assert_eq!(refresh.under_way.len(), 1);
}

#[tokio::test]
async fn a_query_whose_task_was_ended_is_asked_again() {
    let hangs = |query: &str| if query == "node_info" { MockAnswer::Silence } else { MockAnswer::Series };
    let (url, stand_in) = MockPrometheus::serve(hangs).await;
    let mut refresh = refresh(&url, &disk(), MINUTE);
    refresh.round(NOW, STEP).await;
    refresh.under_way.abort_all();
    // The end is recorded in this round.
    refresh.round(NOW + STEP, STEP).await;
    assert_eq!(refresh.under_way.len(), 0);
    stand_in.behave(|_| MockAnswer::Series);
    refresh.round(NOW + 2 * STEP, STEP).await;
    assert_eq!(stand_in.spans("node_info").len(), 2);
}

#[tokio::test]
async fn queries_that_failed_take_no_more_than_half_of_the_places() {
    let hang =
        |query: &str| if query.contains("container") { MockAnswer::Silence } else { MockAnswer::Series };
    let (url, stand_in) = MockPrometheus::serve(|_| MockAnswer::Refusal).await;
    let mut refresh = refresh(&url, &disk(), Duration::from_secs(1));
    refresh.round(NOW, STEP).await;
    assert_eq!(failed(&refresh).len(), PLAN.all().count());
    stand_in.behave(hang);
    refresh.round(NOW + STEP, STEP).await;
    assert_eq!(refresh.under_way.len(), SLOW_AT_ONCE);
}

#[tokio::test]
async fn a_prometheus_that_says_nothing_is_asked_ten_at_a_time_and_has_failed_within_a_refresh() {
    let (url, stand_in) = MockPrometheus::serve(|_| MockAnswer::Silence).await;
    let mut refresh = refresh(&url, &disk(), Duration::from_secs(1));
    let all = PLAN.all().count();
    assert_eq!(refresh.round(NOW, STEP).await, RoundResult { answered: 0, failed: all });
    assert_eq!(failed(&refresh).len(), all);
    assert_eq!(stand_in.record.most.load(Ordering::SeqCst), AT_ONCE);
}

#[tokio::test]
async fn a_prometheus_that_is_not_there_has_failed_at_once() {
    let mut refresh = refresh("http://127.0.0.1:9", &disk(), MINUTE);
    let all = PLAN.all().count();
    assert_eq!(refresh.round(NOW, STEP).await, RoundResult { answered: 0, failed: all });
}

#[tokio::test]
async fn a_query_that_is_not_due_fails_with_a_silent_prometheus_and_recovers_with_it() {
    let (url, stand_in) = MockPrometheus::serve(|_| MockAnswer::Series).await;
    let mut refresh = refresh(&url, &disk(), MINUTE);
    refresh.round(NOW, STEP).await;
    let trend = CONTAINER_MEMORY_RSS_FOR_TREND.name;
    for (now, behaviour, fails) in [
        (NOW + STEP, (|_| MockAnswer::Refusal) as MockBehaviour, true),
        (NOW + 2 * STEP, |_| MockAnswer::Series, false),
    ] {
        stand_in.behave(behaviour);
        refresh.round(now, STEP).await;
        assert_eq!(failed(&refresh).contains(&trend), fails);
    }
    assert!(failed(&refresh).is_empty());
}

#[tokio::test]
async fn what_is_hidden_when_a_moment_is_asked_alone_is_asked_with_those_before_it() {
    let (url, stand_in) = MockPrometheus::serve(|_| MockAnswer::HiddenAlone).await;
    let mut refresh = refresh(&url, &disk(), MINUTE);
    refresh.round(NOW, STEP).await;
    let (to, expression) = (NOW - STEP, NODE_CPU_CORES.expression);
    let table =
        |refresh: &CacheRefresher| refresh.asking.store.read(PLAN.all(), PointSelection::default()).unwrap();
    assert_eq!(table(&refresh).table(&NODE_CPU_CORES).len(), 1);
    stand_in.spans(expression);
    stand_in.spans(CONTAINER_MEMORY_RSS.expression);
    refresh.round(NOW + STEP, STEP).await;
    let wide = vec![QuerySpan { from: to + STEP - LATE, to: to + STEP, step: STEP }];
    assert_eq!(stand_in.spans(expression), wide);
    assert_eq!(table(&refresh).table(&NODE_CPU_CORES).len(), 1);
    let again = vec![QuerySpan { from: to + STEP - LATE, to: to + STEP, step: STEP }];
    assert_eq!(stand_in.spans("container_resources_memory_rss_bytes"), again);
}

#[tokio::test]
async fn a_query_without_series_is_asked_as_one_moment_from_then_on() {
    let (url, stand_in) = MockPrometheus::serve(|_| MockAnswer::Many(0)).await;
    let mut refresh = refresh(&url, &disk(), MINUTE);
    for (round, asked) in [(0, 2), (1, 1), (2, 1)] {
        refresh.round(NOW + round * STEP, STEP).await;
        assert_eq!(stand_in.spans(NODE_CPU_CORES.expression).len(), asked);
    }
}

#[tokio::test]
async fn that_thousands_of_series_are_gone_is_believed_when_it_stays_so() {
    let (url, stand_in) = MockPrometheus::serve(|_| MockAnswer::Many(2000)).await;
    let mut refresh = refresh(&url, &disk(), MINUTE);
    refresh.round(NOW, STEP).await;
    let cores = |refresh: &CacheRefresher| {
        refresh.asking.store.read(PLAN.all(), PointSelection::default()).unwrap().table(&NODE_CPU_CORES).len()
    };
    assert_eq!(cores(&refresh), 2000);
    stand_in.behave(|_| MockAnswer::Many(0));
    for round in 1..=LATE / STEP {
        refresh.round(NOW + round * STEP, STEP).await;
        assert_eq!(cores(&refresh), 2000, "{round}");
        assert!(failed(&refresh).contains(&NODE_CPU_CORES.name), "{round}");
    }
    refresh.round(NOW + LATE + STEP, STEP).await;
    assert_eq!(cores(&refresh), 0);
    assert!(!failed(&refresh).contains(&NODE_CPU_CORES.name));
    // The series are back at once.
    stand_in.behave(|_| MockAnswer::Many(2000));
    refresh.round(NOW + LATE + 2 * STEP, STEP).await;
    assert_eq!(cores(&refresh), 2000);
}

#[tokio::test]
async fn a_round_without_series_is_doubted_only_if_every_query_was_put() {
    let (url, stand_in) = MockPrometheus::serve(|query| {
        if query == NODE_CPU_CORES.expression { MockAnswer::Refusal } else { MockAnswer::Series }
    })
    .await;
    let mut refresh = refresh(&url, &disk(), MINUTE);
    refresh.round(NOW, STEP).await;
    assert_eq!(failed(&refresh), [NODE_CPU_CORES.name]);
    // One query runs again, and really has no series.
    stand_in.behave(|_| MockAnswer::Many(0));
    let round = refresh.round(NOW, STEP).await;
    assert_eq!(round, RoundResult { answered: 1, failed: 0 });
    assert_eq!(refresh.doubt_emptiness(round), round);
    assert!(failed(&refresh).is_empty());

    let (url, _) = MockPrometheus::serve(|_| MockAnswer::Many(0)).await;
    let mut refresh = self::refresh(&url, &disk(), MINUTE);
    let round = refresh.round(NOW, STEP).await;
    let all = PLAN.all().count();
    assert_eq!(refresh.doubt_emptiness(round), RoundResult { answered: 0, failed: all });
}
