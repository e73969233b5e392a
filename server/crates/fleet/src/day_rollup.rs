//! Adds all reports of a product's day up: to one [`InstallationDay`] per installation, and to cells.
//!
//! The result depends only on the reports, not on their order within an installation, so that two processes
//! that roll the same day up write the same.

mod report_times;

use std::{cmp::Reverse, num::NonZeroU32, sync::Arc};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use self::report_times::ReportTimes;
use crate::{
    cells::{cell_block::CellBlock, cell_table::CellTable, day_cells::cell_blocks},
    changes::{FieldKind, InstallationReadings, OpenReadings, ReadingsRollup},
    installation_day::{InstallationDay, InstallationDays, InstallationHash, SampleBuckets},
    log_bucket::{LogBucket, LogHistogram},
    name_table::NameTable,
    profiles::{InstallationStacks, ProfileDay, ProfiledResource, StackDictionary, StackId, VersionProfile},
    typed_report::{SampleSummary, StackValue, TypedReport},
};

/// The most versions of a day that have profiles: those of the most installations.
pub const MOST_PROFILED_VERSIONS: usize = 100;

/// What is known about a report beside its content.
#[derive(Debug, Clone, Copy)]
pub struct ReportOrigin<'a> {
    /// Its installation.
    pub installation: InstallationHash,
    /// When it was made; a report that says nothing later wins nothing.
    pub made_at: u64,
    /// Decides between two reports that were made at the same time.
    pub tie_breaker: u64,
    /// Whether it is of a replica.
    pub is_replica: bool,
    /// Its browsers, under a key of the day; `None` when they were destroyed.
    pub browsers: Option<&'a [u64]>,
}

/// What a day is made of.
#[derive(Debug)]
pub struct RolledUpDay {
    /// The installations.
    pub installations: InstallationDays,
    /// The cells of every table.
    pub tables: Vec<(CellTable, CellBlock)>,
    /// The merged profiles, by version and resource.
    pub profiles: Vec<VersionProfile>,
    /// The readings of installations, if they were asked for.
    pub readings: Option<InstallationReadings>,
}

/// A day while its reports are read. The reports of an installation must follow each other.
#[derive(Debug)]
pub struct DayRollup {
    days: InstallationDays,
    times: ReportTimes,
    profiles: ProfileDay<Arc<StackDictionary>>,
    /// The browsers of installations as they were counted before.
    browsers_before: HashMap<InstallationHash, u64, FixedState>,
    current: Option<InstallationFold>,
    installation_readings: Option<ReadingsRollup>,
}

impl DayRollup {
    /// A day without reports. The dictionary must know the stacks of their profiles; others count as one.
    #[must_use]
    pub fn new(dictionary: Arc<StackDictionary>) -> Self {
        let profiles = ProfileDay::new(dictionary);
        Self {
            days: InstallationDays::empty(),
            times: ReportTimes::default(),
            profiles,
            browsers_before: HashMap::default(),
            current: None,
            installation_readings: None,
        }
    }

    /// Also keeps what each installation measured, to find what a release changes.
    #[must_use]
    pub fn with_readings(self) -> Self {
        Self { installation_readings: Some(ReadingsRollup::default()), ..self }
    }

    /// Takes over the numbers of browsers of an earlier computation of the day, after its browsers were destroyed.
    #[must_use]
    pub fn with_browsers_of(self, earlier: &InstallationDays) -> Self {
        let browsers = earlier.installations.iter().filter(|row| row.browsers > 0);
        Self { browsers_before: browsers.map(|row| (row.installation, row.browsers)).collect(), ..self }
    }

    /// Adds a report.
    pub fn add(&mut self, origin: &ReportOrigin<'_>, report: &TypedReport<'_>) {
        if self.current.as_ref().is_some_and(|current| current.day.installation != origin.installation) {
            self.finish_installation();
        }
        let Self { days: InstallationDays { versions, names, .. }, times, current, .. } = self;
        let version = versions.number(report.version);
        let fold = current.get_or_insert_with(|| InstallationFold::new(origin.installation));
        if origin.is_replica {
            fold.day.replica_reports += 1;
        } else {
            fold.add_state(origin, version, report, names);
        }
        fold.add_use(origin, version, report, names);
        let read = self.installation_readings.as_mut();
        let of_installation = read.and_then(|read| read.open(origin.installation));
        times.begin_report(version);
        add_times(times, of_installation, report, names);
    }

    fn finish_installation(&mut self) {
        self.times.close_installation();
        if let Some(fold) = self.current.take() {
            for stacks in &fold.stacks {
                let version = self.days.versions.name(stacks.version);
                if let Some(reports) = NonZeroU32::new(stacks.reports) {
                    let InstallationProfile { resource, stacks, .. } = stacks;
                    let installation = InstallationStacks { version, resource: *resource, reports, stacks };
                    self.profiles.add_installation(&installation);
                    if let Some(readings) = &mut self.installation_readings {
                        let shares = self.profiles.last_own_shares();
                        readings.add_profile(fold.day.installation, *resource, shares);
                    }
                }
            }
            let mut day = fold.finish();
            let before = self.browsers_before.get(&day.installation).copied().unwrap_or_default();
            day.browsers = day.browsers.max(before);
            self.days.installations.push(day);
        }
    }

    /// The day of all reports.
    #[must_use]
    pub fn finish(mut self) -> RolledUpDay {
        self.finish_installation();
        self.days.installations.sort_unstable_by_key(|day| day.installation);
        let tables = cell_blocks(&self.days, &self.times.into_cells());
        let names = |function| self.profiles.dictionary().name_of_function(function);
        let readings = self.installation_readings.map(|readings| readings.finish(&self.days.names, names));
        let mut profiles = self.profiles.into_profiles();
        profiles.sort_by_key(|one| Reverse(one.profile.installations));
        let mut versions = Vec::new();
        profiles.retain(|one| {
            let is_kept = versions.contains(&one.version) || versions.len() < MOST_PROFILED_VERSIONS;
            if is_kept && !versions.contains(&one.version) {
                versions.push(one.version.clone());
            }
            is_kept
        });
        RolledUpDay { installations: self.days, tables, profiles, readings }
    }
}

/// Adds the times of a report, also to those of its installation if they are read.
fn add_times(
    times: &mut ReportTimes,
    mut of_installation: Option<&mut OpenReadings>,
    report: &TypedReport<'_>,
    names: &mut NameTable,
) {
    let mut add_own = |kind, name, time| {
        if let Some(readings) = &mut of_installation {
            readings.add_time(kind, name, time);
        }
    };
    for (name, time) in &report.stages {
        let name = times.number(CellTable::Stages, name, names);
        times.add(CellTable::Stages, name, *time, 0);
        add_own(FieldKind::Stage, name, *time);
    }
    for query in &report.queries {
        let name = times.number(CellTable::Queries, query.name, names);
        times.add(CellTable::Queries, name, query.time, u64::from(query.has_failed));
        times.add(CellTable::QuerySeries, name, LogBucket::ZERO, query.series);
        add_own(FieldKind::Query, name, query.time);
    }
    for (name, time) in [("world_load", report.world_load_time), ("audit", report.audit_time)] {
        // Zero means that nothing was loaded.
        if time != LogBucket::ZERO {
            let name = times.number(CellTable::WorldTimes, name, names);
            times.add(CellTable::WorldTimes, name, time, 0);
            add_own(FieldKind::WorldTime, name, time);
        }
    }
}

/// The profiles of an installation with one version.
#[derive(Debug)]
struct InstallationProfile {
    version: u32,
    resource: ProfiledResource,
    reports: u32,
    stacks: Vec<(StackId, u64)>,
}

/// One installation while its reports are read.
#[derive(Debug)]
struct InstallationFold {
    day: InstallationDay,
    /// The time and tie-breaker of the report that the version is from.
    latest: Option<(u64, u64)>,
    latest_is_replica: bool,
    cpu: SampleSummary,
    memory: SampleSummary,
    browsers: Vec<u64>,
    most_browsers: u64,
    stacks: Vec<InstallationProfile>,
}

impl InstallationFold {
    fn new(installation: InstallationHash) -> Self {
        Self {
            day: InstallationDay::without_reports(installation),
            latest: None,
            latest_is_replica: true,
            cpu: SampleSummary::default(),
            memory: SampleSummary::default(),
            browsers: Vec::new(),
            most_browsers: 0,
            stacks: Vec::new(),
        }
    }

    /// What only the leader of an installation says.
    fn add_state(
        &mut self,
        origin: &ReportOrigin<'_>,
        version: u32,
        report: &TypedReport<'_>,
        names: &mut NameTable,
    ) {
        let day = &mut self.day;
        day.reports += 1;
        let order = (origin.made_at, origin.tie_breaker);
        if self.latest_is_replica || self.latest.is_none_or(|latest| order > latest) {
            (self.latest, self.latest_is_replica) = (Some(order), false);
            day.version = version;
            day.database = report.database;
        }
        day.flags = day.flags.union(report.flags);
        day.alerting |= report.alerting;
        day.sizes = day.sizes.largest(report.sizes);
        day.deployments = day.deployments.saturating_add(report.deployments);
        add_each(&mut day.notifications, &report.notifications, u64::saturating_add);
        for (list, of_report) in [
            (&mut day.clouds, &report.clouds),
            (&mut day.services, &report.services),
            (&mut day.instrumented_services, &report.instrumented_services),
        ] {
            add_names(list, of_report, names);
        }
        for (name, projects, applications) in &report.overrides {
            largest_by_name(&mut day.overrides, names.number(name), projects.saturating_add(*applications));
        }
        for (name, count) in &report.deployment_summaries {
            sum_by_name(&mut day.deployment_summaries, names.number(name), *count);
        }
    }

    /// What every server of an installation says of itself.
    fn add_use(
        &mut self,
        origin: &ReportOrigin<'_>,
        version: u32,
        report: &TypedReport<'_>,
        names: &mut NameTable,
    ) {
        let order = (origin.made_at, origin.tie_breaker);
        if self.latest_is_replica && self.latest.is_none_or(|latest| order > latest) {
            self.latest = Some(order);
            self.day.version = version;
        }
        for (page, views) in &report.page_views {
            sum_by_name(&mut self.day.pages, names.number(page), *views);
            self.day.page_views = self.day.page_views.saturating_add(*views);
        }
        add_each(&mut self.day.screen_sizes, &report.screen_sizes, u64::max);
        self.most_browsers = self.most_browsers.max(report.browsers);
        self.browsers.extend(origin.browsers.unwrap_or_default());
        add_samples(&mut self.cpu, &report.cpu);
        add_samples(&mut self.memory, &report.memory);
        self.add_stacks(version, ProfiledResource::Cpu, &report.cpu_stacks);
        self.add_stacks(version, ProfiledResource::Heap, &report.memory_stacks);
    }

    fn add_stacks(&mut self, version: u32, resource: ProfiledResource, of_report: &[StackValue]) {
        if of_report.is_empty() {
            return;
        }
        let is_same = |known: &InstallationProfile| known.version == version && known.resource == resource;
        let place = self.stacks.iter().position(is_same).unwrap_or_else(|| {
            self.stacks.push(InstallationProfile { version, resource, reports: 0, stacks: Vec::new() });
            self.stacks.len() - 1
        });
        if let Some(profile) = self.stacks.get_mut(place) {
            profile.reports += 1;
            profile.stacks.extend(of_report.iter().map(|stack| (StackId(stack.stack), stack.value)));
        }
    }

    fn finish(self) -> InstallationDay {
        let Self { mut day, cpu, memory, mut browsers, most_browsers, .. } = self;
        browsers.sort_unstable();
        browsers.dedup();
        day.browsers = most_browsers.max(browsers.len() as u64);
        (day.cpu, day.memory) = (sample_buckets(&cpu), sample_buckets(&memory));
        day
    }
}

fn add_each<const N: usize>(sums: &mut [u64; N], values: &[u64; N], add: fn(u64, u64) -> u64) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum = add(*sum, *value);
    }
}

/// Adds names to a sorted list.
fn add_names(list: &mut Vec<u32>, of_report: &[&str], names: &mut NameTable) {
    for name in of_report {
        let number = names.number(name);
        if let Err(place) = list.binary_search(&number) {
            list.insert(place, number);
        }
    }
}

fn sum_by_name(list: &mut Vec<(u32, u64)>, name: u32, count: u64) {
    combine_by_name(list, name, count, u64::saturating_add);
}

fn largest_by_name(list: &mut Vec<(u32, u64)>, name: u32, count: u64) {
    combine_by_name(list, name, count, u64::max);
}

/// Combines a count with that of the same name in a sorted list.
fn combine_by_name(list: &mut Vec<(u32, u64)>, name: u32, count: u64, combine: fn(u64, u64) -> u64) {
    match list.binary_search_by_key(&name, |(name, _)| *name) {
        Ok(place) => {
            if let Some((_, sum)) = list.get_mut(place) {
                *sum = combine(*sum, count);
            }
        }
        Err(place) => list.insert(place, (name, count)),
    }
}

fn add_samples(all: &mut SampleSummary, of_report: &SampleSummary) {
    all.count = all.count.saturating_add(of_report.count);
    all.sum += of_report.sum;
    all.buckets.extend(&of_report.buckets);
}

fn sample_buckets(samples: &SampleSummary) -> Option<SampleBuckets> {
    let mut histogram = LogHistogram::default();
    samples.buckets.iter().for_each(|(bucket, count)| histogram.add(*bucket, *count));
    #[expect(clippy::cast_precision_loss, reason = "a bucket is a tenth of the value wide")]
    let mean = LogBucket::containing(samples.sum / samples.count as f64);
    Some(SampleBuckets { mean, p95: histogram.percentile_bucket(0.95)? })
}

#[cfg(test)]
mod tests;
