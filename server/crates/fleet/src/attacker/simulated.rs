//! A simulated fleet, whose installations come, go, upgrade, report late and are deleted.

use crate::published::{
    FleetDay, FleetDayError, InstallationFacts, PublicationRule, PublishedTable, ReleaseStage,
};

/// The first day of every simulation: a Sunday.
pub(crate) const FIRST_DAY: u32 = 20_002;
/// What installations have been seen for before the first day.
const LONG_BEFORE: u32 = 400;
/// A day that does not come.
const NEVER: u32 = u32::MAX;

/// Numbers that a seed fixes.
#[derive(Clone, Debug)]
pub(crate) struct SplitMix(u64);

impl SplitMix {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn is_true(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    fn between(&mut self, first: u32, last: u32) -> u32 {
        let width = u64::from(last.saturating_sub(first)) + 1;
        first + u32::try_from(self.next() % width).unwrap_or(0)
    }

    /// The position of one of several, by their probabilities.
    fn choice(&mut self, probabilities: impl IntoIterator<Item = f64>) -> usize {
        let mut left = self.uniform();
        let mut last = 0;
        for (position, probability) in probabilities.into_iter().enumerate() {
            last = position;
            left -= probability;
            if left < 0.0 {
                break;
            }
        }
        last
    }
}

/// A field that the attacker does not know of his target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HiddenField {
    /// The type of the database.
    Database,
    /// An integration that every second installation has: a guess without any knowledge is right least often.
    EvenIntegration,
    /// An integration that three of ten installations have.
    Integration,
    /// The cloud, or none.
    Cloud,
    /// A service that four of ten installations run.
    Service,
}

/// All of them.
pub const HIDDEN_FIELDS: [HiddenField; 5] = [
    HiddenField::Database,
    HiddenField::EvenIntegration,
    HiddenField::Integration,
    HiddenField::Cloud,
    HiddenField::Service,
];

impl HiddenField {
    /// The table that the field is in.
    pub(crate) fn table(self) -> PublishedTable {
        match self {
            Self::Database => PublishedTable::Databases,
            Self::EvenIntegration | Self::Integration => PublishedTable::Integrations,
            Self::Cloud => PublishedTable::Clouds,
            Self::Service => PublishedTable::Services,
        }
    }

    /// Its values with their probabilities. The empty value is no label.
    pub(crate) fn values(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Database => &[("sqlite", 0.749), ("postgres", 0.201), ("mysql", 0.05)],
            Self::EvenIntegration => &[("tracing", 0.5), ("", 0.5)],
            Self::Integration => &[("", 0.7), ("profiles", 0.3)],
            Self::Cloud => {
                &[("", 0.4), ("aws", 0.3), ("gcp", 0.14), ("azure", 0.08), ("hetzner", 0.05), ("ovh", 0.03)]
            }
            Self::Service => &[("", 0.6), ("redis", 0.4)],
        }
    }
}

/// How the history of an installation goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TargetHistory {
    /// It is there on all days.
    Stays,
    /// It is first seen within the days, and deleted before their end.
    JoinsAndIsDeleted,
}

/// An installation.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedInstallation {
    id: u64,
    pub(crate) history: TargetHistory,
    versions: [String; 2],
    upgrades_on: u32,
    first_seen: u32,
    /// What is released from this day on is released without it.
    deleted_on: u32,
    /// The value of each hidden field, in the order of [`HIDDEN_FIELDS`].
    values: Vec<usize>,
    /// Other labels, which the attacker knows.
    known: Vec<(PublishedTable, String)>,
}

impl SimulatedInstallation {
    fn new(id: u64, days: u32, numbers: &mut SplitMix) -> Self {
        let history =
            if numbers.is_true(0.1) { TargetHistory::JoinsAndIsDeleted } else { TargetHistory::Stays };
        let last = FIRST_DAY + days;
        let (first_seen, deleted_on) = match history {
            TargetHistory::Stays => (FIRST_DAY - LONG_BEFORE, NEVER),
            TargetHistory::JoinsAndIsDeleted => {
                let middle = FIRST_DAY + days / 2;
                (numbers.between(FIRST_DAY, middle), numbers.between(middle + 4, last + 15))
            }
        };
        let values = HIDDEN_FIELDS
            .iter()
            .map(|field| numbers.choice(field.values().iter().map(|(_, probability)| *probability)))
            .collect();
        let nodes = ["1", "2-3", "4-7", "8-15", "16-31", "32-63"];
        let mut known =
            vec![(PublishedTable::Nodes, nodes[numbers.choice([0.3, 0.25, 0.2, 0.15, 0.07])].to_owned())];
        for (table, name, probability) in [
            (PublishedTable::Integrations, "prometheus", 0.98),
            (PublishedTable::Integrations, "logs", 0.62),
            (PublishedTable::Services, "postgres", 0.5),
            (PublishedTable::Services, "kafka", 0.15),
            (PublishedTable::Services, "mongodb", 0.08),
        ] {
            if numbers.is_true(probability) {
                known.push((table, name.to_owned()));
            }
        }
        let versions = [version(id, numbers), version(id, numbers)];
        let upgrades_on = if numbers.is_true(0.2) { numbers.between(FIRST_DAY, last) } else { NEVER };
        Self { id, history, versions, upgrades_on, first_seen, deleted_on, values, known }
    }

    /// The position of the value of a hidden field.
    pub(crate) fn value(&self, field: usize) -> usize {
        self.values[field]
    }

    pub(crate) fn version(&self, day: u32) -> &str {
        &self.versions[usize::from(day >= self.upgrades_on)]
    }

    /// Its labels if a hidden field had another value.
    pub(crate) fn labels_with(&self, field: usize, value: usize) -> Vec<(PublishedTable, &str)> {
        let known = self.known.iter().map(|(table, label)| (*table, label.as_str()));
        let hidden = HIDDEN_FIELDS.iter().enumerate().filter_map(|(position, its)| {
            let value = if position == field { value } else { self.values[position] };
            let label = its.values()[value].0;
            (!label.is_empty()).then_some((its.table(), label))
        });
        known.chain(hidden).collect()
    }

    /// Whether a release has it, as far as its reports go.
    fn is_in(&self, rule: &PublicationRule, day: u32, stage: ReleaseStage) -> bool {
        let mut numbers = SplitMix::new(self.id ^ (u64::from(day) << 32));
        let (is_active, is_late) = (numbers.is_true(0.97), numbers.is_true(0.05));
        let is_released = self.deleted_on > day + rule.days_until(stage);
        let has_reported = stage == ReleaseStage::Final || !is_late;
        self.first_seen <= day && is_active && has_reported && is_released
    }

    /// Whether a release counts it.
    pub(crate) fn is_counted(&self, rule: &PublicationRule, day: u32, stage: ReleaseStage) -> bool {
        self.is_in(rule, day, stage) && day - self.first_seen >= rule.first_counted_day()
    }
}

/// Most have one of the newer releases, some an old one, some a build of their own.
fn version(id: u64, numbers: &mut SplitMix) -> String {
    if numbers.is_true(0.1) {
        return format!("built-{id:x}");
    }
    let harmonic: f64 = (1..=60).map(|rank| 1.0 / f64::from(rank)).sum();
    let release = numbers.choice((1..=60).map(|rank| 1.0 / f64::from(rank) / harmonic));
    format!("1.{}", 60 - release)
}

/// A fleet.
#[derive(Clone, Debug)]
pub(crate) struct GuessedFleet {
    pub(crate) installations: Vec<SimulatedInstallation>,
}

impl GuessedFleet {
    pub(crate) fn new(installations: usize, days: u32, seed: u64) -> Self {
        let mut numbers = SplitMix::new(seed);
        let installations = (0..installations)
            .map(|_| SimulatedInstallation::new(numbers.next(), days, &mut numbers))
            .collect();
        Self { installations }
    }

    /// What a release of a day is made of.
    ///
    /// # Errors
    ///
    /// The installations do not fit the tables.
    pub(crate) fn day(
        &self,
        rule: &PublicationRule,
        day: u32,
        stage: ReleaseStage,
    ) -> Result<FleetDay, FleetDayError> {
        let mut fleet_day = FleetDay::new(day);
        for installation in self.installations.iter().filter(|its| its.is_in(rule, day, stage)) {
            fleet_day.add_installation(InstallationFacts {
                installation: installation.id,
                version: installation.version(day),
                days_since_first_seen: day - installation.first_seen,
                labels: &installation.labels_with(usize::MAX, 0),
                amounts: &[],
            })?;
        }
        Ok(fleet_day)
    }
}
