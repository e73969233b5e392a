//! Notes who signed in, deleted, exported and confirmed the clock, in a file that only grows.
//!
//! One line an event: the time, the event, and the role of who caused it. There is no address and no name in
//! it.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use headcount_platform::{
    clock::{self, Clock},
    disk::private,
    lock::lock,
};

use headcount_web::access::{AccessRole, SignInObserver};

use super::failure_log::FailureLog;

/// The file in the data directory.
const FILE: &str = "access.log";

/// The file before it, which is replaced when [`FILE`] is full.
const OLD_FILE: &str = "access.log.1";

/// The size at which a file is replaced by a new one.
const FILE_BYTES: u64 = 1024 * 1024;

/// What is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessEvent {
    /// A browser was signed in.
    SignedIn,
    /// Reports were deleted.
    Deleted,
    /// Data was exported.
    Exported,
    /// The clock of the machine was confirmed.
    ClockConfirmed,
}

/// Who caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedActor {
    /// Someone with the token of a role.
    Role(AccessRole),
    /// An installation that proved itself by its secret.
    Installation,
}

impl LoggedActor {
    /// Someone with the admin token.
    pub const ADMINISTRATOR: Self = Self::Role(AccessRole::Administrator);
}

/// The file of events. Clones write to the same file.
#[derive(Debug, Clone)]
pub struct AccessLog(Arc<AccessLogFile>);

#[derive(Debug)]
struct AccessLogFile {
    directory: PathBuf,
    clock: Arc<dyn Clock>,
    writing: FailureLog,
    one_at_a_time: Mutex<()>,
}

impl AccessEvent {
    const fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::Deleted => "deleted",
            Self::Exported => "exported",
            Self::ClockConfirmed => "clock-confirmed",
        }
    }
}

impl LoggedActor {
    const fn name(self) -> &'static str {
        match self {
            Self::Role(role) => role.name(),
            Self::Installation => "installation",
        }
    }
}

impl AccessLog {
    /// The log in a data directory, with the times of `clock`. Nothing is created before the first event.
    pub(super) fn new(directory: &Path, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(AccessLogFile {
            directory: directory.to_owned(),
            clock,
            writing: FailureLog::new("writing access.log"),
            one_at_a_time: Mutex::new(()),
        }))
    }

    /// Notes an event. A disk that refuses is logged; what was done is not undone.
    pub fn note(&self, event: AccessEvent, actor: LoggedActor) {
        let AccessLogFile { directory, clock, writing, one_at_a_time } = self.0.as_ref();
        let line = format!("{} {} {}\n", clock::rfc3339(clock.wall()), event.name(), actor.name());
        let _turn = lock(one_at_a_time);
        writing.note(append_line(directory, &line)).ok();
    }
}

impl SignInObserver for AccessLog {
    fn signed_in(&self, role: AccessRole) {
        self.note(AccessEvent::SignedIn, LoggedActor::Role(role));
    }
}

fn append_line(directory: &Path, line: &str) -> io::Result<()> {
    let path = directory.join(FILE);
    let is_full = fs::metadata(&path).is_ok_and(|file| file.len() + line.len() as u64 > FILE_BYTES);
    if is_full {
        fs::rename(&path, directory.join(OLD_FILE))?;
    }
    let mut file = private::open(&path, File::options().create(true).append(true))?;
    // One write, so that the end of the process leaves no part of a line.
    file.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use headcount_platform::clock::SystemClock;

    use super::*;

    #[test]
    fn events_are_lines_with_time_event_and_role() {
        let directory = tempfile::tempdir().unwrap();
        let log = AccessLog::new(directory.path(), Arc::new(SystemClock::new()));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        let events = [
            (AccessEvent::SignedIn, LoggedActor::ADMINISTRATOR, "signed-in administrator"),
            (AccessEvent::Deleted, LoggedActor::Installation, "deleted installation"),
            (AccessEvent::Exported, LoggedActor::ADMINISTRATOR, "exported administrator"),
            (AccessEvent::ClockConfirmed, LoggedActor::ADMINISTRATOR, "clock-confirmed administrator"),
        ];
        for (event, role, _) in events {
            log.clone().note(event, role);
        }
        let path = directory.path().join(FILE);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().map(|line| line.split_once(' ').unwrap()).collect();
        assert_eq!(lines.iter().map(|line| line.1).collect::<Vec<_>>(), events.map(|event| event.2));
        assert!(lines.iter().all(|(time, _)| time.len() == "2026-11-28T00:00:00Z".len()), "{text}");
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_full_file_becomes_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let size = |name: &str| fs::metadata(directory.path().join(name)).map_or(0, |file| file.len());
        let line = format!("{}\n", "x".repeat(1023));
        for _ in 0..1024 {
            append_line(directory.path(), &line).unwrap();
        }
        assert_eq!((size(FILE), size(OLD_FILE)), (FILE_BYTES, 0));
        append_line(directory.path(), &line).unwrap();
        assert_eq!((size(FILE), size(OLD_FILE)), (1024, FILE_BYTES));
        for _ in 0..1024 {
            append_line(directory.path(), &line).unwrap();
        }
        assert_eq!((size(FILE), size(OLD_FILE)), (1024, FILE_BYTES));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
