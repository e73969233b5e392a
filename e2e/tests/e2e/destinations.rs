//! Tests that the mock destinations accept and refuse the same requests as the real services.

use std::time::Duration;

use headcount_harness::{
    destinations::{DestinationBehaviour, DestinationKind, MockDestination},
    http,
    wait::eventually,
};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::setup::{SOON, own_address};

/// A request: the path after the base URL, headers, and a body.
struct RawRequest<'a> {
    to: &'a str,
    headers: Vec<(&'a str, String)>,
    body: Value,
}

async fn say(destination: &MockDestination, said: &RawRequest<'_>) -> reqwest::Result<Response> {
    let mut request =
        http::client().unwrap().post(format!("{}{}", destination.url(), said.to)).json(&said.body);
    for (name, value) in &said.headers {
        request = request.header(*name, value);
    }
    request.send().await
}

async fn start(service: DestinationKind) -> MockDestination {
    MockDestination::start(service, own_address()).await.unwrap()
}

/// A request that is accepted with the settings of its project.
fn good(destination: &MockDestination) -> RawRequest<'static> {
    let (name, integration) = destination.integration();
    let of = |member: &str| integration[member].as_str().unwrap_or_default().to_owned();
    match name {
        "slack" => RawRequest {
            to: "chat.postMessage",
            headers: vec![("authorization", format!("Bearer {}", of("token")))],
            body: json!({ "channel": of("default_channel"), "text": "It is down" }),
        },
        "teams" => RawRequest {
            to: "",
            headers: Vec::new(),
            body: json!({ "type": "message", "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "type": "AdaptiveCard", "version": "1.4", "body": [{ "type": "TextBlock", "text": "It is down" }],
                },
            }] }),
        },
        "pagerduty" => RawRequest {
            to: "v2/enqueue",
            headers: Vec::new(),
            body: json!({
                "routing_key": of("integration_key"), "event_action": "trigger", "dedup_key": "k",
                "payload": { "summary": "It is down", "source": "shop", "severity": "critical" },
            }),
        },
        "opsgenie" => RawRequest {
            to: "v2/alerts",
            headers: vec![("authorization", format!("GenieKey {}", of("api_key")))],
            body: json!({ "message": "It is down", "alias": "a b/c", "priority": "P1" }),
        },
        _ => RawRequest {
            to: "",
            headers: vec![
                ("authorization", "Basic aGVhZGNvdW50Om9ubHkgaW4gdGVzdHM=".to_owned()),
                ("x-team", "platform".to_owned()),
            ],
            body: json!({ "status": "CRITICAL" }),
        },
    }
}

const SERVICES: [DestinationKind; 5] = [
    DestinationKind::Slack,
    DestinationKind::Teams,
    DestinationKind::Pagerduty,
    DestinationKind::Opsgenie,
    DestinationKind::Webhook,
];

#[tokio::test]
async fn what_is_right_is_remembered_and_what_is_wrong_is_refused() {
    for service in SERVICES {
        let destination = start(service).await;
        let right = good(&destination);
        let answer = say(&destination, &right).await.unwrap();
        assert!(answer.status().is_success(), "{service:?}: {answer:?}");
        assert_eq!(destination.received().last().unwrap().body, right.body);
        let without_headers = RawRequest { headers: Vec::new(), ..good(&destination) };
        let wrong_path = RawRequest { to: "/nowhere", ..good(&destination) };
        let no_object = RawRequest { body: json!(""), ..good(&destination) };
        let has_secret_in_headers = !right.headers.is_empty();
        let wrong =
            [wrong_path, no_object].into_iter().chain(has_secret_in_headers.then_some(without_headers));
        for (number, wrong) in wrong.enumerate() {
            let answer = say(&destination, &wrong).await.unwrap();
            let refuses =
                answer.status().is_client_error() || answer.text().await.unwrap().contains("\"ok\":false");
            assert!(refuses, "{service:?} to {}", wrong.to);
            assert_eq!(destination.refused().len(), number + 1, "{service:?}");
        }
        let requests = if has_secret_in_headers { 4 } else { 3 };
        assert_eq!((destination.received().len(), destination.requests()), (1, requests));
    }
}

/// Checks that each of these changes to a good body makes it refused.
async fn refuses_each(service: DestinationKind, changes: &[(&str, Value)]) {
    let destination = start(service).await;
    for (pointer, value) in changes {
        let mut wrong = good(&destination);
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        let parent = wrong.body.pointer_mut(parent).unwrap();
        match value {
            Value::Null => drop(parent.as_object_mut().unwrap().remove(member)),
            value => parent[member] = value.clone(),
        }
        say(&destination, &wrong).await.unwrap();
        assert_eq!(destination.received(), [], "{pointer} {value}");
    }
    assert_eq!(destination.refused().len(), changes.len());
}

#[tokio::test]
async fn what_a_real_service_asks_for_has_to_be_there() {
    let slack = [
        ("/channel", Value::Null),
        ("/channel", json!("elsewhere")),
        ("/text", Value::Null),
        ("/thread_ts", json!("1.0")),
    ];
    refuses_each(DestinationKind::Slack, &slack).await;
    let teams = [
        ("/type", Value::Null),
        ("/attachments", json!([])),
        ("/attachments/0/contentType", json!("text/plain")),
        ("/attachments/0/content/body", json!([])),
    ];
    refuses_each(DestinationKind::Teams, &teams).await;
    let pagerduty = [
        ("/routing_key", json!("another")),
        ("/event_action", json!("open")),
        ("/payload/summary", Value::Null),
        ("/payload/source", json!("")),
        ("/payload/severity", json!("bad")),
        ("/dedup_key", json!("k".repeat(256))),
    ];
    refuses_each(DestinationKind::Pagerduty, &pagerduty).await;
    let opsgenie =
        [("/message", Value::Null), ("/message", json!("m".repeat(131))), ("/priority", json!("high"))];
    refuses_each(DestinationKind::Opsgenie, &opsgenie).await;
}

#[tokio::test]
async fn a_conversation_is_known_again() {
    let conversations = |destination: &MockDestination| {
        let received = destination.received().into_iter();
        received.map(|received| (received.action, received.conversation)).collect::<Vec<_>>()
    };
    let slack = start(DestinationKind::Slack).await;
    let mut said = good(&slack);
    let first: Value = say(&slack, &said).await.unwrap().json().await.unwrap();
    let ts = first["ts"].as_str().unwrap().to_owned();
    said.body["thread_ts"] = json!(ts);
    said.body["reply_broadcast"] = json!(true);
    let reply: Value = say(&slack, &said).await.unwrap().json().await.unwrap();
    assert_eq!((&reply["ok"], reply["ts"] == ts), (&json!(true), false));
    assert_eq!(conversations(&slack), [("message", ts.clone()), ("reply", ts)]);

    let pagerduty = start(DestinationKind::Pagerduty).await;
    let mut said = good(&pagerduty);
    say(&pagerduty, &said).await.unwrap();
    said.body["event_action"] = json!("resolve");
    said.body.as_object_mut().unwrap().remove("payload");
    let answer = say(&pagerduty, &said).await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(conversations(&pagerduty), [("trigger", "k".to_owned()), ("resolve", "k".to_owned())]);

    let opsgenie = start(DestinationKind::Opsgenie).await;
    say(&opsgenie, &good(&opsgenie)).await.unwrap();
    for (to, accepted) in [
        ("v2/alerts/a%20b%2Fc/close?identifierType=alias", true),
        ("v2/alerts/a%20b%2Fc/close", false),
        ("v2/alerts/a%20b/c/close?identifierType=alias", false),
        ("v2/alerts//close?identifierType=alias", false),
    ] {
        let close = RawRequest { to, body: json!({}), ..good(&opsgenie) };
        let answer = say(&opsgenie, &close).await.unwrap();
        assert_eq!(answer.status().is_success(), accepted, "{to}");
    }
    assert_eq!(conversations(&opsgenie), [("create", "a b/c".to_owned()), ("close", "a b/c".to_owned())]);
}

#[tokio::test]
async fn a_service_is_busy_broken_slow_or_down_when_it_is_told_to_be() {
    for service in SERVICES {
        let mut destination = start(service).await;
        let said = good(&destination);
        destination.behave(DestinationBehaviour::RateLimited(7));
        let answer = say(&destination, &said).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["retry-after"]),
            (429, &"7".parse().unwrap())
        );
        destination.behave(DestinationBehaviour::Failing);
        assert_eq!(say(&destination, &said).await.unwrap().status().as_u16(), 500);
        assert_eq!(destination.received(), []);

        destination.behave(DestinationBehaviour::Slow(Duration::from_secs(3600)));
        let heard =
            eventually("it is heard", SOON, async || (!destination.received().is_empty()).then_some(()));
        tokio::select! {
            answer = say(&destination, &said) => panic!("{service:?} answers: {answer:?}"),
            heard = heard => heard.unwrap(),
        }
        assert_eq!(destination.received().len(), 1, "{service:?}");

        destination.behave(DestinationBehaviour::Working);
        let address = destination.url();
        destination.down().await.unwrap();
        assert!(say(&destination, &said).await.unwrap_err().is_connect());
        destination.up().await.unwrap();
        assert_eq!(destination.url(), address);
        assert!(say(&destination, &said).await.unwrap().status().is_success());
        assert_eq!((destination.received().len(), destination.requests()), (2, 4));
        assert_eq!(destination.refused(), [""; 0]);
    }
}
