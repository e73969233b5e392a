//! Compares installations with themselves, before and after they took a release.
//!
//! Before is the mean of an installation's last days before the release, after the mean of its whole days with it. The
//! day of the upgrade is left out: nobody knows how much of it had the release. From both is taken what became
//! of the installations that did not upgrade, on the same days: weekdays, growth and events change all alike
//! (difference in differences).
//!
//! Only upgrades from the release right before count, so that the change that a release made is not found again in the
//! next one, by those who skipped it.

use std::collections::HashMap;

use super::{
    change_test::{
        FlagSwitches, LogFactorials, SwitchCounts, TestedChange, Weighted, compare_means, compare_switches,
    },
    changed_field::ChangedField,
    day_facts::{FactRow, FactSet, NUMBERS, number_fields},
};
use crate::installation_day::InstallationHash;

/// The days before a release that say what was before: every weekday once.
pub(super) const BASELINE_DAYS: usize = 7;

/// A number that was known on fewer of them is not compared.
const FEWEST_BASELINE_DAYS: f32 = 3.0;

/// A number of one installation moves the mean by at most so many usual deviations of its days, so that an
/// infrastructure that doubles does not outvote the others.
const MOST_DEVIATIONS: f32 = 4.0;

/// But a difference of so much of a logarithm always counts in full.
const LEAST_CLIP: f32 = 0.25;

/// What an installation does about the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UpgradeState {
    /// It has the version that it had before the release.
    Waiting,
    /// It took the release from the one before; `true` after its first whole day.
    Upgraded(bool),
    /// It took something else, or took the release and then another one.
    Left,
}

/// The sum of what is compared of a number.
#[derive(Debug, Clone, Copy, Default)]
struct NumberSum {
    sum: f32,
    days: f32,
}

/// One installation.
#[derive(Debug, Clone)]
struct WatchedInstallation {
    installation: InstallationHash,
    version: u32,
    state: UpgradeState,
    /// The mean before; NaN if not known.
    before: [f32; NUMBERS],
    weight: [f32; NUMBERS],
    since: [NumberSum; NUMBERS],
    /// The facts on the days before the release, the last one first, as far as it had its version on all of them.
    facts_before: Vec<FactSet>,
    /// The facts of its last day in its state.
    facts_since: Option<FactSet>,
}

/// The installations of a fleet while they take a release.
#[derive(Debug, Clone)]
pub(super) struct UpgradePairs {
    release: u32,
    previous: u32,
    /// Sorted by hash.
    installations: Vec<WatchedInstallation>,
    /// How far a difference counts, by number.
    clip: [f32; NUMBERS],
    /// The days that were added.
    days: usize,
}

impl UpgradePairs {
    /// Those of a release that comes after `days`, which are in order, and replaces `previous`.
    pub(super) fn new<'a>(
        days: impl Iterator<Item = &'a [FactRow]>,
        release: u32,
        previous: u32,
    ) -> Self {
        let mut baselines: HashMap<InstallationHash, Baseline> = HashMap::new();
        for (at, day) in days.enumerate() {
            for row in day {
                baselines.entry(row.installation).or_insert_with(|| Baseline::new(row.version, at == 0)).add(row);
            }
        }
        baselines.retain(|_, baseline| baseline.version != release);
        let spread = usual_variances(&baselines);
        let mut installations: Vec<_> =
            baselines.into_iter().map(|(hash, baseline)| baseline.watched(hash, &spread)).collect();
        installations.sort_unstable_by_key(|one| one.installation);
        let clip = spread.map(|variance| (MOST_DEVIATIONS * variance.sqrt()).max(LEAST_CLIP));
        Self { release, previous, installations, clip, days: 0 }
    }

    /// Adds a day after the release. Days must be in order, and rows sorted by hash.
    pub(super) fn add_day(&mut self, rows: &[FactRow]) {
        self.days += 1;
        let mut rows = rows.iter().peekable();
        let mut today = Vec::with_capacity(self.installations.len());
        for (at, one) in self.installations.iter_mut().enumerate() {
            while rows.next_if(|row| row.installation < one.installation).is_some() {}
            let Some(row) = rows.next_if(|row| row.installation == one.installation) else {
                continue;
            };
            if one.takes_version(row.version, self.release, self.previous) {
                one.facts_since = Some(row.facts);
                today.push((at, row));
            }
        }
        let trend = self.trend(&today);
        for (at, row) in today {
            if let Some(one) = self.installations.get_mut(at) {
                one.add_numbers(row, &trend, &self.clip);
            }
        }
    }

    /// What became of the numbers of those that wait, on one day.
    fn trend(&self, today: &[(usize, &FactRow)]) -> [f32; NUMBERS] {
        let (mut sums, mut weights) = ([0.0_f32; NUMBERS], [0.0_f32; NUMBERS]);
        for (at, row) in today {
            let Some(one) = self.installations.get(*at).filter(|one| one.state == UpgradeState::Waiting) else {
                continue;
            };
            let numbers = row.numbers.iter().zip(&one.before).zip(&one.weight).zip(&self.clip);
            let sums = sums.iter_mut().zip(&mut weights);
            for ((((now, before), weight), clip), (sum, all)) in numbers.zip(sums) {
                let difference = now - before;
                if !difference.is_nan() {
                    *sum += weight * difference.clamp(-clip, *clip);
                    *all += weight;
                }
            }
        }
        std::array::from_fn(|at| match (sums.get(at), weights.get(at)) {
            (Some(sum), Some(weight)) if *weight > 0.0 => sum / weight,
            // Nobody waits: nothing can be compared, which the test sees.
            _ => 0.0,
        })
    }

    /// Tests everything that enough installations know.
    pub(super) fn test(
        &self,
        fact_fields: &[ChangedField],
        factorials: &mut LogFactorials,
    ) -> Vec<(ChangedField, TestedChange)> {
        let mut tested = Vec::new();
        for (at, field) in number_fields().into_iter().enumerate() {
            let sample = |state: UpgradeState| -> Vec<Weighted> {
                let installations = self.installations.iter().filter(|one| one.state == state);
                installations.filter_map(|one| one.mean_since(at)).collect()
            };
            let means = compare_means(&sample(UpgradeState::Upgraded(true)), &sample(UpgradeState::Waiting));
            tested.extend(means.map(|means| (field, means)));
        }
        let treated = self.switches(fact_fields.len(), |one| one.switches_of(UpgradeState::Upgraded(true)));
        let mut control = self.switches(fact_fields.len(), |one| one.switches_of(UpgradeState::Waiting));
        let earlier = self.switches(fact_fields.len(), |one| one.switches_before(self.days));
        control.iter_mut().zip(earlier).for_each(|(control, earlier)| control.add(earlier));
        factorials.extend_to(3 * self.installations.len() as u64);
        for ((field, treated), control) in fact_fields.iter().zip(treated).zip(control) {
            let is_used = treated.off.all + control.off.all + treated.on.switched + control.on.switched > 0;
            let switches = is_used.then(|| compare_switches(treated, control, factorials)).flatten();
            tested.extend(switches.map(|switches| (field.clone(), switches)));
        }
        tested
    }

    /// The switches of installations, by fact. `before_and_since` has the facts of an installation that counts.
    fn switches(
        &self,
        facts: usize,
        before_and_since: impl Fn(&WatchedInstallation) -> Option<(FactSet, FactSet)>,
    ) -> Vec<FlagSwitches> {
        let mut switches = vec![FlagSwitches::default(); facts];
        let mut all = 0;
        let count = |facts: FactSet, switches: &mut [FlagSwitches], add: fn(&mut FlagSwitches)| {
            for at in facts.positions() {
                switches.get_mut(at).into_iter().for_each(add);
            }
        };
        for (before, since) in self.installations.iter().filter_map(before_and_since) {
            all += 1;
            count(before, &mut switches, |fact| fact.off.all += 1);
            count(before.without(since), &mut switches, |fact| fact.off.switched += 1);
            count(since.without(before), &mut switches, |fact| fact.on.switched += 1);
        }
        for fact in &mut switches {
            fact.on = SwitchCounts { all: all - fact.off.all, ..fact.on };
        }
        switches
    }
}

impl WatchedInstallation {
    /// The facts before the release and now, of one in a state.
    fn switches_of(&self, state: UpgradeState) -> Option<(FactSet, FactSet)> {
        (self.state == state).then_some((*self.facts_before.first()?, self.facts_since?))
    }

    /// The facts before the release, so many days apart.
    ///
    /// They are for the control: in the first days with a release, those that wait are not many more than those that
    /// took it. There must be as much time for switches as since the release, so later there are none.
    fn switches_before(&self, days: usize) -> Option<(FactSet, FactSet)> {
        Some((*self.facts_before.get(days)?, *self.facts_before.first()?))
    }

    /// Goes on to the state that it has with a day's version; answers whether the day is to be compared.
    fn takes_version(&mut self, version: u32, release: u32, previous: u32) -> bool {
        let next = match self.state {
            UpgradeState::Waiting if version == self.version => UpgradeState::Waiting,
            UpgradeState::Waiting if version == release && self.version == previous => {
                UpgradeState::Upgraded(false)
            }
            UpgradeState::Upgraded(_) if version == release => UpgradeState::Upgraded(true),
            // What was seen until then still counts.
            UpgradeState::Upgraded(true) => return false,
            _ => UpgradeState::Left,
        };
        if next == UpgradeState::Upgraded(false) {
            (self.since, self.facts_since) = ([NumberSum::default(); NUMBERS], None);
        }
        self.state = next;
        matches!(next, UpgradeState::Waiting | UpgradeState::Upgraded(true))
    }

    fn add_numbers(&mut self, row: &FactRow, trend: &[f32; NUMBERS], clip: &[f32; NUMBERS]) {
        let numbers = row.numbers.iter().zip(&self.before).zip(trend).zip(clip);
        for ((((now, before), trend), clip), since) in numbers.zip(&mut self.since) {
            let difference = now - before - trend;
            if !difference.is_nan() {
                since.sum += difference.clamp(-clip, *clip);
                since.days += 1.0;
            }
        }
    }

    fn mean_since(&self, number: usize) -> Option<Weighted> {
        let since = self.since.get(number).filter(|since| since.days > 0.0)?;
        Some((f64::from(since.sum / since.days), f64::from(*self.weight.get(number)?)))
    }
}

/// An installation while the days before the release are read.
#[derive(Debug, Clone)]
struct Baseline {
    version: u32,
    /// Whether the day that is read next is a whole one with the version.
    is_whole: bool,
    sums: [[f32; 3]; NUMBERS],
    facts: Vec<FactSet>,
}

impl Baseline {
    /// One with a version. If it was not there on the first day, it may have begun in the middle of this one.
    const fn new(version: u32, is_whole: bool) -> Self {
        Self { version, is_whole, sums: [[0.0; 3]; NUMBERS], facts: Vec::new() }
    }

    fn add(&mut self, row: &FactRow) {
        if row.version != self.version {
            *self = Self::new(row.version, false);
        }
        self.facts.push(row.facts);
        if !std::mem::replace(&mut self.is_whole, true) {
            return;
        }
        for ([days, sum, squares], number) in self.sums.iter_mut().zip(row.numbers) {
            if !number.is_nan() {
                *days += 1.0;
                *sum += number;
                *squares += number * number;
            }
        }
    }

    /// The mean and the variance of the days of each number; NaN where too few are known.
    fn moments(&self) -> [(f32, f32); NUMBERS] {
        self.sums.map(|[days, sum, squares]| {
            if days < FEWEST_BASELINE_DAYS {
                return (f32::NAN, f32::NAN);
            }
            let mean = sum / days;
            (mean, ((squares / days - mean * mean) * days / (days - 1.0)).max(0.0))
        })
    }

    /// Noisy installations weigh less: the weight is the inverse of the variance of the installation's days and the usual
    /// one together. It depends on the days before the release only.
    fn watched(self, installation: InstallationHash, usual: &[f32; NUMBERS]) -> WatchedInstallation {
        let moments = self.moments();
        let weight = |(variance, usual): (f32, &f32)| 1.0 / (variance + usual + 1e-4);
        let mut weights = moments.iter().map(|(_, variance)| *variance).zip(usual).map(weight);
        WatchedInstallation {
            installation,
            version: self.version,
            state: UpgradeState::Waiting,
            before: moments.map(|(mean, _)| mean),
            weight: std::array::from_fn(|_| weights.next().unwrap_or_default()),
            since: [NumberSum::default(); NUMBERS],
            facts_before: self.facts.into_iter().rev().collect(),
            facts_since: None,
        }
    }
}

/// The median of the variances of the installations, by number.
fn usual_variances(baselines: &HashMap<InstallationHash, Baseline>) -> [f32; NUMBERS] {
    let moments: Vec<_> = baselines.values().map(Baseline::moments).collect();
    std::array::from_fn(|at| {
        let of_number = |moments: &[(f32, f32); NUMBERS]| moments.get(at).map(|(_, variance)| *variance);
        let mut variances: Vec<f32> =
            moments.iter().filter_map(of_number).filter(|variance| !variance.is_nan()).collect();
        variances.sort_unstable_by(f32::total_cmp);
        variances.get(variances.len() / 2).copied().unwrap_or_default()
    })
}
