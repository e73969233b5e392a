//! Tests that reports continue while the settings cannot be used, and that afterwards nothing is lost and no
//! notification is sent twice.

use std::{path::Path, time::Duration};

use headcount_harness::{
    clock::now,
    destinations::{DestinationBehaviour, DestinationKind, MockDestination},
    processes::HeadcountProcess,
    program::HeadcountProgram,
    wait::eventually,
};
use headcount_postgres::postgres::TestPostgres;
use headcount_shared::payload::{AlertingIntegration::Webhook, Payload};
use headcount_sim::coroot_projects::{self, CorootProject};
use serde_json::Value;
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection, query, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::{
    bad_starts::assert_refused,
    fetched_reports::FetchedReports,
    full_disk::{fill, inside},
    namespace::with_mounts,
    setup::{BrowserTotals, SOON, TestSetup, event, own_address},
};

const PROJECT: &str = "shop";

/// How long a destination takes to answer: long enough to break the settings in that time.
const ANSWERS_AFTER: Duration = Duration::from_secs(2);

/// Parts of the log lines for settings that cannot be used, and for settings that work again.
const FAILS: &str = "ERROR the settings database cannot be";
const WORKS: &str = " INFO the settings database can be";

async fn open(data_dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data_dir.join("db.sqlite"));
    options.connect().await.unwrap()
}

/// Adds a notification to the outbox.
async fn enqueue(settings: &mut SqliteConnection, incident: usize) {
    query("INSERT INTO incident_notification VALUES (?, 'shop:Deployment:cart', ?, 4, 'webhook', ?, 0, '', NULL)")
        .bind(PROJECT)
        .bind(format!("incident{incident}"))
        .bind(now())
        .execute(settings)
        .await
        .unwrap();
}

/// Creates settings with a project that notifies a webhook about incidents.
async fn set_up(program: &HeadcountProgram, webhook: &MockDestination) {
    // The first start creates the tables.
    program.clone().start().await.unwrap().stop().await.unwrap();
    let project = CorootProject {
        name: PROJECT.to_owned(),
        prometheus: String::new(),
        refresh_interval: Duration::from_secs(30),
        extra_selector: String::new(),
    };
    coroot_projects::write(program.data_dir(), &[project]).await.unwrap();
    coroot_projects::integrate(program.data_dir(), PROJECT, &[webhook.integration()]).await.unwrap();
}

async fn slow_webhook() -> MockDestination {
    let webhook = MockDestination::start(DestinationKind::Webhook, own_address()).await.unwrap();
    webhook.behave(DestinationBehaviour::Slow(ANSWERS_AFTER));
    webhook
}

async fn until_told(webhook: &MockDestination, times: usize) {
    eventually("the webhook is told", SOON, async || (webhook.received().len() >= times).then_some(()))
        .await
        .unwrap();
}

async fn until_said(server: &HeadcountProcess, text: &str, more_than: usize) {
    eventually(text, SOON, async || (server.log().count(text) > more_than).then_some(())).await.unwrap();
}

/// Waits until everything works again.
async fn until_well(server: &HeadcountProcess) {
    let well = async || (server.log().count(WORKS) >= server.log().count(FAILS)).then_some(());
    let said = eventually(WORKS, SOON, well).await;
    assert!(said.is_ok(), "{:#?}", server.log().lines());
}

/// Checks that reports have each notification and each page view once, and that the webhook received no more.
async fn assert_once(
    reports: &mut FetchedReports<'_>,
    instance: Uuid,
    counted: &BrowserTotals,
    webhook: &MockDestination,
    received: usize,
) {
    let notifications = |report: &Payload| report.ux.sent_notifications.values().sum();
    reports.add_up("notifications", &[instance], received as u64, notifications).await;
    let views = |report: &Payload| report.ux.page_views.values().sum();
    reports.add_up("page views", &[instance], counted.page_views.values().sum(), views).await;
    assert_eq!(reports.totals_of(instance), *counted);
    assert_eq!((webhook.received().len(), webhook.requests()), (received, received as u64));
}

#[tokio::test]
async fn while_somebody_else_locks_the_settings_reports_go_on_and_nothing_is_lost() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let webhook = slow_webhook().await;
    let program = setup.server_reporting(&collector.url("ce/usage-statistics"), "2s");
    set_up(&program, &webhook).await;
    let mut other = open(program.data_dir()).await;
    let server = program.start().await.unwrap();
    let instance = setup.preview(&server).await.instance.uuid;
    let mut reports = FetchedReports::of(&setup, &collector);
    assert_configured(&reports.round(&[instance]).await[0]);
    let mut counted = BrowserTotals::default();
    for lock in 1..=2 {
        enqueue(&mut other, lock).await;
        until_told(&webhook, lock).await;
        let failures = server.log().count(FAILS);
        other.execute("BEGIN EXCLUSIVE").await.unwrap();
        until_said(&server, FAILS, failures).await;
        let event = event("/");
        setup.view(&server, &event).await;
        counted.count(&event);
        assert_configured(&reports.round(&[instance]).await[0]);
        other.execute("COMMIT").await.unwrap();
        until_well(&server).await;
    }
    assert_once(&mut reports, instance, &counted, &webhook, 2).await;
}

/// Checks that a report has the configured integrations.
fn assert_configured(report: &Payload) {
    assert_eq!(report.integration.alerting_integrations, [Webhook]);
    assert_eq!(report.infra.projects, 1);
}

#[tokio::test]
async fn when_the_disk_of_the_settings_is_full_nothing_that_was_told_or_counted_is_lost() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    // The disk fills up before the sent notifications are recorded.
    let webhook = MockDestination::start(DestinationKind::Webhook, own_address()).await.unwrap();
    webhook.behave(DestinationBehaviour::Holding);
    let url = collector.url("ce/usage-statistics");
    let prepared = HeadcountProgram::serve(setup.path("prepared")).flag("--collector-url", &url);
    set_up(&prepared, &webhook).await;
    enqueue(&mut open(prepared.data_dir()).await, 1).await;
    let program = setup.server_reporting(&url, "2s");
    let data = program.data_dir().display().to_string();
    std::fs::create_dir(&data).unwrap();
    let from = prepared.data_dir().display();
    let mount =
        with_mounts(&format!("mount -t tmpfs -o size=4m none '{data}' && cp -a '{from}/.' '{data}/'"));
    let server = program.under(mount).start().await.unwrap();
    let instance = setup.preview(&server).await.instance.uuid;
    let mut counted = BrowserTotals::default();
    let event = event("/");
    setup.view(&server, &event).await;
    counted.count(&event);
    until_told(&webhook, 1).await;
    let filler = fill(inside(&setup, "server", &server).join("filler"));
    webhook.behave(DestinationBehaviour::Working);
    // Reports may continue: deleted copies of sent ones make room.
    until_said(&server, FAILS, 0).await;

    std::fs::remove_file(filler).unwrap();
    until_well(&server).await;
    let mut reports = FetchedReports::of(&setup, &collector);
    assert_configured(&reports.round(&[instance]).await[0]);
    assert_once(&mut reports, instance, &counted, &webhook, 1).await;
}

#[tokio::test]
async fn statistics_are_off_although_the_disk_of_the_settings_is_full() {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let program = setup.server_reporting(&collector.url("ce/usage-statistics"), "1h");
    let data = program.data_dir().display().to_string();
    std::fs::create_dir(&data).unwrap();
    let mount = with_mounts(&format!("mount -t tmpfs -o size=4m none '{data}'"));
    let server = program.under(mount).start().await.unwrap();
    setup.view(&server, &event("/")).await;
    let filler = fill(inside(&setup, "server", &server).join("filler"));
    let refused = setup.switch(&server, false).await;
    assert_eq!(refused.status(), 503);
    let problem: Value = refused.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("are off now, but "), "{problem}");
    let status = setup.status(&server).await;
    assert!(!status.enabled && status.data_directory.is_some(), "{status:?}");
    assert_eq!(setup.http.get(server.url("stats")).send().await.unwrap().status(), 404);

    std::fs::remove_file(filler).unwrap();
    let stored = eventually("that they are off is stored", SOON, async || {
        setup.status(&server).await.data_directory.is_none().then_some(())
    });
    stored.await.unwrap();
    assert!(setup.switch(&server, true).await.status().is_success());
    assert!(setup.preview(&server).await.ux.page_views.is_empty());
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    const NEWER: &str =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        SELECT 9999, 'of the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    let setup = TestSetup::new();
    let program = HeadcountProgram::serve(setup.path("server"));
    program.clone().start().await.unwrap().stop().await.unwrap();
    let mut settings = open(program.data_dir()).await;
    settings.execute(NEWER).await.unwrap();
    settings.close().await.unwrap();
    assert_refused(program.clone(), "db.sqlite in the data directory was written by a newer version").await;
    // A read-only server works all the same.
    program.argument("--read-only-settings").start().await.unwrap();

    let postgres = TestPostgres::start_on(own_address().ip());
    postgres.create("settings");
    let program =
        HeadcountProgram::serve(setup.path("other")).flag("--pg-connection-string", postgres.url("settings"));
    program.clone().start().await.unwrap().stop().await.unwrap();
    postgres.psql("settings", NEWER);
    assert_refused(program, "--pg-connection-string was written by a newer version").await;
}

#[tokio::test]
async fn a_server_that_refuses_or_says_nothing_is_told_in_a_sentence_without_a_secret() {
    let setup = TestSetup::new();
    let postgres = TestPostgres::start_on(own_address().ip());
    let server =
        |address: &str| HeadcountProgram::serve(setup.path("server")).flag("--pg-connection-string", address);
    let right = postgres.url("postgres");
    let wrong = right.replace("only%20in%20tests", "swordfish");
    assert_ne!(wrong, right);
    for (address, reason) in
        [(&wrong, "password authentication failed"), (&postgres.url("nowhere"), "does not exist")]
    {
        assert_refused_discreetly(server(address), reason).await;
    }
    postgres.hold(true);
    assert_refused_discreetly(server(&format!("{right}?connect_timeout=1")), "does not answer within 1s")
        .await;
    postgres.hold(false);
    server(&right).start().await.unwrap();

    let address = postgres.url("postgres");
    drop(postgres);
    assert_refused_discreetly(server(&address), "Connection refused").await;
}

async fn assert_refused_discreetly(program: HeadcountProgram, reason: &str) {
    assert_refused(program.clone(), reason).await;
    let said = String::from_utf8(program.refused().await.unwrap().stderr).unwrap();
    assert!(said.contains("--pg-connection-string"), "{said}");
    for secret in ["swordfish", "only in tests", "%20", "127."] {
        assert!(!said.contains(secret), "{said}");
    }
}
