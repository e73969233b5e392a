//! Names the fields whose changes are found.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of number a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FieldKind {
    /// Installations with a flag of `integration`.
    Flag,
    /// Installations with a kind of alerting integration.
    Alerting,
    /// Installations in a cloud.
    Cloud,
    /// Installations with a service.
    Service,
    /// Installations with an instrumented service.
    InstrumentedService,
    /// Installations that override an inspection.
    InspectionOverride,
    /// A size of the observed infrastructure.
    Size,
    /// CPU usage, `mean` or `p95` of a day.
    Cpu,
    /// Resident memory, `mean` or `p95` of a day.
    Memory,
    /// The time of a stage.
    Stage,
    /// The time of a query.
    Query,
    /// `world_load` or `audit`.
    WorldTime,
    /// Installations with views of a page.
    Page,
    /// The share of CPU time that a function takes itself.
    CpuFunction,
    /// The share of memory that a function holds itself.
    HeapFunction,
}

impl FieldKind {
    /// The word for it in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Alerting => "alerting",
            Self::Cloud => "cloud",
            Self::Service => "service",
            Self::InstrumentedService => "instrumented_service",
            Self::InspectionOverride => "inspection_override",
            Self::Size => "size",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Stage => "stage",
            Self::Query => "query",
            Self::WorldTime => "world_time",
            Self::Page => "page",
            Self::CpuFunction => "cpu_function",
            Self::HeapFunction => "heap_function",
        }
    }
}

/// A field of reports, or a latency, a page or a function. Displays as `the time of the query up`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChangedField {
    /// What it counts.
    pub kind: FieldKind,
    /// Its name in reports.
    pub name: String,
}

impl ChangedField {
    pub(crate) fn new(kind: FieldKind, name: &str) -> Self {
        Self { kind, name: name.to_owned() }
    }
}

impl fmt::Display for ChangedField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name } = self;
        match kind {
            FieldKind::Flag => write!(formatter, "the share of installations with {name}"),
            FieldKind::Alerting => write!(formatter, "the share of installations that alert by {name}"),
            FieldKind::Cloud => write!(formatter, "the share of installations in the cloud {name}"),
            FieldKind::Service => write!(formatter, "the share of installations with the service {name}"),
            FieldKind::InstrumentedService => {
                write!(formatter, "the share of installations with {name} instrumented")
            }
            FieldKind::InspectionOverride => {
                write!(
                    formatter,
                    "the share of installations that override the threshold of the inspection {name}"
                )
            }
            FieldKind::Size => write!(formatter, "the number of {}", name.replace('_', " ")),
            FieldKind::Cpu => write!(formatter, "the {} CPU usage of a day", statistic(name)),
            FieldKind::Memory => write!(formatter, "the {} memory usage of a day", statistic(name)),
            FieldKind::Stage => write!(formatter, "the time of the stage {name}"),
            FieldKind::Query => write!(formatter, "the time of the query {name}"),
            FieldKind::WorldTime => write!(formatter, "the average time to {}", telemetry_work(name)),
            FieldKind::Page => write!(formatter, "the share of installations with views of the page {name}"),
            FieldKind::CpuFunction => write!(formatter, "the share of CPU time in {name}"),
            FieldKind::HeapFunction => write!(formatter, "the share of memory held by {name}"),
        }
    }
}

/// The word for a number that stands for the values of a day.
fn statistic(name: &str) -> &str {
    if name == "p95" { "95th percentile of the" } else { name }
}

/// What is done with telemetry in a time that reports call `world_load` or `audit`.
fn telemetry_work(name: &str) -> String {
    match name {
        "world_load" => "load telemetry".to_owned(),
        "audit" => "audit telemetry".to_owned(),
        other => other.replace('_', " "),
    }
}
