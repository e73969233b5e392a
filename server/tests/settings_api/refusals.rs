//! Tests which requests are refused, and with which words.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{description::ServedDescription, serving::RunningServer, stored::columns};

/// A method, a path in a project, a body, and the expected answer: the status, the invalid member, a part of
/// the sentence.
type RefusalCase = (Method, &'static str, Value, u16, Option<&'static str>, &'static str);

fn cases() -> Vec<RefusalCase> {
    let put = |path, body, field, why| (Method::PUT, path, body, 422, field, why);
    let prometheus = |member: &str, value: Value| {
        let mut body = json!({"url": "http://p:9090/"});
        body[member] = value;
        body
    };
    let slo = "/applications/shop:Deployment:cart/inspections/SLOAvailability";
    vec![
        put("", json!({"name": "No Name"}), Some("name"), "3 to 64 characters"),
        put("", json!({"name": ""}), Some("name"), "3 to 64 characters"),
        put("", json!({"name": "x".repeat(65)}), Some("name"), "3 to 64 characters"),
        put("", json!({"name": 7}), Some("name"), "a string"),
        put("", json!({}), Some("name"), "missing"),
        put("", json!({"name": "fine", "also": 1}), Some("also"), "unknown field"),
        (Method::PUT, "", json!({"name": "taken"}), 409, Some("name"), "another project"),
        put("/prometheus", json!({}), Some("url"), "missing"),
        put("/prometheus", prometheus("url", json!("p:9090")), Some("url"), "http"),
        put("/prometheus", prometheus("url", json!("ftp://p/")), Some("url"), "http"),
        put("/prometheus", prometheus("url", json!("http://me:hidden@p/")), Some("url"), "without a name"),
        (
            Method::PUT,
            "/prometheus",
            prometheus("url", json!("http://169.254.169.254/latest")),
            400,
            Some("url"),
            "link-local",
        ),
        (
            Method::PUT,
            "/integrations/teams",
            json!({"webhook_url": "http://[fe80::1]/"}),
            400,
            Some("webhook_url"),
            "link-local",
        ),
        (
            Method::PUT,
            "/integrations/webhook",
            json!({"url": "http://[::ffff:a9fe:a9fe]/"}),
            400,
            Some("url"),
            "link-local",
        ),
        put(
            "/prometheus",
            prometheus("refresh_interval_s", json!(0)),
            Some("refresh_interval_s"),
            "one second",
        ),
        put(
            "/prometheus",
            prometheus("refresh_interval_s", json!(3601)),
            Some("refresh_interval_s"),
            "one hour",
        ),
        put(
            "/prometheus",
            prometheus("refresh_interval_s", json!(-1)),
            Some("refresh_interval_s"),
            "a whole number",
        ),
        put(
            "/prometheus",
            prometheus("extra_selector", json!("cluster")),
            Some("extra_selector"),
            "matchers",
        ),
        put(
            "/prometheus",
            prometheus("basic_auth", json!({"name": "me"})),
            Some("basic_auth.name"),
            "unknown field",
        ),
        put(
            "/prometheus",
            prometheus("custom_headers", json!([{"name": "a b"}])),
            Some("custom_headers"),
            "header 1",
        ),
        put(
            "/prometheus",
            prometheus("custom_headers", json!([{"value": ""}])),
            Some("custom_headers[0].name"),
            "missing",
        ),
        put("/clickhouse", json!({"addr": "clickhouse"}), Some("addr"), "a host and a port"),
        put("/clickhouse", json!({"addr": "user:pw@c:9000"}), Some("addr"), "without a scheme, a login"),
        put("/clickhouse", json!({"addr": "http://c:8123"}), Some("addr"), "a host and a port"),
        put("/clickhouse", json!({"addr": "c d:9000"}), Some("addr"), "a host and a port"),
        put(
            "/clickhouse",
            json!({"addr": "c:1", "protocol": "smtp"}),
            Some("protocol"),
            "`native` or `http`",
        ),
        put("/integrations", json!({"base_url": "here"}), Some("base_url"), "http"),
        put("/integrations/slack", json!({"default_channel": "a"}), Some("token"), "needed"),
        put(
            "/integrations/slack",
            json!({"token": "t", "default_channel": " "}),
            Some("default_channel"),
            "needed",
        ),
        put("/integrations/teams", json!({"webhook_url": "here"}), Some("webhook_url"), "http"),
        put("/integrations/pagerduty", json!({}), Some("integration_key"), "needed"),
        put("/integrations/opsgenie", json!({"api_key": ""}), Some("api_key"), "needed"),
        put("/integrations/webhook", json!({"url": "mailto:a@b"}), Some("url"), "http"),
        put("/integrations/webhook", json!({"token": "t"}), Some("token"), "unknown field"),
        put(
            "/integrations/webhook",
            json!({"url": "http://hook/", "incident_template": "a\n{{exec \"id\"}}"}),
            Some("incident_template"),
            "not understood: line 2",
        ),
        put(
            "/integrations/slack",
            json!({"token": "xoxb\u{7f}", "default_channel": "a"}),
            Some("token"),
            "visible ASCII",
        ),
        put(
            "/integrations/pagerduty",
            json!({"integration_key": "a b"}),
            Some("integration_key"),
            "visible ASCII",
        ),
        put("/integrations/opsgenie", json!({"api_key": "schlüssel"}), Some("api_key"), "visible ASCII"),
        put("/categories", json!({"categories": {"mine": ["shop/["]}}), Some("categories"), "pattern"),
        put("/categories", json!({"categories": {"mine": ["shop"]}}), Some("categories"), "pattern"),
        put("/categories", json!({"categories": {"No Name": ["a/b"]}}), Some("categories"), "3 to 64"),
        put("/inspections/CPUNode", json!({"threshold": 100.5}), Some("threshold"), "at most 100"),
        put("/inspections/CPUNode", json!({"threshold": -1}), Some("threshold"), "not negative"),
        put("/inspections/CPUNode", json!({"threshold": 5e-324}), Some("threshold"), "neither too small"),
        put("/inspections/NetworkRTT", json!({"threshold": 1e300}), Some("threshold"), "nor too large"),
        put("/inspections/CPUNode", json!({"threshold": "80"}), Some("threshold"), "a number"),
        put(
            "/inspections/CPUNode",
            json!({"objective_percent": 99}),
            Some("objective_percent"),
            "unknown field",
        ),
        put(
            "/inspections/SLOLatency",
            json!({"objective_percent": 99, "objective_bucket_s": 1, "histogram_query": "h"}),
            None,
            "for an application",
        ),
        put(slo, json!({"threshold": 99}), Some("threshold"), "unknown field"),
        put(slo, json!({"objective_percent": 100}), None, "less than 100"),
        put("", json!(["fine"]), None, "must be an object"),
        put("/prometheus", json!(["http://p:9090/", 15]), None, "must be an object"),
        put(
            "/prometheus",
            prometheus("custom_headers", json!([["a", "b"]])),
            Some("custom_headers[0]"),
            "must be an object",
        ),
        put("/prometheus", prometheus("basic_auth", json!(["a", "b"])), Some("basic_auth"), "an object"),
        put("/clickhouse", json!(["c:1"]), None, "must be an object"),
        put("/integrations", json!([""]), None, "must be an object"),
        put("/integrations/webhook", json!([]), None, "must be an object"),
        put("/integrations/slack", json!(["t", "a"]), None, "must be an object"),
        put("/categories", json!([{}]), None, "must be an object"),
        put("/inspections/CPUNode", json!([5]), None, "must be an object"),
        put(slo, json!([99]), None, "must be an object"),
        put("", json!({"name": "fi\0ne"}), Some("name"), "U+0000"),
        put("/integrations/slack", json!({"token": "t\0", "default_channel": "a"}), Some("token"), "U+0000"),
        put("/categories", json!({"categories": {"mine": ["a/\0"]}}), Some("categories.mine[0]"), "U+0000"),
        (
            Method::PUT,
            "/applications/cart/inspections/CPUNode",
            json!({"threshold": 1}),
            404,
            None,
            "a namespace, a kind and a name",
        ),
        (
            Method::PUT,
            "/applications/::/inspections/CPUNode",
            json!({"threshold": 1}),
            404,
            None,
            "a namespace, a kind and a name",
        ),
        (Method::PUT, "/inspections/Other", json!({"threshold": 1}), 404, None, "no such inspection"),
        (Method::PUT, "/integrations/email", json!({}), 404, None, "nothing at this address"),
        (Method::GET, "/integrations/slack", Value::Null, 404, None, "no integration"),
        (Method::GET, "/prometheus", Value::Null, 404, None, "no Prometheus"),
        (Method::GET, "/clickhouse", Value::Null, 404, None, "no ClickHouse"),
        (Method::GET, "/applications/%FF/inspections", Value::Null, 404, None, "nothing at this address"),
        (
            Method::PUT,
            "/applications/a:b:%00/inspections/CPUNode",
            json!({"threshold": 1}),
            404,
            None,
            "nothing at this address",
        ),
        (Method::GET, "/applications/a:b:c%0A", Value::Null, 404, None, "nothing at this address"),
        (Method::GET, "%00", Value::Null, 404, None, "nothing at this address"),
        (Method::DELETE, "%00", Value::Null, 404, None, "nothing at this address"),
    ]
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_member_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let project = server.new_project("shop").await;
    let before = columns(dir.path()).await;
    server.new_project("taken").await;
    for (method, path, body, status, field, why) in cases() {
        let answer = server.send_json(method.clone(), &format!("{project}{path}"), &body).await;
        let problem = answer.json();
        assert_eq!(answer.status, status, "{method} {path} {body}: {problem}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(problem["field"].as_str(), field, "{method} {path} {body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{problem} should say {why}");
    }
    server.delete(&format!("api/projects/{}", id_of(&server, "taken").await)).await;
    assert_eq!(columns(dir.path()).await, before);
    assert_eq!(server.get(&project).await.json()["name"], "shop");
    server.stop().await;
}

async fn id_of(server: &RunningServer, name: &str) -> String {
    let projects = server.get("api/projects").await.json();
    let found = projects["projects"].as_array().unwrap().iter().find(|project| project["name"] == name);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_body_is_json_of_a_bounded_size_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let named = |name: &str| json!({"name": name}).to_string();
    for (content_type, body, status) in [
        (None, named("one"), 415),
        (Some("text/plain"), named("one"), 415),
        (Some("application/x-www-form-urlencoded"), named("one"), 415),
        (Some("application/x+json"), named("one"), 415),
        (Some("application/json"), "{".to_owned(), 400),
        (Some("application/json"), String::new(), 400),
        (Some("application/json"), named("one") + "{}", 400),
        (Some("application/json"), named(&"x".repeat(64 * 1024)), 413),
        (Some("application/json"), named(&"x".repeat(64 * 1024 - 100)), 422),
        (Some("Application/JSON; charset=utf-8"), named("one"), 201),
    ] {
        let headers: Vec<_> = content_type.iter().map(|value| ("content-type", *value)).collect();
        let answer = server.send(Method::POST, "api/projects", &headers, body.clone()).await;
        assert_eq!(answer.status, status, "{content_type:?} {}: {}", body.len(), answer.text());
    }
    server.stop().await;
}

#[tokio::test]
async fn every_operation_of_a_project_says_that_there_is_no_such_project() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let description = ServedDescription::of(&server).await;
    let operations = description.operations();
    for (id, kind, inspection, body) in crate::secrets::ALL_SETTINGS.iter() {
        let operation = &operations[*id];
        let path = crate::description::filled_in(&operation.1, "api/projects/nobody00", "", kind, inspection);
        let answer = server.send_json(operation.0.clone(), &path, body).await;
        assert_eq!(answer.status, 404, "{id}: {}", answer.text());
        description.check(operation, &answer);
    }
    for (id, operation) in operations.iter().filter(|(_, (method, _))| *method != Method::PUT) {
        // The test of a Prometheus has a body, and is among those above.
        if id == "test_prometheus" || !operation.1.starts_with("/api/projects/{id}") {
            continue;
        }
        let path =
            crate::description::filled_in(&operation.1, "api/projects/nobody00", "", "slack", "CPUNode");
        let answer = server.send(operation.0.clone(), &path, &[], "").await;
        assert_eq!(answer.status, 404, "{id}: {}", answer.text());
        description.check(operation, &answer);
    }
    server.stop().await;
}
