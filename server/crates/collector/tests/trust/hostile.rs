//! Tests that what strangers invent is bounded for the administrator, and is not published.

use std::{net::Ipv4Addr, sync::atomic::Ordering};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use super::loopback_collector::{
    DAY, ListeningCollector, PATIENCE, START, TODAY, documented_with, gzip, id_of,
};

/// The middle of 2023-11-19.
const SUNDAY: u64 = 1_700_395_200;
const SUNDAY_TEXT: &str = "2023-11-19";

/// The labels that an answer names, and `other`.
const MOST_LABELS: usize = 201;

/// The installations that one network may bring in an hour.
const OF_ONE_NETWORK: u128 = 256;

/// The senders of one stranger who has many networks.
fn network(number: u128) -> String {
    Ipv4Addr::from(0xcb00_0000 + (u32::try_from(number).unwrap() << 8)).to_string()
}

/// A profile whose only function has this name.
fn profile_with(name: &[u8]) -> String {
    let field = |number: u8, content: &[u8]| {
        let mut bytes = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 128 {
            bytes.push(u8::try_from(length & 127).unwrap() | 128);
            length >>= 7;
        }
        bytes.push(u8::try_from(length).unwrap());
        bytes.extend(content);
        bytes
    };
    let texts: [&[u8]; 4] = [b"", b"cpu", b"nanoseconds", name];
    let mut message = field(1, &[8, 1, 16, 2]);
    message.extend(field(2, &[8, 1, 16, 50]));
    message.extend(field(4, &[8, 1, 34, 2, 8, 1]));
    message.extend(field(5, &[8, 1, 16, 3]));
    message.extend(texts.iter().flat_map(|text| field(6, text)));
    BASE64_STANDARD.encode(gzip(&message))
}

/// How many installations a stranger invents, and how many are honest.
const INVENTED: u128 = 550;
const HONEST: u128 = 500;

/// Reports of everybody, from networks that are large enough.
async fn report_all(running: &ListeningCollector) {
    for number in 0..INVENTED + HONEST {
        let uuid = ("/instance/uuid", json!(Uuid::from_u128(1 + number)));
        let report = if number < INVENTED {
            documented_with(&[
                uuid,
                ("/instance/version", json!(format!("77.{number}.0"))),
                ("/stack/services", json!([format!("invented-{number}")])),
                ("/ux/page_views", json!({ format!("/invented/{number}"): 1 })),
            ])
        } else {
            // What all have is not told.
            let service = if number % 2 == 0 { "postgres" } else { "redis" };
            documented_with(&[uuid, ("/stack/services", json!([service]))])
        };
        let sender = network(number / OF_ONE_NETWORK);
        assert_eq!(running.post(&[("x-forwarded-for", &sender)], report).await, 200, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invented_versions_services_and_pages_stay_few_and_are_not_published() {
    let running = ListeningCollector::start().await;
    report_all(&running).await;
    running.collector.compute_fleet().await.unwrap();
    for (table, honest) in [("versions", 1), ("services", 2), ("pages", 2)] {
        let answer = running.get(&format!("/api/fleet/shares/{table}?from={TODAY}&to={TODAY}")).await.json();
        let labels = answer["labels"].as_array().unwrap();
        assert!(labels.len() <= MOST_LABELS, "{table}: {}", labels.len());
        let other = labels.iter().find(|label| label["label"] == "other").unwrap();
        // Those that more installations have come first.
        assert_eq!(
            other["by_day"][0],
            u64::try_from(INVENTED).unwrap() - (MOST_LABELS as u64 - 1 - honest),
            "{table}"
        );
    }

    // A Sunday is released, of installations that are known for some days.
    running.clock.0.store(SUNDAY, Ordering::Relaxed);
    report_all(&running).await;
    running.clock.0.store(SUNDAY + 16 * DAY, Ordering::Relaxed);
    running.collector.compute_fleet().await.unwrap();
    for table in ["versions", "services", "pages"] {
        let answer = running.get(&format!("/api/fleet/published/tables/{table}")).await;
        assert_eq!(answer.status, 200, "{table}");
        assert_eq!(answer.json()["releases"][0]["day"], SUNDAY_TEXT, "{table}");
        assert!(
            !answer.body.contains("invented") && !answer.body.contains("77."),
            "{table}: {}",
            answer.body
        );
        // What enough installations say is there.
        assert!(table != "versions" || answer.body.contains("0.20.0"), "{}", answer.body);
    }
    running.stop().await;
}

fn report_with(profile: &str) -> String {
    documented_with(&[("/profile/cpu", json!(profile)), ("/profile/memory", json!(""))])
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_that_are_bombs_or_lie_are_counted_apart_and_cost_the_report_nothing_else() {
    let running = ListeningCollector::start().await;
    let bomb = BASE64_STANDARD.encode(gzip(&vec![0; 9 << 20]));
    let lying = BASE64_STANDARD.encode(gzip(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]));
    let cut: String = profile_with(b"main").chars().take(40).collect();
    let unreadable = ["not base64", &bomb, &lying, &cut];
    for (at, profile) in unreadable.iter().enumerate() {
        let id = format!("unreadable-{at}");
        running.report(&id, report_with(profile)).await;
    }
    running.report("megabyte", report_with(&profile_with(&vec![b'x'; 1 << 20]))).await;
    running.report("script", report_with(&profile_with(b"<script>alert(1)</script>\x00\x1b"))).await;
    let today = running.today().await;
    assert_eq!(today["stored"], 6);
    assert_eq!(today["unreadable_profiles"], unreadable.len(), "{today}");
    timeout(PATIENCE, running.collector.compute_fleet()).await.unwrap().unwrap();
    let graph = running.get(&format!("/api/fleet/profiles/graph?from={TODAY}&to={TODAY}")).await.json();
    assert_eq!(graph["graph"]["names"], json!(["(all)", "(name not readable)", "(name too long)"]));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_a_far_day_counts_on_the_day_of_its_arrival() {
    let running = ListeningCollector::start().await;
    let far = [0, 1, START - 22 * DAY, START + 2 * DAY, 250_000_000_000];
    for (at, seconds) in far.into_iter().enumerate() {
        let instance = json!(Uuid::from_u128(1 + at as u128));
        running.report(&id_of(seconds), documented_with(&[("/instance/uuid", instance)])).await;
    }
    running.collector.compute_fleet().await.unwrap();
    let answer = running.get(&format!("/api/fleet/shares/versions?from=2023-10-01&to={TODAY}")).await.json();
    let by_day: Vec<u64> =
        answer["labels"][0]["by_day"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    assert_eq!((by_day.last(), by_day.iter().sum::<u64>()), (Some(&5), 5));
    running.stop().await;
}
