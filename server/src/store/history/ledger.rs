//! Keeps the events that must be counted in exactly one report, in the table `headcount_ledger`.
//!
//! A row that is damaged, or that a later version of this program wrote, stays until a version can read it.
//! It does not affect other rows.

use std::collections::BTreeMap;

use headcount_health::history_store::ReportEventKind;
use headcount_platform::hex;
use headcount_shared::payload::AlertingIntegration;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row, any::AnyRow};
use uuid::Uuid;

use crate::store::{
    SettingsStore,
    database_health::DatabaseOperation,
    store_error::SettingsResult,
    unnamed_statement::{query, query_scalar},
};

/// A counted event, as JSON: `"deployment"`, `{"summary":["-CPU"]}`, `{"notification":"slack"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerFact {
    /// A rollout of a counted application.
    Deployment,
    /// The summary of such a rollout.
    Summary(Vec<String>),
    /// A notification that was sent.
    Notification(AlertingIntegration),
}

impl From<&ReportEventKind> for LedgerFact {
    fn from(fact: &ReportEventKind) -> Self {
        match fact {
            ReportEventKind::Deployment => Self::Deployment,
            ReportEventKind::Summary(changes) => {
                Self::Summary(changes.iter().map(|change| (*change).to_owned()).collect())
            }
        }
    }
}

/// Adds an event at a time in Unix seconds. An item that is already in the ledger stays as it is.
pub(super) async fn note(
    transaction: &mut AnyConnection,
    project: &str,
    item: &str,
    fact: &LedgerFact,
    at: u32,
) -> SettingsResult<()> {
    let statement = "INSERT INTO headcount_ledger (project_id, item, fact, noted_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    let insert = query(statement).bind(project).bind(digest(item)).bind(serde_json::to_string(fact)?);
    insert.bind(i64::from(at)).execute(transaction).await?;
    Ok(())
}

/// The digest of an item. It is stored instead of the item, which contains names; the only use is comparison.
fn digest(item: &str) -> String {
    hex::encode(Sha256::digest(item))
}

/// The counts for one report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerCounts {
    /// The number of rollouts.
    pub deployments: u64,
    /// The number of summaries, by type.
    pub deployment_summaries: BTreeMap<String, u64>,
    /// The number of sent notifications, by type of destination.
    pub sent_notifications: BTreeMap<AlertingIntegration, u64>,
}

impl LedgerCounts {
    /// Adds an event that is in the ledger `times` times.
    fn add(&mut self, fact: LedgerFact, times: u64) {
        match fact {
            LedgerFact::Deployment => self.deployments += times,
            LedgerFact::Summary(changes) => {
                for change in changes {
                    *self.deployment_summaries.entry(change).or_default() += times;
                }
            }
            LedgerFact::Notification(destination) => {
                *self.sent_notifications.entry(destination).or_default() += times;
            }
        }
    }
}

/// How long the ledger keeps reported events, in seconds: longer than they can be found again.
const REMEMBERED_S: u32 = 60 * 24 * 3600;

/// The row of `settings` with the start of counting.
const COUNTING_SINCE: &str = "headcount_counting_since";

/// How long before the first start events are counted, in seconds.
const BEFORE_START_S: u32 = 3600;

impl SettingsStore {
    /// The start of counting in Unix seconds: earlier events are in no report. The first call, at `now`,
    /// decides it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn counting_since(&self, now: u32) -> SettingsResult<u32> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.ledger.read().await?;
            let stored: Option<String> = query_scalar("SELECT value FROM settings WHERE name = $1")
                .bind(COUNTING_SINCE)
                .fetch_optional(&mut *connection)
                .await?;
            drop(connection);
            if let Some(since) = stored.and_then(|since| since.parse().ok()) {
                return Ok(since);
            }
            let since = now.saturating_sub(BEFORE_START_S);
            let mut transaction = self.ledger.write().await?;
            store_since(&mut transaction, since).await?;
            transaction.commit().await?;
            Ok(since)
        })
        .await
    }

    /// Restarts counting at `now` (Unix seconds) for read-only settings. Events that are not reported yet are
    /// in no report.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_from(&self, now: u32) -> SettingsResult<()> {
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.ledger.write().await?;
            count_from(&mut transaction, now).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// The counts of the next report. Changes nothing.
    ///
    /// # Errors
    /// The database failed.
    pub async fn counted(&self) -> SettingsResult<LedgerCounts> {
        self.attempt(DatabaseOperation::Reading, async {
            let mut connection = self.ledger.read().await?;
            let (mut counted, mut unreadable) = (LedgerCounts::default(), 0);
            for noted in waiting(&mut connection).await? {
                match noted.fact {
                    Some((fact, _)) => counted.add(fact, noted.times),
                    None => unreadable += noted.times,
                }
            }
            self.health.note_unreadable_facts(unreadable);
            Ok(counted)
        })
        .await
    }

    /// The number of events that are in no report yet, including unreadable ones.
    ///
    /// # Errors
    /// The database failed.
    pub(super) async fn waiting_facts(&self) -> SettingsResult<u64> {
        let mut connection = self.ledger.read().await?;
        Ok(waiting(&mut connection).await?.iter().map(|noted| noted.times).sum())
    }

    /// Releases the events of earlier reports of an instance that no longer exist. The next report, of any
    /// instance, contains them.
    ///
    /// # Errors
    /// The database failed; nothing was released.
    pub async fn give_back(&self, instance: Uuid, is_kept: impl Fn(Uuid) -> bool) -> SettingsResult<()> {
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.ledger.write().await?;
            settle(&mut transaction, instance, is_kept).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// Takes all events that are in no report yet into the report with this id, which `instance` makes at
    /// `now` (Unix seconds). Takes again what an earlier report of the instance took if that report no longer
    /// exists.
    ///
    /// # Errors
    /// The database failed; nothing was taken.
    pub async fn take(
        &self,
        report: Uuid,
        instance: Uuid,
        now: u32,
        is_kept: impl Fn(Uuid) -> bool,
    ) -> SettingsResult<LedgerCounts> {
        self.attempt(DatabaseOperation::Writing, async {
            let mut transaction = self.ledger.write().await?;
            settle(&mut transaction, instance, is_kept).await?;
            query("DELETE FROM headcount_ledger WHERE settled = 1 AND noted_at < $1")
                .bind(i64::from(now.saturating_sub(REMEMBERED_S)))
                .execute(&mut *transaction)
                .await?;
            let mut counted = LedgerCounts::default();
            for (fact, json) in waiting(&mut transaction).await?.into_iter().filter_map(|noted| noted.fact) {
                let statement = "UPDATE headcount_ledger SET taken_by = $1, report_id = $2
                    WHERE report_id IS NULL AND fact = $3";
                let take = query(statement).bind(instance.to_string()).bind(report.to_string());
                let taken = take.bind(json).execute(&mut *transaction).await?;
                counted.add(fact, taken.rows_affected());
            }
            transaction.commit().await?;
            Ok(counted)
        })
        .await
    }
}

/// An event in no report yet, and how often the ledger contains it.
struct NotedFact {
    /// With its stored text; `None` if this version cannot read it.
    fact: Option<(LedgerFact, String)>,
    times: u64,
}

/// The events that are in no report yet.
async fn waiting(connection: &mut AnyConnection) -> SettingsResult<Vec<NotedFact>> {
    let statement = "SELECT fact, COUNT(*) FROM headcount_ledger WHERE report_id IS NULL GROUP BY fact";
    let rows: Vec<AnyRow> = query(statement).fetch_all(connection).await?;
    Ok(rows.iter().map(NotedFact::of).collect())
}

impl NotedFact {
    fn of(row: &AnyRow) -> Self {
        // A column of SQLite may contain any type.
        let json = row.try_get::<String, _>(0).ok();
        let fact = json.and_then(|json| Some((serde_json::from_str(&json).ok()?, json)));
        let times = row.try_get::<i64, _>(1).ok().and_then(|times| u64::try_from(times).ok());
        Self { fact, times: times.unwrap_or_default() }
    }
}

/// Deletes the whole ledger.
pub(in crate::store) async fn delete_all(transaction: &mut AnyConnection) -> SettingsResult<()> {
    query("DELETE FROM headcount_ledger").execute(transaction).await?;
    Ok(())
}

/// Restarts counting at `now`. Events that are not reported yet are in no report.
pub(in crate::store) async fn count_from(transaction: &mut AnyConnection, now: u32) -> SettingsResult<()> {
    store_since(transaction, now).await?;
    query("UPDATE headcount_ledger SET report_id = '', settled = 1 WHERE report_id IS NULL")
        .execute(transaction)
        .await?;
    Ok(())
}

async fn store_since(transaction: &mut AnyConnection, since: u32) -> SettingsResult<()> {
    let statement = "INSERT INTO settings (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    query(statement).bind(COUNTING_SINCE).bind(since.to_string()).execute(transaction).await?;
    Ok(())
}

/// Settles the earlier reports of an instance: the events of existing ones are theirs for good, those of
/// others are released.
async fn settle(
    transaction: &mut AnyConnection,
    instance: Uuid,
    is_kept: impl Fn(Uuid) -> bool,
) -> SettingsResult<()> {
    let statement = "SELECT DISTINCT report_id FROM headcount_ledger WHERE taken_by = $1 AND settled = 0";
    let rows: Vec<AnyRow> = query(statement).bind(instance.to_string()).fetch_all(&mut *transaction).await?;
    for report in rows.iter().filter_map(|row| row.try_get::<String, _>(0).ok()) {
        let statement = if report.parse().is_ok_and(&is_kept) {
            "UPDATE headcount_ledger SET settled = 1 WHERE report_id = $1"
        } else {
            "UPDATE headcount_ledger SET report_id = NULL, taken_by = NULL WHERE report_id = $1"
        };
        query(statement).bind(report).execute(&mut *transaction).await?;
    }
    Ok(())
}
