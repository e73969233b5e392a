//! Compares the answers of ClickHouse about a simulated fleet with those of SQLite: they are the same.

use std::{fs, sync::Arc};

use axum::{body::Body, http::Request};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_simulated_fleet::{fleet_plan::FleetPlan, simulated_fleet::SimulatedFleet};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::tested_engine::{DAY, EngineCollector, EngineKind, START, TestedEngine};

/// What is asked.
const QUESTIONS: [&str; 15] = [
    "/api/fleet/products",
    "/api/fleet/activity",
    "/api/fleet/retention",
    "/api/fleet/shares/versions",
    "/api/fleet/shares/clouds",
    "/api/fleet/shares/pages",
    "/api/fleet/distributions/sizes",
    "/api/fleet/distributions/queries",
    "/api/fleet/profiles/graph",
    "/api/fleet/changes",
    "/api/fleet/published/products",
    "/api/fleet/published/tables",
    "/api/fleet/published/tables/versions",
    "/api/fleet/published/tables/clouds",
    "/api/fleet",
];

fn fleet() -> Arc<SimulatedFleet> {
    let last = CalendarDay::from_unix_seconds(START);
    let plan = FleetPlan {
        seed: 11,
        installations: 150,
        first_day: last.minus_days(3),
        days: 4,
        reports_per_day: 2,
        product: None,
    };
    Arc::new(SimulatedFleet::new(plan).unwrap())
}

/// Fills a store, and answers all questions at once and after the releases of the days.
async fn all_answers(running: &EngineCollector) -> Vec<(String, Value)> {
    let fleet = fleet();
    for day in fleet.days() {
        running.collector.fill_day(&fleet, day, true).await.unwrap();
    }
    let mut answers = Vec::new();
    for days in [0, 3, 16] {
        running.clock.turn_to(START + days * DAY);
        running.collector.compute_fleet().await.unwrap();
        running.collector.look_for_changes().await.unwrap();
        let note = json!({"notes": [format!("after {days} days")]});
        let noted = Request::put(format!("/api/fleet/notes/{}", CalendarDay::from_unix_seconds(START)));
        let noted = noted.header("content-type", "application/json").body(Body::from(note.to_string()));
        assert_eq!(running.send(noted.unwrap()).await.status, 204);
        for question in QUESTIONS {
            let dates = if question.contains("/fleet/") { "?from=2024-01-01" } else { "" };
            let answer = running.get(&format!("{question}{dates}")).await;
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            let answer = serde_json::from_str(&body).unwrap_or(Value::String(body));
            answers.push((format!("{question} after {days} days"), answer));
        }
    }
    answers
}

/// The answers of SQLite, with the keys that the noise of what is published depends on.
struct ExpectedAnswers {
    keys: Vec<u8>,
    answers: Vec<(String, Value)>,
}

static EXPECTED: OnceCell<ExpectedAnswers> = OnceCell::const_new();

async fn expected_answers() -> ExpectedAnswers {
    let sqlite = TestedEngine::new(EngineKind::Sqlite);
    let keys = fs::read(sqlite.keys_file()).unwrap();
    ExpectedAnswers { keys, answers: all_answers(&sqlite.collector().await).await }
}

async fn is_answered_like_by_sqlite(kind: EngineKind) {
    let expected = EXPECTED.get_or_init(expected_answers).await;
    let engine = TestedEngine::new(kind);
    fs::write(engine.keys_file(), &expected.keys).unwrap();
    let answers = all_answers(&engine.collector().await).await;
    for ((question, expected), (_, answer)) in expected.answers.iter().zip(&answers) {
        assert_eq!(without_order(expected), without_order(answer), "{question}");
    }
    let of_changes = answers.iter().rfind(|(question, _)| question.contains("/changes")).unwrap();
    assert_eq!(of_changes.1["looked_at"], CalendarDay::from_unix_seconds(START).to_string());
    assert_eq!(of_changes.1["notes"][0]["notes"], json!(["after 16 days"]));
    let has_days = |answer: &Value| answer["days"].as_array().is_some_and(|days| !days.is_empty());
    let compared = expected.answers.iter().filter(|(_, answer)| has_days(answer));
    assert!(compared.count() >= 6, "there are numbers to compare");
}

/// An answer without what depends on the order of arrival within a second.
fn without_order(answer: &Value) -> Value {
    let mut answer = answer.clone();
    if let Some(instances) = answer["instances"].as_array_mut() {
        instances.sort_by_key(|row| row["instance"].to_string());
        for row in instances {
            // Of reports of one second, the engines take another one for the latest.
            for name in ["latest", "users", "page_views", "version", "database_type"] {
                row[name] = Value::Null;
            }
        }
    }
    answer
}

#[tokio::test]
async fn every_question_is_answered_by_a_cluster_of_2018_as_by_sqlite() {
    is_answered_like_by_sqlite(EngineKind::Cluster).await;
}

#[tokio::test]
async fn every_question_is_answered_by_the_clickhouse_of_today_as_by_sqlite() {
    is_answered_like_by_sqlite(EngineKind::Today).await;
}
