//! Adds the installations of a day up to cells.
//!
//! Labels that senders choose are bounded: the [`MOST_LABELS`] most frequent of a table and day are shown, the
//! others are counted as `other`. An installation counts once in `other`, however many such labels it has.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use headcount_shared::payload::AlertingIntegration;

use super::{
    cell_block::{CellBlock, CellKey, CellSums},
    cell_table::CellTable,
};
use crate::{
    installation_day::{InstallationDay, InstallationDays, SampleBuckets},
    log_bucket::LogBucket,
    name_table::OTHER,
    published::{COUNT_CLASSES, count_class_place},
    typed_report::{IntegrationFlag, SCREEN_SIZES},
};

/// The most labels, and the most versions, of a table and day.
pub const MOST_LABELS: usize = 500;

/// Cells by key.
pub(crate) type CellMap<K> = HashMap<K, CellSums, FixedState>;

/// What reports say about times, by table, version, name and bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ReadingKey {
    pub(crate) table: CellTable,
    pub(crate) version: u32,
    pub(crate) name: u32,
    pub(crate) bucket: LogBucket,
}

/// The blocks of all tables of a day. Tables without cells have an empty block, so that it replaces an older one.
pub(crate) fn cell_blocks(
    days: &InstallationDays,
    readings: &CellMap<ReadingKey>,
) -> Vec<(CellTable, CellBlock)> {
    let versions = frequent_versions(days, readings);
    let block = |table: CellTable| {
        let block = if table.counts_reports() {
            reading_block(table, days, readings, &versions)
        } else {
            installation_block(table, days, &versions)
        };
        (table, block)
    };
    CellTable::ALL.into_iter().map(block).collect()
}

/// One row of an installation in a table.
struct TableEntry {
    /// An index of [`fixed_labels`] or, without any, the number of a name.
    label: u32,
    bucket: LogBucket,
    value: u64,
}

/// The numbers that names have in a block: those of the most frequent ones, and 0 for all others.
struct FrequentNames {
    number_by_name: Vec<u32>,
    names: Vec<String>,
    folded: u64,
}

impl FrequentNames {
    /// Numbers the names with the largest counts, in the order of the names.
    fn choose(counts: &[u64], name: impl Fn(u32) -> String) -> Self {
        let used = (0_u32..).zip(counts).filter(|(_, count)| **count > 0).map(|(number, _)| number);
        let mut used: Vec<_> =
            used.filter(|number| name(*number) != OTHER).map(|number| (name(number), number)).collect();
        let count = |number: u32| counts.get(number as usize).copied().unwrap_or_default();
        used.sort_by(|(a_name, a), (b_name, b)| count(*b).cmp(&count(*a)).then_with(|| a_name.cmp(b_name)));
        let folded = used.len().saturating_sub(MOST_LABELS) as u64;
        used.truncate(MOST_LABELS);
        used.sort();
        let mut number_by_name = vec![0; counts.len()];
        let mut names = vec![OTHER.to_owned()];
        for (name, number) in used {
            if let Some(slot) = number_by_name.get_mut(number as usize) {
                *slot = u32::try_from(names.len()).unwrap_or_default();
            }
            names.push(name);
        }
        Self { number_by_name, names, folded }
    }

    fn number(&self, name: u32) -> u32 {
        self.number_by_name.get(name as usize).copied().unwrap_or_default()
    }
}

fn count_name(counts: &mut Vec<u64>, name: u32, count: u64) {
    let at = name as usize;
    if at >= counts.len() {
        counts.resize(at + 1, 0);
    }
    if let Some(slot) = counts.get_mut(at) {
        *slot = slot.saturating_add(count);
    }
}

fn frequent_versions(days: &InstallationDays, readings: &CellMap<ReadingKey>) -> FrequentNames {
    let mut counts = Vec::new();
    for row in &days.installations {
        // A version of an installation weighs more than one that only earlier reports of the day have.
        count_name(&mut counts, row.version, 1 << 32);
    }
    for key in readings.keys() {
        count_name(&mut counts, key.version, 1);
    }
    FrequentNames::choose(&counts, |number| days.versions.name(number).to_owned())
}

fn installation_block(table: CellTable, days: &InstallationDays, versions: &FrequentNames) -> CellBlock {
    let fixed = fixed_labels(table);
    let mut entries = Vec::new();
    let mut counts = vec![0; fixed.len()];
    if fixed.is_empty() {
        for row in &days.installations {
            table_entries(table, row, &mut entries);
            entries.drain(..).for_each(|entry| count_name(&mut counts, entry.label, 1));
        }
    }
    let labels =
        (fixed.is_empty()).then(|| FrequentNames::choose(&counts, |name| days.names.name(name).to_owned()));
    let number = |label: u32| labels.as_ref().map_or(label, |labels| labels.number(label));
    let mut cells = CellMap::default();
    for row in &days.installations {
        table_entries(table, row, &mut entries);
        for entry in &mut entries {
            entry.label = number(entry.label);
        }
        entries.sort_by_key(|entry| (entry.label, entry.bucket));
        let mut before = None;
        for TableEntry { label, bucket, value } in entries.drain(..) {
            let key = CellKey {
                version: versions.number(row.version),
                database: if table.has_database_and_size() { row.database.position() } else { 0 },
                size: if table.has_size() { row.size_class().position() } else { 0 },
                label,
                bucket,
            };
            let is_first = before.replace((label, bucket)) != Some((label, bucket));
            let count = u64::from(row.is_counted() && is_first);
            cells.entry(key).or_default().add(CellSums { count, value });
        }
    }
    let (label_names, folded_labels) = match labels {
        Some(labels) => (labels.names, labels.folded),
        None => (fixed.iter().map(|label| (*label).to_owned()).collect(), 0),
    };
    block(cells, versions, label_names, folded_labels)
}

fn reading_block(
    table: CellTable,
    days: &InstallationDays,
    readings: &CellMap<ReadingKey>,
    versions: &FrequentNames,
) -> CellBlock {
    let of_table = || readings.iter().filter(|(key, _)| key.table == table);
    let mut counts = Vec::new();
    of_table().for_each(|(key, sums)| count_name(&mut counts, key.name, sums.count));
    let labels = FrequentNames::choose(&counts, |name| days.names.name(name).to_owned());
    let mut cells = CellMap::default();
    for (reading, sums) in of_table() {
        let key = CellKey {
            version: versions.number(reading.version),
            label: labels.number(reading.name),
            bucket: reading.bucket,
            ..CellKey::default()
        };
        cells.entry(key).or_default().add(*sums);
    }
    block(cells, versions, labels.names, labels.folded)
}

fn block(
    cells: CellMap<CellKey>,
    versions: &FrequentNames,
    labels: Vec<String>,
    folded_labels: u64,
) -> CellBlock {
    let mut cells: Vec<_> = cells.into_iter().collect();
    cells.sort_unstable_by_key(|(key, _)| *key);
    CellBlock {
        versions: versions.names.clone(),
        labels,
        folded_versions: versions.folded,
        folded_labels,
        cells,
    }
}

/// The labels of a table whose labels no sender chooses.
fn fixed_labels(table: CellTable) -> Vec<&'static str> {
    match table {
        CellTable::Installations | CellTable::Browsers | CellTable::PageViews | CellTable::Deployments => {
            vec![""]
        }
        CellTable::Flags => IntegrationFlag::ALL.map(IntegrationFlag::label).to_vec(),
        CellTable::Alerting | CellTable::Notifications => {
            AlertingIntegration::ALL.map(AlertingIntegration::name).to_vec()
        }
        CellTable::Sizes => {
            crate::typed_report::InstallationSizes::default().named().map(|(name, _)| name).to_vec()
        }
        CellTable::NodeClasses | CellTable::ApplicationClasses => COUNT_CLASSES.to_vec(),
        CellTable::ScreenSizes => SCREEN_SIZES.map(|size| size.as_str()).to_vec(),
        CellTable::Cpu | CellTable::Memory => SAMPLE_LABELS.to_vec(),
        _ => Vec::new(),
    }
}

/// The labels of [`CellTable::Cpu`] and [`CellTable::Memory`].
const SAMPLE_LABELS: [&str; 2] = [MEAN, "p95"];

/// The label of what an installation uses on average.
pub(crate) const MEAN: &str = "mean";

/// The rows of an installation in a table.
fn table_entries(table: CellTable, row: &InstallationDay, entries: &mut Vec<TableEntry>) {
    let plain = |label, value| TableEntry { label, bucket: LogBucket::ZERO, value };
    let names = |names: &[u32]| names.iter().map(|name| plain(*name, 0)).collect::<Vec<_>>();
    let counts =
        |counts: &[(u32, u64)]| counts.iter().map(|(name, value)| plain(*name, *value)).collect::<Vec<_>>();
    let fixed = |values: &[u64]| {
        (0..)
            .zip(values)
            .filter(|(_, value)| **value > 0)
            .map(|(label, value)| plain(label, *value))
            .collect::<Vec<_>>()
    };
    let class = |number| u32::try_from(count_class_place(number)).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a bucket is a tenth of the value wide")]
    let sized = |label, value: u64| TableEntry { label, bucket: LogBucket::containing(value as f64), value };
    match table {
        CellTable::Installations => entries.push(plain(0, u64::from(row.reports))),
        CellTable::Flags if row.is_counted() => {
            entries.extend(
                (0..)
                    .zip(IntegrationFlag::ALL)
                    .filter(|(_, flag)| row.flags.has(*flag))
                    .map(|(label, _)| plain(label, 0)),
            );
        }
        CellTable::Alerting => {
            entries.extend(
                (0..AlertingIntegration::ALL.len())
                    .filter(|bit| row.alerting & (1 << bit) != 0)
                    .map(|bit| plain(u32::try_from(bit).unwrap_or_default(), 0)),
            );
        }
        CellTable::Clouds => entries.extend(names(&row.clouds)),
        CellTable::Services => entries.extend(names(&row.services)),
        CellTable::InstrumentedServices => entries.extend(names(&row.instrumented_services)),
        CellTable::InspectionOverrides => entries.extend(counts(&row.overrides)),
        CellTable::Sizes if row.is_counted() => {
            entries.extend((0..).zip(row.sizes.named()).map(|(label, (_, value))| sized(label, value)));
        }
        CellTable::NodeClasses if row.is_counted() => entries.push(plain(class(row.sizes.nodes), 0)),
        CellTable::ApplicationClasses if row.is_counted() => {
            entries.push(plain(class(row.sizes.applications), 0));
        }
        CellTable::Pages => entries.extend(counts(&row.pages)),
        CellTable::PageViews => entries.push(sized(0, row.page_views)),
        CellTable::ScreenSizes => entries.extend(fixed(&row.screen_sizes)),
        CellTable::Browsers => entries.push(sized(0, row.browsers)),
        CellTable::Notifications => entries.extend(fixed(&row.notifications)),
        CellTable::Deployments if row.deployments > 0 => entries.push(plain(0, row.deployments)),
        CellTable::DeploymentSummaries => entries.extend(counts(&row.deployment_summaries)),
        CellTable::Cpu => entries.extend(row.cpu.into_iter().flat_map(sample_entries)),
        CellTable::Memory => entries.extend(row.memory.into_iter().flat_map(sample_entries)),
        _ => {}
    }
}

fn sample_entries(samples: SampleBuckets) -> [TableEntry; 2] {
    let entry = |label, bucket| TableEntry { label, bucket, value: 0 };
    [entry(0, samples.mean), entry(1, samples.p95)]
}
