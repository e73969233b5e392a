//! Saves the measurements since the last report across a clean restart.
//!
//! They are in a file that is written at the end of the process and removed at the next start. Its first line
//! is a checksum, then comes JSON. It contains only what a report contains, and no page views: those are in
//! the journal.

use std::{io, time::Duration};

use headcount_observer::load_costs::SavedWorldCosts;
use headcount_platform::disk::{DataDisk, write_whole};
use headcount_profiler::saved_costs::SavedCosts;
use serde::{Deserialize, Serialize};

/// The file, in the data directory.
const FILE: &str = "unreported.json";

/// The largest file that is written or read, in bytes. Ten thousand deep stacks take two million.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The number of intervals for which a file is valid. An older one would distort the report of the hour.
const INTERVALS: u32 = 4;

/// Measurements since the last report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct UnreportedMeasurements {
    /// When this was written, in Unix seconds.
    pub(super) written_at: u64,
    /// What the process cost.
    pub(super) process: SavedCosts,
    /// What observing the world cost; `None` if the product observes for itself.
    pub(super) world: Option<SavedWorldCosts>,
}

/// Writes the file. When this returns, it survives a power cut.
///
/// # Errors
/// The disk refused, or the content is larger than the limit.
pub(super) fn write(disk: &dyn DataDisk, unreported: &UnreportedMeasurements) -> io::Result<()> {
    let json = serde_json::to_vec(unreported)?;
    let mut bytes = format!("{:08x}\n", crc32fast::hash(&json)).into_bytes();
    bytes.extend_from_slice(&json);
    if bytes.len() as u64 > FILE_BYTES {
        return Err(io::Error::other("it is too large"));
    }
    write_whole(disk, ".", FILE, &bytes)
}

/// Reads the file and removes it, so that nothing of it is in two reports. Returns `None` if there is no
/// file, or if it is damaged, older than some intervals at `now` (time since the Unix epoch), or from the
/// future.
///
/// # Errors
/// The disk refused to remove it.
pub(super) fn take(
    disk: &dyn DataDisk,
    now: Duration,
    interval: Duration,
) -> io::Result<UnreportedMeasurements> {
    let found = read(disk);
    remove(disk)?;
    let oldest = now.saturating_sub(interval.saturating_mul(INTERVALS)).as_secs();
    let is_recent =
        |unreported: &UnreportedMeasurements| (oldest..=now.as_secs()).contains(&unreported.written_at);
    Ok(found.filter(is_recent).unwrap_or_default())
}

/// Removes the file.
///
/// # Errors
/// The disk refused.
pub(super) fn remove(disk: &dyn DataDisk) -> io::Result<()> {
    disk.remove(FILE)?;
    disk.sync_dir(".")
}

fn read(disk: &dyn DataDisk) -> Option<UnreportedMeasurements> {
    if disk.size(FILE).ok()? > FILE_BYTES {
        return None;
    }
    let bytes = disk.read(FILE).ok()?;
    let (checksum, json) = bytes.split_at_checked(9)?;
    let is_whole = *checksum == *format!("{:08x}\n", crc32fast::hash(json)).as_bytes();
    is_whole.then(|| serde_json::from_slice(json).ok())?
}

#[cfg(test)]
mod tests {
    use headcount_platform::disk::simulated::{CrashKind, SimulatedDisk};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn unreported() -> UnreportedMeasurements {
        let process = serde_json::json!({"cpu_usage": [0.25], "memory_usage": [65_536], "cpu_profile": null});
        let (process, world) = (serde_json::from_value(process).unwrap(), Some(SavedWorldCosts::default()));
        UnreportedMeasurements { written_at: NOW.as_secs(), process, world }
    }

    #[test]
    fn what_was_written_is_taken_once() {
        let disk = SimulatedDisk::default();
        let written = unreported();
        write(&disk, &written).unwrap();
        assert_eq!(take(&disk, NOW + HOUR, HOUR).unwrap(), written);
        assert!(disk.files().is_empty());
        assert_eq!(take(&disk, NOW + HOUR, HOUR).unwrap(), UnreportedMeasurements::default());
    }

    #[test]
    fn a_file_that_is_old_or_of_the_future_is_removed_and_ignored() {
        for (now, is_taken) in [
            (NOW, true),
            (NOW + HOUR * 4, true),
            (NOW + HOUR * 4 + Duration::from_secs(1), false),
            (NOW - Duration::from_secs(1), false),
            (Duration::ZERO, false),
        ] {
            let disk = SimulatedDisk::default();
            write(&disk, &unreported()).unwrap();
            assert_eq!(
                take(&disk, now, HOUR).unwrap() != UnreportedMeasurements::default(),
                is_taken,
                "{now:?}"
            );
            assert!(disk.files().is_empty());
        }
    }

    #[test]
    fn a_file_with_any_byte_changed_or_missing_is_removed_and_ignored() {
        let disk = SimulatedDisk::default();
        write(&disk, &unreported()).unwrap();
        let whole = disk.files().remove(FILE).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            for damaged in [&changed[..], &whole[..at]] {
                disk.write_synced(FILE, damaged).unwrap();
                assert_eq!(take(&disk, NOW, HOUR).unwrap(), UnreportedMeasurements::default(), "{at}");
                assert!(disk.files().is_empty());
            }
        }
    }

    #[test]
    fn a_crash_at_any_step_takes_all_or_nothing_and_nothing_twice() {
        let unreported = unreported();
        for crash in [CrashKind::Kill, CrashKind::PowerCut] {
            for crash_after in 0.. {
                let disk = SimulatedDisk::default();
                disk.crash_after(crash_after);
                let taken = write(&disk, &unreported).and_then(|()| take(&disk, NOW, HOUR));
                let crashed = disk.crashed();
                disk.restart(crash);
                let again = take(&disk, NOW, HOUR).unwrap();
                assert!(
                    [&unreported, &UnreportedMeasurements::default()].contains(&&again),
                    "after {crash_after}"
                );
                if taken.is_ok() {
                    assert_eq!(again, UnreportedMeasurements::default(), "after {crash_after}");
                }
                if !crashed {
                    break;
                }
            }
        }
    }
}
