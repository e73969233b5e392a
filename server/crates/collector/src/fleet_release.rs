//! Publishes days of the fleet when they are due: a provisional and a final release of each, by the rule of
//! [`headcount_fleet::published`].
//!
//! A release is made of the numbers as they are then. Late reports and deletions after it change no release.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use headcount_fleet::{
    calendar_day::CalendarDay,
    installation_day::{InstallationDays, InstallationHash},
    profiles::{MergedProfile, ProfiledResource},
    published::{
        CarriedOver, CellLabel, PublicationRule, PublishedDay, ReleaseOfDay, ReleaseStage,
        day_input::{InstallationPages, fleet_day},
        flame::{ProfileToPublish, publish_profile},
        publish_day,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

use super::{
    fleet_rollup::{
        FleetRollup, RollupError, merged_profile, on_other_thread, profile_block_name, resource_name,
        version_of_profile_block,
    },
    report_store::{BlockLayer, NewBlock, ONLY_BLOCK, StoredBlock, UnreleasedDay},
};

/// The compression level of releases: they are written once and read for years.
const ZSTD_LEVEL: i32 = 9;

/// Why a stored release cannot be read or written.
#[derive(Debug, Error)]
pub(super) enum ReleaseBlockError {
    /// It is not compressed as it should be.
    #[error("a stored release is damaged: {0}")]
    Compression(#[from] std::io::Error),
    /// It has other content.
    #[error("a stored release cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

/// A part of a release as it is stored: JSON, which a later version of the program can read, compressed.
///
/// # Errors
/// [`ReleaseBlockError`], which does not happen.
pub(super) fn encode_release<T: Serialize>(value: &T) -> Result<Vec<u8>, ReleaseBlockError> {
    Ok(zstd::bulk::compress(&serde_json::to_vec(value)?, ZSTD_LEVEL)?)
}

/// The same back.
///
/// # Errors
/// Every [`ReleaseBlockError`].
pub(super) fn decode_release<T: DeserializeOwned>(block: &[u8]) -> Result<T, ReleaseBlockError> {
    Ok(serde_json::from_slice(&zstd::stream::decode_all(block)?)?)
}

/// The name of the block with a table of a release.
pub(super) fn table_block_name(stage: ReleaseStage, table: &str) -> String {
    format!("{}/tables/{table}", stage.name())
}

/// The name of the block with a flame graph of a release.
pub(super) fn flame_block_name(
    stage: ReleaseStage,
    resource: ProfiledResource,
    version: Option<&str>,
) -> String {
    let graph = version.map_or_else(|| "all".to_owned(), |version| format!("versions/{version}"));
    format!("{}/profiles/{}/{graph}", stage.name(), resource_name(resource))
}

/// What a release is made of.
struct ReleaseInput {
    days: InstallationDays,
    pages: InstallationPages,
    before: Option<CarriedOver>,
    first_days: Arc<HashMap<InstallationHash, CalendarDay>>,
}

impl FleetRollup {
    /// Makes the releases that are due. Returns their number.
    ///
    /// # Errors
    /// Every [`RollupError`]; releases that were made until then are stored.
    pub(super) async fn publish_due_days(&self) -> Result<usize, RollupError> {
        let rule = PublicationRule::default();
        // Nothing is published early because a clock jumped.
        let today = CalendarDay::from_unix_seconds(self.time().for_ages().as_secs());
        let due = |unreleased: &UnreleasedDay| {
            let stage = rule.stage_due(unreleased.day.days_since_epoch(), today.days_since_epoch())?;
            (stage == ReleaseStage::Final || !unreleased.is_provisional).then_some(stage)
        };
        let unreleased = self.store().unreleased_days(today).await?.into_iter();
        let due: Vec<_> = unreleased.filter_map(|day| due(&day).map(|stage| (day, stage))).collect();
        if due.is_empty() {
            return Ok(0);
        }
        let first_days = Arc::new(self.store().first_days().await?);
        for (UnreleasedDay { product, day, .. }, stage) in &due {
            self.publish_stage(&rule, product, *day, *stage, &first_days).await?;
        }
        Ok(due.len())
    }

    async fn publish_stage(
        &self,
        rule: &PublicationRule,
        product: &str,
        day: CalendarDay,
        stage: ReleaseStage,
        first_days: &Arc<HashMap<InstallationHash, CalendarDay>>,
    ) -> Result<(), RollupError> {
        let input = self.release_input(rule, product, day, stage, Arc::clone(first_days)).await?;
        let (key, now) = (self.store().noise_key(), self.time().now().at);
        let (of_rule, of_product) = (rule.clone(), product.to_owned());
        let (published, mut blocks) = on_other_thread(move || {
            let release = ReleaseOfDay { product: &of_product, stage, key: &key };
            blocks_of_release(&of_rule, release, day, &input)
        })
        .await??;
        // Without a shown version the fleet is too small, and its profiles are too few.
        if !published.base.is_empty() {
            blocks.extend(self.flame_blocks(rule, product, day, stage, &published).await?);
        }
        Ok(self.store().add_release(product, day, stage, &blocks, now).await?)
    }

    async fn release_input(
        &self,
        rule: &PublicationRule,
        product: &str,
        day: CalendarDay,
        stage: ReleaseStage,
        first_days: Arc<HashMap<InstallationHash, CalendarDay>>,
    ) -> Result<ReleaseInput, RollupError> {
        let store = self.store();
        let only = async |layer| store.blocks(layer, product, ONLY_BLOCK, day, day).await;
        let days = only(BlockLayer::Installations).await?.pop();
        let pages = only(BlockLayer::InstallationPages).await?.pop();
        // The release before, of the same stage; of the other one for the first that this collector makes.
        let week_before = day.minus_days(rule.schedule().every);
        let mut before = None;
        for stage in [stage, ReleaseStage::Final, ReleaseStage::Provisional] {
            let layer = BlockLayer::PublishedCarried;
            let carried = store.blocks(layer, product, stage.name(), week_before, week_before).await?.pop();
            if let Some(StoredBlock { block, .. }) = carried {
                before = Some(decode_release(&block)?);
                break;
            }
        }
        on_other_thread(move || {
            let days = days.map(|stored| InstallationDays::decode(&stored.block)).transpose()?;
            let pages = pages.map(|stored| InstallationPages::decode(&stored.block)).transpose()?;
            let (days, pages) = (days.unwrap_or_else(InstallationDays::empty), pages.unwrap_or_default());
            Ok(ReleaseInput { days, pages, before, first_days })
        })
        .await?
    }

    /// The flame graphs of the week that ends with the day: of all versions together, and of each that is shown.
    async fn flame_blocks(
        &self,
        rule: &PublicationRule,
        product: &str,
        day: CalendarDay,
        stage: ReleaseStage,
        published: &PublishedDay,
    ) -> Result<Vec<NewBlock>, RollupError> {
        let first = day.minus_days(6);
        let shown: BTreeSet<&str> = published
            .base
            .iter()
            .filter_map(|cell| match &cell.base.version {
                CellLabel::Name(version) => Some(version.as_str()),
                CellLabel::Other => None,
            })
            .collect();
        let stored = self.store().block_names(BlockLayer::Profiles, product, first, day).await?;
        let mut graphs = Vec::new();
        for resource in [ProfiledResource::Cpu, ProfiledResource::Heap] {
            let mut of_all = MergedProfile::default();
            for version in stored.iter().filter_map(|name| version_of_profile_block(resource, name)) {
                let name = profile_block_name(resource, version);
                let days = self.store().blocks(BlockLayer::Profiles, product, &name, first, day).await?;
                let profile = on_other_thread(move || merged_profile(&days)).await??;
                of_all = of_all.merge_days(&profile);
                if shown.contains(version) {
                    graphs.push((Some(version.to_owned()), resource, profile));
                }
            }
            graphs.push((None, resource, of_all));
        }
        let dictionary = self.dictionary().current().await?;
        let (rule, product, key) = (rule.clone(), product.to_owned(), self.store().noise_key());
        on_other_thread(move || {
            let release = ReleaseOfDay { product: &product, stage, key: &key };
            let mut blocks = Vec::new();
            for (version, resource, profile) in &graphs {
                let (version, resource) = (version.as_deref(), *resource);
                let source = ProfileToPublish { version, resource, profile, symbols: None };
                let graph = publish_profile(&rule, release, day.days_since_epoch(), &dictionary, source);
                let Some(graph) = graph else { continue };
                let (name, block) = (flame_block_name(stage, resource, version), encode_release(&graph)?);
                blocks.push(NewBlock { layer: BlockLayer::Published, day, name, block });
            }
            Ok(blocks)
        })
        .await?
    }
}

/// What is published of a day, and its blocks without flame graphs: one for the release and one per table, so that
/// a table over time is read without the others.
fn blocks_of_release(
    rule: &PublicationRule,
    release: ReleaseOfDay<'_>,
    day: CalendarDay,
    input: &ReleaseInput,
) -> Result<(PublishedDay, Vec<NewBlock>), RollupError> {
    let first_day = |installation| input.first_days.get(&installation).copied();
    let fleet = fleet_day(day, &input.days, &input.pages, first_day)?;
    let publication = publish_day(rule, release, &fleet, input.before.as_ref());
    let mut published = publication.published;
    let new = |layer, name, block| NewBlock { layer, day, name, block };
    let stage = release.stage;
    let mut blocks = Vec::new();
    for table in std::mem::take(&mut published.tables) {
        let name = table_block_name(stage, table.table.definition().name);
        blocks.push(new(BlockLayer::Published, name, encode_release(&table)?));
    }
    let name = || stage.name().to_owned();
    blocks.push(new(BlockLayer::Published, name(), encode_release(&published)?));
    blocks.push(new(BlockLayer::PublishedCarried, name(), encode_release(&publication.carried)?));
    Ok((published, blocks))
}
