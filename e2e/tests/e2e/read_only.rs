//! Tests that a directory and a database of Coroot are read and reported, and never changed.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use headcount_harness::{clock::now, processes::HeadcountProcess, program::HeadcountProgram};
use headcount_postgres::postgres::TestPostgres;
use headcount_shared::payload::{
    AlertingIntegration::{self, Opsgenie, Pagerduty, Slack, Teams},
    DatabaseType, InspectionOverrides, IntegrationSection, Payload,
};
use headcount_sim::{SimulatedInfrastructure, observed_fleets::ObservedFleets, prices};
use reqwest::{StatusCode, Url};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, raw_sql, sqlite::SqliteConnectOptions};

use crate::{
    fetched_reports::FetchedReports,
    setup::{BrowserTotals, TestSetup, event, own_address},
    world::{shop, until},
};

/// The data of Coroot 1.6.
const COROOT_1_6: CorootVersion = CorootVersion {
    statements: include_str!("read_only/coroot_1_6.sql"),
    projects: 3,
    categories: 2,
    alerting: &[Opsgenie, Pagerduty, Slack],
    overrides: &[
        ("CPUContainer", 0, 2),
        ("CPUNode", 2, 0),
        ("MemoryOOM", 1, 0),
        ("NetworkRTT", 0, 1),
        ("SLOAvailability", 0, 1),
    ],
    sent: &[(Pagerduty, 1), (Slack, 1)],
    rollouts: 1,
};

/// The data of a later version of Coroot.
const LATER: CorootVersion = CorootVersion {
    statements: include_str!("read_only/coroot_later.sql"),
    projects: 1,
    categories: 2,
    alerting: &[Slack, Teams],
    overrides: &[
        ("CPUNode", 1, 0),
        ("InstanceRestarts", 0, 1),
        ("MemoryPressure", 0, 1),
        ("NetworkRTTExternal", 0, 1),
        ("SLOLatency", 0, 1),
    ],
    sent: &[(Slack, 1), (Teams, 1)],
    rollouts: 2,
};

/// The UUID of the Coroot installation.
const IDENTITY: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";

/// The name of the test database, and of the role that may only read it.
const DATABASE: &str = "coroot";
const READER: [&str; 2] = ["reader", "swordfish"];

/// A version of Coroot, and the expected numbers of its database.
struct CorootVersion {
    statements: &'static str,
    projects: u64,
    categories: u64,
    alerting: &'static [AlertingIntegration],
    /// Overridden inspections, with the numbers of projects and applications that override them.
    overrides: &'static [(&'static str, u64, u64)],
    /// Notifications of the last hour.
    sent: &'static [(AlertingIntegration, u64)],
    /// Rollouts of the last hour.
    rollouts: u64,
}

impl CorootVersion {
    /// The statements that create the database, with a project that observes this fleet.
    fn statements(&self, fleet: &SimulatedInfrastructure, prometheus: &str) -> String {
        let selector = fleet.selector().replace('"', "\\\"");
        let statements = self.statements.replace("{prometheus}", prometheus).replace("{selector}", &selector);
        statements.replace("{now}", &now().to_string())
    }

    /// The differences between a report and what is expected.
    fn differences(&self, fleet: &SimulatedInfrastructure, report: &Payload) -> Vec<String> {
        let mut wrong = fleet.expected_counts(now()).differences(report);
        let counts = |&(id, project_level, application_level): &(&str, u64, u64)| {
            (id.to_owned(), InspectionOverrides { project_level, application_level })
        };
        let said = &report.integration;
        let expected = IntegrationSection {
            prometheus: true,
            inspection_overrides: self.overrides.iter().map(counts).collect(),
            application_categories: self.categories,
            alerting_integrations: self.alerting.to_vec(),
            clickhouse: true,
            tracing: true,
            logs: true,
            profiles: true,
            ..said.clone()
        };
        if *said != expected {
            wrong.push(format!("expected {expected:?}, reported {said:?}"));
        }
        if report.infra.projects != self.projects {
            wrong.push(format!("{} projects instead of {}", report.infra.projects, self.projects));
        }
        wrong
    }
}

/// A database and a directory that Coroot has left.
struct CorootLeftovers<'p> {
    data: PathBuf,
    files: DirectoryContents,
    postgres: Option<(&'p TestPostgres, String)>,
}

/// The mode, the time of the last change and the bytes of everything in a directory.
type DirectoryContents = BTreeMap<PathBuf, (u32, [i64; 2], Vec<u8>)>;

impl<'p> CorootLeftovers<'p> {
    async fn new(data: PathBuf, postgres: Option<&'p TestPostgres>) -> Self {
        let postgres = postgres.map(|postgres| (postgres, postgres.dump(DATABASE)));
        Self { files: contents(&data), data, postgres }
    }

    async fn assert_same(&self, when: &str) {
        let now = contents(&self.data);
        let names = |contents: &DirectoryContents| contents.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&now), names(&self.files), "{when}");
        for (path, file) in &self.files {
            assert!(now[path] == *file, "{} has changed, {when}", path.display());
        }
        if let Some((postgres, dump)) = &self.postgres {
            assert_eq!(postgres.dump(DATABASE), *dump, "{when}");
        }
    }
}

/// Everything in a data directory except our own directory.
fn contents(data: &Path) -> DirectoryContents {
    let mut found = DirectoryContents::new();
    let mut open = vec![data.to_owned()];
    while let Some(directory) = open.pop() {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        for path in entries.filter(|path| *path != data.join("headcount")) {
            let metadata = fs::symlink_metadata(&path).unwrap();
            let bytes = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            let changed = [metadata.mtime(), metadata.mtime_nsec()];
            if metadata.is_dir() {
                open.push(path.clone());
            }
            found.insert(path, (metadata.mode(), changed, bytes));
        }
    }
    found
}

/// Creates the files beside the database in a data directory of Coroot.
fn leave_files(data: &Path) {
    let cache = data.join("cache/a1b2c3d4");
    fs::create_dir_all(&cache).unwrap();
    fs::write(data.join("instance.uuid"), IDENTITY).unwrap();
    for name in ["0a1b-1700000000-3600-15.db", "0a1b-1700003600-1800-15.db", "8f-1700000000-3600-30.db.tmp"] {
        fs::write(cache.join(name), name.repeat(100)).unwrap();
    }
    fs::write(data.join("cache/chunks.json"), "{}").unwrap();
}

async fn leave_database(data: &Path, statements: String) {
    let options = SqliteConnectOptions::new().filename(data.join("db.sqlite")).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A read-only server that reports every two seconds.
fn reader(setup: &TestSetup, collector: &HeadcountProcess) -> HeadcountProgram {
    let prices = setup.path("cloud-pricing.json.gz");
    prices::write(&prices).unwrap();
    setup
        .server_reporting(&collector.url("ce/usage-statistics"), "2s")
        .argument("--read-only-settings")
        .flag("--cloud-pricing-url", prices::url(&prices).unwrap())
}

/// Checks that a server reports what it found and changes nothing, even if it is killed.
async fn assert_read(
    setup: &TestSetup,
    program: HeadcountProgram,
    collector: &HeadcountProcess,
    left: CorootLeftovers<'_>,
    era: &CorootVersion,
    fleet: &SimulatedInfrastructure,
) {
    let wrong = |report: &Payload| era.differences(fleet, report);
    let server = program.start().await.unwrap();
    let report = until(setup, &server, "what was found", wrong).await;
    let instance = report.instance.uuid;
    assert_ne!(instance.to_string(), IDENTITY, "Coroot reports itself");
    let kept = fs::read_to_string(left.data.join("headcount/instance.uuid")).unwrap();
    assert_eq!(kept, instance.to_string());
    let kind = if left.postgres.is_some() { DatabaseType::Postgres } else { DatabaseType::Sqlite };
    assert_eq!(report.instance.database_type, kind);
    let mut reports = FetchedReports::of(setup, collector);
    let sent: u64 = era.sent.iter().map(|(_, count)| count).sum();
    let notifications = |report: &Payload| report.ux.sent_notifications.values().sum();
    reports.add_up("notifications", &[instance], sent, notifications).await;
    let deployments = |report: &Payload| report.infra.deployments;
    reports.add_up("rollouts", &[instance], era.rollouts, deployments).await;
    assert_eq!(wrong(&reports.round(&[instance]).await[0]), [""; 0]);
    left.assert_same("while it is read").await;

    for enabled in [false, true] {
        assert_eq!(setup.switch(&server, enabled).await.status(), StatusCode::OK);
        left.assert_same("after a switch").await;
    }
    let server = server.stop().await.unwrap().start().await.unwrap();
    left.assert_same("after an orderly end").await;
    until(setup, &server, "after an orderly end", wrong).await;
    let mut counted = BrowserTotals::default();
    for page in ["/", "/welcome"] {
        let event = event(page);
        setup.view(&server, &event).await;
        counted.count(&event);
    }
    let server = server.kill().unwrap().start().await.unwrap();
    left.assert_same("after a death").await;
    until(setup, &server, "after a death", wrong).await;
    reports.add_up("page views", &[instance], 2, |report| report.ux.page_views.values().sum()).await;
    assert_eq!(reports.totals_of(instance), counted);
    reports.add_up("notifications", &[instance], sent, notifications).await;
    reports.add_up("rollouts", &[instance], era.rollouts, deployments).await;
    assert_eq!(reports.notifications(), era.sent.iter().copied().collect());
    server.stop().await.unwrap();
    left.assert_same("in the end").await;
    let own = fs::read_dir(left.data.join("headcount")).unwrap();
    assert!(own.count() > 3, "what is ours is in a directory of its own");
}

async fn assert_file_is_read(
    era: &CorootVersion,
    fleet: &SimulatedInfrastructure,
    observed: &ObservedFleets,
) {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let program = reader(&setup, &collector);
    leave_files(program.data_dir());
    leave_database(program.data_dir(), era.statements(fleet, &observed.prometheus.url(""))).await;
    let left = CorootLeftovers::new(program.data_dir().to_owned(), None).await;
    assert_read(&setup, program, &collector, left, era, fleet).await;
}

/// Does the same with a role that may only read.
async fn assert_server_is_read(
    era: &CorootVersion,
    fleet: &SimulatedInfrastructure,
    observed: &ObservedFleets,
) {
    let setup = TestSetup::new();
    let collector = setup.collector().start().await.unwrap();
    let postgres = TestPostgres::start_on(own_address().ip());
    postgres.create(DATABASE);
    let statements = era.statements(fleet, &observed.prometheus.url(""));
    let [name, password] = READER;
    let rights = format!(
        "CREATE ROLE {name} LOGIN PASSWORD '{password}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"
    );
    for statements in [&statements, &rights] {
        postgres.psql(DATABASE, statements);
    }
    let mut address = Url::parse(&postgres.url(DATABASE)).unwrap();
    address.set_username(name).unwrap();
    address.set_password(Some(password)).unwrap();
    let program = reader(&setup, &collector).flag("--pg-connection-string", address.as_str());
    leave_files(program.data_dir());
    let left = CorootLeftovers::new(program.data_dir().to_owned(), Some(&postgres)).await;
    assert_read(&setup, program, &collector, left, era, fleet).await;
}

#[tokio::test]
async fn what_coroot_has_left_is_reported_and_stays_as_it_is() {
    let setup = TestSetup::new();
    let (fleet, observed) = shop(&setup).await;
    tokio::join!(
        assert_file_is_read(&COROOT_1_6, &fleet, &observed),
        assert_file_is_read(&LATER, &fleet, &observed),
        assert_server_is_read(&COROOT_1_6, &fleet, &observed),
    );
}
