//! The fields of simulated fleets, and how frequent they are.

use super::simulated_fleet::{function_name, page_name, time_name};
use crate::{
    changes::{ChangedField, FieldKind, day_facts::fixed_number_fields},
    typed_report::IntegrationFlag,
};

/// The share of installations with each flag.
pub(super) const FLAG_SHARES: [f64; 10] = [0.93, 0.85, 0.6, 0.5, 0.15, 0.4, 0.3, 0.32, 0.25, 0.35];

/// The kind of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedKind {
    Cloud,
    Service,
    Override,
}

/// Names with the share of installations that have them.
pub(super) const NAME_SHARES: [(NamedKind, &str, f64); 10] = [
    (NamedKind::Cloud, "aws", 0.4),
    (NamedKind::Cloud, "gcp", 0.15),
    (NamedKind::Cloud, "azure", 0.1),
    (NamedKind::Service, "postgres", 0.6),
    (NamedKind::Service, "redis", 0.5),
    (NamedKind::Service, "nginx", 0.4),
    (NamedKind::Service, "kafka", 0.15),
    (NamedKind::Service, "mongodb", 0.1),
    (NamedKind::Override, "cpu", 0.12),
    (NamedKind::Override, "memory", 0.06),
];

/// The share of installations with views of each page on a weekday.
pub(super) const PAGE_SHARES: [f64; 4] = [0.5, 0.3, 0.15, 0.05];

/// The mean share of CPU time of each function.
pub(super) const FUNCTION_SHARES: [f64; 6] = [0.25, 0.15, 0.1, 0.05, 0.03, 0.01];

/// Queries whose times are simulated.
pub(super) const QUERIES: usize = 4;

/// Stages whose times are simulated.
pub(super) const STAGES: usize = 2;

/// A field by its position among those of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SimulatedField {
    Number(usize),
    Flag(usize),
    Name(usize),
    Time(usize),
    Page(usize),
    Function(usize),
}

/// A field that a release may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeededField(pub(super) SimulatedField);

/// What a tenth more or less of a yes-or-no field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareUnit {
    /// One of ten installations that have it loses it.
    OfThoseWithIt,
    /// One of ten installations loses it if most have it, else gets it.
    OfAll,
}

/// What a release changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeededChange {
    /// The position of the release in the plan.
    pub release: usize,
    /// The field.
    pub field: SeededField,
    /// By how much: 0.1 for a tenth. Numbers, times, and shares of pages and functions become larger.
    pub size: f64,
    /// What it means for flags and names.
    pub unit: ShareUnit,
}

impl SeededChange {
    /// Whether a yes-or-no field is on after the change. `place` is where between 0 and 1 an installation is.
    pub(super) fn switched(&self, is_on: bool, share: f64, place: f64) -> bool {
        match self.unit {
            ShareUnit::OfThoseWithIt => is_on && place >= self.size,
            ShareUnit::OfAll if share > 0.5 => is_on && place >= self.size / share,
            ShareUnit::OfAll => is_on || place < self.size / (1.0 - share),
        }
    }
}

impl SeededField {
    /// All fields.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let numbers = (0..fixed_number_fields().len()).map(SimulatedField::Number);
        let flags = (0..FLAG_SHARES.len()).map(SimulatedField::Flag);
        let names = (0..NAME_SHARES.len()).map(SimulatedField::Name);
        let times = (0..QUERIES + STAGES).map(SimulatedField::Time);
        let pages = (0..PAGE_SHARES.len()).map(SimulatedField::Page);
        let functions = (0..FUNCTION_SHARES.len()).map(SimulatedField::Function);
        numbers.chain(flags).chain(names).chain(times).chain(pages).chain(functions).map(Self).collect()
    }

    /// Whether a change of a tenth is more than noise after two days, when one of six installations had a
    /// whole day with the release. Views of a page are not: on one day an installation has some or not, by
    /// chance. Nor is a function that few samples of a day are in.
    #[must_use]
    pub fn shows_within_two_days(self) -> bool {
        match self.0 {
            SimulatedField::Page(_) => false,
            SimulatedField::Function(at) => FUNCTION_SHARES[at] >= 0.1,
            _ => true,
        }
    }

    /// The field as a finder names it.
    #[must_use]
    pub fn field(self) -> ChangedField {
        let named = |kind, name: &str| ChangedField::new(kind, name);
        match self.0 {
            SimulatedField::Number(at) => fixed_number_fields()[at].clone(),
            SimulatedField::Flag(at) => named(FieldKind::Flag, IntegrationFlag::ALL[at].label()),
            SimulatedField::Name(at) => {
                let (kind, name, _) = NAME_SHARES[at];
                let kind = match kind {
                    NamedKind::Cloud => FieldKind::Cloud,
                    NamedKind::Service => FieldKind::Service,
                    NamedKind::Override => FieldKind::InspectionOverride,
                };
                named(kind, name)
            }
            SimulatedField::Time(at) if at < QUERIES => named(FieldKind::Query, &time_name(at)),
            SimulatedField::Time(at) => named(FieldKind::Stage, &time_name(at)),
            SimulatedField::Page(at) => named(FieldKind::Page, &page_name(at)),
            SimulatedField::Function(at) => named(FieldKind::CpuFunction, &function_name(at)),
        }
    }
}
