//! Reads and fills the settings database directly.

use std::{path::Path, time::Duration};

use serde_json::Value;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::CART;

/// The database in a data directory.
pub(crate) async fn open(data_dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data_dir.join("db.sqlite"));
    // The server holds the lock for as long as a commit takes on a disk that is busy.
    options.busy_timeout(Duration::from_secs(60)).connect().await.unwrap()
}

/// The columns of JSON of the only project.
pub(crate) async fn columns(data_dir: &Path) -> (Value, Value) {
    let mut database = open(data_dir).await;
    let select = "SELECT COALESCE(prometheus, 'null'), COALESCE(settings, 'null') FROM project";
    let (prometheus, settings): (String, String) =
        sqlx::query_as(select).fetch_one(&mut database).await.unwrap();
    database.close().await.unwrap();
    (serde_json::from_str(&prometheus).unwrap(), serde_json::from_str(&settings).unwrap())
}

/// Has the only project remember `count` rollouts, incidents and notifications, one a second, beginning with
/// `1`.
pub(crate) async fn remember(data_dir: &Path, count: i64) {
    let rollouts = "INSERT INTO application_deployment
        (project_id, application_id, name, started_at, finished_at, details, metrics_snapshot)
        SELECT id, $1 || ($2 % 3), 'cart-' || $2, $2, $2 % 2, '{\"container_images\":[\"cart:1\"]}',
            '{\"timestamp\":5000,\"duration\":1000,\"requests\":7,\"latency\":{\"+Inf\":7},\"memory_leak_percent\":null}'
        FROM project";
    let incidents = "INSERT INTO incident (project_id, application_id, key, opened_at, resolved_at, severity)
        SELECT id, $1, 'key-' || $2, $2, $2 % 2, 3 + $2 % 2 FROM project";
    let notifications = "INSERT INTO incident_notification
        (project_id, application_id, incident_key, status, destination, timestamp, sent_at, external_key, details)
        SELECT id, $1, 'key-' || $2, 4, 'slack:#channel-of-somebody', $2, $2 % 2, 'conversation', '{}' FROM project";
    let mut database = open(data_dir).await;
    let mut transaction = database.begin().await.unwrap();
    for second in 1..=count {
        for insert in [rollouts, incidents, notifications] {
            sqlx::query(insert).bind(CART).bind(second).execute(&mut *transaction).await.unwrap();
        }
    }
    transaction.commit().await.unwrap();
    database.close().await.unwrap();
}
