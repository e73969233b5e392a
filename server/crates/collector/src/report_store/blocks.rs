//! Stores and reads what was computed of days: one block per layer, product, day and name.

use headcount_fleet::calendar_day::CalendarDay;
use sqlx::{FromRow, Row, sqlite::SqliteRow};

use super::{
    ReportStore,
    block_parts::{parts_of, replace_rest},
    day_of_column, signed, stored_day,
    typed_reports::ChangedDay,
    unsigned,
};

/// A kind of computed content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum BlockLayer {
    /// The installations of a day; one block, with the name `all`.
    Installations,
    /// The cells of a day; a block per table.
    Cells,
    /// The merged profiles of a day; a block per resource and version.
    Profiles,
    /// The merged profiles of a week, on its Monday.
    ProfileWeeks,
    /// The cells of a week, on its Monday; a block per table with buckets.
    CellWeeks,
    /// Active installations over time; one block, on the first day, with the name `all`.
    Activity,
    /// The pages of the installations of a day that is to be released; one block, with the name `all`. It is
    /// deleted with the last release of the day.
    InstallationPages,
    /// What each installation of a day measured; one block, with the name `all`. It is kept for four weeks.
    InstallationReadings,
    /// What was found on a day about the releases before; one block, with the name `all`.
    Changes,
    /// What the maker noted of a day; one block, with the name `all`.
    Notes,
    /// What is published of a day. Such a block is never changed.
    Published,
    /// What the next release needs to know of one; not published.
    PublishedCarried,
}

impl BlockLayer {
    /// The layers whose blocks name installations.
    pub(crate) const OF_INSTALLATIONS: [Self; 3] =
        [Self::Installations, Self::InstallationPages, Self::InstallationReadings];

    /// The layers with what was merged of the days of a week.
    pub(crate) const OF_WEEKS: [Self; 2] = [Self::ProfileWeeks, Self::CellWeeks];

    /// The word for it in storage.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Installations => "installations",
            Self::Cells => "cells",
            Self::Profiles => "profiles",
            Self::ProfileWeeks => "profile_weeks",
            Self::CellWeeks => "cell_weeks",
            Self::Activity => "activity",
            Self::InstallationPages => "installation_pages",
            Self::InstallationReadings => "installation_readings",
            Self::Changes => "changes",
            Self::Notes => "notes",
            Self::Published => "published",
            Self::PublishedCarried => "published_carried",
        }
    }
}

/// The name of the one block of a layer that has no more.
pub(crate) const ONLY_BLOCK: &str = "all";

/// A block to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewBlock {
    /// Its layer.
    pub(crate) layer: BlockLayer,
    /// The day.
    pub(crate) day: CalendarDay,
    /// Its name in the layer.
    pub(crate) name: String,
    /// Its content.
    pub(crate) block: Vec<u8>,
}

/// A stored block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredBlock {
    /// The day.
    pub(crate) day: CalendarDay,
    /// When it was computed, in Unix seconds.
    pub(crate) made_at: u64,
    /// Its content.
    pub(crate) block: Vec<u8>,
}

const REPLACE_BLOCK: &str =
    "INSERT INTO block (layer, product, day, name, made_at, block) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (layer, product, name, day) DO UPDATE SET made_at = excluded.made_at, block = excluded.block";

/// All parts of blocks, in one statement: the parts of a block belong together.
const READ_BLOCKS: &str = "SELECT day, made_at, block, 0 AS part FROM block
        WHERE layer = ?1 AND product = ?2 AND name = ?3 AND day BETWEEN ?4 AND ?5
    UNION ALL SELECT day, 0, bytes, part FROM block_rest
        WHERE layer = ?1 AND product = ?2 AND name = ?3 AND day BETWEEN ?4 AND ?5
    ORDER BY day, part";

impl ReportStore {
    /// Stores blocks that were computed at `now`, and notes that the changes of `changed` are in them.
    ///
    /// # Errors
    /// As for [`ReportStore::add`]; nothing is changed then.
    pub(crate) async fn replace_blocks(
        &self,
        product: &str,
        blocks: &[NewBlock],
        changed: Option<&ChangedDay>,
        now: u64,
    ) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        if let Some(changed) = changed {
            // A version may have no profile any more.
            let old = "DELETE FROM block WHERE layer = ? AND product = ? AND day = ?";
            let old = sqlx::query(old).bind(BlockLayer::Profiles.name()).bind(product);
            old.bind(changed.day.days_since_epoch()).execute(&mut *transaction).await?;
            // What was merged of its week is not true any more.
            for layer in BlockLayer::OF_WEEKS {
                let old = sqlx::query("DELETE FROM block WHERE layer = ? AND product = ? AND day = ?");
                let old = old.bind(layer.name()).bind(product);
                old.bind(changed.day.week_start().days_since_epoch()).execute(&mut *transaction).await?;
            }
        }
        for block in blocks {
            let NewBlock { layer, day, name, .. } = block;
            let replace = sqlx::query(REPLACE_BLOCK).bind(layer.name()).bind(product);
            let replace = replace.bind(day.days_since_epoch()).bind(name).bind(signed(now));
            replace.bind(parts_of(block).0).execute(&mut *transaction).await?;
            replace_rest(&mut transaction, product, block).await?;
        }
        if let Some(changed) = changed {
            let done = sqlx::query("DELETE FROM changed_day WHERE product = ? AND day = ? AND changes = ?");
            let done = done.bind(product).bind(changed.day.days_since_epoch()).bind(changed.changes);
            done.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// The blocks of a name from one day to another, both included, in the order of days.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn blocks(
        &self,
        layer: BlockLayer,
        product: &str,
        name: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> sqlx::Result<Vec<StoredBlock>> {
        let query = sqlx::query_as(READ_BLOCKS).bind(layer.name()).bind(product).bind(name);
        let query = query.bind(first.days_since_epoch()).bind(last.days_since_epoch());
        let parts: Vec<StoredBlock> = query.fetch_all(&self.readers).await?;
        let mut blocks: Vec<StoredBlock> = Vec::new();
        for part in parts {
            match blocks.last_mut().filter(|block| block.day == part.day) {
                Some(block) => block.block.extend(part.block),
                None => blocks.push(part),
            }
        }
        Ok(blocks)
    }

    /// The names of the blocks of a layer from one day to another, sorted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn block_names(
        &self,
        layer: BlockLayer,
        product: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> sqlx::Result<Vec<String>> {
        let names = "SELECT DISTINCT name FROM block
            WHERE layer = ? AND product = ? AND day BETWEEN ? AND ? ORDER BY name";
        let query = sqlx::query_scalar(names).bind(layer.name()).bind(product);
        let query = query.bind(first.days_since_epoch()).bind(last.days_since_epoch());
        query.fetch_all(&self.readers).await
    }

    /// The products and days of which the installations are stored.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn days_of_installations(&self) -> sqlx::Result<Vec<(String, CalendarDay)>> {
        let all = sqlx::query("SELECT product, day FROM block WHERE layer = ? ORDER BY product, day");
        let rows = all.bind(BlockLayer::Installations.name()).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get("product")?, stored_day(row)?))).collect()
    }

    /// The first and the last day with installations of each product, sorted by product.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn product_days(&self) -> sqlx::Result<Vec<(String, CalendarDay, CalendarDay)>> {
        let all = "SELECT product, min(day) AS day, max(day) AS last FROM block WHERE layer = ? \
                   GROUP BY product ORDER BY product";
        let rows = sqlx::query(all).bind(BlockLayer::Installations.name()).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| Ok((row.try_get("product")?, stored_day(row)?, day_of_column(row, "last")?)))
            .collect()
    }

    /// The names of all products with blocks, sorted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn products(&self) -> sqlx::Result<Vec<String>> {
        let all = "SELECT DISTINCT product FROM block WHERE layer = ? ORDER BY product";
        sqlx::query_scalar(all).bind(BlockLayer::Installations.name()).fetch_all(&self.readers).await
    }
}

impl FromRow<'_, SqliteRow> for StoredBlock {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            day: stored_day(row)?,
            made_at: unsigned(row.try_get("made_at")?),
            block: row.try_get("block")?,
        })
    }
}
