//! What may be published of a fleet: numbers that tell of groups, and of no single installation.
//!
//! A release is made of the installations of one day. They are parted by version first, the same for all tables,
//! and small versions become `other`. Inside of each of these cells every table of a closed list is counted.
//! Each number has noise that a key fixes, and whether a cell is shown depends on the noisy number alone.

mod answer;
mod counts;
pub mod day_input;
pub mod exact;
pub mod flame;
mod fleet_day;
mod fold;
mod label_sets;
mod noise;
mod quantities;
mod rule;
#[cfg(any(test, feature = "test-support"))]
pub mod structure;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub(crate) use self::tables::{COUNT_CLASSES, count_class_place};
pub use self::{
    answer::{
        BaseCellName, CarriedOver, CellLabel, CellWithoutNumber, Publication, PublishedBaseCell,
        PublishedCell, PublishedDay, PublishedPercentile, PublishedTableOfDay,
    },
    fleet_day::{FleetDay, FleetDayError, InstallationFacts},
    noise::NoiseKey,
    rule::{
        BasePartition, LEAST_SMALLEST_GROUP, NoisePart, PublicationRule, PublicationRuleError,
        ReleaseSchedule, ReleaseStage,
    },
    tables::{PUBLISHED_TABLES, PublishedTable, TableDefinition, TableKind, count_class},
};
use self::{
    counts::{CountedDay, LabelCounts, count_labels},
    fold::{CountedGroup, FoldedBase, fold_base, fold_groups},
    label_sets::{ShownLabels, drop_telling_pairs, large_labels},
    noise::{NoiseInput, ReleaseNoise},
    quantities::CellAmounts,
    rule::NoisyCount,
};

/// Which release of whose day.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseOfDay<'a> {
    /// The name of the product.
    pub product: &'a str,
    /// Provisional or final. Both are made with the same key.
    pub stage: ReleaseStage,
    /// The key of the noise.
    pub key: &'a NoiseKey,
}

/// Makes a release of a day. It depends on the installations, not on their order.
///
/// `before` is what the release of the same stage before this one carried over. Without it no open names and no
/// sums are shown.
pub fn publish_day(
    rule: &PublicationRule,
    release: ReleaseOfDay<'_>,
    day: &FleetDay,
    before: Option<&CarriedOver>,
) -> Publication {
    let definitions: Vec<_> = PUBLISHED_TABLES.iter().collect();
    publish_tables(rule, release, day, before, &definitions)
}

/// A release with some of the tables only. What it has is what [`publish_day`] has.
pub(crate) fn publish_tables(
    rule: &PublicationRule,
    release: ReleaseOfDay<'_>,
    day: &FleetDay,
    before: Option<&CarriedOver>,
    definitions: &[&'static TableDefinition],
) -> Publication {
    let noise = ReleaseNoise::new(rule, release.key, release.product, day.day, release.stage);
    let counted = CountedDay::new(rule, day);
    let mut publication = Publication {
        published: PublishedDay {
            day: day.day,
            stage: release.stage,
            smallest_group: rule.smallest_group,
            noise_sd: rule.noise_sd,
            installs: 0,
            base: Vec::new(),
            folded_versions: 0,
            tables: Vec::new(),
        },
        carried: CarriedOver::default(),
    };
    let Some(base) = fold_base(rule, &noise, &counted) else { return publication };
    let published = &mut publication.published;
    let shown = base.cells.iter();
    published.base = shown
        .map(|cell| PublishedBaseCell { base: cell.name.clone(), installs: cell.count.noisy() })
        .collect();
    published.installs = published.base.iter().map(|cell| cell.installs).sum();
    published.folded_versions = rounded_names(rule, &noise, "versions", base.folded_versions);
    let counts = count_labels(&counted, base.cells.len(), &base.cell_of_leaf);
    let work = ReleaseWork { rule, noise, counted, base, counts, before };
    for definition in definitions {
        let (table, carried) = work.table(definition);
        publication.published.tables.push(table);
        publication.carried.take(definition.table, carried);
    }
    publication
}

/// The number of names that are not shown, with noise and rounded.
fn rounded_names(rule: &PublicationRule, noise: &ReleaseNoise, counted: &str, names: usize) -> u32 {
    let input = NoiseInput { counted, base: None, labels: &["names"] };
    let step = f64::from(rule.names_rounded_to);
    #[expect(clippy::cast_precision_loss, reason = "there are few names")]
    let noisy = names as f64 + noise.real(input) * rule.noise_of_names;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and small")]
    let rounded = ((noisy / step).round() * step).max(0.0) as u32;
    if names == 0 { 0 } else { rounded }
}

/// What the next release needs of one table.
#[derive(Default)]
struct CarriedTable {
    names: BTreeSet<String>,
    caps: Vec<(String, f64)>,
}

impl CarriedOver {
    fn take(&mut self, table: PublishedTable, carried: CarriedTable) {
        if !carried.names.is_empty() {
            self.names.insert(table, carried.names);
        }
        if !carried.caps.is_empty() {
            self.caps.insert(table, carried.caps.into_iter().collect());
        }
    }
}

/// A release after the base partition is known.
struct ReleaseWork<'a> {
    rule: &'a PublicationRule,
    noise: ReleaseNoise,
    counted: CountedDay<'a>,
    base: FoldedBase,
    counts: Vec<LabelCounts>,
    before: Option<&'a CarriedOver>,
}

impl ReleaseWork<'_> {
    fn table(&self, definition: &TableDefinition) -> (PublishedTableOfDay, CarriedTable) {
        match definition.kind {
            TableKind::OneLabel => (self.one_label(definition), CarriedTable::default()),
            TableKind::LabelSet => {
                let (labels, names) = self.shown_labels(definition);
                (self.label_set(definition, &labels), CarriedTable { names, caps: Vec::new() })
            }
            TableKind::AmountPerLabel { labels_of } => {
                let (labels, _) = self.shown_labels(labels_of.definition());
                self.amounts_per_label(definition, labels_of, &labels)
            }
            TableKind::Amount => self.amount(definition),
        }
    }

    /// A name of a table; amounts use those of the table of their labels.
    fn name(&self, table: PublishedTable, label: u32) -> &str {
        self.counted.day.names[table.position()].name(label)
    }

    fn cell(&self, cell: usize, label: Option<CellLabel>, installs: i64) -> PublishedCell {
        let base = self.base.cells[cell].name.clone();
        PublishedCell { base, label, installs, sum: None, percentiles: Vec::new() }
    }

    fn folded_names(&self, definition: &TableDefinition, shown: &BTreeSet<u32>) -> u32 {
        let counts = &self.counts[definition.table.position()];
        let mut present: Vec<u32> = (0..self.base.cells.len())
            .flat_map(|cell| counts.of_cell(cell))
            .map(|(label, _)| label)
            .collect();
        present.sort_unstable();
        present.dedup();
        let hidden = present.iter().filter(|label| !shown.contains(label)).count();
        rounded_names(self.rule, &self.noise, definition.name, hidden)
    }

    fn one_label(&self, definition: &TableDefinition) -> PublishedTableOfDay {
        let counts = &self.counts[definition.table.position()];
        let mut cells = Vec::new();
        let mut shown = BTreeSet::new();
        for (position, base) in self.base.cells.iter().enumerate() {
            let count_of = |labels: &[&str], installs| {
                let input = NoiseInput { counted: definition.name, base: Some(&base.name), labels };
                NoisyCount { installs, noise: self.noise.whole(input) }
            };
            let groups = counts.of_cell(position).map(|(label, installs)| {
                let name = self.name(definition.table, label);
                CountedGroup { key: label, name, count: count_of(&[name], installs), may_show: true }
            });
            let folded = fold_groups(self.rule, groups.collect(), count_of(&[], 0).noise);
            for (label, count) in &folded.shown {
                shown.insert(*label);
                let name = CellLabel::Name(self.name(definition.table, *label).to_owned());
                cells.push(self.cell(position, Some(name), count.noisy()));
            }
            if !folded.folded.is_empty() {
                // Where no label is shown, `other` is the whole cell, whose number is known already.
                let other = folded.other.filter(|_| !folded.shown.is_empty()).unwrap_or(base.count);
                cells.push(self.cell(position, Some(CellLabel::Other), other.noisy()));
            }
        }
        let folded_names = self.folded_names(definition, &shown);
        PublishedTableOfDay { table: definition.table, cells, without_number: Vec::new(), folded_names }
    }

    /// The labels of a table of sets that are shown in each cell, and the names that are large enough in any.
    fn shown_labels(&self, definition: &TableDefinition) -> (Vec<ShownLabels>, BTreeSet<String>) {
        let counts = &self.counts[definition.table.position()];
        let mut labels = large_labels(self.rule, &self.noise, definition, &self.counted, &self.base, counts);
        let mut large = BTreeSet::new();
        if definition.open_names {
            for label in labels.iter().flat_map(ShownLabels::labels) {
                large.insert(self.name(definition.table, label).to_owned());
            }
        }
        if definition.open_names && self.rule.folds() {
            let before = self.before.and_then(|before| before.names.get(&definition.table));
            let was_large =
                |label| before.is_some_and(|names| names.contains(self.name(definition.table, label)));
            labels.iter_mut().for_each(|labels| labels.retain(was_large));
        }
        drop_telling_pairs(self.rule, &self.noise, definition, &self.counted, &self.base, &mut labels);
        if definition.open_names && self.rule.folds() {
            let is_list = |labels: &ShownLabels| labels.labels().count() >= self.rule.fewest_names;
            labels.iter_mut().filter(|labels| !is_list(labels)).for_each(|labels| labels.retain(|_| false));
        }
        (labels, large)
    }

    fn label_set(&self, definition: &TableDefinition, labels: &[ShownLabels]) -> PublishedTableOfDay {
        let mut cells = Vec::new();
        let mut without_number = Vec::new();
        let mut shown = BTreeSet::new();
        for (position, labels) in labels.iter().enumerate() {
            shown.extend(labels.labels());
            for (label, count) in &labels.shown {
                let name = CellLabel::Name(self.name(definition.table, *label).to_owned());
                cells.push(self.cell(position, Some(name), count.noisy()));
            }
            let base = &self.base.cells[position].name;
            without_number.extend(labels.without_number.iter().map(|label| CellWithoutNumber {
                base: base.clone(),
                label: self.name(definition.table, *label).to_owned(),
            }));
        }
        let folded_names = self.folded_names(definition, &shown);
        PublishedTableOfDay { table: definition.table, cells, without_number, folded_names }
    }

    fn cap(&self, table: PublishedTable, label: &str) -> Option<f64> {
        self.before?.caps.get(&table)?.get(label).copied()
    }

    fn amounts_per_label(
        &self,
        definition: &TableDefinition,
        labels_of: PublishedTable,
        labels: &[ShownLabels],
    ) -> (PublishedTableOfDay, CarriedTable) {
        const NOT_SHOWN: usize = usize::MAX;
        let width = self.counted.day.names[labels_of.position()].len();
        let mut place_of = vec![NOT_SHOWN; width * labels.len()];
        let mut shown_cells = Vec::new();
        let mut shown = BTreeSet::new();
        for (cell, labels) in labels.iter().enumerate() {
            for (label, count) in &labels.shown {
                place_of[cell * width + *label as usize] = shown_cells.len();
                shown_cells.push((cell, *label, *count, CellAmounts::default()));
                shown.insert(*label);
            }
        }
        let mut of_label = vec![CellAmounts::default(); width];
        for (row, cell) in self.counted.rows(&self.base.cell_of_leaf) {
            for (label, amount) in row.amounts_in(definition.table) {
                of_label[label as usize].push(amount);
                if let Some((_, _, _, amounts)) = shown_cells.get_mut(place_of[cell * width + label as usize])
                {
                    amounts.push(amount);
                }
            }
        }
        let cells = shown_cells.into_iter().filter_map(|(cell, label, count, amounts)| {
            let name = self.name(labels_of, label);
            let base = &self.base.cells[cell].name;
            let input = NoiseInput { counted: definition.name, base: Some(base), labels: &[name] };
            let sum =
                amounts.noisy_sum(self.rule, self.cap(definition.table, name)?, self.noise.real(input))?;
            let published = self.cell(cell, Some(CellLabel::Name(name.to_owned())), count.noisy());
            Some(PublishedCell { sum: Some(sum), ..published })
        });
        let table = PublishedTableOfDay {
            table: definition.table,
            cells: cells.collect(),
            without_number: Vec::new(),
            folded_names: self.folded_names(labels_of.definition(), &shown),
        };
        let caps = (0..).zip(&mut of_label).filter_map(|(label, amounts)| {
            Some((self.name(labels_of, label).to_owned(), amounts.cap(self.rule)?))
        });
        (table, CarriedTable { names: BTreeSet::new(), caps: caps.collect() })
    }

    fn amount(&self, definition: &TableDefinition) -> (PublishedTableOfDay, CarriedTable) {
        let mut of_cell = vec![CellAmounts::default(); self.base.cells.len()];
        let mut of_all = CellAmounts::default();
        for (row, cell) in self.counted.rows(&self.base.cell_of_leaf) {
            for (_, amount) in row.amounts_in(definition.table) {
                of_cell[cell].push(amount);
                of_all.push(amount);
            }
        }
        let cap = self.cap(definition.table, "");
        let cells = of_cell.into_iter().enumerate().filter_map(|(position, mut amounts)| {
            let base = &self.base.cells[position];
            let input = NoiseInput { counted: definition.name, base: Some(&base.name), labels: &[] };
            let count = NoisyCount {
                installs: amounts.installs(),
                noise: self.noise.whole(NoiseInput { labels: &["installs"], ..input }),
            };
            if !self.rule.shows(count.installs, count.noise) {
                return None;
            }
            let sum = cap.and_then(|cap| {
                amounts.noisy_sum(self.rule, cap, self.noise.real(NoiseInput { labels: &["sum"], ..input }))
            });
            let percentiles = self.rule.percentiles.iter().filter_map(|percentile| {
                let labels = ["rank", &percentile.to_string()];
                let noise = self.noise.whole(NoiseInput { labels: &labels, ..input });
                let at_most = amounts.percentile(self.rule, count, *percentile, noise)?;
                Some(PublishedPercentile { percentile: *percentile, at_most })
            });
            let percentiles = percentiles.collect();
            // Those few that have no amount are not told by a number beside that of the cell.
            let shown = if self.rule.shows_rest(base.count, count) { count } else { base.count };
            Some(PublishedCell { sum, percentiles, ..self.cell(position, None, shown.noisy()) })
        });
        let cells = cells.collect();
        let table = PublishedTableOfDay {
            table: definition.table,
            cells,
            without_number: Vec::new(),
            folded_names: 0,
        };
        let caps = of_all.cap(self.rule).map(|cap| (String::new(), cap)).into_iter().collect();
        (table, CarriedTable { names: BTreeSet::new(), caps })
    }
}
