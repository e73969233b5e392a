//! Which of several servers on one database speaks for all of them?
//!
//! A lock of PostgreSQL, held by a connection for as long as it lives: when the server that has it ends, or its connection
//! does, another one gets it. A file of SQLite has one server.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use headcount_shared::payload::DatabaseType;
use sqlx::{AnyConnection, Connection};
use tokio::{sync::Mutex as AsyncMutex, time::timeout};

use super::{Settings, error::Result};

/// The number of the lock, by which servers of this program find each other in a database.
const LOCK: i64 = 0x6865_6164_636f_756e;

/// How long a database may take to say who leads.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the connection that has the lock may take to end.
const END: Duration = Duration::from_secs(1);

/// Whether this server speaks for all that share its settings database.
pub struct Lead {
    settings: Settings,
    /// The connection that has the lock.
    connection: AsyncMutex<Option<AnyConnection>>,
    /// Whether this server spoke when that was last looked at; `None` before it was.
    leads: Mutex<Option<bool>>,
}

impl Lead {
    /// Nothing is asked yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, connection: AsyncMutex::default(), leads: Mutex::default() }
    }

    /// Whether this server speaks, as far as the database can be asked now. One that spoke goes on while it cannot reach the
    /// database: nobody else may be able to either.
    pub async fn is_ours(&self) -> bool {
        if self.settings.kind() == DatabaseType::Sqlite {
            return true;
        }
        let mut held = self.connection.lock().await;
        if let Some(connection) = held.as_mut() {
            if matches!(timeout(PATIENCE, connection.ping()).await, Ok(Ok(()))) {
                return true;
            }
            *held = None;
        }
        match timeout(PATIENCE, self.settings.try_to_lead()).await {
            Ok(Ok(connection)) => {
                let leads = connection.is_some();
                *held = connection;
                self.note(leads);
                leads
            }
            Ok(Err(_)) | Err(_) => self.last_seen().unwrap_or_default(),
        }
    }

    /// Whether this server spoke when that was last looked at, which it is here if it never was.
    pub async fn was_ours(&self) -> bool {
        match self.last_seen() {
            Some(leads) => leads,
            None => self.is_ours().await,
        }
    }

    fn last_seen(&self) -> Option<bool> {
        *self.leads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, leads: bool) {
        let mut led = self.leads.lock().unwrap_or_else(PoisonError::into_inner);
        if led.replace(leads) == Some(leads) {
            return;
        }
        let who = if leads { "this" } else { "another" };
        tracing::info!("{who} server speaks for all that share the settings database");
    }

    /// Lets another server speak.
    pub async fn give_up(&self) {
        let Some(connection) = self.connection.lock().await.take() else { return };
        // A connection that does not end well has ended all the same.
        timeout(END, connection.close()).await.ok();
    }
}

impl Settings {
    /// The connection that holds the lock; `None` when another server has it.
    async fn try_to_lead(&self) -> Result<Option<AnyConnection>> {
        let mut connection = self.database.read().await?;
        let locked: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut *connection)
            .await?;
        // The lock is the connection's, which must not go back among the others.
        Ok(locked.then(|| connection.detach()))
    }
}

impl fmt::Debug for Lead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lead").field("leads", &self.last_seen()).finish_non_exhaustive()
    }
}
