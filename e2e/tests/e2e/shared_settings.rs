//! Several servers that share a settings database are one installation: one of them speaks for all, and sums are right.

use headcount_e2e::{
    clock::now,
    fleet::{Fleet, prices, truth::Truth},
    observed::Observed,
    postgres::{Cluster, Postgres},
    processes::Process,
    program::Program,
    wait::eventually,
};
use headcount_shared::payload::Payload;
use uuid::Uuid;

use crate::{
    namespace::with_mounts,
    reports::Reports,
    scene::{SOON, Scene, Totals, event, own_address},
    world::{observing, shop, until, until_true},
};

const NAMES: [&str; 3] = ["one", "another", "third"];

const PAGES: [&str; 4] = ["/", "/welcome", "/p/$projectId", "/usage-statistics"];

/// What servers share.
struct Stage {
    scene: Scene,
    collector: Process,
    fleet: Fleet,
    observed: Observed,
    /// When the fleet was there.
    epoch: i64,
    settings: String,
}

/// A server, and what its browsers did.
struct Member {
    process: Process,
    instance: Uuid,
    counted: Totals,
}

impl Stage {
    async fn set() -> (Self, Postgres) {
        let scene = Scene::new();
        let postgres = Cluster::new(own_address().ip()).await.unwrap().start().await.unwrap();
        postgres.create("settings").await.unwrap();
        let collector = scene.collector().start().await.unwrap();
        let epoch = now();
        let (fleet, observed) = shop(&scene).await;
        prices::write(&scene.path("cloud-pricing.json.gz")).unwrap();
        let settings = postgres.url("settings");
        (Self { scene, collector, fleet, observed, epoch, settings }, postgres)
    }

    /// A server that reports every three seconds, after a first time.
    fn server(&self, name: &str, first_report_after: &str) -> Program {
        let prices = self.scene.path("cloud-pricing.json.gz");
        let program = Program::serve(self.scene.path(name))
            .listen(own_address())
            .flag("--collector-url", self.collector.url("ce/usage-statistics"))
            .flag("--first-report-after", first_report_after)
            .flag("--report-interval", "3s")
            .flag("--pg-connection-string", &self.settings)
            .flag("--cloud-pricing-url", prices::url(&prices).unwrap());
        observing(program, &self.observed.prometheus.url(""), &self.fleet)
    }

    /// Starts all at the same time, in a database that is empty.
    async fn start_all(&self) -> Vec<Member> {
        let [one, another, third] = NAMES.map(|name| self.server(name, "0s").start());
        let started = tokio::join!(one, another, third);
        let mut members = Vec::new();
        for process in [started.0, started.1, started.2] {
            members.push(self.member(process.unwrap()).await);
        }
        members
    }

    async fn member(&self, process: Process) -> Member {
        let instance = self.scene.preview(&process).await.instance.uuid;
        Member { process, instance, counted: Totals::default() }
    }

    /// Opens pages at each server, not as many at each.
    async fn browse(&self, members: &mut [Member]) {
        for (number, member) in members.iter_mut().enumerate() {
            for page in &PAGES[..=number] {
                let event = event(page);
                self.scene.view(&member.process, &event).await;
                member.counted.count(&event);
            }
        }
    }

    /// Waits until one of the servers speaks for all and says what is true of the fleet. Gives its place.
    async fn speaker(&self, members: &[Member]) -> usize {
        let one_speaks = async || {
            let speaking: Vec<usize> = members
                .iter()
                .enumerate()
                .filter(|(_, member)| says_it_speaks(member))
                .map(|(place, _)| place)
                .collect();
            let [place] = speaking[..] else { return None };
            speaks(&self.scene.preview(&members[place].process).await).then_some(place)
        };
        let place = eventually("one server speaks", SOON, one_speaks).await.unwrap();
        let speaker = &members[place].process;
        until_true(&self.scene, speaker, "the one that speaks", || self.fleet.truth(now())).await;
        place
    }

    /// Checks the next report of each server: the one that speaks has what all have in common, and no other has it.
    async fn assert_sums(&self, reports: &mut Reports<'_>, members: &[Member], speaker: usize) {
        let round = reports.round(&instances(members)).await;
        let speaking: Vec<usize> = (0..round.len()).filter(|&place| speaks(&round[place])).collect();
        assert_eq!(speaking, [speaker]);
        let said = round.iter().map(Truth::from).fold(Truth::default(), |sum, said| sum + said);
        assert_eq!(said, self.fleet.truth(now()));
        assert_eq!(round.iter().map(|report| report.infra.projects).sum::<u64>(), 1);
        let silent = round.iter().enumerate().filter(|(place, _)| *place != speaker);
        for (_, report) in silent {
            assert_eq!(report.integration, Default::default());
            assert_eq!((report.infra.clone(), report.stack.clone()), Default::default());
            assert_eq!(report.performance.constructor, Default::default());
        }
    }

    /// Checks that the reports of each server have what its own browsers did, and that all together have each rollout once.
    async fn assert_arrived(&self, reports: &mut Reports<'_>, members: &[Member]) {
        let instances = instances(members);
        let views = |totals: &Totals| totals.page_views.values().sum::<u64>();
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

fn instances(members: &[Member]) -> Vec<Uuid> {
    members.iter().map(|member| member.instance).collect()
}

fn speaks(report: &Payload) -> bool {
    report.integration.prometheus
}

/// Whether a server has said last that it speaks. The others say so when they hear that one of them does.
fn says_it_speaks(member: &Member) -> bool {
    let lines = member.process.log().lines();
    let last = lines.iter().rev().find(|line| line.contains("speaks for all"));
    last.is_some_and(|line| line.contains("this server"))
}

/// The number of queries that a server has made.
async fn queries(scene: &Scene, server: &Process) -> u64 {
    let metrics = scene.get(&server.url("metrics")).await.text().await.unwrap();
    let lines = metrics.lines().filter(|line| line.starts_with("headcount_queries_total"));
    lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn one_of_three_servers_speaks_and_when_it_is_killed_another_does() {
    let (stage, _postgres) = Stage::set().await;
    let mut members = stage.start_all().await;
    let mut reports = Reports::of(&stage.scene, &stage.collector);
    let speaker = stage.speaker(&members).await;
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, speaker).await;
    stage.assert_arrived(&mut reports, &members).await;
    for (place, member) in members.iter().enumerate() {
        let asks = queries(&stage.scene, &member.process).await > 0;
        let keeps = stage.scene.path(NAMES[place]).join("cache").exists();
        assert_eq!((asks, keeps), (place == speaker, place == speaker), "{}", NAMES[place]);
    }

    stage.browse(&mut members).await;
    let killed = members.remove(speaker);
    let program = killed.process.kill().unwrap();
    let second = stage.speaker(&members).await;
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, second).await;

    let process = program.start().await.unwrap();
    members.push(Member { process, ..killed });
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, second).await;
    stage.assert_arrived(&mut reports, &members).await;
}

#[tokio::test]
async fn while_postgres_is_away_nothing_is_lost_or_counted_twice_and_each_server_says_so_once() {
    let (stage, postgres) = Stage::set().await;
    let mut members = stage.start_all().await;
    let mut reports = Reports::of(&stage.scene, &stage.collector);
    let speaker = stage.speaker(&members).await;
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, speaker).await;
    let said: Vec<usize> = members.iter().map(|member| member.process.log().lines().len()).collect();

    let postgres = postgres.stop().await.unwrap();
    for member in &members {
        said_once(member, "the settings database cannot be").await;
    }
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, speaker).await;

    let postgres = postgres.start().await.unwrap();
    for member in &members {
        said_once(member, "the settings database can be").await;
    }
    // The one that spoke goes on until it has asked again, and another may have been quicker.
    let locks = "SELECT pid::text FROM pg_locks WHERE locktype = 'advisory' AND granted";
    let is_held = async || (postgres.query("settings", locks).await.unwrap().len() == 1).then_some(());
    eventually("one server has the lock", SOON, is_held).await.unwrap();
    let speaker = stage.speaker(&members).await;
    stage.browse(&mut members).await;
    stage.assert_sums(&mut reports, &members, speaker).await;
    stage.assert_arrived(&mut reports, &members).await;
    for (member, said) in members.iter().zip(said) {
        let lines = member.process.log().lines().split_off(said);
        let of_it = lines.iter().filter(|line| !line.contains("speaks for all"));
        assert_eq!(of_it.count(), 2, "{lines:#?}");
        for secret in ["127.", "only in tests", "%20", "postgres:"] {
            assert!(!lines.iter().any(|line| line.contains(secret)), "{lines:#?}");
        }
    }
}

/// Waits for a line in the log of a server.
async fn said_once(member: &Member, text: &str) {
    eventually(text, SOON, async || (member.process.log().count(text) > 0).then_some(())).await.unwrap();
}

#[tokio::test]
async fn what_was_taken_for_a_report_that_died_with_its_server_is_in_a_later_one() {
    let (stage, _postgres) = Stage::set().await;
    let mut reports = Reports::of(&stage.scene, &stage.collector);
    let [doomed, heir, _] = NAMES;
    // One that knows of rollouts and has reported none.
    let process = stage.server(doomed, "1h").start().await.unwrap();
    let mut members = vec![stage.member(process).await];
    until(&stage.scene, &members[0].process, "rollouts", |report| match report.infra.deployments {
        0 => vec!["no rollout is known".to_owned()],
        _ => Vec::new(),
    })
    .await;
    stage.browse(&mut members).await;
    let Member { process, instance, counted } = members.remove(0);
    process.stop().await.unwrap();

    // One that makes a report and cannot keep it.
    let spool = stage.scene.path(doomed).join("reports/queued");
    let spool = spool.display();
    let mounts =
        with_mounts(&format!("mount --bind '{spool}' '{spool}' && mount -o remount,bind,ro '{spool}'"));
    let process = stage.server(doomed, "0s").under(mounts).start().await.unwrap();
    let waits = async || (process.log().count("could not be put on disk") > 0).then_some(());
    eventually("a report waits", SOON, waits).await.unwrap();
    process.kill().unwrap();

    let process = stage.server(heir, "0s").start().await.unwrap();
    members.push(stage.member(process).await);
    stage.speaker(&members).await;
    let process = stage.server(doomed, "0s").start().await.unwrap();
    members.push(Member { process, instance, counted });
    stage.assert_sums(&mut reports, &members, 0).await;
    stage.assert_arrived(&mut reports, &members).await;
}
