//! Corrects the stored times when the clock of the machine is trusted again.

use super::{ReportStore, signed};
use crate::trusted_time::ClockCorrection;

/// Shifts the times of reports that arrived while the clock was doubted, and moves times in the future to
/// now. Hours in which reports arrived are forgotten: which of them are right cannot be told. `?1` is the time
/// now, `?2` is the shift.
const CORRECTIONS: [&str; 7] = [
    "UPDATE instance SET last_seen_at = min(max(last_seen_at + ?2, 0), ?1), first_seen_at = min(CASE WHEN reports =
        (SELECT count(*) FROM report WHERE report.instance = instance.instance AND doubted = 1)
        THEN max(first_seen_at + ?2, 0) ELSE first_seen_at END, ?1)
        WHERE latest_seq IN (SELECT seq FROM report WHERE doubted = 1)",
    "UPDATE instance SET last_seen_at = min(last_seen_at, ?1), first_seen_at = min(first_seen_at, ?1)
        WHERE last_seen_at > ?1 OR first_seen_at > ?1",
    "UPDATE raw_segment SET newest_at = min(coalesce((SELECT max(max(received_at + doubted * ?2, 0))
            FROM raw_place JOIN report USING (seq) WHERE segment = number), newest_at), ?1)
        WHERE newest_at > ?1 OR number IN
            (SELECT segment FROM raw_place WHERE seq IN (SELECT seq FROM report WHERE doubted = 1))",
    "UPDATE report SET received_at = min(max(received_at + doubted * ?2, 0), ?1), doubted = 0
        WHERE received_at > ?1 OR doubted = 1",
    "UPDATE clock SET at = ?1",
    "UPDATE seen_version SET hour = ?1 / 3600 WHERE hour > ?1 / 3600",
    "DELETE FROM intake_hour",
];

impl ReportStore {
    /// Corrects the dates of reports that arrived while the clock was doubted.
    ///
    /// # Errors
    /// As for [`ReportStore::add`]; nothing is changed then.
    pub(crate) async fn correct_times(&self, correction: ClockCorrection) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        for statement in CORRECTIONS {
            let query = sqlx::query(statement).bind(signed(correction.now)).bind(correction.shift);
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// Confirms the times of reports that arrived while the clock was doubted.
    ///
    /// # Errors
    /// As for [`ReportStore::add`].
    pub(crate) async fn keep_times(&self) -> sqlx::Result<()> {
        let kept = sqlx::query("UPDATE report SET doubted = 0 WHERE doubted = 1");
        kept.execute(&self.writer).await.map(drop)
    }
}
