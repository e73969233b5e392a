//! Reads the blocks that an answer needs, and makes the answer on a thread for work that takes long.

use std::{collections::BTreeMap, sync::Arc};

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
    installation_day::{BlockStart, InstallationDays, InstallationHash},
    profiles::ProfileBlockError,
};
use headcount_platform::joined::joined;
use headcount_shared::api::{
    FleetActivityAnswer, FleetDistributionsAnswer, FleetInstallationAnswer, FleetProducts,
    FleetRetentionAnswer, FleetSharesAnswer,
};
use thiserror::Error;
use tokio::{
    sync::{Mutex, MutexGuard},
    task,
};
use uuid::Uuid;

use super::{
    fleet_release::ReleaseBlockError,
    fleet_storage::{FleetStorage, StorageError, StorageResult},
    profile_dictionary::ProfileDictionary,
    report_store::{BlockBytes, BlockLayer, ONLY_BLOCK, StoredBlock},
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

/// The days of which there are numbers of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProductDays {
    /// The product.
    pub(super) product: String,
    /// The first day.
    pub(super) first: CalendarDay,
    /// The last day.
    pub(super) last: CalendarDay,
}

/// A question about a table of shares.
#[derive(Debug, Clone)]
pub(super) struct ShareQuery {
    /// The period.
    pub(super) period: AnswerPeriod,
    /// The table.
    pub(super) table: CellTable,
    /// What its labels are.
    pub(super) label: ShareLabel,
}

/// A question about a table of distributions.
#[derive(Debug, Clone)]
pub(super) struct DistributionQuery {
    /// Only this version.
    pub(super) version: Option<String>,
    /// What the distributions are told apart by.
    pub(super) group: DistributionGroup,
}

/// The blocks of a table, by day.
struct DecodedCells {
    computed_at: Option<u64>,
    days: BTreeMap<CalendarDay, CellBlock>,
}

impl DecodedCells {
    fn new(stored: &[StoredBlock]) -> Result<Self, BlockError> {
        let days = stored.iter().map(|stored| Ok((stored.day, CellBlock::decode(&stored.block)?)));
        Ok(Self { computed_at: newest(stored), days: days.collect::<Result<_, BlockError>>()? })
    }

    /// The days with their denominators. Both are stored together, so a day has both, unless it was dropped
    /// while they were read.
    fn with<'a>(&'a self, denominators: &'a Self) -> Vec<DayTables<'a>> {
        let both = |(day, table)| {
            let installations = denominators.days.get(day)?;
            Some(DayTables { day: *day, installations, table })
        };
        self.days.iter().filter_map(both).collect()
    }
}

/// The layers with the same content by day and by week.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeriodLayers {
    /// By day.
    pub days: BlockLayer,
    /// By week, of weeks that are over.
    pub weeks: BlockLayer,
}

/// Where distributions are.
const CELL_LAYERS: PeriodLayers = PeriodLayers { days: BlockLayer::Cells, weeks: BlockLayer::CellWeeks };

/// Answers from the blocks of a store.
#[derive(Debug)]
pub(super) struct FleetReader {
    store: Arc<FleetStorage>,
    dictionary: Arc<ProfileDictionary>,
    notes: Mutex<()>,
}

impl FleetReader {
    /// Answers from `store`.
    pub(super) fn new(store: Arc<FleetStorage>, dictionary: Arc<ProfileDictionary>) -> Self {
        Self { store, dictionary, notes: Mutex::default() }
    }

    /// The right to read notes and to set others in their place.
    pub(super) async fn change_notes(&self) -> MutexGuard<'_, ()> {
        self.notes.lock().await
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

    /// The days of which there are numbers, of each product.
    ///
    /// # Errors
    /// [`FleetReadError::Storage`].
    pub(super) async fn product_days(&self) -> Result<Vec<ProductDays>, FleetReadError> {
        let all = self.store.product_days().await?.into_iter();
        Ok(all.map(|(product, first, last)| ProductDays { product, first, last }).collect())
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
        let answers = self.all_shares([ShareQuery { period, table, label }]).await?;
        let [answer] = answers;
        Ok(answer)
    }

    /// The shares of several tables of a product and the same days. What they are parts of is read once.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn all_shares<const N: usize>(
        &self,
        queries: [ShareQuery; N],
    ) -> Result<[FleetSharesAnswer; N], FleetReadError> {
        let Some(first) = queries.first() else { return Err(FleetReadError::Interrupted) };
        let denominators = self.cells(&first.period, CellTable::Installations).await?;
        let mut tables = BTreeMap::new();
        for query in &queries {
            if query.table != CellTable::Installations && !tables.contains_key(&query.table) {
                tables.insert(query.table, self.cells(&query.period, query.table).await?);
            }
        }
        on_other_thread(move || {
            let denominators = DecodedCells::new(&denominators)?;
            let decoded = tables.iter().map(|(table, stored)| Ok((*table, DecodedCells::new(stored)?)));
            let decoded: BTreeMap<_, _> = decoded.collect::<Result<_, BlockError>>()?;
            Ok(queries.map(|ShareQuery { period, table, label }| {
                let cells = decoded.get(&table).unwrap_or(&denominators);
                shares_answer(&period, table, label, &cells.with(&denominators), cells.computed_at)
            }))
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
        let version = period.version.clone();
        let answers = self.all_distributions(period, table, vec![DistributionQuery { version, group }]);
        answers.await?.pop().ok_or(FleetReadError::Interrupted)
    }

    /// Several answers about a table, in the order of their queries. The table is read once.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn all_distributions(
        &self,
        period: AnswerPeriod,
        table: CellTable,
        queries: Vec<DistributionQuery>,
    ) -> Result<Vec<FleetDistributionsAnswer>, FleetReadError> {
        let AnswerPeriod { product, first, last, .. } = &period;
        let stored = self.blocks_of_period(CELL_LAYERS, product, table.name(), *first, *last).await?;
        on_other_thread(move || {
            let blocks = stored.iter().map(|stored| CellBlock::decode(&stored.block));
            let blocks: Vec<_> = blocks.collect::<Result<_, _>>()?;
            let answer = |DistributionQuery { version, group }: DistributionQuery| {
                let period = AnswerPeriod { version, ..period.clone() };
                distributions_answer(&period, table, group, &blocks, newest(&stored))
            };
            Ok(queries.into_iter().map(answer).collect())
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
        let starts = self.store.installation_block_starts(&period.product, first, last).await?;
        let computed_at = newest(&starts);
        let installation = self.store.installation_hash(instance);
        let found = on_other_thread(move || Ok(find_in_starts(starts, installation))).await?;
        let places: Vec<_> = found.iter().map(|(_, place)| place.clone()).collect();
        let groups = self.store.installation_block_bytes(&period.product, &places).await?;
        let decoded = on_other_thread(move || {
            let one = |((start, place), group): (FoundPlace, Vec<u8>)| {
                (place.day, start.and_then(|start| start.decode_one(&group, installation)))
            };
            Ok(found.into_iter().zip(groups).map(one).collect::<Vec<_>>())
        });
        let mut history = Vec::new();
        for (day, decoded) in decoded.await? {
            let decoded = match decoded {
                Ok(decoded) => decoded,
                // The bytes are not those that were expected; if the block is damaged, too, that is an error.
                Err(_) => self.day_with_installation(&period.product, day, installation).await?,
            };
            history.extend(installation_on_day(day, &decoded, installation));
        }
        let scope = period.scope(computed_at);
        Ok(FleetInstallationAnswer { scope, instance: instance.to_string(), days: history })
    }

    /// A day with one installation alone, from the whole block.
    async fn day_with_installation(
        &self,
        product: &str,
        day: CalendarDay,
        installation: InstallationHash,
    ) -> Result<InstallationDays, FleetReadError> {
        let stored = self.store.blocks(BlockLayer::Installations, product, ONLY_BLOCK, day, day).await?;
        on_other_thread(move || {
            let block =
                stored.first().map(|stored| InstallationDays::decode_one(&stored.block, installation));
            Ok(block.transpose()?.unwrap_or_else(InstallationDays::empty))
        })
        .await
    }

    async fn cells(&self, period: &AnswerPeriod, table: CellTable) -> StorageResult<Vec<StoredBlock>> {
        let AnswerPeriod { product, first, last, .. } = period;
        self.store.blocks(BlockLayer::Cells, product, table.name(), *first, *last).await
    }

    /// The blocks of a period: of whole weeks where they are merged, and of days elsewhere.
    pub(super) async fn blocks_of_period(
        &self,
        layers: PeriodLayers,
        product: &str,
        name: &str,
        first: CalendarDay,
        last: CalendarDay,
    ) -> StorageResult<Vec<StoredBlock>> {
        let of_days = async |first, last| self.store.blocks(layers.days, product, name, first, last).await;
        let weeks = self.store.blocks(layers.weeks, product, name, first, last).await?;
        let (mut blocks, mut next) = (Vec::new(), first);
        for week in weeks.into_iter().filter(|week| week.day.plus_days(6) <= last) {
            if next < week.day {
                blocks.extend(of_days(next, week.day.minus_days(1)).await?);
            }
            next = week.day.plus_days(7);
            blocks.push(week);
        }
        if next <= last {
            blocks.extend(of_days(next, last).await?);
        }
        Ok(blocks)
    }

    /// The activity of a product.
    pub(super) async fn activity_block(&self, product: &str) -> StorageResult<Option<StoredBlock>> {
        let day = CalendarDay::from_unix_seconds(0);
        let blocks = self.store.blocks(BlockLayer::Activity, product, ONLY_BLOCK, day, day).await?;
        Ok(blocks.into_iter().next())
    }
}

/// The start of a day's block, and where in the block an installation is.
type FoundPlace = (Result<BlockStart, BlockError>, BlockBytes);

/// The days on which an installation may be. Of a start that cannot be read, the place has no bytes.
fn find_in_starts(starts: Vec<StoredBlock>, installation: InstallationHash) -> Vec<FoundPlace> {
    let found = |StoredBlock { day, made_at, block }: StoredBlock| {
        let start = BlockStart::decode(&block);
        let place = start.as_ref().map_or(Some(0..0), |start| start.place_of(installation))?;
        Some((start, BlockBytes { day, made_at, place }))
    };
    starts.into_iter().filter_map(found).collect()
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
    joined(task::spawn_blocking(work)).await.map_err(|_| FleetReadError::Interrupted)?
}
