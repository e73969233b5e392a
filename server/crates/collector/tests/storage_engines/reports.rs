//! Tests that a report is stored once, found again, and dropped in time.

use std::time::Duration;

use axum::http::StatusCode;
use headcount_collector::CollectorOpenError;
use headcount_fleet::calendar_day::CalendarDay;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    on_every_engine,
    tested_engine::{DAY, EngineKind, START, TestedEngine, report_of},
};

on_every_engine!(
    a_report_comes_back_byte_for_byte_and_counts_once,
    the_listing_goes_from_page_to_page,
    an_installation_has_a_page_with_its_reports_the_newest_first,
    late_reports_change_their_day,
    raw_copies_go_first_and_counts_later,
    browsers_are_forgotten_with_their_key,
    other_keys_are_refused,
    a_repeat_with_other_headers_changes_nothing,
    a_repeat_of_an_overlapping_report_is_no_second_overlap,
);

async fn a_report_comes_back_byte_for_byte_and_counts_once(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let running = engine.collector().await;
    let instance = Uuid::new_v4();
    let report = report_of(instance);
    running.report("one", &report, "stored").await;
    running.report("one", &report, "duplicate").await;
    let mut other = report.clone();
    other["stack"]["clouds"] = json!(["aws"]);
    let refused = running.post("one", &other, |request| request).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    running.report("two", &other, "stored").await;

    assert_eq!(running.get("/api/reports/one").await.body, report.to_string());
    assert_eq!(running.get("/api/reports/three").await.status, StatusCode::NOT_FOUND);
    assert_eq!(running.ids("").await, ["one", "two"]);
    let fleet = running.answer("/api/fleet").await;
    assert_eq!((&fleet["total"], &fleet["conflicts"]), (&json!(1), &json!(1)));
    let row = &fleet["instances"][0];
    assert_eq!(
        (&row["instance"], &row["reports"], &row["latest"]),
        (&json!(instance), &json!(2), &json!("two"))
    );
    assert_eq!((&row["first_seen_at"], &row["last_seen_at"]), (&json!(START), &json!(START)));
    assert_eq!(running.installations().await, 1);
}

async fn the_listing_goes_from_page_to_page(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let running = engine.collector().await;
    let instances = [Uuid::new_v4(), Uuid::new_v4()];
    for number in 0..7_u64 {
        // Over the end of a week.
        running.clock.turn_to(START + number * DAY);
        let instance = instances[usize::try_from(number % 2).unwrap()];
        running.report(&format!("report-{number}"), &report_of(instance), "stored").await;
    }
    let mut seen = Vec::new();
    let mut next = Value::from(0);
    while let Some(after) = next.as_i64() {
        let page = running.answer(&format!("/api/reports?limit=3&after={after}")).await;
        seen.extend(page["reports"].as_array().unwrap().iter().map(|report| report["id"].clone()));
        next = page["next"].clone();
    }
    assert_eq!(seen, (0..7).map(|number| json!(format!("report-{number}"))).collect::<Vec<_>>());
    let of_one = running.ids(&format!("?instance={}", instances[1])).await;
    assert_eq!(of_one, ["report-1", "report-3", "report-5"]);
    assert_eq!(running.ids(&format!("?instance={}", Uuid::new_v4())).await, Vec::<String>::new());
}

async fn an_installation_has_a_page_with_its_reports_the_newest_first(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let running = engine.collector().await;
    let instances = [Uuid::new_v4(), Uuid::new_v4()];
    for number in 0..7_u64 {
        // Over the end of a week, and two at the same time.
        running.clock.turn_to(START + number / 2 * 2 * DAY);
        let mut report = report_of(instances[usize::from(number == 3)]);
        report["infra"]["nodes"] = json!(number);
        running.report(&format!("report-{number}"), &report, "stored").await;
    }
    let listed = async |query: &str| {
        let page = running.get(&format!("/installations/{}{query}", instances[0])).await;
        assert_eq!(page.status, StatusCode::OK, "{:?}", page.body);
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        let links = text.split("<td><a href=\"../api/reports/").skip(1);
        let ids: Vec<_> = links.map(|link| link.split('"').next().unwrap().to_owned()).collect();
        (ids, text)
    };
    let (ids, page) = listed("").await;
    assert_eq!(ids, [6, 5, 4, 2, 1, 0].map(|number| format!("report-{number}")));
    assert!(page.contains("It has sent 6 reports so far."), "{page}");
    assert!(page.contains("<strong>changed</strong>: was 5 <code>5</code>"), "{page}");
    let (ids, page) = listed("?until=report-4&report=report-4").await;
    assert_eq!(ids, [4, 2, 1, 0].map(|number| format!("report-{number}")));
    assert!(page.contains("<strong>changed</strong>: was 2 <code>2</code>"), "{page}");
    assert_eq!(listed("?until=report-3").await.0, Vec::<String>::new(), "it is of another installation");
    let other = running.get(&format!("/installations/{}?report=report-0", instances[1])).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "{:?}", other.body);
    let unknown = running.get(&format!("/installations/{}", Uuid::new_v4())).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{:?}", unknown.body);
}

async fn late_reports_change_their_day(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let running = engine.collector().await;
    running.report("first", &report_of(Uuid::new_v4()), "stored").await;
    assert_eq!(running.installations().await, 1);
    assert_eq!(running.collector.compute_fleet().await.unwrap(), 0, "nothing has changed");
    // Made yesterday, by its id.
    let made = uuid::Timestamp::from_unix(uuid::NoContext, START - DAY, 0);
    for number in 0..2 {
        let id = Uuid::new_v7(made).to_string();
        running.report(&id, &report_of(Uuid::from_u128(number + 1)), "stored").await;
    }
    running.collector.compute_fleet().await.unwrap();
    let shares = running.answer("/api/fleet/shares/versions").await;
    let days: Vec<_> =
        shares["days"].as_array().unwrap().iter().map(|day| day["installations"].clone()).collect();
    assert_eq!(days, [json!(2), json!(1)]);
}

async fn raw_copies_go_first_and_counts_later(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let running = engine.collector().await;
    running.report("old", &report_of(Uuid::new_v4()), "stored").await;
    assert_eq!(running.installations().await, 1);
    running.clock.turn_to(START + 20 * DAY);
    running.report("new", &report_of(Uuid::new_v4()), "stored").await;
    let prune = async |days: u64| {
        let pruned = running.collector.prune(Duration::from_secs(START + days * DAY)).await.unwrap();
        (pruned.raw, pruned.reports)
    };
    assert_eq!(prune(29).await, (0, 0));
    assert_eq!(prune(32).await, (1, 0));
    assert_eq!(running.get("/api/reports/old").await.status, StatusCode::GONE);
    assert_eq!(running.get("/api/reports/new").await.status, StatusCode::OK);
    assert_eq!(running.ids("").await, ["old", "new"]);
    assert_eq!(prune(399).await, (1, 0));
    assert_eq!(running.ids("").await, ["old", "new"]);
    // ClickHouse drops ids by the week.
    assert_eq!(prune(408).await, (0, 1));
    assert_eq!(running.ids("").await, ["new"]);
    assert_eq!(running.get("/api/reports/old").await.status, StatusCode::NOT_FOUND);
    assert_eq!(running.answer("/api/fleet").await["total"], 1);
    let day = CalendarDay::from_unix_seconds(START);
    let shares = running.answer(&format!("/api/fleet/shares/versions?from={day}&to={day}")).await;
    assert_eq!(shares["days"], json!([]), "its numbers are dropped, too");
}

async fn browsers_are_forgotten_with_their_key(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let running = engine.collector().await;
    let browsers: Vec<_> = (0..3).map(|_| Uuid::new_v4()).collect();
    let instance = Uuid::new_v4();
    let mut report = report_of(instance);
    report["ux"]["users"] = json!(browsers);
    running.report("a", &report, "stored").await;
    // The same browsers count once.
    running.report("b", &report, "stored").await;
    assert_eq!(running.installations().await, 1);
    let day = CalendarDay::from_unix_seconds(START);
    let history = format!("/api/fleet/installations/{instance}?from={day}&to={day}");
    let counted = async || running.answer(&history).await["days"][0]["browsers"].clone();
    assert_eq!(counted().await, 3);
    running.collector.prune(Duration::from_secs(START + 17 * DAY)).await.unwrap();
    // A late report has the day computed again, without the browsers.
    let made = uuid::Timestamp::from_unix(uuid::NoContext, START, 0);
    running.clock.turn_to(START + 17 * DAY);
    report["ux"]["users"] = json!([]);
    running.report(&Uuid::new_v7(made).to_string(), &report, "stored").await;
    running.collector.compute_fleet().await.unwrap();
    assert_eq!(counted().await, 3);
}

async fn other_keys_are_refused(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let running = engine.collector().await;
    running.report("a", &report_of(Uuid::new_v4()), "stored").await;
    running.collector.close().await;
    let refused = engine.collector_with_other_keys().await.map(|_| ()).unwrap_err();
    assert!(
        matches!(
            refused,
            CollectorOpenError::OtherKeys { .. } | CollectorOpenError::OtherKeysInClickHouse { .. }
        ),
        "{refused}"
    );
    let again = engine.collector().await;
    assert_eq!(again.ids("").await, ["a"]);
}

async fn a_repeat_with_other_headers_changes_nothing(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let running = engine.collector().await;
    let instance = Uuid::new_v4();
    let report = report_of(instance);
    for product in ["b", "a", "b"] {
        let sent = running.post("one", &report, |request| request.header("headcount-product", product)).await;
        assert_eq!(sent.status, StatusCode::OK, "{:?}", sent.body);
        running.collector.compute_fleet().await.unwrap();
    }
    let repeat = running.post("one", &report, |request| request.header("headcount-replica", "1")).await;
    assert_eq!(repeat.json()["status"], "duplicate");
    running.collector.compute_fleet().await.unwrap();
    assert_eq!(running.ids("").await, ["one"]);
    let fleet = running.answer("/api/fleet").await;
    assert_eq!((&fleet["total"], &fleet["conflicts"]), (&json!(1), &json!(0)));
    assert_eq!(fleet["instances"][0]["reports"], 1);
    assert_eq!(running.answer("/api/reports").await["reports"][0]["replica"], json!(null));
    assert_eq!(running.answer("/api/fleet/products").await["products"], json!(["b"]));
}

async fn a_repeat_of_an_overlapping_report_is_no_second_overlap(kind: EngineKind) {
    let engine = TestedEngine::new(kind);
    let running = engine.collector().await;
    let instance = Uuid::new_v4();
    let of_period = |from: u64, to: u64| {
        let mut report = report_of(instance);
        report["profile"]["from"] = json!(from);
        report["profile"]["to"] = json!(to);
        report
    };
    let first = of_period(1000, 2000);
    let second = of_period(1500, 2500);
    for (report, id, status) in [
        (&first, "first", "stored"),
        (&second, "second", "stored"),
        (&first, "first", "duplicate"),
        (&second, "second", "duplicate"),
    ] {
        running.report(id, report, status).await;
    }
    let fleet = running.answer("/api/fleet").await;
    assert_eq!((&fleet["overlaps"], &fleet["instances"][0]["overlaps"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn the_lag_is_that_of_the_collector_that_computes() {
    let engine = TestedEngine::new(EngineKind::Today);
    let collectors = [engine.collector().await, engine.collector().await];
    for running in &collectors {
        running.clock.turn_to(START + 1000);
    }
    collectors[0].collector.compute_fleet().await.unwrap();
    collectors[0].report("a", &report_of(Uuid::new_v4()), "stored").await;
    assert_eq!(collectors[1].answer("/api/fleet").await["rollup_lag"], 0);
}

#[tokio::test]
async fn a_late_duplicate_has_its_day_computed_again() {
    let engine = TestedEngine::new(EngineKind::Today);
    let running = engine.collector().await;
    let report = report_of(Uuid::new_v4());
    running.report("a", &report, "stored").await;
    for (days, changes) in [(2, 2), (30, 2)] {
        running.clock.turn_to(START + days * DAY);
        running.report("a", &report, "duplicate").await;
        let check = format!("SELECT throwIf(count() != {changes}) FROM headcount_change");
        assert!(engine.try_run(&check).await.is_ok(), "{changes} changes after {days} days");
    }
}

#[tokio::test]
async fn metrics_of_clickhouse_say_nothing_of_its_free_space_and_of_alerts() {
    let engine = TestedEngine::new(EngineKind::Today);
    let running = engine.collector().await;
    let metrics = String::from_utf8(running.get("/metrics").await.body.to_vec()).unwrap();
    assert!(metrics.contains("headcount_collector_disk_bytes"), "{metrics}");
    assert!(!metrics.contains("disk_free") && !metrics.contains("collector_alert"), "{metrics}");
}

#[tokio::test]
async fn a_report_that_is_not_stored_takes_no_place_among_the_products() {
    let engine = TestedEngine::new(EngineKind::Today);
    let running = engine.collector().await;
    let instance = Uuid::new_v4();
    let report = report_of(instance);
    let mut other = report.clone();
    other["stack"]["clouds"] = json!(["aws"]);
    running.report("one", &report, "stored").await;
    for number in 0..70 {
        let product = format!("refused-{number}");
        let sent = running.post("one", &other, |request| request.header("headcount-product", product)).await;
        assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let sent = running.post("two", &report, |request| request.header("headcount-product", "named")).await;
    assert_eq!(sent.status, StatusCode::OK);
    running.collector.compute_fleet().await.unwrap();
    assert_eq!(running.answer("/api/fleet/products").await["products"], json!(["coroot", "named"]));
}
