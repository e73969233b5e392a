//! Elects the leader among the servers on one database. The leader observes, notifies, and reports what it
//! observed.
//!
//! The leader has a lease: a row in the table `headcount_leader` with an expiry by the database's clock,
//! which the leader extends while it runs. This needs no session, so it works behind a pooler in transaction
//! mode. A SQLite file has only one server.
//!
//! Read-only settings have no row to write. There the leader keeps a transaction open that holds an advisory
//! lock of PostgreSQL; a pooler keeps a transaction on one session, and ends it when its client disconnects.
//! A server that writes takes precedence over all read-only ones, since only it can send waiting
//! notifications.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount_platform::{clock::Clock, lock::lock};
use headcount_shared::payload::DatabaseType;
use sqlx::{Any, Connection, Transaction};
use tokio::{
    sync::Mutex as AsyncMutex,
    time::{sleep, timeout},
};

use super::lease_term::{LEASE, LeaseTerm};
use crate::store::{
    SettingsStore,
    store_error::SettingsResult,
    unnamed_statement::{query, query_scalar},
};

/// The number of the advisory lock of servers before version 0.2.0.
const EARLIER_LOCK: i64 = 0x6865_6164_636f_756e;

/// The number of the advisory lock of read-only servers.
const READERS_LOCK: i64 = 0x6865_6164_7265_6164;

/// The timeout of a question to the database.
const PATIENCE: Duration = Duration::from_secs(5);

/// The timeout of giving up the lease.
const END: Duration = Duration::from_secs(1);

/// How often the lease is renewed.
const RENEWAL: Duration = Duration::from_secs(8);

/// Whether a server of an earlier version holds its lock. `$1` and `$2` are the halves of the lock's number.
macro_rules! earlier_version_leads {
    () => {
        "EXISTS (
            SELECT 1 FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND objsubid = 1
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND CAST(classid AS BIGINT) = $1 AND CAST(objid AS BIGINT) = $2
        )"
    };
}

const EARLIER_VERSION_LEADS: &str = concat!("SELECT ", earlier_version_leads!());

/// Takes or renews the lease. It is granted if one row is affected: this server has the lease, or no server
/// has one, or it has expired, or it ends later than any lease can because the database's clock was set back.
/// While a server of an earlier version holds its lock, that server leads.
const CLAIM: &str = concat!(
    "INSERT INTO headcount_leader AS lease (id, holder, expires_at)
    SELECT 1, $3, CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + $4
    WHERE NOT ",
    earlier_version_leads!(),
    " ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
    WHERE lease.holder = excluded.holder
        OR lease.expires_at <= CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)
        OR lease.expires_at > CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + 2 * $4"
);

/// Whether the table of leases exists and is readable.
const LEASES_ARE_SEEN: &str =
    "SELECT COALESCE(has_table_privilege(to_regclass('headcount_leader'), 'SELECT'), FALSE)";

/// Whether a server holds the lease by the rules of [`CLAIM`].
const LEASE_IS_HELD: &str = "
    SELECT EXISTS (
        SELECT 1 FROM headcount_leader
        WHERE expires_at > CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)
            AND expires_at <= CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + 2 * $1
    )";

/// Whether this server is the leader of those that share its settings database.
pub struct LeaderLock {
    settings: SettingsStore,
    clock: Arc<dyn Clock>,
    /// The id of this run of this server in the table. No other server can renew its lease, not even one with
    /// a copy of its data directory.
    holder: String,
    /// Locked during a question to the database, so that answers arrive in the order of the questions. For
    /// read-only settings it contains the transaction that holds the lock.
    asking: AsyncMutex<Option<Transaction<'static, Any>>>,
    known: Mutex<LeaderState>,
}

/// The known state of the lease, and the state that was logged last.
#[derive(Debug)]
struct LeaderState {
    term: LeaseTerm,
    said: Option<LoggedLeadership>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoggedLeadership {
    Ours,
    Another,
    Lapsed,
}

impl LeaderLock {
    /// Asks nothing yet. `holder` distinguishes this run of this server from all others.
    #[must_use]
    pub fn new(settings: SettingsStore, clock: Arc<dyn Clock>, holder: String) -> Self {
        Self {
            settings,
            clock,
            holder,
            asking: AsyncMutex::default(),
            known: Mutex::new(LeaderState { term: LeaseTerm::Unknown, said: None }),
        }
    }

    /// Asks the database whether this server leads, and renews its lease. While the database fails, the lease
    /// lasts until it expires.
    pub async fn is_ours(&self) -> bool {
        if self.is_alone() {
            return true;
        }
        let mut lock = self.asking.lock().await;
        if self.known().term == LeaseTerm::GivenUp {
            return false;
        }
        let asked_at = self.clock.monotonic();
        // A leader does not wait longer than its lease.
        let patience = match self.remaining() {
            Duration::ZERO => PATIENCE,
            remaining => remaining.min(PATIENCE),
        };
        match timeout(patience, self.ask(&mut lock)).await {
            Ok(Ok(is_granted)) => self.note(LeaseTerm::answered(asked_at, is_granted)),
            // The lock ended with its connection: another server may have it already.
            _ if self.settings.is_read_only() && lock.is_none() => self.known().lose(),
            _ => {}
        }
        self.leads_now()
    }

    /// Whether this server leads according to the database's latest answer. Asks if there is none yet.
    pub async fn was_ours(&self) -> bool {
        if self.is_alone() {
            return true;
        }
        if self.known().term == LeaseTerm::Unknown {
            return self.is_ours().await;
        }
        self.leads_now()
    }

    /// Renews the lease as long as possible. Returns when this server is no longer the leader, at the latest
    /// when its lease ends. The caller has to ask again for a new one.
    pub async fn keep(&self) {
        if self.is_alone() {
            return std::future::pending().await;
        }
        loop {
            sleep(self.remaining().min(RENEWAL)).await;
            if !self.leads_now() || !self.is_ours().await {
                return;
            }
        }
    }

    /// Gives the lease up for the rest of this run.
    pub async fn give_up(&self) {
        if self.is_alone() {
            return;
        }
        let mut lock = self.asking.lock().await;
        let had = self.remaining() > Duration::ZERO;
        self.known().term = LeaseTerm::GivenUp;
        // If this fails, the lease or the connection ends by itself.
        match lock.take() {
            Some(transaction) => drop(timeout(END, transaction.rollback()).await),
            None if had => drop(timeout(END, self.settings.drop_lease(&self.holder)).await),
            None => {}
        }
    }

    fn is_alone(&self) -> bool {
        self.settings.kind() == DatabaseType::Sqlite
    }

    async fn ask(&self, lock: &mut Option<Transaction<'static, Any>>) -> SettingsResult<bool> {
        if !self.settings.is_read_only() {
            return self.settings.claim_lease(&self.holder).await;
        }
        if let Some(held) = lock
            && held.ping().await.is_err()
        {
            *lock = None;
        }
        if self.settings.is_led_by_writer().await? {
            *lock = None;
            return Ok(false);
        }
        if lock.is_none() {
            *lock = self.settings.try_to_lock().await?;
        }
        Ok(lock.is_some())
    }

    fn remaining(&self) -> Duration {
        self.known().term.remaining(self.clock.monotonic())
    }

    fn leads_now(&self) -> bool {
        let leads = self.remaining() > Duration::ZERO;
        let mut known = self.known();
        if !leads && known.said == Some(LoggedLeadership::Ours) && known.term != LeaseTerm::GivenUp {
            known.said = Some(LoggedLeadership::Lapsed);
            tracing::warn!(
                "this server leads no longer: it could not renew its lease in the settings database"
            );
        }
        leads
    }

    fn note(&self, term: LeaseTerm) {
        let mut known = self.known();
        known.term = term;
        let (said, who) = match term {
            LeaseTerm::Until(_) => (LoggedLeadership::Ours, "this"),
            LeaseTerm::Unknown | LeaseTerm::Elsewhere | LeaseTerm::GivenUp => {
                (LoggedLeadership::Another, "another")
            }
        };
        if known.said.replace(said) != Some(said) {
            tracing::info!("{who} server leads those that share the settings database");
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, LeaderState> {
        lock(&self.known)
    }
}

impl LeaderState {
    /// Records that this server is no longer the leader.
    const fn lose(&mut self) {
        if let LeaseTerm::Until(_) = self.term {
            self.term = LeaseTerm::Elsewhere;
        }
    }
}

impl SettingsStore {
    /// Whether `holder` has the lease as of the database's time.
    async fn claim_lease(&self, holder: &str) -> SettingsResult<bool> {
        let mut transaction = self.database.write().await?;
        let [high, low] = halves(EARLIER_LOCK);
        let claim = query(CLAIM).bind(high).bind(low).bind(holder).bind(lease_ms());
        let granted = claim.execute(&mut *transaction).await?.rows_affected() == 1;
        transaction.commit().await?;
        Ok(granted)
    }

    async fn drop_lease(&self, holder: &str) -> SettingsResult<()> {
        let mut transaction = self.database.write().await?;
        query("DELETE FROM headcount_leader WHERE holder = $1")
            .bind(holder)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Whether a server that writes is the leader. It is not seen if its table of leases is not readable.
    async fn is_led_by_writer(&self) -> SettingsResult<bool> {
        let mut transaction = self.database.read().await?;
        let [high, low] = halves(EARLIER_LOCK);
        let earlier = query_scalar(EARLIER_VERSION_LEADS).bind(high).bind(low);
        if earlier.fetch_one(&mut *transaction).await? {
            return Ok(true);
        }
        if !query_scalar(LEASES_ARE_SEEN).fetch_one(&mut *transaction).await? {
            return Ok(false);
        }
        Ok(query_scalar(LEASE_IS_HELD).bind(lease_ms()).fetch_one(&mut *transaction).await?)
    }

    /// The transaction that holds the lock; `None` if another server has it.
    async fn try_to_lock(&self) -> SettingsResult<Option<Transaction<'static, Any>>> {
        let mut transaction = self.database.read().await?;
        let locked: bool = query_scalar("SELECT pg_try_advisory_xact_lock($1)")
            .bind(READERS_LOCK)
            .fetch_one(&mut *transaction)
            .await?;
        Ok(locked.then_some(transaction))
    }
}

/// The length of a lease in milliseconds.
fn lease_ms() -> i64 {
    i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX)
}

/// The halves of a lock's number, as PostgreSQL shows it.
fn halves(lock: i64) -> [i64; 2] {
    [lock >> u32::BITS, lock & i64::from(u32::MAX)]
}

impl fmt::Debug for LeaderLock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LeaderLock").field("known", &*self.known()).finish_non_exhaustive()
    }
}
