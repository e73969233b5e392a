//! Compares installations with themselves, before and after they took a release.
//!
//! Before is the mean of an installation's last days before the release, after that of its whole days with
//! it, each day of work compared with days of work and each day of a weekend with days of weekends. The day
//! of the upgrade is left out: nobody knows how much of it had the release. From both is taken what became of
//! the installations that did not upgrade, on the same days: weekdays, growth and events change all alike
//! (difference in differences).
//!
//! Only upgrades from the release right before count, so that the change that a release made is not found
//! again in the next one, by those who skipped it.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{
    change_test::{
        FlagSwitches, LogFactorials, SwitchCounts, TestedChange, Weighted, compare_means, compare_switches,
    },
    changed_field::ChangedField,
    day_facts::{FactCatalogue, FactRow, FactSet},
};
use crate::{calendar_day::CalendarDay, installation_day::InstallationHash};

/// The days before a release that say what was before.
pub(super) const BASELINE_DAYS: usize = 14;

/// A number that was known on fewer of them, of the same kind, is not compared.
const FEWEST_BASELINE_DAYS: f32 = 2.0;

/// A change with a larger p-value is not found on any day, and needs no exact size.
const LARGEST_SIZED: f64 = 0.05;

/// What is added to variances, so that an installation in which nothing varies does not outvote all others.
const LEAST_VARIANCE: f32 = 1e-4;

/// Days of work and weekends are compared with their like: weekends are not equally quiet for all.
const DAY_KINDS: usize = 2;

/// One value for each kind of days.
type ByDayKind<T> = [T; DAY_KINDS];

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
    /// Differences as far as they count.
    clipped: f32,
    /// Differences as they are.
    whole: f32,
    days: f32,
}

/// One installation.
#[derive(Debug, Clone)]
struct WatchedInstallation {
    installation: InstallationHash,
    version: u32,
    state: UpgradeState,
    /// The mean before; NaN if not known.
    before: ByDayKind<Vec<f32>>,
    weight: Vec<f32>,
    since: Vec<NumberSum>,
    /// The facts on the days before the release, the last one first, as far as it had its version on all of
    /// them.
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
    clip: Vec<f32>,
    /// The days that were added.
    days: usize,
}

impl UpgradePairs {
    /// Those of a release that comes after `days`, which are in order, and replaces `previous`.
    pub(super) fn new<'a>(
        days: impl Iterator<Item = (CalendarDay, &'a [FactRow])>,
        release: u32,
        previous: u32,
    ) -> Self {
        let mut baselines: HashMap<_, Baseline, FixedState> = HashMap::default();
        let mut numbers = 0;
        for (at, (day, rows)) in days.enumerate() {
            let kind = day_kind(day);
            for row in rows {
                numbers = numbers.max(row.numbers.len());
                let baseline = baselines.entry(row.installation);
                baseline.or_insert_with(|| Baseline::new(row.version, at == 0)).add(row, kind);
            }
        }
        baselines.retain(|_, baseline| baseline.version != release);
        let spread = usual_variances(&baselines, numbers);
        let mut installations: Vec<_> =
            baselines.into_iter().map(|(hash, baseline)| baseline.watched(hash, &spread)).collect();
        installations.sort_unstable_by_key(|one| one.installation);
        let clip =
            spread.iter().map(|variance| (MOST_DEVIATIONS * variance.sqrt()).max(LEAST_CLIP)).collect();
        Self { release, previous, installations, clip, days: 0 }
    }

    /// Adds a day after the release. Days must be in order, and rows sorted by hash.
    pub(super) fn add_day(&mut self, day: CalendarDay, rows: &[FactRow]) {
        self.days += 1;
        let kind = day_kind(day);
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
        let trend = self.trend(&today, kind);
        for (at, row) in today {
            if let Some(one) = self.installations.get_mut(at) {
                one.add_numbers(row, kind, &trend, &self.clip);
            }
        }
    }

    /// What became of the numbers of those that wait, on one day.
    fn trend(&self, today: &[(usize, &FactRow)], kind: usize) -> Vec<f32> {
        let (mut sums, mut weights) = (vec![0.0_f32; self.clip.len()], vec![0.0_f32; self.clip.len()]);
        for (at, row) in today {
            let Some(one) = self.installations.get(*at).filter(|one| one.state == UpgradeState::Waiting)
            else {
                continue;
            };
            let Some(before) = one.before.get(kind) else { continue };
            let numbers = row.numbers.iter().zip(before).zip(&one.weight).zip(&self.clip);
            let sums = sums.iter_mut().zip(&mut weights);
            for ((((now, before), weight), clip), (sum, all)) in numbers.zip(sums) {
                let difference = now - before;
                if !difference.is_nan() {
                    *sum += weight * difference.clamp(-clip, *clip);
                    *all += weight;
                }
            }
        }
        // Where nobody waits, nothing can be compared, which the test sees.
        let mean = |(sum, weight): (&f32, &f32)| if *weight > 0.0 { sum / weight } else { 0.0 };
        sums.iter().zip(&weights).map(mean).collect()
    }

    /// Tests everything that enough installations know.
    pub(super) fn test(
        &self,
        catalogue: &FactCatalogue,
        factorials: &mut LogFactorials,
    ) -> Vec<(ChangedField, TestedChange)> {
        let mut tested = Vec::new();
        for (at, field) in catalogue.number_fields().iter().enumerate().take(self.clip.len()) {
            let compared = |sum: fn(&NumberSum) -> f32| {
                let sample = |state: UpgradeState| -> Vec<Weighted> {
                    let installations = self.installations.iter().filter(|one| one.state == state);
                    installations.filter_map(|one| one.mean_since(at, sum)).collect()
                };
                compare_means(&sample(UpgradeState::Upgraded(true)), &sample(UpgradeState::Waiting))
            };
            let Some(mut change) = compared(|since| since.clipped) else { continue };
            // Whether there is a change is said by what counts, how large it is by what is.
            if let Some(whole) =
                (change.p_value < LARGEST_SIZED).then(|| compared(|since| since.whole)).flatten()
            {
                change = change.with_size_of(whole);
            }
            tested.push((field.clone(), change));
        }
        let fact_fields = catalogue.fact_fields();
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

    /// The switches of installations, by fact. `before_and_since` has the facts of an installation that
    /// counts.
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
    /// They are for the control: in the first days with a release, those that wait are not many more than
    /// those that took it. There must be as much time for switches as since the release, so later there are
    /// none.
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
            self.since.fill(NumberSum::default());
            self.facts_since = None;
        }
        self.state = next;
        matches!(next, UpgradeState::Waiting | UpgradeState::Upgraded(true))
    }

    fn add_numbers(&mut self, row: &FactRow, kind: usize, trend: &[f32], clip: &[f32]) {
        let Some(before) = self.before.get(kind) else { return };
        let numbers = row.numbers.iter().zip(before).zip(trend).zip(clip);
        for ((((now, before), trend), clip), since) in numbers.zip(&mut self.since) {
            let difference = now - before - trend;
            if !difference.is_nan() {
                since.clipped += difference.clamp(-clip, *clip);
                since.whole += difference;
                since.days += 1.0;
            }
        }
    }

    fn mean_since(&self, number: usize, sum: fn(&NumberSum) -> f32) -> Option<Weighted> {
        let since = self.since.get(number).filter(|since| since.days > 0.0)?;
        Some((f64::from(sum(since) / since.days), f64::from(*self.weight.get(number)?)))
    }
}

/// Sums of the days of a number.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    days: f32,
    sum: f32,
    squares: f32,
}

impl Moments {
    fn add(&mut self, number: f32) {
        if !number.is_nan() {
            self.days += 1.0;
            self.sum += number;
            self.squares += number * number;
        }
    }

    /// NaN for too few days.
    fn mean(self) -> f32 {
        if self.days < FEWEST_BASELINE_DAYS { f32::NAN } else { self.sum / self.days }
    }

    /// The sum of the squares of the distances from the mean.
    fn deviation(self) -> f32 {
        (self.squares - self.sum * self.sum / self.days.max(1.0)).max(0.0)
    }
}

/// An installation while the days before the release are read.
#[derive(Debug, Clone)]
struct Baseline {
    version: u32,
    /// Whether the day that is read next is a whole one with the version.
    is_whole: bool,
    moments: Vec<ByDayKind<Moments>>,
    facts: Vec<FactSet>,
}

impl Baseline {
    /// One with a version. If it was not there on the first day, it may have begun in the middle of this one.
    const fn new(version: u32, is_whole: bool) -> Self {
        Self { version, is_whole, moments: Vec::new(), facts: Vec::new() }
    }

    fn add(&mut self, row: &FactRow, kind: usize) {
        if row.version != self.version {
            *self = Self::new(row.version, false);
        }
        self.facts.push(row.facts);
        if !std::mem::replace(&mut self.is_whole, true) {
            return;
        }
        if self.moments.len() < row.numbers.len() {
            self.moments.resize(row.numbers.len(), ByDayKind::default());
        }
        for (moments, number) in self.moments.iter_mut().zip(&row.numbers) {
            moments.get_mut(kind).into_iter().for_each(|moments| moments.add(*number));
        }
    }

    /// The variance of the days of a number, within their kinds; `None` if too few are known.
    fn variance(&self, number: usize) -> Option<f32> {
        let kinds = self.moments.get(number)?;
        let degrees: f32 = kinds.iter().map(|moments| (moments.days - 1.0).max(0.0)).sum();
        let deviation: f32 = kinds.iter().map(|moments| moments.deviation()).sum();
        (degrees >= FEWEST_BASELINE_DAYS).then(|| deviation / degrees)
    }

    /// Noisy installations weigh less: the weight is the inverse of the variance of the installation's days
    /// and the usual one together. It depends on the days before the release only.
    fn watched(self, installation: InstallationHash, usual: &[f32]) -> WatchedInstallation {
        let weight = |(number, usual): (usize, &f32)| {
            1.0 / (self.variance(number).unwrap_or(*usual) + usual + LEAST_VARIANCE)
        };
        let mean = |number: usize, kind: usize| {
            let moments = self.moments.get(number).and_then(|kinds| kinds.get(kind));
            moments.map_or(f32::NAN, |moments| moments.mean())
        };
        WatchedInstallation {
            installation,
            version: self.version,
            state: UpgradeState::Waiting,
            before: std::array::from_fn(|kind| (0..usual.len()).map(|number| mean(number, kind)).collect()),
            weight: usual.iter().enumerate().map(weight).collect(),
            since: vec![NumberSum::default(); usual.len()],
            facts_before: self.facts.iter().rev().copied().collect(),
            facts_since: None,
        }
    }
}

/// 0 from Monday to Friday, else 1.
fn day_kind(day: CalendarDay) -> usize {
    usize::from(day.days_since(day.week_start()) >= 5)
}

/// The median of the variances of the installations, by number; 0 where none is known.
fn usual_variances(baselines: &HashMap<InstallationHash, Baseline, FixedState>, numbers: usize) -> Vec<f32> {
    let median = |number: usize| {
        let mut variances: Vec<f32> = baselines.values().filter_map(|one| one.variance(number)).collect();
        variances.sort_unstable_by(f32::total_cmp);
        variances.get(variances.len() / 2).copied().unwrap_or_default()
    };
    (0..numbers).map(median).collect()
}
