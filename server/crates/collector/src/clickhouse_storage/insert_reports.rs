//! Stores each report once, whichever collectors it arrives at.

use std::collections::HashSet;

use bytes::Bytes;
use headcount_clickhouse::{EncodeColumn, EncodeRow, RowBatch};

use super::{
    ClickHouseStorage,
    day_rows::CONFLICTS,
    earliest,
    identified_report::{IdentifiedReport, NO_COMMITMENT},
    known_context::{KnownContext, KnownInstallation},
    profile_name_rows::NewProfileNames,
    table_definitions::{
        BROWSERS, CHANGES, INSTALLATIONS, PROFILE_NAMES, RAW_COPIES, REPORT_IDS, REPORTS, TALLIES,
    },
};
use crate::{
    collector_keys::is_same_hash,
    fleet_storage::{StorageError, StorageResult},
    prepared_report::ReportPeriod,
    report_day::OLDEST_REPORT,
    report_store::{IncomingReport, StoreOutcome},
    storage_quota::{QuotaBooking, QuotaRequest},
};

/// A report that is sent again after this time, in seconds, is not inserted again: the collector that made it
/// known may have ended before it noted the change of the day, or may have failed on the second replica.
const INSERTED_AGAIN_WITHIN: u64 = 24 * 60 * 60;

/// The rows of a group of reports.
#[derive(Debug, Default)]
struct GroupRows {
    raw: RowBatch,
    reports: RowBatch,
    browsers: RowBatch,
    names: NewProfileNames,
    changes: RowBatch,
    changed: HashSet<(u32, String)>,
    installations: RowBatch,
    tallies: RowBatch,
    ids: RowBatch,
    instances: HashSet<u64>,
    numbers: HashSet<u64>,
}

/// A row of what is known of a report.
struct IdRow<'a>(&'a IdentifiedReport<'a>, bool);

const ID_COLUMNS: [&str; 19] = [
    "week",
    "number",
    "instance",
    "content",
    "version",
    "place",
    "received_at",
    "day",
    "product",
    "id",
    "digest",
    "bytes",
    "set_aside",
    "replica",
    "overlaps",
    "program_version",
    "database_type",
    "users",
    "page_views",
];

impl EncodeRow for IdRow<'_> {
    fn encode_row(&self, to: &mut Vec<u8>) {
        let Self(identified, overlaps) = self;
        let IncomingReport { id, report, .. } = identified.arrived;
        identified.week().encode_column(to);
        identified.number.encode_column(to);
        identified.instance.encode_column(to);
        identified.content.encode_column(to);
        earliest(identified.place).encode_column(to);
        identified.place.encode_column(to);
        identified.received_at.encode_column(to);
        identified.day().encode_column(to);
        identified.product.encode_column(to);
        id.encode_column(to);
        report.digest.encode_column(to);
        report.bytes.encode_column(to);
        report.set_aside.total().encode_column(to);
        u8::from(identified.replica).encode_column(to);
        u8::from(*overlaps).encode_column(to);
        report.version.encode_column(to);
        report.database_type.encode_column(to);
        (report.browsers.len() as u64).encode_column(to);
        report.page_views.encode_column(to);
    }
}

impl GroupRows {
    /// Has the day of a report computed again.
    fn push_change(&mut self, identified: &IdentifiedReport<'_>) {
        let day = identified.day();
        if self.changed.insert((day, identified.product.to_owned())) {
            self.changes.push(&(day, identified.product, rand::random::<u64>()));
        }
    }

    fn push(
        &mut self,
        storage: &ClickHouseStorage,
        known: &mut KnownContext,
        identified: &IdentifiedReport<'_>,
        browsers: Vec<u64>,
        keep_raw: bool,
    ) {
        let is_repeat = known.ids.contains_key(&identified.number);
        let stored = known.ids.get(&identified.number).map(|stored| stored.overlaps);
        let overlaps = stored.unwrap_or_else(|| known.overlaps(identified));
        let IdentifiedReport { arrived, instance, number, content, moment, place, commitment, .. } =
            *identified;
        let (report, day) = (&arrived.report, identified.day());
        if keep_raw {
            let arrival_day = u32::try_from(identified.received_at / super::DAY_SECONDS).unwrap_or(u32::MAX);
            let copy = Bytes::copy_from_slice(&report.raw);
            self.raw.push(&(arrival_day, instance, number, content, report.bytes, copy));
        }
        let period = report.period.unwrap_or(ReportPeriod { from: 0, to: 0 });
        self.reports.push(&(
            day,
            identified.product,
            instance,
            number,
            content,
            earliest(place),
            moment.made_at,
            u8::from(identified.replica),
            period.from,
            period.to,
            Bytes::copy_from_slice(&report.typed),
        ));
        if !browsers.is_empty() {
            self.browsers.push(&(day, instance, number, content, browsers));
        }
        self.names.push(&storage.known_stacks, &report.profiles, moment.day);
        self.push_change(identified);
        let first = known.first_commitment(instance).filter(|_| !is_repeat);
        if commitment != NO_COMMITMENT && first.is_some_and(|first| !is_same_hash(&first, &commitment)) {
            self.tallies.push(&(identified.week(), "clones", number, instance, content));
        }
        for part in 0..report.profiles.unreadable {
            self.tallies.push(&(identified.week(), "unreadable_profiles", number, instance, part));
        }
        if let Some(KnownInstallation { week, commitment, place, first_seen }) =
            known.missing_installation(identified)
        {
            let uuid = report.instance.into_bytes();
            self.installations.push(&(week, instance, commitment, earliest(place), place, uuid, first_seen));
        }
        self.ids.push(&IdRow(identified, overlaps));
        self.instances.insert(instance);
        self.numbers.insert(number);
    }
}

impl ClickHouseStorage {
    /// Stores reports, in order, and returns the outcome of each. What is said to be stored is as durable as
    /// the settings of ClickHouse make it.
    ///
    /// # Errors
    /// When ClickHouse fails, or the clock of this machine is doubted: its dates could not be corrected
    /// later.
    pub(crate) async fn add(
        &self,
        reports: &[IncomingReport],
        keep_raw: bool,
        quotas: &mut QuotaBooking<'_>,
    ) -> StorageResult<Vec<StoreOutcome>> {
        let added = self.try_add(reports, keep_raw, quotas).await;
        if added.is_ok() {
            self.products.mark_committed();
        } else {
            self.products.forget();
            self.known_stacks.forget();
        }
        added
    }

    async fn try_add(
        &self,
        reports: &[IncomingReport],
        keep_raw: bool,
        quotas: &mut QuotaBooking<'_>,
    ) -> StorageResult<Vec<StoreOutcome>> {
        if reports.iter().any(|arrived| arrived.at.doubted) {
            return Err(StorageError::DoubtedClock);
        }
        let products = self.possible_products(reports).await?;
        let identified = reports.iter().zip(&products);
        let identified: Vec<_> =
            identified.map(|(arrived, product)| IdentifiedReport::new(self, arrived, product)).collect();
        let mut known = self.context_of(&identified).await?;
        let (mut rows, mut outcomes) = (GroupRows::default(), Vec::with_capacity(reports.len()));
        for report in &identified {
            let outcome = match known.outcome(report) {
                Some(outcome) => outcome,
                None => match quotas.take(request(&known, report)) {
                    Ok(()) => StoreOutcome::Stored,
                    Err(exceeded) => StoreOutcome::OverQuota(exceeded),
                },
            };
            if outcome == StoreOutcome::Stored {
                let report = IdentifiedReport { product: self.admitted_product(report.product), ..*report };
                let browsers = self.hashed_browsers(&report).await?;
                rows.push(self, &mut known, &report, browsers, keep_raw);
                known.note(&report);
            }
            let stored =
                known.ids.get(&report.number).filter(|_| outcome == StoreOutcome::Duplicate).cloned();
            if let Some(stored) = stored.filter(|_| !rows.numbers.contains(&report.number)) {
                let again = report.as_stored(&stored);
                let age = report.received_at.saturating_sub(again.received_at);
                if age < INSERTED_AGAIN_WITHIN {
                    let browsers = self.hashed_browsers(&again).await?;
                    rows.push(self, &mut known, &again, browsers, keep_raw);
                } else if report.received_at <= again.moment.made_at + OLDEST_REPORT.as_secs() {
                    // Of older days, the typed reports may be dropped.
                    rows.push_change(&again);
                }
            }
            if outcome == StoreOutcome::Conflict {
                let IdentifiedReport { number, instance, content, .. } = *report;
                rows.tallies.push(&(report.week(), CONFLICTS, number, instance, content));
            }
            outcomes.push(outcome);
        }
        let inserted = rows.instances.clone();
        self.insert_group(rows).await?;
        self.refuse_buried(&identified, &inserted, &mut outcomes).await?;
        Ok(outcomes)
    }

    /// Inserts what belongs to reports, and then the rows that say that they are stored.
    async fn insert_group(&self, rows: GroupRows) -> StorageResult<()> {
        let GroupRows { raw, reports, browsers, names, changes, installations, tallies, ids, .. } = rows;
        let NewProfileNames { rows: name_rows, stacks } = names;
        tokio::try_join!(
            self.insert(&RAW_COPIES, &["arrival_day", "instance", "number", "content", "bytes", "zstd"], raw),
            self.insert(&REPORTS, &REPORT_COLUMNS, reports),
            self.insert(&BROWSERS, &["day", "instance", "number", "content", "browsers"], browsers),
            self.insert(&PROFILE_NAMES, &["seen", "kind", "id", "body"], name_rows),
            self.insert(&INSTALLATIONS, &INSTALLATION_COLUMNS, installations),
            self.insert(&TALLIES, &["week", "name", "number", "instance", "content"], tallies),
        )?;
        for (stack, day) in stacks {
            self.known_stacks.note(stack, day);
        }
        self.insert(&REPORT_IDS, &ID_COLUMNS, ids).await?;
        // A day is computed from all reports that its changes stand for, and an id makes a report count.
        self.insert(&CHANGES, &["day", "product", "token"], changes).await
    }

    /// Refuses the reports of installations that were deleted meanwhile, and has them deleted again.
    async fn refuse_buried(
        &self,
        reports: &[IdentifiedReport<'_>],
        inserted: &HashSet<u64>,
        outcomes: &mut [StoreOutcome],
    ) -> StorageResult<()> {
        if inserted.is_empty() {
            return Ok(());
        }
        let buried = self.buried_among(inserted).await?;
        if buried.is_empty() {
            return Ok(());
        }
        self.reopen_deletions(&buried).await?;
        for (report, outcome) in reports.iter().zip(outcomes) {
            if buried.contains(&report.instance) {
                *outcome = StoreOutcome::Deleted;
            }
        }
        Ok(())
    }

    async fn hashed_browsers(&self, report: &IdentifiedReport<'_>) -> StorageResult<Vec<u64>> {
        let browsers = &report.arrived.report.browsers;
        if browsers.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.browser_key(report.moment.day).await?;
        Ok(browsers.iter().map(|browser| key.hash(*browser)).collect())
    }
}

const REPORT_COLUMNS: [&str; 11] = [
    "day",
    "product",
    "instance",
    "number",
    "content",
    "version",
    "made_at",
    "replica",
    "period_from",
    "period_to",
    "typed",
];

const INSTALLATION_COLUMNS: [&str; 7] =
    ["week", "instance", "commitment", "version", "place", "uuid", "first_seen"];

/// The request of a report to the quotas.
fn request(known: &KnownContext, report: &IdentifiedReport<'_>) -> QuotaRequest {
    QuotaRequest {
        instance: report.arrived.report.instance,
        is_new: !known.installations.contains_key(&report.instance),
        prefix: report.arrived.prefix,
        bytes: report.arrived.report.held_bytes() as u64,
    }
}
