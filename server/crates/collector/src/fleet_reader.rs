//! Reads the blocks that an answer needs, and makes the answer on a thread for work that takes long.

use std::sync::Arc;

use headcount_fleet::{
    activity::FleetActivity,
    answers::{
        activity_answer::{activity_answer, retention_answer},
        answer_period::AnswerPeriod,
        distributions_answer::{DistributionGroup, distributions_answer},
        installation_answer::installation_on_day,
        shares_answer::{DayTables, ShareLabel, shares_answer},
    },
    block_codec::BlockError,
    calendar_day::CalendarDay,
    cells::{cell_block::CellBlock, cell_table::CellTable},
    installation_day::InstallationDays,
    profiles::ProfileBlockError,
};
use headcount_shared::api::{
    FleetActivityAnswer, FleetDistributionsAnswer, FleetInstallationAnswer, FleetProducts,
    FleetRetentionAnswer, FleetSharesAnswer,
};
use thiserror::Error;
use tokio::task;
use uuid::Uuid;

use super::{
    fleet_release::ReleaseBlockError,
    fleet_storage::{FleetStorage, StorageError, StorageResult},
    profile_dictionary::ProfileDictionary,
    report_store::{BlockLayer, ONLY_BLOCK, StoredBlock},
};

/// Why there is no answer.
#[derive(Debug, Error)]
pub(super) enum FleetReadError {
    /// The store fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A stored block cannot be read.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// A stored profile cannot be read.
    #[error(transparent)]
    Profile(#[from] ProfileBlockError),
    /// A stored release cannot be read.
    #[error(transparent)]
    Release(#[from] ReleaseBlockError),
    /// The answer was interrupted.
    #[error("the answer was interrupted")]
    Interrupted,
}

/// Answers from the blocks of a store.
#[derive(Debug)]
pub(super) struct FleetReader {
    store: Arc<FleetStorage>,
    dictionary: Arc<ProfileDictionary>,
}

impl FleetReader {
    /// Answers from `store`.
    pub(super) const fn new(store: Arc<FleetStorage>, dictionary: Arc<ProfileDictionary>) -> Self {
        Self { store, dictionary }
    }

    /// The blocks.
    pub(super) fn store(&self) -> &FleetStorage {
        &self.store
    }

    /// The names of profiles.
    pub(super) fn dictionary(&self) -> &ProfileDictionary {
        &self.dictionary
    }

    /// The products with numbers.
    ///
    /// # Errors
    /// [`FleetReadError::Storage`].
    pub(super) async fn products(&self) -> Result<FleetProducts, FleetReadError> {
        Ok(FleetProducts { products: self.store.products().await? })
    }

    /// Active installations over time.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn activity(&self, period: AnswerPeriod) -> Result<FleetActivityAnswer, FleetReadError> {
        let block = self.activity_block(&period.product).await?;
        on_other_thread(move || {
            let (activity, computed_at) = decoded_activity(block)?;
            Ok(activity_answer(&period, &activity, computed_at))
        })
        .await
    }

    /// How many installations stay.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn retention(
        &self,
        period: AnswerPeriod,
    ) -> Result<FleetRetentionAnswer, FleetReadError> {
        let block = self.activity_block(&period.product).await?;
        on_other_thread(move || {
            let (activity, computed_at) = decoded_activity(block)?;
            Ok(retention_answer(&period, &activity, computed_at))
        })
        .await
    }

    /// The shares of a table.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn shares(
        &self,
        period: AnswerPeriod,
        table: CellTable,
        label: ShareLabel,
    ) -> Result<FleetSharesAnswer, FleetReadError> {
        let denominators = self.cells(&period, CellTable::Installations).await?;
        let cells = self.cells(&period, table).await?;
        on_other_thread(move || {
            let computed_at = newest(&cells);
            let mut days = Vec::with_capacity(cells.len());
            let mut denominators = denominators.into_iter().peekable();
            for stored in cells {
                // Both are stored together, so a day has both, unless it was dropped in between.
                while denominators.next_if(|denominator| denominator.day < stored.day).is_some() {}
                let Some(denominator) = denominators.next_if(|denominator| denominator.day == stored.day)
                else {
                    continue;
                };
                days.push(DayTables {
                    day: stored.day,
                    installations: CellBlock::decode(&denominator.block)?,
                    table: CellBlock::decode(&stored.block)?,
                });
            }
            Ok(shares_answer(&period, table, label, &days, computed_at))
        })
        .await
    }

    /// The distributions of a table.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn distributions(
        &self,
        period: AnswerPeriod,
        table: CellTable,
        group: DistributionGroup,
    ) -> Result<FleetDistributionsAnswer, FleetReadError> {
        let stored = self.cells(&period, table).await?;
        on_other_thread(move || {
            let blocks = stored.iter().map(|stored| CellBlock::decode(&stored.block));
            let blocks: Vec<_> = blocks.collect::<Result<_, _>>()?;
            Ok(distributions_answer(&period, table, group, &blocks, newest(&stored)))
        })
        .await
    }

    /// The history of one installation.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn installation(
        &self,
        period: AnswerPeriod,
        instance: Uuid,
    ) -> Result<FleetInstallationAnswer, FleetReadError> {
        let AnswerPeriod { first, last, .. } = period;
        let days =
            self.store.blocks(BlockLayer::Installations, &period.product, ONLY_BLOCK, first, last).await?;
        let installation = self.store.installation_hash(instance);
        on_other_thread(move || {
            let mut history = Vec::new();
            for stored in &days {
                let day = InstallationDays::decode_around(&stored.block, installation)?;
                history.extend(installation_on_day(stored.day, &day, installation));
            }
            let scope = period.scope(newest(&days));
            Ok(FleetInstallationAnswer { scope, instance: instance.to_string(), days: history })
        })
        .await
    }

    async fn cells(&self, period: &AnswerPeriod, table: CellTable) -> StorageResult<Vec<StoredBlock>> {
        let AnswerPeriod { product, first, last, .. } = period;
        self.store.blocks(BlockLayer::Cells, product, table.name(), *first, *last).await
    }

    /// The activity of a product.
    pub(super) async fn activity_block(&self, product: &str) -> StorageResult<Option<StoredBlock>> {
        let day = CalendarDay::from_unix_seconds(0);
        let blocks = self.store.blocks(BlockLayer::Activity, product, ONLY_BLOCK, day, day).await?;
        Ok(blocks.into_iter().next())
    }
}

/// The activity of its block, and when it was computed.
pub(super) fn decoded_activity(
    block: Option<StoredBlock>,
) -> Result<(FleetActivity, Option<u64>), FleetReadError> {
    let Some(stored) = block else { return Ok((FleetActivity::default(), None)) };
    Ok((FleetActivity::decode(&stored.block)?, Some(stored.made_at)))
}

/// When the newest of the blocks was computed.
pub(super) fn newest(blocks: &[StoredBlock]) -> Option<u64> {
    blocks.iter().map(|stored| stored.made_at).max()
}

/// Makes an answer on a thread for work that takes long.
pub(super) async fn on_other_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FleetReadError> + Send + 'static,
) -> Result<T, FleetReadError> {
    task::spawn_blocking(work).await.map_err(|_| FleetReadError::Interrupted)?
}
