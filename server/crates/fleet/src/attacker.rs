//! An attacker who knows everything of all installations but one field of one, and reads all that is published.
//!
//! He knows the rule, but not the key of the noise. For each value that the hidden field may have he finds the
//! cells that the target would be in, and how likely the published numbers are then: all releases together,
//! provisional and final, before the target came and after it was deleted. He guesses the most likely value. A rule
//! is good if he is right hardly more often than somebody who always guesses the most frequent value.

mod likelihood;
mod simulated;
mod view;

use std::collections::BTreeMap;

pub(crate) use self::simulated::SplitMix;
pub use self::simulated::{HIDDEN_FIELDS, HiddenField, TargetHistory};
use self::{
    likelihood::{NoiseModel, log_probability_below},
    simulated::{FIRST_DAY, GuessedFleet, SimulatedInstallation},
    view::{Memberships, ReleaseView},
};
use crate::published::{
    CarriedOver, FleetDay, FleetDayError, NoiseKey, PublicationRule, PublishedDay, PublishedTable,
    ReleaseOfDay, ReleaseStage, TableDefinition, publish_tables,
    structure::{CellOfTable, LeafCounts},
};

/// Both stages of a day.
const STAGES: [ReleaseStage; 2] = [ReleaseStage::Provisional, ReleaseStage::Final];

/// The tables that are attacked. The others have none of the hidden fields, and are counted apart.
const ATTACKED_TABLES: [PublishedTable; 5] = [
    PublishedTable::Databases,
    PublishedTable::Nodes,
    PublishedTable::Integrations,
    PublishedTable::Clouds,
    PublishedTable::Services,
];

/// The logarithm of the probability of what cannot be.
const IMPOSSIBLE: f64 = -1e9;

/// What is attacked, and how often.
#[derive(Clone, Debug)]
pub struct AttackPlan {
    /// The rule that publishes.
    pub rule: PublicationRule,
    /// Installations of each fleet.
    pub fleet: usize,
    /// Days whose releases the attacker reads.
    pub days: u32,
    /// How the histories of the targets go.
    pub history: TargetHistory,
    /// How many installations are attacked.
    pub targets: usize,
    /// How many of them are in the same releases. They share their noise, so that fewer make figures that are
    /// closer to the truth.
    pub targets_of_one_key: usize,
    /// Fixes everything.
    pub seed: u64,
}

/// How often guesses were right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttackScore {
    /// All guesses.
    pub targets: usize,
    /// How often each value was right.
    pub value_right: Vec<usize>,
    /// How often the attacker was right.
    pub attacker_right: usize,
}

impl AttackScore {
    /// How many more of a hundred guesses of the attacker were right than of the best constant one.
    pub fn gain_in_points(&self) -> f64 {
        self.attacker_in_percent() - self.constant_in_percent()
    }

    /// How many of a hundred guesses were right that were always the value which most of the targets have.
    pub fn constant_in_percent(&self) -> f64 {
        percent(self.value_right.iter().copied().max().unwrap_or(0), self.targets)
    }

    /// How many of a hundred guesses of the attacker were right.
    pub fn attacker_in_percent(&self) -> f64 {
        percent(self.attacker_right, self.targets)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// Attacks installations by each hidden field, in the order of [`HIDDEN_FIELDS`].
///
/// # Errors
///
/// The simulated installations do not fit the tables.
pub fn attack_publications(plan: &AttackPlan) -> Result<Vec<AttackScore>, FleetDayError> {
    const KEYS_OF_ONE_FLEET: u64 = 25;
    let mut scores = vec![AttackScore::default(); HIDDEN_FIELDS.len()];
    let mut numbers = SplitMix::new(plan.seed);
    let mut left = plan.targets;
    while left > 0 {
        let mut attacked = AttackedFleet::new(plan, numbers.next())?;
        for _ in 0..KEYS_OF_ONE_FLEET {
            let targets = left.min(plan.targets_of_one_key);
            attacked.attack(plan, targets, &mut numbers, &mut scores);
            left -= targets;
        }
    }
    Ok(scores)
}

/// A fleet with the input of all its releases.
struct AttackedFleet {
    fleet: GuessedFleet,
    /// What the release before the first carries over, by stage.
    before: Vec<FleetDay>,
    releases: Vec<(u32, ReleaseStage)>,
    days: Vec<(FleetDay, LeafCounts)>,
    noise: NoiseModel,
}

impl AttackedFleet {
    fn new(plan: &AttackPlan, seed: u64) -> Result<Self, FleetDayError> {
        let rule = &plan.rule;
        let fleet = GuessedFleet::new(plan.fleet, plan.days, seed);
        let published = (FIRST_DAY..FIRST_DAY + plan.days).filter(|day| rule.is_published_day(*day));
        let releases: Vec<_> = published.flat_map(|day| STAGES.map(|stage| (day, stage))).collect();
        let days = releases.iter().map(|(day, stage)| {
            let day = fleet.day(rule, *day, *stage)?;
            let leaves = LeafCounts::new(rule, &day);
            Ok((day, leaves))
        });
        let days = days.collect::<Result<_, _>>()?;
        let before =
            STAGES.iter().map(|stage| fleet.day(rule, FIRST_DAY - 7, *stage)).collect::<Result<_, _>>()?;
        let noise = NoiseModel::new(rule, &releases);
        Ok(Self { fleet, before, releases, days, noise })
    }

    /// All releases under one key.
    fn publish(&self, rule: &PublicationRule, key: &NoiseKey) -> Vec<PublishedDay> {
        let definitions: Vec<&TableDefinition> =
            ATTACKED_TABLES.iter().map(|table| table.definition()).collect();
        let publish = |stage, day, before: Option<&CarriedOver>| {
            publish_tables(rule, ReleaseOfDay { product: "simulated", stage, key }, day, before, &definitions)
        };
        let mut carried: BTreeMap<_, _> = STAGES
            .iter()
            .zip(&self.before)
            .map(|(stage, day)| (*stage, publish(*stage, day, None).carried))
            .collect();
        let releases = self.releases.iter().zip(&self.days).map(|((_, stage), (day, _))| {
            let publication = publish(*stage, day, carried.get(stage));
            carried.insert(*stage, publication.carried);
            publication.published
        });
        releases.collect()
    }

    fn views(&self, rule: &PublicationRule, key: &NoiseKey) -> Vec<ReleaseView> {
        let published = self.publish(rule, key);
        self.days
            .iter()
            .zip(&published)
            .map(|((_, leaves), published)| ReleaseView::new(leaves, published))
            .collect()
    }

    fn attack(
        &mut self,
        plan: &AttackPlan,
        targets: usize,
        numbers: &mut SplitMix,
        scores: &mut [AttackScore],
    ) {
        let candidates: Vec<&SimulatedInstallation> =
            self.fleet.installations.iter().filter(|its| its.history == plan.history).collect();
        if targets == 0 || candidates.is_empty() {
            return;
        }
        let mut key = [0; 32];
        key.chunks_exact_mut(8).for_each(|chunk| chunk.copy_from_slice(&numbers.next().to_le_bytes()));
        let views = self.views(&plan.rule, &NoiseKey::new(key));
        for _ in 0..targets {
            let target = candidates[usize::try_from(numbers.next()).unwrap_or(0) % candidates.len()];
            for (field, score) in scores.iter_mut().enumerate() {
                let attack =
                    TargetAttack { rule: &plan.rule, releases: &self.releases, views: &views, target, field };
                let guess = attack.guess(&mut self.noise);
                score.targets += 1;
                score.value_right.resize(HIDDEN_FIELDS[field].values().len(), 0);
                score.value_right[target.value(field)] += 1;
                score.attacker_right += usize::from(target.value(field) == guess);
            }
        }
    }
}

/// The position of the first largest number.
fn largest(numbers: impl Iterator<Item = f64>) -> usize {
    let best = numbers.enumerate().reduce(|best, its| if its.1 > best.1 { its } else { best });
    best.map_or(0, |(position, _)| position)
}

/// One cell in all releases where it is shown.
#[derive(Default)]
struct CellSeries {
    shown: Vec<usize>,
    /// What is published less what all other installations make.
    rest: Vec<f64>,
    /// For each value, in which of the releases the target would be in the cell.
    with_target: Vec<Vec<f64>>,
}

/// An attack on one field of one installation.
struct TargetAttack<'a> {
    rule: &'a PublicationRule,
    releases: &'a [(u32, ReleaseStage)],
    views: &'a [ReleaseView],
    target: &'a SimulatedInstallation,
    field: usize,
}

impl TargetAttack<'_> {
    /// The position of the most likely value.
    fn guess(&self, noise: &mut NoiseModel) -> usize {
        let values = HIDDEN_FIELDS[self.field].values();
        let memberships: Vec<Vec<Memberships>> =
            (0..values.len()).map(|value| self.memberships(value)).collect();
        let mut scores: Vec<f64> = values.iter().map(|(_, probability)| probability.ln()).collect();
        for series in self.series(&memberships) {
            for (score, with_target) in scores.iter_mut().zip(&series.with_target) {
                let residuals: Vec<f64> =
                    series.rest.iter().zip(with_target).map(|(rest, its)| rest - its).collect();
                *score += noise.log_density(&series.shown, &residuals);
            }
        }
        for (score, of_value) in scores.iter_mut().zip(&memberships) {
            *score += self.log_probability_of_hidden(&memberships, of_value);
        }
        largest(scores.into_iter())
    }

    /// Where the target would be in each release with a value. Nowhere in releases that do not count it.
    fn memberships(&self, value: usize) -> Vec<Memberships> {
        let labels = self.target.labels_with(self.field, value);
        let releases = self.releases.iter().zip(self.views).map(|((day, stage), view)| {
            if !self.target.is_counted(self.rule, *day, *stage) {
                return Memberships::default();
            }
            view.memberships(self.target.version(*day), &labels)
        });
        releases.collect()
    }

    /// The cells that the target is in with some values and not with others.
    fn series(&self, memberships: &[Vec<Memberships>]) -> Vec<CellSeries> {
        let mut telling: Vec<&CellOfTable> = Vec::new();
        for release in 0..self.views.len() {
            for cell in memberships.iter().flat_map(|of_value| &of_value[release].cells) {
                let is_telling = !memberships.iter().all(|of_value| of_value[release].cells.contains(cell));
                if is_telling && !telling.contains(&cell) {
                    telling.push(cell);
                }
            }
        }
        let true_value = self.target.value(self.field);
        let of_cell = |cell: &CellOfTable| {
            let mut series =
                CellSeries { with_target: vec![Vec::new(); memberships.len()], ..CellSeries::default() };
            for (release, view) in self.views.iter().enumerate() {
                let Some(numbers) = view.numbers(cell) else { continue };
                let is_in = |value: usize| f64::from(memberships[value][release].cells.contains(cell));
                // What he knows is the number without the target.
                let others = f64::from(numbers.exact) - is_in(true_value);
                #[expect(clippy::cast_precision_loss, reason = "numbers of installations are small")]
                series.rest.push(numbers.noisy as f64 - others);
                series.shown.push(release);
                for (value, with_target) in series.with_target.iter_mut().enumerate() {
                    with_target.push(is_in(value));
                }
            }
            series
        };
        telling.into_iter().map(of_cell).collect()
    }

    /// How likely it is with a value that cells are hidden which are.
    fn log_probability_of_hidden(&self, memberships: &[Vec<Memberships>], of_value: &[Memberships]) -> f64 {
        let mut sum = 0.0;
        let mut seen: Vec<&CellOfTable> = Vec::new();
        for (release, of_release) in of_value.iter().enumerate() {
            for cell in memberships.iter().flat_map(|of_value| &of_value[release].hidden) {
                if !seen.contains(&cell) {
                    seen.push(cell);
                    let is_in = of_release.hidden.contains(cell);
                    sum += self.log_probability_hidden_once(release, memberships, cell, is_in);
                }
            }
            if self.rule.shows_every_group() {
                sum += self.log_probability_of_lone_cells(release, memberships, of_release);
            }
        }
        sum
    }

    fn log_probability_hidden_once(
        &self,
        release: usize,
        memberships: &[Vec<Memberships>],
        cell: &CellOfTable,
        is_in: bool,
    ) -> f64 {
        if self.rule.shows_every_group() {
            return if is_in { IMPOSSIBLE } else { 0.0 };
        }
        if !self.rule.tests_noisy_numbers() || self.rule.noise_sd() <= 0.0 {
            return 0.0;
        }
        let of_truth = &memberships[self.target.value(self.field)][release];
        let others = self.views[release].hidden_installs(cell) - u32::from(of_truth.hidden.contains(cell));
        #[expect(clippy::cast_precision_loss, reason = "numbers of installations are small")]
        let bound = self.rule.shown_from() as f64 - 0.5 - f64::from(others) - f64::from(is_in);
        let bound = bound / self.rule.noise_sd();
        // So large a group is hidden for another reason, for example because `other` needed it.
        if bound < -2.0 { 0.0 } else { log_probability_below(bound) }
    }

    /// Without folding a cell with nobody else in it is shown only for the target.
    fn log_probability_of_lone_cells(
        &self,
        release: usize,
        memberships: &[Vec<Memberships>],
        of_value: &Memberships,
    ) -> f64 {
        let of_truth = &memberships[self.target.value(self.field)][release];
        let is_lone = |cell: &&CellOfTable| {
            let exact = self.views[release].numbers(cell).map_or(0, |numbers| numbers.exact);
            exact == 1 && of_truth.cells.contains(cell)
        };
        let lone = of_truth.cells.iter().filter(is_lone);
        lone.filter(|cell| !of_value.cells.contains(cell)).map(|_| IMPOSSIBLE).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::{PUBLISHED_TABLES, publish_day};

    fn plan(rule: PublicationRule) -> AttackPlan {
        AttackPlan {
            rule,
            fleet: 1_500,
            days: 8,
            history: TargetHistory::Stays,
            targets: 10,
            targets_of_one_key: 10,
            seed: 3,
        }
    }

    #[test]
    fn the_attacker_knows_the_exact_number_of_every_published_cell() {
        let rule = PublicationRule::default().without_noise();
        for rule in [rule.clone(), rule.clone().inside_databases(), rule.without_folding()] {
            let attacked = AttackedFleet::new(&plan(rule.clone()), 7).unwrap();
            let mut count = 0;
            for view in attacked.views(&rule, &NoiseKey::new([1; 32])) {
                for (cell, numbers) in view.all_numbers() {
                    assert_eq!(numbers.noisy, i64::from(numbers.exact), "{cell:?}");
                    count += 1;
                }
            }
            assert!(count > 300, "{count}");
        }
    }

    #[test]
    fn the_attacked_tables_are_as_in_a_whole_release() {
        let rule = PublicationRule::default();
        let attacked = AttackedFleet::new(&plan(rule.clone()), 7).unwrap();
        let key = NoiseKey::new([1; 32]);
        let release = ReleaseOfDay { product: "simulated", stage: STAGES[0], key: &key };
        let before = publish_day(&rule, release, &attacked.before[0], None);
        let whole = publish_day(&rule, release, &attacked.days[0].0, Some(&before.carried)).published;
        let attacked = attacked.publish(&rule, &key).swap_remove(0);
        assert_eq!((&whole.base, whole.tables.len()), (&attacked.base, PUBLISHED_TABLES.len()));
        assert_eq!(attacked.tables.len(), ATTACKED_TABLES.len());
        assert!(attacked.tables.iter().all(|table| whole.tables.contains(table)));
    }

    /// 5,000 targets, or 100,000 where tests have all their rounds.
    fn many_targets() -> usize {
        if std::env::var_os("HEADCOUNT_THOROUGH").is_some() { 100_000 } else { 5_000 }
    }

    fn month(rule: PublicationRule, history: TargetHistory, targets: usize) -> Vec<AttackScore> {
        let plan =
            AttackPlan { rule, fleet: 1_000, days: 30, history, targets, targets_of_one_key: 5, seed: 1 };
        attack_publications(&plan).unwrap()
    }

    #[test]
    fn a_month_of_releases_tells_an_attacker_nothing_of_installations_that_stay() {
        for (field, score) in
            HIDDEN_FIELDS.iter().zip(month(PublicationRule::default(), TargetHistory::Stays, many_targets()))
        {
            assert!(score.gain_in_points() <= 2.0, "{field:?}: {score:?}");
        }
    }

    #[test]
    fn a_month_of_releases_tells_an_attacker_nothing_of_installations_that_come_and_are_deleted() {
        for (field, score) in HIDDEN_FIELDS.iter().zip(month(
            PublicationRule::default(),
            TargetHistory::JoinsAndIsDeleted,
            many_targets(),
        )) {
            assert!(score.gain_in_points() <= 2.0, "{field:?}: {score:?}");
        }
    }

    #[test]
    fn an_attacker_wins_where_small_groups_are_shown_or_numbers_are_exact() {
        let rule = PublicationRule::default();
        for rule in [rule.clone().without_folding(), rule.without_noise()] {
            for (field, score) in HIDDEN_FIELDS.iter().zip(month(rule.clone(), TargetHistory::Stays, 500)) {
                assert!(score.gain_in_points() > 2.0, "{field:?}: {score:?}");
            }
        }
    }

    #[test]
    fn an_attack_is_the_same_again() {
        let plan = plan(PublicationRule::default());
        assert_eq!(attack_publications(&plan).unwrap(), attack_publications(&plan).unwrap());
    }
}
