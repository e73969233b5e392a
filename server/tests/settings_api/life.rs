//! Tests the life of projects through this interface alone: they are created, observed, and deleted.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{net::TcpListener, time::timeout};

use crate::{CART, serving::RunningServer, stored::remember};

/// How long the next check of the settings may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_project_that_is_created_is_observed_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let prometheus = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", prometheus.local_addr().unwrap());
    let project = server.new_project("shop").await;
    let answer = server.put(&format!("{project}/prometheus"), &json!({"url": url})).await;
    assert_eq!(answer.json()["url"], url);
    timeout(SOON, prometheus.accept()).await.expect("Prometheus is asked").unwrap();
    let preview = server.get("api/usage-statistics/preview").await.json();
    assert_eq!(
        (&preview["infra"]["projects"], &preview["integration"]["prometheus"]),
        (&json!(1), &json!(true))
    );
    server.stop().await;
}

#[tokio::test]
async fn what_a_prometheus_answers_instead_is_said_with_its_project_and_in_the_status() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let shop = server.new_project("shop").await;
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", refusing.local_addr().unwrap());
    let refuse = axum::Router::new().fallback(async || axum::http::StatusCode::METHOD_NOT_ALLOWED);
    tokio::spawn(async move { axum::serve(refusing, refuse).await });
    for place in [shop.as_str(), "api/usage-statistics"] {
        assert_eq!(server.get(place).await.json()["prometheus_failure"], Value::Null);
    }
    server.put(&format!("{shop}/prometheus"), &json!({"url": url, "refresh_interval_s": 1})).await;
    for place in [shop.as_str(), "api/usage-statistics"] {
        let said = async {
            loop {
                let said = server.get(place).await.json()["prometheus_failure"].clone();
                if !said.is_null() {
                    return said;
                }
                // The state can only be asked about.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        assert_eq!(timeout(SOON, said).await.unwrap(), "Prometheus answers 405", "{place}");
    }
    server.stop().await;
}

#[tokio::test]
async fn projects_are_listed_by_their_names_with_what_they_have() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let (shop, bank) = (server.new_project("shop").await, server.new_project("bank").await);
    let listed = async || server.get("api/projects").await.json()["projects"].clone();
    let names = |listed: &Value| -> Vec<Value> {
        listed.as_array().unwrap().iter().map(|project| project["name"].clone()).collect()
    };
    assert_eq!(names(&listed().await), ["bank", "shop"]);
    server.put(&format!("{shop}/prometheus"), &json!({"url": "http://127.0.0.1:9/"})).await;
    server.put(&format!("{shop}/clickhouse"), &json!({"addr": "c:9000"})).await;
    server.put(&format!("{shop}/integrations/opsgenie"), &json!({"api_key": "k"})).await;
    server.put(&shop, &json!({"name": "a-shop"})).await;
    // Nothing answers at that address, so a failure appears at some time.
    let without_failure = |mut project: Value| {
        project.as_object_mut().unwrap().remove("prometheus_failure").unwrap();
        project
    };
    let found = without_failure(listed().await[0].clone());
    assert_eq!(found, without_failure(server.get(&shop).await.json()));
    assert_eq!((&found["prometheus"], &found["clickhouse"]), (&json!(true), &json!(true)));
    assert_eq!((&found["name"], &found["integrations"]), (&json!("a-shop"), &json!(["opsgenie"])));

    server.delete(&format!("{shop}/prometheus")).await;
    server.delete(&format!("{shop}/integrations/opsgenie")).await;
    let found = server.get(&shop).await.json();
    assert_eq!((&found["prometheus"], &found["integrations"]), (&json!(false), &json!([])));
    assert_eq!(server.delete(&bank).await.status, 204);
    assert_eq!(server.delete(&bank).await.status, 404);
    assert_eq!(names(&listed().await), ["a-shop"]);
    server.stop().await;
}

#[tokio::test]
async fn the_threshold_in_force_is_that_of_the_application_then_of_the_project_then_the_default() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let of_application = format!("{project}/applications/{CART}");
    let found = async |base: &str, id: &str| {
        let all = server.get(&format!("{base}/inspections")).await.json();
        let all = all["inspections"].as_array().unwrap().clone();
        assert_eq!(all.len(), 35);
        all.into_iter().find(|inspection| inspection["id"] == id).unwrap()
    };
    let default = json!({"id": "CPUNode", "title": "CPU usage of nodes", "unit": "percent", "default": 80.0,
        "in_force": 80.0, "set": null});
    assert_eq!(found(&project, "CPUNode").await, default);
    server.put(&format!("{project}/inspections/CPUNode"), &json!({"threshold": 70.5})).await;
    let of_project = found(&project, "CPUNode").await;
    assert_eq!((&of_project["in_force"], &of_project["set"]), (&json!(70.5), &json!({"threshold": 70.5})));
    let inherited = found(&of_application, "CPUNode").await;
    assert_eq!((&inherited["in_force"], &inherited["set"]), (&json!(70.5), &Value::Null));
    server.put(&format!("{of_application}/inspections/CPUNode"), &json!({"threshold": 60})).await;
    assert_eq!(found(&of_application, "CPUNode").await["in_force"], json!(60.0));
    assert_eq!(found(&project, "CPUNode").await["in_force"], json!(70.5));
    server.delete(&format!("{project}/inspections/CPUNode")).await;
    server.delete(&format!("{of_application}/inspections/CPUNode")).await;
    assert_eq!(found(&of_application, "CPUNode").await, default);

    let objective = json!({"objective_percent": 95.0, "objective_bucket_s": 0.25, "histogram_query": null});
    server.put(&format!("{of_application}/inspections/SLOLatency"), &objective).await;
    let latency = found(&of_application, "SLOLatency").await;
    assert_eq!((&latency["in_force"], &latency["set"]), (&json!(95.0), &objective));
    assert_eq!(found(&project, "SLOLatency").await["in_force"], json!(99.0));
    let of_project = json!({"objective_percent": 90.0, "objective_bucket_s": 1.0, "histogram_query": null});
    server.put(&format!("{project}/inspections/SLOLatency"), &of_project).await;
    let latency = found(&project, "SLOLatency").await;
    assert_eq!((&latency["in_force"], &latency["set"]), (&json!(90.0), &of_project));
    assert_eq!(found(&of_application, "SLOLatency").await["in_force"], json!(95.0));
    let listed =
        async |base: &str| server.get(&format!("{base}/inspections")).await.json()["applications"].clone();
    let override_of_cart = json!({"application": CART, "inspection": "SLOLatency", "set": objective});
    assert_eq!(listed(&project).await, json!([override_of_cart]));
    assert_eq!(listed(&of_application).await, json!([]));
    server.delete(&format!("{of_application}/inspections/SLOLatency")).await;
    let latency = found(&of_application, "SLOLatency").await;
    assert_eq!((&latency["in_force"], &latency["set"]), (&json!(90.0), &Value::Null));
    server.stop().await;
}

#[tokio::test]
async fn what_is_remembered_is_listed_newest_first_and_bounded_and_without_channels() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let lists = [("deployments", "started_at"), ("incidents", "opened_at"), ("notifications", "timestamp")];
    let listed = async |list: &str| server.get(&format!("{project}/{list}")).await.json()[list].clone();
    for (list, _) in lists {
        assert_eq!(listed(list).await, json!([]), "{list}");
    }
    remember(dir.path(), 150).await;
    for (list, since) in lists {
        let all = listed(list).await;
        let times: Vec<i64> =
            all.as_array().unwrap().iter().map(|one| one[since].as_i64().unwrap()).collect();
        assert_eq!(times, (51..=150).rev().collect::<Vec<i64>>(), "{list}");
        assert!(!all.to_string().contains("somebody"), "{all}");
    }
    server.stop().await;
}
