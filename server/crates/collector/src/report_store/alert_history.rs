//! Stores what alerts are decided by, and which are active.

use std::collections::BTreeMap;

use super::{ReportStore, signed, unsigned};
use crate::{intake_ledger::HourCounts, maker_alert::MakerAlert};

/// The fewest installations that run a version for it to count as released. One alone may be a developer's.
const INSTALLATIONS_OF_RELEASE: i64 = 3;

/// The most versions that are known as released. The oldest make room for others.
const MOST_VERSIONS: i64 = 1000;

const NEW_VERSIONS: &str = "SELECT version FROM instance WHERE version <> '' GROUP BY version
    HAVING count(*) >= ? AND version NOT IN (SELECT version FROM seen_version) ORDER BY count(*) DESC LIMIT ?";

const NOTE_VERSION: &str = "INSERT INTO seen_version (version, hour) VALUES (?, ?) ON CONFLICT DO NOTHING";

const FORGET_VERSIONS: &str = "DELETE FROM seen_version WHERE version IN
    (SELECT version FROM seen_version ORDER BY hour DESC, version LIMIT -1 OFFSET ?)";

const SET_ALERT: &str = "INSERT INTO maker_alert (name, since, is_active, told) VALUES (?1, ?2, ?3, 0)
    ON CONFLICT (name) DO UPDATE SET since = excluded.since, is_active = excluded.is_active";

/// Whether an alert is active, and what the webhook knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AlertState {
    /// The alert.
    pub(crate) alert: MakerAlert,
    /// When it began or, if it is not active, ended, in Unix seconds.
    pub(crate) since: u64,
    /// Whether it is active.
    pub(crate) is_active: bool,
    /// Whether the webhook was told last that it is active.
    pub(crate) is_told_active: bool,
}

impl ReportStore {
    /// What arrived in the hours from one to another, both included, by hour since the Unix epoch.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn intake_hours(
        &self,
        first: u64,
        last: u64,
    ) -> sqlx::Result<BTreeMap<u64, HourCounts>> {
        let hours = "SELECT hour, received, stored, refused FROM intake_hour WHERE hour BETWEEN ? AND ?";
        let query = sqlx::query_as(hours).bind(signed(first)).bind(signed(last));
        let rows: Vec<(i64, i64, i64, i64)> = query.fetch_all(&self.readers).await?;
        let counts = rows.into_iter().map(|(hour, received, stored, refused)| {
            let [received, stored, refused] = [received, stored, refused].map(unsigned);
            (unsigned(hour), HourCounts { received, stored, refused })
        });
        Ok(counts.collect())
    }

    /// Notes the versions that several installations run now and did not before this hour since the Unix
    /// epoch. The first versions of all are no releases.
    ///
    /// # Errors
    /// As for [`ReportStore::add`].
    pub(crate) async fn note_versions(&self, hour: u64) -> sqlx::Result<()> {
        // Arriving reports do not wait for this query: it reads all installations.
        let new = sqlx::query_scalar(NEW_VERSIONS).bind(INSTALLATIONS_OF_RELEASE).bind(MOST_VERSIONS);
        let new: Vec<String> = new.fetch_all(&self.readers).await?;
        if new.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        let any = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM seen_version)");
        let hour = if any.fetch_one(&mut *transaction).await? { hour } else { 0 };
        for version in &new {
            let note = sqlx::query(NOTE_VERSION).bind(version).bind(signed(hour));
            note.execute(&mut *transaction).await?;
        }
        sqlx::query(FORGET_VERSIONS).bind(MOST_VERSIONS).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// The hours from `first` to `last`, both included, in which a version was first seen at several
    /// installations.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn release_hours(&self, first: u64, last: u64) -> sqlx::Result<Vec<u64>> {
        let hours = "SELECT DISTINCT hour FROM seen_version WHERE hour BETWEEN ? AND ? ORDER BY hour";
        let hours = sqlx::query_scalar(hours).bind(signed(first)).bind(signed(last));
        let hours: Vec<i64> = hours.fetch_all(&self.readers).await?;
        Ok(hours.into_iter().map(unsigned).collect())
    }

    /// The alerts that are or were active.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn alerts(&self) -> sqlx::Result<Vec<AlertState>> {
        let all = "SELECT name, since, is_active, told FROM maker_alert ORDER BY name";
        let rows: Vec<(String, i64, bool, bool)> = sqlx::query_as(all).fetch_all(&self.readers).await?;
        let known = rows.into_iter().filter_map(|(name, since, is_active, is_told_active)| {
            let alert = MakerAlert::ALL.iter().find(|alert| alert.name() == name)?;
            Some(AlertState { alert: *alert, since: unsigned(since), is_active, is_told_active })
        });
        Ok(known.collect())
    }

    /// Notes that an alert began or ended at a time in Unix seconds.
    ///
    /// # Errors
    /// As for [`ReportStore::add`].
    pub(crate) async fn set_alert(&self, alert: MakerAlert, is_active: bool, since: u64) -> sqlx::Result<()> {
        let set = sqlx::query(SET_ALERT).bind(alert.name()).bind(signed(since)).bind(is_active);
        set.execute(&self.writer).await.map(drop)
    }

    /// Notes what the webhook knows of an alert.
    ///
    /// # Errors
    /// As for [`ReportStore::add`].
    pub(crate) async fn note_told(&self, alert: MakerAlert, is_active: bool) -> sqlx::Result<()> {
        let told = sqlx::query("UPDATE maker_alert SET told = ? WHERE name = ?");
        told.bind(is_active).bind(alert.name()).execute(&self.writer).await.map(drop)
    }
}
