//! How does what was found become the answer to an inspection?

use super::{Check, subject::Subject};
use crate::world::{answers::Symbol, inspections::Inspection, status::Status};

/// What something is called: its own name and that of what it is a part of, which may be empty.
pub(super) type Name = [Symbol; 2];

/// What was flagged in an inspection.
pub(super) struct Items<'s, 'g, 'a> {
    subject: &'s Subject<'g, 'a>,
    inspection: Inspection,
    threshold: f32,
    names: Vec<Name>,
}

impl Items<'_, '_, '_> {
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
    pub(super) fn check(self, what: &str) -> Check {
        let Self { subject, inspection, .. } = self;
        if self.names.is_empty() {
            return subject.check(inspection, Status::Ok);
        }
        subject.fired(inspection, self.message(what))
    }

    /// What is wrong, the first name of the alphabet, and how many more there are.
    fn message(mut self, what: &str) -> String {
        self.names.sort_unstable_by_key(|name| name.map(Symbol::number));
        self.names.dedup();
        let texts = &self.subject.world.texts;
        let [name, whole] =
            self.names.iter().map(|name| name.map(|part| texts.text(part))).min().unwrap_or_default();
        let separator = if whole.is_empty() { "" } else { "@" };
        let first = [what, ": ", name, separator, whole].concat();
        match self.names.len() {
            0 | 1 => first,
            count => format!("{first} and {} more", count - 1),
        }
    }
}

impl<'g, 'a> Subject<'g, 'a> {
    /// Begins an inspection in which things are flagged.
    pub(super) fn items(&self, inspection: Inspection) -> Items<'_, 'g, 'a> {
        Items { subject: self, inspection, threshold: self.threshold(inspection), names: Vec::new() }
    }

    /// The answer to an inspection that counts: it fires for more than the threshold.
    pub(super) fn events(&self, inspection: Inspection, count: f64, what: &str) -> Check {
        let count = count.round();
        self.fire_if(inspection, count > f64::from(self.threshold(inspection)), || format!("{what}: {count}"))
    }

    /// The answer to an inspection that measures: it fires for a value above the threshold, and not for NaN.
    pub(super) fn value(
        &self,
        inspection: Inspection,
        value: f64,
        what: impl FnOnce(f64) -> String,
    ) -> Check {
        self.fire_if(inspection, value > f64::from(self.threshold(inspection)), || what(value))
    }

    /// An answer that fires or does not.
    pub(super) fn fire_if(
        &self,
        inspection: Inspection,
        fires: bool,
        message: impl FnOnce() -> String,
    ) -> Check {
        if fires { self.fired(inspection, message()) } else { self.check(inspection, Status::Ok) }
    }

    /// An answer that does not fire.
    pub(super) fn check(&self, inspection: Inspection, status: Status) -> Check {
        Check { inspection, status, threshold: self.threshold(inspection), message: String::new() }
    }

    /// The answer where nothing is known.
    pub(super) fn unknown(&self, inspection: Inspection) -> Check {
        self.check(inspection, Status::Unknown)
    }

    fn fired(&self, inspection: Inspection, message: String) -> Check {
        Check { inspection, status: Status::Warning, threshold: self.threshold(inspection), message }
    }
}
