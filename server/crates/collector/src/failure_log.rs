//! Logs once when an operation begins to fail, and once when it works again.

use std::{
    fmt::Display,
    sync::atomic::{AtomicBool, Ordering},
};

/// An operation that fails and recovers. Each change is logged once, however often it is tried.
#[derive(Debug)]
pub(super) struct FailureLog {
    what: &'static str,
    failing: AtomicBool,
}

impl FailureLog {
    /// An operation that works so far; `what` names it in the log.
    #[must_use]
    pub(super) const fn new(what: &'static str) -> Self {
        Self { what, failing: AtomicBool::new(false) }
    }

    /// Notes how an attempt went, and passes the result on.
    ///
    /// # Errors
    /// The error of the attempt.
    pub(super) fn note<T, E: Display>(&self, attempt: Result<T, E>) -> Result<T, E> {
        match (&attempt, self.changes(attempt.is_err())) {
            (Err(error), true) => tracing::error!(%error, "{} fails", self.what),
            (Ok(_), true) => tracing::info!("{} works again", self.what),
            (_, false) => {}
        }
        attempt
    }

    /// Stores the state and returns whether it changed.
    fn changes(&self, failing: bool) -> bool {
        self.failing.swap(failing, Ordering::Relaxed) != failing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_is_news() {
        let condition = FailureLog::new("a test");
        let news: Vec<_> = [false, true, true, true, false, false, true]
            .into_iter()
            .map(|failing| condition.changes(failing))
            .collect();
        assert_eq!(news, [false, true, false, false, true, false, true]);
    }
}
