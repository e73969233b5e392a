//! Turns findings into the results of inspections.

use headcount_prometheus::results::InternedString;

use super::{AuditCheck, CheckMessage, audited_application::AuditedApplication};
use crate::{health_status::HealthStatus, inspections::Inspection};

/// The name of an item, and the name of what it belongs to, which may be empty.
pub(crate) type QualifiedName = [InternedString; 2];

/// The items that an inspection flagged.
pub(super) struct FlaggedItems {
    inspection: Inspection,
    threshold: f32,
    names: Vec<QualifiedName>,
}

impl FlaggedItems {
    /// Flags an item.
    pub(super) fn add(&mut self, name: QualifiedName) {
        self.names.push(name);
    }

    /// Flags an item if its value is above the threshold.
    pub(super) fn add_above(&mut self, value: f32, name: QualifiedName) {
        if value > self.threshold {
            self.add(name);
        }
    }

    /// The check, which fires if any item was flagged; `what` describes the problem.
    pub(super) fn check(self, what: &'static str) -> AuditCheck {
        let Self { inspection, threshold, names } = self;
        if names.is_empty() {
            return AuditCheck {
                inspection,
                status: HealthStatus::Ok,
                threshold,
                message: CheckMessage::Nothing,
            };
        }
        let message = CheckMessage::Flagged { what, names };
        AuditCheck { inspection, status: HealthStatus::Warning, threshold, message }
    }
}

impl AuditedApplication<'_, '_> {
    /// Begins an inspection that flags items.
    pub(super) fn items(&self, inspection: Inspection) -> FlaggedItems {
        FlaggedItems { inspection, threshold: self.threshold(inspection), names: Vec::new() }
    }

    /// The check of an inspection that counts events. It fires if there are more than the threshold.
    pub(super) fn events(&self, inspection: Inspection, count: f64, what: &'static str) -> AuditCheck {
        let count = count.round();
        self.above(inspection, count, CheckMessage::Counted { what, count })
    }

    /// The check of an inspection that measures a value. It fires if the value is above the threshold, and
    /// not for NaN.
    pub(super) fn above(&self, inspection: Inspection, value: f64, message: CheckMessage) -> AuditCheck {
        self.fire_if(inspection, value > f64::from(self.threshold(inspection)), message)
    }

    /// A check that fires under a condition.
    pub(super) fn fire_if(&self, inspection: Inspection, fires: bool, message: CheckMessage) -> AuditCheck {
        if fires {
            let threshold = self.threshold(inspection);
            return AuditCheck { inspection, status: HealthStatus::Warning, threshold, message };
        }
        self.check(inspection, HealthStatus::Ok)
    }

    /// A check that does not fire.
    pub(super) fn check(&self, inspection: Inspection, status: HealthStatus) -> AuditCheck {
        let threshold = self.threshold(inspection);
        AuditCheck { inspection, status, threshold, message: CheckMessage::Nothing }
    }

    /// The check if nothing is known.
    pub(super) fn unknown(&self, inspection: Inspection) -> AuditCheck {
        self.check(inspection, HealthStatus::Unknown)
    }
}
