//! Lists and reads the reports on disk.

use std::{collections::BTreeMap, io};

use headcount_platform::{disk::DataDisk, hex};
use headcount_shared::api::{ReportEntry, ReportState};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    DeliveryHeaders, ReadError, SpooledReport, dir,
    file_name::{FileName, HeaderPlace},
};

/// All states, in the order in which their directories are read.
pub(super) const STATES: [ReportState; 4] =
    [ReportState::Queued, ReportState::Sent, ReportState::Refused, ReportState::Unknown];

/// A report on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpoolEntry {
    pub(super) state: ReportState,
    /// The size of the report without its headers.
    pub(super) bytes: u64,
    pub(super) name: FileName,
}

impl SpoolEntry {
    pub(super) fn path(&self) -> String {
        format!("{}/{}", dir(self.state), self.name)
    }

    /// Reports in the order in which they were made. Those of 0.1.0 come first, in the order of their ids.
    fn order(&self) -> (Option<u64>, Uuid) {
        (self.name.number, self.name.id)
    }
}

/// Reports by id.
pub(super) type SpoolEntries = BTreeMap<Uuid, SpoolEntry>;

/// Finds the reports on disk. Changes nothing.
pub(super) fn find_reports(disk: &dyn DataDisk) -> io::Result<SpoolEntries> {
    let mut reports = SpoolEntries::new();
    for state in STATES {
        let dir = dir(state);
        for name in disk.list(&dir)? {
            if let Some(parsed) = FileName::parse(&name) {
                let bytes = disk.size(&format!("{dir}/{name}"))?.saturating_sub(parsed.header_bytes() as u64);
                reports.insert(parsed.id, SpoolEntry { state, bytes, name: parsed });
            }
        }
    }
    Ok(reports)
}

/// The reports in a state, oldest first.
pub(super) fn in_state(reports: &SpoolEntries, state: ReportState) -> Vec<SpoolEntry> {
    let mut found: Vec<_> = reports.values().filter(|report| report.state == state).cloned().collect();
    found.sort_by_key(SpoolEntry::order);
    found
}

/// All reports as the interface lists them, newest first.
pub(super) fn entries(reports: &SpoolEntries) -> Vec<ReportEntry> {
    let mut sorted: Vec<_> = reports.values().collect();
    sorted.sort_by_key(|report| std::cmp::Reverse(report.order()));
    let entries = sorted.into_iter().map(|report| ReportEntry {
        id: report.name.id.to_string(),
        state: report.state,
        created_at: made_at(report.name.id).unwrap_or_default(),
        bytes: report.bytes,
    });
    entries.collect()
}

/// When the report of an id was made, in Unix seconds; `None` if the id does not say it.
pub(super) fn made_at(id: Uuid) -> Option<u64> {
    id.get_timestamp().map(|time| time.to_unix().0)
}

/// Reads a report. Changes nothing.
pub(super) fn read_report(disk: &dyn DataDisk, report: &SpoolEntry) -> Result<SpooledReport, ReadError> {
    let content = disk.read(&report.path()).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ReadError::Unknown,
        _ => ReadError::Disk(error),
    })?;
    if sha256_of(&content) != report.name.sha256 {
        return Err(ReadError::Damaged);
    }
    split_headers(content, &report.name).ok_or(ReadError::Damaged)
}

/// The headers and the bytes in a file; `None` if it does not begin with headers that are understood.
fn split_headers(mut content: Vec<u8>, name: &FileName) -> Option<SpooledReport> {
    let headers = match name.headers {
        HeaderPlace::InName { replica } => DeliveryHeaders { replica, ..DeliveryHeaders::default() },
        HeaderPlace::InFile { bytes } => {
            let headers = DeliveryHeaders::parse(std::str::from_utf8(content.get(..bytes)?).ok()?)?;
            content.drain(..bytes);
            headers
        }
    };
    Some(SpooledReport { bytes: content, headers })
}

/// The SHA-256 of some bytes, in lower case hexadecimal.
pub(super) fn sha256_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
