//! Defines what one installation was on one day, and the block that holds all installations of a day.
//!
//! Flags are those of any report of the day, sizes the largest, version and database the last ones by time,
//! page views and other counts the sums. Reports of replicas add page views, browsers and samples only.
//!
//! A block is a header with the names, and then groups of installations that are compressed by themselves: one
//! installation is found without the others.

mod grouped_block;

use serde::{Deserialize, Serialize};

pub use self::grouped_block::BlockStart;
use self::grouped_block::{DayHeader, GroupedBlock};
use crate::{
    block_codec::{BlockError, decode_block, decode_block_start, encode_block, pack_sorted, unpack_sorted},
    log_bucket::LogBucket,
    name_table::NameTable,
    size_class::SizeClass,
    typed_report::{DatabaseKind, InstallationSizes, IntegrationFlags},
};

/// The version of the block.
const VERSION: u8 = 2;

/// The most installations of a group.
const GROUP: usize = 1024;

/// The most different versions, and the most different other names, in a block.
pub(crate) const MOST_NAMES: usize = 100_000;

/// Identifies an installation within a collector: a hash of its UUID under a key of the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstallationHash(pub u64);

/// The mean and the 95th percentile of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleBuckets {
    /// The bucket of the mean.
    pub mean: LogBucket,
    /// The bucket of the 95th percentile.
    pub p95: LogBucket,
}

/// One installation on one day. Names are numbers in the tables of its [`InstallationDays`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationDay {
    /// The installation.
    pub installation: InstallationHash,
    /// The number of its reports; 0 when only replicas reported.
    pub reports: u32,
    /// The number of reports of replicas.
    pub replica_reports: u32,
    /// The last version.
    pub version: u32,
    /// The last kind of database.
    pub database: DatabaseKind,
    /// The flags of any report.
    pub flags: IntegrationFlags,
    /// The kinds of alerting integrations of any report, as in a typed report.
    pub alerting: u8,
    /// The largest sizes.
    pub sizes: InstallationSizes,
    /// Rollouts.
    pub deployments: u64,
    /// Different browsers.
    pub browsers: u64,
    /// The most browsers of each screen size in a report.
    pub screen_sizes: [u64; 6],
    /// Sent notifications, by type of destination.
    pub notifications: [u64; 5],
    /// Page views of all pages.
    pub page_views: u64,
    /// CPU usage in cores; `None` without samples.
    pub cpu: Option<SampleBuckets>,
    /// Resident memory in bytes; `None` without samples.
    pub memory: Option<SampleBuckets>,
    /// Clouds, sorted.
    pub clouds: Vec<u32>,
    /// Services, sorted.
    pub services: Vec<u32>,
    /// Instrumented services, sorted.
    pub instrumented_services: Vec<u32>,
    /// Overridden inspections with the number of projects and applications that override them, sorted.
    pub overrides: Vec<(u32, u64)>,
    /// Pages with views, sorted. Not stored.
    pub pages: Vec<(u32, u64)>,
    /// Changes that rollouts brought, sorted. Not stored.
    pub deployment_summaries: Vec<(u32, u64)>,
}

impl InstallationDay {
    /// An installation of which nothing is known yet.
    #[must_use]
    pub fn without_reports(installation: InstallationHash) -> Self {
        Self {
            installation,
            reports: 0,
            replica_reports: 0,
            version: 0,
            database: DatabaseKind::Unknown,
            flags: IntegrationFlags::default(),
            alerting: 0,
            sizes: InstallationSizes::default(),
            deployments: 0,
            browsers: 0,
            screen_sizes: [0; 6],
            notifications: [0; 5],
            page_views: 0,
            cpu: None,
            memory: None,
            clouds: Vec::new(),
            services: Vec::new(),
            instrumented_services: Vec::new(),
            overrides: Vec::new(),
            pages: Vec::new(),
            deployment_summaries: Vec::new(),
        }
    }

    /// Whether the installation counts as one: a report that was not a replica's has arrived.
    #[must_use]
    pub const fn is_counted(&self) -> bool {
        self.reports > 0
    }

    /// The class of its size.
    #[must_use]
    pub const fn size_class(&self) -> SizeClass {
        SizeClass::of_nodes(self.sizes.nodes)
    }
}

/// All installations of a product on one day.
#[derive(Debug, Clone)]
pub struct InstallationDays {
    /// The versions that [`InstallationDay::version`] numbers.
    pub versions: NameTable,
    /// All other names.
    pub names: NameTable,
    /// The installations, sorted by their hash.
    pub installations: Vec<InstallationDay>,
}

/// The installations that count on one day, with their versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountedInstallations {
    /// The versions.
    pub versions: Vec<String>,
    /// The installations with the places of their versions in `versions`, sorted.
    pub installations: Vec<(InstallationHash, u32)>,
}

impl CountedInstallations {
    /// Those of a day's block. Decoding them takes a fraction of the time that the whole block takes.
    ///
    /// # Errors
    /// [`BlockError::UnknownVersion`] and [`BlockError::Damaged`].
    pub fn decode(block: &[u8]) -> Result<Self, BlockError> {
        let GroupedBlock { header, groups } = GroupedBlock::split(block)?;
        let mut installations = Vec::new();
        for (_, group) in groups {
            let FirstColumns { installation, reports, version } = decode_block_start(VERSION, group)?;
            let hashes = unpack_sorted(&installation);
            if hashes.len() != reports.len() || hashes.len() != version.len() {
                return Err(BlockError::Damaged);
            }
            let rows = hashes.into_iter().zip(reports).zip(version).filter(|((_, reports), _)| *reports > 0);
            installations.extend(rows.map(|((hash, _), version)| (InstallationHash(hash), version)));
        }
        Ok(Self { versions: header.versions, installations })
    }
}

/// The first of [`GroupColumns`], in their order.
#[derive(Deserialize)]
struct FirstColumns {
    installation: Vec<u8>,
    reports: Vec<u32>,
    version: Vec<u32>,
}

/// A group: a column per field, so that equal values lie side by side. [`FirstColumns`] has its first fields.
#[derive(Serialize, Deserialize)]
struct GroupColumns {
    installation: Vec<u8>,
    reports: Vec<u32>,
    version: Vec<u32>,
    replica_reports: Vec<u32>,
    /// Different lists of names: most installations share theirs with others.
    lists: Vec<Vec<u32>>,
    database: Vec<DatabaseKind>,
    flags: Vec<IntegrationFlags>,
    alerting: Vec<u8>,
    sizes: [Vec<u64>; 5],
    deployments: Vec<u64>,
    browsers: Vec<u64>,
    screen_sizes: [Vec<u64>; 6],
    notifications: [Vec<u64>; 5],
    page_views: Vec<u64>,
    cpu_mean: Vec<LogBucket>,
    cpu_p95: Vec<LogBucket>,
    memory_mean: Vec<LogBucket>,
    memory_p95: Vec<LogBucket>,
    has_samples: Vec<u8>,
    clouds: Vec<u32>,
    services: Vec<u32>,
    instrumented_services: Vec<u32>,
    overrides: Vec<u32>,
    override_counts: Vec<u64>,
}

const HAS_CPU: u8 = 1;
const HAS_MEMORY: u8 = 2;

impl InstallationDays {
    /// A day without installations.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            versions: NameTable::with_capacity_for(MOST_NAMES),
            names: NameTable::with_capacity_for(MOST_NAMES),
            installations: Vec::new(),
        }
    }

    /// The block of the day.
    ///
    /// # Errors
    /// [`BlockError::Unencodable`], which does not happen.
    pub fn encode(&self) -> Result<Vec<u8>, BlockError> {
        let mut header =
            DayHeader { versions: texts(&self.versions), names: texts(&self.names), groups: Vec::new() };
        let mut groups = Vec::new();
        for rows in self.installations.chunks(GROUP) {
            let group = encode_block(VERSION, &GroupColumns::from_rows(rows))?;
            let last = rows.last().map(|row| row.installation).ok_or(BlockError::Unencodable)?;
            let length = u32::try_from(group.len()).map_err(|_| BlockError::Unencodable)?;
            header.groups.push((last, length));
            groups.push(group);
        }
        GroupedBlock::join(&header, &groups)
    }

    /// The day of a block. Pages and summaries of rollouts are not in it.
    ///
    /// # Errors
    /// [`BlockError::UnknownVersion`] and [`BlockError::Damaged`].
    pub fn decode(block: &[u8]) -> Result<Self, BlockError> {
        let block = GroupedBlock::split(block)?;
        let mut days = Self::with_names_of(&block.header)?;
        for (last, group) in block.groups {
            days.installations.extend(decode_group(last, group)?);
        }
        Ok(days)
    }

    /// The day with this installation alone, if the day has it.
    ///
    /// # Errors
    /// As for [`InstallationDays::decode`].
    pub fn decode_one(block: &[u8], installation: InstallationHash) -> Result<Self, BlockError> {
        let start = BlockStart::decode(block)?;
        let Some(place) = start.place_of(installation) else { return start.without_installations() };
        start.decode_one(block.get(place).ok_or(BlockError::Damaged)?, installation)
    }

    fn with_names_of(header: &DayHeader) -> Result<Self, BlockError> {
        let mut days = Self::empty();
        number_again(&mut days.versions, &header.versions)?;
        number_again(&mut days.names, &header.names)?;
        Ok(days)
    }
}

/// The installations of a group, of which `last` must be the last one.
fn decode_group(last: InstallationHash, group: &[u8]) -> Result<Vec<InstallationDay>, BlockError> {
    let columns: GroupColumns = decode_block(VERSION, group)?;
    let mut override_counts = columns.override_counts.iter().copied();
    let hashes = columns.hashes()?;
    if hashes.last() != Some(&last.0) {
        return Err(BlockError::Damaged);
    }
    let rows =
        (0..hashes.len()).map(|at| columns.row(&hashes, at, &mut override_counts).ok_or(BlockError::Damaged));
    rows.collect()
}

impl GroupColumns {
    fn from_rows(rows: &[InstallationDay]) -> Self {
        let mut lists = ListNumbers::default();
        let samples = |samples: fn(&InstallationDay) -> Option<SampleBuckets>,
                       bucket: fn(SampleBuckets) -> LogBucket| {
            rows.iter().map(|row| samples(row).map_or(LogBucket::ZERO, bucket)).collect()
        };
        let hashes: Vec<_> = rows.iter().map(|row| row.installation.0).collect();
        Self {
            installation: pack_sorted(&hashes),
            reports: rows.iter().map(|row| row.reports).collect(),
            version: rows.iter().map(|row| row.version).collect(),
            replica_reports: rows.iter().map(|row| row.replica_reports).collect(),
            database: rows.iter().map(|row| row.database).collect(),
            flags: rows.iter().map(|row| row.flags).collect(),
            alerting: rows.iter().map(|row| row.alerting).collect(),
            sizes: std::array::from_fn(|at| rows.iter().map(|row| row.sizes.named()[at].1).collect()),
            deployments: rows.iter().map(|row| row.deployments).collect(),
            browsers: rows.iter().map(|row| row.browsers).collect(),
            screen_sizes: std::array::from_fn(|at| rows.iter().map(|row| row.screen_sizes[at]).collect()),
            notifications: std::array::from_fn(|at| rows.iter().map(|row| row.notifications[at]).collect()),
            page_views: rows.iter().map(|row| row.page_views).collect(),
            cpu_mean: samples(|row| row.cpu, |samples| samples.mean),
            cpu_p95: samples(|row| row.cpu, |samples| samples.p95),
            memory_mean: samples(|row| row.memory, |samples| samples.mean),
            memory_p95: samples(|row| row.memory, |samples| samples.p95),
            has_samples: rows
                .iter()
                .map(|row| row.cpu.map_or(0, |_| HAS_CPU) | row.memory.map_or(0, |_| HAS_MEMORY))
                .collect(),
            clouds: rows.iter().map(|row| lists.number(&row.clouds)).collect(),
            services: rows.iter().map(|row| lists.number(&row.services)).collect(),
            instrumented_services: rows.iter().map(|row| lists.number(&row.instrumented_services)).collect(),
            overrides: rows
                .iter()
                .map(|row| lists.number(&row.overrides.iter().map(|(name, _)| *name).collect::<Vec<_>>()))
                .collect(),
            override_counts: rows
                .iter()
                .flat_map(|row| row.overrides.iter().map(|(_, count)| *count))
                .collect(),
            lists: lists.lists,
        }
    }

    fn hashes(&self) -> Result<Vec<u64>, BlockError> {
        let hashes = unpack_sorted(&self.installation);
        if self.reports.len() == hashes.len() { Ok(hashes) } else { Err(BlockError::Damaged) }
    }

    /// How many overrides the rows before one have.
    fn overrides_before(&self, at: usize) -> usize {
        let lists = self.overrides.iter().take(at).filter_map(|list| self.lists.get(*list as usize));
        lists.map(Vec::len).sum()
    }

    fn row(
        &self,
        hashes: &[u64],
        at: usize,
        override_counts: &mut impl Iterator<Item = u64>,
    ) -> Option<InstallationDay> {
        let [projects, applications, nodes, instances, application_categories] = &self.sizes;
        let has_samples = *self.has_samples.get(at)?;
        let samples = |has: u8, mean: &[LogBucket], p95: &[LogBucket]| {
            let buckets = SampleBuckets { mean: *mean.get(at)?, p95: *p95.get(at)? };
            Some((has_samples & has != 0).then_some(buckets))
        };
        let list = |numbers: &[u32]| self.lists.get(*numbers.get(at)? as usize).cloned();
        Some(InstallationDay {
            installation: InstallationHash(*hashes.get(at)?),
            reports: *self.reports.get(at)?,
            replica_reports: *self.replica_reports.get(at)?,
            version: *self.version.get(at)?,
            database: *self.database.get(at)?,
            flags: *self.flags.get(at)?,
            alerting: *self.alerting.get(at)?,
            sizes: InstallationSizes {
                projects: *projects.get(at)?,
                applications: *applications.get(at)?,
                nodes: *nodes.get(at)?,
                instances: *instances.get(at)?,
                application_categories: *application_categories.get(at)?,
            },
            deployments: *self.deployments.get(at)?,
            browsers: *self.browsers.get(at)?,
            screen_sizes: values_at(&self.screen_sizes, at)?,
            notifications: values_at(&self.notifications, at)?,
            page_views: *self.page_views.get(at)?,
            cpu: samples(HAS_CPU, &self.cpu_mean, &self.cpu_p95)?,
            memory: samples(HAS_MEMORY, &self.memory_mean, &self.memory_p95)?,
            clouds: list(&self.clouds)?,
            services: list(&self.services)?,
            instrumented_services: list(&self.instrumented_services)?,
            overrides: list(&self.overrides)?
                .into_iter()
                .map(|name| Some((name, override_counts.next()?)))
                .collect::<Option<_>>()?,
            pages: Vec::new(),
            deployment_summaries: Vec::new(),
        })
    }
}

fn values_at<const N: usize>(columns: &[Vec<u64>; N], at: usize) -> Option<[u64; N]> {
    let mut values = [0; N];
    for (value, column) in values.iter_mut().zip(columns) {
        *value = *column.get(at)?;
    }
    Some(values)
}

fn texts(table: &NameTable) -> Vec<String> {
    table.names().iter().map(ToString::to_string).collect()
}

/// Gives stored names the numbers that they had.
fn number_again(table: &mut NameTable, names: &[String]) -> Result<(), BlockError> {
    let are_same = names.iter().enumerate().all(|(number, name)| table.number(name) as usize == number);
    if are_same { Ok(()) } else { Err(BlockError::Damaged) }
}

/// Numbers lists of names in the order in which they are first seen.
#[derive(Default)]
struct ListNumbers {
    lists: Vec<Vec<u32>>,
    numbers: std::collections::HashMap<Vec<u32>, u32>,
}

impl ListNumbers {
    fn number(&mut self, list: &[u32]) -> u32 {
        if let Some(number) = self.numbers.get(list) {
            return *number;
        }
        let number = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        self.lists.push(list.to_vec());
        self.numbers.insert(list.to_vec(), number);
        number
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An installation without anything.
    pub(crate) fn bare(installation: u64) -> InstallationDay {
        InstallationDay { reports: 1, ..InstallationDay::without_reports(InstallationHash(installation)) }
    }

    fn bucket() -> impl Strategy<Value = LogBucket> {
        (0.0..1e6_f64).prop_map(LogBucket::containing)
    }

    fn samples() -> impl Strategy<Value = Option<SampleBuckets>> {
        prop::option::of((bucket(), bucket()).prop_map(|(mean, p95)| SampleBuckets { mean, p95 }))
    }

    prop_compose! {
        fn installation()(
            hash in any::<u64>(),
            reports in 0_u32..30,
            version in 0_u32..4,
            database in prop::sample::select(DatabaseKind::ALL.to_vec()),
            nodes in any::<u64>(),
            browsers in 0_u64..100,
            screen_sizes in any::<[u64; 6]>(),
            cpu in samples(),
            memory in samples(),
            clouds in prop::collection::vec(0_u32..4, 0..3),
            overrides in prop::collection::vec((0_u32..4, 1_u64..9), 0..3),
        ) -> InstallationDay {
            InstallationDay {
                reports,
                version,
                database,
                sizes: InstallationSizes { nodes, ..InstallationSizes::default() },
                browsers,
                screen_sizes,
                cpu,
                memory,
                clouds,
                overrides,
                ..bare(hash)
            }
        }
    }

    proptest! {
        #[test]
        fn a_day_is_decoded_as_it_was_encoded(mut installations in prop::collection::vec(installation(), 0..40)) {
            let mut days = InstallationDays::empty();
            for name in ["1.0", "1.1", "2.0"] {
                days.versions.number(name);
                days.names.number(name);
            }
            installations.sort_by_key(|row| row.installation);
            days.installations = installations;
            let block = days.encode().unwrap();
            let counted = CountedInstallations::decode(&block).unwrap();
            let rows = days.installations.iter().filter(|row| row.is_counted());
            let expected = rows.map(|row| (row.installation, row.version)).collect::<Vec<_>>();
            prop_assert_eq!(counted.installations, expected);
            prop_assert_eq!(counted.versions, texts(&days.versions));
            let decoded = InstallationDays::decode(&block).unwrap();
            prop_assert_eq!(decoded.installations, days.installations);
            prop_assert_eq!(decoded.versions.names(), days.versions.names());
            prop_assert_eq!(decoded.names.names(), days.names.names());
        }
    }

    #[test]
    fn an_installation_is_found_in_a_large_day_without_the_others() {
        let mut days = InstallationDays::empty();
        days.versions.number("1.0");
        days.names.number("CPUNode");
        let overrides = |hash: u64| vec![(1, hash); usize::from(hash.is_multiple_of(3))];
        days.installations = (1..=2500)
            .map(|hash| InstallationDay { version: 1, overrides: overrides(hash), ..bare(10 * hash) })
            .collect();
        let block = days.encode().unwrap();
        let all = &days.installations;
        for row in [&all[0], &all[GROUP - 1], &all[GROUP], &all[2499]] {
            let one = InstallationDays::decode_one(&block, row.installation).unwrap();
            assert_eq!(one.installations, std::slice::from_ref(row));
            assert_eq!(one.versions.name(row.version), "1.0");
            let start = BlockStart::decode(&block[..600]).unwrap();
            let place = start.place_of(row.installation).unwrap();
            assert!(place.len() < block.len() / 2);
            let of_group = start.decode_one(&block[place], row.installation).unwrap();
            assert_eq!(of_group.installations, std::slice::from_ref(row));
        }
        for missing in [9, 11, 25_001] {
            let none = InstallationDays::decode_one(&block, InstallationHash(missing)).unwrap();
            assert!(none.installations.is_empty());
        }
        assert_eq!(InstallationDays::decode(&block).unwrap().installations, days.installations);
        assert_eq!(CountedInstallations::decode(&block).unwrap().installations.len(), 2500);
    }

    proptest! {
        #[test]
        fn no_change_of_a_byte_breaks_the_decoder(at in any::<prop::sample::Index>(), bit in 0_u8..8, cut in any::<prop::sample::Index>()) {
            let mut days = InstallationDays::empty();
            days.installations = (1..=50).map(bare).collect();
            let mut block = days.encode().unwrap();
            let at = at.index(block.len());
            block[at] ^= 1 << bit;
            InstallationDays::decode(&block).ok();
            InstallationDays::decode(&block[..cut.index(block.len())]).ok();
            CountedInstallations::decode(&block).ok();
            InstallationDays::decode_one(&block, InstallationHash(7)).ok();
        }
    }
}
