//! Does the database work, and who has been told?

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::error::{Error, Result};

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Reading,
    Writing,
}

/// One line in the log for each change, however often the database is asked.
#[derive(Debug, Default)]
pub(super) struct Health {
    reading_fails: AtomicBool,
    writing_fails: AtomicBool,
    unreadable_overrides: Mutex<HashMap<String, usize>>,
}

impl Health {
    /// Takes in what came of it.
    pub(super) fn note<T>(&self, doing: Doing, result: &Result<T>) {
        let (fails, what) = match doing {
            Doing::Reading => (&self.reading_fails, "read"),
            Doing::Writing => (&self.writing_fails, "written to"),
        };
        match result {
            Ok(_) if fails.swap(false, Ordering::Relaxed) => {
                tracing::info!("the settings database can be {what} again");
            }
            Err(Error::Unavailable(cause)) if !fails.swap(true, Ordering::Relaxed) => {
                tracing::error!("the settings database cannot be {what}: {cause}");
            }
            _ => {}
        }
    }

    /// Takes in how many rows of a project's overrides cannot be read.
    pub(super) fn note_unreadable(&self, project: &str, rows: usize) {
        let mut known = self.unreadable_overrides.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(project).copied().unwrap_or_default() == rows {
            return;
        }
        known.insert(project.to_owned(), rows);
        tracing::warn!(rows, "overrides of inspections that cannot be read are skipped");
    }
}
