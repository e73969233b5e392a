//! Turns findings into the results of inspections.

use headcount_prometheus::results::InternedString;

use super::{AuditCheck, CheckMessage, audited_application::AuditedApplication};
use crate::{
    health_status::HealthStatus,
    inspections::{Inspection, ThresholdUnit},
};

/// The name of an item, and the name of what it belongs to, which may be empty.
pub(crate) type QualifiedName = [InternedString; 2];

/// The items that an inspection flagged.
pub(super) struct FlaggedItems {
    inspection: Inspection,
    threshold: f32,
    /// The greatest value of an item; NaN if no value is known.
    worst: f32,
    names: Vec<QualifiedName>,
}

impl FlaggedItems {
    /// Flags an item.
    pub(super) fn add(&mut self, name: QualifiedName) {
        self.names.push(name);
    }

    /// Flags an item if its value is above the threshold.
    pub(super) fn add_above(&mut self, value: f32, name: QualifiedName) {
        self.worst = self.worst.max(value);
        if value > self.threshold {
            self.add(name);
        }
    }

    /// The check, which fires if any item was flagged; `what` describes the problem.
    pub(super) fn check(self, what: &'static str) -> AuditCheck {
        let Self { inspection, threshold, worst, mut names } = self;
        names.sort_unstable_by_key(|name| name.map(InternedString::number));
        names.dedup();
        let value = match inspection.unit() {
            _ if !worst.is_nan() => Some(worst),
            ThresholdUnit::Count => Some(names.len() as f32),
            _ => None,
        };
        let (status, message) = if names.is_empty() {
            (HealthStatus::Ok, CheckMessage::Nothing)
        } else {
            (HealthStatus::Warning, CheckMessage::Flagged { what, names })
        };
        AuditCheck { inspection, status, threshold, value, message }
    }
}

impl AuditedApplication<'_, '_> {
    /// Begins an inspection that flags items.
    pub(super) fn items(&self, inspection: Inspection) -> FlaggedItems {
        FlaggedItems { inspection, threshold: self.threshold(inspection), worst: f32::NAN, names: Vec::new() }
    }

    /// The check of an inspection that counts events. It fires if there are more than the threshold.
    pub(super) fn events(&self, inspection: Inspection, count: f64, what: &'static str) -> AuditCheck {
        let count = count.round();
        self.above(inspection, count, CheckMessage::Counted { what, count })
    }

    /// The check of an inspection that measures a value. It fires if the value is above the threshold, and
    /// not for NaN.
    pub(super) fn above(&self, inspection: Inspection, value: f64, message: CheckMessage) -> AuditCheck {
        let check = self.fire_if(inspection, value > f64::from(self.threshold(inspection)), message);
        AuditCheck { value: (!value.is_nan()).then_some(value as f32), ..check }
    }

    /// A check that fires under a condition, without a value.
    pub(super) fn fire_if(&self, inspection: Inspection, fires: bool, message: CheckMessage) -> AuditCheck {
        if fires {
            return AuditCheck { message, ..self.check(inspection, HealthStatus::Warning) };
        }
        self.check(inspection, HealthStatus::Ok)
    }

    /// A check with a status, without a value and a message.
    pub(super) fn check(&self, inspection: Inspection, status: HealthStatus) -> AuditCheck {
        let threshold = self.threshold(inspection);
        AuditCheck { inspection, status, threshold, value: None, message: CheckMessage::Nothing }
    }

    /// The check if nothing is known.
    pub(super) fn unknown(&self, inspection: Inspection) -> AuditCheck {
        self.check(inspection, HealthStatus::Unknown)
    }
}
