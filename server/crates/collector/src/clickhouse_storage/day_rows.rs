//! Reads the typed reports of a day for the roll-up, each once.
//!
//! Where collectors that did not see each other stored different
//! reports under one id, the earliest row of the id says which one counts, and the others are noted as
//! conflicts.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use headcount_clickhouse::{RowBatch, sql_literal};
use headcount_fleet::{calendar_day::CalendarDay, installation_day::InstallationHash};

use super::{
    ClickHouseStorage,
    table_definitions::{BROWSERS, CHANGES, REPORT_IDS, REPORTS, TALLIES},
    week_of,
};
use crate::{fleet_storage::StorageResult, report_store::DayReport};

/// About so many typed reports are read at once.
const READ_AT_ONCE: u64 = 2000;

/// The name under which conflicts are counted.
pub(super) const CONFLICTS: &str = "conflicts";

/// The name under which reports are noted that lost against an earlier one with their id.
pub(super) const LOST: &str = "lost";

/// The name under which rows of ids are noted that name another day or product than an earlier row of the
/// same report. [`REPEATED_ROW`] is in the place of the content.
pub(super) const REPEATED: &str = "repeated";

/// What tells the rows of an id and a content from each other.
pub(super) const REPEATED_ROW: &str = "cityHash64(version, day, product)";

/// What is stored under an id that counts: the row's place in time, its installation, content, day and
/// product.
type StoredUnder = (u64, u64, u64, u32, String);

/// A row of an id under which something else is stored, too: week, number and [`REPEATED_ROW`], and what is
/// stored.
type ContestedRow = (u32, u64, u64, u64, u64, u64, u32, String);

/// The reports of a day that do not count.
#[derive(Debug)]
pub(super) struct ContestedDay {
    product: String,
    day: CalendarDay,
    /// The numbers under which several collectors stored something else, with what counts.
    winners: HashMap<u64, StoredUnder>,
    /// The numbers of reports that no id of the day belongs to: storing them has failed, or is not over.
    unacknowledged: HashSet<u64>,
    /// The deleted installations.
    buried: HashSet<u64>,
}

impl ContestedDay {
    /// Whether a row of the day counts.
    fn counts(&self, instance: u64, number: u64, content: u64) -> bool {
        if self.buried.contains(&instance) || self.unacknowledged.contains(&number) {
            return false;
        }
        self.winners.get(&number).is_none_or(|(_, of_instance, of_content, day, product)| {
            (*of_instance, *of_content, *day) == (instance, content, self.day.days_since_epoch())
                && *product == self.product
        })
    }
}

/// The columns of a typed report: installation, number, content, time, replica, content.
type TypedRow = (u64, u64, u64, u64, u8, Bytes);

impl ClickHouseStorage {
    /// The next typed reports of a product's day after those of an installation, in the order of
    /// installations; none at the end. All reports of an installation are returned together.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn day_reports(
        &self,
        product: &str,
        day: CalendarDay,
        after: Option<(InstallationHash, i64)>,
    ) -> StorageResult<Vec<DayReport>> {
        self.keep_lead().await?;
        let mut contested = self.contested.lock().await;
        let known =
            contested.take().filter(|known| after.is_some() && known.day == day && known.product == product);
        let known = match known {
            Some(known) => known,
            None => self.contested_day(product, day).await?,
        };
        let reports = self.reports_after(&known, after.map(|(installation, _)| installation.0)).await;
        *contested = Some(known);
        reports
    }

    /// Has a day computed again that was computed with an installation that is buried since. Its deletion may
    /// have ended before the blocks of the day were stored.
    pub(super) async fn recompute_if_buried(&self, product: &str, day: CalendarDay) -> StorageResult<()> {
        let buried = self.buried_installations().await?;
        let contested = self.contested.lock().await;
        let known = contested.as_ref().filter(|known| known.day == day && known.product == product);
        let is_new = |installation: &u64| known.is_none_or(|known| !known.buried.contains(installation));
        let buried_since: HashSet<_> = buried.into_iter().filter(is_new).collect();
        if buried_since.is_empty() {
            return Ok(());
        }
        let mut changes = RowBatch::default();
        changes.push(&(day.days_since_epoch(), product, rand::random::<u64>()));
        self.insert(&CHANGES, &["day", "product", "token"], changes).await?;
        self.reopen_deletions(&buried_since).await
    }

    async fn reports_after(&self, day: &ContestedDay, after: Option<u64>) -> StorageResult<Vec<DayReport>> {
        let condition =
            format!("day = {} AND product = {}", day.day.days_since_epoch(), sql_literal(&day.product));
        let count = format!("SELECT count() FROM {} WHERE {condition}", REPORTS.name);
        let rows = self.number(&count).await?;
        // Hashes are spread evenly, so a part of them has a part of the rows.
        let parts = rows.div_ceil(READ_AT_ONCE).max(1);
        let width = u64::MAX / parts;
        let mut first = match after {
            Some(u64::MAX) => return Ok(Vec::new()),
            Some(after) => after + 1,
            None => 0,
        };
        loop {
            let last = first.saturating_add(width);
            let reports = self.reports_between(day, &condition, first, last).await?;
            if !reports.is_empty() || last == u64::MAX {
                return Ok(reports);
            }
            first = last + 1;
        }
    }

    async fn reports_between(
        &self,
        day: &ContestedDay,
        condition: &str,
        first: u64,
        last: u64,
    ) -> StorageResult<Vec<DayReport>> {
        let select = format!(
            "SELECT instance, number, content, made_at, replica, typed FROM {} FINAL \
             WHERE {condition} AND instance BETWEEN {first} AND {last} ORDER BY instance, number",
            REPORTS.name
        );
        let mut browsers = self.browsers_between(day.day, first, last).await?;
        let mut rows = self.client.query_stream::<TypedRow>(&select).await?;
        let mut reports = Vec::new();
        while let Some((instance, number, content, made_at, replica, typed)) = rows.next_row().await? {
            if !day.counts(instance, number, content) {
                continue;
            }
            reports.push(DayReport {
                installation: InstallationHash(instance),
                seq: (number >> 1).cast_signed(),
                made_at,
                is_replica: replica != 0,
                typed: typed.into(),
                browsers: browsers.remove(&(instance, number, content)),
            });
        }
        Ok(reports)
    }

    async fn browsers_between(
        &self,
        day: CalendarDay,
        first: u64,
        last: u64,
    ) -> StorageResult<HashMap<(u64, u64, u64), Vec<u64>>> {
        let select = format!(
            "SELECT instance, number, content, browsers FROM {} \
             WHERE day = {} AND instance BETWEEN {first} AND {last}",
            BROWSERS.name,
            day.days_since_epoch()
        );
        let mut rows = self.client.query_stream::<(u64, u64, u64, Vec<u64>)>(&select).await?;
        let mut browsers = HashMap::new();
        while let Some((instance, number, content, of_report)) = rows.next_row().await? {
            browsers.insert((instance, number, content), of_report);
        }
        Ok(browsers)
    }

    /// Finds the reports of a day that do not count.
    async fn contested_day(&self, product: &str, day: CalendarDay) -> StorageResult<ContestedDay> {
        let (rows, unacknowledged, buried) = tokio::try_join!(
            self.contested_rows(day),
            self.unacknowledged_reports(day),
            self.buried_installations()
        )?;
        let mut winners: HashMap<u64, StoredUnder> = HashMap::new();
        for (_, number, _, place, instance, content, day, product) in rows.iter().cloned() {
            let row = (place, instance, content, day, product);
            let winner = winners.entry(number).or_insert_with(|| row.clone());
            if row < *winner {
                *winner = row;
            }
        }
        self.note_losers(rows, &winners).await?;
        Ok(ContestedDay { product: product.to_owned(), day, winners, unacknowledged, buried })
    }

    /// The condition for ids of reports that were made on a day: a report arrives after it was made.
    fn ids_since(day: CalendarDay) -> String {
        format!("week >= {}", week_of(day.start()))
    }

    /// The rows of ids of a day's reports under which something else is stored, too. Every shard has all rows
    /// of a number, and looks at its own.
    async fn contested_rows(&self, day: CalendarDay) -> StorageResult<Vec<ContestedRow>> {
        let (ids, local) = (REPORT_IDS.name, self.qualified(&REPORT_IDS));
        let (since, day) = (Self::ids_since(day), day.days_since_epoch());
        let select = format!(
            "SELECT week, number, {REPEATED_ROW}, place, instance, content, day, product FROM {ids} \
             WHERE {since} AND number != 0 AND number IN (SELECT number FROM {local} WHERE {since} AND number IN \
             (SELECT number FROM {local} WHERE {since} AND day = {day}) GROUP BY number \
             HAVING min(instance) != max(instance) OR min(content) != max(content) OR min(day) != max(day) \
             OR min(product) != max(product))"
        );
        Ok(self.client.query(&select).await?)
    }

    /// The numbers of a day's reports without an id.
    async fn unacknowledged_reports(&self, day: CalendarDay) -> StorageResult<HashSet<u64>> {
        let (reports, local) = (REPORTS.name, self.qualified(&REPORT_IDS));
        let (since, day) = (Self::ids_since(day), day.days_since_epoch());
        let select = format!(
            "SELECT DISTINCT number FROM {reports} WHERE day = {day} AND number NOT IN \
             (SELECT number FROM {local} WHERE {since} AND day = {day})"
        );
        let rows = self.client.query::<(u64,)>(&select).await?;
        Ok(rows.into_iter().map(|(number,)| number).collect())
    }

    /// Notes what lost against an earlier report with its id.
    async fn note_losers(
        &self,
        rows: Vec<ContestedRow>,
        winners: &HashMap<u64, StoredUnder>,
    ) -> StorageResult<()> {
        let mut batch = RowBatch::default();
        for (week, number, row, _, instance, content, day, product) in rows {
            let Some((_, of_instance, of_content, of_day, of_product)) = winners.get(&number) else {
                continue;
            };
            if (*of_instance, *of_content) != (instance, content) {
                batch.push(&(week, CONFLICTS, number, instance, content));
                batch.push(&(week, LOST, number, instance, content));
            } else if *of_day != day || *of_product != product {
                batch.push(&(week, REPEATED, number, instance, row));
            }
        }
        self.insert(&TALLIES, &["week", "name", "number", "instance", "content"], batch).await
    }
}
