//! Tests that a fleet has a past in the settings of an earlier server.

use std::time::Duration;

use headcount_harness::{
    clock::now,
    destinations::{DestinationKind, MockDestination},
    program::HeadcountProgram,
};
use headcount_sim::{
    SimulatedInfrastructure,
    coroot_projects::{self, CorootProject},
    shape::FleetShape,
    stored_history,
};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, Row, sqlite::SqliteConnectOptions};

use crate::setup::{TestSetup, own_address};

#[tokio::test]
async fn the_settings_of_a_project_have_a_rollout_and_whom_to_tell() {
    let setup = TestSetup::new();
    let fleet = SimulatedInfrastructure::generate("shop", &FleetShape::document_a(), 1, now()).unwrap();
    let webhook = MockDestination::start(DestinationKind::Webhook, own_address()).await.unwrap();
    let program = HeadcountProgram::serve(setup.path("server"))
        .listen(own_address())
        .flag("--collector-url", "http://127.0.0.1:1/")
        .flag("--first-report-after", "1h");
    let project = CorootProject {
        name: "shop".to_owned(),
        prometheus: "http://127.0.0.1:1/".to_owned(),
        refresh_interval: Duration::from_secs(3600),
        extra_selector: fleet.selector(),
    };
    let stored = fleet.stored_rollouts(now() - 1800);
    coroot_projects::write(program.data_dir(), std::slice::from_ref(&project)).await.unwrap();
    coroot_projects::integrate(program.data_dir(), "shop", &[webhook.integration()]).await.unwrap();
    stored_history::write(program.data_dir(), "shop", &stored).await.unwrap();
    // Writing the project again keeps its data.
    coroot_projects::write(program.data_dir(), &[project]).await.unwrap();
    // A server accepts these settings and does not change them.
    program.clone().start().await.unwrap().stop().await.unwrap();

    let file = program.data_dir().join("db.sqlite");
    let mut settings = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let rows = sqlx::query("SELECT * FROM application_deployment").fetch_all(&mut settings).await.unwrap();
    let [row] = &rows[..] else { panic!("{} rows", rows.len()) };
    assert_eq!(row.get::<&str, _>("application_id"), "shop:Deployment:orders");
    assert_eq!(row.get::<&str, _>("name"), stored[0].name);
    let snapshot: Value = serde_json::from_str(row.get("metrics_snapshot")).unwrap();
    assert_eq!(snapshot, stored[0].metrics_snapshot);
    let settings_of = sqlx::query("SELECT settings FROM project").fetch_one(&mut settings).await.unwrap();
    let integrations: Value = serde_json::from_str(settings_of.get("settings")).unwrap();
    assert_eq!(integrations, json!({ "integrations": { "webhook": webhook.integration().1 } }));
    settings.close().await.unwrap();
}
