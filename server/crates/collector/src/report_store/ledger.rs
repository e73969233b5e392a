//! Stores the ledger of what became of every report, and reads its sums.

use std::collections::BTreeMap;

use headcount_fleet::calendar_day::CalendarDay;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::{ReportStore, signed, stored_day, unsigned};
use crate::{
    intake_entry::{IntakeEntry, LaterDrop},
    intake_ledger::{HourCounts, IntakeTally, LedgerSums, TallyKey},
};

/// How many hours are kept: those of the last days that an hour is compared with, and one day more.
const HOURS_KEPT: i64 = 9 * 24;

/// The day under which the sums of all days are stored, also of those that were dropped.
const ALL_DAYS: i64 = -1;

const ADD: &str = "INSERT INTO ledger (day, product, entry, count) VALUES (?, ?, ?, ?)
    ON CONFLICT (day, product, entry) DO UPDATE SET count = count + excluded.count";

const ADD_HOUR: &str = "INSERT INTO intake_hour (hour, received, stored, refused) VALUES (?, ?, ?, ?)
    ON CONFLICT (hour) DO UPDATE SET received = received + excluded.received,
        stored = stored + excluded.stored, refused = refused + excluded.refused";

const DROP_HOURS: &str = "DELETE FROM intake_hour WHERE hour < (SELECT max(hour) FROM intake_hour) - ?";

const SUMS: &str = "SELECT day, entry, sum(count) AS count FROM ledger
    WHERE day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR product = ?3) GROUP BY day, entry";

/// The sums of products that have no place any more.
const SUMS_WITHOUT_PLACE: &str =
    "FROM ledger WHERE day = -1 AND product <> 'other' AND product NOT IN (SELECT name FROM product)";

const TODAY: &str = "SELECT coalesce(at, 0) / 86400 AS day FROM clock";

impl ReportStore {
    /// Adds counts to the ledger.
    ///
    /// # Errors
    /// As for [`ReportStore::add`]; nothing is changed then.
    pub(crate) async fn add_to_ledger(&self, tally: &IntakeTally) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        add_tally(&mut transaction, tally).await?;
        transaction.commit().await
    }

    /// The sums of the days from `first` to `last`, both included, of a product or of all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn ledger(
        &self,
        first: CalendarDay,
        last: CalendarDay,
        product: Option<&str>,
    ) -> sqlx::Result<BTreeMap<CalendarDay, LedgerSums>> {
        let query = sqlx::query(SUMS).bind(first.days_since_epoch()).bind(last.days_since_epoch());
        let rows = query.bind(product).fetch_all(&self.readers).await?;
        let mut days: BTreeMap<CalendarDay, LedgerSums> = BTreeMap::new();
        for row in &rows {
            // A later version of the program may have written others.
            let Some(entry) = IntakeEntry::from_name(row.try_get("entry")?) else { continue };
            days.entry(stored_day(row)?).or_default().add(entry, unsigned(row.try_get("count")?));
        }
        Ok(days)
    }

    /// The sums of all days since the beginning, of a product or of all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn whole_ledger(&self, product: Option<&str>) -> sqlx::Result<LedgerSums> {
        let all = "SELECT entry, sum(count) FROM ledger
            WHERE day = ? AND (?2 IS NULL OR product = ?2) GROUP BY entry";
        let query = sqlx::query_as(all).bind(ALL_DAYS).bind(product);
        let rows: Vec<(String, i64)> = query.fetch_all(&self.readers).await?;
        let mut sums = LedgerSums::default();
        for (name, count) in rows {
            if let Some(entry) = IntakeEntry::from_name(&name) {
                sums.add(entry, unsigned(count));
            }
        }
        Ok(sums)
    }

    /// Drops the days before `before`, which stay in the sums of all days, and hours that alerts do not need.
    ///
    /// # Errors
    /// As for [`ReportStore::add`].
    pub(super) async fn drop_ledger(&self, before: CalendarDay) -> sqlx::Result<()> {
        let old = sqlx::query("DELETE FROM ledger WHERE day >= 0 AND day < ?");
        old.bind(before.days_since_epoch()).execute(&self.writer).await?;
        sqlx::query(DROP_HOURS).bind(HOURS_KEPT).execute(&self.writer).await.map(drop)
    }
}

/// Adds the sums of products that have no place any more to those of `other`.
pub(super) async fn fold_sums(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let fold = format!(
        "INSERT INTO ledger (day, product, entry, count)
            SELECT -1, 'other', entry, sum(count) {SUMS_WITHOUT_PLACE} GROUP BY entry
            ON CONFLICT (day, product, entry) DO UPDATE SET count = count + excluded.count"
    );
    for statement in [fold, format!("DELETE {SUMS_WITHOUT_PLACE}")] {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Adds counts to the ledger.
pub(super) async fn add_tally(connection: &mut SqliteConnection, tally: &IntakeTally) -> sqlx::Result<()> {
    let mut sums: BTreeMap<(&str, IntakeEntry), u64> = BTreeMap::new();
    for (TallyKey { day, product, entry }, count) in &tally.counts {
        add_count(connection, day.days_since_epoch().into(), product, *entry, *count).await?;
        *sums.entry((product, *entry)).or_default() += count;
    }
    for ((product, entry), count) in sums {
        add_count(connection, ALL_DAYS, product, entry, count).await?;
    }
    for (hour, HourCounts { received, stored, refused }) in &tally.hours {
        let add = sqlx::query(ADD_HOUR).bind(signed(*hour)).bind(signed(*received));
        add.bind(signed(*stored)).bind(signed(*refused)).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn add_count(
    connection: &mut SqliteConnection,
    day: i64,
    product: &str,
    entry: IntakeEntry,
    count: u64,
) -> sqlx::Result<()> {
    let add = sqlx::query(ADD).bind(day).bind(product).bind(entry.name());
    add.bind(signed(count)).execute(connection).await.map(drop)
}

/// Counts what is dropped in a transaction, one item per product in `products`. It counts on the day on which
/// the collector last wrote.
pub(super) async fn count_drops(
    connection: &mut SqliteConnection,
    drop: LaterDrop,
    products: &[String],
) -> sqlx::Result<()> {
    if products.is_empty() {
        return Ok(());
    }
    let today = stored_day(&sqlx::query(TODAY).fetch_one(&mut *connection).await?)?;
    let mut tally = IntakeTally::default();
    for product in products {
        tally.add(today, product, IntakeEntry::Dropped(drop), 1);
    }
    add_tally(connection, &tally).await
}
