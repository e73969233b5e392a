//! Elects which of several servers on one database leads: it observes, notifies, and reports what was observed.
//!
//! The leader has a lease: a row in the table `headcount_leader` with a time of the database's clock, which the leader moves on
//! while it runs. Nothing of that needs a session, so a pooler in transaction mode may stand between. A file of SQLite has one
//! server.
//!
//! Where the settings are only read there is no row to write. The leader holds a transaction open there that has a lock of
//! PostgreSQL; a pooler keeps a transaction on one session, and ends it with its client. A server that writes goes before all
//! that only read: it alone can send what waits to be sent.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use headcount_shared::payload::DatabaseType;
use sqlx::{Any, Connection, Transaction};
use tokio::{
    sync::Mutex as AsyncMutex,
    time::{sleep, timeout},
};

use super::{
    Settings,
    error::Result,
    lease::{LEASE, LeaseTerm},
    statement::{query, query_scalar},
};
use crate::clock::Clock;

/// The number of the lock by which servers of versions before 0.2.0 find each other in a database.
const EARLIER_LOCK: i64 = 0x6865_6164_636f_756e;

/// The number of the lock by which servers that only read do.
const READERS_LOCK: i64 = 0x6865_6164_7265_6164;

/// How long a database may take to say who leads.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it may take to give the lease up.
const END: Duration = Duration::from_secs(1);

/// How often the lease is renewed beside other work.
const RENEWAL: Duration = Duration::from_secs(8);

/// Whether a server of an earlier version holds its lock: `$1` and `$2` are the halves of the lock's number.
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

/// Takes the lease or renews it. It is granted when one row is affected: this server has it, or nobody does, or it has expired,
/// or it ends later than any lease can, because the database's clock was set back. While a server of an earlier version holds
/// its lock, that one leads.
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

/// Whether there is a table of leases that may be read.
const LEASES_ARE_SEEN: &str =
    "SELECT COALESCE(has_table_privilege(to_regclass('headcount_leader'), 'SELECT'), FALSE)";

/// Whether a server has the lease, by the rules of [`CLAIM`].
const LEASE_IS_HELD: &str = "
    SELECT EXISTS (
        SELECT 1 FROM headcount_leader
        WHERE expires_at > CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)
            AND expires_at <= CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + 2 * $1
    )";

/// Whether this server leads those that share its settings database.
pub struct Lead {
    settings: Settings,
    clock: Arc<dyn Clock>,
    /// Who this server is in the table, in this run: nobody else renews its lease, not even one with a copy of its data
    /// directory.
    holder: String,
    /// Held while the database is asked: answers come in the order of the questions. Inside is the transaction that has the lock
    /// where the settings are only read.
    asking: AsyncMutex<Option<Transaction<'static, Any>>>,
    known: Mutex<Known>,
}

/// What this server knows, and what it has said of that in the log.
#[derive(Debug)]
struct Known {
    term: LeaseTerm,
    said: Option<Said>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Ours,
    Another,
    Lapsed,
}

impl Lead {
    /// Nothing is asked yet. `holder` tells this run of this server from all others.
    #[must_use]
    pub fn new(settings: Settings, clock: Arc<dyn Clock>, holder: String) -> Self {
        Self {
            settings,
            clock,
            holder,
            asking: AsyncMutex::default(),
            known: Mutex::new(Known { term: LeaseTerm::Unknown, said: None }),
        }
    }

    /// Asks the database whether this server leads, and renews its lease. While the database cannot be asked the lease goes on
    /// until it ends.
    pub async fn is_ours(&self) -> bool {
        if self.is_alone() {
            return true;
        }
        let mut lock = self.asking.lock().await;
        if self.known().term == LeaseTerm::GivenUp {
            return false;
        }
        let asked_at = self.clock.monotonic();
        // A leader does not wait past the end of its lease.
        let patience = match self.remaining() {
            Duration::ZERO => PATIENCE,
            remaining => remaining.min(PATIENCE),
        };
        match timeout(patience, self.ask(&mut lock)).await {
            Ok(Ok(is_granted)) => self.note(LeaseTerm::answered(asked_at, is_granted)),
            // The lock has ended with its connection: another server may have it already.
            _ if self.settings.is_read_only() && lock.is_none() => self.known().lose(),
            _ => {}
        }
        self.leads_now()
    }

    /// Whether this server leads, by what the database said last. It is asked if it never was.
    pub async fn was_ours(&self) -> bool {
        if self.is_alone() {
            return true;
        }
        if self.known().term == LeaseTerm::Unknown {
            return self.is_ours().await;
        }
        self.leads_now()
    }

    /// Renews the lease for as long as that can be done. Returns when this server does not lead any more, and not later than
    /// its lease ends: whether it can have another one is a new question.
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

    /// Lets another server lead, for the rest of this run.
    pub async fn give_up(&self) {
        if self.is_alone() {
            return;
        }
        let mut lock = self.asking.lock().await;
        let had = self.remaining() > Duration::ZERO;
        self.known().term = LeaseTerm::GivenUp;
        // What does not end well ends with the lease, or with the connection.
        match lock.take() {
            Some(transaction) => drop(timeout(END, transaction.rollback()).await),
            None if had => drop(timeout(END, self.settings.drop_lease(&self.holder)).await),
            None => {}
        }
    }

    fn is_alone(&self) -> bool {
        self.settings.kind() == DatabaseType::Sqlite
    }

    async fn ask(&self, lock: &mut Option<Transaction<'static, Any>>) -> Result<bool> {
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
        if !leads && known.said == Some(Said::Ours) && known.term != LeaseTerm::GivenUp {
            known.said = Some(Said::Lapsed);
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
            LeaseTerm::Until(_) => (Said::Ours, "this"),
            LeaseTerm::Unknown | LeaseTerm::Elsewhere | LeaseTerm::GivenUp => (Said::Another, "another"),
        };
        if known.said.replace(said) != Some(said) {
            tracing::info!("{who} server leads those that share the settings database");
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Notes that this server does not lead any more, if it did.
    const fn lose(&mut self) {
        if let LeaseTerm::Until(_) = self.term {
            self.term = LeaseTerm::Elsewhere;
        }
    }
}

impl Settings {
    /// Whether `holder` has the lease now, from the moment at which the database looks.
    async fn claim_lease(&self, holder: &str) -> Result<bool> {
        let mut transaction = self.database.write().await?;
        let [high, low] = halves(EARLIER_LOCK);
        let claim = query(CLAIM).bind(high).bind(low).bind(holder).bind(lease_ms());
        let granted = claim.execute(&mut *transaction).await?.rows_affected() == 1;
        transaction.commit().await?;
        Ok(granted)
    }

    async fn drop_lease(&self, holder: &str) -> Result<()> {
        let mut transaction = self.database.write().await?;
        query("DELETE FROM headcount_leader WHERE holder = $1")
            .bind(holder)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Whether a server that writes leads. One that wrote a table of leases that may not be read is not seen.
    async fn is_led_by_writer(&self) -> Result<bool> {
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

    /// The transaction that holds the lock; `None` when another server has it.
    async fn try_to_lock(&self) -> Result<Option<Transaction<'static, Any>>> {
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

/// The number of a lock as PostgreSQL shows it.
fn halves(lock: i64) -> [i64; 2] {
    [lock >> u32::BITS, lock & i64::from(u32::MAX)]
}

impl fmt::Debug for Lead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lead").field("known", &*self.known()).finish_non_exhaustive()
    }
}
