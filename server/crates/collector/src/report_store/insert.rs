//! Stores each report once, and detects overlapping periods.

use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    ReportStore,
    profile_names::insert_profile_names,
    signed,
    typed_reports::{StoredTypedReport, insert_typed},
    unsigned,
};
use crate::{
    prepared_report::{PreparedReport, ReportPeriod, restore},
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
    /// The product that it is from.
    pub product: String,
    /// When it arrived.
    pub at: TrustedMoment,
    /// Whether it is from a replica: one of several servers of an installation, and not their leader.
    pub replica: bool,
    /// The sender's part of the network, for the quotas.
    pub prefix: Option<SenderKey>,
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
    /// A quota is used up.
    OverQuota(QuotaExceeded),
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
            self.known_stacks.forget();
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
        mut take: impl FnMut(QuotaRequest) -> Result<(), QuotaExceeded>,
    ) -> sqlx::Result<Vec<StoreOutcome>> {
        let mut transaction = self.begin().await?;
        let mut outcomes = Vec::with_capacity(reports.len());
        for arrived in reports {
            let outcome = match find(&mut transaction, arrived).await? {
                Some(outcome) => outcome,
                None => match take(request(&mut transaction, arrived).await?) {
                    Ok(()) => {
                        self.insert(&mut transaction, arrived, keep_raw).await?;
                        StoreOutcome::Stored
                    }
                    Err(exceeded) => StoreOutcome::OverQuota(exceeded),
                },
            };
            if outcome == StoreOutcome::Conflict {
                count(&mut transaction, "conflicts").await?;
            }
            outcomes.push(outcome);
        }
        if let Some(newest) = reports.iter().map(|arrived| arrived.at.at).max() {
            note_time(&mut transaction, newest).await?;
        }
        transaction.commit().await?;
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

async fn count(connection: &mut SqliteConnection, name: &str) -> sqlx::Result<()> {
    let one_more = sqlx::query("UPDATE tally SET count = count + 1 WHERE name = ?").bind(name);
    one_more.execute(connection).await.map(drop)
}

const KNOWN: &str = "SELECT instance, digest, bytes, CASE WHEN digest IS NULL THEN zstd END
    FROM report LEFT JOIN raw USING (seq) WHERE id = ?";

/// The outcome of a report whose id is stored already; `None` for a new id.
async fn find(
    connection: &mut SqliteConnection,
    arrived: &IncomingReport,
) -> sqlx::Result<Option<StoreOutcome>> {
    type Known = (String, Option<Vec<u8>>, i64, Option<Vec<u8>>);
    let known: Option<Known> = sqlx::query_as(KNOWN).bind(&arrived.id).fetch_optional(connection).await?;
    Ok(known.map(|(instance, digest, bytes, raw)| {
        let report = &arrived.report;
        let is_same = Uuid::try_parse(&instance) == Ok(report.instance)
            && unsigned(bytes) == report.bytes
            // Version 0.1.0 stored no digest. If the raw report was dropped, too, its size is compared.
            && digest.or_else(|| digest_of_raw(&raw?, report.bytes)).is_none_or(|known| known == report.digest);
        if is_same { StoreOutcome::Duplicate } else { StoreOutcome::Conflict }
    }))
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

/// The number of reports that are compared for an overlap. While there is no overlap, the periods are in
/// order, and the first that ends later decides. With a complete search, a sender with many overlapping
/// reports could slow down the writer.
const COMPARED_PERIODS: i64 = 16;

const LATER_PERIODS: &str = "SELECT period_from FROM report
    WHERE instance = ? AND replica = 0 AND period_to > ? ORDER BY period_to LIMIT ?";

/// Whether a report overlaps with another of the same installation. Reports of replicas may overlap.
async fn overlaps(connection: &mut SqliteConnection, arrived: &IncomingReport) -> sqlx::Result<bool> {
    let Some(ReportPeriod { from, to }) = arrived.report.period.filter(|_| !arrived.replica) else {
        return Ok(false);
    };
    let later = sqlx::query_scalar(LATER_PERIODS).bind(arrived.report.instance.to_string()).bind(from);
    let later: Vec<i64> = later.bind(COMPARED_PERIODS).fetch_all(connection).await?;
    Ok(later.into_iter().any(|other_from| other_from < to))
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

impl ReportStore {
    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        arrived: &IncomingReport,
        keep_raw: bool,
    ) -> sqlx::Result<()> {
        let overlaps = overlaps(connection, arrived).await?;
        let IncomingReport { id, product, at, replica, report, prefix: _ } = arrived;
        let moment = ReportMoment::new(id, at.at);
        let (instance, received_at) = (report.instance.to_string(), signed(at.at));
        let seq: i64 = sqlx::query_scalar(INSERT_REPORT)
            .bind(id)
            .bind(&instance)
            .bind(received_at)
            .bind(signed(report.bytes))
            .bind(signed(report.set_aside))
            .bind(report.digest.as_slice())
            .bind(replica)
            .bind(report.period.map(|period| period.from))
            .bind(report.period.map(|period| period.to))
            .bind(at.doubted)
            .bind(product)
            .bind(moment.day.days_since_epoch())
            .fetch_one(&mut *connection)
            .await?;
        let typed = StoredTypedReport {
            product,
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
        if keep_raw {
            sqlx::query("INSERT INTO raw (seq, received_at, zstd) VALUES (?, ?, ?)")
                .bind(seq)
                .bind(received_at)
                .bind(&report.raw)
                .execute(&mut *connection)
                .await?;
        }
        if overlaps {
            count(connection, "overlaps").await?;
        }
        for _ in 0..report.profiles.unreadable {
            count(connection, "unreadable_profiles").await?;
        }
        sqlx::query(INSERT_INSTANCE)
            .bind(&instance)
            .bind(&report.version)
            .bind(report.database_type)
            .bind(received_at)
            .bind(signed(report.browsers.len() as u64))
            .bind(signed(report.page_views))
            .bind(signed(report.set_aside))
            .bind(seq)
            .bind(id)
            .bind(i64::from(overlaps))
            .execute(connection)
            .await?;
        Ok(())
    }
}
