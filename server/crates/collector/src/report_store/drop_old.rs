//! Drops old reports, and removes their content from the files.

use std::sync::atomic::Ordering;

use super::{PrunedReports, ReportStore, ledger::count_drops, signed};
use crate::{intake_entry::LaterDrop, retention_policy::PruneCutoffs};

/// The number of rows dropped in one transaction; small, so that arriving reports do not wait for long.
const DROPPED_AT_ONCE: i64 = 100;

/// Releases some pages at the end of the file, in one transaction.
const GIVE_BACK: &str = "PRAGMA incremental_vacuum(1000)";

/// The number of free pages that stay in the file, for reports that arrive.
const FREE_PAGES: i64 = 32;

const RAW_OF_DUE_REPORTS: &str =
    "SELECT seq FROM report JOIN raw_place USING (seq) WHERE received_at < ? LIMIT ?";

const DROP_REPORTS: &str = "DELETE FROM report WHERE seq IN
    (SELECT seq FROM report WHERE received_at < ? LIMIT ?) RETURNING product";

const DROP_TYPED: &str = "DELETE FROM typed WHERE seq IN (SELECT seq FROM typed WHERE day < ? LIMIT ?)";

const DROP_BROWSERS: &str =
    "DELETE FROM browser_day WHERE (day, seq) IN (SELECT day, seq FROM browser_day WHERE day < ? LIMIT ?)";

const DROP_BROWSER_KEYS: &str =
    "DELETE FROM browser_key WHERE day IN (SELECT day FROM browser_key WHERE day < ? LIMIT ?)";

const DROP_STACKS: &str =
    "DELETE FROM profile_stack WHERE place IN (SELECT place FROM profile_stack WHERE seen < ? LIMIT ?)";

const DROP_BLOCKS: &str = "DELETE FROM block WHERE (layer, product, name, day) IN
    (SELECT layer, product, name, day FROM block
        WHERE day < ? AND layer NOT IN ('activity', 'published', 'published_carried') LIMIT ?)";

const DROP_READINGS: &str = "DELETE FROM block WHERE (layer, product, name, day) IN
    (SELECT layer, product, name, day FROM block WHERE day < ? AND layer = 'installation_readings' LIMIT ?)";

/// It names the versions of all days. It is computed again in the next round.
const DROP_ACTIVITY: &str = "DELETE FROM block WHERE layer = 'activity'";

/// After the other blocks: a day that has been computed and has no release would get one.
const DROP_RELEASES: &str = "DELETE FROM block WHERE (layer, product, name, day) IN
    (SELECT layer, product, name, day FROM block
        WHERE day < ? AND layer IN ('published', 'published_carried') LIMIT ?)";

const FORGET_INSTANCES: &str =
    "DELETE FROM instance WHERE NOT EXISTS (SELECT 1 FROM report WHERE seq = latest_seq)";

impl ReportStore {
    /// Drops everything before the cut-off times, a little at a time. Afterwards no file contains it.
    ///
    /// # Errors
    /// As for [`ReportStore::add`]; what was dropped until then stays dropped, and the next call removes it
    /// from the files.
    pub(crate) async fn prune(&self, due: PruneCutoffs) -> sqlx::Result<PrunedReports> {
        let raw = self.drop_old_segments(due.raw_before, due.segment_before).await?;
        self.erase_before_reports(due.counts_before).await?;
        let reports = self.drop_reports(due.counts_before).await?;
        if self.drop_rows(due.blocks_before.days_since_epoch().into(), DROP_BLOCKS).await? > 0 {
            sqlx::query(DROP_ACTIVITY).execute(&self.writer).await?;
        }
        for (before, statement) in [
            (due.typed_before, DROP_TYPED),
            (due.readings_before, DROP_READINGS),
            (due.browsers_before, DROP_BROWSERS),
            (due.browsers_before, DROP_BROWSER_KEYS),
            (due.blocks_before, DROP_RELEASES),
        ] {
            self.drop_rows(before.days_since_epoch().into(), statement).await?;
        }
        if self.drop_rows(due.blocks_before.days_since_epoch().into(), DROP_STACKS).await? > 0 {
            self.known_stacks.forget();
        }
        if reports > 0 {
            sqlx::query(FORGET_INSTANCES).execute(&self.writer).await?;
            self.free_places().await?;
        }
        self.drop_ledger(due.blocks_before).await?;
        self.give_back_pages().await?;
        if self.log_holds_dropped.load(Ordering::Relaxed) {
            self.empty_log().await?;
        }
        Ok(PrunedReports { raw, reports })
    }

    /// Erases the raw copies of reports that are about to be dropped, in files that have newer ones too.
    async fn erase_before_reports(&self, before: u64) -> sqlx::Result<()> {
        loop {
            let due = sqlx::query_scalar(RAW_OF_DUE_REPORTS).bind(signed(before)).bind(DROPPED_AT_ONCE);
            let due: Vec<i64> = due.fetch_all(&self.writer).await?;
            if due.is_empty() {
                return Ok(());
            }
            self.erase_raw(&due, LaterDrop::RawRetention).await?;
        }
    }

    /// Drops reports, and counts them.
    async fn drop_reports(&self, before: u64) -> sqlx::Result<u64> {
        let mut dropped = 0;
        loop {
            let mut transaction = self.begin().await?;
            let query = sqlx::query_scalar(DROP_REPORTS).bind(signed(before)).bind(DROPPED_AT_ONCE);
            let products: Vec<String> = query.fetch_all(&mut *transaction).await?;
            if products.is_empty() {
                return Ok(dropped);
            }
            count_drops(&mut transaction, LaterDrop::ReportRetention, &products).await?;
            transaction.commit().await?;
            dropped += products.len() as u64;
            self.log_holds_dropped.store(true, Ordering::Relaxed);
        }
    }

    async fn drop_rows(&self, before: u64, statement: &'static str) -> sqlx::Result<u64> {
        let mut dropped = 0;
        loop {
            let query = sqlx::query(statement).bind(signed(before)).bind(DROPPED_AT_ONCE);
            match query.execute(&self.writer).await?.rows_affected() {
                0 => return Ok(dropped),
                rows => dropped += rows,
            }
            self.log_holds_dropped.store(true, Ordering::Relaxed);
        }
    }

    /// Shrinks the file when much of it is free.
    pub(super) async fn give_back_pages(&self) -> sqlx::Result<()> {
        let pages = self.pragma("PRAGMA page_count").await?;
        if self.pragma("PRAGMA freelist_count").await? <= FREE_PAGES.max(pages / 20) {
            return Ok(());
        }
        let mut free = i64::MAX;
        loop {
            let left = self.pragma("PRAGMA freelist_count").await?;
            // A file of version 0.1.0 that could not be rewritten cannot shrink.
            if left == 0 || left >= free {
                return Ok(());
            }
            free = left;
            sqlx::query(GIVE_BACK).execute(&self.writer).await?;
            self.trim_log().await?;
            self.log_holds_dropped.store(true, Ordering::Relaxed);
        }
    }

    /// Moves the write-ahead log into the file and leaves an empty one.
    pub(super) async fn empty_log(&self) -> sqlx::Result<()> {
        let emptied = "PRAGMA wal_checkpoint(TRUNCATE)";
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as(emptied).fetch_one(&self.writer).await?;
        if busy != 0 {
            return Err(sqlx::Error::Protocol(
                "another program has been reading the database for too long".to_owned(),
            ));
        }
        self.log_holds_dropped.store(false, Ordering::Relaxed);
        Ok(())
    }

    pub(super) async fn pragma(&self, statement: &'static str) -> sqlx::Result<i64> {
        sqlx::query_scalar(statement).fetch_one(&self.writer).await
    }
}
