//! Tests the description of the interface: every operation answers as described, and there are no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    CART,
    secrets::ALL_SETTINGS,
    serving::{ADMIN_TOKEN, RunningServer, ServerAnswer},
    stored::remember,
};

/// The description that the server sends.
pub(crate) struct ServedDescription(Value);

/// A method and a path with its parameters by name.
type ApiOperation = (Method, String);

impl ServedDescription {
    pub(crate) async fn of(server: &RunningServer) -> Self {
        Self(server.get("api/openapi.json").await.json())
    }

    pub(crate) fn operations(&self) -> BTreeMap<String, ApiOperation> {
        let mut operations = BTreeMap::new();
        for (path, methods) in self.0["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                let method = method.to_uppercase().parse().unwrap();
                let before = operations.insert(id, (method, path.clone()));
                assert_eq!(before, None, "two operations have the same id");
            }
        }
        operations
    }

    /// What an operation may answer, by status.
    fn answers(&self, (method, path): &ApiOperation) -> &Value {
        &self.0["paths"][path][method.as_str().to_lowercase()]["responses"]
    }

    /// Fails unless an answer matches the description.
    pub(crate) fn check(&self, operation: &ApiOperation, answer: &ServerAnswer) {
        let described = &self.answers(operation)[answer.status.as_str()];
        assert!(described.is_object(), "{operation:?} answers {}: {}", answer.status, answer.text());
        let Some(contents) = described["content"].as_object() else {
            assert!(answer.body.is_empty(), "{operation:?} has a body");
            return;
        };
        let content_type = answer.headers["content-type"].to_str().unwrap();
        let schema = &contents[content_type]["schema"];
        let problems: Vec<String> =
            self.validator(schema).iter_errors(&answer.json()).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{operation:?}: {problems:?} in {}", answer.text());
    }

    /// No member may be missing in the schema: an object has those that are described, and no others.
    fn validator(&self, schema: &Value) -> Validator {
        let mut components = self.0["components"].clone();
        for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
            if schema["properties"].is_object() {
                schema["additionalProperties"] = json!(false);
            }
        }
        jsonschema::validator_for(&json!({"allOf": [schema], "components": components})).unwrap()
    }
}

/// The path of an operation in the project at `project`, without the slash at its beginning.
pub(crate) fn filled_in(path: &str, project: &str, report: &str, kind: &str, inspection: &str) -> String {
    let path = match path.strip_prefix("/api/projects/{id}") {
        Some(rest) => format!("{project}{rest}"),
        None => path.trim_start_matches('/').replace("{id}", report),
    };
    let path = path.replace("{application}", CART).replace("{report}", "CPU").replace("{node}", "n");
    path.replace("{kind}", kind).replace("{inspection}", inspection)
}

#[tokio::test]
async fn every_operation_answers_as_it_is_described() {
    let dir = tempfile::tempdir().unwrap();
    // A report is made at once, so that there is one to read.
    let flags = ["--first-report-after=0s", "--pagerduty-url=http://127.0.0.1:9/"];
    let server = RunningServer::start(dir.path(), &flags).await;
    let description = ServedDescription::of(&server).await;
    let operations = description.operations();
    let project = server.new_project("shop").await;
    remember(dir.path(), 3).await;
    let report = loop {
        let reports = server.get("api/usage-statistics/reports").await.json();
        if let Some(id) = reports["reports"][0]["id"].as_str() {
            break id.to_owned();
        }
    };

    let mut called = BTreeSet::new();
    let mut call = async |id: &'static str, kind: &str, inspection: &str, body: Option<&Value>| {
        let operation = &operations[id];
        let path = filled_in(&operation.1, &project, &report, kind, inspection);
        let answer = match body {
            Some(body) => server.send_json(operation.0.clone(), &path, body).await,
            None => server.send(operation.0.clone(), &path, &[], "").await,
        };
        let expected = match id {
            // No collector listens.
            "delete_sent" => answer.status == 502,
            // Prometheus has never answered, see `views`.
            "application" | "application_report" | "node" => answer.status == 404,
            _ => answer.status.is_success(),
        };
        assert!(expected, "{id} {}: {}", answer.status, answer.text());
        description.check(operation, &answer);
        called.insert(id.to_owned());
    };
    for (set, kind, inspection, body) in ALL_SETTINGS.iter() {
        call(set, kind, inspection, Some(body)).await;
    }
    for kind in ["slack", "teams", "pagerduty", "opsgenie", "webhook"] {
        call("integration", kind, "", None).await;
    }
    for get in ["openapi", "status", "preview", "reports", "report", "projects", "project", "prometheus"] {
        call(get, "", "", None).await;
    }
    for get in ["clickhouse", "integrations", "categories", "inspections", "application_inspections"] {
        call(get, "", "", None).await;
    }
    for get in ["deployments", "incidents", "notifications", "observation", "settings"] {
        call(get, "", "", None).await;
    }
    for get in ["forgets", "history", "receipts", "fleet", "compare_with_fleet"] {
        call(get, "", "", None).await;
    }
    call("draw_profile", "", "", Some(&json!({"kind": "heap", "profile": "", "id": "a"}))).await;
    call("test_new_prometheus", "", "", Some(&json!({"url": "http://127.0.0.1:9/"}))).await;
    call("test_integration", "pagerduty", "", None).await;
    for get in ["overview", "applications", "application", "application_report", "nodes", "node"] {
        call(get, "", "", None).await;
    }
    call("delete_sent", "", "", None).await;
    call("switch", "", "", Some(&json!({"enabled": true}))).await;
    let device_id = "20174a56-4a1e-41ca-a90d-b657d1fa873e";
    call("pseudonym", "", "", Some(&json!({ "device_id": device_id }))).await;
    call("create_project", "", "", Some(&json!({"name": "another"}))).await;
    call("rename_project", "", "", Some(&json!({"name": "store"}))).await;
    for delete in ["delete_inspection", "delete_application_inspection", "delete_integration"] {
        call(delete, "slack", "CPUNode", None).await;
    }
    for delete in ["delete_prometheus", "delete_clickhouse", "delete_project"] {
        call(delete, "", "", None).await;
    }
    call("sign_in_code", "", "", None).await;
    call("begin_session", "", "", Some(&json!({ "token": ADMIN_TOKEN }))).await;
    call("end_session", "", "", None).await;
    // A session needs a cookie.
    let begun = json!({ "token": ADMIN_TOKEN }).to_string();
    let begun = server.send_as_stranger(Method::POST, "api/session", &[], begun).await;
    let cookie = begun.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    let seen = server.send_as_stranger(Method::GET, "api/session", &[("cookie", cookie)], "").await;
    assert_eq!(seen.status, 204);
    description.check(&operations["session"], &seen);
    called.insert("session".to_owned());
    assert_eq!(called, operations.keys().cloned().collect());
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_described_is_not_answered() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let operations = ServedDescription::of(&server).await.operations();
    let paths: BTreeSet<&String> = operations.values().map(|(_, path)| path).collect();
    for path in &paths {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let described = operations.values().any(|(other, at)| *other == method && at == *path);
            let answer = server.send(method.clone(), path.trim_start_matches('/'), &[], "").await;
            assert_eq!(answer.status == 405, !described, "{method} {path}: {}", answer.status);
        }
    }

    // No route of the interface is missing in the description.
    for written in paths_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")) {
        assert!(paths.contains(&written), "{written} is not described");
    }
    server.stop().await;
}

/// The paths under `/api/` in the source of the server's routes.
fn paths_in(dir: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.append(&mut paths_in(&path));
        } else {
            let source = fs::read_to_string(&path).unwrap();
            let written = source.split("\"/api/").skip(1).map(|rest| rest.split('"').next().unwrap());
            found.extend(written.map(|rest| format!("/api/{rest}")));
        }
    }
    found
}

#[tokio::test]
async fn the_description_knows_the_base_path_and_its_version() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &["--url-base-path=/coroot"]).await;
    let ServedDescription(described) = ServedDescription::of(&server).await;
    assert_eq!(described["servers"], json!([{"url": "/coroot"}]));
    assert!(described["openapi"].as_str().unwrap().starts_with("3.1."));
    server.stop().await;
}

#[tokio::test]
async fn nothing_of_it_is_for_others() {
    let dir = tempfile::tempdir().unwrap();
    let server = RunningServer::start(dir.path(), &[]).await;
    let description = ServedDescription::of(&server).await;
    for (id, operation) in description.operations() {
        // The operations that need no credential.
        if ["begin_session", "end_session"].contains(&id.as_str()) {
            continue;
        }
        let path = operation.1.trim_start_matches('/');
        let answer = server.send_as_stranger(operation.0.clone(), path, &[], "").await;
        assert_eq!(answer.status, 401, "{id}");
        description.check(&operation, &answer);
    }
    server.stop().await;
}
