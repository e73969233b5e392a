//! Stores each report once, and detects overlapping periods.

use std::time::Duration;

use headcount_fleet::calendar_day::CalendarDay;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    RAW_PLACE, ReportStore,
    delete_installation::{is_buried, note_commitment},
    ledger::add_tally,
    profile_names::insert_profile_names,
    raw_segments::RecordBatch,
    report_periods::{GapChange, PeriodFindings, compare_periods},
    signed,
    typed_reports::{StoredTypedReport, insert_typed},
    unsigned,
};
use crate::{
    intake_entry::{IntakeEntry, NotStoredReason, StoredRemark},
    intake_ledger::IntakeTally,
    prepared_report::{PreparedReport, restore},
    report_day::ReportMoment,
    sender_key::SenderKey,
    storage_quota::{QuotaExceeded, QuotaRequest, StorageQuotas},
    trusted_time::TrustedMoment,
};

/// A report on its way into the database.
#[derive(Debug)]
pub(crate) struct IncomingReport {
    /// Its id.
    pub id: String,
    /// The product that it names.
    pub product: String,
    /// When it arrived.
    pub at: TrustedMoment,
    /// Whether it is from a replica: one of several servers of an installation, and not their leader.
    pub replica: bool,
    /// The sender's part of the network, for the quotas.
    pub prefix: Option<SenderKey>,
    /// The hash of the commitment of its installation, if it came with one.
    pub commitment: Option<[u8; 32]>,
    /// The report.
    pub report: PreparedReport,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreOutcome {
    /// It is stored.
    Stored,
    /// The same report was stored before.
    Duplicate,
    /// Another report was stored under the same id.
    Conflict,
    /// Its installation is deleted.
    Deleted,
    /// A quota is used up.
    OverQuota(QuotaExceeded),
}

impl StoreOutcome {
    /// How it is counted.
    pub(crate) const fn entry(self) -> IntakeEntry {
        match self {
            Self::Stored => IntakeEntry::Stored,
            Self::Duplicate => IntakeEntry::NotStored(NotStoredReason::Duplicate),
            Self::Conflict => IntakeEntry::NotStored(NotStoredReason::Conflict),
            Self::Deleted => IntakeEntry::NotStored(NotStoredReason::Deleted),
            Self::OverQuota(QuotaExceeded::OfInstallation) => {
                IntakeEntry::NotStored(NotStoredReason::InstallationQuota)
            }
            Self::OverQuota(QuotaExceeded::OfNewInstallations) => {
                IntakeEntry::NotStored(NotStoredReason::NewInstallationQuota)
            }
        }
    }
}

impl ReportStore {
    /// Stores reports in one transaction, in order, and returns the outcome of each. Either all of them are
    /// on disk, or none. `now` is a monotonic time. Without `keep_raw` only their counts are stored.
    ///
    /// # Errors
    /// When the database is locked by another program, full or damaged. The quotas are then as they were.
    pub(crate) async fn add(
        &self,
        reports: &[IncomingReport],
        keep_raw: bool,
        quotas: &mut StorageQuotas,
        now: Duration,
    ) -> sqlx::Result<Vec<StoreOutcome>> {
        let mut taken = Vec::new();
        let added = self.add_all(reports, keep_raw, |request| {
            quotas.take(request, now).inspect(|()| taken.push(request))
        });
        let added = added.await;
        if added.is_err() {
            taken.into_iter().for_each(|request| quotas.give_back(request));
        }
        added
    }

    /// Stores reports of a simulated fleet, which has no quotas.
    ///
    /// # Errors
    /// As for [`ReportStore::add`].
    pub(crate) async fn add_without_quotas(
        &self,
        reports: &[IncomingReport],
        keep_raw: bool,
    ) -> sqlx::Result<Vec<StoreOutcome>> {
        self.add_all(reports, keep_raw, |_| Ok(())).await
    }

    async fn add_all(
        &self,
        reports: &[IncomingReport],
        keep_raw: bool,
        take: impl FnMut(QuotaRequest) -> Result<(), QuotaExceeded>,
    ) -> sqlx::Result<Vec<StoreOutcome>> {
        let added = self.try_add_all(reports, keep_raw, take).await;
        if added.is_err() {
            self.known_stacks.forget();
            self.products.forget();
        }
        added
    }

    async fn try_add_all(
        &self,
        reports: &[IncomingReport],
        keep_raw: bool,
        mut take: impl FnMut(QuotaRequest) -> Result<(), QuotaExceeded>,
    ) -> sqlx::Result<Vec<StoreOutcome>> {
        let mut segments = self.segments.lock().await;
        let mut transaction = self.begin().await?;
        let mut copies = RecordBatch::default();
        let mut tally = IntakeTally::default();
        let mut outcomes = Vec::with_capacity(reports.len());
        for arrived in reports {
            let known =
                if is_buried(&mut transaction, self.keys.installation(arrived.report.instance)).await? {
                    Some(StoreOutcome::Deleted)
                } else {
                    self.find(&mut transaction, arrived).await?
                };
            let outcome = match known {
                Some(outcome) => outcome,
                None => match take(request(&mut transaction, arrived).await?) {
                    Ok(()) => {
                        let InsertedReport { seq, product } =
                            self.insert(&mut transaction, arrived, &mut tally).await?;
                        if keep_raw {
                            copies.push(seq, &arrived.report.raw);
                        } else {
                            let remark = IntakeEntry::Remark(StoredRemark::WithoutRawCopy);
                            tally.add(CalendarDay::from_unix_seconds(arrived.at.at), &product, remark, 1);
                        }
                        StoreOutcome::Stored
                    }
                    Err(exceeded) => StoreOutcome::OverQuota(exceeded),
                },
            };
            if let IntakeEntry::NotStored(reason) = outcome.entry() {
                tally.add_not_stored(arrived.at.at, &self.product_label(&arrived.product), reason);
            }
            outcomes.push(outcome);
        }
        if let Some(newest) = reports.iter().map(|arrived| arrived.at.at).max() {
            note_time(&mut transaction, newest).await?;
            segments.append(&mut transaction, copies, newest).await?;
        }
        add_tally(&mut transaction, &tally).await?;
        transaction.commit().await?;
        segments.mark_committed();
        self.products.mark_committed();
        Ok(outcomes)
    }

    /// Stores the time, for a collector that receives no reports for long.
    ///
    /// # Errors
    /// As for [`ReportStore::add`].
    pub(crate) async fn note_time(&self, now: u64) -> sqlx::Result<()> {
        note_time(&mut *self.writer.acquire().await?, now).await
    }
}

async fn note_time(connection: &mut SqliteConnection, now: u64) -> sqlx::Result<()> {
    let later = "UPDATE clock SET at = ?1 WHERE at IS NULL OR at < ?1";
    sqlx::query(later).bind(signed(now)).execute(connection).await.map(drop)
}

const KNOWN: &str = "SELECT instance, digest, bytes FROM report WHERE id = ?";

impl ReportStore {
    /// The outcome of a report whose id is stored already; `None` for a new id.
    async fn find(
        &self,
        connection: &mut SqliteConnection,
        arrived: &IncomingReport,
    ) -> sqlx::Result<Option<StoreOutcome>> {
        let known: Option<(String, Option<Vec<u8>>, i64)> =
            sqlx::query_as(KNOWN).bind(&arrived.id).fetch_optional(&mut *connection).await?;
        let Some((instance, digest, bytes)) = known else { return Ok(None) };
        let report = &arrived.report;
        let digest = match digest {
            None => self.digest_of_copy(connection, &arrived.id, report.bytes).await?,
            known => known,
        };
        let is_same = Uuid::try_parse(&instance) == Ok(report.instance)
            && unsigned(bytes) == report.bytes
            && digest.is_none_or(|known| known == report.digest);
        Ok(Some(if is_same { StoreOutcome::Duplicate } else { StoreOutcome::Conflict }))
    }

    /// The digest of a report of version 0.1.0, which stored none, by its raw copy. `None` if that was
    /// dropped, too: then only sizes can be compared.
    async fn digest_of_copy(
        &self,
        connection: &mut SqliteConnection,
        id: &str,
        bytes: u64,
    ) -> sqlx::Result<Option<Vec<u8>>> {
        let place = sqlx::query_as(RAW_PLACE).bind(id).fetch_optional(connection).await?;
        let Some(place) = place else { return Ok(None) };
        let copy = self.segments.read_raw(place).await?;
        Ok(copy.ok().flatten().and_then(|raw| digest_of_raw(&raw, bytes)))
    }
}

fn digest_of_raw(raw: &[u8], bytes: u64) -> Option<Vec<u8>> {
    let text = restore(raw, bytes).ok()?;
    Some(Sha256::digest(text).to_vec())
}

/// The request of a report to the quotas.
async fn request(connection: &mut SqliteConnection, arrived: &IncomingReport) -> sqlx::Result<QuotaRequest> {
    let IncomingReport { report, prefix, .. } = arrived;
    let is_known = "SELECT EXISTS (SELECT 1 FROM instance WHERE instance = ?)";
    let is_known: bool =
        sqlx::query_scalar(is_known).bind(report.instance.to_string()).fetch_one(connection).await?;
    Ok(QuotaRequest {
        instance: report.instance,
        is_new: !is_known,
        prefix: *prefix,
        bytes: report.held_bytes() as u64,
    })
}

const INSERT_REPORT: &str =
    "INSERT INTO report (id, instance, received_at, bytes, set_aside, digest, replica,
        period_from, period_to, doubted, product, day) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq";

const INSERT_INSTANCE: &str = "INSERT INTO instance (instance, version, database_type, first_seen_at,
        last_seen_at, reports, users, page_views, set_aside, latest_seq, latest_id, overlaps)
    VALUES (?1, ?2, ?3, ?4, ?4, 1, ?5, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT (instance) DO UPDATE SET
        version = excluded.version, database_type = excluded.database_type,
        last_seen_at = excluded.last_seen_at, reports = reports + 1,
        users = excluded.users, page_views = excluded.page_views,
        set_aside = set_aside + excluded.set_aside,
        latest_seq = excluded.latest_seq, latest_id = excluded.latest_id,
        overlaps = overlaps + excluded.overlaps";

/// A report that is in the database.
struct InsertedReport {
    seq: i64,
    /// What it counts as.
    product: String,
}

impl ReportStore {
    /// Inserts a report without its raw copy, and counts it.
    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        arrived: &IncomingReport,
        tally: &mut IntakeTally,
    ) -> sqlx::Result<InsertedReport> {
        let PeriodFindings { overlaps, gap_change } = compare_periods(connection, arrived).await?;
        let product = self.admit_product(connection, &arrived.product).await?;
        let IncomingReport { id, product: _, at, replica, report, commitment, prefix: _ } = arrived;
        let moment = ReportMoment::new(id, at.at);
        let (instance, received_at) = (report.instance.to_string(), signed(at.at));
        let seq: i64 = sqlx::query_scalar(INSERT_REPORT)
            .bind(id)
            .bind(&instance)
            .bind(received_at)
            .bind(signed(report.bytes))
            .bind(signed(report.set_aside.total()))
            .bind(report.digest.as_slice())
            .bind(replica)
            .bind(report.period.map(|period| period.from))
            .bind(report.period.map(|period| period.to))
            .bind(at.doubted)
            .bind(&product)
            .bind(moment.day.days_since_epoch())
            .fetch_one(&mut *connection)
            .await?;
        let typed = StoredTypedReport {
            product: &product,
            moment,
            installation: self.keys.installation(report.instance),
            seq,
            is_replica: *replica,
            typed: &report.typed,
        };
        insert_typed(connection, &typed).await?;
        self.insert_browsers(connection, moment.day, seq, &report.browsers).await?;
        for profile in report.profiles.both() {
            insert_profile_names(connection, &self.known_stacks, profile, moment.day).await?;
        }
        sqlx::query(INSERT_INSTANCE)
            .bind(&instance)
            .bind(&report.version)
            .bind(report.database_type)
            .bind(received_at)
            .bind(signed(report.browsers.len() as u64))
            .bind(signed(report.page_views))
            .bind(signed(report.set_aside.total()))
            .bind(seq)
            .bind(id)
            .bind(i64::from(overlaps))
            .execute(&mut *connection)
            .await?;
        let is_clone = note_commitment(connection, &instance, *commitment).await?;
        let arrival = CalendarDay::from_unix_seconds(at.at);
        tally.add_stored(at.at, &product);
        for (remark, count) in [
            (StoredRemark::Late, u64::from(moment.day < arrival)),
            (StoredRemark::Overlap, u64::from(overlaps)),
            (StoredRemark::Clone, u64::from(is_clone)),
            (StoredRemark::Gap, u64::from(gap_change == GapChange::OneMore)),
            (StoredRemark::GapClosed, u64::from(gap_change == GapChange::OneLess)),
            (StoredRemark::UnreadableProfile, report.profiles.unreadable),
        ] {
            tally.add(arrival, &product, IntakeEntry::Remark(remark), count);
        }
        for (field, count) in report.set_aside.fields() {
            tally.add(arrival, &product, IntakeEntry::SetAside(field), count);
        }
        Ok(InsertedReport { seq, product })
    }
}
