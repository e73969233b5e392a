//! Reads what is published of the fleet.

use std::collections::BTreeMap;

use headcount_fleet::{
    calendar_day::CalendarDay,
    profiles::ProfiledResource,
    published::{
        BaseCellName, CellLabel, PUBLISHED_TABLES, PublicationRule, PublishedDay, PublishedTableOfDay,
        ReleaseStage, TableDefinition, TableKind, flame::PublishedFlameGraph,
    },
};
use headcount_shared::api::{
    FleetProducts, PublishedCellAnswer, PublishedFlameAnswer, PublishedPercentileAnswer, PublishedRelease,
    PublishedRule, PublishedTableAnswer, PublishedTableKind, PublishedTableRelease, PublishedTables,
    PublishedWithoutNumber,
};

use super::{
    fleet_reader::{FleetReadError, FleetReader, on_other_thread},
    fleet_release::{decode_release, flame_block_name, table_block_name},
    fleet_rollup::resource_name,
    fleet_storage::StorageResult,
    report_store::{BlockLayer, StoredBlock},
};

/// The name of the table of versions, inside of which all others are counted.
pub(super) const VERSIONS_TABLE: &str = "versions";

/// What an answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublishedPeriod {
    /// The product.
    pub(super) product: String,
    /// The first day.
    pub(super) first: CalendarDay,
    /// The last day.
    pub(super) last: CalendarDay,
    /// Only this version.
    pub(super) version: Option<String>,
}

/// A table that can be asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum PublishedTableName {
    /// The versions.
    Versions,
    /// A table of the closed list.
    Listed(&'static TableDefinition),
}

impl PublishedTableName {
    /// All of them, in the order of their list.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Versions).chain(PUBLISHED_TABLES.iter().map(Self::Listed))
    }

    /// The table of this name.
    pub(super) fn find(name: &str) -> Option<Self> {
        Self::all().find(|table| table.name() == name)
    }

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Versions => VERSIONS_TABLE,
            Self::Listed(definition) => definition.name,
        }
    }

    /// Whether its cells have labels.
    pub(super) const fn has_labels(self) -> bool {
        match self {
            Self::Versions => false,
            Self::Listed(definition) => !matches!(definition.kind, TableKind::Amount),
        }
    }

    /// What an answer says about it.
    pub(super) fn described(self) -> PublishedTableKind {
        let (kind, has_open_names) = match self {
            Self::Versions => (TableKind::OneLabel, false),
            Self::Listed(definition) => (definition.kind, definition.open_names),
        };
        let kind = match kind {
            TableKind::OneLabel => "one_label",
            TableKind::LabelSet => "label_set",
            TableKind::AmountPerLabel { .. } => "amount_per_label",
            TableKind::Amount => "amount",
        };
        PublishedTableKind { table: self.name().to_owned(), kind: kind.to_owned(), has_open_names }
    }
}

/// The rule of this program, in an answer.
pub(super) fn answered_rule() -> PublishedRule {
    let rule = PublicationRule::default();
    let schedule = rule.schedule();
    PublishedRule {
        smallest_group: rule.smallest_group(),
        noise_sd: rule.noise_sd(),
        noise_cut: rule.noise_cut(),
        shown_from: rule.shown_from(),
        release_every_days: schedule.every,
        provisional_after_days: schedule.provisional_after,
        final_after_days: schedule.final_after,
        counted_from_day: schedule.counted_after,
    }
}

/// A release that shows something.
#[derive(Debug, Clone)]
struct ReadRelease {
    day: CalendarDay,
    made_at: u64,
    published: PublishedDay,
}

impl ReadRelease {
    fn answered(&self) -> PublishedRelease {
        PublishedRelease {
            day: self.day.to_string(),
            stage: self.published.stage.name().to_owned(),
            released_at: self.made_at,
            installations: self.published.installs,
            folded_versions: self.published.folded_versions,
        }
    }

    /// The noisy number of installations of a cell of the base partition.
    fn installs_of(&self, base: &BaseCellName) -> i64 {
        let cell = self.published.base.iter().find(|cell| cell.base == *base);
        cell.map_or(0, |cell| cell.installs)
    }
}

/// The name in a label; `None` for all others.
fn name_of(label: &CellLabel) -> Option<String> {
    match label {
        CellLabel::Name(name) => Some(name.clone()),
        CellLabel::Other => None,
    }
}

impl FleetReader {
    /// The products of which something is published.
    ///
    /// # Errors
    /// [`FleetReadError::Storage`].
    pub(super) async fn published_products(&self) -> Result<FleetProducts, FleetReadError> {
        // A release of too few installations has no tables.
        let [last, first] = [ReleaseStage::Final, ReleaseStage::Provisional]
            .map(|stage| table_block_name(stage, PUBLISHED_TABLES[0].name));
        let products = self.store().products_with_release([&last, &first]).await?;
        Ok(FleetProducts { products })
    }

    /// The tables and releases of a product.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn published_tables(
        &self,
        period: PublishedPeriod,
    ) -> Result<PublishedTables, FleetReadError> {
        let releases = self.releases(&period).await?;
        Ok(PublishedTables {
            product: period.product,
            from: period.first.to_string(),
            to: period.last.to_string(),
            rule: answered_rule(),
            tables: PublishedTableName::all().map(PublishedTableName::described).collect(),
            releases: releases.values().map(ReadRelease::answered).collect(),
        })
    }

    /// A table over time.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn published_table(
        &self,
        period: PublishedPeriod,
        table: PublishedTableName,
    ) -> Result<PublishedTableAnswer, FleetReadError> {
        let releases = self.releases(&period).await?;
        let mut blocks = BTreeMap::new();
        if let PublishedTableName::Listed(definition) = table {
            for stage in [ReleaseStage::Provisional, ReleaseStage::Final] {
                let name = table_block_name(stage, definition.name);
                for stored in self.published_blocks(&period, &name).await? {
                    blocks.insert((stored.day, stage), stored.block);
                }
            }
        }
        on_other_thread(move || {
            let mut answered = Vec::with_capacity(releases.len());
            for (day, release) in &releases {
                let mut of_release = match blocks.get(&(*day, release.published.stage)) {
                    Some(block) => cells_of_table(release, decode_release(block)?),
                    None if matches!(table, PublishedTableName::Versions) => cells_of_versions(release),
                    None => continue,
                };
                if let Some(version) = &period.version {
                    of_release.cells.retain(|cell| cell.version.as_ref() == Some(version));
                    of_release.without_number.retain(|cell| cell.version.as_ref() == Some(version));
                }
                answered.push(of_release);
            }
            Ok(PublishedTableAnswer {
                product: period.product,
                table: table.name().to_owned(),
                from: period.first.to_string(),
                to: period.last.to_string(),
                version: period.version,
                rule: answered_rule(),
                releases: answered,
            })
        })
        .await
    }

    /// The newest flame graph of a period; `None` if there is none.
    ///
    /// # Errors
    /// Every [`FleetReadError`].
    pub(super) async fn published_flame_graph(
        &self,
        period: PublishedPeriod,
        resource: ProfiledResource,
    ) -> Result<Option<PublishedFlameAnswer>, FleetReadError> {
        let mut newest: Option<(ReleaseStage, StoredBlock)> = None;
        for stage in [ReleaseStage::Provisional, ReleaseStage::Final] {
            let name = flame_block_name(stage, resource, period.version.as_deref());
            let stored = self.published_blocks(&period, &name).await?.pop();
            if let Some(stored) = stored
                && newest.as_ref().is_none_or(|(_, known)| stored.day >= known.day)
            {
                newest = Some((stage, stored));
            }
        }
        let Some((stage, stored)) = newest else { return Ok(None) };
        on_other_thread(move || {
            let graph: PublishedFlameGraph = decode_release(&stored.block)?;
            Ok(Some(PublishedFlameAnswer {
                product: period.product,
                day: stored.day.to_string(),
                stage: stage.name().to_owned(),
                released_at: stored.made_at,
                rule: answered_rule(),
                version: graph.version,
                resource: resource_name(resource).to_owned(),
                of_installations: graph.installs,
                names: graph.names,
                name: graph.name,
                parent: graph.parent,
                value: graph.value,
                installations: graph.installations,
            }))
        })
        .await
    }

    /// The releases of a period that show something: of each day the last one.
    async fn releases(
        &self,
        period: &PublishedPeriod,
    ) -> Result<BTreeMap<CalendarDay, ReadRelease>, FleetReadError> {
        let mut stored = self.published_blocks(period, ReleaseStage::Provisional.name()).await?;
        // A later one of the same day replaces an earlier one.
        stored.extend(self.published_blocks(period, ReleaseStage::Final.name()).await?);
        on_other_thread(move || {
            let mut releases = BTreeMap::new();
            for StoredBlock { day, made_at, block } in stored {
                releases.insert(day, ReadRelease { day, made_at, published: decode_release(&block)? });
            }
            releases.retain(|_, release: &mut ReadRelease| !release.published.base.is_empty());
            Ok(releases)
        })
        .await
    }

    async fn published_blocks(
        &self,
        period: &PublishedPeriod,
        name: &str,
    ) -> StorageResult<Vec<StoredBlock>> {
        let PublishedPeriod { product, first, last, .. } = period;
        self.store().blocks(BlockLayer::Published, product, name, *first, *last).await
    }
}

fn cells_of_versions(release: &ReadRelease) -> PublishedTableRelease {
    let cells = release.published.base.iter().map(|cell| PublishedCellAnswer {
        version: name_of(&cell.base.version),
        label: None,
        installations: cell.installs,
        of_installations: cell.installs,
        sum: None,
        percentiles: Vec::new(),
    });
    PublishedTableRelease {
        release: release.answered(),
        folded_names: release.published.folded_versions,
        cells: cells.collect(),
        without_number: Vec::new(),
    }
}

fn cells_of_table(release: &ReadRelease, table: PublishedTableOfDay) -> PublishedTableRelease {
    let cells = table.cells.into_iter().map(|cell| {
        let percentiles = cell.percentiles.iter().map(|of_cell| PublishedPercentileAnswer {
            percentile: of_cell.percentile,
            at_most: of_cell.at_most,
        });
        PublishedCellAnswer {
            version: name_of(&cell.base.version),
            label: cell.label.as_ref().and_then(name_of),
            installations: cell.installs,
            of_installations: release.installs_of(&cell.base),
            sum: cell.sum,
            percentiles: percentiles.collect(),
        }
    });
    let without_number = table.without_number.into_iter();
    let without_number = without_number
        .map(|cell| PublishedWithoutNumber { version: name_of(&cell.base.version), label: cell.label });
    PublishedTableRelease {
        release: release.answered(),
        folded_names: table.folded_names,
        cells: cells.collect(),
        without_number: without_number.collect(),
    }
}
