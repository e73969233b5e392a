//! Tests the journal against a model: whatever is interrupted, every acknowledged event is reported once.

use std::collections::BTreeMap;

use headcount_platform::{
    address_hash::AddressHasher,
    disk::simulated::{CrashKind, SimulatedDisk},
};
use headcount_shared::{
    breakpoint::Breakpoint,
    event::{BrowserEvent, EventKind},
    routes::UNMATCHED,
};
use proptest::prelude::*;

use super::*;

fn uuid(browser: u128) -> Uuid {
    uuid::Builder::from_random_bytes((browser + 1).to_be_bytes()).into_uuid()
}

fn event(browser: u128, page: &str) -> BrowserEvent {
    BrowserEvent {
        kind: EventKind::RouteOpen,
        device_id: uuid(browser),
        device_size: Breakpoint::Lg,
        path: page.to_owned(),
        ephemeral: false,
    }
}

const PAGES: [&str; 3] = ["/", "/welcome", "/p/$projectId"];

/// Reports as the spool holds them: their events are never counted again.
#[derive(Default)]
struct ReportedCounts(BTreeMap<Uuid, PageViewCounts>);

impl ReportedCounts {
    fn views(&self) -> u64 {
        self.0.values().map(views).sum()
    }
}

fn views(counts: &PageViewCounts) -> u64 {
    counts.page_views().values().sum()
}

fn key() -> BrowserKey {
    BrowserKey::new(&[42; 32])
}

fn open(disk: &SimulatedDisk, reports: &ReportedCounts) -> io::Result<PageViewStore> {
    PageViewStore::open(Arc::new(disk.clone()), key(), PAGES.map(str::to_owned), &|id| {
        reports.0.contains_key(&id)
    })
}

impl PageViewStore {
    /// Records an event and waits for the decision, however long that takes.
    fn record_now(&self, event: &BrowserEvent) -> Result<(), RecordError> {
        let mut ticket = self.submit(event, None)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        result(runtime.block_on(ticket.decision()))
    }

    /// Runs `work` on the thread, with its state.
    fn with_writing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut JournalWriterState) -> T + Send + 'static,
    ) -> T {
        self.writer.run(work).unwrap()
    }
}

#[derive(Debug, Clone, Copy)]
enum JournalStep {
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

fn any_step() -> impl Strategy<Value = JournalStep> {
    prop_oneof![
        4 => (0..9_u8).prop_map(JournalStep::Event),
        2 => Just(JournalStep::Sync),
        2 => any::<bool>().prop_map(|spooled| JournalStep::Report { spooled }),
        1 => Just(JournalStep::Lose),
        1 => Just(JournalStep::Compact),
        1 => Just(JournalStep::Restart),
    ]
}

/// The expected counts.
#[derive(Default)]
struct JournalModel {
    acknowledged: u64,
    /// Of those, the ones that survive a power cut.
    synced: u64,
    /// Events that were sent while the crash came: they may count or not.
    in_doubt: u64,
}

/// Takes the steps until the crash, if there is one.
fn run(
    disk: &SimulatedDisk,
    steps: &[JournalStep],
    next_report: &mut u128,
    reports: &mut ReportedCounts,
    model: &mut JournalModel,
) -> io::Result<()> {
    let mut browsers = open(disk, reports)?;
    for &step in steps {
        match step {
            JournalStep::Event(n) => {
                match browsers.record_now(&event(u128::from(n), PAGES[usize::from(n) % 3])) {
                    Ok(()) => model.acknowledged += 1,
                    Err(_) => {
                        model.in_doubt += 1;
                        return Ok(());
                    }
                }
            }
            JournalStep::Sync => {
                browsers.sync()?;
                model.synced = model.acknowledged;
            }
            JournalStep::Report { spooled } => {
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
            JournalStep::Lose => {
                drop(browsers.cut(Uuid::from_u128(*next_report))?);
                *next_report += 1;
                model.synced = model.acknowledged;
            }
            JournalStep::Compact => {
                browsers.with_writing(JournalWriterState::try_compact)?;
                model.synced = model.acknowledged;
            }
            JournalStep::Restart => browsers = open(disk, reports)?,
        }
    }
    Ok(())
}

fn check_crash_at(steps: &[JournalStep], crash_after: u64, crash: CrashKind) -> bool {
    let disk = SimulatedDisk::default();
    let (mut reports, mut model, mut next_report) = (ReportedCounts::default(), JournalModel::default(), 1);
    disk.crash_after(crash_after);
    let stopped = run(&disk, steps, &mut next_report, &mut reports, &mut model);
    let crashed = disk.crashed();
    assert!(stopped.is_ok() || crashed, "{stopped:?}");

    disk.restart(crash);
    let browsers = open(&disk, &reports).unwrap();
    let counted = reports.views() + views(&browsers.peek());
    let least = if crash == CrashKind::Kill { model.acknowledged } else { model.synced };
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

/// Crashes at every single step of the disk.
fn check_every_crash(steps: &[JournalStep]) {
    for crash in [CrashKind::Kill, CrashKind::PowerCut] {
        let mut crash_after = 0;
        while check_crash_at(steps, crash_after, crash) {
            crash_after += 1;
        }
    }
}

#[test]
fn a_crash_at_any_step_of_a_report_loses_and_doubles_nothing() {
    use JournalStep::{Compact, Event, Report, Restart, Sync};
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
    let reports = ReportedCounts::default();
    let browsers = open(&disk, &reports).unwrap();
    browsers.record_now(&event(1, "/")).unwrap();
    browsers.cut(Uuid::from_u128(1)).unwrap();
    browsers.record_now(&event(2, "/")).unwrap();
    assert_eq!(views(&browsers.peek()), 1);
    assert_eq!(views(&open(&disk, &reports).unwrap().peek()), 2);
}

#[test]
fn counts_whose_report_was_lost_are_in_the_next_one() {
    let disk = SimulatedDisk::default();
    let mut reports = ReportedCounts::default();
    let browsers = open(&disk, &reports).unwrap();
    browsers.record_now(&event(1, "/")).unwrap();
    drop(browsers.cut(Uuid::from_u128(1)).unwrap());
    browsers.record_now(&event(2, "/welcome")).unwrap();
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
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    browsers.record_now(&event(1, "/")).unwrap();
    disk.refuse_writes(true);
    assert!(matches!(browsers.record_now(&event(2, "/")), Err(RecordError::Disk)));
    assert!(browsers.cut(Uuid::from_u128(1)).is_err());
    disk.refuse_writes(false);
    browsers.record_now(&event(3, "/")).unwrap();
    assert_eq!(views(&browsers.peek()), 2);
    assert_eq!(open(&disk, &ReportedCounts::default()).unwrap().peek(), browsers.peek());
}

#[test]
fn damaged_lines_cost_only_themselves() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    for n in 0..3 {
        browsers.record_now(&event(n, "/welcome")).unwrap();
    }
    let (path, mut bytes) = disk.files().pop_first().unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes.extend_from_slice(b"\xff\xfenoise\n\n12345678 v - lg");
    disk.spoil(&path, &bytes);
    let reopened = open(&disk, &ReportedCounts::default()).unwrap();
    assert_eq!(views(&reopened.peek()), 2);
    reopened.record_now(&event(9, "/")).unwrap();
    assert_eq!(views(&open(&disk, &ReportedCounts::default()).unwrap().peek()), 3);
}

#[test]
fn a_page_that_is_not_in_the_table_is_unmatched() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    for page in ["/p/acme-secret", "welcome", "/welcome/acme", "(unmatched)", "/welcome", "/welcome/", ""] {
        browsers.record_now(&event(1, page)).unwrap();
    }
    let views = [(UNMATCHED, 4), ("/welcome", 2), ("/", 1)].map(|(page, views)| (page.to_owned(), views));
    assert_eq!(*browsers.peek().page_views(), views.into());
    assert!(disk.files().values().all(|bytes| !String::from_utf8_lossy(bytes).contains("acme")));
}

#[test]
fn a_flood_does_not_grow_the_journal() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    let no_uuid = BrowserEvent { ephemeral: true, ..event(1, "/") };
    for _ in 0..1000 {
        browsers.record_now(&no_uuid).unwrap();
    }
    let bytes = |disk: &SimulatedDisk| disk.files().values().map(Vec::len).sum::<usize>() as u64;
    let before = bytes(&disk);
    let after = browsers.with_writing(|writing| {
        writing.try_compact().unwrap();
        writing.journal.bytes()
    });
    assert!(after * 100 < before, "{after} of {before}");
    assert_eq!(bytes(&disk), after);
}

#[test]
fn a_compaction_or_cut_that_fails_at_any_step_loses_and_doubles_nothing() {
    for cuts in [false, true] {
        for fail_after in 0.. {
            let disk = SimulatedDisk::default();
            let mut reports = ReportedCounts::default();
            let browsers = open(&disk, &reports).unwrap();
            browsers.record_now(&event(1, "/")).unwrap();
            browsers.record_now(&event(2, "/")).unwrap();
            disk.fail_once_after(fail_after);
            let id = Uuid::from_u128(1);
            let cut = if cuts { browsers.cut(id).ok() } else { None };
            if !cuts {
                browsers.with_writing(JournalWriterState::compact);
            }
            let all_steps_done = disk.has_failure_ahead();
            disk.fail_once_after(u64::MAX);
            browsers.record_now(&event(3, "/")).unwrap();
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
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    browsers.record_now(&event(1, "/")).unwrap();
    let (steps, counts) = (disk.steps(), browsers.peek());
    assert_eq!(browsers.peek(), counts);
    assert_eq!(disk.steps(), steps);
}

#[test]
fn switched_off_everything_is_forgotten_and_nothing_more_counted() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    browsers.record_now(&event(1, "/")).unwrap();
    browsers.cut(Uuid::from_u128(1)).unwrap();
    browsers.record_now(&event(1, "/")).unwrap();
    browsers.close_and_forget().unwrap();
    assert!(disk.files().is_empty());
    assert!(matches!(browsers.record_now(&event(2, "/")), Err(RecordError::Closed)));
    assert!(disk.files().is_empty());
    assert_eq!(open(&disk, &ReportedCounts::default()).unwrap().peek(), PageViewCounts::default());
}

#[test]
fn an_append_that_fails_at_any_step_leaves_none_of_its_lines() {
    for fail_after in 0.. {
        let disk = SimulatedDisk::default();
        let browsers = open(&disk, &ReportedCounts::default()).unwrap();
        browsers.record_now(&event(1, "/")).unwrap();
        let failed = browsers.with_writing({
            let disk = disk.clone();
            move |writing| {
                let mut lines = Vec::new();
                for _ in 0..4 {
                    JournalRecord::Views { count: 1, page: "/welcome".into() }.write_line(&mut lines);
                }
                disk.fail_once_after(fail_after);
                writing.journal.append(&lines).is_err()
            }
        });
        let all_steps_done = disk.has_failure_ahead();
        disk.fail_once_after(u64::MAX);
        browsers.record_now(&event(2, "/")).unwrap();
        let again = open(&disk, &ReportedCounts::default()).unwrap().peek();
        let welcome = again.page_views().get("/welcome").copied().unwrap_or(0);
        assert_eq!((again.page_views()["/"], welcome), (2, if failed { 0 } else { 4 }), "{fail_after}");
        if all_steps_done {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_waits_for_a_slow_disk_for_too_long_is_never_counted() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    browsers.submit(&event(1, "/"), None).unwrap().decision().await;
    disk.stall(true);
    // One is being written, the other waits behind it.
    let mut written = browsers.submit(&event(2, "/"), None).unwrap();
    written.wake_writer();
    disk.until_a_step_waits();
    let started = tokio::time::Instant::now();
    assert_eq!(browsers.record(&event(3, "/"), None).await, Err(RecordError::Busy));
    assert_eq!(started.elapsed().as_secs(), EVENT_PATIENCE.as_secs());
    assert_eq!(written.give_up(), EventDecision::GivenUp);
    // Readers wait for nothing.
    assert_eq!((views(&browsers.peek()), browsers.peek_dropped().total()), (1, 0));
    disk.stall(false);
    let mut last = browsers.submit(&event(4, "/"), None).unwrap();
    assert_eq!(last.decision().await, EventDecision::Counted);
    let counts = browsers.peek();
    assert_eq!((views(&counts), counts.users().len()), (2, 2));
    browsers.sync().unwrap();
    for crash in [CrashKind::Kill, CrashKind::PowerCut] {
        disk.restart(crash);
        assert_eq!(open(&disk, &ReportedCounts::default()).unwrap().peek(), counts, "{crash:?}");
    }
}

#[tokio::test]
async fn an_event_whose_sender_leaves_is_counted() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    disk.stall(true);
    let leaving = event(1, "/");
    let left = tokio::time::timeout(Duration::from_millis(1), browsers.record(&leaving, None)).await;
    assert!(left.is_err());
    disk.stall(false);
    browsers.submit(&event(2, "/"), None).unwrap().decision().await;
    assert_eq!(views(&browsers.peek()), 2);
}

#[test]
fn too_many_events_that_wait_are_refused() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    disk.stall(true);
    let refused = (0..10_000).find(|&n| browsers.submit(&event(n, "/"), None).is_err());
    assert!(refused.is_some_and(|refused| refused < 5_000), "{refused:?}");
    disk.stall(false);
}

#[test]
fn events_from_many_threads_are_each_counted_once() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_u128 {
            let browsers = &browsers;
            scope.spawn(move || {
                for n in 0..100 {
                    browsers.record_now(&event(thread * 1000 + n, "/")).unwrap();
                }
            });
        }
    });
    let counts = browsers.peek();
    assert_eq!((views(&counts), counts.users().len()), (800, 800));
    assert_eq!(open(&disk, &ReportedCounts::default()).unwrap().peek(), counts);
}

/// Records views of many browsers from one address.
fn record_many(browsers: &PageViewStore, numbers: std::ops::Range<u128>, address: AddressHash) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let numbers: Vec<u128> = numbers.collect();
    for numbers in numbers.chunks(1000) {
        let submit = |&n: &u128| browsers.submit(&event(n, "/"), Some(address)).unwrap();
        let tickets: Vec<_> = numbers.iter().map(submit).collect();
        for mut ticket in tickets {
            assert_eq!(runtime.block_on(ticket.decision()), EventDecision::Counted);
        }
    }
}

#[test]
fn one_address_leaves_places_to_others_and_what_is_dropped_is_estimated() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    let hasher = AddressHasher::new();
    let [one, other] = ["127.0.0.1", "127.0.0.3"].map(|address| hasher.hash(address.parse().unwrap()));
    record_many(&browsers, 0..10_000, one);
    // The same browsers again are the same drops of browsers, and more views.
    record_many(&browsers, 9_000..10_000, one);
    record_many(&browsers, 20_000..20_050, other);
    let counts = browsers.peek();
    assert_eq!((views(&counts), counts.users().len()), (11_050, 5_050));
    for n in 20_000..20_050 {
        assert!(counts.users().contains(&key().pseudonym(uuid(n)).unwrap().as_uuid()));
    }
    assert_eq!(counts.dropped(), DroppedEvents { browsers: 6_000, page_views: 0 });
    let estimate = browsers.peek_dropped_browsers();
    assert!((4_500..5_500).contains(&estimate), "{estimate}");
    // All of this is in the journal, compacted or not.
    assert_eq!(open(&disk, &ReportedCounts::default()).unwrap().peek(), counts);
    browsers.with_writing(JournalWriterState::try_compact).unwrap();
    assert_eq!(open(&disk, &ReportedCounts::default()).unwrap().peek(), counts);
    // The next interval begins anew.
    browsers.cut(Uuid::from_u128(1)).unwrap();
    record_many(&browsers, 0..10, one);
    assert_eq!((browsers.peek().users().len(), browsers.peek_dropped_browsers()), (10, 0));
}

#[test]
fn no_uuid_of_a_browser_is_on_the_disk_or_in_a_report() {
    let disk = SimulatedDisk::default();
    let browsers = open(&disk, &ReportedCounts::default()).unwrap();
    browsers.record_now(&event(1, "/")).unwrap();
    let named = BrowserEvent { device_id: Uuid::from_bytes(*b"jane@acme.corp!!"), ..event(1, "/welcome") };
    browsers.record_now(&named).unwrap();
    let counts = browsers.peek();
    assert_eq!((views(&counts), counts.users()), (2, vec![browsers.pseudonym(uuid(1)).unwrap().as_uuid()]));
    assert_eq!(counts.users_by_screen_size().values().sum::<u64>(), 1);
    for bytes in disk.files().values() {
        let text = String::from_utf8_lossy(bytes);
        assert!(
            !text.contains(&uuid(1).to_string()) && !text.contains(&named.device_id.to_string()),
            "{text}"
        );
    }
}
