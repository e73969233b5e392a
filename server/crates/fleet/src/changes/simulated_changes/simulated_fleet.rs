//! A fleet whose days are invented directly, thousands of times quicker than by reports.
//!
//! Installations come, go, miss days, grow, and take releases at the pace of the simulated fleet whose
//! reports are whole: a third within days, half within weeks, the others late or never. Those that upgrade
//! early are smaller and quicker than the others. Levels are log-normal; each installation has a noise of its
//! own, some with outliers; levels wander and sometimes jump; weekends are quieter. An installation sends 24
//! reports a day; on the day of an upgrade some of them have the old version.

use super::simulated_fields::{
    FLAG_SHARES, FUNCTION_SHARES, NAME_SHARES, NamedKind, PAGE_SHARES, QUERIES, STAGES, SeededChange,
    SeededField, SimulatedField,
};
use crate::{
    attacker::SplitMix,
    calendar_day::CalendarDay,
    cells::{
        cell_block::{CellBlock, CellKey, CellSums},
        cell_table::CellTable,
    },
    changes::{
        ChangedField, DayInput, FunctionShares, InstallationReadings, readings_rollup::function_logarithm,
    },
    installation_day::{InstallationDay, InstallationDays, InstallationHash, SampleBuckets},
    log_bucket::{GROWTH, LogBucket},
    profiles::ProfiledResource,
    typed_report::{InstallationSizes, IntegrationFlag},
};

/// The reports of an installation in a day.
const REPORTS: u64 = 24;

/// The versions before the first release of the plan.
const EARLIER: usize = 2;

/// How far the mean of an installation's day is from its level, in logarithms, for the median of
/// installations: the reports that make it up, and what is the same for all of them.
const TIME_NOISE: f64 = 0.08;
const CPU_NOISE: f64 = 0.1;
const MEMORY_NOISE: f64 = 0.05;

const TIMES: usize = QUERIES + STAGES;

/// Which fleet is invented.
#[derive(Debug, Clone)]
pub struct SimulatedPlan {
    /// Fixes everything.
    pub seed: u64,
    /// The installations on the first day.
    pub installations: u32,
    /// When releases come out, in days since the first one, in order.
    pub releases: Vec<f64>,
    /// What a release changes.
    pub change: Option<SeededChange>,
    /// Whether the times and functions of each installation are known, not only those of versions.
    pub has_own_readings: bool,
}

/// A fleet whose days are taken in order.
#[derive(Debug)]
pub struct UpgradingFleet {
    plan: SimulatedPlan,
    chance: SplitMix,
    day: u32,
    installations: Vec<UpgradingInstallation>,
    next_hash: u64,
}

/// One day.
#[derive(Debug)]
pub struct SimulatedDay {
    day: CalendarDay,
    installations: InstallationDays,
    tables: Vec<(CellTable, CellBlock)>,
    functions: Vec<FunctionShares>,
    readings: Option<InstallationReadings>,
}

impl SimulatedDay {
    /// The day as a finder reads it.
    #[must_use]
    pub fn input(&self) -> DayInput<'_> {
        DayInput {
            day: self.day,
            installations: &self.installations,
            tables: &self.tables,
            functions: &self.functions,
            readings: self.readings.as_ref(),
        }
    }
}

#[derive(Debug)]
struct UpgradingInstallation {
    hash: InstallationHash,
    leaves: f64,
    upgrades: Vec<(f64, usize)>,
    /// Logarithms of CPU usage, memory, the slowness of times, and sizes.
    levels: [f64; 3],
    sizes: [f64; 5],
    growth: f64,
    noise: f64,
    is_autoscaled: bool,
    activity: f64,
    flags: u16,
    names: u32,
    functions: [f64; FUNCTION_SHARES.len()],
    /// Where between 0 and 1 a change is rounded, and whom a switch hits.
    place: f64,
}

/// Sums of a day by version.
#[derive(Debug, Clone, Default)]
struct VersionReadings {
    installations: u64,
    pages: [u64; PAGE_SHARES.len()],
    times: Vec<Vec<u32>>,
    profiles: u64,
    functions: [f64; FUNCTION_SHARES.len()],
}

/// The lowest bucket of times.
const FIRST_BUCKET: i16 = -120;
const BUCKETS: usize = 140;

/// The bucket of a value whose logarithm is given.
fn bucket_of_logarithm(logarithm: f64) -> LogBucket {
    LogBucket::from_index((logarithm / GROWTH.ln()).ceil() as i16)
}

fn normal(chance: &mut SplitMix) -> f64 {
    let bits = chance.next();
    let sum: u64 = [0, 16, 32, 48].iter().map(|shift| (bits >> shift) & 0xffff).sum();
    (sum as f64 / 65_535.0 - 2.0) * 3.0_f64.sqrt()
}

/// Nearly normal, but one of fifty is three times as far away.
fn noisy(chance: &mut SplitMix) -> f64 {
    let far = if chance.is_true(0.02) { 3.0 } else { 1.0 };
    far * normal(chance)
}

fn waiting(chance: &mut SplitMix, mean: f64) -> f64 {
    -mean * (1.0 - chance.uniform()).ln()
}

impl UpgradingFleet {
    /// A fleet before its first day, a Monday.
    #[must_use]
    pub fn new(plan: SimulatedPlan) -> Self {
        let chance = SplitMix::new(plan.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5eed);
        let mut fleet = Self { chance, day: 0, installations: Vec::new(), next_hash: 0, plan };
        for _ in 0..fleet.plan.installations {
            fleet.add_installation(true);
        }
        fleet
    }

    fn add_installation(&mut self, is_founder: bool) {
        let now = f64::from(self.day);
        let chance = &mut self.chance;
        let is_trial = !is_founder && chance.is_true(0.15);
        let leaves = now + if is_trial { waiting(chance, 6.0) } else { waiting(chance, 400.0) };
        let (upgrades, is_quick) = upgrades(chance, &self.plan.releases, now, is_founder);
        let nodes = (7.0_f64.ln() + 1.35 * normal(chance)).clamp(0.0, 8.0);
        let applications = nodes + 2.2_f64.ln() + 0.5 * normal(chance);
        let instances = applications + 2.6_f64.ln() + 0.4 * normal(chance).abs();
        let shift = if is_quick { -0.15 } else { 0.0 };
        let largeness = nodes / 8.0;
        let projects = (1.0 + 3.0 * largeness * waiting(chance, 1.0)).ln();
        let categories =
            if chance.is_true(0.3) { (1.0 + waiting(chance, 3.0)).ln() } else { f64::NEG_INFINITY };
        let mut flags = 0;
        for (at, share) in FLAG_SHARES.iter().enumerate() {
            flags |= u16::from(chance.is_true(share + shift * 0.3)) << at;
        }
        let mut names = 0;
        for (at, (_, _, share)) in NAME_SHARES.iter().enumerate() {
            names |= u32::from(chance.is_true(share * (0.7 + 0.6 * largeness))) << at;
        }
        let slowness = 0.4 * normal(chance) + 0.15 * (instances - 3.7) + shift;
        self.next_hash += 1;
        self.installations.push(UpgradingInstallation {
            hash: InstallationHash(self.next_hash),
            leaves,
            upgrades,
            levels: [
                -3.5 + 0.4 * instances + 0.4 * normal(chance) + shift,
                18.0 + 0.3 * instances + 0.3 * normal(chance) + shift,
                slowness,
            ],
            sizes: [projects, applications.max(0.0), nodes, instances.max(0.0), categories],
            growth: 0.001 + 0.002 * normal(chance),
            noise: (0.5 * normal(chance)).exp(),
            is_autoscaled: chance.is_true(0.3),
            activity: (0.6 * normal(chance) + shift).exp(),
            flags,
            names,
            functions: std::array::from_fn(|_| (0.25 * normal(chance) + 0.5 * shift).exp()),
            place: chance.uniform(),
        });
    }

    /// The next day.
    pub fn next_day(&mut self) -> SimulatedDay {
        let day = CalendarDay::from_unix_seconds((FIRST_DAY + u64::from(self.day)) * 86_400);
        let mut days = InstallationDays::empty();
        let versions = self.plan.releases.len() + EARLIER;
        for version in 0..versions {
            days.versions.number(&version_name(version));
        }
        for (_, name, _) in NAME_SHARES {
            days.names.number(name);
        }
        for page in 0..PAGE_SHARES.len() {
            days.names.number(&page_name(page));
        }
        let mut sums =
            vec![VersionReadings { times: vec![Vec::new(); TIMES], ..VersionReadings::default() }; versions];
        let shocks = [0.01 * normal(&mut self.chance), 0.001 * normal(&mut self.chance)];
        let weekend = day.days_since(day.week_start()) >= 5;
        let today = Today { start: f64::from(self.day), shocks, weekend, change: self.plan.change };
        days.installations.reserve(self.installations.len());
        let mut readings = InstallationReadings { fields: reading_fields(), rows: Vec::new() };
        for one in &mut self.installations {
            one.live(&mut self.chance);
            if !self.chance.is_true(0.01) {
                let (row, of_row) = one.report(&mut self.chance, &today, &mut sums);
                readings.rows.push((row.installation, of_row));
                days.installations.push(row);
            }
        }
        let next = f64::from(self.day + 1);
        self.installations.retain(|one| one.leaves > next);
        self.day += 1;
        let joining = f64::from(self.plan.installations) * 0.0035;
        let joining = joining.floor() + f64::from(u8::from(self.chance.is_true(joining.fract())));
        for _ in 0..joining as u32 {
            self.add_installation(false);
        }
        let (tables, functions) = (tables(&sums), functions(&sums));
        let readings = self.plan.has_own_readings.then_some(readings);
        SimulatedDay { day, installations: days, tables, functions, readings }
    }
}

/// 2026-01-05, a Monday, in days since 1970-01-01.
const FIRST_DAY: u64 = 20_458;

struct Today {
    start: f64,
    shocks: [f64; 2],
    weekend: bool,
    change: Option<SeededChange>,
}

/// When an installation takes which version, and whether it is one of the quick ones.
fn upgrades(
    chance: &mut SplitMix,
    releases: &[f64],
    now: f64,
    is_founder: bool,
) -> (Vec<(f64, usize)>, bool) {
    let habit = chance.uniform();
    let released = releases.iter().filter(|time| **time <= now).count();
    // Some founders have an old version.
    let first = EARLIER - 1 + released - usize::from(is_founder && habit >= 0.85);
    let mut installed = vec![(f64::NEG_INFINITY, first)];
    for (number, time) in releases.iter().enumerate() {
        let delay = match habit {
            0.0..0.35 => 0.1 + waiting(chance, 1.5),
            0.35..0.8 => 1.0 + waiting(chance, 12.0),
            0.8..0.95 => 10.0 + waiting(chance, 80.0),
            _ => f64::INFINITY,
        };
        let taken = time + delay;
        if taken > now && taken.is_finite() {
            let newest = releases.iter().filter(|time| **time <= taken - 0.05).count().max(number + 1);
            installed.push((taken, EARLIER - 1 + newest));
        }
    }
    installed.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    let mut newest = 0;
    installed.retain(|(_, version)| {
        let is_newer = newest == 0 || *version > newest;
        newest = newest.max(*version);
        is_newer
    });
    (installed, habit < 0.35)
}

impl UpgradingInstallation {
    /// What happens to it from one day to the next.
    fn live(&mut self, chance: &mut SplitMix) {
        for level in &mut self.levels {
            *level += 0.01 * self.noise * normal(chance);
        }
        if chance.is_true(0.003) {
            let jump = 0.4 * normal(chance);
            self.levels.iter_mut().for_each(|level| *level += jump);
            self.sizes
                .iter_mut()
                .filter(|size| size.is_finite())
                .for_each(|size| *size = (*size + jump).max(0.0));
        }
        for size in self.sizes.iter_mut().skip(1).take(3) {
            *size = (*size + self.growth).max(0.0);
        }
        if chance.is_true(0.02) {
            self.flags ^= 1 << (chance.next() % FLAG_SHARES.len() as u64);
        }
        if chance.is_true(0.02) {
            self.names ^= 1 << (chance.next() % NAME_SHARES.len() as u64);
        }
    }

    fn version_at(&self, time: f64) -> usize {
        let upgrade = self.upgrades.iter().rev().find(|(since, _)| *since <= time);
        upgrade.map_or(0, |(_, version)| *version)
    }

    fn report(
        &self,
        chance: &mut SplitMix,
        today: &Today,
        sums: &mut [VersionReadings],
    ) -> (InstallationDay, Vec<(u32, f32)>) {
        let end = today.start + 1.0;
        let reports = REPORTS as f64;
        let (old, new) = (self.version_at(today.start), self.version_at(end - 1.0 / reports));
        let upgraded_at =
            self.upgrades.iter().find(|(since, _)| *since > today.start).map_or(end, |(since, _)| *since);
        let new_part = if old == new {
            1.0
        } else {
            (((end - upgraded_at) * reports).floor() / reports).clamp(0.0, 1.0)
        };
        let effect = Effect::new(today, [old, new], new_part);
        let mut row = InstallationDay::without_reports(self.hash);
        row.reports = REPORTS as u32;
        row.version = new as u32 + 1;
        self.state(chance, &effect, &mut row);
        self.performance(chance, today, &effect, &mut row);
        let counts = [REPORTS - (REPORTS as f64 * new_part) as u64, (REPORTS as f64 * new_part) as u64];
        let mut readings = self.add_times(chance, today, &effect, [(old, counts[0]), (new, counts[1])], sums);
        readings.extend(self.add_functions(chance, &effect, [(old, 1.0 - new_part), (new, new_part)], sums));
        if let Some(version) = sums.get_mut(new) {
            version.installations += 1;
            for (at, (count, share)) in version.pages.iter_mut().zip(PAGE_SHARES).enumerate() {
                let quiet = if today.weekend { 0.25 } else { 1.0 };
                let probability =
                    (share * self.activity * quiet * effect.factor(SimulatedField::Page(at))).min(0.98);
                *count += u64::from(chance.is_true(probability));
            }
        }
        (row, readings)
    }

    fn state(&self, chance: &mut SplitMix, effect: &Effect, row: &mut InstallationDay) {
        let switched = |bits: u32, at: usize, share: f64| {
            let is_on = bits & (1 << at) != 0;
            let after = effect.change.map_or(is_on, |change| change.switched(is_on, share, self.place));
            // A day has what any of its reports has.
            let is_after = if effect.is_whole { after } else { is_on || (after && effect.new_part > 0.0) };
            if is_after { bits | 1 << at } else { bits & !(1 << at) }
        };
        let (mut flags, mut names) = (u32::from(self.flags), self.names);
        match effect.field {
            Some(SimulatedField::Flag(at)) => flags = switched(flags, at, FLAG_SHARES[at]),
            Some(SimulatedField::Name(at)) => names = switched(names, at, NAME_SHARES[at].2),
            _ => {}
        }
        for (at, flag) in IntegrationFlag::ALL.into_iter().enumerate() {
            row.flags.set(flag, flags & (1 << at) != 0);
        }
        for (at, (kind, _, _)) in NAME_SHARES.iter().enumerate() {
            if names & (1 << at) != 0 {
                let name = at as u32 + 1;
                match kind {
                    NamedKind::Cloud => row.clouds.push(name),
                    NamedKind::Service => row.services.push(name),
                    NamedKind::Override => row.overrides.push((name, 1)),
                }
            }
        }
        let jitter = if self.is_autoscaled { 0.06 * normal(chance) } else { 0.0 };
        let size = |at: usize, level: f64, jitter: f64| {
            let value = (level + jitter).exp().round();
            // A count is larger for some and not for others, so that it is larger by the factor on average.
            let is_changed = effect.field == Some(SimulatedField::Number(4 + at)) && effect.new_part > 0.0;
            let value = if is_changed { (value * (1.0 + effect.size) + self.place).floor() } else { value };
            value as u64
        };
        let [projects, applications, nodes, instances, categories] = self.sizes;
        row.sizes = InstallationSizes {
            projects: size(0, projects, 0.0),
            applications: size(1, applications, 0.0),
            nodes: size(2, nodes, jitter),
            instances: size(3, instances, jitter),
            application_categories: size(4, categories, 0.0),
        };
    }

    fn performance(&self, chance: &mut SplitMix, today: &Today, effect: &Effect, row: &mut InstallationDay) {
        let [cpu, memory, _] = self.levels;
        let quiet = if today.weekend { -0.08 * self.activity.min(2.0) } else { 0.0 };
        let cpu = cpu + quiet + today.shocks[0] + CPU_NOISE * self.noise * noisy(chance);
        let memory = memory + MEMORY_NOISE * self.noise * noisy(chance);
        let bucket = |level: f64, field: usize| {
            bucket_of_logarithm(level + effect.logarithm(SimulatedField::Number(field)))
        };
        let peak = 0.5 + 0.1 * self.noise * noisy(chance);
        row.cpu = Some(SampleBuckets { mean: bucket(cpu, 0), p95: bucket(cpu + peak, 1) });
        let peak = 0.1 + 0.03 * self.noise * noisy(chance);
        row.memory = Some(SampleBuckets { mean: bucket(memory, 2), p95: bucket(memory + peak, 3) });
    }

    fn add_times(
        &self,
        chance: &mut SplitMix,
        today: &Today,
        effect: &Effect,
        counts: [(usize, u64); 2],
        sums: &mut [VersionReadings],
    ) -> Vec<(u32, f32)> {
        let quiet = if today.weekend { -0.03 } else { 0.0 };
        let mut own = Vec::with_capacity(TIMES);
        for at in 0..TIMES {
            let usual = -6.0 + 0.5 * at as f64 + self.levels[2] + quiet + today.shocks[1];
            let level = usual + TIME_NOISE * self.noise * noisy(chance);
            for ((version, count), is_new) in counts.into_iter().zip([false, true]) {
                if count == 0 {
                    continue;
                }
                let size = effect.of_version(SimulatedField::Time(at), is_new);
                let bucket = bucket_of_logarithm(level + size).index() - FIRST_BUCKET;
                let Some(of_time) = sums.get_mut(version).and_then(|sums| sums.times.get_mut(at)) else {
                    continue;
                };
                of_time.resize(BUCKETS, 0);
                let bucket = usize::try_from(bucket).unwrap_or(0).min(BUCKETS - 1);
                of_time[bucket] += count as u32;
            }
            own.push((at as u32, (level + effect.logarithm(SimulatedField::Time(at))) as f32));
        }
        own
    }

    fn add_functions(
        &self,
        chance: &mut SplitMix,
        effect: &Effect,
        parts: [(usize, f64); 2],
        sums: &mut [VersionReadings],
    ) -> Vec<(u32, f32)> {
        /// The samples of a CPU profile in all reports of a day.
        const SAMPLES: f64 = 400.0;
        let mut measured = [0.0; FUNCTION_SHARES.len()];
        for ((version, part), is_new) in parts.into_iter().zip([false, true]) {
            let Some(sums) = sums.get_mut(version).filter(|_| part > 0.0) else { continue };
            sums.profiles += 1;
            let shares = FUNCTION_SHARES.iter().zip(&self.functions).zip(&mut sums.functions).enumerate();
            for (at, ((usual, own), sum)) in shares {
                let share = usual * own * effect.of_version(SimulatedField::Function(at), is_new).exp();
                let deviation = (share * (1.0 - share).max(0.0) / (SAMPLES * part)).sqrt();
                // Below 0 now and then, so that the mean is right also for few samples.
                let share = share + deviation * normal(chance);
                *sum += share;
                measured[at] += part * share;
            }
        }
        (TIMES as u32..).zip(measured).map(|(at, share)| (at, function_logarithm(share) as f32)).collect()
    }
}

/// What the release changes for one installation on one day.
struct Effect {
    change: Option<SeededChange>,
    field: Option<SimulatedField>,
    size: f64,
    /// The part of the day's reports that have the new version.
    new_part: f64,
    /// Whether every report has it.
    is_whole: bool,
    has: [bool; 2],
}

impl Effect {
    fn new(today: &Today, versions: [usize; 2], new_part: f64) -> Self {
        let Some(change) = today.change else {
            let (size, new_part) = (0.0, 0.0);
            return Self { change: None, field: None, size, new_part, is_whole: false, has: [false; 2] };
        };
        let has = versions.map(|version| version >= EARLIER + change.release);
        let new_part = match has {
            [true, _] => 1.0,
            [false, true] => new_part,
            _ => 0.0,
        };
        let SeededField(field) = change.field;
        Self { change: today.change, field: Some(field), size: change.size, new_part, is_whole: has[0], has }
    }

    /// What is added to a logarithm, on average over the day.
    fn logarithm(&self, field: SimulatedField) -> f64 {
        if self.field == Some(field) { self.size.ln_1p() * self.new_part } else { 0.0 }
    }

    fn factor(&self, field: SimulatedField) -> f64 {
        self.logarithm(field).exp()
    }

    fn of_version(&self, field: SimulatedField, is_new: bool) -> f64 {
        if self.field == Some(field) && self.has[usize::from(is_new)] { self.size.ln_1p() } else { 0.0 }
    }
}

fn reading_fields() -> Vec<ChangedField> {
    let functions = (0..FUNCTION_SHARES.len()).map(SimulatedField::Function);
    let fields = (0..TIMES).map(SimulatedField::Time).chain(functions);
    fields.map(|field| SeededField(field).field()).collect()
}

/// The name of a version.
pub(super) fn version_name(version: usize) -> String {
    format!("1.{version}.0")
}

/// The name of a release of the plan, by its position.
pub(super) fn release_name(release: usize) -> String {
    version_name(release + EARLIER)
}

pub(super) fn page_name(page: usize) -> String {
    format!("/page/{page}")
}

pub(super) fn time_name(time: usize) -> String {
    if time < QUERIES { format!("query_{time}") } else { format!("stage_{time}") }
}

pub(super) fn function_name(function: usize) -> String {
    format!("module::function_{function}")
}

fn tables(sums: &[VersionReadings]) -> Vec<(CellTable, CellBlock)> {
    let versions: Vec<_> = (0..sums.len()).map(version_name).collect();
    let block = |labels: Vec<String>, cells: Vec<(CellKey, CellSums)>| CellBlock {
        versions: versions.clone(),
        labels,
        cells,
        ..CellBlock::default()
    };
    let (mut installations, mut pages) = (Vec::new(), Vec::new());
    let mut times = [Vec::new(), Vec::new()];
    for (version, of_version) in (0..).zip(sums) {
        let key = CellKey { version, ..CellKey::default() };
        installations.push((key, CellSums { count: of_version.installations, value: 0 }));
        for (label, count) in (0..).zip(of_version.pages) {
            pages.push((CellKey { label, ..key }, CellSums { count, value: count }));
        }
        for (at, buckets) in of_version.times.iter().enumerate() {
            let (table, label) = if at < QUERIES { (0, at) } else { (1, at - QUERIES) };
            let cells = (0..).zip(buckets).filter(|(_, count)| **count > 0).map(|(bucket, count)| {
                let bucket = LogBucket::from_index(FIRST_BUCKET + bucket);
                let count = u64::from(*count);
                (CellKey { label: label as u32, bucket, ..key }, CellSums { count, value: 0 })
            });
            times[table].extend(cells);
        }
    }
    let [queries, stages] = times;
    vec![
        (CellTable::Installations, block(vec![String::new()], installations)),
        (CellTable::Pages, block((0..PAGE_SHARES.len()).map(page_name).collect(), pages)),
        (CellTable::Queries, block((0..QUERIES).map(time_name).collect(), queries)),
        (CellTable::Stages, block((QUERIES..TIMES).map(time_name).collect(), stages)),
    ]
}

fn functions(sums: &[VersionReadings]) -> Vec<FunctionShares> {
    let of_version = |(version, sums): (usize, &VersionReadings)| FunctionShares {
        version: version_name(version),
        resource: ProfiledResource::Cpu,
        observations: sums.profiles,
        functions: sums.functions.iter().enumerate().map(|(at, sum)| (function_name(at), *sum)).collect(),
    };
    sums.iter().enumerate().filter(|(_, sums)| sums.profiles > 0).map(of_version).collect()
}
