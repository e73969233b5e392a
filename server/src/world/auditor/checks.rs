//! How does what was found become the answer to an inspection?

use super::{Check, CheckMessage, subject::Subject};
use crate::world::{answers::Symbol, inspections::Inspection, status::Status};

/// What something is called: its own name and that of what it is a part of, which may be empty.
pub(in crate::world) type Name = [Symbol; 2];

/// What was flagged in an inspection.
pub(super) struct Items {
    inspection: Inspection,
    threshold: f32,
    names: Vec<Name>,
}

impl Items {
    /// Flags something.
    pub(super) fn add(&mut self, name: Name) {
        self.names.push(name);
    }

    /// Flags something of which a value is above the threshold.
    pub(super) fn add_above(&mut self, value: f32, name: Name) {
        if value > self.threshold {
            self.add(name);
        }
    }

    /// The answer, which fires if anything was flagged; `what` says what is wrong.
    pub(super) fn check(self, what: &'static str) -> Check {
        let Self { inspection, threshold, names } = self;
        if names.is_empty() {
            return Check { inspection, status: Status::Ok, threshold, message: CheckMessage::Nothing };
        }
        let message = CheckMessage::Flagged { what, names };
        Check { inspection, status: Status::Warning, threshold, message }
    }
}

impl Subject<'_, '_> {
    /// Begins an inspection in which things are flagged.
    pub(super) fn items(&self, inspection: Inspection) -> Items {
        Items { inspection, threshold: self.threshold(inspection), names: Vec::new() }
    }

    /// The answer to an inspection that counts: it fires for more than the threshold.
    pub(super) fn events(&self, inspection: Inspection, count: f64, what: &'static str) -> Check {
        let count = count.round();
        self.above(inspection, count, CheckMessage::Counted { what, count })
    }

    /// The answer to an inspection that measures: it fires for a value above the threshold, and not for NaN.
    pub(super) fn above(&self, inspection: Inspection, value: f64, message: CheckMessage) -> Check {
        self.fire_if(inspection, value > f64::from(self.threshold(inspection)), message)
    }

    /// An answer that fires or does not.
    pub(super) fn fire_if(&self, inspection: Inspection, fires: bool, message: CheckMessage) -> Check {
        if fires {
            let threshold = self.threshold(inspection);
            return Check { inspection, status: Status::Warning, threshold, message };
        }
        self.check(inspection, Status::Ok)
    }

    /// An answer that does not fire.
    pub(super) fn check(&self, inspection: Inspection, status: Status) -> Check {
        let threshold = self.threshold(inspection);
        Check { inspection, status, threshold, message: CheckMessage::Nothing }
    }

    /// The answer where nothing is known.
    pub(super) fn unknown(&self, inspection: Inspection) -> Check {
        self.check(inspection, Status::Unknown)
    }
}
