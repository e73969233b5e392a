//! Tracks whether the database works, and logs changes once.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use headcount_platform::{
    lock::lock,
    on_change::{OnChange, OperationState},
};

use super::store_error::{SettingsError, SettingsResult, UnavailableCause};

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DatabaseOperation {
    Reading,
    Writing,
}

/// The number of successes at the start of an operation, to ignore failures that are older than a success.
#[derive(Debug, Clone, Copy)]
pub(super) struct OperationStart(u64);

/// Logs one line for each change of state, however often the database is used.
#[derive(Debug, Default)]
pub(super) struct DatabaseHealth {
    successes: AtomicU64,
    reaching: OnChange<OperationState>,
    reading: OnChange<OperationState>,
    writing: OnChange<OperationState>,
    unreadable_overrides: Mutex<HashMap<String, usize>>,
    unreadable_facts: OnChange<u64>,
}

impl DatabaseHealth {
    /// Returns the start of an operation.
    pub(super) fn begin(&self) -> OperationStart {
        OperationStart(self.successes.load(Ordering::Relaxed))
    }

    /// Records the result of an operation.
    pub(super) fn note<T>(
        &self,
        begun: OperationStart,
        doing: DatabaseOperation,
        result: &SettingsResult<T>,
    ) {
        match result {
            Ok(_) => {
                self.successes.fetch_add(1, Ordering::Relaxed);
                self.works(doing);
            }
            Err(SettingsError::Unavailable(UnavailableCause::Unreachable)) if self.begin().0 > begun.0 => {
                // A wait for a connection may time out long after it began. Other operations have got a
                // connection meanwhile.
            }
            Err(SettingsError::Unavailable(cause)) => self.fails(doing, cause),
            Err(_) => {}
        }
    }

    /// Whether the latest writing failed. What succeeds next may have had nothing to write.
    pub(super) fn cannot_write(&self) -> bool {
        self.writing.current() == OperationState::Fails
    }

    fn works(&self, doing: DatabaseOperation) {
        for (state, what) in [self.all(), self.of(doing)] {
            if state.set(OperationState::Works) {
                tracing::info!("the settings database can be {what} again");
            }
        }
    }

    fn fails(&self, doing: DatabaseOperation, cause: &UnavailableCause) {
        let (state, what) = if *cause == UnavailableCause::Unreachable { self.all() } else { self.of(doing) };
        if state.set(OperationState::Fails) {
            tracing::error!("the settings database cannot be {what}: {cause}");
        }
    }

    const fn all(&self) -> (&OnChange<OperationState>, &'static str) {
        (&self.reaching, "used")
    }

    const fn of(&self, doing: DatabaseOperation) -> (&OnChange<OperationState>, &'static str) {
        match doing {
            DatabaseOperation::Reading => (&self.reading, "read"),
            DatabaseOperation::Writing => (&self.writing, "written to"),
        }
    }

    /// Records how many rows of a project's overrides are unreadable.
    pub(super) fn note_unreadable(&self, project: &str, rows: usize) {
        let mut known = lock(&self.unreadable_overrides);
        if known.get(project).copied().unwrap_or_default() == rows {
            return;
        }
        known.insert(project.to_owned(), rows);
        tracing::warn!(rows, "unreadable overrides of inspections are ignored");
    }

    /// Records how many counted events are unreadable.
    pub(super) fn note_unreadable_facts(&self, rows: u64) {
        if self.unreadable_facts.set(rows) && rows > 0 {
            tracing::warn!(rows, "counted events that this version cannot read are ignored for now");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use uuid::Uuid;

    use super::{
        super::{DatabaseSource, SettingsStore, store_error::InvalidChange},
        *,
    };

    #[derive(Clone, Default)]
    struct HealthTestLog(Arc<Mutex<Vec<u8>>>);

    impl io::Write for HealthTestLog {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl HealthTestLog {
        fn subscriber(&self) -> impl tracing::Subscriber + use<> {
            let writer = self.clone();
            tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish()
        }

        fn lines(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().map(ToOwned::to_owned).collect()
        }
    }

    fn lines(what: impl FnOnce(&DatabaseHealth)) -> Vec<String> {
        let log = HealthTestLog::default();
        tracing::subscriber::with_default(log.subscriber(), || what(&DatabaseHealth::default()));
        log.lines()
    }

    #[test]
    fn each_change_is_one_line_and_what_reads_may_not_write() {
        let said = lines(|health| {
            let fails = || Err::<(), _>(SettingsError::Unavailable(UnavailableCause::Locked));
            for result in [Ok(()), fails(), fails(), Err(InvalidChange::Name.into()), fails(), Ok(()), Ok(())]
            {
                health.note(health.begin(), DatabaseOperation::Writing, &result);
                health.note(health.begin(), DatabaseOperation::Reading, &Ok(()));
            }
        });
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("cannot be written to") && said[0].contains("locked"), "{said:?}");
        assert!(said[1].contains("can be written to again"), "{said:?}");
    }

    #[tokio::test]
    async fn an_operation_that_changes_no_row_does_not_say_that_writing_works_again() {
        let dir = tempfile::tempdir().unwrap();
        let [file, moved] = ["db.sqlite", "moved"].map(|name| dir.path().join(name));
        let source = DatabaseSource::Sqlite { file: file.clone(), read_only: false };
        let settings = SettingsStore::open(&source).await.unwrap();
        let log = HealthTestLog::default();
        let _logged = tracing::subscriber::set_default(log.subscriber());
        std::fs::rename(&file, &moved).unwrap();
        for _ in 0..3 {
            assert!(settings.create_project("aaaaaaaa", "shop").await.is_err());
            settings.give_back(Uuid::nil(), |_| true).await.unwrap();
        }
        std::fs::rename(&moved, &file).unwrap();
        settings.give_back(Uuid::nil(), |_| true).await.unwrap();
        settings.create_project("aaaaaaaa", "shop").await.unwrap();
        let said = log.lines();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("cannot be written to"), "{said:?}");
        assert!(said[1].contains("can be written to again"), "{said:?}");
        settings.close().await;
    }

    #[test]
    fn a_database_that_is_away_is_one_line_when_it_goes_and_one_when_it_is_back() {
        let said = lines(|health| {
            let away = || Err::<(), _>(SettingsError::Unavailable(UnavailableCause::Unreachable));
            let late = health.begin();
            for result in [Ok(()), away(), away(), Ok(()), Ok(())] {
                health.note(health.begin(), DatabaseOperation::Writing, &result);
                health.note(health.begin(), DatabaseOperation::Reading, &result);
            }
            health.note(late, DatabaseOperation::Writing, &away());
        });
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("cannot be used") && said[0].contains("no connection"), "{said:?}");
        assert!(said[1].contains("can be used again"), "{said:?}");
    }

    #[test]
    fn rows_that_cannot_be_read_are_told_of_when_they_come_and_go_and_without_a_name() {
        let said = lines(|health| {
            for rows in [0, 2, 2, 1, 0, 0] {
                health.note_unreadable("project", rows);
                health.note_unreadable("another", 0);
            }
        });
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said.iter().all(|line| !line.contains("project") && !line.contains("another")), "{said:?}");
    }
}
