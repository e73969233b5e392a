//! Tests what is shown of observed projects: as described, by name, and not without an observation.

use headcount_prometheus::mock_prometheus::{MockAnswer, MockPrometheus, MockSeries};
use serde_json::{Value, json};

use crate::{description::ServedDescription, serving::RunningServer};

const ALWAYS: [u32; 2] = [0, u32::MAX];

const NODE: &[MockSeries] = &[MockSeries {
    labels: r#""machine_id":"m","system_uuid":"s","hostname":"node-1""#,
    during: ALWAYS,
    value: "1",
}];

const CONTAINER: &[MockSeries] = &[MockSeries {
    labels: r#""machine_id":"m","system_uuid":"s","container_id":"/docker/cart""#,
    during: ALWAYS,
    value: "1",
}];

/// A node with one container, which uses a core.
fn one_container(query: &str) -> MockAnswer {
    match query {
        "node_info" => MockAnswer::These(NODE),
        "container_info" | "container_resources_memory_rss_bytes" => MockAnswer::These(CONTAINER),
        query if query.starts_with("rate(container_resources_cpu_usage_seconds_total") => {
            MockAnswer::These(CONTAINER)
        }
        _ => MockAnswer::These(&[]),
    }
}

/// The answer at a path when it is so.
async fn when(server: &RunningServer, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let limit = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let answer = server.get(path).await;
        if answer.status.is_success() && is_so(&answer.json()) {
            return answer.json();
        }
        assert!(tokio::time::Instant::now() < limit, "{path}: {}", answer.text());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_observed_project_is_shown_by_name_and_as_described() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let description = ServedDescription::of(&server).await;
    let operations = description.operations();
    let project = server.new_project("shop").await;

    let unset = server.get(&format!("{project}/applications")).await.json();
    assert_eq!(unset["observation"]["state"], json!("no_prometheus"));
    assert_eq!((&unset["project"], &unset["applications"]), (&json!("shop"), &json!([])));

    let (url, _) = MockPrometheus::serve(one_container).await;
    let set = server.put(&format!("{project}/prometheus"), &json!({ "url": url })).await;
    assert!(set.status.is_success(), "{}", set.text());
    let seen = |overview: &Value| overview["projects"][0]["health"]["nodes"] == json!(1);
    let overview = when(&server, "api/overview", seen).await;
    assert_eq!(overview["projects"][0]["name"], json!("shop"));
    assert_eq!(overview["projects"][0]["observation"]["failure"], Value::Null);

    let cart = format!("{project}/applications/_:Unknown:cart");
    let rows =
        when(&server, &format!("{project}/applications"), |table| table["applications"] != json!([])).await;
    let row = json!({"id": "_:Unknown:cart", "status": "ok", "instances": 1});
    assert_eq!(rows["applications"], json!([row]));
    for (operation, path) in [
        ("overview", "api/overview".to_owned()),
        ("applications", format!("{project}/applications")),
        ("application", cart.clone()),
        ("application_report", format!("{cart}/reports/CPU")),
        ("nodes", format!("{project}/nodes")),
        ("node", format!("{project}/nodes/node-1")),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        description.check(&operations[operation], &answer);
    }
    let charts = server.get(&format!("{cart}/reports/CPU")).await.json();
    assert_eq!(charts["charts"][0]["series"][0]["name"], json!("cart@node-1"), "{charts}");
    let node = server.get(&format!("{project}/nodes/node-1")).await.json();
    assert_eq!(node["applications"][0]["id"], json!("_:Unknown:cart"));
    server.stop().await;
}

#[tokio::test]
async fn an_override_is_in_force_at_the_next_look() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let (url, _) = MockPrometheus::serve(one_container).await;
    server.put(&format!("{project}/prometheus"), &json!({ "url": url })).await;
    let cart = format!("{project}/applications/_:Unknown:cart");
    when(&server, &cart, |cart| cart["id"] == json!("_:Unknown:cart")).await;
    let threshold = async || {
        let cart = server.get(&cart).await.json();
        let reports = cart["reports"].as_array().unwrap().clone();
        let cpu = reports.iter().find(|report| report["name"] == json!("CPU")).unwrap();
        cpu["checks"][0]["inspection"]["in_force"].clone()
    };
    assert_eq!(threshold().await, json!(80.0));
    server.put(&format!("{project}/inspections/CPUNode"), &json!({"threshold": 70})).await;
    assert_eq!(threshold().await, json!(70.0));
    server.put(&format!("{cart}/inspections/CPUNode"), &json!({"threshold": 60})).await;
    assert_eq!(threshold().await, json!(60.0));
    server.delete(&format!("{cart}/inspections/CPUNode")).await;
    assert_eq!(threshold().await, json!(70.0));
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_refused_with_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let (url, _) = MockPrometheus::serve(one_container).await;
    server.put(&format!("{project}/prometheus"), &json!({ "url": url })).await;
    when(&server, "api/overview", |overview| overview["projects"][0]["health"]["nodes"] == json!(1)).await;
    for (path, why) in [
        ("api/projects/none/applications".to_owned(), "project"),
        (format!("{project}/applications/no-id"), "a namespace, a kind and a name"),
        (format!("{project}/applications/_:Unknown:none"), "no such application was observed"),
        (format!("{project}/applications/_:Unknown:cart/reports/Redis"), "no such report"),
        (format!("{project}/nodes/none"), "no such node was observed"),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 404, "{path}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(why), "{path}: {detail}");
    }
    server.stop().await;
}
