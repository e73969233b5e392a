//! Is something working, and did the operator hear when that changed?

use std::{
    fmt::Display,
    sync::atomic::{AtomicBool, Ordering},
};

/// Something that fails and recovers: one log line per change, however often it is tried.
#[derive(Debug)]
pub(super) struct Condition {
    what: &'static str,
    failing: AtomicBool,
}

impl Condition {
    /// A condition that holds so far; `what` names it in the log.
    #[must_use]
    pub(super) const fn new(what: &'static str) -> Self {
        Self { what, failing: AtomicBool::new(false) }
    }

    /// Notes how an attempt went, and passes the result on.
    ///
    /// # Errors
    /// The error of the attempt.
    pub(super) fn note<T, E: Display>(&self, attempt: Result<T, E>) -> Result<T, E> {
        let was_failing = self.failing.swap(attempt.is_err(), Ordering::Relaxed);
        match &attempt {
            Err(error) if !was_failing => tracing::error!(%error, "{} fails", self.what),
            Ok(_) if was_failing => tracing::info!("{} works again", self.what),
            _ => {}
        }
        attempt
    }
}
