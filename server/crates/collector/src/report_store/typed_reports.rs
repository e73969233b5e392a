//! Stores the typed form of reports, and reads those of a day.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use headcount_fleet::{calendar_day::CalendarDay, installation_day::InstallationHash};
use rand::RngExt;
use sqlx::{FromRow, Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    ReportStore,
    report_rows::{RowBinder, insert_rows},
    signed, stored_day, unsigned,
};
use crate::{browser_key::DayBrowserKey, report_day::ReportMoment};

/// The number of typed reports that are read at once.
const READ_AT_ONCE: i64 = 2000;

/// A typed report on its way into the database.
#[derive(Debug)]
pub(super) struct StoredTypedReport<'a> {
    /// The product.
    pub(super) product: &'a str,
    /// When it was made.
    pub(super) moment: ReportMoment,
    /// The installation.
    pub(super) installation: InstallationHash,
    /// The number of the report.
    pub(super) seq: i64,
    /// Whether it is of a replica.
    pub(super) is_replica: bool,
    /// Its typed form.
    pub(super) typed: &'a [u8],
}

/// A typed report of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DayReport {
    /// The installation.
    pub(crate) installation: InstallationHash,
    /// The number of the report: no other has it.
    pub(crate) seq: i64,
    /// When it was made, in Unix seconds.
    pub(crate) made_at: u64,
    /// Whether it is of a replica.
    pub(crate) is_replica: bool,
    /// Its typed form.
    pub(crate) typed: Vec<u8>,
    /// Its browsers, as hashes under a key of the day; `None` when they were destroyed.
    pub(crate) browsers: Option<Vec<u64>>,
}

/// A product's day with reports that no block has yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangedDay {
    /// The product.
    pub(crate) product: String,
    /// The day.
    pub(crate) day: CalendarDay,
    /// The number of changes so far.
    pub(crate) changes: i64,
}

impl FromRow<'_, SqliteRow> for ChangedDay {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self { product: row.try_get("product")?, day: stored_day(row)?, changes: row.try_get("changes")? })
    }
}

const INSERT_TYPED: &str = "INSERT INTO typed (day, product, instance, seq, made_at, replica, report)";

const CHANGE_DAYS: &str = "INSERT INTO changed_day (product, day, changes)";

const ADD_CHANGES: &str = "ON CONFLICT (product, day) DO UPDATE SET changes = changes + excluded.changes";

/// Stores typed reports, and notes that their days have changed.
pub(super) async fn insert_typed(
    connection: &mut SqliteConnection,
    reports: &[StoredTypedReport<'_>],
) -> sqlx::Result<()> {
    let bind = |row: &mut RowBinder<'_>, report: &StoredTypedReport<'_>| {
        row.push_bind(report.moment.day.days_since_epoch())
            .push_bind(report.product)
            .push_bind(report.installation.0.cast_signed())
            .push_bind(report.seq)
            .push_bind(signed(report.moment.made_at))
            .push_bind(report.is_replica)
            .push_bind(report.typed);
    };
    insert_rows(connection, INSERT_TYPED, reports, bind, "").await?;
    let mut changes: BTreeMap<(&str, CalendarDay), i64> = BTreeMap::new();
    for report in reports {
        *changes.entry((report.product, report.moment.day)).or_default() += 1;
    }
    let bind = |row: &mut RowBinder<'_>, ((product, day), changes): &((&str, CalendarDay), i64)| {
        row.push_bind(*product).push_bind(day.days_since_epoch()).push_bind(*changes);
    };
    insert_rows(connection, CHANGE_DAYS, &Vec::from_iter(changes), bind, ADD_CHANGES).await
}

/// Stores the browsers of reports, each with its day and number, as hashes under the key of the day.
pub(super) async fn insert_browsers(
    connection: &mut SqliteConnection,
    reports: impl Iterator<Item = (CalendarDay, i64, &[Uuid])>,
) -> sqlx::Result<()> {
    let mut keys = HashMap::new();
    let mut rows = Vec::new();
    for (day, seq, browsers) in reports.filter(|(.., browsers)| !browsers.is_empty()) {
        let key = match keys.entry(day) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(browser_key(connection, day).await?),
        };
        let hashes: Vec<u8> = browsers.iter().flat_map(|browser| key.hash(*browser).to_le_bytes()).collect();
        rows.push((day, seq, hashes));
    }
    let insert = "INSERT INTO browser_day (day, seq, browsers)";
    let bind = |row: &mut RowBinder<'_>, (day, seq, hashes): &(CalendarDay, i64, Vec<u8>)| {
        row.push_bind(day.days_since_epoch()).push_bind(*seq).push_bind(hashes.as_slice());
    };
    insert_rows(connection, insert, &rows, bind, "").await
}

const READ_DAY: &str = "SELECT typed.instance, typed.seq, made_at, typed.replica, report, browsers
    FROM typed LEFT JOIN browser_day USING (day, seq)
    WHERE day = ?1 AND product = ?2 AND (instance, seq) > (?3, ?4) ORDER BY instance, seq LIMIT ?5";

impl ReportStore {
    /// The days with reports that no block has yet, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn changed_days(&self) -> sqlx::Result<Vec<ChangedDay>> {
        let all = "SELECT product, day, changes FROM changed_day ORDER BY day, product";
        sqlx::query_as(all).fetch_all(&self.readers).await
    }

    /// The next typed reports of a product's day after one, in the order of installations and then of arrival; none at
    /// the end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn day_reports(
        &self,
        product: &str,
        day: CalendarDay,
        after: Option<(InstallationHash, i64)>,
    ) -> sqlx::Result<Vec<DayReport>> {
        let (instance, seq) = after.map_or((i64::MIN, -1), |(hash, seq)| (hash.0.cast_signed(), seq));
        let query = sqlx::query_as(READ_DAY).bind(day.days_since_epoch()).bind(product);
        query.bind(instance).bind(seq).bind(READ_AT_ONCE).fetch_all(&self.readers).await
    }
}

impl FromRow<'_, SqliteRow> for DayReport {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let browsers: Option<&[u8]> = row.try_get("browsers")?;
        Ok(Self {
            installation: InstallationHash(row.try_get::<i64, _>("instance")?.cast_unsigned()),
            seq: row.try_get("seq")?,
            made_at: unsigned(row.try_get("made_at")?),
            is_replica: row.try_get("replica")?,
            typed: row.try_get("report")?,
            browsers: browsers
                .map(|hashes| hashes.as_chunks().0.iter().copied().map(u64::from_le_bytes).collect()),
        })
    }
}

/// The key of a day, made when its first browser is stored.
async fn browser_key(connection: &mut SqliteConnection, day: CalendarDay) -> sqlx::Result<DayBrowserKey> {
    let made: [u8; 32] = rand::rng().random();
    let insert = sqlx::query("INSERT INTO browser_key (day, key) VALUES (?, ?) ON CONFLICT DO NOTHING");
    insert.bind(day.days_since_epoch()).bind(made.as_slice()).execute(&mut *connection).await?;
    let key = sqlx::query_scalar("SELECT key FROM browser_key WHERE day = ?").bind(day.days_since_epoch());
    let key: Vec<u8> = key.fetch_one(connection).await?;
    let key = key.try_into().map_err(|_| sqlx::Error::Protocol("a key of browsers is damaged".to_owned()))?;
    Ok(DayBrowserKey::new(key))
}
