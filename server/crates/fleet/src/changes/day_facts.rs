//! What is compared of one installation on one day: logarithms of numbers, and a set of yes-or-no facts.

use std::collections::BTreeMap;

use headcount_shared::payload::AlertingIntegration;

use super::{
    changed_field::{ChangedField, FieldKind},
    installation_readings::InstallationReadings,
};
use crate::{
    installation_day::{InstallationDay, InstallationDays, InstallationHash, SampleBuckets},
    log_bucket::LogBucket,
    name_table::OTHER,
    typed_report::{InstallationSizes, IntegrationFlag},
};

/// The most times and functions that are compared within installations.
pub(super) const MOST_READINGS: usize = 400;

/// The most installations that are compared. More would not make a change of a tenth clearer.
const MOST_COMPARED: usize = 20_000;

/// The words of a [`FactSet`].
const WORDS: usize = 4;

/// The most yes-or-no facts that are compared.
const MOST_FACTS: usize = WORDS * 64;

/// A name that fewer installations of a day have is not compared: a change of a tenth could not be seen.
pub(super) const FEWEST_WITH_NAME: u32 = 20;

/// The logarithms of numbers, in the order of [`FactCatalogue::number_fields`]; NaN for 0 and for what is not
/// known. Whether a number is 0 is another question than how large it is. Fields at the end may be missing.
pub(super) type FactNumbers = Vec<f32>;

/// A set of facts, by their position in a [`FactCatalogue`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FactSet([u64; WORDS]);

impl FactSet {
    pub(super) fn insert(&mut self, fact: usize) {
        if let Some(word) = self.0.get_mut(fact / 64) {
            *word |= 1 << (fact % 64);
        }
    }

    /// The facts that are here and not there.
    pub(super) fn without(self, other: Self) -> Self {
        let mut facts = self;
        facts.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= !other);
        facts
    }

    /// The positions, in their order.
    pub(super) fn positions(self) -> impl Iterator<Item = usize> {
        (0..).step_by(64).zip(self.0).flat_map(|(start, word)| {
            std::iter::successors((word != 0).then_some(word), |word| {
                let rest = word & (word - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |word| start + word.trailing_zeros() as usize)
        })
    }
}

/// One installation on one day.
#[derive(Debug, Clone)]
pub(super) struct FactRow {
    pub(super) installation: InstallationHash,
    /// A number of the finder's versions.
    pub(super) version: u32,
    pub(super) numbers: FactNumbers,
    pub(super) facts: FactSet,
}

/// The fields of [`FactNumbers`] that every day has.
pub(super) fn fixed_number_fields() -> [ChangedField; 9] {
    let [projects, applications, nodes, instances, categories] = InstallationSizes::default().named();
    [
        (FieldKind::Cpu, "mean"),
        (FieldKind::Cpu, "p95"),
        (FieldKind::Memory, "mean"),
        (FieldKind::Memory, "p95"),
        (FieldKind::Size, projects.0),
        (FieldKind::Size, applications.0),
        (FieldKind::Size, nodes.0),
        (FieldKind::Size, instances.0),
        (FieldKind::Size, categories.0),
    ]
    .map(|(kind, name)| ChangedField::new(kind, name))
}

fn fixed_numbers_of(row: &InstallationDay) -> [f32; 9] {
    let logarithm = |value: f64| if value > 0.0 { value.ln() as f32 } else { f32::NAN };
    let sample = |samples: Option<SampleBuckets>, bucket: fn(SampleBuckets) -> LogBucket| {
        samples.map_or(f32::NAN, |samples| logarithm(bucket(samples).estimate()))
    };
    let [projects, applications, nodes, instances, categories] = row.sizes.named();
    let count = |count: u64| logarithm(count as f64);
    [
        sample(row.cpu, |samples| samples.mean),
        sample(row.cpu, |samples| samples.p95),
        sample(row.memory, |samples| samples.mean),
        sample(row.memory, |samples| samples.p95),
        count(projects.1),
        count(applications.1),
        count(nodes.1),
        count(instances.1),
        count(categories.1),
    ]
}

/// The yes-or-no facts by position: flags and alerting first, then names as they became frequent.
#[derive(Debug, Clone)]
pub(super) struct FactCatalogue {
    fields: Vec<ChangedField>,
    named: BTreeMap<(FieldKind, String), usize>,
    number_fields: Vec<ChangedField>,
    readings: BTreeMap<ChangedField, usize>,
}

impl FactCatalogue {
    pub(super) fn new() -> Self {
        let flags = IntegrationFlag::ALL.map(|flag| ChangedField::new(FieldKind::Flag, flag.label()));
        let alerting =
            AlertingIntegration::ALL.map(|kind| ChangedField::new(FieldKind::Alerting, kind.name()));
        Self {
            fields: flags.into_iter().chain(alerting).collect(),
            named: BTreeMap::new(),
            number_fields: fixed_number_fields().to_vec(),
            readings: BTreeMap::new(),
        }
    }

    /// The fields of numbers: those that every day has first, then readings as they were seen.
    pub(super) fn number_fields(&self) -> &[ChangedField] {
        &self.number_fields
    }

    /// The fields of facts, by position.
    pub(super) fn fact_fields(&self) -> &[ChangedField] {
        &self.fields
    }

    /// The installations of a day that count, sorted by hash. Their versions are numbered by
    /// `version_number`.
    pub(super) fn rows(
        &mut self,
        days: &InstallationDays,
        readings: Option<&InstallationReadings>,
        mut version_number: impl FnMut(&str) -> u32,
    ) -> Vec<FactRow> {
        let versions: Vec<_> = days.versions.names().iter().map(|name| version_number(name)).collect();
        let positions = self.positions_of_names(days);
        let positions_of_readings = self.positions_of_readings(readings);
        let numbers = self.number_fields.len();
        let last = last_compared(days);
        let counted = days.installations.iter().filter(|row| row.is_counted() && row.installation <= last);
        let mut readings =
            readings.map(|readings| readings.rows.as_slice()).unwrap_or_default().iter().peekable();
        let row = |row: &InstallationDay| {
            let mut of_row = fixed_numbers_of(row).to_vec();
            while readings.next_if(|(installation, _)| *installation < row.installation).is_some() {}
            if let Some((_, of_installation)) =
                readings.next_if(|(installation, _)| *installation == row.installation)
            {
                of_row.resize(numbers, f32::NAN);
                for (name, value) in of_installation {
                    let position = positions_of_readings.get(*name as usize).copied().flatten();
                    let slot = position.and_then(|position| of_row.get_mut(position));
                    slot.into_iter().for_each(|slot| *slot = *value);
                }
            }
            FactRow {
                installation: row.installation,
                version: versions.get(row.version as usize).copied().unwrap_or_default(),
                numbers: of_row,
                facts: facts_of(row, &positions),
            }
        };
        counted.map(row).collect()
    }

    /// The positions of the day's readings among the numbers; none for more than are compared.
    fn positions_of_readings(&mut self, readings: Option<&InstallationReadings>) -> Vec<Option<usize>> {
        let fields = readings.map(|readings| readings.fields.as_slice()).unwrap_or_default();
        let position = |field: &ChangedField| {
            if let Some(position) = self.readings.get(field) {
                return Some(*position);
            }
            if self.readings.len() >= MOST_READINGS {
                return None;
            }
            let position = self.number_fields.len();
            self.number_fields.push(field.clone());
            self.readings.insert(field.clone(), position);
            Some(position)
        };
        fields.iter().map(position).collect()
    }

    /// The positions of the day's names, by kind and number; those of rare names are too large for any set.
    fn positions_of_names(&mut self, days: &InstallationDays) -> [Vec<usize>; 4] {
        NAMED_KINDS.map(|(kind, each_name)| {
            let mut counts = vec![0_u32; days.names.names().len()];
            for row in days.installations.iter().filter(|row| row.is_counted()) {
                each_name(row, &mut |name| {
                    if let Some(count) = counts.get_mut(name as usize) {
                        *count += 1;
                    }
                });
            }
            let names = days.names.names().iter().zip(counts);
            names.map(|(name, count)| self.position(kind, name, count)).collect()
        })
    }

    fn position(&mut self, kind: FieldKind, name: &str, count: u32) -> usize {
        if count == 0 || name == OTHER {
            return MOST_FACTS;
        }
        let key = (kind, name.to_owned());
        if let Some(position) = self.named.get(&key) {
            return *position;
        }
        if count < FEWEST_WITH_NAME || self.fields.len() >= MOST_FACTS {
            return MOST_FACTS;
        }
        let position = self.fields.len();
        self.fields.push(ChangedField::new(kind, name));
        self.named.insert(key, position);
        position
    }
}

/// The last installation that is compared: hashes are spread evenly, so that the first ones are as good as
/// any.
fn last_compared(days: &InstallationDays) -> InstallationHash {
    let all = days.installations.len();
    if all <= MOST_COMPARED {
        return InstallationHash(u64::MAX);
    }
    InstallationHash((u64::MAX / all as u64).saturating_mul(MOST_COMPARED as u64))
}

/// Calls a function with every name of one kind that an installation has.
type EachName = fn(&InstallationDay, &mut dyn FnMut(u32));

const NAMED_KINDS: [(FieldKind, EachName); 4] = [
    (FieldKind::Cloud, |row, call| row.clouds.iter().for_each(|name| call(*name))),
    (FieldKind::Service, |row, call| row.services.iter().for_each(|name| call(*name))),
    (FieldKind::InstrumentedService, |row, call| {
        row.instrumented_services.iter().for_each(|name| call(*name));
    }),
    (FieldKind::InspectionOverride, |row, call| row.overrides.iter().for_each(|(name, _)| call(*name))),
];

fn facts_of(row: &InstallationDay, positions: &[Vec<usize>; 4]) -> FactSet {
    let mut facts = FactSet::default();
    let flags = IntegrationFlag::ALL;
    flags.iter().enumerate().filter(|(_, flag)| row.flags.has(**flag)).for_each(|(at, _)| facts.insert(at));
    for kind in 0..AlertingIntegration::ALL.len() {
        if row.alerting & (1 << kind) != 0 {
            facts.insert(flags.len() + kind);
        }
    }
    for ((_, each_name), positions) in NAMED_KINDS.iter().zip(positions) {
        each_name(row, &mut |name| facts.insert(positions.get(name as usize).copied().unwrap_or(MOST_FACTS)));
    }
    facts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_has_what_was_inserted(
            facts in prop::collection::btree_set(0_usize..300, 0..40),
            others in prop::collection::btree_set(0_usize..300, 0..40),
        ) {
            let set = |facts: &std::collections::BTreeSet<usize>| {
                let mut set = FactSet::default();
                facts.iter().for_each(|fact| set.insert(*fact));
                set
            };
            let within = |facts: Vec<usize>| -> Vec<usize> {
                facts.into_iter().filter(|fact| *fact < MOST_FACTS).collect()
            };
            let positions = |set: FactSet| set.positions().collect::<Vec<_>>();
            prop_assert_eq!(positions(set(&facts)), within(facts.iter().copied().collect()));
            let left = set(&facts).without(set(&others));
            prop_assert_eq!(positions(left), within(facts.difference(&others).copied().collect()));
        }
    }

    #[test]
    fn installations_that_count_have_their_numbers_and_frequent_names() {
        let mut days = InstallationDays::empty();
        let version = days.versions.number("1.0");
        let (aws, rare) = (days.names.number("aws"), days.names.number("rare"));
        for hash in 0..30 {
            let mut row = InstallationDay::without_reports(InstallationHash(hash));
            row.reports = u32::from(hash != 7);
            row.version = version;
            row.sizes.nodes = hash;
            row.alerting = 2;
            row.clouds = if hash < 5 { vec![aws, rare] } else { vec![aws] };
            days.installations.push(row);
        }
        let mut catalogue = FactCatalogue::new();
        let rows = catalogue.rows(&days, None, |name| u32::from(name == "1.0"));
        assert_eq!(rows.len(), 29);
        assert!(rows.iter().all(|row| row.version == 1));
        assert!(rows[0].numbers[6].is_nan() && (rows[3].numbers[6] - 3.0_f32.ln()).abs() < 1e-6);
        let names: Vec<_> =
            rows[0].facts.positions().map(|at| catalogue.fact_fields()[at].to_string()).collect();
        let alerting = AlertingIntegration::ALL[1].name();
        assert_eq!(
            names,
            [
                format!("the share of installations that alert by {alerting}"),
                "the share of installations in the cloud aws".to_owned()
            ]
        );
    }
}
