//! Stores what is published of days. A release is stored once and never changed.

use std::collections::HashMap;

use headcount_fleet::{
    calendar_day::CalendarDay,
    installation_day::InstallationHash,
    published::{NoiseKey, ReleaseStage},
};
use sqlx::{FromRow, Row, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    ReportStore,
    blocks::{BlockLayer, NewBlock},
    signed, stored_day, unsigned,
};

/// A day of a product without its final release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnreleasedDay {
    /// The product.
    pub(crate) product: String,
    /// The day.
    pub(crate) day: CalendarDay,
    /// Whether it has its provisional release.
    pub(crate) is_provisional: bool,
}

impl FromRow<'_, SqliteRow> for UnreleasedDay {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let is_provisional = row.try_get("is_provisional")?;
        Ok(Self { product: row.try_get("product")?, day: stored_day(row)?, is_provisional })
    }
}

const UNRELEASED_DAYS: &str = "SELECT product, day, EXISTS (SELECT 1 FROM block release
        WHERE release.layer = ?1 AND release.product = computed.product AND release.day = computed.day
            AND release.name = ?4) AS is_provisional
    FROM block computed WHERE layer = ?2 AND day <= ?3 AND NOT EXISTS (SELECT 1 FROM block release
        WHERE release.layer = ?1 AND release.product = computed.product AND release.day = computed.day
            AND release.name = ?5)
    ORDER BY day, product";

const ADD_BLOCK: &str =
    "INSERT INTO block (layer, product, day, name, made_at, block) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (layer, product, name, day) DO NOTHING";

impl ReportStore {
    /// The days until `last` that were computed and have no final release, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn unreleased_days(&self, last: CalendarDay) -> sqlx::Result<Vec<UnreleasedDay>> {
        let query = sqlx::query_as(UNRELEASED_DAYS)
            .bind(BlockLayer::Published.name())
            .bind(BlockLayer::Installations.name())
            .bind(last.days_since_epoch())
            .bind(ReleaseStage::Provisional.name())
            .bind(ReleaseStage::Final.name());
        query.fetch_all(&self.readers).await
    }

    /// Whether a day has a release.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn has_release(
        &self,
        product: &str,
        day: CalendarDay,
        stage: ReleaseStage,
    ) -> sqlx::Result<bool> {
        let exists =
            "SELECT EXISTS (SELECT 1 FROM block WHERE layer = ? AND product = ? AND name = ? AND day = ?)";
        let query = sqlx::query_scalar(exists).bind(BlockLayer::Published.name()).bind(product);
        query.bind(stage.name()).bind(day.days_since_epoch()).fetch_one(&self.readers).await
    }

    /// Stores the blocks of a release that was made at `now`. If the day has this release, nothing is changed.
    /// With the final one, the pages of the day's installations are deleted.
    ///
    /// # Errors
    /// As for [`ReportStore::add`]; nothing is changed then.
    pub(crate) async fn add_release(
        &self,
        product: &str,
        day: CalendarDay,
        stage: ReleaseStage,
        blocks: &[NewBlock],
        now: u64,
    ) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        for NewBlock { layer, day, name, block } in blocks {
            let add = sqlx::query(ADD_BLOCK).bind(layer.name()).bind(product).bind(day.days_since_epoch());
            let added = add.bind(name).bind(signed(now)).bind(block).execute(&mut *transaction).await?;
            if added.rows_affected() == 0 {
                // Another process was first.
                return transaction.rollback().await;
            }
        }
        if stage == ReleaseStage::Final {
            let delete = sqlx::query("DELETE FROM block WHERE layer = ? AND product = ? AND day = ?");
            let delete = delete.bind(BlockLayer::InstallationPages.name()).bind(product);
            delete.bind(day.days_since_epoch()).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// The number of days of all products that have a release.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn releases(&self, stage: ReleaseStage) -> sqlx::Result<u64> {
        let count = "SELECT count(*) FROM product CROSS JOIN block
            ON layer = ? AND block.product = product.name AND block.name = ?";
        let count = sqlx::query_scalar(count).bind(BlockLayer::Published.name()).bind(stage.name());
        count.fetch_one(&self.readers).await.map(unsigned)
    }

    /// The products of which a block of this name is published, sorted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn products_with_release(&self, names: [&str; 2]) -> sqlx::Result<Vec<String>> {
        let all = "SELECT DISTINCT product FROM block WHERE layer = ? AND name IN (?, ?) ORDER BY product";
        let query = sqlx::query_scalar(all).bind(BlockLayer::Published.name());
        query.bind(names[0]).bind(names[1]).fetch_all(&self.readers).await
    }

    /// The day on which the first report of each installation arrived.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn first_days(&self) -> sqlx::Result<HashMap<InstallationHash, CalendarDay>> {
        let all = "SELECT instance, first_seen_at FROM instance";
        let rows: Vec<(String, i64)> = sqlx::query_as(all).fetch_all(&self.readers).await?;
        let known = rows.into_iter().filter_map(|(instance, first_seen_at)| {
            let instance = self.installation_hash(Uuid::try_parse(&instance).ok()?);
            Some((instance, CalendarDay::from_unix_seconds(unsigned(first_seen_at))))
        });
        Ok(known.collect())
    }

    /// The key of the noise in what is published.
    pub(crate) fn noise_key(&self) -> NoiseKey {
        NoiseKey::new(*self.keys.noise())
    }
}
