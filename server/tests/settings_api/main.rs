//! Tests the interface for the settings: it answers as described, and returns no secret.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod connection_tests;
mod description;
mod life;
mod logged;
mod refusals;
mod secrets;
#[path = "../serving/mod.rs"]
mod serving;
mod stored;
mod unavailable;
mod versions;
mod views;

use reqwest::Method;
use serde_json::{Value, json};

use self::serving::{RunningServer, ServerAnswer};

/// An application, as in a path.
const CART: &str = "shop:Deployment:cart";

impl RunningServer {
    async fn put(&self, path: &str, body: &Value) -> ServerAnswer {
        self.send_json(Method::PUT, path, body).await
    }

    async fn send_json(&self, method: Method, path: &str, body: &Value) -> ServerAnswer {
        self.send(method, path, &[("content-type", "application/json")], body.to_string()).await
    }

    async fn delete(&self, path: &str) -> ServerAnswer {
        self.send(Method::DELETE, path, &[], "").await
    }

    /// The address of a new project.
    async fn new_project(&self, name: &str) -> String {
        let created = self.send_json(Method::POST, "api/projects", &json!({ "name": name })).await;
        assert_eq!(created.status, 201, "{}", created.text());
        format!("api/projects/{}", created.json()["id"].as_str().unwrap())
    }
}
