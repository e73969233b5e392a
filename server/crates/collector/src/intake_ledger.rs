//! Counts what becomes of every report that arrives, so that none is lost from the numbers without a name.
//!
//! A report is a [`ReceivedReport`] from its first byte until its outcome is known. The outcomes of reports
//! that reach the database are counted in its transactions; all others are counted here, and written every
//! few seconds ([`IntakeLedger::take_pending`]). A report and its outcome are written together, so the ledger
//! balances whenever the process ends: it can miss refused reports of the last seconds, but no half of one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use headcount_fleet::calendar_day::CalendarDay;
use headcount_platform::lock::lock;

use super::{
    DEFAULT_PRODUCT,
    intake_entry::{IntakeEntry, LaterDrop, NotStoredReason},
};

const HOUR: u64 = 60 * 60;

/// What reports of one hour became.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct HourCounts {
    /// They arrived.
    pub received: u64,
    /// They were stored.
    pub stored: u64,
    /// They were not stored because the program that sent them did something wrong.
    pub refused: u64,
}

impl HourCounts {
    /// The sum of two.
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
            stored: self.stored + other.stored,
            refused: self.refused + other.refused,
        }
    }
}

/// What is counted on a day for a product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TallyKey {
    /// The day of arrival; of something that was dropped, the day of that.
    pub day: CalendarDay,
    /// The product, or `other`.
    pub product: String,
    /// What is counted.
    pub entry: IntakeEntry,
}

/// Counts on their way into the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct IntakeTally {
    /// By day.
    pub counts: BTreeMap<TallyKey, u64>,
    /// By hour since the Unix epoch.
    pub hours: BTreeMap<u64, HourCounts>,
}

impl IntakeTally {
    /// Whether nothing is counted.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.hours.is_empty()
    }

    /// Counts an entry so many times.
    pub(super) fn add(&mut self, day: CalendarDay, product: &str, entry: IntakeEntry, count: u64) {
        if count > 0 {
            *self.counts.entry(TallyKey { day, product: product.to_owned(), entry }).or_default() += count;
        }
    }

    /// Counts a report that arrived at a time in Unix seconds and was stored.
    pub(super) fn add_stored(&mut self, at: u64, product: &str) {
        self.add_outcome(at, product, IntakeEntry::Stored);
        self.add_hour(at, HourCounts { received: 1, stored: 1, refused: 0 });
    }

    /// Counts a report that arrived at a time in Unix seconds and was not stored.
    pub(super) fn add_not_stored(&mut self, at: u64, product: &str, reason: NotStoredReason) {
        self.add_outcome(at, product, IntakeEntry::NotStored(reason));
        let refused = u64::from(reason.is_of_sender());
        self.add_hour(at, HourCounts { received: 1, stored: 0, refused });
    }

    /// Counts everything that another tally has.
    pub(super) fn merge(&mut self, other: Self) {
        for (TallyKey { day, product, entry }, count) in other.counts {
            self.add(day, &product, entry, count);
        }
        for (hour, counts) in other.hours {
            self.add_hour(hour * HOUR, counts);
        }
    }

    /// The only place that counts a received report: with its outcome.
    fn add_outcome(&mut self, at: u64, product: &str, outcome: IntakeEntry) {
        let day = CalendarDay::from_unix_seconds(at);
        self.add(day, product, IntakeEntry::Received, 1);
        self.add(day, product, outcome, 1);
    }

    fn add_hour(&mut self, at: u64, counts: HourCounts) {
        let hour = self.hours.entry(at / HOUR).or_default();
        *hour = hour.plus(counts);
    }
}

/// The sums of a ledger, over some days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LedgerSums(BTreeMap<IntakeEntry, u64>);

impl LedgerSums {
    /// Adds to an entry.
    pub(super) fn add(&mut self, entry: IntakeEntry, count: u64) {
        *self.0.entry(entry).or_default() += count;
    }

    /// How often an entry is counted.
    pub(super) fn of(&self, entry: IntakeEntry) -> u64 {
        self.0.get(&entry).copied().unwrap_or_default()
    }

    /// The entries with their counts.
    pub(super) fn entries(&self) -> impl Iterator<Item = (IntakeEntry, u64)> {
        self.0.iter().map(|(entry, count)| (*entry, *count))
    }

    /// The reports that were not stored.
    pub(super) fn not_stored(&self) -> u64 {
        NotStoredReason::ALL.iter().map(|reason| self.of(IntakeEntry::NotStored(*reason))).sum()
    }

    /// The reports that were stored and not dropped since.
    pub(super) fn kept(&self) -> u64 {
        let dropped = LaterDrop::ALL.iter().filter(|drop| drop.is_of_report());
        let dropped: u64 = dropped.map(|drop| self.of(IntakeEntry::Dropped(*drop))).sum();
        self.of(IntakeEntry::Stored).saturating_sub(dropped)
    }
}

/// Counts reports while they are received.
#[derive(Debug, Default)]
pub(super) struct IntakeLedger {
    state: Mutex<LedgerState>,
}

#[derive(Debug, Default)]
struct LedgerState {
    /// What is not in the database yet.
    pending: IntakeTally,
    /// The outcomes since the start.
    since_start: LedgerSums,
    /// The reports that arrived since the start, counted when they begin to arrive.
    arrived: u64,
}

/// What was counted since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct IntakeCounts {
    /// The reports that began to arrive.
    pub arrived: u64,
    /// What became of them. Those that are missing are being received.
    pub outcomes: LedgerSums,
}

impl IntakeLedger {
    /// A report that begins to arrive at a time in Unix seconds.
    pub(super) fn receive(self: &Arc<Self>, at: u64) -> ReceivedReport {
        lock(&self.state).arrived += 1;
        ReceivedReport {
            ledger: Arc::clone(self),
            at,
            product: DEFAULT_PRODUCT.to_owned(),
            is_settled: false,
        }
    }

    /// Takes what is not in the database yet.
    pub(super) fn take_pending(&self) -> IntakeTally {
        std::mem::take(&mut lock(&self.state).pending)
    }

    /// What is not in the database yet.
    pub(super) fn pending(&self) -> IntakeTally {
        lock(&self.state).pending.clone()
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&self, tally: IntakeTally) {
        lock(&self.state).pending.merge(tally);
    }

    /// What was counted since the start.
    pub(super) fn counts(&self) -> IntakeCounts {
        let state = lock(&self.state);
        IntakeCounts { arrived: state.arrived, outcomes: state.since_start.clone() }
    }

    /// How many reports a quota has refused since the start.
    pub(super) fn over_quota(&self) -> u64 {
        let outcomes = &lock(&self.state).since_start;
        let reasons = [NotStoredReason::InstallationQuota, NotStoredReason::NewInstallationQuota];
        reasons.into_iter().map(|reason| outcomes.of(IntakeEntry::NotStored(reason))).sum()
    }
}

/// A report whose outcome is not known yet. One that is dropped without an outcome counts as interrupted.
#[derive(Debug)]
pub(super) struct ReceivedReport {
    ledger: Arc<IntakeLedger>,
    at: u64,
    product: String,
    is_settled: bool,
}

impl ReceivedReport {
    /// Notes the product that the report names: it counts as that one from now on.
    pub(super) fn name_product(&mut self, product: String) {
        self.product = product;
    }

    /// The report is not stored, and the database knows nothing of it.
    pub(super) fn refuse(mut self, reason: NotStoredReason) {
        self.settle(reason);
    }

    /// A transaction that is committed has counted the report with this outcome.
    pub(super) fn settle_as_written(mut self, outcome: IntakeEntry) {
        self.is_settled = true;
        lock(&self.ledger.state).since_start.add(outcome, 1);
    }

    fn settle(&mut self, reason: NotStoredReason) {
        if std::mem::replace(&mut self.is_settled, true) {
            return;
        }
        let mut state = lock(&self.ledger.state);
        state.pending.add_not_stored(self.at, &self.product, reason);
        state.since_start.add(IntakeEntry::NotStored(reason), 1);
    }
}

impl Drop for ReceivedReport {
    fn drop(&mut self) {
        self.settle(NotStoredReason::Interrupted);
    }
}

#[cfg(test)]
mod tests;
