//! Tests of which slots survive the end of the process, power cuts and failing disks.

use headcount_health::sli::{
    ApplicationSlot, SLOT_S, SlotSource,
    sli_fixture::{END, key, slot},
};
use headcount_platform::disk::{
    DataDisk as _,
    simulated::{CrashKind, SimulatedDisk},
};
use headcount_topology::queries::INBOUND_REQUESTS;

use super::*;
use crate::CACHE_PLAN;

const DIR: &str = "cache/p";

fn open(disk: &SimulatedDisk) -> SliLog {
    SliLog::open(Arc::new(disk.clone()), DIR.to_owned())
}

/// The batch of the slot with that number.
fn batch(number: u32) -> SlotBatch {
    let end = END + number * SLOT_S;
    let counts = [number as f32 + 10.0, 1.0];
    let cart = slot("cart", end, Some(counts), &[(0.5, 7.0), (f32::INFINITY, counts[0])]);
    let own = ApplicationSlot { source: SlotSource::Own(7), ..slot("web", end, Some([1.0, 0.5]), &[]) };
    SlotBatch { requests: vec![end], latencies: vec![end], slots: vec![cart, own], ..SlotBatch::default() }
}

fn batches(recorded: &SliLog) -> Vec<SlotBatch> {
    let mut batches: Vec<SlotBatch> = recorded.indicators().batches().map(|(_, batch)| batch).collect();
    batches
        .iter_mut()
        .for_each(|batch| batch.slots.sort_by(|one, other| one.application.cmp(&other.application)));
    batches
}

fn file(disk: &SimulatedDisk) -> Vec<u8> {
    disk.files().remove(&format!("{DIR}/{FILE}")).unwrap()
}

#[test]
fn whatever_step_is_the_last_what_was_recorded_before_is_there_and_nothing_else() {
    let day = DAY_S / SLOT_S;
    // The last but one is so late that the file is rewritten.
    let numbers = [0, 1, 2, 3, day + 4, day + 5];
    for crash in [CrashKind::Kill, CrashKind::PowerCut] {
        for steps in 0.. {
            let disk = SimulatedDisk::default();
            disk.crash_after(steps);
            let mut recorded = open(&disk);
            let before =
                numbers.iter().take_while(|number| recorded.record(&batch(**number)).is_ok()).count();
            let crashed = disk.crashed();
            disk.restart(crash);
            let mut again = open(&disk);
            let expected = |count: usize| -> Vec<SlotBatch> {
                let newest = numbers[..count].last().copied().unwrap_or_default();
                let kept = numbers[..count].iter().filter(|number| **number + day > newest);
                kept.map(|number| batch(*number)).collect()
            };
            if crash == CrashKind::Kill {
                let found = batches(&again);
                let next = (before + 1).min(numbers.len());
                assert!(found == expected(before) || found == expected(next), "{steps}: {found:?}");
            }
            // A batch that is recorded then is there after the next start, wherever the file was torn.
            again.record(&batch(day + 6)).unwrap();
            assert_eq!(batches(&open(&disk)), batches(&again), "{steps}");
            if !crashed {
                break;
            }
        }
    }
}

#[test]
fn what_is_damaged_and_all_after_it_counts_as_missing() {
    let disk = SimulatedDisk::default();
    let mut recorded = open(&disk);
    recorded.record(&batch(0)).unwrap();
    let first = file(&disk).len();
    recorded.record(&batch(1)).unwrap();
    let good = file(&disk);
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        disk.spoil(&format!("{DIR}/{FILE}"), &bytes);
        let expected = if place < first { Vec::new() } else { vec![batch(0)] };
        assert_eq!(batches(&open(&disk)), expected, "{place}");
    }
}

#[test]
fn a_disk_that_refuses_loses_nothing_that_is_in_memory() {
    let disk = SimulatedDisk::default();
    let mut recorded = open(&disk);
    recorded.record(&batch(0)).unwrap();
    disk.refuse_writes(true);
    assert!(recorded.record(&batch(1)).is_err());
    disk.refuse_writes(false);
    recorded.record(&batch(2)).unwrap();
    assert_eq!(batches(&open(&disk)), [batch(0), batch(1), batch(2)]);
}

#[test]
fn the_file_holds_no_more_than_twice_a_day() {
    let disk = SimulatedDisk::default();
    let mut recorded = open(&disk);
    let mut largest = 0;
    for number in 0..5 * DAY_S / SLOT_S {
        recorded.record(&batch(number)).unwrap();
        largest = largest.max(file(&disk).len());
    }
    let day: usize =
        recorded.indicators().batches().map(|(_, batch)| slot_frame::write(&batch).unwrap().len()).sum();
    assert!(largest <= 2 * day + day / 10, "{largest} of {day}");
    assert_eq!(recorded.indicators().batches().count(), (DAY_S / SLOT_S) as usize);
}

#[test]
fn after_a_clock_is_set_back_slots_of_its_future_are_forgotten_and_those_of_the_present_recorded() {
    let disk = SimulatedDisk::default();
    let mut recorded = open(&disk);
    for number in [0, 1, 24, 25] {
        recorded.record(&batch(number)).unwrap();
    }
    recorded.forget_after(END + SLOT_S + 17);
    assert_eq!(batches(&recorded), [batch(0), batch(1)]);
    let indicators = recorded.indicators();
    assert_eq!(indicators.newest_of(&INBOUND_REQUESTS), Some(END + SLOT_S));
    let sources = [SlotSource::Seen; 2];
    assert_eq!(indicators.last_heard(&key("cart"), sources), Some(END + SLOT_S));
    recorded.record(&batch(2)).unwrap();
    for recorded in [&recorded, &open(&disk)] {
        assert_eq!(batches(recorded), [batch(0), batch(1), batch(2)]);
    }
    // Without anything to forget nothing changes; forgetting everything works too. A snapshot stays as it is.
    let snapshot = recorded.snapshot();
    recorded.forget_after(END + 2 * SLOT_S);
    assert_eq!(batches(&recorded).len(), 3);
    assert!(std::ptr::eq(recorded.indicators(), &*snapshot), "nothing is copied");
    recorded.forget_after(END - DAY_S);
    assert!(recorded.indicators().is_empty() && recorded.indicators().newest().is_none());
    assert_eq!(snapshot.newest(), Some(END + 2 * SLOT_S));
    recorded.record(&batch(0)).unwrap();
    assert_eq!(batches(&recorded), [batch(0)]);
}

#[test]
fn the_cache_does_not_remove_what_is_kept_of_service_levels() {
    use headcount_prometheus::cache::SeriesCache;
    let disk = SimulatedDisk::default();
    open(&disk).record(&batch(0)).unwrap();
    disk.write(&format!("{DIR}/other"), b"").unwrap();
    let store = SeriesCache::open(Arc::new(disk.clone()), DIR.to_owned(), CACHE_PLAN).unwrap();
    store.expire(END - 60..=END).unwrap();
    assert_eq!(disk.list(DIR).unwrap(), [FILE]);
}
