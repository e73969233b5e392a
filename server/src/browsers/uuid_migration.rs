//! Converts the journal of version 0.1.0, which has the UUIDs of browsers as they were sent, to pseudonyms.
//!
//! ```text
//! browsers/               what version 0.1.0 wrote
//! page-views/raw-<id>/    the same, once it was set aside by one rename
//! page-views/raw.next/    what it adds up to under pseudonyms, until it is whole
//! page-views/cut-<id>/    the same, once it is whole; the journal takes it up like a cut without a report
//! ```
//!
//! Each step is one rename or can be repeated. A directory `raw-<id>/` beside `cut-<id>/` was already
//! converted and is only removed. So a crash at any step loses nothing, doubles nothing, and makes no
//! pseudonym of a pseudonym. If version 0.1.0 runs again later, the next start of this version converts its
//! journal again.

use std::io;

use headcount_platform::disk::{DataDisk, remove_with_files};
use uuid::Uuid;

use super::{
    counts::PageViewCounts,
    journal::{CUT, ROOT, for_each_record, read_segments, segment_path},
    journal_record::JournalRecord,
    pseudonym::BrowserKey,
};

/// Where version 0.1.0 had its journal.
pub(super) const RAW_ROOT: &str = "browsers";

const RAW: &str = "raw-";
const NEXT: &str = "page-views/raw.next";

/// The ids of converted journals count from here; no report has such an id.
const FIRST_ID: u128 = 0x7261_7700 << 96;

/// Whether version 0.1.0 has written a journal here that was not set aside yet.
fn is_ahead(disk: &dyn DataDisk) -> io::Result<bool> {
    Ok(disk.list(".")?.iter().any(|name| name == RAW_ROOT))
}

/// Makes a cut of the events that version 0.1.0 counted and that are in no report on disk.
pub(super) fn take_up_raw(
    disk: &dyn DataDisk,
    key: &BrowserKey,
    is_on_disk: &dyn Fn(Uuid) -> bool,
) -> io::Result<()> {
    finish(disk, key, is_on_disk)?;
    if !is_ahead(disk)? {
        return Ok(());
    }
    let names = disk.list(ROOT)?;
    let is_free = |id: &Uuid| !names.iter().any(|name| *name == format!("{CUT}{id}"));
    let Some(id) = (FIRST_ID..).map(Uuid::from_u128).find(is_free) else { return Ok(()) };
    disk.rename(RAW_ROOT, &format!("{ROOT}/{RAW}{id}"))?;
    disk.sync_dir(ROOT)?;
    disk.sync_dir(".")?;
    finish(disk, key, is_on_disk)?;
    tracing::info!("browsers that an earlier version counted are counted under pseudonyms now");
    Ok(())
}

/// Converts the journals that were set aside.
fn finish(disk: &dyn DataDisk, key: &BrowserKey, is_on_disk: &dyn Fn(Uuid) -> bool) -> io::Result<()> {
    remove_with_files(disk, NEXT)?;
    let names = disk.list(ROOT)?;
    for id in names.iter().filter_map(|name| name.strip_prefix(RAW)) {
        let (raw, taken_up) = (format!("{ROOT}/{RAW}{id}"), format!("{ROOT}/{CUT}{id}"));
        if !names.contains(&format!("{CUT}{id}")) {
            let counts = counted_under_pseudonyms(disk, &raw, key, is_on_disk)?;
            let mut lines = Vec::new();
            counts.records().for_each(|record| record.write_line(&mut lines));
            disk.create_dir(NEXT)?;
            disk.write_synced(&segment_path(NEXT, 0), &lines)?;
            disk.sync_dir(NEXT)?;
            disk.rename(NEXT, &taken_up)?;
            disk.sync_dir(ROOT)?;
        }
        remove_journal(disk, &raw)?;
        disk.sync_dir(ROOT)?;
    }
    Ok(())
}

/// Whether a directory of the journal is one of version 0.1.0 that was set aside.
pub(super) fn is_set_aside(name: &str) -> bool {
    name.starts_with(RAW)
}

/// Removes a whole journal: directories with files.
pub(super) fn remove_journal(disk: &dyn DataDisk, root: &str) -> io::Result<()> {
    for dir in disk.list(root)? {
        remove_with_files(disk, &format!("{root}/{dir}"))?;
    }
    disk.remove_dir(root)
}

/// The counts in the journal of version 0.1.0 in `raw` that are in no report on disk.
fn counted_under_pseudonyms(
    disk: &dyn DataDisk,
    raw: &str,
    key: &BrowserKey,
    is_on_disk: &dyn Fn(Uuid) -> bool,
) -> io::Result<PageViewCounts> {
    let mut counts = PageViewCounts::default();
    for dir in unreported(&disk.list(raw)?, is_on_disk) {
        let segments = read_segments(disk, &format!("{raw}/{dir}"))?;
        for_each_record(&segments, |record: JournalRecord<'_, Uuid>| {
            if let Some(record) = record.with_browsers(&|browser| key.pseudonym(browser)) {
                counts.add(&record);
            }
        });
    }
    Ok(counts)
}

/// The directories of a journal with events that are in no report on disk. A compaction that was interrupted
/// between its two renames has left `journal.next` and no `journal`; otherwise `journal.next` and
/// `journal.old` are copies.
fn unreported<'a>(dirs: &'a [String], is_on_disk: &dyn Fn(Uuid) -> bool) -> Vec<&'a str> {
    let open = ["journal", "journal.next"].into_iter().find(|open| dirs.iter().any(|dir| dir == open));
    let cuts = dirs.iter().map(String::as_str).filter(|dir| {
        let id: Option<Uuid> = dir.strip_prefix(CUT).and_then(|id| id.parse().ok());
        id.is_some_and(|id| !is_on_disk(id))
    });
    cuts.chain(open).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc};

    use headcount_platform::disk::simulated::{CrashKind, SimulatedDisk};
    use proptest::prelude::*;

    use super::*;
    use crate::browsers::{journal::Journal, journal_record::JournalRecord};

    const REPORTED: Uuid = Uuid::from_u128(5);
    const UNREPORTED: Uuid = Uuid::from_u128(6);

    fn key() -> BrowserKey {
        BrowserKey::new(&[9; 32])
    }

    fn browser(n: u8) -> Uuid {
        uuid::Builder::from_random_bytes([n; 16]).into_uuid()
    }

    /// A line as version 0.1.0 wrote it.
    fn line(text: &str) -> String {
        format!("{:08x} {text}\n", crc32fast::hash(text.as_bytes()))
    }

    fn views(browsers: &[u8]) -> String {
        browsers.iter().map(|&n| line(&format!("v {} lg /", browser(n)))).collect()
    }

    /// Puts the journal of version 0.1.0 on a disk. Everything in it is durable.
    fn write(disk: &SimulatedDisk, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = format!("{RAW_ROOT}/{path}");
            disk.create_dir(path.rsplit_once('/').unwrap().0).unwrap();
            disk.write_synced(&path, text.as_bytes()).unwrap();
        }
        disk.sync_dir(RAW_ROOT).unwrap();
    }

    fn open(disk: &SimulatedDisk) -> io::Result<PageViewCounts> {
        Ok(Journal::open(Arc::new(disk.clone()), &key(), &|id| id == REPORTED)?.1)
    }

    fn users(counts: &PageViewCounts) -> BTreeSet<Uuid> {
        counts.users().into_iter().collect()
    }

    fn pseudonyms(browsers: &[u8]) -> BTreeSet<Uuid> {
        browsers.iter().map(|&n| key().pseudonym(browser(n)).unwrap().as_uuid()).collect()
    }

    fn check(disk: &SimulatedDisk, views: u64, browsers: &[u8], context: &str) {
        let counts = open(disk).unwrap();
        assert_eq!(counts.page_views().values().sum::<u64>(), views, "{context}");
        assert_eq!(users(&counts), pseudonyms(browsers), "{context}");
        for (path, bytes) in disk.files() {
            let text = String::from_utf8(bytes).unwrap();
            assert!(path.starts_with(ROOT) && !path.contains(RAW), "{context}: {path}");
            assert!((0..20).all(|n| !text.contains(&browser(n).to_string())), "{context}: {text}");
        }
    }

    /// Starts with a planned crash; returns whether it happened.
    fn interrupt(disk: &SimulatedDisk, crash_after: u64, crash: CrashKind) -> bool {
        disk.crash_after(crash_after);
        let opened = open(disk);
        let crashed = disk.crashed();
        assert!(opened.is_ok() || crashed);
        disk.restart(crash);
        crashed
    }

    /// Crashes at every single step of a start, and again at every step of the next start.
    fn check_every_crash(files: &[(&str, &str)], views: u64, browsers: &[u8]) {
        check_crashes(files, views, browsers, 1);
    }

    /// The same, with a crash of the second start at some of its steps only.
    fn check_crashes(files: &[(&str, &str)], views: u64, browsers: &[u8], every: usize) {
        for crash in [CrashKind::Kill, CrashKind::PowerCut] {
            for first in 0.. {
                let mut first_crashed = false;
                for second in (0..).step_by(every) {
                    let disk = SimulatedDisk::default();
                    write(&disk, files);
                    first_crashed = interrupt(&disk, first, crash);
                    let second_crashed = interrupt(&disk, second, crash);
                    check(&disk, views, browsers, &format!("{crash:?} after {first} and {second}"));
                    if !second_crashed {
                        break;
                    }
                }
                if !first_crashed {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_journal_is_taken_up_under_pseudonyms_whenever_the_start_is_interrupted() {
        let (cut, open) = (views(&[1, 2]), views(&[2, 3, 3]));
        check_every_crash(
            &[
                (&format!("{CUT}{REPORTED}/0"), &views(&[8, 9])),
                (&format!("{CUT}{UNREPORTED}/0"), &cut),
                ("journal/0", &open),
                ("journal/1", &line("v - xs /")),
                ("journal.old/0", &views(&[7])),
            ],
            6,
            &[1, 2, 3],
        );
    }

    #[test]
    fn a_compaction_that_was_interrupted_is_finished() {
        check_every_crash(&[("journal.next/0", &views(&[1])), ("journal.old/0", &views(&[1, 4]))], 1, &[1]);
        check_every_crash(&[("journal.next/0", &views(&[1])), ("journal/0", &views(&[1, 4]))], 2, &[1, 4]);
    }

    #[test]
    fn every_kind_of_line_is_taken_up_and_only_random_uuids_are_browsers() {
        let named = "2c1d43b8-e6d7-11e3-8f5b-001122334455";
        let text = [
            line(&format!("v {named} lg /a")),
            line(&format!("b {named} lg")),
            line(&format!("b {} xs", browser(1))),
            line("p 40 /a"),
            line("d 3 4"),
            "!\nbroken\n".to_owned(),
        ];
        let disk = SimulatedDisk::default();
        write(&disk, &[("journal/0", &text.concat())]);
        let counts = open(&disk).unwrap();
        assert_eq!(*counts.page_views(), [("/a".to_owned(), 41)].into());
        assert_eq!(users(&counts), pseudonyms(&[1]));
        assert_eq!(counts.users_by_screen_size().len(), 1);
        assert_eq!((counts.dropped().browsers, counts.dropped().page_views), (3, 4));
    }

    #[test]
    fn what_an_earlier_version_counts_after_this_one_is_taken_up_too() {
        let disk = SimulatedDisk::default();
        for round in 1..4 {
            write(&disk, &[("journal/0", &views(&[round]))]);
            let browsers: Vec<u8> = (1..=round).collect();
            check(&disk, u64::from(round), &browsers, "after a start of version 0.1.0");
            check(&disk, u64::from(round), &browsers, "after another one");
        }
    }

    #[test]
    fn a_cut_that_waits_is_not_taken_for_a_later_one() {
        let disk = SimulatedDisk::default();
        let waiting = format!("{ROOT}/{CUT}{}", Uuid::from_u128(FIRST_ID));
        disk.create_dir(&waiting).unwrap();
        let mut lines = Vec::new();
        let pseudonym = key().pseudonym(browser(1)).unwrap();
        let view = JournalRecord::View {
            browser: Some(pseudonym),
            size: headcount_shared::breakpoint::Breakpoint::Lg,
            page: "/".into(),
        };
        view.write_line(&mut lines);
        disk.write_synced(&segment_path(&waiting, 0), &lines).unwrap();
        disk.sync_dir(ROOT).unwrap();
        write(&disk, &[("journal/0", &views(&[2]))]);
        check(&disk, 2, &[1, 2], "both are taken up");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]

        #[test]
        fn any_journal_is_taken_up_once(
            open in proptest::collection::vec(0_u8..20, 0..6),
            cut in proptest::collection::vec(0_u8..20, 0..6),
        ) {
            let browsers: Vec<u8> = open.iter().chain(&cut).copied().collect();
            let (open, cut) = (views(&open), views(&cut));
            let files = [("journal/0", open.as_str()), (&format!("{CUT}{UNREPORTED}/3"), cut.as_str())];
            check_crashes(&files, browsers.len() as u64, &browsers, 17);
        }
    }
}
