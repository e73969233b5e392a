//! Tests of the election of the leader.

use std::sync::atomic::{AtomicU64, Ordering};

use headcount_platform::clock::Clock;
use sqlx::{ConnectOptions, Executor};

use super::*;

/// A server that may become the leader, with its own monotonic clock.
pub(super) struct LeaderCandidate {
    pub(super) settings: SettingsStore,
    pub(super) lead: LeaderLock,
    clock: Arc<SteppedClock>,
}

#[derive(Debug, Default)]
struct SteppedClock(AtomicU64);

impl Clock for SteppedClock {
    fn wall(&self) -> Duration {
        Duration::ZERO
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

impl SteppedClock {
    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl LeaderCandidate {
    pub(super) async fn of(place: &TestDatabase) -> Self {
        Self::with(place.open().await)
    }

    fn with(settings: SettingsStore) -> Self {
        static CREATED: AtomicU64 = AtomicU64::new(1);
        let holder = CREATED.fetch_add(1, Ordering::Relaxed).to_string();
        let clock = Arc::<SteppedClock>::default();
        let lead = LeaderLock::new(settings.clone(), Arc::clone(&clock) as Arc<dyn Clock>, holder);
        Self { settings, lead, clock }
    }

    async fn leads(&self) -> bool {
        self.lead.is_ours().await
    }
}

async fn two(place: &TestDatabase) -> [LeaderCandidate; 2] {
    [LeaderCandidate::of(place).await, LeaderCandidate::of(place).await]
}

/// The databases that several servers can share.
fn shared() -> [TestDatabase; 2] {
    [TestDatabase::postgres(), TestDatabase::pooled()]
}

/// Advances the database's clock by `seconds`, as far as the lease is concerned.
async fn turn_database_clock(place: &TestDatabase, seconds: i64) {
    place.execute(&format!("UPDATE headcount_leader SET expires_at = expires_at - {}", seconds * 1000)).await;
}

#[tokio::test]
async fn a_file_has_one_server() {
    let contender = LeaderCandidate::of(&TestDatabase::sqlite()).await;
    assert!(contender.lead.was_ours().await && contender.leads().await);
    contender.lead.give_up().await;
    assert!(contender.leads().await);
}

#[tokio::test]
async fn one_of_several_servers_leads_and_another_does_when_it_gives_up() {
    for place in shared() {
        let [one, other] = two(&place).await;
        assert!(one.lead.was_ours().await && one.leads().await && one.leads().await);
        assert!(!other.leads().await && !other.lead.was_ours().await);
        one.lead.give_up().await;
        assert!(!one.lead.was_ours().await);
        assert!(other.leads().await);
        assert!(!one.leads().await && !one.lead.was_ours().await);
        // A server that is not the leader takes nothing away by giving up.
        one.lead.give_up().await;
        assert!(!one.leads().await && other.leads().await);
    }
}

#[tokio::test]
async fn a_server_that_gave_up_does_not_lead_again_though_nobody_does() {
    for place in shared() {
        let [one, other] = two(&place).await;
        assert!(one.leads().await);
        one.lead.give_up().await;
        assert!(!one.leads().await && !one.lead.was_ours().await);
        // The lease is free: another server gets it at once.
        assert!(other.leads().await);
    }
}

#[tokio::test]
async fn a_leader_that_dies_is_followed_when_its_lease_ends_in_the_databases_time() {
    for place in shared() {
        let [dead, heir] = two(&place).await;
        assert!(dead.leads().await && !heir.leads().await);
        // The servers' clocks decide nothing.
        heir.clock.pass(3600);
        assert!(!heir.leads().await);
        turn_database_clock(&place, 15).await;
        assert!(!heir.leads().await);
        turn_database_clock(&place, 15).await;
        assert!(heir.leads().await);
        assert!(!dead.leads().await);
    }
}

#[tokio::test]
async fn a_leader_whose_database_jumps_an_hour_ahead_learns_with_its_next_question_that_another_leads() {
    for place in shared() {
        let [one, other] = two(&place).await;
        assert!(one.leads().await);
        turn_database_clock(&place, 3600).await;
        assert!(other.leads().await);
        assert!(!one.leads().await && !one.lead.was_ours().await);
    }
}

#[tokio::test]
async fn a_lease_that_a_clock_set_back_made_too_long_keeps_nobody_out() {
    for place in shared() {
        let [dead, heir] = two(&place).await;
        assert!(dead.leads().await);
        turn_database_clock(&place, -20).await;
        assert!(!heir.leads().await);
        turn_database_clock(&place, -3600).await;
        assert!(heir.leads().await);
        // A living server corrects it.
        turn_database_clock(&place, -3600).await;
        assert!(heir.leads().await && !dead.leads().await);
    }
}

#[tokio::test]
async fn a_leader_goes_on_while_the_database_is_away_and_stops_before_its_lease_ends() {
    let server = postgres::TestPostgres::start();
    let name = server.create_database();
    let source =
        DatabaseSource::Postgres { address: server.address(&name).parse().unwrap(), read_only: false };
    let [one, other] = [(); 2].map(|()| SettingsStore::open(&source));
    let [one, other] = [one.await.unwrap(), other.await.unwrap()].map(LeaderCandidate::with);
    assert!(one.leads().await && !other.leads().await);
    server.stop();
    assert!(one.leads().await && !other.leads().await);
    one.clock.pass(27);
    assert!(one.leads().await && one.lead.was_ours().await);
    one.clock.pass(1);
    assert!(!one.lead.was_ours().await && !one.leads().await);
    server.start_again();
    assert!(one.leads().await && !other.leads().await);
}

#[tokio::test]
async fn a_database_that_is_slow_does_not_prolong_a_lease() {
    let place = TestDatabase::postgres();
    let [one, other] = two(&place).await;
    assert!(one.leads().await);
    let mut holds = place.connect().await;
    holds.execute("BEGIN; UPDATE headcount_leader SET holder = holder").await.unwrap();
    one.clock.pass(10);
    assert!(one.leads().await);
    one.clock.pass(18);
    assert!(!one.leads().await);
    holds.execute("COMMIT").await.unwrap();
    assert!(one.leads().await && !other.leads().await);
}

#[tokio::test]
async fn keeping_the_lead_ends_when_another_server_has_it() {
    let place = TestDatabase::postgres();
    let [one, other] = two(&place).await;
    assert!(one.leads().await);
    turn_database_clock(&place, 3600).await;
    assert!(other.leads().await);
    // It is time to renew.
    one.clock.pass(28);
    one.lead.keep().await;
    assert!(!one.lead.was_ours().await);
}

#[tokio::test]
async fn keeping_the_lead_ends_with_the_lease_before_the_database_is_asked_for_another() {
    let place = TestDatabase::postgres();
    let one = LeaderCandidate::of(&place).await;
    assert!(one.leads().await);
    one.clock.pass(28);
    tokio::time::timeout(Duration::from_secs(60), one.lead.keep()).await.unwrap();
    assert!(!one.lead.was_ours().await);
    assert!(one.leads().await);
}

#[tokio::test]
async fn a_server_of_an_earlier_version_that_holds_its_lock_leads() {
    let place = TestDatabase::postgres();
    let [one, other] = two(&place).await;
    assert!(one.leads().await);
    let mut earlier = place.connect().await;
    earlier.execute("SELECT pg_advisory_lock(7522525836385154414)").await.unwrap();
    assert!(!one.leads().await && !other.leads().await);
    earlier.execute("SELECT pg_advisory_unlock(7522525836385154414)").await.unwrap();
    assert!(one.leads().await);
    // A lock of another database, or another lock, does not count.
    let mut elsewhere = TestDatabase::postgres().connect().await;
    elsewhere.execute("SELECT pg_advisory_lock(7522525836385154414)").await.unwrap();
    earlier.execute("SELECT pg_advisory_lock(7522525836385154415)").await.unwrap();
    assert!(one.leads().await);
}

#[tokio::test]
async fn one_of_several_servers_that_only_read_leads() {
    for place in shared() {
        place.open().await.close().await;
        let before = place.everything();
        let [one, other] =
            [LeaderCandidate::with(place.read().await), LeaderCandidate::with(place.read().await)];
        assert!(one.leads().await && one.leads().await && !other.leads().await);
        assert!(one.settings.overview().await.is_ok() && other.settings.overview().await.is_ok());
        one.lead.give_up().await;
        assert!(other.leads().await && !one.leads().await);
        // A killed server loses its place when its connection ends.
        drop(other.lead);
        other.settings.close().await;
        let heir = LeaderCandidate::with(place.read().await);
        let follows = async {
            while !heir.leads().await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), follows).await.unwrap();
        assert_eq!(place.everything(), before);
    }
}

#[tokio::test]
async fn a_server_that_writes_goes_before_one_that_only_reads() {
    for place in shared() {
        let writes = LeaderCandidate::of(&place).await;
        let reads = LeaderCandidate::with(place.read().await);
        // The writer takes precedence, whether it comes later or first.
        assert!(writes.leads().await && !reads.leads().await && writes.leads().await);
        writes.lead.give_up().await;
        assert!(reads.leads().await && reads.leads().await);
        let later = LeaderCandidate::of(&place).await;
        assert!(later.leads().await && !reads.leads().await && !reads.lead.was_ours().await);
        assert!(later.leads().await);
        // After a server dies, the next one leads when the lease ends, even if the lease was too long.
        turn_database_clock(&place, -20).await;
        assert!(!reads.leads().await);
        turn_database_clock(&place, 50).await;
        assert!(reads.leads().await);
        turn_database_clock(&place, -3600).await;
        assert!(reads.leads().await);
    }
}

#[tokio::test]
async fn a_server_that_only_reads_waits_for_one_of_an_earlier_version_and_needs_no_leases() {
    let place = TestDatabase::postgres();
    place.open().await.close().await;
    let reads = LeaderCandidate::with(place.read().await);
    let mut earlier = place.connect().await;
    earlier.execute("SELECT pg_advisory_lock(7522525836385154414)").await.unwrap();
    assert!(!reads.leads().await);
    earlier.execute("SELECT pg_advisory_unlock(7522525836385154414)").await.unwrap();
    assert!(reads.leads().await);
    place.execute("DROP TABLE headcount_leader").await;
    assert!(reads.leads().await);
}

#[tokio::test]
async fn a_server_that_only_reads_stops_when_its_connection_ends_and_cannot_be_made_again() {
    let server = postgres::TestPostgres::start();
    let name = server.create_database();
    let source =
        DatabaseSource::Postgres { address: server.address(&name).parse().unwrap(), read_only: true };
    let reads = LeaderCandidate::with(SettingsStore::open(&source).await.unwrap());
    assert!(reads.leads().await);
    server.stop();
    assert!(!reads.leads().await && !reads.lead.was_ours().await);
    server.start_again();
    assert!(reads.leads().await);
    // A connection that breaks alone is replaced, and so is its lock.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid()";
    let other =
        DatabaseSource::Postgres { address: server.address(&name).parse().unwrap(), read_only: false };
    let mut other = database_pool::options(&other).unwrap().0.connect().await.unwrap();
    other.execute(end).await.unwrap();
    assert!(reads.leads().await);
}
