//! The journal against a model: whatever is interrupted, every acknowledged event is reported once.

use std::collections::BTreeMap;

use headcount_shared::{
    breakpoint::Breakpoint,
    event::{BrowserEvent, EventKind},
};
use proptest::prelude::*;

use super::*;
use crate::disk::simulated::{Crash, SimulatedDisk};

fn event(browser: u128, page: &str) -> BrowserEvent {
    BrowserEvent {
        kind: EventKind::RouteOpen,
        device_id: Uuid::from_u128(browser + 1),
        device_size: Breakpoint::Lg,
        path: page.to_owned(),
        ephemeral: false,
    }
}

const PAGES: [&str; 3] = ["/", "/welcome", "/p/$projectId"];

/// Reports as the spool would hold them: what is in one is never counted again.
#[derive(Default)]
struct Reports(BTreeMap<Uuid, Counts>);

impl Reports {
    fn views(&self) -> u64 {
        self.0.values().map(views).sum()
    }
}

fn views(counts: &Counts) -> u64 {
    counts.page_views().values().sum()
}

fn open(disk: &SimulatedDisk, reports: &Reports) -> io::Result<Browsers> {
    Browsers::open(Arc::new(disk.clone()), PAGES.map(str::to_owned), &|id| reports.0.contains_key(&id))
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Event(u8),
    Sync,
    /// A report is made; whether it gets to the disk.
    Report {
        spooled: bool,
    },
    /// A report is made and lost, and the process goes on.
    Lose,
    Compact,
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..9_u8).prop_map(Step::Event),
        2 => Just(Step::Sync),
        2 => any::<bool>().prop_map(|spooled| Step::Report { spooled }),
        1 => Just(Step::Lose),
        1 => Just(Step::Compact),
        1 => Just(Step::Restart),
    ]
}

/// What has to come out.
#[derive(Default)]
struct Model {
    acknowledged: u64,
    /// Of those, the ones that survive a power cut.
    synced: u64,
    /// Events that were sent while the crash came: they may count or not.
    in_doubt: u64,
}

/// Takes the steps until the crash comes, if it does.
fn run(
    disk: &SimulatedDisk,
    steps: &[Step],
    next_report: &mut u128,
    reports: &mut Reports,
    model: &mut Model,
) -> io::Result<()> {
    let mut browsers = open(disk, reports)?;
    for &step in steps {
        match step {
            Step::Event(n) => match browsers.record(&event(u128::from(n), PAGES[usize::from(n) % 3])) {
                Ok(()) => model.acknowledged += 1,
                Err(_) => {
                    model.in_doubt += 1;
                    return Ok(());
                }
            },
            Step::Sync => {
                browsers.sync()?;
                model.synced = model.acknowledged;
            }
            Step::Report { spooled } => {
                let id = Uuid::from_u128(*next_report);
                *next_report += 1;
                let counts = browsers.cut(id)?;
                model.synced = model.acknowledged;
                if !spooled {
                    // The report is lost before it is on disk, which only the end of the process does.
                    browsers = open(disk, reports)?;
                    continue;
                }
                reports.0.insert(id, counts);
                browsers.forget(id)?;
            }
            Step::Lose => {
                drop(browsers.cut(Uuid::from_u128(*next_report))?);
                *next_report += 1;
                model.synced = model.acknowledged;
            }
            Step::Compact => {
                let mut state = browsers.lock();
                let State { journal, counts, .. } = &mut *state;
                journal.compact(counts)?;
                model.synced = model.acknowledged;
            }
            Step::Restart => browsers = open(disk, reports)?,
        }
    }
    Ok(())
}

fn check_crash_at(steps: &[Step], crash_after: u64, crash: Crash) -> bool {
    let disk = SimulatedDisk::default();
    let (mut reports, mut model, mut next_report) = (Reports::default(), Model::default(), 1);
    disk.crash_after(crash_after);
    let stopped = run(&disk, steps, &mut next_report, &mut reports, &mut model);
    let crashed = disk.crashed();
    assert!(stopped.is_ok() || crashed, "{stopped:?}");

    disk.restart(crash);
    let browsers = open(&disk, &reports).unwrap();
    let counted = reports.views() + views(&browsers.peek());
    let least = if crash == Crash::Kill { model.acknowledged } else { model.synced };
    assert!(
        (least..=model.acknowledged + model.in_doubt).contains(&counted),
        "{counted} counted of {} acknowledged, {least} at least, crash after {crash_after} of {steps:?}",
        model.acknowledged,
    );
    // And it stays so over another restart and another report.
    let again = open(&disk, &reports).unwrap();
    assert_eq!(again.peek(), browsers.peek());
    let last = again.cut(Uuid::max()).unwrap();
    assert_eq!(reports.views() + views(&last), counted);
    crashed
}

/// Lets the crash come at every single step of the disk.
fn check_every_crash(steps: &[Step]) {
    for crash in [Crash::Kill, Crash::PowerCut] {
        let mut crash_after = 0;
        while check_crash_at(steps, crash_after, crash) {
            crash_after += 1;
        }
    }
}

#[test]
fn a_crash_at_any_step_of_a_report_loses_and_doubles_nothing() {
    use Step::{Compact, Event, Report, Restart, Sync};
    check_every_crash(&[
        Event(0),
        Event(1),
        Sync,
        Event(2),
        Report { spooled: true },
        Event(3),
        Report { spooled: true },
    ]);
    check_every_crash(&[
        Event(0),
        Report { spooled: false },
        Event(1),
        Restart,
        Event(2),
        Report { spooled: true },
    ]);
    check_every_crash(&[
        Event(0),
        Compact,
        Event(1),
        Sync,
        Compact,
        Restart,
        Event(2),
        Report { spooled: true },
        Event(3),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_crash_at_any_step_loses_and_doubles_nothing(steps in proptest::collection::vec(any_step(), 1..14)) {
        check_every_crash(&steps);
    }
}

#[test]
fn a_report_that_failed_to_reach_the_disk_is_part_of_the_next_start() {
    let disk = SimulatedDisk::default();
    let reports = Reports::default();
    let browsers = open(&disk, &reports).unwrap();
    browsers.record(&event(1, "/")).unwrap();
    browsers.cut(Uuid::from_u128(1)).unwrap();
    browsers.record(&event(2, "/")).unwrap();
    assert_eq!(views(&browsers.peek()), 1);
    assert_eq!(views(&open(&disk, &reports).unwrap().peek()), 2);
}

#[test]
fn counts_whose_report_was_lost_are_in_the_next_one() {
    let disk = SimulatedDisk::default();
    let mut reports = Reports::default();
    let browsers = open(&disk, &reports).unwrap();
    browsers.record(&event(1, "/")).unwrap();
    drop(browsers.cut(Uuid::from_u128(1)).unwrap());
    browsers.record(&event(2, "/welcome")).unwrap();
    let counts = browsers.cut(Uuid::from_u128(2)).unwrap();
    assert_eq!((views(&counts), counts.users().len()), (2, 2));
    reports.0.insert(Uuid::from_u128(2), counts);
    browsers.forget(Uuid::from_u128(2)).unwrap();
    assert_eq!(views(&browsers.cut(Uuid::from_u128(3)).unwrap()), 0);
    assert_eq!(views(&open(&disk, &reports).unwrap().peek()), 0);
}

#[test]
fn a_full_disk_refuses_events_and_recovers() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &Reports::default()).unwrap();
    browsers.record(&event(1, "/")).unwrap();
    disk.refuse_writes(true);
    assert!(matches!(browsers.record(&event(2, "/")), Err(RecordError::Disk(_))));
    assert!(browsers.cut(Uuid::from_u128(1)).is_err());
    disk.refuse_writes(false);
    browsers.record(&event(3, "/")).unwrap();
    assert_eq!(views(&browsers.peek()), 2);
    assert_eq!(open(&disk, &Reports::default()).unwrap().peek(), browsers.peek());
}

#[test]
fn damaged_lines_cost_only_themselves() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &Reports::default()).unwrap();
    for n in 0..3 {
        browsers.record(&event(n, "/welcome")).unwrap();
    }
    let (path, mut bytes) = disk.files().pop_first().unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes.extend_from_slice(b"\xff\xfenoise\n\n12345678 v - lg");
    disk.spoil(&path, &bytes);
    let reopened = open(&disk, &Reports::default()).unwrap();
    assert_eq!(views(&reopened.peek()), 2);
    reopened.record(&event(9, "/")).unwrap();
    assert_eq!(views(&open(&disk, &Reports::default()).unwrap().peek()), 3);
}

#[test]
fn a_page_that_is_not_in_the_table_is_unmatched() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &Reports::default()).unwrap();
    for page in ["/p/acme-secret", "/welcome/", "", "(unmatched)"] {
        browsers.record(&event(1, page)).unwrap();
    }
    browsers.record(&event(1, "/welcome")).unwrap();
    assert_eq!(*browsers.peek().page_views(), [(UNMATCHED.to_owned(), 4), ("/welcome".to_owned(), 1)].into());
    assert!(disk.files().values().all(|bytes| !String::from_utf8_lossy(bytes).contains("acme")));
}

#[test]
fn a_flood_does_not_grow_the_journal() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &Reports::default()).unwrap();
    let mut state = browsers.lock();
    let State { journal, counts, .. } = &mut *state;
    let record = Record::View { browser: None, size: Breakpoint::Xs, page: "/".into() };
    for _ in 0..1000 {
        journal.append(&record).unwrap();
        counts.add(&record);
    }
    let before = journal.bytes();
    journal.compact(counts).unwrap();
    assert!(journal.bytes() * 100 < before, "{} of {before}", journal.bytes());
    assert_eq!(disk.files().values().map(Vec::len).sum::<usize>() as u64, journal.bytes());
}

#[test]
fn a_compaction_or_cut_that_fails_at_any_step_loses_and_doubles_nothing() {
    for cuts in [false, true] {
        for fail_after in 0.. {
            let disk = SimulatedDisk::default();
            let mut reports = Reports::default();
            let browsers = open(&disk, &reports).unwrap();
            browsers.record(&event(1, "/")).unwrap();
            browsers.record(&event(2, "/")).unwrap();
            disk.fail_once_after(fail_after);
            let id = Uuid::from_u128(1);
            let cut = if cuts { browsers.cut(id).ok() } else { None };
            if !cuts {
                browsers.lock().compact();
            }
            let all_steps_done = disk.has_failure_ahead();
            disk.fail_once_after(u64::MAX);
            browsers.record(&event(3, "/")).unwrap();
            reports.0.extend(cut.map(|counts| (id, counts)));
            let second = Uuid::from_u128(2);
            for browsers in [&open(&disk, &reports).unwrap(), &browsers] {
                assert_eq!(
                    reports.views() + views(&browsers.peek()),
                    3,
                    "failure after {fail_after}, cut {cuts}"
                );
            }
            let last = browsers.cut(second).unwrap();
            assert_eq!(reports.views() + views(&last), 3, "failure after {fail_after}, cut {cuts}");
            if all_steps_done {
                break;
            }
        }
    }
}

#[test]
fn a_peek_changes_nothing() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &Reports::default()).unwrap();
    browsers.record(&event(1, "/")).unwrap();
    let (steps, counts) = (disk.steps(), browsers.peek());
    assert_eq!(browsers.peek(), counts);
    assert_eq!(disk.steps(), steps);
}

#[test]
fn switched_off_everything_is_forgotten_and_nothing_more_counted() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &Reports::default()).unwrap();
    browsers.record(&event(1, "/")).unwrap();
    browsers.cut(Uuid::from_u128(1)).unwrap();
    browsers.record(&event(1, "/")).unwrap();
    browsers.close_and_forget().unwrap();
    assert!(disk.files().is_empty());
    assert!(matches!(browsers.record(&event(2, "/")), Err(RecordError::Closed)));
    assert!(disk.files().is_empty());
    assert_eq!(open(&disk, &Reports::default()).unwrap().peek(), Counts::default());
}
