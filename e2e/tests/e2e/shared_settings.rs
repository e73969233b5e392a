//! Tests that several servers on one settings database are one installation: one of them leads, and sums over
//! reports are right.

use headcount_harness::{
    clock::now, processes::HeadcountProcess, program::HeadcountProgram, wait::eventually,
};
use headcount_postgres::{pgbouncer::TestPgBouncer, postgres::TestPostgres};
use headcount_shared::payload::{InfraSection, IntegrationSection, Payload};
use headcount_sim::{
    SimulatedInfrastructure, expected_counts::ExpectedCounts, observed_fleets::ObservedFleets, prices,
};
use reqwest::StatusCode;
use uuid::Uuid;

use crate::{
    faulty_wire::{FaultyWire, WireMode},
    fetched_reports::FetchedReports,
    namespace::with_mounts,
    setup::{BrowserTotals, SOON, TestSetup, event, own_address},
    world::{observing, shop, until, until_true},
};

const NAMES: [&str; 3] = ["one", "another", "third"];

const PAGES: [&str; 4] = ["/", "/welcome", "/p/$projectId", "/usage-statistics"];

/// What the servers of a test share.
struct SharedDatabase {
    setup: TestSetup,
    collector: HeadcountProcess,
    fleet: SimulatedInfrastructure,
    observed: ObservedFleets,
    /// The wires between each server and the collector.
    wires: [FaultyWire; 3],
    /// The epoch of the fleet.
    epoch: i64,
    settings: String,
}

/// A server with the totals of its browsers.
struct SharingServer {
    name: &'static str,
    process: HeadcountProcess,
    instance: Uuid,
    counted: BrowserTotals,
}

impl SharedDatabase {
    /// Does the same with a pooler in transaction mode in front of the database, with two sessions for all
    /// servers together.
    async fn set_behind_a_pooler() -> (Self, (TestPgBouncer, TestPostgres)) {
        let (stage, postgres) = Self::set().await;
        let pooler = TestPgBouncer::start(&postgres, "extra_float_digits");
        let settings = pooler.url("settings");
        (Self { settings, ..stage }, (pooler, postgres))
    }

    async fn set() -> (Self, TestPostgres) {
        let setup = TestSetup::new();
        let postgres = TestPostgres::start_on(own_address().ip());
        postgres.create("settings");
        let collector = setup.collector().start().await.unwrap();
        let epoch = now();
        let (fleet, observed) = shop(&setup).await;
        prices::write(&setup.path("cloud-pricing.json.gz")).unwrap();
        let settings = postgres.url("settings");
        let wire = || FaultyWire::to(collector.address().unwrap(), WireMode::Forward);
        let wires = [wire().await, wire().await, wire().await];
        (Self { setup, collector, fleet, observed, wires, epoch, settings }, postgres)
    }

    fn wire(&self, name: &str) -> &FaultyWire {
        &self.wires[NAMES.iter().position(|known| *known == name).unwrap()]
    }

    /// A server that reports every three seconds, for the first time after `first_report_after`.
    fn server(&self, name: &str, first_report_after: &str) -> HeadcountProgram {
        let prices = self.setup.path("cloud-pricing.json.gz");
        let program = HeadcountProgram::serve(self.setup.path(name))
            .listen(own_address())
            .flag("--collector-url", format!("http://{}/ce/usage-statistics", self.wire(name).address))
            .flag("--first-report-after", first_report_after)
            .flag("--report-interval", "3s")
            .flag("--pg-connection-string", &self.settings)
            .flag("--cloud-pricing-url", prices::url(&prices).unwrap());
        observing(program, &self.observed.prometheus.url(""), &self.fleet)
    }

    /// Starts all at the same time on an empty database.
    async fn start_all(&self) -> Vec<SharingServer> {
        let [one, another, third] = NAMES.map(|name| self.server(name, "0s").start());
        let started = tokio::join!(one, another, third);
        let mut members = Vec::new();
        for (name, process) in NAMES.into_iter().zip([started.0, started.1, started.2]) {
            members.push(self.member(name, process.unwrap()).await);
        }
        members
    }

    async fn member(&self, name: &'static str, process: HeadcountProcess) -> SharingServer {
        let instance = self.setup.preview(&process).await.instance.uuid;
        SharingServer { name, process, instance, counted: BrowserTotals::default() }
    }

    /// Opens pages at each server, a different number at each.
    async fn browse(&self, members: &mut [SharingServer]) {
        for (number, member) in members.iter_mut().enumerate() {
            for page in &PAGES[..=number] {
                let event = event(page);
                self.setup.view(&member.process, &event).await;
                member.counted.count(&event);
            }
        }
    }

    /// Waits until one of the servers leads and reports the expected numbers of the fleet. Returns its index.
    async fn leader(&self, members: &[SharingServer]) -> usize {
        let one_leads = async || {
            let leading: Vec<usize> = members
                .iter()
                .enumerate()
                .filter(|(_, member)| says_it_leads(member))
                .map(|(place, _)| place)
                .collect();
            let [place] = leading[..] else { return None };
            leads(&self.setup.preview(&members[place].process).await).then_some(place)
        };
        let place = eventually("one server leads", SOON, one_leads).await.unwrap();
        let leader = &members[place].process;
        until_true(&self.setup, leader, "the one that leads", || self.fleet.expected_counts(now())).await;
        place
    }

    /// Checks the next report of each server: all have what is configured, and only the leader has what was
    /// observed. The others are marked as replicas.
    async fn assert_sums(&self, reports: &mut FetchedReports<'_>, members: &[SharingServer], leader: usize) {
        let (ids, round): (Vec<Uuid>, Vec<Payload>) =
            reports.round_with_ids(&instances(members)).await.into_iter().unzip();
        let leading: Vec<usize> = (0..round.len()).filter(|&place| leads(&round[place])).collect();
        assert_eq!(leading, [leader]);
        let said =
            round.iter().map(ExpectedCounts::from).fold(ExpectedCounts::default(), |sum, said| sum + said);
        assert_eq!(said, self.fleet.expected_counts(now()));
        for (place, report) in round.iter().enumerate() {
            assert_eq!((report.integration.prometheus, report.infra.projects), (true, 1));
            let key = format!("idempotency-key: {}", ids[place]);
            let head = self.wire(members[place].name).head_with(&key).unwrap();
            assert_eq!(head.contains("\r\nheadcount-replica: 1"), place != leader, "{head}");
        }
        let silent = round.iter().enumerate().filter(|(place, _)| *place != leader);
        for (_, report) in silent {
            assert_eq!(report.integration, IntegrationSection { prometheus: true, ..Default::default() });
            assert_eq!(report.infra, InfraSection { projects: 1, ..Default::default() });
            assert_eq!(report.stack, Default::default());
            assert_eq!(report.performance.constructor, Default::default());
        }
    }

    /// Checks that the reports of each server have the views of its own browsers, and that all together have
    /// each rollout once.
    async fn assert_arrived(&self, reports: &mut FetchedReports<'_>, members: &[SharingServer]) {
        let instances = instances(members);
        let views = |totals: &BrowserTotals| totals.page_views.values().sum::<u64>();
        let counted = members.iter().map(|member| views(&member.counted)).sum();
        let said = |report: &Payload| report.ux.page_views.values().sum();
        reports.add_up("page views", &instances, counted, said).await;
        for member in members {
            assert_eq!(reports.totals_of(member.instance), member.counted);
        }
        let rollouts = self.fleet.deployments_between(self.epoch - 3600, now());
        assert!(rollouts > 0);
        let said = |report: &Payload| report.infra.deployments;
        reports.add_up("rollouts", &instances, rollouts, said).await;
    }
}

fn instances(members: &[SharingServer]) -> Vec<Uuid> {
    members.iter().map(|member| member.instance).collect()
}

fn leads(report: &Payload) -> bool {
    report.integration.node_agent
}

/// Whether the last line of a server about the leader names itself. The others log that another server leads.
fn says_it_leads(member: &SharingServer) -> bool {
    let lines = member.process.log().lines();
    let last = lines.iter().rev().find(|line| line.contains("server leads those"));
    last.is_some_and(|line| line.contains("this server"))
}

/// The number of queries of a server.
async fn queries(setup: &TestSetup, server: &HeadcountProcess) -> u64 {
    let metrics = setup.get(&server.url("metrics")).await.text().await.unwrap();
    let lines = metrics.lines().filter(|line| line.starts_with("headcount_queries_total"));
    lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn one_of_three_servers_leads_and_when_it_is_killed_another_does() {
    let (stage, _postgres) = SharedDatabase::set().await;
    one_leads_and_when_it_is_killed_another_does(&stage).await;
}

#[tokio::test]
async fn behind_a_pooler_in_transaction_mode_one_of_three_servers_leads_and_when_it_is_killed_another_does() {
    let (stage, _servers) = SharedDatabase::set_behind_a_pooler().await;
    one_leads_and_when_it_is_killed_another_does(&stage).await;
}

async fn one_leads_and_when_it_is_killed_another_does(stage: &SharedDatabase) {
    let mut members = stage.start_all().await;
    let mut reports = FetchedReports::of(&stage.setup, &stage.collector);
    let leader = stage.leader(&members).await;
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, leader).await;
    stage.assert_arrived(&mut reports, &members).await;
    for (place, member) in members.iter().enumerate() {
        let asks = queries(&stage.setup, &member.process).await > 0;
        let keeps = stage.setup.path(member.name).join("cache").exists();
        assert_eq!((asks, keeps), (place == leader, place == leader), "{}", member.name);
    }

    stage.browse(&mut members).await;
    let killed = members.remove(leader);
    let program = killed.process.kill().unwrap();
    let second = stage.leader(&members).await;
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, second).await;

    let process = program.start().await.unwrap();
    members.push(SharingServer { process, ..killed });
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, second).await;
    stage.assert_arrived(&mut reports, &members).await;
}

#[tokio::test]
async fn while_postgres_is_away_nothing_is_lost_or_counted_twice_and_each_server_says_so_once() {
    let (stage, postgres) = SharedDatabase::set().await;
    let mut members = stage.start_all().await;
    let mut reports = FetchedReports::of(&stage.setup, &stage.collector);
    let leader = stage.leader(&members).await;
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, leader).await;
    let said: Vec<usize> = members.iter().map(|member| member.process.log().lines().len()).collect();

    postgres.stop();
    for member in &members {
        said_once(member, "the settings database cannot be").await;
    }
    stage.browse(&mut members).await;
    // Reports continue meanwhile. The lease of the earlier leader ends in this time.
    reports.round_with_ids(&instances(&members)).await;

    postgres.start_again();
    for member in &members {
        said_once(member, "the settings database can be").await;
    }
    // The earlier leader continues until it has asked again, and another server may have been quicker.
    let leases = "SELECT holder FROM headcount_leader WHERE expires_at > EXTRACT(EPOCH FROM now()) * 1000";
    let is_held = async || (postgres.psql("settings", leases).len() == 1).then_some(());
    eventually("one server has the lease", SOON, is_held).await.unwrap();
    let leader = stage.leader(&members).await;
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, leader).await;
    stage.assert_arrived(&mut reports, &members).await;
    for (member, said) in members.iter().zip(said) {
        let lines = member.process.log().lines().split_off(said);
        let is_of_leading = |line: &str| line.contains("server leads");
        let of_it = lines.iter().filter(|line| !is_of_leading(line));
        assert_eq!(of_it.count(), 2, "{lines:#?}");
        for secret in ["127.", "only in tests", "%20", "postgres:"] {
            assert!(!lines.iter().any(|line| line.contains(secret)), "{lines:#?}");
        }
    }
}

/// Waits for a line in the log of a server.
async fn said_once(member: &SharingServer, text: &str) {
    member.process.log().until(text).await.unwrap();
}

#[tokio::test]
async fn what_was_taken_for_a_report_that_died_with_its_server_is_in_a_later_one() {
    let (stage, _postgres) = SharedDatabase::set().await;
    let mut reports = FetchedReports::of(&stage.setup, &stage.collector);
    let [doomed, heir, _] = NAMES;
    // A server that has found rollouts and reported none.
    let process = stage.server(doomed, "1h").start().await.unwrap();
    let mut members = vec![stage.member(doomed, process).await];
    until(&stage.setup, &members[0].process, "rollouts", |report| match report.infra.deployments {
        0 => vec!["no rollout is known".to_owned()],
        _ => Vec::new(),
    })
    .await;
    stage.browse(&mut members).await;
    let SharingServer { process, instance, counted, .. } = members.remove(0);
    process.stop().await.unwrap();

    // A server that makes a report and cannot store it.
    let spool = stage.setup.path(doomed).join("reports/queued");
    let spool = spool.display();
    let mounts =
        with_mounts(&format!("mount --bind '{spool}' '{spool}' && mount -o remount,bind,ro '{spool}'"));
    let process = stage.server(doomed, "0s").under(mounts).start().await.unwrap();
    let waits = async || (process.log().count("could not be put on disk") > 0).then_some(());
    eventually("a report waits", SOON, waits).await.unwrap();
    process.kill().unwrap();

    let process = stage.server(heir, "0s").start().await.unwrap();
    members.push(stage.member(heir, process).await);
    stage.leader(&members).await;
    let process = stage.server(doomed, "0s").start().await.unwrap();
    members.push(SharingServer { name: doomed, process, instance, counted });
    stage.assert_sums(&mut reports, &members, 0).await;
    stage.assert_arrived(&mut reports, &members).await;
}

#[tokio::test]
async fn the_switch_of_one_server_holds_for_all_and_each_forgets_what_it_counted() {
    let (stage, postgres) = SharedDatabase::set().await;
    let mut members = Vec::new();
    for name in NAMES {
        let process = stage.server(name, "1h").start().await.unwrap();
        members.push(stage.member(name, process).await);
    }
    let leader = stage.leader(&members).await;
    until(&stage.setup, &members[leader].process, "rollouts", |report| match report.infra.deployments {
        0 => vec!["no rollout is known".to_owned()],
        _ => Vec::new(),
    })
    .await;
    stage.browse(&mut members).await;
    // A server that is down while the others are switched off and on again.
    let down = members.remove((leader + 1) % NAMES.len());
    let program = down.process.stop().await.unwrap();
    let rows = async || {
        let count =
            "SELECT CAST((SELECT COUNT(*) FROM application_deployment) + (SELECT COUNT(*) FROM incident)
            + (SELECT COUNT(*) FROM headcount_ledger) AS TEXT)";
        postgres.psql("settings", count).remove(0)
    };
    assert_ne!(rows().await, "0");
    let [one, other] = &members[..] else { panic!("two are left") };
    assert_eq!(stage.setup.switch(&one.process, false).await.status(), StatusCode::OK);
    assert_eq!(rows().await, "0");
    let is_off = async || (!stage.setup.status(&other.process).await.enabled).then_some(());
    eventually("the other one is off too", SOON, is_off).await.unwrap();
    assert_eq!(rows().await, "0");
    for member in &members {
        assert!(!stage.setup.path(member.name).join("page-views").exists(), "{}", member.name);
    }
    assert_eq!(stage.setup.switch(&other.process, true).await.status(), StatusCode::OK);
    let is_on = async || stage.setup.status(&one.process).await.enabled.then_some(());
    eventually("the first one is on again", SOON, is_on).await.unwrap();

    let process = program.start().await.unwrap();
    members.push(SharingServer { process, ..down });
    for member in &members {
        assert!(stage.setup.preview(&member.process).await.ux.page_views.is_empty(), "{}", member.name);
    }
}
