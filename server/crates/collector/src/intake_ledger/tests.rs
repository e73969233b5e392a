//! Tests that the ledger balances, whatever becomes of reports and whenever counts are written.

use proptest::prelude::*;

use super::*;

const NOON: u64 = 20_000 * 24 * HOUR + 12 * HOUR;

/// What becomes of a report in a test.
#[derive(Debug, Clone, Copy)]
enum ReportFate {
    /// It reaches the database, with the outcome at this place.
    Written(usize),
    /// It is refused before, for the reason at this place.
    Refused(usize),
    /// Its sender hangs up.
    HungUp,
    /// It is still being received.
    UnderWay,
}

/// What happens in a test.
#[derive(Debug, Clone, Copy)]
enum LedgerStep {
    Report { fate: ReportFate, hours: u64, product: u8 },
    Write,
    WriteFails,
    Crash,
}

fn fates() -> impl Strategy<Value = ReportFate> {
    prop_oneof![
        (0..100_usize).prop_map(ReportFate::Written),
        (0..100_usize).prop_map(ReportFate::Refused),
        Just(ReportFate::HungUp),
        Just(ReportFate::UnderWay),
    ]
}

fn steps() -> impl Strategy<Value = LedgerStep> {
    prop_oneof![
        8 => (fates(), 0..72_u64, 0..3_u8)
            .prop_map(|(fate, hours, product)| LedgerStep::Report { fate, hours, product }),
        2 => Just(LedgerStep::Write),
        1 => Just(LedgerStep::WriteFails),
        1 => Just(LedgerStep::Crash),
    ]
}

/// Whether each day and product has as many outcomes as received reports, and each hour as many as the days.
fn assert_balanced(tally: &IntakeTally) {
    let mut left: BTreeMap<(CalendarDay, &str), i128> = BTreeMap::new();
    for (TallyKey { day, product, entry }, count) in &tally.counts {
        let sign = match entry {
            IntakeEntry::Received => 1,
            IntakeEntry::Stored | IntakeEntry::NotStored(_) => -1,
            IntakeEntry::Remark(_) | IntakeEntry::SetAside(_) | IntakeEntry::Dropped(_) => 0,
        };
        *left.entry((*day, product)).or_default() += sign * i128::from(*count);
    }
    assert!(left.values().all(|left| *left == 0), "{left:?}");
    let received = tally.counts.iter().filter(|(key, _)| key.entry == IntakeEntry::Received);
    let received: u64 = received.map(|(_, count)| count).sum();
    assert_eq!(tally.hours.values().map(|hour| hour.received).sum::<u64>(), received);
}

/// The outcome at a place among those that the database decides.
fn written_outcome(place: usize) -> IntakeEntry {
    let decided = [
        IntakeEntry::Stored,
        IntakeEntry::NotStored(NotStoredReason::Duplicate),
        IntakeEntry::NotStored(NotStoredReason::Conflict),
        IntakeEntry::NotStored(NotStoredReason::Deleted),
        IntakeEntry::NotStored(NotStoredReason::InstallationQuota),
    ];
    decided[place % decided.len()]
}

proptest! {
    #[test]
    fn received_is_stored_and_named_reasons_after_every_step(steps in prop::collection::vec(steps(), 0..80)) {
        let mut ledger = Arc::new(IntakeLedger::default());
        let (mut written, mut under_way) = (IntakeTally::default(), Vec::new());
        let mut settled = 0_u64;
        for step in steps {
            match step {
                LedgerStep::Report { fate, hours, product } => {
                    let (at, product) = (NOON + hours * HOUR, format!("product-{product}"));
                    let mut received = ledger.receive(at);
                    received.name_product(product.clone());
                    settled += u64::from(!matches!(fate, ReportFate::UnderWay));
                    match fate {
                        ReportFate::Written(place) => {
                            let outcome = written_outcome(place);
                            match outcome {
                                IntakeEntry::NotStored(reason) => {
                                    written.add_not_stored(at, &product, reason);
                                }
                                _ => written.add_stored(at, &product),
                            }
                            received.settle_as_written(outcome);
                        }
                        ReportFate::Refused(place) => {
                            let reasons = NotStoredReason::ALL;
                            received.refuse(reasons[place % reasons.len()]);
                        }
                        ReportFate::HungUp => drop(received),
                        ReportFate::UnderWay => under_way.push(received),
                    }
                }
                LedgerStep::Write => written.merge(ledger.take_pending()),
                LedgerStep::WriteFails => ledger.put_back(ledger.take_pending()),
                LedgerStep::Crash => {
                    under_way.clear();
                    ledger = Arc::new(IntakeLedger::default());
                    settled = 0;
                }
            }
            assert_balanced(&written);
            let counts = ledger.counts();
            let outcomes = counts.outcomes.of(IntakeEntry::Stored) + counts.outcomes.not_stored();
            prop_assert_eq!(outcomes, settled);
            prop_assert_eq!(counts.arrived, settled + under_way.len() as u64);
        }
        // The senders of reports that are still being received hang up.
        under_way.clear();
        written.merge(ledger.take_pending());
        assert_balanced(&written);
        let counts = ledger.counts();
        prop_assert_eq!(counts.arrived, counts.outcomes.of(IntakeEntry::Stored) + counts.outcomes.not_stored());
    }
}

#[test]
fn what_is_kept_is_what_was_stored_without_what_was_dropped() {
    let mut sums = LedgerSums::default();
    sums.add(IntakeEntry::Stored, 10);
    sums.add(IntakeEntry::Dropped(LaterDrop::ReportRetention), 3);
    sums.add(IntakeEntry::Dropped(LaterDrop::ReportDeletion), 2);
    sums.add(IntakeEntry::Dropped(LaterDrop::RawDiskLimit), 7);
    assert_eq!((sums.kept(), sums.not_stored()), (5, 0));
}
