//! Tests the spool on a simulated disk.

use std::collections::BTreeMap;

use headcount_platform::disk::simulated::{CrashKind, SimulatedDisk};
use proptest::prelude::*;

use super::*;

fn open(disk: &SimulatedDisk) -> Spool {
    Spool::open(Arc::new(disk.clone())).unwrap()
}

fn id(n: usize) -> Uuid {
    Uuid::from_u128(n as u128 + 1)
}

fn put(spool: &Spool, id: Uuid, bytes: &[u8]) -> io::Result<()> {
    spool.put(id, bytes, &DeliveryHeaders::default())
}

fn states(spool: &Spool) -> Vec<(String, ReportState)> {
    spool.entries().into_iter().map(|entry| (entry.id, entry.state)).collect()
}

#[test]
fn a_report_goes_its_way_byte_for_byte() {
    let disk = SimulatedDisk::default();
    let spool = open(&disk);
    put(&spool, id(1), b"one").unwrap();
    put(&spool, id(2), b"two").unwrap();
    assert_eq!(spool.queued(), [id(1), id(2)]);
    spool.mark_sent(id(1)).unwrap();
    spool.mark_refused(id(2)).unwrap();
    for spool in [&spool, &open(&disk)] {
        assert_eq!(
            states(spool),
            [(id(2).to_string(), ReportState::Refused), (id(1).to_string(), ReportState::Sent)]
        );
        assert_eq!(spool.read(id(1)).unwrap().bytes, b"one");
        assert!(matches!(spool.read(id(3)), Err(ReadError::Unknown)));
    }
}

#[test]
fn a_damaged_file_is_set_aside() {
    let disk = SimulatedDisk::default();
    let spool = open(&disk);
    put(&spool, id(1), b"one").unwrap();
    let path = disk.files().into_keys().next().unwrap();
    disk.spoil(&path, b"0ne");
    assert!(matches!(spool.read(id(1)), Err(ReadError::Damaged)));
    assert!(spool.entries().is_empty() && open(&disk).entries().is_empty());
    assert_eq!(disk.files().len(), 1, "the damaged file is kept to be looked at");
}

#[test]
fn a_report_that_moves_while_it_is_read_stays_queued_and_is_read() {
    let disk = SimulatedDisk::default();
    let spool = Arc::new(open(&disk));
    put(&spool, id(1), b"one").unwrap();
    let moving = Arc::clone(&spool);
    disk.before_next_read(move || {
        let _unanswered = moving.begin_attempt(id(1)).unwrap();
    });
    assert_eq!(spool.read(id(1)).unwrap().bytes, b"one");
    assert!(spool.holds(id(1)));
    assert_eq!(spool.queued(), [id(1)]);

    let moving = Arc::clone(&spool);
    disk.before_next_read(move || moving.mark_sent(id(1)).unwrap());
    assert_eq!(spool.read(id(1)).unwrap().bytes, b"one");
    assert_eq!(states(&spool), [(id(1).to_string(), ReportState::Sent)]);

    let moving = Arc::clone(&spool);
    disk.before_next_read(move || moving.remove_all().unwrap());
    assert!(matches!(spool.read(id(1)), Err(ReadError::Unknown)), "it is gone, and not only moved");
}

#[test]
fn a_report_is_read_and_held_however_often_it_moves_meanwhile() {
    let disk = SimulatedDisk::default();
    let spool = open(&disk);
    put(&spool, id(1), b"one").unwrap();
    std::thread::scope(|scope| {
        let moves = scope.spawn(|| {
            for _ in 0..2000 {
                spool.end_attempt(spool.begin_attempt(id(1)).unwrap()).unwrap();
            }
        });
        while !moves.is_finished() {
            assert_eq!(spool.read(id(1)).unwrap().bytes, b"one");
            assert!(spool.holds(id(1)));
        }
    });
}

#[test]
fn files_of_others_are_left_alone() {
    let disk = SimulatedDisk::default();
    drop(open(&disk));
    for name in ["notes.txt", "x-y.json", "00000000-0000-0000-0000-000000000001-abc.json"] {
        disk.write_synced(&format!("reports/queued/{name}"), b"mine").unwrap();
    }
    assert!(open(&disk).entries().is_empty());
    assert_eq!(disk.files().len(), 3);
}

#[test]
fn sent_reports_are_bounded_and_queued_ones_make_no_room() {
    let disk = SimulatedDisk::default();
    let spool = open(&disk);
    for n in 0..SENT_REPORTS + 3 {
        put(&spool, id(n), b"x").unwrap();
        spool.mark_sent(id(n)).unwrap();
    }
    assert_eq!(spool.count(ReportState::Sent), SENT_REPORTS as u64);
    assert!(!spool.holds(id(2)) && spool.holds(id(3)));
    for n in 0..QUEUED_REPORTS {
        assert!(spool.has_room(), "{n}");
        put(&spool, id(1000 + n), b"x").unwrap();
    }
    assert!(!spool.has_room());
    assert_eq!(disk.files().len(), SENT_REPORTS + QUEUED_REPORTS);
}

#[test]
fn copies_of_sent_reports_are_bounded_in_bytes_and_the_newest_stays() {
    let disk = SimulatedDisk::default();
    let spool = open(&disk);
    let half = vec![b'x'; usize::try_from(SENT_BYTES / 2).unwrap()];
    for n in 0..3 {
        put(&spool, id(n), &half).unwrap();
        spool.mark_sent(id(n)).unwrap();
    }
    assert_eq!(states(&spool).len(), 2);
    put(&spool, id(3), &[&half[..], &half, &half].concat()).unwrap();
    spool.mark_sent(id(3)).unwrap();
    assert_eq!(states(&spool), [(id(3).to_string(), ReportState::Sent)]);
}

#[test]
fn on_a_full_disk_copies_of_sent_reports_make_room_for_a_new_one_oldest_first() {
    let disk = SimulatedDisk::default();
    let spool = open(&disk);
    for n in 0..4 {
        put(&spool, id(n), &[b'x'; 100]).unwrap();
        spool.mark_sent(id(n)).unwrap();
    }
    disk.set_capacity(Some(450));
    put(&spool, id(4), &[b'y'; 230]).unwrap();
    assert_eq!(spool.queued(), [id(4)]);
    let kept: Vec<bool> = (0..4).map(|n| spool.read(id(n)).is_ok()).collect();
    assert_eq!(kept, [false, false, false, true]);
    assert!((0..4).all(|n| spool.holds(id(n))), "what they count is counted all the same");
    assert_eq!(open(&disk).read(id(4)).unwrap().bytes, [b'y'; 230]);

    let error = put(&spool, id(5), &[b'z'; 300]).unwrap_err();
    assert!(is_full(&error), "{error}");
    assert_eq!(spool.queued(), [id(4)], "a report that waits makes no room");
    assert_eq!(disk.files().len(), 1, "nothing is left of the report that does not fit");
}

#[test]
fn reports_are_listed_and_sent_in_the_order_in_which_they_were_made_whatever_the_clock_does() {
    let disk = SimulatedDisk::default();
    for ids in [[id(50), id(90)], [id(10), id(30)]] {
        let spool = open(&disk);
        ids.into_iter().for_each(|id| put(&spool, id, b"x").unwrap());
    }
    let spool = open(&disk);
    assert_eq!(spool.queued(), [id(50), id(90), id(10), id(30)]);
    let listed: Vec<String> = spool.entries().into_iter().map(|entry| entry.id).collect();
    assert_eq!(listed, [id(30), id(10), id(90), id(50)].map(|id| id.to_string()));
    spool.mark_sent(id(90)).unwrap();
    assert_eq!(spool.queued(), [id(50), id(10), id(30)]);
}

#[test]
fn what_is_sent_beside_a_report_survives_a_restart() {
    let disk = SimulatedDisk::default();
    let spool = open(&disk);
    let headers = DeliveryHeaders {
        user_agent: Some("headcount/0.0.1".to_owned()),
        product: Some("a-shop".parse().unwrap()),
        commitment: Some("07".repeat(32).parse().unwrap()),
        replica: true,
    };
    spool.put(id(1), b"one", &headers).unwrap();
    put(&spool, id(2), b"two").unwrap();
    let _unanswered = spool.begin_attempt(id(1)).unwrap();
    for spool in [&spool, &open(&disk)] {
        let report = SpooledReport { bytes: b"one".to_vec(), headers: headers.clone() };
        assert_eq!(spool.read(id(1)).unwrap(), report);
        assert_eq!(spool.read(id(2)).unwrap().headers, DeliveryHeaders::default());
        assert!(spool.entries().iter().all(|entry| entry.bytes == 3), "headers are no part of a report");
    }
    spool.mark_sent(id(1)).unwrap();
    assert_eq!(open(&disk).read(id(1)).unwrap().headers, headers);
}

#[test]
fn headers_that_are_damaged_or_not_understood_set_a_report_aside() {
    for spoiled in ["headcount-product: b-shop\none", "headcount-product: a-shop\ntwo"] {
        let disk = SimulatedDisk::default();
        let spool = open(&disk);
        let product = Some("a-shop".parse().unwrap());
        spool.put(id(1), b"one", &DeliveryHeaders { product, ..DeliveryHeaders::default() }).unwrap();
        let path = disk.files().into_keys().next().unwrap();
        disk.spoil(&path, spoiled.as_bytes());
        assert!(matches!(spool.read(id(1)), Err(ReadError::Damaged)), "{spoiled}");
    }
    let disk = SimulatedDisk::default();
    drop(open(&disk));
    let content = "headcount-later: 1\none";
    let name = format!("{}-{}.n0.h19.report", id(1), sha256_of(content.as_bytes()));
    disk.write_synced(&format!("reports/queued/{name}"), content.as_bytes()).unwrap();
    assert!(matches!(open(&disk).read(id(1)), Err(ReadError::Damaged)), "of a later version");
}

#[test]
fn reports_that_an_earlier_version_queued_are_sent_with_the_headers_in_their_names() {
    let disk = SimulatedDisk::default();
    drop(open(&disk));
    for (n, word) in [(1, ""), (2, ".replica"), (3, ".replica.left")] {
        let name = format!("{}-{}.n{n}{word}.json", id(n), sha256_of(b"old"));
        disk.write_synced(&format!("reports/queued/{name}"), b"old").unwrap();
    }
    let spool = open(&disk);
    assert_eq!(spool.queued(), [id(1), id(2), id(3)]);
    for (n, replica) in [(1, false), (2, true), (3, true)] {
        let headers = DeliveryHeaders { replica, ..DeliveryHeaders::default() };
        assert_eq!(spool.read(id(n)).unwrap(), SpooledReport { bytes: b"old".to_vec(), headers });
        let _unanswered = spool.begin_attempt(id(n)).unwrap();
        spool.mark_sent(id(n)).unwrap();
        assert_eq!(open(&disk).read(id(n)).unwrap().headers.replica, replica);
    }
}

#[test]
fn reports_that_0_1_0_queued_are_read_and_what_it_sent_is_removed() {
    let disk = SimulatedDisk::default();
    drop(open(&disk));
    let name = |n| format!("{}-{}.json", id(n), sha256_of(b"old"));
    for path in
        ["queued", "sent", "refused"].iter().zip(1..).map(|(dir, n)| format!("reports/{dir}/{}", name(n)))
    {
        disk.write_synced(&path, b"old").unwrap();
    }
    let spool = open(&disk);
    put(&spool, id(0), b"new").unwrap();
    assert_eq!(spool.queued(), [id(1), id(0)]);
    assert_eq!(spool.read(id(1)).unwrap().bytes, b"old");
    assert!(matches!(spool.read(id(2)), Err(ReadError::Unknown)));
    assert!(spool.holds(id(2)) && spool.holds(id(3)), "what they count is counted");
    spool.mark_sent(id(1)).unwrap();
    assert!(spool.read(id(1)).is_ok());
    let spool = open(&disk);
    assert!(matches!(spool.read(id(1)), Err(ReadError::Unknown)), "the next start removes what 0.1.0 made");
    assert!(spool.holds(id(1)) && !spool.holds(id(2)));
}

#[test]
fn switched_off_reports_that_never_left_are_deleted_and_those_without_an_answer_are_unknown() {
    let disk = SimulatedDisk::default();
    let spool = open(&disk);
    for n in 0..6 {
        put(&spool, id(n), b"x").unwrap();
    }
    spool.mark_sent(id(0)).unwrap();
    spool.mark_refused(id(1)).unwrap();
    let _unanswered = spool.begin_attempt(id(2)).unwrap();
    let refused = spool.begin_attempt(id(3)).unwrap();
    spool.end_attempt(refused).unwrap();
    let damaged = spool.get(id(4)).unwrap().path();
    disk.spoil(&damaged, b"y");
    assert!(spool.read(id(4)).is_err());
    disk.write_synced("reports/queued/notes.txt", b"mine").unwrap();

    // A restart preserves it.
    let spool = open(&disk);
    let expected = DiscardedReports { queued: 2, damaged: 1, unknown: 1 };
    assert_eq!(spool.unsent().unwrap(), expected);
    assert_eq!(spool.forget_unsent().unwrap(), expected);
    assert_eq!(spool.unsent().unwrap(), DiscardedReports::default());
    let expected = [(2, ReportState::Unknown), (1, ReportState::Refused), (0, ReportState::Sent)];
    let expected = expected.map(|(n, state)| (id(n).to_string(), state));
    assert_eq!(states(&spool), expected);
    assert_eq!(states(&open(&disk)), expected);
    assert_eq!(spool.read(id(2)).unwrap().bytes, b"x");
    let queued = disk.list("reports/queued").unwrap();
    assert_eq!(queued, ["notes.txt"], "files of others stay");
}

#[test]
fn that_nothing_was_sent_is_known_until_the_first_attempt_whatever_crashes() {
    for crash in [CrashKind::Kill, CrashKind::PowerCut] {
        for crash_after in 0..40 {
            let disk = SimulatedDisk::default();
            let spool = open(&disk);
            // The UUID is made after the reports on disk were found.
            disk.write_synced(NEVER_DELIVERED, b"").unwrap();
            put(&spool, id(1), b"x").unwrap();
            assert!(spool.is_undelivered());
            disk.crash_after(crash_after);
            let began = spool.begin_attempt(id(1)).is_ok();
            disk.restart(crash);
            assert!(!(began && open(&disk).is_undelivered()), "{crash:?} after {crash_after}");
        }
    }
    assert!(!open(&SimulatedDisk::default()).is_undelivered(), "an earlier version may have sent something");
}

#[test]
fn all_reports_can_be_removed_and_files_of_others_stay() {
    let disk = SimulatedDisk::default();
    let spool = open(&disk);
    for n in 0..5 {
        put(&spool, id(n), b"x").unwrap();
    }
    spool.mark_sent(id(0)).unwrap();
    spool.mark_refused(id(1)).unwrap();
    let damaged = spool.get(id(2)).unwrap().path();
    disk.spoil(&damaged, b"y");
    assert!(spool.read(id(2)).is_err());
    disk.write_synced("reports/queued/notes.txt", b"mine").unwrap();
    spool.remove_all().unwrap();
    assert!(spool.entries().is_empty() && open(&disk).entries().is_empty());
    assert_eq!(disk.files().into_keys().collect::<Vec<_>>(), ["reports/queued/notes.txt"]);
    put(&spool, id(7), b"x").unwrap();
    assert_eq!(open(&disk).queued(), [id(7)]);
}

#[test]
fn a_directory_that_was_removed_is_made_again_and_its_reports_are_forgotten() {
    let disk = SimulatedDisk::default();
    let spool = open(&disk);
    for n in 0..3 {
        put(&spool, id(n), b"old").unwrap();
    }
    disk.vanish();
    put(&spool, id(3), b"new").unwrap();
    spool.begin_attempt(id(0)).unwrap_err();
    assert!(matches!(spool.read(id(0)), Err(ReadError::Unknown)));
    spool.mark_sent(id(1)).unwrap();
    assert_eq!(spool.queued(), [id(2), id(3)]);
    spool.find_again().unwrap();
    assert_eq!(spool.queued(), [id(3)]);
    assert!(
        spool.holds(id(1)) && !spool.holds(id(2)),
        "what a collector has is counted, what waited is lost"
    );
    spool.mark_sent(id(3)).unwrap();
    assert_eq!(states(&open(&disk)), [(id(3).to_string(), ReportState::Sent)]);
}

#[derive(Debug, Clone, Copy)]
enum SpoolStep {
    Put,
    Begin(prop::sample::Index),
    End(prop::sample::Index),
    Sent(prop::sample::Index),
    Refused(prop::sample::Index),
    Forget,
    Restart,
}

fn any_step() -> impl Strategy<Value = SpoolStep> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => Just(SpoolStep::Put),
        3 => index().prop_map(SpoolStep::Begin),
        1 => index().prop_map(SpoolStep::End),
        3 => index().prop_map(SpoolStep::Sent),
        2 => index().prop_map(SpoolStep::Refused),
        1 => Just(SpoolStep::Forget),
        2 => Just(SpoolStep::Restart),
    ]
}

/// The expected state of every report after some steps.
#[derive(Debug, Default)]
struct SpoolModel {
    /// With whether it was sent and got no answer.
    reports: BTreeMap<Uuid, (ReportState, bool)>,
    /// The reports of failed steps. They may be in the state before or after the step.
    in_doubt: Vec<Uuid>,
    /// Whether those in doubt may be deleted.
    may_be_deleted: bool,
}

impl SpoolModel {
    fn queued(&self) -> Vec<Uuid> {
        let queued = |(_, (state, _)): &(&Uuid, &(ReportState, bool))| *state == ReportState::Queued;
        self.reports.iter().filter(queued).map(|(&id, _)| id).collect()
    }

    fn forget(&mut self) {
        self.reports.retain(|_, (state, left)| *state != ReportState::Queued || *left);
        for (state, left) in self.reports.values_mut().filter(|(_, left)| *left) {
            (*state, *left) = (ReportState::Unknown, false);
        }
    }
}

/// Takes one step with the report `n`. Returns the affected report, the outcome, and the expected state.
fn take(spool: &Spool, step: SpoolStep, n: usize) -> Option<(Uuid, io::Result<()>, (ReportState, bool))> {
    let queued = spool.queued();
    let pick = |index: prop::sample::Index| (!queued.is_empty()).then(|| *index.get(&queued));
    Some(match step {
        SpoolStep::Put => {
            (id(n), put(spool, id(n), format!("report {n}").as_bytes()), (ReportState::Queued, false))
        }
        SpoolStep::Begin(index) => {
            let id = pick(index)?;
            (id, spool.begin_attempt(id).map(drop), (ReportState::Queued, true))
        }
        SpoolStep::End(index) => {
            let id = pick(index)?;
            (
                id,
                spool.end_attempt(DeliveryAttempt { id, is_first_to_leave: true }),
                (ReportState::Queued, false),
            )
        }
        SpoolStep::Sent(index) => {
            let id = pick(index)?;
            (id, spool.mark_sent(id), (ReportState::Sent, false))
        }
        SpoolStep::Refused(index) => {
            let id = pick(index)?;
            (id, spool.mark_refused(id), (ReportState::Refused, false))
        }
        SpoolStep::Forget | SpoolStep::Restart => return None,
    })
}

/// Takes the steps until the crash.
fn run(disk: &SimulatedDisk, steps: &[SpoolStep]) -> SpoolModel {
    let mut model = SpoolModel::default();
    let Ok(mut spool) = Spool::open(Arc::new(disk.clone())) else { return model };
    for (n, &step) in steps.iter().enumerate() {
        match step {
            SpoolStep::Restart => match Spool::open(Arc::new(disk.clone())) {
                Ok(again) => spool = again,
                Err(_) => return model,
            },
            SpoolStep::Forget if spool.forget_unsent().is_ok() => model.forget(),
            SpoolStep::Forget => {
                (model.in_doubt, model.may_be_deleted) = (model.queued(), true);
                return model;
            }
            step => {
                let Some((id, done, after)) = take(&spool, step, n) else { continue };
                if done.is_err() {
                    model.in_doubt.push(id);
                    return model;
                }
                model.reports.insert(id, after);
            }
        }
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_crash_at_any_step_loses_no_report(steps in proptest::collection::vec(any_step(), 1..12)) {
        for crash in [CrashKind::Kill, CrashKind::PowerCut] {
            for crash_after in 0.. {
                let disk = SimulatedDisk::default();
                disk.crash_after(crash_after);
                let model = run(&disk, &steps);
                let crashed = disk.crashed();
                disk.restart(crash);
                let spool = open(&disk);
                let found: BTreeMap<Uuid, ReportState> =
                    states(&spool).into_iter().map(|(id, state)| (id.parse().unwrap(), state)).collect();
                for (id, (state, left)) in &model.reports {
                    let in_doubt = model.in_doubt.contains(id);
                    prop_assert!(in_doubt || found.get(id) == Some(state), "{id} {state:?} {found:?}");
                    let readable = spool.read(*id).is_ok();
                    prop_assert!(readable || in_doubt && model.may_be_deleted, "{id} after {crash_after}");
                    // A sent report is known as such after every crash. That a report was not sent may be
                    // lost in a power cut.
                    let noted = spool.get(*id).is_some_and(|report| report.name.left);
                    prop_assert!(in_doubt || noted || !left, "{id} left, after {crash_after}");
                }
                prop_assert!(found.keys().all(|id| model.reports.contains_key(id) || model.in_doubt.contains(id)));
                prop_assert!(disk.files().keys().all(|path| path.ends_with(".report")), "{:?}", disk.files());
                if !crashed {
                    break;
                }
            }
        }
    }
}
