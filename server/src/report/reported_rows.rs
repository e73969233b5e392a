//! Keeps the numbers of each report that a collector has confirmed, to show what was reported over time.
//!
//! A row has a time, the last bits of the report's id, counts and costs: no browser, no profile, no name. Rows
//! are lines of JSON in one file of the data directory, at most [`REPORTED_BYTES`] and [`REPORTED_DAYS`] days.
//! A report has one row, however often it is confirmed, and a line that a crash cut off counts as missing. A
//! clock that is wrong for less than a day erases nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use headcount_platform::{
    disk::{DataDisk, PART, write_whole},
    lock::lock,
};
use headcount_shared::{api::ReportedDay, limits::REPORTED_BYTES, payload::Payload};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The days that are kept, that of the newest report included.
pub const REPORTED_DAYS: u64 = 90;

const FILE: &str = "reported.jsonl";
const SECONDS_A_DAY: u64 = 86_400;

/// The numbers of one report.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReportedRow {
    /// When the report was made, in Unix seconds.
    pub made_at: u64,
    /// The last bits of the id, which tell reports of one second apart: an id has no finer time.
    #[serde(default)]
    id_tail: u16,
    nodes: u64,
    applications: u64,
    instances: u64,
    deployments: u64,
    browsers: u64,
    page_views: u64,
    notifications: u64,
    /// The mean of the samples, in cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cpu: Option<f64>,
    /// The mean of the samples, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory: Option<f64>,
}

impl ReportedRow {
    /// The numbers of a report that was made at a time, in Unix seconds; `None` if the bytes are no report.
    #[must_use]
    pub fn of_report(made_at: u64, id: Uuid, bytes: &[u8]) -> Option<Self> {
        let Payload { infra, ux, performance, .. } = serde_json::from_slice(bytes).ok()?;
        let [.., high, low] = *id.as_bytes();
        Some(Self {
            made_at,
            id_tail: u16::from_be_bytes([high, low]),
            nodes: infra.nodes,
            applications: infra.applications,
            instances: infra.instances,
            deployments: infra.deployments,
            browsers: ux.users.len() as u64,
            page_views: ux.page_views.values().sum(),
            notifications: ux.sent_notifications.values().sum(),
            cpu: mean(&performance.cpu_usage),
            memory: mean_bytes(&performance.memory_usage),
        })
    }

    const fn key(&self) -> RowKey {
        (self.made_at, self.id_tail)
    }

    const fn day(&self) -> u64 {
        self.made_at / SECONDS_A_DAY
    }
}

/// What tells rows apart, in the order of time: when the report was made, and the last bits of its id.
type RowKey = (u64, u16);

/// The rows of the reports of this data directory.
#[derive(Debug)]
pub struct ReportedRows {
    disk: Arc<dyn DataDisk>,
    known: Mutex<KnownRows>,
}

/// What is known of the file.
#[derive(Debug, Default)]
struct KnownRows {
    keys: BTreeSet<RowKey>,
    bytes: u64,
}

impl ReportedRows {
    /// The rows on disk. Lines that are damaged or cut off are removed.
    ///
    /// # Errors
    /// The disk refused.
    pub fn open(disk: Arc<dyn DataDisk>) -> io::Result<Self> {
        let unfinished = format!("{FILE}{PART}");
        if disk.size(&unfinished).is_ok() {
            disk.remove(&unfinished)?;
        }
        let rows = Self { disk, known: Mutex::default() };
        let (read, bytes) = rows.read()?;
        if encoded(&read)?.len() as u64 == bytes {
            *rows.lock() = KnownRows { keys: read.iter().map(ReportedRow::key).collect(), bytes };
        } else {
            rows.replace(&mut rows.lock(), &read)?;
        }
        Ok(rows)
    }

    /// Adds a row, unless the report has one. When this returns, it survives a power cut. The oldest rows
    /// make room, and those of a clock that was ahead go.
    ///
    /// # Errors
    /// The disk refused; there is no such row.
    pub fn record(&self, row: ReportedRow) -> io::Result<()> {
        let mut known = self.lock();
        if known.keys.contains(&row.key()) {
            return Ok(());
        }
        let line = encoded(&[row])?;
        let last_settled = last_settled(&known.keys, row.made_at);
        let goes = |made_at: u64| last_settled.is_some_and(|last| is_misplaced(made_at, last, row.made_at));
        let is_full = known.bytes + line.len() as u64 > REPORTED_BYTES;
        let mut ends = known.keys.first().into_iter().chain(known.keys.last());
        if is_full || ends.any(|(made_at, _)| goes(*made_at)) {
            let (mut rows, _) = self.read()?;
            rows.push(row);
            rows.retain(|row| !goes(row.made_at));
            rows.sort_by_key(ReportedRow::key);
            while is_full && encoded(&rows)?.len() as u64 > REPORTED_BYTES / 2 {
                rows.drain(..rows.len().div_ceil(8));
            }
            return self.replace(&mut known, &rows);
        }
        let file = self.disk.append(FILE)?;
        let appended = file.append(&line).and_then(|()| file.sync());
        if let Err(error) = appended {
            // What is left of a line makes no row, and the next one must not follow it in the same line.
            file.truncate(known.bytes)?;
            return Err(error);
        }
        if known.bytes == 0 {
            self.disk.sync_dir(".")?;
        }
        known.bytes += line.len() as u64;
        known.keys.insert(row.key());
        Ok(())
    }

    /// What was reported on each day that has a report, in order.
    ///
    /// # Errors
    /// The disk refused.
    pub fn days(&self) -> io::Result<Vec<ReportedDay>> {
        let (rows, _) = {
            let _unchanged = self.lock();
            self.read()?
        };
        let mut days = BTreeMap::<u64, Vec<ReportedRow>>::new();
        for row in rows {
            days.entry(row.day()).or_default().push(row);
        }
        Ok(days.into_iter().map(|(day, rows)| day_of(day, &rows)).collect())
    }

    /// Deletes all rows.
    ///
    /// # Errors
    /// The disk refused; they may be left.
    pub fn forget(&self) -> io::Result<()> {
        let mut known = self.lock();
        self.disk.remove(FILE)?;
        self.disk.sync_dir(".")?;
        *known = KnownRows::default();
        Ok(())
    }

    /// The rows of the file, and its size.
    fn read(&self) -> io::Result<(Vec<ReportedRow>, u64)> {
        let bytes = match self.disk.read(FILE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"));
        Ok((lines.filter_map(|line| serde_json::from_slice(line).ok()).collect(), bytes.len() as u64))
    }

    fn replace(&self, known: &mut KnownRows, rows: &[ReportedRow]) -> io::Result<()> {
        let bytes = encoded(rows)?;
        write_whole(&*self.disk, ".", FILE, &bytes)?;
        *known = KnownRows { keys: rows.iter().map(ReportedRow::key).collect(), bytes: bytes.len() as u64 };
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, KnownRows> {
        // After a panic the size may be too small: then a row is written over, and read as damaged.
        lock(&self.known)
    }
}

/// The time of the last row that is at least a day older than a new one. It decides which rows are misplaced,
/// not the new one alone: the clock may be wrong now.
fn last_settled(keys: &BTreeSet<RowKey>, new: u64) -> Option<u64> {
    let day_before = (new.saturating_sub(SECONDS_A_DAY), u16::MAX);
    keys.range(..=day_before).next_back().map(|(made_at, _)| *made_at)
}

/// Whether a row is too old, or of a time that has not come.
const fn is_misplaced(made_at: u64, last_settled: u64, new: u64) -> bool {
    let is_outdated = made_at / SECONDS_A_DAY + REPORTED_DAYS <= last_settled / SECONDS_A_DAY + 1;
    is_outdated || made_at > new.saturating_add(SECONDS_A_DAY)
}

fn encoded(rows: &[ReportedRow]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, row)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The numbers of a day: sizes and browsers are those of the largest report, events are added up, and costs
/// are means.
fn day_of(day: u64, rows: &[ReportedRow]) -> ReportedDay {
    let largest = |of: fn(&ReportedRow) -> u64| rows.iter().map(of).max().unwrap_or_default();
    let sum = |of: fn(&ReportedRow) -> u64| rows.iter().map(of).fold(0, u64::saturating_add);
    let mean_of = |of: fn(&ReportedRow) -> Option<f64>| mean(&rows.iter().filter_map(of).collect::<Vec<_>>());
    ReportedDay {
        day: u32::try_from(day).unwrap_or(u32::MAX),
        reports: rows.len() as u64,
        nodes: largest(|row| row.nodes),
        applications: largest(|row| row.applications),
        instances: largest(|row| row.instances),
        browsers: largest(|row| row.browsers),
        page_views: sum(|row| row.page_views),
        deployments: sum(|row| row.deployments),
        notifications: sum(|row| row.notifications),
        cpu_cores: mean_of(|row| row.cpu),
        memory_bytes: mean_of(|row| row.memory),
    }
}

/// The mean of samples; `None` if there are none.
#[expect(clippy::cast_precision_loss, reason = "a mean needs no last digit")]
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The mean of samples of memory, in bytes.
#[expect(clippy::cast_precision_loss, reason = "a mean needs no last digit")]
pub(super) fn mean_bytes(samples: &[u64]) -> Option<f64> {
    mean(&samples.iter().map(|bytes| *bytes as f64).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use headcount_platform::disk::simulated::{CrashKind, SimulatedDisk};

    use super::*;

    const REPORT: &[u8] = include_bytes!("../../../shared/tests/payload.json");
    const DAY: u64 = 20_000 * SECONDS_A_DAY;

    fn open(disk: &SimulatedDisk) -> ReportedRows {
        ReportedRows::open(Arc::new(disk.clone())).unwrap()
    }

    fn row(made_at: u64) -> ReportedRow {
        ReportedRow::of_report(made_at, Uuid::nil(), REPORT).unwrap()
    }

    fn file(disk: &SimulatedDisk) -> Vec<u8> {
        disk.read(FILE).unwrap()
    }

    #[test]
    fn a_day_has_the_numbers_of_its_reports() {
        let disk = SimulatedDisk::default();
        let rows = open(&disk);
        for made_at in [DAY + 10, DAY + 20, DAY + SECONDS_A_DAY] {
            rows.record(row(made_at)).unwrap();
        }
        let days = rows.days().unwrap();
        let of_day = |day, reports| ReportedDay {
            day,
            reports,
            nodes: 10,
            applications: 18,
            instances: 50,
            browsers: 1,
            page_views: 4 * reports,
            deployments: reports,
            notifications: 4 * reports,
            cpu_cores: mean(&[0.079, 0.071]),
            memory_bytes: Some(27_086_848.0),
        };
        assert_eq!(days, [of_day(20_000, 2), of_day(20_001, 1)]);
        assert_eq!(open(&disk).days().unwrap(), days);
    }

    #[test]
    fn a_row_has_nothing_but_numbers() {
        let disk = SimulatedDisk::default();
        open(&disk).record(row(DAY)).unwrap();
        let line: serde_json::Value = serde_json::from_slice(&file(&disk)).unwrap();
        assert!(line.as_object().unwrap().values().all(serde_json::Value::is_number), "{line}");
        let text = line.to_string();
        for other in ["4423595b", "20174a56", "0.20.0", "aws", "/p/"] {
            assert!(!text.contains(other), "{text}");
        }
    }

    #[test]
    fn a_report_that_is_confirmed_again_has_one_row_also_after_a_restart() {
        let disk = SimulatedDisk::default();
        open(&disk).record(row(DAY)).unwrap();
        let once = file(&disk);
        let rows = open(&disk);
        rows.record(row(DAY)).unwrap();
        assert_eq!(file(&disk), once);
    }

    #[test]
    fn after_a_power_cut_at_any_step_there_is_each_row_whole_or_not_at_all() {
        for step in 0.. {
            let disk = SimulatedDisk::default();
            open(&disk).record(row(DAY)).unwrap();
            disk.crash_after(step);
            let recorded = open_and_record(&disk, row(DAY + 5));
            disk.restart(CrashKind::PowerCut);
            let made_at: Vec<u64> = open(&disk).read().unwrap().0.iter().map(|row| row.made_at).collect();
            match recorded {
                Ok(()) => return assert_eq!(made_at, [DAY, DAY + 5]),
                Err(_) => assert!(made_at == [DAY] || made_at == [DAY, DAY + 5], "{step}: {made_at:?}"),
            }
            open(&disk).record(row(DAY + 9)).unwrap();
            assert_eq!(open(&disk).read().unwrap().0.last(), Some(&row(DAY + 9)), "{step}");
        }
    }

    fn open_and_record(disk: &SimulatedDisk, row: ReportedRow) -> io::Result<()> {
        ReportedRows::open(Arc::new(disk.clone()))?.record(row)
    }

    #[test]
    fn a_line_that_was_cut_off_is_removed() {
        let disk = SimulatedDisk::default();
        open(&disk).record(row(DAY)).unwrap();
        let whole = file(&disk);
        let cut = [whole.as_slice(), whole.get(..20).unwrap()].concat();
        disk.write_synced(FILE, &cut).unwrap();
        let rows = open(&disk);
        assert_eq!(file(&disk), whole);
        rows.record(row(DAY + 1)).unwrap();
        assert_eq!(rows.days().unwrap()[0].reports, 2);
    }

    #[test]
    fn ninety_days_are_kept() {
        let disk = SimulatedDisk::default();
        let rows = open(&disk);
        for day in 0..200 {
            rows.record(row(DAY + day * SECONDS_A_DAY)).unwrap();
        }
        let days: Vec<u32> = rows.days().unwrap().iter().map(|day| day.day).collect();
        assert_eq!(days, (20_110..20_200).collect::<Vec<u32>>());
    }

    #[test]
    fn two_reports_of_one_second_have_two_rows_also_after_a_restart() {
        let disk = SimulatedDisk::default();
        let of_id = |id| ReportedRow::of_report(DAY, Uuid::from_u128(id), REPORT).unwrap();
        for _ in 0..2 {
            let rows = open(&disk);
            for id in [0x1_0007, 0x1_0008] {
                rows.record(of_id(id)).unwrap();
            }
            assert_eq!(rows.days().unwrap()[0].reports, 2);
        }
    }

    #[test]
    fn a_clock_that_is_wrong_for_an_hour_erases_nothing_and_its_rows_go() {
        let disk = SimulatedDisk::default();
        let rows = open(&disk);
        for day in 0..80 {
            rows.record(row(DAY + day * SECONDS_A_DAY)).unwrap();
        }
        let (ahead, behind) = (47_482 * SECONDS_A_DAY, 3_600);
        for (wrong, right_day) in [(ahead, 80), (behind, 81)] {
            let before = rows.days().unwrap();
            for minute in 0..3 {
                rows.record(row(wrong + minute * 60)).unwrap();
            }
            let days = rows.days().unwrap();
            assert_eq!(days.len(), before.len() + 1);
            assert!(before.iter().all(|day| days.contains(day)), "{days:?}");
            rows.record(row(DAY + right_day * SECONDS_A_DAY)).unwrap();
            let days: Vec<u64> = rows.days().unwrap().iter().map(|day| day.day.into()).collect();
            assert_eq!(days, (20_000..=20_000 + right_day).collect::<Vec<u64>>());
        }
    }

    #[test]
    fn rows_of_a_clock_that_was_ahead_from_the_start_go_after_a_day() {
        let disk = SimulatedDisk::default();
        let rows = open(&disk);
        for made_at in [47_482 * SECONDS_A_DAY, DAY, DAY + SECONDS_A_DAY] {
            rows.record(row(made_at)).unwrap();
        }
        let days: Vec<u32> = rows.days().unwrap().iter().map(|day| day.day).collect();
        assert_eq!(days, [20_000, 20_001]);
    }

    #[test]
    fn the_file_is_never_larger_than_its_bound() {
        let disk = SimulatedDisk::default();
        let rows = open(&disk);
        let line = encoded(&[row(DAY)]).unwrap().len() as u64;
        let fitting = REPORTED_BYTES / line;
        // Written at once: a sync for each line takes long.
        let full: Vec<ReportedRow> = (0..fitting).map(|second| row(DAY + second)).collect();
        rows.replace(&mut rows.lock(), &full).unwrap();
        rows.record(row(DAY + fitting)).unwrap();
        let size = file(&disk).len() as u64;
        assert!(size <= REPORTED_BYTES / 2 && size > REPORTED_BYTES / 3, "{size}");
        let last = rows.read().unwrap().0.last().copied();
        assert_eq!(last, Some(row(DAY + fitting)));
    }

    #[test]
    fn forgotten_rows_are_gone_and_others_can_follow() {
        let disk = SimulatedDisk::default();
        let rows = open(&disk);
        rows.record(row(DAY)).unwrap();
        rows.forget().unwrap();
        assert!(disk.files().is_empty());
        rows.record(row(DAY)).unwrap();
        assert_eq!(rows.days().unwrap().len(), 1);
    }

    #[test]
    fn bytes_that_are_no_report_have_no_row() {
        assert_eq!(ReportedRow::of_report(DAY, Uuid::nil(), b"report 1"), None);
    }
}
