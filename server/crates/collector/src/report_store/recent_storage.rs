//! Measures what the reports of the last days take.

use std::time::Duration;

use headcount_fleet::calendar_day::CalendarDay;

use super::{ReportStore, signed, unsigned};
use crate::month_estimate::{OBSERVED, RecentStorage};

const RECENT_REPORTS: &str = "SELECT count(*), min(received_at) FROM report WHERE received_at >= ?";

/// Means of the newest reports: those of all would read the whole database.
const RAW_MEAN: &str = "SELECT CAST(avg(length) AS INTEGER) FROM
    (SELECT length FROM raw_place ORDER BY seq DESC LIMIT 1000)";

const TYPED_MEAN: &str = "SELECT CAST(avg(length(report) + coalesce(length(browsers), 0)) AS INTEGER) FROM
    (SELECT day, seq, report FROM typed ORDER BY seq DESC LIMIT 1000) LEFT JOIN browser_day USING (day, seq)";

/// A report's own columns and those in indexes; 150 bytes are the numbers among them, and pages of a tree are
/// three quarters full.
const ID_MEAN: &str =
    "SELECT CAST(avg(2 * length(id) + 3 * length(instance) + length(product) + 150) * 4 / 3 AS INTEGER)
    FROM
    (SELECT id, instance, product FROM report ORDER BY seq DESC LIMIT 1000)";

const NUMBERS: &str =
    "SELECT (SELECT coalesce(sum(length(block)), 0) FROM block WHERE layer <> 'activity' AND day >= ?1)
    + (SELECT coalesce(sum(length(bytes)), 0) FROM block_rest WHERE day >= ?1)";

impl ReportStore {
    /// What was stored in the last days before `now`, in Unix seconds.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn recent_storage(&self, now: u64) -> sqlx::Result<RecentStorage> {
        let since = now.saturating_sub(OBSERVED.as_secs());
        let (reports, first): (i64, Option<i64>) =
            sqlx::query_as(RECENT_REPORTS).bind(signed(since)).fetch_one(&self.readers).await?;
        let first_day = CalendarDay::from_unix_seconds(since).plus_days(1).days_since_epoch();
        let numbers: i64 = sqlx::query_scalar(NUMBERS).bind(first_day).fetch_one(&self.readers).await?;
        Ok(RecentStorage {
            reports: unsigned(reports),
            since_first: Duration::from_secs(first.map_or(0, |first| now.saturating_sub(unsigned(first)))),
            raw_mean: self.mean(RAW_MEAN).await?,
            typed_mean: self.mean(TYPED_MEAN).await?,
            id_mean: self.mean(ID_MEAN).await?,
            numbers: unsigned(numbers),
        })
    }

    /// A mean in whole bytes; 0 of nothing.
    async fn mean(&self, statement: &'static str) -> sqlx::Result<u64> {
        let mean: Option<i64> = sqlx::query_scalar(statement).fetch_one(&self.readers).await?;
        Ok(mean.map_or(0, unsigned))
    }
}
