//! Tests that every report that arrives is counted once, with its outcome.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use uuid::Uuid;

use super::loopback_collector::{
    DAY, DOCUMENTED, INSTANCE, ListeningCollector, OTHER_INSTANCE, PATIENCE, START, TODAY, documented_with,
    id_of, names, report_for, send_what_is_refused, small_report,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_report_is_received_once_and_stored_or_not_for_a_named_reason() {
    let running = ListeningCollector::start().await;
    running.report("first", DOCUMENTED).await;
    running.report("first", DOCUMENTED).await;
    assert_eq!(running.post(&[("idempotency-key", "first")], small_report(1)).await, 422);
    let mut expected: serde_json::Map<String, Value> = send_what_is_refused(&running)
        .await
        .into_iter()
        .chain(["duplicate", "conflict"])
        .map(|reason| (reason.to_owned(), json!(1)))
        .collect();

    // Of one network, 256 installations may be new in an hour.
    let network = [("x-forwarded-for", "203.0.113.9")];
    for instance in 1..=258 {
        running.post(&network, small_report(instance)).await;
    }
    expected.insert("new_installation_quota".to_owned(), json!(2));

    // An installation is deleted, and reports once more.
    let deleted = format!("/api/instances/{}", Uuid::from_u128(1));
    assert_eq!(running.request("DELETE", &deleted, "", b"").await.status, 200);
    assert_eq!(running.post(&[], small_report(1)).await, 410);
    expected.insert("deleted".to_owned(), json!(1));

    // A sender hangs up in the middle.
    running.sent.fetch_add(1, Ordering::Relaxed);
    let mut peer = TcpStream::connect(running.address).await.unwrap();
    peer.write_all(b"POST /ce/usage-statistics HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{")
        .await
        .unwrap();
    drop(peer);
    expected.insert("interrupted".to_owned(), json!(1));

    let sent = running.sent.load(Ordering::Relaxed);
    let all_arrived = async {
        while running.today().await["received"] != sent {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, all_arrived).await.unwrap();
    let today = running.today().await;
    assert_eq!(today["day"], TODAY);
    assert_eq!((names(&today["not_stored"]), &today["stored"]), (expected, &json!(257)));
    assert_eq!(Value::Object(names(&today["dropped"])), json!({"report_deletion": 1, "raw_deletion": 1}));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remarkable_about_stored_reports_is_counted_by_day() {
    let running = ListeningCollector::start().await;
    let hour = 3600;
    let reports = [
        ("a", report_for(INSTANCE, 10 * hour, 11 * hour)),
        ("b", report_for(INSTANCE, 11 * hour, 12 * hour)),
        ("after-a-gap", report_for(INSTANCE, 14 * hour, 15 * hour)),
        ("after-another", report_for(INSTANCE, 16 * hour, 17 * hour)),
        ("closes-it", report_for(INSTANCE, 15 * hour, 16 * hour)),
        ("overlaps", report_for(INSTANCE, 10 * hour + 1800, 11 * hour)),
        ("other", report_for(OTHER_INSTANCE, 20 * hour, 21 * hour)),
    ];
    for (id, report) in &reports {
        running.report(id, report).await;
    }
    let bad = [("/infra/nodes", json!("many")), ("/stack/clouds", json!([1, "aws"]))];
    running.report(&id_of(START - DAY), documented_with(&bad)).await;
    for commitment in ["0a", "0b"] {
        let commitment = commitment.repeat(32);
        let status = running.post(&[("deletion-commitment", &commitment)], small_report(7)).await;
        assert_eq!(status, 200);
    }
    assert_eq!(running.post(&[("headcount-product", "No Product")], small_report(8)).await, 200);

    let today = running.today().await;
    // The time of the documented report is years after that of the others. Its profiles are not real.
    for (name, count) in [
        ("late", 1),
        ("gaps", 3),
        ("gaps_closed", 1),
        ("overlaps", 1),
        ("clones", 1),
        ("unreadable_profiles", 16),
    ] {
        assert_eq!(today[name], count, "{name}: {today}");
    }
    let set_aside = json!({"headers": 1, "infra.nodes": 1, "stack.clouds": 1});
    assert_eq!(Value::Object(names(&today["set_aside"])), set_aside);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_survives_a_restart_and_a_database_that_cannot_be_written() {
    let running = ListeningCollector::start().await;
    running.report("a", DOCUMENTED).await;
    send_what_is_refused(&running).await;
    let mut database = running.intruder().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut database).await.unwrap();
    assert_eq!(running.post(&[("idempotency-key", "b")], DOCUMENTED).await, 503);
    let locked = running.today().await;
    assert_eq!((&locked["received"], &names(&locked["not_stored"])["failed"]), (&json!(10), &json!(1)));
    let other = running.get("/api/fleet/trust?product=other").await.json();
    assert_eq!(other["since_beginning"]["received"], 0, "they are of another product");
    sqlx::query("ROLLBACK").execute(&mut database).await.unwrap();
    assert_eq!(running.today().await, locked, "nothing is counted twice");
    // What the last seconds brought is written at the end.
    assert_eq!(running.post(&[], "{").await, 400);
    let running = running.restart().await;
    let after = running.today().await;
    assert_eq!((&after["received"], &names(&after["not_stored"])["json"]), (&json!(11), &json!(2)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_later_is_counted_by_name_and_the_sums_of_old_days_stay() {
    let running = ListeningCollector::start().await;
    for number in 0..5 {
        running.report(&format!("old-{number}"), DOCUMENTED).await;
    }
    assert_eq!(running.post(&[], "{").await, 400);
    running.collector.compute_fleet().await.unwrap();
    running.clock.0.store(START + 40 * DAY, Ordering::Relaxed);
    // The clock is doubted until it is confirmed.
    assert_eq!(running.request("POST", "/api/clock", "", b"").await.status, 200);
    running.report("new", report_for(OTHER_INSTANCE, 1, 2)).await;
    running.collector.prune(Duration::from_secs(START + 40 * DAY)).await.unwrap();
    let today = running.today().await;
    assert_eq!(Value::Object(names(&today["dropped"])), json!({"raw_retention": 5}));

    running.collector.prune(Duration::from_secs(START + 402 * DAY)).await.unwrap();
    let answer = running.trust().await;
    assert_eq!(answer["days"].as_array().unwrap().len(), 1, "{answer}");
    let dropped = json!({"raw_retention": 6, "report_retention": 5});
    assert_eq!(Value::Object(names(&answer["days"][0]["dropped"])), dropped);
    let whole = json!({"received": 7, "stored": 6, "not_stored": 1, "dropped": 5, "kept": 1});
    assert_eq!(answer["since_beginning"], whole, "the day of the old reports is gone, its sums are not");
    assert_eq!(running.rows("SELECT count(*) FROM intake_hour").await, 1, "old hours are gone");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_without_a_place_counts_as_other_and_gets_one_when_another_is_gone() {
    let running = ListeningCollector::start().await;
    let of = async |product: &str, instance| {
        running.post(&[("headcount-product", product)], small_report(instance)).await
    };
    for number in 0..100 {
        assert_eq!(of(&format!("invented-{number}"), 1 + number).await, 200);
    }
    assert_eq!(of("coroot", 101).await, 200, "the usual product has a place of its own");
    assert_eq!(running.post(&[("headcount-product", "invented-0")], "{").await, 400);
    assert_eq!(running.post(&[("headcount-product", "never-heard-of")], "{").await, 400);
    running.collector.compute_fleet().await.unwrap();
    let products = running.get("/api/fleet/products").await.json();
    let products: Vec<&str> =
        products["products"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(products.len(), 64 + 1);
    assert!(products.contains(&"coroot") && products.contains(&"other"), "{products:?}");
    for (product, received, stored) in [("other", 38, 37), ("invented-0", 2, 1), ("coroot", 1, 1)] {
        let of_product = running.get(&format!("/api/fleet/trust?product={product}")).await.json();
        let whole = &of_product["since_beginning"];
        assert_eq!((&whole["received"], &whole["stored"]), (&json!(received), &json!(stored)), "{product}");
    }

    // When everything of products is dropped, their places are free.
    running.clock.0.fetch_add(2 * DAY, Ordering::Relaxed);
    assert_eq!(of("invented-1", 2).await, 200);
    running.collector.compute_fleet().await.unwrap();
    running.collector.prune(Duration::from_secs(START + 401 * DAY)).await.unwrap();
    assert_eq!(of("newcomer", 102).await, 200);
    running.collector.compute_fleet().await.unwrap();
    let products = running.get("/api/fleet/products").await.json();
    assert_eq!(products, json!({ "products": ["invented-1", "newcomer"] }));
    let places =
        running.rows("SELECT count(*) FROM product WHERE name IN ('coroot', 'invented-1', 'newcomer')").await;
    assert_eq!((places, running.rows("SELECT count(*) FROM product").await), (3, 3));
    let other = running.get("/api/fleet/trust?product=other").await.json();
    assert_eq!(other["since_beginning"]["received"], 38 + 62 + 1, "the sums of products without a place");
    running.trust().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_has_a_period_and_the_same_numbers_as_csv() {
    let running = ListeningCollector::start().await;
    running.report("a", DOCUMENTED).await;
    assert_eq!(running.post(&[], "{").await, 400);
    let answer = running.get("/api/fleet/trust?product=coroot&from=2023-11-01&to=2023-11-14").await.json();
    for (name, value) in [
        ("product", json!("coroot")),
        ("from", json!("2023-11-01")),
        ("to", json!("2023-11-14")),
        ("computed_at", json!(START)),
    ] {
        assert_eq!(answer[name], value, "{name}");
    }
    let none = running.get("/api/fleet/trust?to=2023-11-13").await.json();
    assert_eq!((&none["days"], &none["since_beginning"]["received"]), (&json!([]), &json!(2)));
    let csv = running.get("/api/fleet/trust?format=csv").await.body;
    for line in ["day,number,name,count", "2023-11-14,received,,2", "2023-11-14,not_stored,json,1"] {
        assert!(csv.lines().any(|found| found == line), "{line} in {csv}");
    }
    for query in ["from=yesterday", "version=1", "format=xml"] {
        assert_eq!(running.get(&format!("/api/fleet/trust?{query}")).await.status, 400, "{query}");
    }
    running.stop().await;
}
