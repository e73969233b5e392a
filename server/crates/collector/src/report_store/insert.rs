//! Stores each report once, and detects overlapping periods.

use headcount_fleet::calendar_day::CalendarDay;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    RAW_PLACE, ReportStore,
    known_reports::{KnownReport, KnownReports, independent_parts},
    ledger::add_tally,
    profile_names::insert_profile_names,
    raw_segments::RecordBatch,
    report_periods::GapChange,
    report_rows::{AcceptedReport, insert_instances, insert_reports},
    signed,
    typed_reports::{StoredTypedReport, insert_browsers, insert_typed},
    unsigned,
};
use crate::{
    collector_keys::is_same_hash,
    intake_entry::{IntakeEntry, NotStoredReason, StoredRemark},
    intake_ledger::IntakeTally,
    prepared_report::{PreparedReport, restore},
    report_day::ReportMoment,
    sender_key::SenderKey,
    storage_quota::{QuotaBooking, QuotaExceeded},
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
    /// on disk, or none. Without `keep_raw` only their counts are stored. What `quotas` has taken is given back
    /// by the caller if this fails.
    ///
    /// # Errors
    /// When the database is locked by another program, full or damaged.
    pub(crate) async fn add(
        &self,
        reports: &[IncomingReport],
        keep_raw: bool,
        quotas: &mut QuotaBooking<'_>,
    ) -> sqlx::Result<Vec<StoreOutcome>> {
        let added = self.try_add(reports, keep_raw, quotas).await;
        if added.is_err() {
            self.known_stacks.forget();
            self.products.forget();
        }
        added
    }

    async fn try_add(
        &self,
        reports: &[IncomingReport],
        keep_raw: bool,
        quotas: &mut QuotaBooking<'_>,
    ) -> sqlx::Result<Vec<StoreOutcome>> {
        let mut segments = self.segments.lock().await;
        let mut transaction = self.begin().await?;
        let mut group = GroupInsert { keep_raw, ..GroupInsert::default() };
        for part in independent_parts(reports) {
            self.add_part(&mut transaction, part, quotas, &mut group).await?;
        }
        let GroupInsert { copies, tally, outcomes, .. } = group;
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

    /// Stores reports that do not depend on each other.
    async fn add_part(
        &self,
        connection: &mut SqliteConnection,
        part: &[IncomingReport],
        quotas: &mut QuotaBooking<'_>,
        group: &mut GroupInsert,
    ) -> sqlx::Result<()> {
        let known = KnownReports::read(connection, &self.keys, part).await?;
        let mut accepted = Vec::with_capacity(part.len());
        for (place, arrived) in part.iter().enumerate() {
            let outcome = match self.judge_known(connection, arrived, &known).await? {
                Some(outcome) => outcome,
                None => match quotas.take(known.quota_request(arrived)) {
                    Ok(()) => {
                        accepted.push(AcceptedReport {
                            arrived,
                            product: self.admit_product(connection, &arrived.product).await?,
                            moment: ReportMoment::new(&arrived.id, arrived.at.at),
                            findings: known.period_findings(place),
                        });
                        StoreOutcome::Stored
                    }
                    Err(exceeded) => StoreOutcome::OverQuota(exceeded),
                },
            };
            if let IntakeEntry::NotStored(reason) = outcome.entry() {
                group.tally.add_not_stored(arrived.at.at, &self.product_label(&arrived.product), reason);
            }
            group.outcomes.push(outcome);
        }
        let numbers = self.insert(connection, &accepted).await?;
        for (accepted, seq) in numbers {
            let is_clone = is_clone(&known, accepted.arrived);
            group.count(accepted, is_clone);
            if group.keep_raw {
                group.copies.push(seq, &accepted.arrived.report.raw);
            }
        }
        Ok(())
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

impl ReportStore {
    /// The outcome of a report whose installation is deleted, or whose id is stored already.
    async fn judge_known(
        &self,
        connection: &mut SqliteConnection,
        arrived: &IncomingReport,
        known: &KnownReports,
    ) -> sqlx::Result<Option<StoreOutcome>> {
        if known.is_buried(&self.keys, arrived) {
            return Ok(Some(StoreOutcome::Deleted));
        }
        let Some(KnownReport { instance, digest, bytes }) = known.with_same_id(arrived) else {
            return Ok(None);
        };
        let report = &arrived.report;
        let digest = match digest {
            None => self.digest_of_copy(connection, &arrived.id, report.bytes).await?,
            known => known.clone(),
        };
        let is_same = Uuid::try_parse(instance) == Ok(report.instance)
            && unsigned(*bytes) == report.bytes
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

impl ReportStore {
    /// Inserts reports without their raw copies. Returns the number of each.
    async fn insert<'a, 'b>(
        &self,
        connection: &mut SqliteConnection,
        accepted: &'b [AcceptedReport<'a>],
    ) -> sqlx::Result<Vec<(&'b AcceptedReport<'a>, i64)>> {
        let numbers = insert_reports(connection, accepted).await?;
        let number = |accepted: &'b AcceptedReport<'a>| {
            let number = numbers.get(&accepted.arrived.id).ok_or(sqlx::Error::RowNotFound);
            number.map(|number| (accepted, *number))
        };
        let numbered: Vec<_> = accepted.iter().map(number).collect::<sqlx::Result<_>>()?;
        let typed: Vec<_> = numbered.iter().map(|(accepted, seq)| self.typed_row(accepted, *seq)).collect();
        insert_typed(connection, &typed).await?;
        let browsers = numbered
            .iter()
            .map(|(accepted, seq)| (accepted.moment.day, *seq, accepted.arrived.report.browsers.as_slice()));
        insert_browsers(connection, browsers).await?;
        let profiles = accepted.iter().flat_map(|accepted| {
            accepted.arrived.report.profiles.both().map(|profile| (profile, accepted.moment.day))
        });
        insert_profile_names(connection, &self.known_stacks, profiles).await?;
        insert_instances(connection, &numbered).await?;
        Ok(numbered)
    }

    fn typed_row<'a>(&self, accepted: &'a AcceptedReport<'_>, seq: i64) -> StoredTypedReport<'a> {
        let AcceptedReport { arrived, product, moment, .. } = accepted;
        StoredTypedReport {
            product,
            moment: *moment,
            installation: self.keys.installation(arrived.report.instance),
            seq,
            is_replica: arrived.replica,
            typed: &arrived.report.typed,
        }
    }
}

/// Whether a report has another commitment than the first of its installation.
fn is_clone(known: &KnownReports, arrived: &IncomingReport) -> bool {
    match (known.first_commitment(arrived), &arrived.commitment) {
        (Some(first), Some(commitment)) => !is_same_hash(first, commitment),
        _ => false,
    }
}

/// What a transaction stores besides rows of reports.
#[derive(Debug, Default)]
struct GroupInsert {
    keep_raw: bool,
    copies: RecordBatch,
    tally: IntakeTally,
    outcomes: Vec<StoreOutcome>,
}

impl GroupInsert {
    /// Counts a stored report.
    fn count(&mut self, accepted: &AcceptedReport<'_>, is_clone: bool) {
        let AcceptedReport { arrived, product, moment, findings } = accepted;
        let (at, report) = (arrived.at.at, &arrived.report);
        let arrival = CalendarDay::from_unix_seconds(at);
        self.tally.add_stored(at, product);
        for (remark, count) in [
            (StoredRemark::Late, u64::from(moment.day < arrival)),
            (StoredRemark::Overlap, u64::from(findings.overlaps)),
            (StoredRemark::Clone, u64::from(is_clone)),
            (StoredRemark::Gap, u64::from(findings.gap_change == GapChange::OneMore)),
            (StoredRemark::GapClosed, u64::from(findings.gap_change == GapChange::OneLess)),
            (StoredRemark::UnreadableProfile, report.profiles.unreadable),
            (StoredRemark::WithoutRawCopy, u64::from(!self.keep_raw)),
        ] {
            self.tally.add(arrival, product, IntakeEntry::Remark(remark), count);
        }
        for (field, count) in report.set_aside.fields() {
            self.tally.add(arrival, product, IntakeEntry::SetAside(field), count);
        }
    }
}

#[cfg(test)]
mod tests;
