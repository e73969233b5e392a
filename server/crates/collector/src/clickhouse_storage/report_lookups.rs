//! Looks reports and installations up for pages: the listing, a report as it was sent, and the fleet.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use headcount_clickhouse::{DecodeRow, RowError, RowReader};
use headcount_fleet::{calendar_day::CalendarDay, installation_day::InstallationHash};
use headcount_shared::api::{CollectorReport, CollectorReportPage, FleetInstance, FleetOverview};
use uuid::Uuid;

use super::{
    ClickHouseStorage, DAY_SECONDS, PLACE_SHIFT, WEEK_SECONDS,
    day_rows::{CONFLICTS, LOST, REPEATED, REPEATED_ROW},
    list_of,
    table_definitions::{BLOCKS, INSTALLATIONS, RAW_COPIES, REPORT_IDS, REPORTS, TALLIES},
    week_of,
};
use crate::{
    fleet_storage::StorageResult,
    listing_parameters::ListingPage,
    month_estimate::{OBSERVED, RecentStorage},
    report_store::RawReport,
};

/// So many values are in a list of a statement: a statement has at most 256 KiB.
const LISTED_AT_ONCE: usize = 2000;

/// What a report takes beside its id, in bytes.
const ID_ROW: u64 = 150;

/// A report of the listing: place, id, installation, time of arrival, size, replica.
type ListedRow = (u64, String, u64, u64, u64, u8);

/// An installation of the fleet.
struct HeardInstallation {
    instance: u64,
    fleet: FleetInstance,
}

impl DecodeRow for HeardInstallation {
    fn decode_row(reader: &mut RowReader<'_>) -> Result<Self, RowError> {
        let instance = reader.column()?;
        let fleet = FleetInstance {
            instance: String::new(),
            version: reader.column()?,
            database_type: reader.column()?,
            first_seen_at: reader.column()?,
            last_seen_at: reader.column()?,
            reports: reader.column()?,
            users: reader.column()?,
            page_views: reader.column()?,
            set_aside: reader.column()?,
            overlaps: reader.column()?,
            latest: reader.column()?,
        };
        Ok(Self { instance, fleet })
    }
}

impl ClickHouseStorage {
    /// One page of reports, in the order of their arrival.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn list(&self, page: &ListingPage) -> StorageResult<CollectorReportPage> {
        let after = u64::try_from(page.after).unwrap_or_default();
        let limit = usize::from(page.limit);
        let mut condition = format!("instance != 0 AND place > {after}{}", self.not_superseded());
        if let Some(instance) = &page.instance {
            let Ok(instance) = Uuid::try_parse(instance) else { return Ok(CollectorReportPage::default()) };
            condition.push_str(&format!(" AND instance = {}", self.installation_hash(instance).0));
        }
        let weeks = format!(
            "SELECT DISTINCT week FROM {} WHERE week >= {} ORDER BY week",
            REPORT_IDS.name,
            week_of(after >> PLACE_SHIFT)
        );
        let mut rows: Vec<ListedRow> = Vec::new();
        for (week,) in self.client.query::<(u32,)>(&weeks).await? {
            // One row more than requested shows whether there is a next page.
            let missing = limit + 1 - rows.len();
            let select = format!(
                "SELECT place, id, instance, received_at, bytes, replica FROM {} FINAL \
                 WHERE week = {week} AND {condition} ORDER BY place, number LIMIT {missing}",
                REPORT_IDS.name
            );
            rows.extend(self.client.query::<ListedRow>(&select).await?);
            if rows.len() > limit {
                break;
            }
        }
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        if has_more {
            end_between_places(&mut rows);
        }
        let next = rows.last().filter(|_| has_more).and_then(|row| i64::try_from(row.0).ok());
        let names = self.uuids_of(rows.iter().map(|row| row.2).collect()).await?;
        let reports = rows.into_iter().map(|row| listed_report(row, &names));
        Ok(CollectorReportPage { reports: reports.collect(), next })
    }

    /// At most `limit` reports of an installation, the newest first: those up to the one with the id `until`,
    /// or all. None if the installation has no such report.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn reports_until(
        &self,
        instance: Uuid,
        until: Option<&str>,
        limit: u16,
    ) -> StorageResult<Vec<CollectorReport>> {
        let ids = REPORT_IDS.name;
        let installation = self.installation_hash(instance).0;
        let mut condition = format!("instance = {installation}{}", self.not_superseded());
        let mut last_week = u32::MAX;
        if let Some(until) = until {
            let number = self.keys.report_number(until);
            let select = format!(
                "SELECT week, place FROM {ids} FINAL WHERE number = {number} AND {condition} ORDER BY place LIMIT 1"
            );
            let Some((week, place)) = self.client.query::<(u32, u64)>(&select).await?.pop() else {
                return Ok(Vec::new());
            };
            last_week = week;
            condition.push_str(&format!(" AND (place, number) <= ({place}, {number})"));
        }
        let weeks = format!(
            "SELECT DISTINCT week FROM {ids} WHERE instance = {installation} AND week <= {last_week} \
             ORDER BY week DESC"
        );
        let limit = usize::from(limit);
        let mut rows: Vec<ListedRow> = Vec::new();
        for (week,) in self.client.query::<(u32,)>(&weeks).await? {
            if rows.len() >= limit {
                break;
            }
            let missing = limit - rows.len();
            let select = format!(
                "SELECT place, id, instance, received_at, bytes, replica FROM {ids} FINAL \
                 WHERE week = {week} AND {condition} ORDER BY place DESC, number DESC LIMIT {missing}"
            );
            rows.extend(self.client.query::<ListedRow>(&select).await?);
        }
        let names = HashMap::from([(installation, instance)]);
        Ok(rows.into_iter().map(|row| listed_report(row, &names)).collect())
    }

    /// One installation; `None` if it is not known.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn installation(&self, instance: Uuid) -> StorageResult<Option<FleetInstance>> {
        let hash = self.installation_hash(instance).0;
        let heard = self.heard_installations(&format!("instance = {hash}"), 1).await?.pop();
        Ok(heard.map(|heard| FleetInstance { instance: instance.to_string(), ..heard.fleet }))
    }

    /// A report as it was sent; `None` if there never was one with this id, or if its counts were dropped
    /// too.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn raw(&self, id: &str) -> StorageResult<Option<RawReport>> {
        let number = self.keys.report_number(id);
        let select = format!(
            "SELECT instance, content, bytes FROM {} WHERE number = {number} AND instance != 0 \
             ORDER BY place, instance, content LIMIT 1",
            REPORT_IDS.name
        );
        let found = self.client.query::<(u64, u64, u64)>(&select).await?;
        let Some((instance, content, bytes)) = found.into_iter().next() else { return Ok(None) };
        let select = format!(
            "SELECT zstd FROM {} WHERE instance = {instance} AND number = {number} AND content = {content} LIMIT 1",
            RAW_COPIES.name
        );
        let copy = self.client.query::<(Bytes,)>(&select).await?.into_iter().next();
        Ok(Some(copy.map_or(RawReport::Dropped, |(zstd,)| RawReport::Kept { zstd: zstd.into(), bytes })))
    }

    /// At most `most` installations, ordered by their latest report, newest first. Numbers of reports are those that are
    /// stored now.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn fleet(&self, most: u32) -> StorageResult<FleetOverview> {
        let ids = REPORT_IDS.name;
        let total = format!("SELECT uniqExact(instance) FROM {ids} WHERE instance != 0");
        let heard = self.heard_installations("instance != 0", most).await?;
        let names = self.uuids_of(heard.iter().map(|heard| heard.instance).collect()).await?;
        let instances: Vec<_> = heard
            .into_iter()
            .map(|HeardInstallation { instance, fleet }| {
                let instance = names.get(&instance).map(ToString::to_string).unwrap_or_default();
                FleetInstance { instance, ..fleet }
            })
            .collect();
        let overlaps = format!(
            "SELECT toUInt64(sum(overlaps)) FROM {ids} FINAL WHERE instance != 0{}",
            self.not_superseded()
        );
        Ok(FleetOverview {
            total: self.number(&total).await?,
            instances,
            conflicts: self.tally(CONFLICTS).await?,
            overlaps: self.number(&overlaps).await?,
            clones: self.tally("clones").await?,
            ..FleetOverview::default()
        })
    }

    /// At most `limit` of the installations that a condition is true of, the one heard from last first.
    async fn heard_installations(
        &self,
        condition: &str,
        limit: u32,
    ) -> StorageResult<Vec<HeardInstallation>> {
        let select = format!(
            "SELECT instance, argMax(program_version, place), argMax(database_type, place), min(received_at), \
             max(received_at), count(), argMax(users, place), argMax(page_views, place), sum(set_aside), \
             toUInt64(sum(overlaps)), argMax(id, place) FROM {} FINAL WHERE {condition}{} \
             GROUP BY instance ORDER BY max(place) DESC, instance LIMIT {limit}",
            REPORT_IDS.name,
            self.not_superseded()
        );
        Ok(self.client.query::<HeardInstallation>(&select).await?)
    }

    async fn tally(&self, name: &str) -> StorageResult<u64> {
        let table = TALLIES.name;
        self.number(&format!(
            "SELECT uniqExact(number, instance, content) FROM {table} WHERE name = '{name}' AND number != 0"
        ))
        .await
    }

    /// The condition that leaves out rows of ids that do not count.
    fn not_superseded(&self) -> String {
        let mut condition = String::new();
        for (name, column) in [(LOST, "content"), (REPEATED, REPEATED_ROW)] {
            // Every shard has the tallies of its own ids.
            let local = self.qualified(&TALLIES);
            condition.push_str(&format!(
                " AND (number, instance, {column}) NOT IN \
                 (SELECT number, instance, content FROM {local} WHERE name = '{name}')"
            ));
        }
        condition
    }

    /// The UUIDs of installations.
    async fn uuids_of(&self, mut instances: Vec<u64>) -> StorageResult<HashMap<u64, Uuid>> {
        instances.sort_unstable();
        instances.dedup();
        let mut names = HashMap::new();
        for some in instances.chunks(LISTED_AT_ONCE) {
            let select = format!(
                "SELECT DISTINCT instance, uuid FROM {} WHERE instance IN ({})",
                INSTALLATIONS.name,
                list_of(some)
            );
            let rows = self.client.query::<(u64, [u8; 16])>(&select).await?;
            names.extend(rows.into_iter().map(|(instance, uuid)| (instance, Uuid::from_bytes(uuid))));
        }
        Ok(names)
    }

    /// The day on which the first report of each installation arrived.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn first_days(&self) -> StorageResult<HashMap<InstallationHash, CalendarDay>> {
        let table = INSTALLATIONS.name;
        let select =
            format!("SELECT instance, min(first_seen) FROM {table} WHERE instance != 0 GROUP BY instance");
        let mut rows = self.client.query_stream::<(u64, u64)>(&select).await?;
        let mut days = HashMap::new();
        while let Some((instance, first_seen)) = rows.next_row().await? {
            days.insert(InstallationHash(instance), CalendarDay::from_unix_seconds(first_seen));
        }
        Ok(days)
    }

    /// What was stored in the last days before `now`, in Unix seconds, before ClickHouse compresses it.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn recent_storage(&self, now: u64) -> StorageResult<RecentStorage> {
        let since = now.saturating_sub(OBSERVED.as_secs());
        let (week, day) = (since / WEEK_SECONDS, since / DAY_SECONDS + 1);
        let reports = format!(
            "SELECT uniqExact(number), min(received_at), toUInt64(sum(length(id)) + {ID_ROW} * count()), count() \
             FROM {} WHERE week >= {week} AND received_at >= {since} AND instance != 0",
            REPORT_IDS.name
        );
        let reports = self.client.query::<(u64, u64, u64, u64)>(&reports).await?.into_iter().next();
        let (reports, first, id_bytes, id_rows) = reports.unwrap_or_default();
        let bytes = |column: &str, table: &str, condition: &str| {
            format!("SELECT toUInt64(sum(length({column}))), count() FROM {table} WHERE {condition}")
        };
        let raw = bytes("zstd", RAW_COPIES.name, &format!("arrival_day >= {day}"));
        let typed = bytes("typed", REPORTS.name, &format!("day >= {day}"));
        let numbers = bytes("block", BLOCKS.name, &format!("layer != 'activity' AND day >= {day}"));
        let (raw, typed, numbers) =
            tokio::try_join!(self.two_numbers(&raw), self.two_numbers(&typed), self.two_numbers(&numbers))?;
        let mean = |(bytes, rows): (u64, u64)| bytes.checked_div(rows).unwrap_or_default();
        Ok(RecentStorage {
            reports,
            since_first: Duration::from_secs(if reports > 0 { now.saturating_sub(first) } else { 0 }),
            raw_mean: mean(raw),
            typed_mean: mean(typed),
            id_mean: mean((id_bytes, id_rows)),
            numbers: numbers.0,
        })
    }

    async fn two_numbers(&self, select: &str) -> StorageResult<(u64, u64)> {
        Ok(self.client.query::<(u64, u64)>(select).await?.into_iter().next().unwrap_or_default())
    }
}

/// A row of the listing with the UUID of its installation.
fn listed_report(row: ListedRow, names: &HashMap<u64, Uuid>) -> CollectorReport {
    let (_, id, instance, received_at, bytes, replica) = row;
    let instance = names.get(&instance).map(ToString::to_string).unwrap_or_default();
    CollectorReport { id, instance, received_at, bytes, replica: replica != 0 }
}

/// Leaves the rows of the last place to the next page, which begins after a place.
fn end_between_places(rows: &mut Vec<ListedRow>) {
    let Some(last) = rows.last().map(|row| row.0) else { return };
    if rows.first().is_some_and(|row| row.0 == last) {
        return;
    }
    let is_split = rows.iter().rev().take_while(|row| row.0 == last).count();
    if is_split > 1 {
        rows.truncate(rows.len() - is_split);
    }
}
